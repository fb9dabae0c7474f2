//! `[providers.google_tts]`: where Google speaks, and with whose voices.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::SecretSource;
use crate::language::Language;
use crate::provider::account::{self, Account, Deadline, Limit, Own, Section};
use crate::provider::google;
use crate::provider::residency::{Country, Hosts, Place};

/// `[providers.google_tts]`. `key`: the key file of a service account of a project with Text-to-Speech (JSON); `base_url`: instead of the
/// location's own address; `country`: where that is, or a location that attendant does not know.
pub type GoogleVoiceConfig = Section<GoogleVoiceOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoogleVoiceOwn {
    /// Where it is spoken: `us`, `eu`, another of Google's, or `global`. It decides where data goes.
    #[serde(default = "location")]
    pub location: String,
    /// The name of a voice for each language that it is to speak; the others are spoken by the next voice.
    #[serde(default = "voices")]
    pub voices: BTreeMap<Language, String>,
    /// Connected and ready.
    #[serde(default = "Deadline::of_voice")]
    pub connect_ms: Deadline,
    /// From a text, or from the last audio, to the next.
    #[serde(default = "Deadline::of_voice")]
    pub silence_ms: Deadline,
}

fn location() -> String {
    "us".to_owned()
}

/// Of the languages that Google's page on Chirp 3: HD lists. It has no Canadian English.
fn voices() -> BTreeMap<Language, String> {
    let languages = [Language::English, Language::French, Language::Mandarin];
    languages.map(|language| (language, usual(language).to_owned())).into()
}

/// Locations of Google's pages on Chirp 3: HD, as read on 2026-11-22; none is in Canada.
const PLACES: google::Places =
    &[("us", "US"), ("eu", "EU"), ("europe-west2", "GB"), ("asia-northeast1", "JP"), ("asia-southeast1", "SG")];

/// The locations in this country.
pub fn locations(country: &Country) -> Vec<&'static str> {
    google::locations(PLACES, country)
}

/// Of all families of voices this one alone can be streamed.
const FAMILY: &str = "-Chirp3-HD-";

impl Own for GoogleVoiceOwn {
    const HOSTS: Hosts = google::HOSTS;

    fn usual_address(&self) -> Cow<'static, str> {
        google::address("texttospeech", &self.location)
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
        if self.voices.is_empty() {
            let mend = usual(Language::English);
            wrong.push(format!("{section}.voices: nobody speaks; write for example {{ en-CA = \"{mend}\" }}"));
        }
        let wrong_name = |language, voice: &str| {
            let mend = usual(language);
            (!is_streamed(voice)).then(|| format!("`{voice}` is no voice that streams; write for example {mend}"))
        };
        wrong.extend(account::check_voices(section, &self.voices, "Google", |_| true, wrong_name));
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Audio));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Audio));
        wrong
    }
}

impl GoogleVoiceOwn {
    /// Whose voice speaks this language, if anybody's.
    pub fn voice(&self, language: Language) -> Option<&str> {
        self.voices.get(&language).map(String::as_str)
    }
}

/// The language of a voice, as its name begins.
pub(super) fn locale(voice: &str) -> &str {
    voice.split_once(FAMILY).map_or("", |(locale, _)| locale)
}

fn is_streamed(voice: &str) -> bool {
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    voice.split_once(FAMILY).is_some_and(|(locale, name)| is_word(locale) && is_word(name))
}

/// Kore's, in Google's codes.
const fn usual(language: Language) -> &'static str {
    match language {
        Language::English => "en-US-Chirp3-HD-Kore",
        Language::French => "fr-CA-Chirp3-HD-Kore",
        Language::Mandarin => "cmn-CN-Chirp3-HD-Kore",
        Language::Cantonese => "yue-HK-Chirp3-HD-Kore",
        Language::Punjabi => "pa-IN-Chirp3-HD-Kore",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> GoogleVoiceConfig {
        toml::from_str(&format!("key = {{ env = \"PATH\" }}\n{text}")).unwrap()
    }

    #[test]
    fn as_it_is_it_speaks_what_googles_page_lists_and_a_location_says_where_it_goes() {
        let usual = config("");
        assert_eq!(Language::ALL.map(|l| usual.own.voice(l).is_some()), [true, true, false, false, true]);
        for (text, address, place) in [
            ("", "https://us-texttospeech.googleapis.com", "US"),
            ("location = \"eu\"", "https://eu-texttospeech.googleapis.com", "EU"),
            ("location = \"global\"", "https://texttospeech.googleapis.com", "wherever the vendor takes it"),
            (
                "location = \"northamerica-northeast1\"",
                "https://northamerica-northeast1-texttospeech.googleapis.com",
                "an address whose country is not stated",
            ),
            ("base_url = \"http://127.0.0.1:1\"", "http://127.0.0.1:1", "this machine"),
        ] {
            let config = config(text);
            assert_eq!((&*config.address(), config.place().to_string().as_str()), (address, place), "{text}");
        }
        assert_eq!(locale("cmn-CN-Chirp3-HD-Kore"), "cmn-CN");
    }

    #[test]
    fn what_it_cannot_do_is_told_with_the_mend() {
        for (text, key) in [
            ("location = \"Montréal\"", "location"),
            ("voices = {}", "voices"),
            ("voices = { en-CA = \"en-US-Wavenet-A\" }", "voices.en-CA"),
            ("voices = { pa-IN = \"Kore\" }", "voices.pa-IN"),
            ("silence_ms = 3000", "silence_ms"),
        ] {
            let all = config(text).own.check("providers.google_tts");
            let fits = |one: &String| one.starts_with(&format!("providers.google_tts.{key}: ")) && one.contains("; ");
            assert!(all.len() == 1 && fits(&all[0]), "{text}: {all:?}");
        }
    }
}
