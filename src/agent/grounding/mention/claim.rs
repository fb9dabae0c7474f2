//! Claims that something was done: "you're booked", « c'est réservé », 约好了.
//!
//! A claim is a row of words of the language's table. It is none in a question, behind "if" and its like, where something is denied, or where
//! it tells of what stood before. Tables are read once; a text is read from left to right, and no row looks further than its sentence.

mod chinese;
mod english;
mod french;
mod punjabi;
mod row;

use std::ops::Range;

use super::Deed;
use crate::language::Language;
use crate::tokens::{self, Phrases};
use row::Row;

/// What a language says when something was done, and what makes it something else.
struct Table {
    rows: Vec<(Deed, Row)>,
    denied: Phrases,
    stood: Phrases,
    hangs: Phrases,
    others: Phrases,
    again: Phrases,
    behind: Phrases,
    asks: Phrases,
    otherwise: Phrases,
}

/// Words around a claim that make it none, between blanks; "as_soon_as" are three.
struct Around {
    /// In the same clause, up to its end: it is denied or open.
    denied: &'static str,
    /// In the same clause, before it: it tells of what stood already.
    stood: &'static str,
    /// In the sentence before it, or in the clause behind it: it hangs on something.
    hangs: &'static str,
    /// Before it and up into it: somebody else has it. What follows is told of the caller again.
    others: &'static str,
    /// With a word of these it hangs on nothing.
    again: &'static str,
    /// In the clause behind it: it is asked, or not yet so.
    behind: &'static str,
    /// The first word of the sentence or the clause: it is asked.
    asks: &'static str,
    /// Right behind it: it is something else.
    otherwise: &'static str,
}

impl Table {
    /// `rows`: see [`Row::new`].
    fn new(rows: &[(Deed, &[&str])], around: &Around, language: Language) -> Self {
        let words = |text: &str| Phrases::new(&text.split_whitespace().collect::<Vec<_>>(), language);
        let rows = rows.iter().flat_map(|(deed, rows)| rows.iter().map(|row| (*deed, Row::new(row, language))));
        Self {
            rows: rows.collect(),
            denied: words(around.denied),
            stood: words(around.stood),
            hangs: words(around.hangs),
            others: words(around.others),
            again: words(around.again),
            behind: words(around.behind),
            asks: words(around.asks),
            otherwise: words(around.otherwise),
        }
    }

    fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::TABLE,
            Language::French => &french::TABLE,
            Language::Mandarin | Language::Cantonese => &chinese::TABLE,
            Language::Punjabi => &punjabi::TABLE,
        }
    }
}

/// The claims in a text, in order.
pub(super) fn find(text: &str, language: Language) -> Vec<(Deed, Range<usize>)> {
    let table = Table::of(language);
    let placed = tokens::placed(text, language);
    let mut found = Vec::new();
    let mut from = 0;
    while from < placed.len() {
        let to = sentence(text, &placed, from);
        let end = placed.get(to).map_or(text.len(), |(_, place)| place.start);
        let (words, places) = placed[from..to].iter().cloned().unzip();
        Sentence { text: &text[..end], words, places }.claims(table, &mut found);
        from = to;
    }
    found
}

/// Where the sentence ends that begins at this token.
fn sentence(text: &str, placed: &[(String, Range<usize>)], from: usize) -> usize {
    const TITLES: [&str; 5] = ["dr", "mr", "mrs", "ms", "st"];
    (from + 1..placed.len())
        .find(|at| {
            let ((before, last), (_, next)) = (&placed[at - 1], &placed[*at]);
            let gap = &text[last.end..next.start];
            let stop = gap.starts_with('.') && gap.len() > 1 && !TITLES.contains(&before.as_str());
            // "At 3 p.m. with Dr. Chen" goes on.
            let goes_on = before.chars().count() == 1 && !text[next.start..].starts_with(char::is_uppercase);
            (stop && !goes_on) || gap.contains(['!', '?', '。', '！', '？', '।', '॥', '\n', '…'])
        })
        .unwrap_or(placed.len())
}

struct Sentence<'t> {
    /// Up to the next sentence.
    text: &'t str,
    words: Vec<String>,
    places: Vec<Range<usize>>,
}

impl Sentence<'_> {
    fn claims(&self, table: &Table, found: &mut Vec<(Deed, Range<usize>)>) {
        let mut at = 0;
        while at < self.words.len() && !self.hangs(table, at) {
            let claim = table.rows.iter().find_map(|(deed, row)| {
                let to = at + row.matches(&self.words[at..])?;
                self.asserts(table, at, to).then_some((*deed, to))
            });
            match claim {
                Some((deed, to)) => {
                    found.push((deed, self.places[at].start..self.places[to - 1].end));
                    at = to;
                }
                None => at += 1,
            }
        }
    }

    fn has(&self, phrases: &Phrases, at: usize) -> bool {
        self.words.get(at..).is_some_and(|words| phrases.prefix(words).is_some())
    }

    fn hangs(&self, table: &Table, at: usize) -> bool {
        let again = self.has(&table.again, at) || at.checked_sub(1).is_some_and(|last| self.has(&table.again, last));
        self.has(&table.hangs, at) && !again
    }

    /// Whether the words from `from` up to `to` say that something was done.
    fn asserts(&self, table: &Table, from: usize, to: usize) -> bool {
        let any = |phrases: &Phrases, places: Range<usize>| places.into_iter().any(|at| self.has(phrases, at));
        let start = (0..from).rev().find(|at| self.parts(at + 1)).map_or(0, |at| at + 1);
        let end = (to..self.words.len()).find(|at| self.parts(*at)).unwrap_or(self.words.len());
        let is_asked = self.has(&table.asks, 0) || self.has(&table.asks, start) || self.is_question(end);
        let is_open = any(&table.denied, start..to)
            || (start..end).any(|at| self.hangs(table, at))
            || any(&table.behind, to..end);
        let stood = any(&table.stood, start..from);
        let is_else = to < end && self.has(&table.otherwise, to);
        !(is_asked || is_open || stood || is_else || self.is_of_others(table, from))
    }

    /// Words of [`Around::others`] reach into what begins here.
    fn is_of_others(&self, table: &Table, from: usize) -> bool {
        let reaches = |at: usize| table.others.prefix(&self.words[at..]).is_some_and(|long| at + long > from);
        (0..from).any(reaches)
    }

    /// Something stands between this word and the one before it that ends a clause.
    fn parts(&self, at: usize) -> bool {
        let between = self.after(at);
        at > 0 && (between.contains([',', ';', ':', '—', '–', '，', '；', '：']) || between.contains(" - "))
    }

    /// A question mark follows before this word.
    fn is_question(&self, at: usize) -> bool {
        at == self.words.len() && self.after(at).contains(['?', '？'])
    }

    /// What stands between the word before `at` and that one.
    fn after(&self, at: usize) -> &str {
        let from = at.checked_sub(1).and_then(|last| self.places.get(last)).map_or(0, |place| place.end);
        let to = self.places.get(at).map_or(self.text.len(), |place| place.start);
        self.text.get(from..to).unwrap_or_default()
    }
}
