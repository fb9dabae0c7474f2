//! `[providers.openai_tts]`: which of OpenAI's models, and whose voice speaks which language.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::provider::account::{self, Deadline, Limit, Own, Section};
use crate::provider::residency::Hosts;
use crate::provider::{grpc, openai};

/// `[providers.openai_tts]`. `base_url`: up to and without `/audio/speech`, `https://api.openai.com/v1` unless it says otherwise.
pub type OpenAiVoiceConfig = Section<OpenAiVoiceOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAiVoiceOwn {
    #[serde(default = "model")]
    pub model: String,
    /// The name of a voice for each language that it is to speak; the others are spoken by the next voice.
    #[serde(default = "voices")]
    pub voices: BTreeMap<Language, String>,
    /// From a text, or from the last audio, to the next.
    #[serde(default = "Deadline::of_voice")]
    pub silence_ms: Deadline,
}

fn model() -> String {
    "gpt-4o-mini-tts".to_owned()
}

/// A voice speaks whatever language its text is in; of those that callers speak, OpenAI's list has these.
fn voices() -> BTreeMap<Language, String> {
    [Language::English, Language::French, Language::Mandarin].map(|language| (language, "marin".to_owned())).into()
}

impl Own for OpenAiVoiceOwn {
    const HOSTS: Hosts = openai::HOSTS;

    fn usual_address(&self) -> Cow<'static, str> {
        "https://api.openai.com/v1".into()
    }

    fn wrong_address(&self, base: &str) -> Option<String> {
        let mend = self.usual_address();
        (!grpc::is_address(base)).then(|| format!("`{base}` is no HTTP address; write for example {mend}"))
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.model.is_empty() {
            wrong.push(format!("{section}.model: missing; write for example {}", model()));
        }
        if self.voices.is_empty() {
            wrong.push(format!("{section}.voices: nobody speaks; write for example {{ en-CA = \"marin\" }}"));
        }
        let mend = "missing; write the name of a voice, for example marin";
        let wrong_name = |_, voice: &str| voice.is_empty().then(|| mend.to_owned());
        wrong.extend(account::check_voices(section, &self.voices, "OpenAI", |_| true, wrong_name));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Audio));
        wrong
    }
}

impl OpenAiVoiceOwn {
    /// Whose voice speaks this language, if anybody's.
    pub fn voice(&self, language: Language) -> Option<&str> {
        self.voices.get(&language).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> OpenAiVoiceConfig {
        toml::from_str(&format!("key = {{ env = \"PATH\" }}\n{text}")).unwrap()
    }

    #[test]
    fn as_it_is_it_speaks_three_languages_and_an_address_says_where_it_goes() {
        let usual = config("");
        assert_eq!(usual.check("providers.openai_tts"), Vec::<String>::new());
        assert_eq!(Language::ALL.map(|l| usual.own.voice(l).is_some()), [true, true, false, false, true]);
        for (address, place) in [
            ("https://api.openai.com/v1", "wherever the vendor takes it"),
            ("https://eu.api.openai.com/v1", "EU"),
            ("https://tts.clinic.example/v1", "an address whose country is not stated"),
        ] {
            assert_eq!(config(&format!("base_url = \"{address}\"")).place().to_string(), place, "{address}");
        }
    }

    #[test]
    fn what_it_cannot_do_is_told_with_the_mend() {
        for (text, key) in [
            ("base_url = \"wss://api.openai.com/v1\"", "base_url"),
            ("model = \"\"", "model"),
            ("voices = {}", "voices"),
            ("voices = { pa-IN = \"\" }", "voices.pa-IN"),
            ("country = \"CA\"", "country"),
            ("silence_ms = 3000", "silence_ms"),
        ] {
            let all = config(text).check("providers.openai_tts");
            let fits = |one: &String| one.starts_with(&format!("providers.openai_tts.{key}: ")) && one.contains("; ");
            assert!(all.len() == 1 && fits(&all[0]), "{text}: {all:?}");
        }
    }
}
