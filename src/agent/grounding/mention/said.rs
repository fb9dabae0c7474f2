//! A text as words and numbers, with what stands between them.

use std::ops::Range;

use crate::agent::calendar::{Item, Number, placed};
use crate::language::Language;

pub(super) struct Said<'t> {
    pub(super) language: Language,
    text: &'t str,
    items: Vec<(Item, Range<usize>)>,
}

impl<'t> Said<'t> {
    pub(super) fn new(text: &'t str, language: Language) -> Self {
        Self { language, text, items: placed(text, language) }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn item(&self, at: usize) -> Option<&Item> {
        self.items.get(at).map(|(item, _)| item)
    }

    pub(super) fn word(&self, at: usize) -> Option<&str> {
        self.item(at)?.word()
    }

    pub(super) fn is(&self, at: usize, words: &[&str]) -> bool {
        self.word(at).is_some_and(|word| words.contains(&word))
    }

    /// The word so many items before this one.
    pub(super) fn back(&self, at: usize, by: usize) -> Option<&str> {
        self.word(at.checked_sub(by)?)
    }

    pub(super) fn is_back(&self, at: usize, by: usize, words: &[&str]) -> bool {
        self.back(at, by).is_some_and(|word| words.contains(&word))
    }

    pub(super) fn number(&self, at: usize) -> Option<&Number> {
        self.item(at)?.number()
    }

    /// A number of one or two digits that counts nothing off.
    pub(super) fn small(&self, at: usize) -> Option<u8> {
        let number = self.number(at).filter(|number| !number.ordinal && number.digits.len() <= 2)?;
        u8::try_from(number.value()).ok()
    }

    /// A number of two digits below sixty: "05", "thirty".
    pub(super) fn minute(&self, at: usize) -> Option<u8> {
        let two = self.number(at).is_some_and(|number| number.digits.len() == 2);
        self.small(at).filter(|minute| two && *minute < 60)
    }

    /// A year of four digits.
    pub(super) fn year(&self, at: usize) -> Option<i16> {
        let number = self.number(at).filter(|number| !number.ordinal && number.digits.len() == 4)?;
        i16::try_from(number.value()).ok().filter(|year| (1900..2100).contains(year))
    }

    /// A day of the month, as a count or in order.
    pub(super) fn day(&self, at: usize) -> Option<u8> {
        let number = self.number(at).filter(|number| number.digits.len() <= 2)?;
        u8::try_from(number.value()).ok().filter(|day| (1..=31).contains(day))
    }

    pub(super) fn is_ordinal(&self, at: usize) -> bool {
        self.number(at).is_some_and(|number| number.ordinal)
    }

    /// As it was written.
    pub(super) fn raw(&self, at: usize) -> &'t str {
        self.items.get(at).map_or("", |(_, place)| &self.text[place.clone()])
    }

    /// Written with digits rather than letters.
    pub(super) fn is_figure(&self, at: usize) -> bool {
        self.number(at).is_some() && !self.raw(at).starts_with(char::is_alphabetic)
    }

    /// What stands between this item and the one before it; behind the last one, the rest.
    pub(super) fn gap(&self, at: usize) -> &'t str {
        let from = at.checked_sub(1).and_then(|before| self.items.get(before)).map_or(0, |(_, place)| place.end);
        let to = self.items.get(at).map_or(self.text.len(), |(_, place)| place.start);
        self.text.get(from..to).unwrap_or_default()
    }

    /// Nothing but blanks or a hyphen stand before this item.
    pub(super) fn joined(&self, at: usize) -> bool {
        at < self.len() && self.gap(at).chars().all(|c| c.is_whitespace() || matches!(c, '-' | '\u{2010}' | '\u{2011}'))
    }

    /// Nothing but blanks.
    pub(super) fn close(&self, at: usize) -> bool {
        at < self.len() && self.gap(at).chars().all(char::is_whitespace)
    }

    /// A dash from one number to another.
    pub(super) fn dashed(&self, at: usize) -> bool {
        let gap = self.gap(at).trim();
        at < self.len() && matches!(gap, "-" | "–" | "—" | "~" | "～" | "\u{2011}")
    }

    /// Something ends before this item: a clause, a sentence or the text.
    pub(super) fn stops(&self, at: usize) -> bool {
        let gap = self.gap(at);
        let first = gap.trim_start().chars().next();
        match first {
            None => at >= self.len(),
            Some(c) => is_stop(c) || matches!(c, ')' | '"' | '”' | '»' | '*' | '—' | '–'),
        }
    }

    /// A sentence ends before this item.
    pub(super) fn ends_sentence(&self, at: usize) -> bool {
        at == 0 || at >= self.len() || self.gap(at).contains(is_end)
    }

    pub(super) fn place(&self, from: usize, to: usize) -> Range<usize> {
        let start = self.items.get(from).map_or(self.text.len(), |(_, place)| place.start);
        let end = to.checked_sub(1).and_then(|last| self.items.get(last)).map_or(start, |(_, place)| place.end);
        start..end.max(start)
    }
}

const fn is_end(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '。' | '！' | '？' | '।' | '॥' | '\n' | '…')
}

const fn is_stop(c: char) -> bool {
    is_end(c) || matches!(c, ',' | ';' | ':' | '，' | '；' | '：' | '、')
}
