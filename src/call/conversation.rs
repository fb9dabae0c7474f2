//! What was said, as it was heard: the only history that the agent is shown.

use std::sync::Arc;

use crate::agent::{Line, Who};
use crate::language::Language;
use crate::privacy::Pii;

/// The lines of a call in order.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    lines: Vec<Line>,
}

impl Conversation {
    /// The caller's words. What continues an unanswered line joins it: nobody has spoken in between.
    pub(super) fn caller(&mut self, text: &str, language: Language) {
        match self.lines.last_mut() {
            Some(last) if last.who == Who::Caller => {
                let joined = join(last.text.reveal(), text, language);
                last.text = Pii::new(joined);
            }
            Some(_) | None => self.push(Who::Caller, text, false),
        }
    }

    /// What was heard of the agent; `cut` if it was to be more.
    pub(super) fn agent(&mut self, heard: &str, cut: bool) {
        if !heard.trim().is_empty() {
            self.push(Who::Agent, heard.trim(), cut);
        }
    }

    pub(super) fn note(&mut self, text: &str) {
        self.push(Who::System, text, false);
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The lines as they would be if the caller had said this and no more.
    pub(super) fn with(&self, text: &str, language: Language) -> Arc<[Line]> {
        let mut ahead = Self { lines: self.lines.clone() };
        ahead.caller(text, language);
        ahead.lines()
    }

    pub(super) fn lines(&self) -> Arc<[Line]> {
        self.lines.as_slice().into()
    }

    fn push(&mut self, who: Who, text: &str, cut: bool) {
        self.lines.push(Line { who, text: Pii::new(text.to_owned()), cut });
    }
}

/// Joins two pieces of the same speech: with a blank, except in Chinese.
pub(super) fn join(first: &str, then: &str, language: Language) -> String {
    let blank = match language {
        Language::Mandarin | Language::Cantonese => "",
        Language::English | Language::Punjabi | Language::French => " ",
    };
    match (first.trim(), then.trim()) {
        ("", text) | (text, "") => text.to_owned(),
        (first, then) => format!("{first}{blank}{then}"),
    }
}
