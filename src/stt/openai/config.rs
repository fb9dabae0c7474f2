//! `[providers.openai_stt]`: which of OpenAI's models hears, and which languages.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::provider::account::{Deadline, Limit, Own, Section};
use crate::provider::openai;
use crate::provider::residency::Hosts;

/// `[providers.openai_stt]`. `base_url`: up to and without `/realtime`, `wss://api.openai.com/v1` unless it says otherwise.
pub type OpenAiEarsConfig = Section<OpenAiEarsOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAiEarsOwn {
    /// One that writes while somebody speaks: `gpt-live-transcribe` or `gpt-realtime-whisper`.
    #[serde(default = "model")]
    pub model: String,
    /// The languages that it hears; the others are heard by the next recogniser.
    #[serde(default = "hears")]
    pub hears: Vec<Language>,
    /// Connected and ready.
    #[serde(default = "Deadline::of_recogniser")]
    pub connect_ms: Deadline,
    /// Last words are awaited, and OpenAI says nothing at all.
    #[serde(default = "Deadline::of_recogniser")]
    pub silence_ms: Deadline,
}

/// It takes words that are likely, and several languages.
pub(super) const LIVE: &str = "gpt-live-transcribe";
const WHISPER: &str = "gpt-realtime-whisper";

fn model() -> String {
    LIVE.to_owned()
}

fn hears() -> Vec<Language> {
    vec![Language::English, Language::French, Language::Mandarin]
}

impl Own for OpenAiEarsOwn {
    const HOSTS: Hosts = openai::HOSTS;

    fn usual_address(&self) -> Cow<'static, str> {
        "wss://api.openai.com/v1".into()
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if ![LIVE, WHISPER].contains(&self.model.as_str()) {
            let model = &self.model;
            wrong.push(format!(
                "{section}.model: `{model}` does not write while somebody speaks; write {LIVE} or {WHISPER}"
            ));
        }
        if self.hears.is_empty() {
            wrong.push(format!("{section}.hears: it hears nothing; write for example [\"en-CA\"]"));
        }
        for language in self.hears.iter().filter(|language| code(**language).is_none()) {
            wrong.push(format!("{section}.hears: OpenAI has no code of {language}; leave it to the next recogniser"));
        }
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Ready));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Words));
        wrong
    }
}

impl OpenAiEarsOwn {
    /// Whether it is to hear this language.
    pub fn is_to_hear(&self, language: Language) -> bool {
        code(language).is_some() && self.hears.contains(&language)
    }
}

/// ISO 639-1, which OpenAI asks for. Cantonese has no code there, and as `zh` would be written as Mandarin.
pub(super) const fn code(language: Language) -> Option<&'static str> {
    match language {
        Language::English => Some("en"),
        Language::French => Some("fr"),
        Language::Mandarin => Some("zh"),
        Language::Punjabi => Some("pa"),
        Language::Cantonese => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> OpenAiEarsConfig {
        toml::from_str(&format!("key = {{ env = \"PATH\" }}\n{text}")).unwrap()
    }

    #[test]
    fn as_it_is_it_hears_three_languages() {
        let usual = config("");
        assert_eq!(usual.check("providers.openai_stt"), Vec::<String>::new());
        assert_eq!(Language::ALL.map(|l| usual.own.is_to_hear(l)), [true, true, false, false, true]);
        let punjabi = config("hears = [\"pa-IN\"]");
        assert_eq!(Language::ALL.map(|l| punjabi.own.is_to_hear(l)), [false, false, false, true, false]);
    }

    #[test]
    fn what_it_cannot_do_is_told_with_the_mend() {
        for (text, key) in [
            ("base_url = \"https://api.openai.com/v1\"", "base_url"),
            ("model = \"whisper-1\"", "model"),
            ("hears = []", "hears"),
            ("hears = [\"zh-HK\"]", "hears"),
            ("country = \"CA\"", "country"),
            ("silence_ms = 3000", "silence_ms"),
        ] {
            let all = config(text).check("providers.openai_stt");
            let fits = |one: &String| one.starts_with(&format!("providers.openai_stt.{key}: ")) && one.contains("; ");
            assert!(all.len() == 1 && fits(&all[0]), "{text}: {all:?}");
        }
    }
}
