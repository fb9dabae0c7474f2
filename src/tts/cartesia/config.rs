//! `[providers.cartesia]`: where Cartesia is, who pays, and whose voice speaks which language.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::SecretSource;
use crate::language::Language;
use crate::provider::residency::{self, Country, Hosts, Place};
use crate::provider::socket::is_address;
use crate::provider::tls::{self, Authority};

/// `[providers.cartesia]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartesiaConfig {
    /// Without a path: `wss://api.cartesia.ai`.
    #[serde(default = "base_url")]
    pub base_url: String,
    pub key: SecretSource,
    /// Where a server of your own is; the vendor's own hosts say so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Who signed the certificate of a server of your own; without it, this machine's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    #[serde(default = "model")]
    pub model: String,
    /// The id of a voice for each language that it is to speak; the others are spoken by the next voice.
    pub voices: BTreeMap<Language, String>,
    /// Connected and ready.
    #[serde(default = "connect")]
    pub connect_ms: u64,
    /// From a text, or from the last audio, to the next.
    #[serde(default = "silence")]
    pub silence_ms: u64,
}

fn base_url() -> String {
    "wss://api.cartesia.ai".to_owned()
}

fn model() -> String {
    "sonic-3".to_owned()
}

/// Below the 1.2 s after which the call asks the next voice, so that the log names the reason.
const fn connect() -> u64 {
    1_000
}

/// The same.
const fn silence() -> u64 {
    1_000
}

/// Cartesia's page on regional endpoints, as read on 2026-11-21: each request goes to the closest endpoint; the regions of
/// contracts (none in Canada) have hosts of their own, which their customers state.
const HOSTS: Hosts = &[("api.cartesia.ai", None)];

impl CartesiaConfig {
    /// Where it takes what is said to callers.
    pub fn place(&self) -> Place {
        residency::of_address(&self.base_url, HOSTS, self.country.as_ref())
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if !is_address(&self.base_url) {
            wrong.push(format!(
                "{section}.base_url: `{}` is no WebSocket address; write for example wss://api.cartesia.ai",
                self.base_url
            ));
        }
        if let Err(what) = self.key.read() {
            wrong.push(format!("{section}.key: {what}"));
        }
        wrong.extend(residency::check(section, &self.place(), self.country.as_ref()));
        wrong.extend(tls::check(section, self.ca.as_ref(), &self.base_url));
        if self.model.is_empty() {
            wrong.push(format!("{section}.model: missing; write for example sonic-3"));
        }
        if self.voices.is_empty() {
            wrong.push(format!(
                "{section}.voices: nobody speaks; write for example {{ en-CA = \"the id of a voice\" }}"
            ));
        }
        for (language, voice) in &self.voices {
            if code(*language).is_none() {
                wrong.push(format!(
                    "{section}.voices.{language}: Cartesia does not speak it; leave it to the next voice"
                ));
            } else if voice.is_empty() {
                wrong.push(format!("{section}.voices.{language}: missing; write the id of a voice"));
            }
        }
        for (key, ms) in [("connect_ms", self.connect_ms), ("silence_ms", self.silence_ms)] {
            if !(100..=1_200).contains(&ms) {
                wrong.push(format!("{section}.{key}: {ms} ms; write 100 to 1200: then the call asks the next voice"));
            }
        }
        wrong
    }

    /// Whose voice speaks this language, if anybody's.
    pub(super) fn voice(&self, language: Language) -> Option<&str> {
        code(language).and_then(|_| self.voices.get(&language)).map(String::as_str)
    }

    pub(super) const fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    pub(super) const fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
    }
}

/// Cartesia's code of the language. Its `zh` is Mandarin.
pub(super) const fn code(language: Language) -> Option<&'static str> {
    match language {
        Language::English => Some("en"),
        Language::French => Some("fr"),
        Language::Mandarin => Some("zh"),
        Language::Punjabi => Some("pa"),
        Language::Cantonese => None,
    }
}
