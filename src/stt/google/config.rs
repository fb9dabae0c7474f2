//! `[providers.google]`: whose account, where it hears, and with which model.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use super::key::ServiceAccount;
use crate::config::SecretSource;
use crate::language::Language;
use crate::provider::grpc::is_address;
use crate::provider::residency::{self, Country, Hosts, Place};
use crate::provider::tls::{self, Authority};

/// `[providers.google]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoogleConfig {
    /// The key file of a service account that may use Speech-to-Text (JSON).
    pub key: SecretSource,
    /// Where it is recognised: `us`, `eu`, `northamerica-northeast1` (Montréal), or `global`. It decides where data goes.
    #[serde(default = "location")]
    pub location: String,
    /// Each location has some of them.
    #[serde(default = "model")]
    pub model: String,
    /// Instead of the location's own address: a proxy, or a simulation. Without a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Whose certificates are believed at `base_url`, if not those of the authorities that this machine knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    /// Where `base_url` is, or a location that attendant does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Another code of Google's than the usual one for a language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<Language, String>,
    /// Connected and ready.
    #[serde(default = "connect")]
    pub connect_ms: u64,
    /// Last words are awaited, and Google says nothing at all.
    #[serde(default = "silence")]
    pub silence_ms: u64,
}

fn location() -> String {
    "us".to_owned()
}

fn model() -> String {
    "chirp_3".to_owned()
}

/// Below the 3 s after which the call gives the session up, so that the log names the reason.
const fn connect() -> u64 {
    2_000
}

/// Below the 2.5 s that the call waits for last words, for the same reason.
const fn silence() -> u64 {
    2_000
}

/// Google's own hosts as `base_url`: the location is then not known from its name.
const HOSTS: Hosts = &[(".googleapis.com", None)];

/// Locations of Google's page on supported languages of v2, as read on 2026-11-22, in countries of which a clinic may say that nothing
/// leaves them. `northamerica-northeast1` is Montréal; Toronto is not on that page.
const PLACES: [(&str, &str); 4] =
    [("us", "US"), ("us-central1", "US"), ("eu", "EU"), ("northamerica-northeast1", "CA")];

/// The locations in this country.
pub fn locations(country: &Country) -> Vec<&'static str> {
    PLACES.into_iter().filter(|(_, of)| *of == country.to_string()).map(|(location, _)| location).collect()
}

impl GoogleConfig {
    /// Where it takes what callers say.
    pub fn place(&self) -> Place {
        if let Some(base) = &self.base_url {
            return residency::of_address(base, HOSTS, self.country.as_ref());
        }
        let known = PLACES.into_iter().find(|(location, _)| *location == self.location).map(|(_, country)| country);
        let known = known.or_else(|| self.location.starts_with("us-").then_some("US"));
        match known.and_then(|country| Country::try_from(country.to_owned()).ok()) {
            Some(country) => Place::In(country),
            None if self.location == "global" => Place::Anywhere,
            None => self.country.clone().map_or(Place::Unstated, Place::In),
        }
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Err(what) = self.key.read_whole().and_then(|key| ServiceAccount::read(key.expose())) {
            wrong.push(format!("{section}.key: {what}"));
        }
        let is_name = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
        };
        if !is_name(&self.location) {
            wrong.push(format!("{section}.location: `{}` is none; write for example us", self.location));
        }
        if !is_name(&self.model) {
            wrong.push(format!("{section}.model: `{}` is none; write for example chirp_3", self.model));
        }
        if let Some(base) = self.base_url.as_ref().filter(|base| !is_address(base)) {
            wrong.push(format!(
                "{section}.base_url: `{base}` is no address; leave it out, or write for example http://127.0.0.1:8091"
            ));
        }
        wrong.extend(tls::check(section, self.ca.as_ref(), self.base_url.as_deref().unwrap_or("https:")));
        wrong.extend(residency::check(section, &self.place(), self.country.as_ref()));
        for (language, code) in self.codes.iter().filter(|(_, code)| code.is_empty()) {
            wrong.push(format!("{section}.codes.{language}: `{code}` is none; write for example {}", usual(*language)));
        }
        for (key, ms, most) in [("connect_ms", self.connect_ms, 3_000), ("silence_ms", self.silence_ms, 2_500)] {
            if !(100..=most).contains(&ms) {
                wrong
                    .push(format!("{section}.{key}: {ms} ms; write 100 to {most}: then the call gives the session up"));
            }
        }
        wrong
    }

    pub(super) fn address(&self) -> Result<Url, url::ParseError> {
        let of_location = || match self.location.as_str() {
            "global" => "https://speech.googleapis.com".to_owned(),
            location => format!("https://{location}-speech.googleapis.com"),
        };
        Url::parse(&self.base_url.clone().unwrap_or_else(of_location))
    }

    pub(super) fn code(&self, language: Language) -> &str {
        self.codes.get(&language).map_or_else(|| usual(language), String::as_str)
    }

    pub(super) const fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    pub(super) const fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
    }
}

/// Codes of Google's page on supported languages. Chirp has no Canadian English.
const fn usual(language: Language) -> &'static str {
    match language {
        Language::English => "en-US",
        Language::French => "fr-CA",
        Language::Mandarin => "cmn-Hans-CN",
        Language::Cantonese => "yue-Hant-HK",
        Language::Punjabi => "pa-Guru-IN",
    }
}
