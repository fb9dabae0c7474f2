//! `[providers.sarvam]`: which languages Sarvam hears, and whose voice speaks which.
//!
//! One account for its recogniser and its voices. It knows Punjabi, and English as spoken in India; nothing else that callers here speak.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ErrorKind;
use super::account::{self, Deadline, Limit, Own, Section};
use super::residency::Hosts;
use crate::language::Language;

pub(crate) const NAME: &str = "sarvam";

/// The header that the key is in.
pub(crate) const KEY: &str = "api-subscription-key";

/// `[providers.sarvam]`. `base_url`: `wss://api.sarvam.ai` unless it says otherwise.
pub type SarvamConfig = Section<SarvamOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SarvamOwn {
    /// The languages that it hears; the others are heard by the next recogniser.
    #[serde(default = "hears")]
    pub hears: Vec<Language>,
    /// The name of a speaker for each language that it is to speak; the others are spoken by the next voice.
    #[serde(default = "voices")]
    pub voices: BTreeMap<Language, String>,
    /// That hears: `saaras:v4`, or `saaras:v3-realtime`.
    #[serde(default = "stt_model")]
    pub stt_model: String,
    /// That speaks: `bulbul:v3`, or `bulbul:v4-flash`; each has speakers of its own.
    #[serde(default = "tts_model")]
    pub tts_model: String,
    /// Connected and ready.
    #[serde(default = "Deadline::of_voice")]
    pub connect_ms: Deadline,
    /// A voice is heard, or last words are awaited, and Sarvam says nothing at all.
    #[serde(default = "Deadline::of_recogniser")]
    pub stt_silence_ms: Deadline,
    /// From a text, or from the last audio, to the next.
    #[serde(default = "Deadline::of_voice")]
    pub tts_silence_ms: Deadline,
}

fn hears() -> Vec<Language> {
    vec![Language::Punjabi]
}

fn voices() -> BTreeMap<Language, String> {
    BTreeMap::from([(Language::Punjabi, "simran".to_owned())])
}

fn stt_model() -> String {
    "saaras:v4".to_owned()
}

fn tts_model() -> String {
    "bulbul:v3".to_owned()
}

impl Own for SarvamOwn {
    /// Sarvam's pages, as read on 2026-11-21, name no region of its hosted interface.
    const HOSTS: Hosts = &[("api.sarvam.ai", None)];

    fn usual_address(&self) -> Cow<'static, str> {
        "wss://api.sarvam.ai".into()
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.hears.is_empty() && self.voices.is_empty() {
            wrong.push(format!("{section}.hears: it neither hears nor speaks; write for example [\"pa-IN\"]"));
        }
        for language in self.hears.iter().filter(|language| code(**language).is_none()) {
            wrong.push(format!("{section}.hears: Sarvam does not know {language}; write pa-IN, en-CA or both"));
        }
        wrong.extend(account::check_voices(
            section,
            &self.voices,
            "Sarvam",
            |language| code(language).is_some(),
            |_, voice| wrong_speaker(voice),
        ));
        if !["saaras:v4", "saaras:v3-realtime"].contains(&self.stt_model.as_str()) {
            let model = &self.stt_model;
            wrong
                .push(format!("{section}.stt_model: `{model}` does not stream; write saaras:v4 or saaras:v3-realtime"));
        }
        if !self.tts_model.starts_with("bulbul:") {
            let model = &self.tts_model;
            wrong.push(format!("{section}.tts_model: `{model}` is no voice; write bulbul:v3 or bulbul:v4-flash"));
        }
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Either));
        wrong.extend(self.stt_silence_ms.check(section, "stt_silence_ms", Limit::Words));
        wrong.extend(self.tts_silence_ms.check(section, "tts_silence_ms", Limit::Audio));
        wrong
    }
}

fn wrong_speaker(voice: &str) -> Option<String> {
    let is_name = !voice.is_empty() && voice.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    (!is_name).then(|| format!("`{voice}` is no speaker; write one in small letters, for example simran"))
}

impl SarvamOwn {
    /// Whether it is to hear this language.
    pub fn is_to_hear(&self, language: Language) -> bool {
        code(language).is_some() && self.hears.contains(&language)
    }

    /// Whose voice speaks this language, if anybody's.
    pub fn voice(&self, language: Language) -> Option<&str> {
        code(language).and_then(|_| self.voices.get(&language)).map(String::as_str)
    }
}

/// Sarvam's code of the language. Its English is India's.
pub(crate) const fn code(language: Language) -> Option<&'static str> {
    match language {
        Language::Punjabi => Some("pa-IN"),
        Language::English => Some("en-IN"),
        Language::French | Language::Mandarin | Language::Cantonese => None,
    }
}

/// What its close codes mean, by its Python SDK (0.1.39): 1003 a rate, a quota or a key, 1008 nothing heard for long, 4000 a request
/// that it does not take.
pub(crate) const fn kind_of_close(close: u16) -> ErrorKind {
    match close {
        1003 => ErrorKind::Limited,
        1011 => ErrorKind::Server,
        4000 => ErrorKind::Request,
        _ => ErrorKind::Connection,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::residency::Place;

    fn wrong(text: &str) -> Vec<String> {
        toml::from_str::<SarvamConfig>(&format!("key = {{ env = \"PATH\" }}\n{text}"))
            .unwrap()
            .check("providers.sarvam")
    }

    #[test]
    fn as_it_is_it_hears_and_speaks_punjabi() {
        let config: SarvamConfig = toml::from_str("key = { env = \"PATH\" }").unwrap();
        assert_eq!(config.check("providers.sarvam"), Vec::<String>::new());
        assert_eq!(Language::ALL.map(|l| config.own.is_to_hear(l)), [false, false, false, true, false]);
        assert_eq!(Language::ALL.map(|l| config.own.voice(l).is_some()), [false, false, false, true, false]);
        assert_eq!(config.place(), Place::Anywhere);
    }

    #[test]
    fn what_it_cannot_do_is_told_with_the_mend() {
        for (text, key) in [
            ("base_url = \"https://api.sarvam.ai\"", "base_url"),
            ("hears = [\"fr-CA\"]", "hears"),
            ("hears = []\nvoices = {}", "hears"),
            ("voices = { zh-CN = \"simran\" }", "voices.zh-CN"),
            ("voices = { pa-IN = \"Simran\" }", "voices.pa-IN"),
            ("stt_model = \"saaras:v3\"", "stt_model"),
            ("tts_model = \"sonic-3\"", "tts_model"),
            ("country = \"CA\"", "country"),
            ("stt_silence_ms = 3000", "stt_silence_ms"),
        ] {
            let all = wrong(text);
            assert!(
                matches!(&all[..], [one] if one.starts_with(&format!("providers.sarvam.{key}: ")) && one.contains("; ")),
                "{text}: {all:?}"
            );
        }
    }
}
