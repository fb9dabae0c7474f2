//! What callers are told at the beginning of a call of what is kept of it: that it is recorded, before anything else, and in the greeting that it is written down.
//!
//! Decided by `[records]` alone, so that what is said and what is kept cannot drift apart: a greeting without a place for the notice has it before its first
//! word. Never says what is not done.

use crate::agent::graph::{Graph, Variables};
use crate::clinic::Clinic;
use crate::language::Language;
use crate::phrases::Phrases;
use crate::records::{Recording, RecordsConfig};
use crate::store::clinics::fingerprint;

/// Signs of a version: enough to tell the texts of one installation apart.
const VERSION: usize = 12;

/// How a call begins in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// Said before the greeting, if calls are recorded.
    pub recorded: Option<String>,
    /// Within the greeting, if transcripts are kept. Blank: they are, and the language's phrases have no words for it.
    pub written: Option<String>,
    pub text: String,
}

impl Greeting {
    pub(crate) fn of(graph: &Graph, clinic: &Clinic, records: &RecordsConfig, language: Language) -> Self {
        let recorded = match records.recording {
            Recording::Announced => Some(Phrases::of(language).recording_notice().to_owned()),
            Recording::Off => None,
        };
        // In the language of the agent who greets.
        let phrases = Phrases::of(graph.language(language));
        let written = records.transcripts.then(|| phrases.transcript_notice().trim().to_owned());
        let notice = written.as_deref().unwrap_or_default();
        let variables = Variables { clinic: clinic.name(language), language, now: "", notice };
        let text = with(notice, graph.greeting(graph.entry(language), &variables));
        Self { recorded, written, text }
    }

    /// By which it is known what callers were told; `None`: nothing is kept, and nothing said of it.
    pub(crate) fn version(&self) -> Option<String> {
        let said: Vec<&str> = [&self.recorded, &self.written].into_iter().flatten().map(String::as_str).collect();
        let mut version = fingerprint(&said.join("\n"));
        version.truncate(VERSION);
        (!said.is_empty()).then_some(version)
    }
}

/// The greeting that says so too.
fn with(notice: &str, greeting: String) -> String {
    if greeting.contains(notice) { greeting } else { format!("{notice} {greeting}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greeting(transcripts: bool, recording: Recording, language: Language) -> Greeting {
        let records = RecordsConfig { transcripts, recording, ..RecordsConfig::default() };
        Greeting::of(&Graph::built_in(), &Clinic::sample(), &records, language)
    }

    #[test]
    fn every_language_says_what_is_kept_and_nothing_else() {
        for language in Language::ALL {
            let phrases = Phrases::of(language);
            let nothing = greeting(false, Recording::Off, language);
            assert_eq!((&nothing.recorded, &nothing.written, nothing.version()), (&None, &None, None));
            assert!(!nothing.text.contains(phrases.transcript_notice()) && !nothing.text.contains("  "));
            let written = greeting(true, Recording::Off, language);
            assert_eq!(written.recorded, None);
            // Behind the clinic's name and before the question.
            let at = written.text.find(phrases.transcript_notice()).unwrap();
            assert!(written.text.find(Clinic::sample().name(language)).unwrap() < at, "{}", written.text);
            assert!(!written.text.ends_with(phrases.transcript_notice()), "{}", written.text);
            assert!(!written.text.contains("  "), "{}", written.text);
            let both = greeting(true, Recording::Announced, language);
            assert_eq!(both.recorded.as_deref(), Some(phrases.recording_notice()));
            assert_eq!(both.text, written.text);
            let recorded = greeting(false, Recording::Announced, language);
            assert_eq!(recorded.text, nothing.text);
            let versions = [&written, &both, &recorded].map(Greeting::version);
            assert!(versions.iter().all(|version| version.as_ref().is_some_and(|text| text.len() == VERSION)));
            assert!(versions[0] != versions[1] && versions[1] != versions[2] && versions[0] != versions[2]);
        }
    }

    #[test]
    fn a_greeting_without_a_place_for_the_notice_has_it_first() {
        assert_eq!(with("It is written down.", "Hello!".to_owned()), "It is written down. Hello!");
        assert_eq!(
            with("It is written down.", "Hi. It is written down. Yes?".to_owned()),
            "Hi. It is written down. Yes?"
        );
        assert_eq!(with("", "Hello!".to_owned()), "Hello!");
    }
}
