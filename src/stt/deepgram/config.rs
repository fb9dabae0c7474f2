//! `[providers.deepgram]`: where Deepgram is, who pays, and which of its models hears which language.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Model;
use crate::config::SecretSource;
use crate::language::Language;
use crate::provider::residency::{self, Country, Hosts, Place};
use crate::provider::socket::is_address;
use crate::provider::tls::{self, Authority};

/// `[providers.deepgram]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeepgramConfig {
    /// Without a path: `wss://api.deepgram.com` anywhere, `wss://api.eu.deepgram.com` in Europe, or one of your own.
    #[serde(default = "base_url")]
    pub base_url: String,
    pub key: SecretSource,
    /// Where a server of your own is; the vendor's own hosts say so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Who signed the certificate of a server of your own; without it, this machine's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    #[serde(default)]
    pub model: Choice,
    /// How sure Flux must be that a turn has ended.
    #[serde(default = "eot_threshold")]
    pub eot_threshold: f32,
    /// How sure it must be to say that a turn may have ended; unset: it never says so.
    #[serde(default)]
    pub eager_eot_threshold: Option<f32>,
    /// Keeps calls out of Deepgram's programme for improving models.
    #[serde(default = "opt_out")]
    pub mip_opt_out: bool,
    /// Connected and ready.
    #[serde(default = "connect")]
    pub connect_ms: u64,
    /// A voice is heard, or last words are awaited, and Deepgram says nothing at all.
    #[serde(default = "silence")]
    pub silence_ms: u64,
}

fn base_url() -> String {
    "wss://api.deepgram.com".to_owned()
}

/// Deepgram's own default.
const fn eot_threshold() -> f32 {
    0.7
}

const fn opt_out() -> bool {
    true
}

/// Below the 3 s after which the call gives the session up, so that the log names the reason.
const fn connect() -> u64 {
    2_000
}

/// Below the 2.5 s that the call waits for last words, for the same reason.
const fn silence() -> u64 {
    2_000
}

/// Which model hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// Flux where it knows the language, nova-3 elsewhere.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "nova-3")]
    Nova,
    #[serde(rename = "flux")]
    Flux,
}

impl Choice {
    /// `None`: it does not know the language. Flux knows ten, neither Chinese nor Punjabi among them.
    pub(super) const fn of(self, language: Language) -> Option<Model> {
        let flux = match language {
            Language::English | Language::French => true,
            Language::Mandarin | Language::Cantonese | Language::Punjabi => false,
        };
        match (self, flux) {
            (Self::Auto | Self::Flux, true) => Some(Model::Flux),
            (Self::Flux, false) => None,
            (Self::Auto, false) | (Self::Nova, _) => Some(Model::Nova),
        }
    }
}

/// Deepgram's page on regional endpoints, as read on 2026-11-21: the usual one is global.
const HOSTS: Hosts = &[("api.eu.deepgram.com", Some("EU")), ("api.deepgram.com", None)];

impl DeepgramConfig {
    /// Deepgram's own name of the model that hears this language, if one does.
    pub fn model_name(&self, language: Language) -> Option<&'static str> {
        self.model.of(language).map(|model| model.name(language))
    }

    /// Where it takes what callers say. Without the opt-out it is kept, and may be used elsewhere.
    pub fn place(&self) -> Place {
        match residency::of_address(&self.base_url, HOSTS, self.country.as_ref()) {
            Place::In(_) if !self.mip_opt_out => Place::Anywhere,
            place => place,
        }
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if !is_address(&self.base_url) {
            wrong.push(format!(
                "{section}.base_url: `{}` is no WebSocket address; write for example wss://api.deepgram.com",
                self.base_url
            ));
        }
        if let Err(what) = self.key.read() {
            wrong.push(format!("{section}.key: {what}"));
        }
        wrong.extend(residency::check(section, &self.place(), self.country.as_ref()));
        wrong.extend(tls::check(section, self.ca.as_ref(), &self.base_url));
        if !(0.5..=1.0).contains(&self.eot_threshold) {
            wrong.push(format!(
                "{section}.eot_threshold: {} is not what Flux takes; write 0.5 to 1.0",
                self.eot_threshold
            ));
        }
        if let Some(eager) =
            self.eager_eot_threshold.filter(|eager| !(0.3..=self.eot_threshold.min(0.9)).contains(eager))
        {
            wrong.push(format!(
                "{section}.eager_eot_threshold: {eager} is not what Flux takes; write 0.3 to 0.9, and no more than eot_threshold"
            ));
        }
        for (key, ms, most) in [("connect_ms", self.connect_ms, 3_000), ("silence_ms", self.silence_ms, 2_500)] {
            if !(100..=most).contains(&ms) {
                wrong
                    .push(format!("{section}.{key}: {ms} ms; write 100 to {most}: then the call gives the session up"));
            }
        }
        wrong
    }

    /// The same, about a clinic's own language.
    pub fn check_language(&self, section: &str, language: Language) -> Option<String> {
        self.model.of(language).is_none().then(|| {
            format!("{section}.model: flux does not know {language}, in which calls begin; write auto or nova-3")
        })
    }

    pub(super) const fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    pub(super) const fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
    }
}
