//! Whether what a model says may be heard: each day, date and time in it, and each "it is done", must be known to the call.
//!
//! Decides clause by clause, before a voice is given any of it. It must never let a clause pass because a model says it again, never change
//! one, and never pass on or name its words: what comes out is a kind. Pure. What is known is gathered in [`known`], what a clause names is
//! found in [`mention`]. Days, times and deeds are known one by one: the day of one offer with the time of another is not noticed.

mod example;
mod facts;
mod hours;
pub mod known;
pub mod mention;
pub mod reading;
#[cfg(test)]
mod tests;
mod written;

use crate::privacy::Pii;
pub use facts::names;
use known::Known;
use mention::{Mention, mentions};

/// Bytes of a sentence that a clause is judged with: some forty words. A model that makes no full stop is not read again from its beginning.
const BEFORE: usize = 240;

/// What was said and nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A time of day.
    Time,
    /// A day, however it was named.
    Date,
    /// That something was done.
    Done,
}

impl Kind {
    /// As metrics have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Date => "date",
            Self::Done => "done",
        }
    }

    const fn of(mention: &Mention) -> Self {
        match mention {
            Mention::Time { .. } => Self::Time,
            Mention::Date { .. } | Mention::Weekday(_) | Mention::FromToday(_) => Self::Date,
            Mention::Done(_) => Self::Done,
        }
    }
}

/// The clauses of one answer, as they come.
#[derive(Debug)]
pub struct Grounding {
    known: Known,
    /// What was heard of the sentence that goes on.
    sentence: Pii<String>,
}

impl Grounding {
    pub fn new(known: Known) -> Self {
        Self { known, sentence: Pii::default() }
    }

    /// What of the next clause is not known, if something is not. Judged with the words of its sentence before it: a mention counts if it ends in
    /// this clause.
    pub fn judge(&self, clause: &str) -> Option<Kind> {
        if self.known.is_of_a_tool(clause) {
            return None;
        }
        let before = self.sentence.reveal();
        let text = format!("{before}{clause}");
        let named = mentions(&text, self.known.language()).into_iter().filter(|(_, at)| at.end > before.len());
        let mut unknown = named.filter(|(mention, at)| !self.known.knows(mention, &text, at));
        unknown.next().map(|(mention, _)| Kind::of(&mention))
    }

    /// This clause is heard.
    pub fn heard(&mut self, clause: &str) {
        self.known.heard(clause);
        let mut sentence = format!("{}{clause}", self.sentence.reveal());
        let kept = if ends_sentence(clause) { 0 } else { BEFORE };
        let cut = (sentence.len().saturating_sub(kept)..=sentence.len()).find(|at| sentence.is_char_boundary(*at));
        self.sentence = Pii::new(sentence.split_off(cut.unwrap_or_default()));
    }
}

/// Whether nothing of what follows belongs to the same sentence.
fn ends_sentence(clause: &str) -> bool {
    let clause = clause.trim_end_matches(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\u{201d}' | '\u{2019}' | ')' | '\u{bb}' | '\u{300d}')
    });
    clause.ends_with(['.', '!', '?', '\u{2026}', '\u{3002}', '\u{ff01}', '\u{ff1f}', '\u{964}', '\u{965}'])
}
