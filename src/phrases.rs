//! The fixed phrases of each language: fillers, prompts, apologies, and the words that answer, acknowledge or interrupt.
//!
//! Data lives in `agents/<language>/phrases.toml`, built in, and may be replaced by a folder of the same shape before the first
//! call. Phrases hold nothing of a caller, so that a voice can make them in advance. Nothing here decides what is said when.

pub mod acknowledgement;
mod asking;
pub mod emergency;
mod parting;
mod recording;

use std::path::Path;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::language::Language;
use crate::tokens;

pub use acknowledgement::{Acknowledgement, acknowledgement, begins_acknowledgement};
pub use asking::{asks_back, only_asks_back, only_hesitates, questions};
pub use emergency::{Emergency, emergency};
pub use parting::Parting;
pub use recording::{Refusal, refuses_recording};

/// What is said and listened for in one language.
#[derive(Clone, Debug)]
pub struct Phrases {
    text: PhraseFile,
    pub words: Words,
}

/// Words in the caller's mouth, taken apart for comparing.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// "uh-huh": go on, I am listening.
    pub backchannels: tokens::Phrases,
    pub yes: tokens::Phrases,
    pub no: tokens::Phrases,
    /// "wait": let me speak.
    pub interruptions: tokens::Phrases,
    /// "um": nothing yet.
    pub hesitations: tokens::Phrases,
    /// A sentence that ends so is not over.
    pub unfinished: tokens::Phrases,
    /// Danger to life: 911, whatever else was said.
    pub emergencies: tokens::Phrases,
    /// Danger to oneself: 9-8-8.
    pub crises: tokens::Phrases,
}

/// `phrases.toml` as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PhraseFile {
    /// Said when an answer is late, one after the other.
    fillers: Vec<String>,
    still_there: String,
    /// The caller is done.
    farewell: String,
    /// After nobody answered `still_there`.
    goodbye: String,
    /// Something failed on our side.
    apology: String,
    /// Something failed for good, and the caller is passed on.
    apology_transfer: String,
    recording_notice: String,
    /// Transcripts are kept. A file of one's own may lack it, which is told where it is needed.
    #[serde(default)]
    transcript_notice: String,
    recording_stopped: String,
    transfer: String,
    transfer_failed: String,
    call_limit: String,
    repeat: String,
    emergency: String,
    crisis: String,
    words: WordLists,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordLists {
    backchannels: Vec<String>,
    yes: Vec<String>,
    no: Vec<String>,
    interruptions: Vec<String>,
    hesitations: Vec<String>,
    unfinished: Vec<String>,
    emergencies: Vec<String>,
    crises: Vec<String>,
}

/// A phrase file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PhraseError {
    #[error("{file}: cannot be read: {source}; restore the file or take the phrases folder out of the configuration")]
    Unreadable { file: String, source: std::io::Error },
    #[error("{file}: {what}")]
    Malformed { file: String, what: String },
    #[error("phrases are already in use; choose their folder before the first call")]
    TooLate,
}

static CHOSEN: OnceLock<[Phrases; 5]> = OnceLock::new();

impl Phrases {
    /// The phrases of a language: the built-in ones unless [`Phrases::use_folder`] came first.
    pub fn of(language: Language) -> &'static Self {
        &CHOSEN.get_or_init(built_in)[place(language)]
    }

    /// Takes `<folder>/<language>/phrases.toml` in place of the built-in files, where they exist. Once, at start.
    pub fn use_folder(folder: &Path) -> Result<(), PhraseError> {
        let mut all = built_in();
        for language in Language::ALL {
            let file = folder.join(language.tag()).join("phrases.toml");
            if file.exists() {
                let name = file.display().to_string();
                let text = std::fs::read_to_string(&file)
                    .map_err(|source| PhraseError::Unreadable { file: name.clone(), source })?;
                all[place(language)] = parse(&text, &name, language)?;
            }
        }
        CHOSEN.set(all).map_err(|_| PhraseError::TooLate)
    }

    /// The n-th filler of a wait, from 0; they repeat when they run out.
    pub fn filler(&self, n: usize) -> &str {
        &self.text.fillers[n % self.text.fillers.len()]
    }

    pub fn still_there(&self) -> &str {
        &self.text.still_there
    }

    pub fn farewell(&self) -> &str {
        &self.text.farewell
    }

    pub fn goodbye(&self) -> &str {
        &self.text.goodbye
    }

    pub fn apology(&self) -> &str {
        &self.text.apology
    }

    pub fn apology_transfer(&self) -> &str {
        &self.text.apology_transfer
    }

    pub fn recording_notice(&self) -> &str {
        &self.text.recording_notice
    }

    /// Blank if the language's file has none.
    pub fn transcript_notice(&self) -> &str {
        &self.text.transcript_notice
    }

    pub fn recording_stopped(&self) -> &str {
        &self.text.recording_stopped
    }

    pub fn transfer(&self) -> &str {
        &self.text.transfer
    }

    pub fn transfer_failed(&self) -> &str {
        &self.text.transfer_failed
    }

    pub fn call_limit(&self) -> &str {
        &self.text.call_limit
    }

    pub fn repeat(&self) -> &str {
        &self.text.repeat
    }

    pub fn emergency(&self) -> &str {
        &self.text.emergency
    }

    pub fn crisis(&self) -> &str {
        &self.text.crisis
    }

    /// Every phrase that is said, for a voice to make in advance.
    pub fn spoken(&self) -> impl Iterator<Item = &str> {
        let t = &self.text;
        t.fillers.iter().map(String::as_str).chain([
            t.still_there.as_str(),
            &t.farewell,
            &t.goodbye,
            &t.apology,
            &t.apology_transfer,
            &t.recording_notice,
            &t.recording_stopped,
            &t.transfer,
            &t.transfer_failed,
            &t.call_limit,
            &t.repeat,
            &t.emergency,
            &t.crisis,
        ])
    }
}

fn place(language: Language) -> usize {
    match language {
        Language::English => 0,
        Language::Mandarin => 1,
        Language::Cantonese => 2,
        Language::Punjabi => 3,
        Language::French => 4,
    }
}

fn built_in() -> [Phrases; 5] {
    let read = |text, language: Language| {
        parse(text, "built-in phrases", language).expect("the built-in phrases are parsed by a test")
    };
    [
        read(include_str!("../agents/en-CA/phrases.toml"), Language::English),
        read(include_str!("../agents/zh-CN/phrases.toml"), Language::Mandarin),
        read(include_str!("../agents/zh-HK/phrases.toml"), Language::Cantonese),
        read(include_str!("../agents/pa-IN/phrases.toml"), Language::Punjabi),
        read(include_str!("../agents/fr-CA/phrases.toml"), Language::French),
    ]
}

fn parse(text: &str, file: &str, language: Language) -> Result<Phrases, PhraseError> {
    let malformed = |what: String| PhraseError::Malformed { file: file.to_owned(), what };
    let text: PhraseFile =
        toml::from_str(text).map_err(|e| malformed(format!("{e}; see the built-in file for the keys")))?;
    if text.fillers.is_empty() {
        return Err(malformed("fillers: none given; write at least one sentence".into()));
    }
    let w = &text.words;
    let list = |words: &[String]| tokens::Phrases::new(words, language);
    let words = Words {
        backchannels: list(&w.backchannels),
        yes: list(&w.yes),
        no: list(&w.no),
        interruptions: list(&w.interruptions),
        hesitations: list(&w.hesitations),
        unfinished: list(&w.unfinished),
        emergencies: list(&w.emergencies),
        crises: list(&w.crises),
    };
    let phrases = Phrases { text, words };
    if let Some(empty) = phrases.spoken().position(|s| s.trim().is_empty()) {
        return Err(malformed(format!("spoken phrase {empty} is empty; write what to say")));
    }
    Ok(phrases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_phrases() {
        for language in Language::ALL {
            let phrases = Phrases::of(language);
            assert!(phrases.spoken().count() >= 14, "{language}");
            assert_ne!(phrases.filler(0), phrases.filler(1), "{language}: the second filler repeats the first");
            assert_eq!(phrases.filler(0), phrases.filler(phrases.text.fillers.len()));
        }
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let text = include_str!("../agents/en-CA/phrases.toml").replace("still_there", "stil_there");
        let error = parse(&text, "en-CA/phrases.toml", Language::English).unwrap_err().to_string();
        assert!(error.contains("en-CA/phrases.toml") && error.contains("stil_there"), "{error}");
    }
}
