//! The lines of a call with placeholders for cards' numbers, and what was found in each.
//!
//! A call is asked about again and again while it grows: each line is looked at once. What was named before a line decides what is a number of a card in
//! it, so that a line that differs is looked at again with all that follow it.

use parking_lot::Mutex;

use super::{Found, Named};
use crate::agent::{Line, Who};
use crate::language::Language;
use crate::privacy::Pii;

/// What was looked at of a call.
#[derive(Default)]
pub struct Cards(Mutex<Looked>);

#[derive(Default)]
pub(super) struct Looked {
    language: Option<Language>,
    lines: Vec<Seen>,
}

struct Seen {
    who: Who,
    text: Pii<String>,
    found: Vec<Found>,
    /// What was named up to its end.
    named: Named,
}

impl Cards {
    /// The same lines with placeholders in place of numbers of cards.
    pub fn hidden(&self, said: &[Line], language: Language) -> Vec<Line> {
        let mut looked = self.0.lock();
        looked.look(texts(said), language);
        let numbers = looked.numbers();
        let mut lines = said.to_vec();
        for (line, seen) in lines.iter_mut().zip(&looked.lines) {
            if !seen.found.is_empty() {
                line.text = Pii::new(seen.shown(&numbers));
            }
        }
        lines
    }

    /// What the caller said after these lines, as a transcript has it.
    pub fn transcript(&self, said: &[Line], text: &str, language: Language) -> String {
        let mut looked = self.0.lock();
        looked.look(texts(said).chain([(Who::Caller, text)]), language);
        looked.lines.last().map_or_else(String::new, |seen| seen.shown(&looked.numbers()))
    }

    /// What a model wrote, with the numbers in place of their placeholders: for the tool alone that it calls.
    pub(in crate::agent) fn filled(&self, arguments: &Pii<String>, said: &[Line], language: Language) -> Pii<String> {
        if !arguments.reveal().contains("[card ") {
            return arguments.clone();
        }
        let mut looked = self.0.lock();
        looked.look(texts(said), language);
        let filled = looked
            .numbers()
            .into_iter()
            .enumerate()
            .fold(arguments.reveal().clone(), |text, (nth, number)| text.replace(&placeholder(nth), number));
        Pii::new(filled)
    }
}

/// Shows nothing that was said.
impl std::fmt::Debug for Cards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cards").finish_non_exhaustive()
    }
}

impl Looked {
    /// Looks at those that it has not: how many they are.
    pub(super) fn look<'a>(&mut self, said: impl Iterator<Item = (Who, &'a str)>, language: Language) -> usize {
        // The digits of a language are not heard in every other.
        if self.language.replace(language) != Some(language) {
            self.lines.clear();
        }
        let (mut lines, mut looked_at) = (0, 0);
        for (who, text) in said {
            if self.lines.get(lines).is_none_or(|seen| seen.who != who || seen.text.reveal() != text) {
                self.lines.truncate(lines);
                self.add(who, text, language);
                looked_at += 1;
            }
            lines += 1;
        }
        self.lines.truncate(lines);
        looked_at
    }

    fn add(&mut self, who: Who, text: &str, language: Language) {
        let mut named = self.lines.last().map_or_else(Named::default, |before| before.named.clone());
        let found = match who {
            Who::System => Vec::new(),
            Who::Agent => {
                named.asked(text);
                Vec::new()
            }
            Who::Caller => named.answered(text, language),
        };
        self.lines.push(Seen { who, text: Pii::new(text.to_owned()), found, named });
    }

    /// The numbers, each once, in the order in which they were first said.
    fn numbers(&self) -> Vec<&str> {
        let mut numbers: Vec<&str> = Vec::new();
        for one in self.lines.iter().flat_map(|seen| &seen.found) {
            if !numbers.contains(&one.digits.as_str()) {
                numbers.push(&one.digits);
            }
        }
        numbers
    }
}

impl Seen {
    /// With placeholders.
    fn shown(&self, numbers: &[&str]) -> String {
        let mut text = self.text.reveal().clone();
        // From the end, so that what is in front stays where it is.
        for one in self.found.iter().rev() {
            let nth = numbers.iter().position(|number| *number == one.digits).unwrap_or_default();
            text.replace_range(one.at.clone(), &placeholder(nth));
        }
        text
    }
}

pub(super) fn texts(said: &[Line]) -> impl Iterator<Item = (Who, &str)> {
    said.iter().map(|line| (line.who, line.text.reveal().as_str()))
}

fn placeholder(nth: usize) -> String {
    format!("[card {}]", nth + 1)
}
