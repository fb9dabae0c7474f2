//! `[providers.sarvam]`: where Sarvam is, who pays, which languages it hears, and whose voice speaks which.
//!
//! One account for its recogniser and its voices. It knows Punjabi, and English as spoken in India; nothing else that callers here speak.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ErrorKind;
use super::residency::{self, Country, Hosts, Place};
use super::socket::is_address;
use super::tls::{self, Authority};
use crate::config::SecretSource;
use crate::language::Language;

pub(crate) const NAME: &str = "sarvam";

/// `[providers.sarvam]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SarvamConfig {
    /// Without a path: `wss://api.sarvam.ai`.
    #[serde(default = "base_url")]
    pub base_url: String,
    pub key: SecretSource,
    /// Where a server of your own is; the vendor's own hosts say so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Who signed the certificate of a server of your own; without it, this machine's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
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
    #[serde(default = "second")]
    pub connect_ms: u64,
    /// A voice is heard, or last words are awaited, and Sarvam says nothing at all.
    #[serde(default = "stt_silence")]
    pub stt_silence_ms: u64,
    /// From a text, or from the last audio, to the next.
    #[serde(default = "second")]
    pub tts_silence_ms: u64,
}

fn base_url() -> String {
    "wss://api.sarvam.ai".to_owned()
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

/// Below the 1.2 s after which the call asks the next voice, so that the log names the reason.
const fn second() -> u64 {
    1_000
}

/// Below the 2.5 s that the call waits for last words, for the same reason.
const fn stt_silence() -> u64 {
    2_000
}

/// Sarvam's pages, as read on 2026-11-21, name no region of its hosted interface.
const HOSTS: Hosts = &[("api.sarvam.ai", None)];

impl SarvamConfig {
    /// Where it takes what callers say, and what is said to them.
    pub fn place(&self) -> Place {
        residency::of_address(&self.base_url, HOSTS, self.country.as_ref())
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if !is_address(&self.base_url) {
            wrong.push(format!(
                "{section}.base_url: `{}` is no WebSocket address; write for example wss://api.sarvam.ai",
                self.base_url
            ));
        }
        if let Err(what) = self.key.read() {
            wrong.push(format!("{section}.key: {what}"));
        }
        wrong.extend(residency::check(section, &self.place(), self.country.as_ref()));
        wrong.extend(tls::check(section, self.ca.as_ref(), &self.base_url));
        if self.hears.is_empty() && self.voices.is_empty() {
            wrong.push(format!("{section}.hears: it neither hears nor speaks; write for example [\"pa-IN\"]"));
        }
        for language in self.hears.iter().filter(|language| code(**language).is_none()) {
            wrong.push(format!("{section}.hears: Sarvam does not know {language}; write pa-IN, en-CA or both"));
        }
        for (language, voice) in &self.voices {
            let is_name =
                !voice.is_empty() && voice.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if code(*language).is_none() {
                wrong
                    .push(format!("{section}.voices.{language}: Sarvam does not speak it; leave it to the next voice"));
            } else if !is_name {
                wrong.push(format!(
                    "{section}.voices.{language}: `{voice}` is no speaker; write one in small letters, for example simran"
                ));
            }
        }
        if !["saaras:v4", "saaras:v3-realtime"].contains(&self.stt_model.as_str()) {
            let model = &self.stt_model;
            wrong
                .push(format!("{section}.stt_model: `{model}` does not stream; write saaras:v4 or saaras:v3-realtime"));
        }
        if !self.tts_model.starts_with("bulbul:") {
            let model = &self.tts_model;
            wrong.push(format!("{section}.tts_model: `{model}` is no voice; write bulbul:v3 or bulbul:v4-flash"));
        }
        for (key, ms, most, then) in [
            ("connect_ms", self.connect_ms, 1_200, "asks the next"),
            ("stt_silence_ms", self.stt_silence_ms, 2_500, "gives the session up"),
            ("tts_silence_ms", self.tts_silence_ms, 1_200, "asks the next voice"),
        ] {
            if !(100..=most).contains(&ms) {
                wrong.push(format!("{section}.{key}: {ms} ms; write 100 to {most}: then the call {then}"));
            }
        }
        wrong
    }

    /// Whether it is to hear this language.
    pub fn is_to_hear(&self, language: Language) -> bool {
        code(language).is_some() && self.hears.contains(&language)
    }

    /// Whose voice speaks this language, if anybody's.
    pub fn voice(&self, language: Language) -> Option<&str> {
        code(language).and_then(|_| self.voices.get(&language)).map(String::as_str)
    }

    /// One of its addresses, without a query.
    pub(crate) fn address(&self, path: &str) -> Result<Url, url::ParseError> {
        let mut url = Url::parse(&self.base_url)?;
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        Ok(url)
    }

    pub(crate) const fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    pub(crate) const fn stt_silence(&self) -> Duration {
        Duration::from_millis(self.stt_silence_ms)
    }

    pub(crate) const fn tts_silence(&self) -> Duration {
        Duration::from_millis(self.tts_silence_ms)
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

    fn wrong(text: &str) -> Vec<String> {
        toml::from_str::<SarvamConfig>(&format!("key = {{ env = \"PATH\" }}\n{text}"))
            .unwrap()
            .check("providers.sarvam")
    }

    #[test]
    fn as_it_is_it_hears_and_speaks_punjabi() {
        let config: SarvamConfig = toml::from_str("key = { env = \"PATH\" }").unwrap();
        assert_eq!(config.check("providers.sarvam"), Vec::<String>::new());
        assert_eq!(Language::ALL.map(|l| config.is_to_hear(l)), [false, false, false, true, false]);
        assert_eq!(Language::ALL.map(|l| config.voice(l).is_some()), [false, false, false, true, false]);
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
