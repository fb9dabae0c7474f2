//! Phrases whose audio is there before a call needs it: the words that must come even when every provider is down.

use std::collections::HashMap;
use std::sync::Arc;

use super::effect::Audio;
use crate::language::Language;
use crate::phrases::{Emergency, Parting, Phrases};

/// What a fixed phrase is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phrase {
    Greeting,
    /// Calls are recorded. There only if they are.
    RecordingNotice,
    /// Several, taken in turn, so that a long wait does not repeat itself.
    Filler(u8),
    StillThere,
    /// After the silence prompts went unanswered.
    SilenceGoodbye,
    /// The caller is done.
    Farewell,
    /// We heard a voice and no words.
    RepeatPlease,
    Apology,
    Transfer,
    TransferFailed,
    TimeLimit,
    /// The caller refused to be recorded.
    RecordingStopped,
    /// Whom to dial in danger.
    Emergency(Emergency),
}

impl Phrase {
    /// Whether it is said where no voice speaks: while one is waited for, after all have failed, or where nobody's failing may matter.
    pub const fn needs_audio(self) -> bool {
        match self {
            Self::Filler(_)
            | Self::Apology
            | Self::Transfer
            | Self::TransferFailed
            | Self::SilenceGoodbye
            | Self::Farewell
            | Self::Emergency(_) => true,
            Self::Greeting
            | Self::RecordingNotice
            | Self::StillThere
            | Self::RepeatPlease
            | Self::TimeLimit
            | Self::RecordingStopped => false,
        }
    }
}

impl From<Parting> for Phrase {
    fn from(parting: Parting) -> Self {
        match parting {
            Parting::Farewell => Self::Farewell,
            Parting::Transfer => Self::Transfer,
        }
    }
}

/// A phrase's words, and its audio if a voice could render it at start.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub text: Arc<str>,
    pub audio: Option<Audio>,
}

/// Every phrase of every language the server speaks.
#[derive(Clone, Debug, Default)]
pub struct Canned {
    lines: HashMap<(Language, Phrase), Line>,
    /// By which it is known what callers are told of what is kept of their calls.
    notices: HashMap<Language, Arc<str>>,
}

impl Canned {
    /// The fixed phrases of every language, as text. The greeting is the clinic's own: it is inserted by who knows the clinic.
    pub fn texts() -> Self {
        let mut canned = Self::default();
        for language in Language::ALL {
            let phrases = Phrases::of(language);
            let mut text =
                |phrase, text: &str| canned.insert(language, phrase, Line { text: text.into(), audio: None });
            text(Phrase::StillThere, phrases.still_there());
            text(Phrase::SilenceGoodbye, phrases.goodbye());
            text(Phrase::Farewell, phrases.farewell());
            text(Phrase::RepeatPlease, phrases.repeat());
            text(Phrase::Apology, phrases.apology());
            text(Phrase::Transfer, phrases.transfer());
            text(Phrase::TransferFailed, phrases.transfer_failed());
            text(Phrase::TimeLimit, phrases.call_limit());
            text(Phrase::RecordingStopped, phrases.recording_stopped());
            text(Phrase::Emergency(Emergency::Medical), phrases.emergency());
            text(Phrase::Emergency(Emergency::Crisis), phrases.crisis());
            text(Phrase::Filler(0), phrases.filler(0));
            text(Phrase::Filler(1), phrases.filler(1));
        }
        canned
    }

    /// The lines that have no audio yet.
    pub fn unspoken(&self) -> impl Iterator<Item = (Language, Phrase, Arc<str>)> {
        self.lines.iter().filter(|(_, line)| line.audio.is_none()).map(|((l, p), line)| (*l, *p, line.text.clone()))
    }

    pub fn insert(&mut self, language: Language, phrase: Phrase, line: Line) {
        self.lines.insert((language, phrase), line);
    }

    /// Notes which notice a call in this language begins with; `None`: nothing is kept.
    pub fn begins(&mut self, language: Language, notice: Option<String>) {
        if let Some(version) = notice {
            self.notices.insert(language, version.into());
        }
    }

    /// The version of the notice that a call in this language begins with.
    pub fn notice(&self, language: Language) -> Option<&str> {
        self.notices.get(&language).map(AsRef::as_ref)
    }

    /// The phrase in this language, else in English; fillers wrap around.
    pub fn get(&self, language: Language, phrase: Phrase) -> Option<&Line> {
        let of = |language| match phrase {
            Phrase::Filler(n) => {
                let count = (0..).take_while(|n| self.lines.contains_key(&(language, Phrase::Filler(*n)))).count();
                (count > 0).then(|| &self.lines[&(language, Phrase::Filler(n % count as u8))])
            }
            fixed @ (Phrase::Greeting
            | Phrase::RecordingNotice
            | Phrase::StillThere
            | Phrase::SilenceGoodbye
            | Phrase::Farewell
            | Phrase::RepeatPlease
            | Phrase::Apology
            | Phrase::Transfer
            | Phrase::TransferFailed
            | Phrase::TimeLimit
            | Phrase::RecordingStopped
            | Phrase::Emergency(_)) => self.lines.get(&(language, fixed)),
        };
        of(language).or_else(|| of(Language::English))
    }
}
