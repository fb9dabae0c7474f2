//! `[providers.google]`: where Google hears, and with which model.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::SecretSource;
use crate::language::Language;
use crate::provider::account::{Account, Deadline, Limit, Own, Section};
use crate::provider::google;
use crate::provider::residency::{Country, Hosts, Place};

/// `[providers.google]`. `key`: the key file of a service account that may use Speech-to-Text (JSON); `base_url`: instead of the location's own
/// address; `country`: where that is, or a location that attendant does not know.
pub type GoogleConfig = Section<GoogleOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoogleOwn {
    /// Where it is recognised: `us`, `eu`, `northamerica-northeast1` (Montréal), or `global`. It decides where data goes.
    #[serde(default = "location")]
    pub location: String,
    /// Each location has some of them.
    #[serde(default = "model")]
    pub model: String,
    /// Another code of Google's than the usual one for a language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<Language, String>,
    /// Connected and ready.
    #[serde(default = "Deadline::of_recogniser")]
    pub connect_ms: Deadline,
    /// Last words are awaited, and Google says nothing at all.
    #[serde(default = "Deadline::of_recogniser")]
    pub silence_ms: Deadline,
}

fn location() -> String {
    "us".to_owned()
}

fn model() -> String {
    "chirp_3".to_owned()
}

/// Locations of Google's page on supported languages of v2, as read on 2026-11-22, in countries of which a clinic may say that nothing
/// leaves them. `northamerica-northeast1` is Montréal; Toronto is not on that page.
const PLACES: google::Places = &[("us", "US"), ("us-central1", "US"), ("eu", "EU"), ("northamerica-northeast1", "CA")];

/// The locations in this country.
pub fn locations(country: &Country) -> Vec<&'static str> {
    google::locations(PLACES, country)
}

impl Own for GoogleOwn {
    const HOSTS: Hosts = google::HOSTS;

    fn usual_address(&self) -> Cow<'static, str> {
        google::address("speech", &self.location)
    }

    fn place(&self, account: &Account) -> Place {
        google::place(PLACES, &self.location, account)
    }

    fn wrong_address(&self, base: &str) -> Option<String> {
        google::wrong_address(base)
    }

    fn wrong_key(&self, key: &SecretSource) -> Option<String> {
        google::wrong_key(key)
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong: Vec<String> = google::wrong_location(section, &self.location).into_iter().collect();
        if !google::is_name(&self.model) {
            wrong.push(format!("{section}.model: `{}` is none; write for example chirp_3", self.model));
        }
        for (language, code) in self.codes.iter().filter(|(_, code)| code.is_empty()) {
            wrong.push(format!("{section}.codes.{language}: `{code}` is none; write for example {}", usual(*language)));
        }
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Ready));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Words));
        wrong
    }
}

impl GoogleOwn {
    pub(super) fn code(&self, language: Language) -> &str {
        self.codes.get(&language).map_or_else(|| usual(language), String::as_str)
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
