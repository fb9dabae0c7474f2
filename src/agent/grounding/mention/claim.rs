//! Claims that something was done: "you're booked", « c'est réservé », 约好了.
//!
//! A claim is a row of words of the language's table. It is none in a question, behind "if" and its like, where something is denied, or where
//! it tells of what stood before. Tables are read once; a text is read from left to right, and no row looks further than its sentence.

mod english;
mod row;

use std::ops::Range;

use super::Deed;
use crate::language::Language;
use crate::tokens;
use row::Row;

/// What a language says when something was done, and what makes it something else.
struct Table {
    rows: Vec<(Deed, Row)>,
    /// In the same clause, before: it is denied or open.
    denied: Vec<String>,
    /// Anywhere before in the sentence: it hangs on something.
    hangs: Vec<String>,
    /// The first word of the sentence or the clause: it is asked.
    asks: Vec<String>,
    /// Right behind the claim: it is something else.
    otherwise: Vec<String>,
}

impl Table {
    /// `rows`: see [`Row::new`]. The others are tokens.
    fn new(rows: &[(Deed, &[&str])], [denied, hangs, asks, otherwise]: [&str; 4], language: Language) -> Self {
        let words = |text: &str| tokens::tokens(text, language);
        let rows = rows.iter().flat_map(|(deed, rows)| rows.iter().map(|row| (*deed, Row::new(row, language))));
        Self {
            rows: rows.collect(),
            denied: words(denied),
            hangs: words(hangs),
            asks: words(asks),
            otherwise: words(otherwise),
        }
    }

    fn of(language: Language) -> Option<&'static Self> {
        match language {
            Language::English => Some(&english::TABLE),
            Language::French | Language::Mandarin | Language::Cantonese | Language::Punjabi => None,
        }
    }
}

/// The claims in a text, in order.
pub(super) fn find(text: &str, language: Language) -> Vec<(Deed, Range<usize>)> {
    let Some(table) = Table::of(language) else { return Vec::new() };
    let placed = tokens::placed(text, language);
    let mut found = Vec::new();
    let mut from = 0;
    while from < placed.len() {
        let to = sentence(text, &placed, from);
        let end = placed.get(to).map_or(text.len(), |(_, place)| place.start);
        let words: Vec<&str> = placed[from..to].iter().map(|(token, _)| token.as_str()).collect();
        let places: Vec<_> = placed[from..to].iter().map(|(_, place)| place.clone()).collect();
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
    words: Vec<&'t str>,
    places: Vec<Range<usize>>,
}

impl Sentence<'_> {
    fn claims(&self, table: &Table, found: &mut Vec<(Deed, Range<usize>)>) {
        let hangs = self.words.iter().position(|word| table.hangs.iter().any(|one| one == word));
        let mut at = 0;
        while at < self.words.len() {
            if hangs.is_some_and(|hangs| hangs < at) {
                return;
            }
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

    fn asserts(&self, table: &Table, from: usize, to: usize) -> bool {
        let has =
            |list: &[String], at: usize| self.words.get(at).is_some_and(|word| list.iter().any(|one| one == word));
        let start = (0..from).rev().find(|at| self.parts(at + 1)).map_or(0, |at| at + 1);
        let end = (to..self.words.len()).find(|at| self.parts(*at)).unwrap_or(self.words.len());
        let is_asked = has(&table.asks, 0) || has(&table.asks, start) || self.is_question(end);
        let denied = (start..to).any(|at| has(&table.denied, at));
        let otherwise = to < end && has(&table.otherwise, to);
        let hangs = (to..end).any(|at| has(&table.hangs, at));
        !(is_asked || denied || otherwise || hangs)
    }

    /// Something stands between this word and the one before it that ends a clause.
    fn parts(&self, at: usize) -> bool {
        at > 0 && self.after(at).contains([',', ';', ':', '—', '，', '；', '：'])
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
