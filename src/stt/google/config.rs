//! `[providers.google]`: where Google hears, and with which model.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::key::ServiceAccount;
use crate::config::SecretSource;
use crate::language::Language;
use crate::provider::account::{Account, Deadline, Limit, Own, Section};
use crate::provider::grpc::is_address;
use crate::provider::residency::{self, Country, Hosts, Place};

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
const PLACES: [(&str, &str); 4] =
    [("us", "US"), ("us-central1", "US"), ("eu", "EU"), ("northamerica-northeast1", "CA")];

/// The locations in this country.
pub fn locations(country: &Country) -> Vec<&'static str> {
    PLACES.into_iter().filter(|(_, of)| *of == country.to_string()).map(|(location, _)| location).collect()
}

impl Own for GoogleOwn {
    /// Google's own hosts as `base_url`: the location is then not known from its name.
    const HOSTS: Hosts = &[(".googleapis.com", None)];

    fn usual_address(&self) -> Cow<'static, str> {
        match self.location.as_str() {
            "global" => "https://speech.googleapis.com".into(),
            location => format!("https://{location}-speech.googleapis.com").into(),
        }
    }

    fn place(&self, account: &Account) -> Place {
        if let Some(base) = &account.base_url {
            return residency::of_address(base, Self::HOSTS, account.country.as_ref());
        }
        let known = PLACES.into_iter().find(|(location, _)| *location == self.location).map(|(_, country)| country);
        let known = known.or_else(|| self.location.starts_with("us-").then_some("US"));
        match known.and_then(|country| Country::try_from(country.to_owned()).ok()) {
            Some(country) => Place::In(country),
            None if self.location == "global" => Place::Anywhere,
            None => account.country.clone().map_or(Place::Unstated, Place::In),
        }
    }

    fn wrong_address(&self, base: &str) -> Option<String> {
        (!is_address(base))
            .then(|| format!("`{base}` is no address; leave it out, or write for example http://127.0.0.1:8091"))
    }

    fn wrong_key(&self, key: &SecretSource) -> Option<String> {
        key.read_whole().and_then(|key| ServiceAccount::read(key.expose())).err()
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let is_name = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
        };
        if !is_name(&self.location) {
            wrong.push(format!("{section}.location: `{}` is none; write for example us", self.location));
        }
        if !is_name(&self.model) {
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
