//! A card's number that is said piece by piece, once it was asked for.
//!
//! Decides when an answer is a piece: of digits alone however few, or with so many digits among other words that they can hardly be anything else.
//! It is over when something else is asked for, and not while the caller looks for the card.

use super::Topic;
use super::words::{self, PARTED, topics};
use super::{Heard, SHORTEST, WHOLE};
use crate::agent::Who;
use crate::tokens::tokens;

/// The digits that tell who somebody is, where no more is asked for.
const LAST: usize = 4;

/// The fewest digits among other words that are taken for a piece: a house may have as many, an age has not.
const AMONG_WORDS: usize = 4;

/// The same where all digits of the answer are enough to be hidden.
const AMONG_MANY: usize = 3;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Nothing,
    /// The caller named a card: what they say of it need not be its number.
    Named,
    Whole,
    /// Its last digits.
    End,
}

/// What is being collected.
#[derive(Clone, Default)]
pub(super) struct Pieces {
    asked: Asked,
    /// Digits since it was asked for.
    digits: usize,
    /// There were none in the caller's last answer.
    was_without: bool,
}

/// How a caller's answer is made.
pub(super) struct Answer {
    is_digits: bool,
    digits: usize,
    names_other: bool,
    names_end: bool,
}

impl Answer {
    pub(super) fn of(text: &str, heard: &Heard) -> Self {
        let words = tokens(text, PARTED);
        Self {
            is_digits: heard.is_digits(),
            digits: heard.digits(),
            names_other: topics(&words).any(|topic| topic == Topic::Other),
            names_end: words::names_end(&words),
        }
    }
}

impl Pieces {
    /// Somebody named that; `end`: and the end of a number.
    pub(super) fn named(&mut self, by: Who, topic: Topic, end: bool) {
        let asked = match (topic, by) {
            (Topic::Other, _) => Asked::Nothing,
            (Topic::Card, _) if end => Asked::End,
            (Topic::Card, Who::Caller) if self.asked == Asked::Nothing => Asked::Named,
            (Topic::Card, Who::Caller) => return,
            (Topic::Card, Who::Agent | Who::System) => Asked::Whole,
        };
        *self = Self { asked, ..Self::default() };
    }

    /// Its number is asked for, though not by name.
    pub(super) fn open(&mut self) {
        match self.asked {
            Asked::Nothing | Asked::Named => self.asked = Asked::Whole,
            Asked::Whole | Asked::End => {}
        }
    }

    /// The agent said this. A question about something else ends it, though it does not name what it is about.
    pub(super) fn go_on(&mut self, text: &str) {
        let whole = if self.asked == Asked::End { LAST } else { WHOLE };
        let is_over = self.was_without || self.digits >= whole;
        if is_over && text.contains(['?', '\u{ff1f}']) && !words::goes_on(&tokens(text, PARTED)) {
            self.end();
        }
    }

    pub(super) fn end(&mut self) {
        *self = Self::default();
    }

    /// Whether this run of an answer is a piece.
    pub(super) fn is_one(&self, run: &str, answer: &Answer) -> bool {
        match self.asked {
            Asked::Nothing => false,
            // The last four are asked for: whoever says more says all of it.
            Asked::End => answer.is_digits && self.digits + answer.digits > LAST,
            Asked::Whole | Asked::Named if answer.is_digits => true,
            Asked::Named => false,
            Asked::Whole if answer.names_other || answer.names_end => false,
            Asked::Whole if is_year(run) => false,
            Asked::Whole => run.len() >= AMONG_WORDS || (run.len() >= AMONG_MANY && answer.digits >= SHORTEST),
        }
    }

    /// The caller's answer was heard, and so many digits of it were hidden.
    pub(super) fn heard(&mut self, hidden: usize, answer: &Answer) {
        let digits = if answer.is_digits { answer.digits } else { hidden };
        self.digits += digits;
        self.was_without = digits == 0;
    }
}

/// Among words: "it expired in 2024".
fn is_year(run: &str) -> bool {
    run.len() == 4 && (run.starts_with("19") || run.starts_with("20"))
}
