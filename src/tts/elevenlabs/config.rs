//! `[providers.elevenlabs]`: which of ElevenLabs' models, and whose voice speaks which language.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::provider::account::{self, Deadline, Limit, Own, Section};
use crate::provider::residency::Hosts;
use crate::tts::contextual::Format;

/// `[providers.elevenlabs]`. `base_url`: `wss://api.elevenlabs.io` unless it says otherwise.
pub type ElevenLabsConfig = Section<ElevenLabsOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElevenLabsOwn {
    #[serde(default = "model")]
    pub model: String,
    /// The id of a voice for each language that it is to speak; the others are spoken by the next voice.
    pub voices: BTreeMap<Language, String>,
    /// How audio is asked for.
    #[serde(default)]
    pub format: Format,
    /// Asks that nothing be kept of what is said, which contracts of enterprises allow.
    #[serde(default)]
    pub zero_retention: bool,
    /// Connected and ready.
    #[serde(default = "Deadline::of_voice")]
    pub connect_ms: Deadline,
    /// From a text, or from the last audio, to the next.
    #[serde(default = "Deadline::of_voice")]
    pub silence_ms: Deadline,
}

fn model() -> String {
    "eleven_flash_v2_5".to_owned()
}

/// Models that speak English alone, and those that are told which language it is (ElevenLabs' pages, as read on 2026-11-22).
const ENGLISH: [&str; 2] = ["eleven_flash_v2", "eleven_turbo_v2"];
const TOLD: [&str; 2] = ["eleven_flash_v2_5", "eleven_turbo_v2_5"];

impl Own for ElevenLabsOwn {
    /// The addresses in ElevenLabs' own package, as read on 2026-11-22: those of its residencies are for accounts that have one. None is
    /// in Canada. Of the one for the US it says only that requests go there.
    const HOSTS: Hosts = &[
        ("api.eu.residency.elevenlabs.io", Some("EU")),
        ("api.in.residency.elevenlabs.io", Some("IN")),
        ("api.sg.residency.elevenlabs.io", Some("SG")),
        (".elevenlabs.io", None),
    ];

    fn usual_address(&self) -> Cow<'static, str> {
        "wss://api.elevenlabs.io".into()
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let model = &self.model;
        if !model.starts_with("eleven_") || model.starts_with("eleven_v3") {
            wrong.push(format!(
                "{section}.model: `{model}` does not stream contexts; write for example eleven_flash_v2_5"
            ));
        }
        if self.voices.is_empty() {
            wrong.push(format!(
                "{section}.voices: nobody speaks; write for example {{ en-CA = \"the id of a voice\" }}"
            ));
        }
        let is_id = |voice: &str| !voice.is_empty() && voice.bytes().all(|b| b.is_ascii_alphanumeric());
        let mend = "is no id of a voice; copy it from the voice's page";
        let wrong_name = |_, voice: &str| (!is_id(voice)).then(|| format!("`{voice}` {mend}"));
        let speaks = |language| self.speaks(language);
        wrong.extend(account::check_voices(section, &self.voices, model, speaks, wrong_name));
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Audio));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Audio));
        wrong
    }
}

impl ElevenLabsOwn {
    /// Whose voice speaks this language, if anybody's.
    pub fn voice(&self, language: Language) -> Option<&str> {
        self.voices.get(&language).filter(|_| self.speaks(language)).map(String::as_str)
    }

    fn speaks(&self, language: Language) -> bool {
        let is_english = ENGLISH.contains(&self.model.as_str());
        spoken(language).is_some() && (!is_english || language == Language::English)
    }

    /// The code of the language, if the model is told it.
    pub(super) fn code(&self, language: Language) -> Option<&'static str> {
        spoken(language).filter(|_| TOLD.contains(&self.model.as_str()))
    }
}

/// ElevenLabs' code of the language. Its `zh` is Mandarin.
const fn spoken(language: Language) -> Option<&'static str> {
    match language {
        Language::English => Some("en"),
        Language::French => Some("fr"),
        Language::Mandarin => Some("zh"),
        Language::Cantonese | Language::Punjabi => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::residency::Place;

    fn config(text: &str) -> ElevenLabsConfig {
        toml::from_str(&format!("key = {{ env = \"PATH\" }}\n{text}")).unwrap()
    }

    const VOICES: &str = "voices = { en-CA = \"v1\", fr-CA = \"v2\" }";

    #[test]
    fn an_address_says_where_it_goes() {
        let usual = config(VOICES);
        assert_eq!(usual.check("providers.elevenlabs"), Vec::<String>::new());
        assert_eq!(Language::ALL.map(|l| usual.own.voice(l).is_some()), [true, false, false, false, true]);
        let country = |name: &str| Place::In(name.to_owned().try_into().unwrap());
        for (address, place) in [
            ("wss://api.elevenlabs.io", Place::Anywhere),
            ("wss://api.us.elevenlabs.io", Place::Anywhere),
            ("wss://api.eu.residency.elevenlabs.io", country("EU")),
            ("wss://api.sg.residency.elevenlabs.io", country("SG")),
            ("wss://tts.clinic.example", Place::Unstated),
        ] {
            assert_eq!(config(&format!("{VOICES}\nbase_url = \"{address}\"")).place(), place, "{address}");
        }
    }

    #[test]
    fn what_it_cannot_do_is_told_with_the_mend() {
        let with = |more: &str| format!("{VOICES}\n{more}");
        for (text, key) in [
            (with("base_url = \"https://api.elevenlabs.io\""), "base_url"),
            ("voices = {}".to_owned(), "voices"),
            ("voices = { zh-HK = \"v1\" }".to_owned(), "voices.zh-HK"),
            ("voices = { en-CA = \"the voice\" }".to_owned(), "voices.en-CA"),
            (with("model = \"eleven_flash_v2\""), "voices.fr-CA"),
            (with("model = \"eleven_v3\""), "model"),
            (with("country = \"CA\""), "country"),
            (with("silence_ms = 3000"), "silence_ms"),
        ] {
            let all = config(&text).check("providers.elevenlabs");
            let fits = |one: &String| one.starts_with(&format!("providers.elevenlabs.{key}: ")) && one.contains("; ");
            assert!(all.len() == 1 && fits(&all[0]), "{text}: {all:?}");
        }
    }
}
