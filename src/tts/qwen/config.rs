//! `[providers.qwen]`: which model of Qwen, and whose voice speaks which language.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::provider::account::{self, Deadline, Limit, Own, Section};
use crate::provider::residency::Hosts;

/// `[providers.qwen]`. `base_url`: `wss://dashscope-intl.aliyuncs.com` (Singapore) unless it says otherwise, `wss://dashscope.aliyuncs.com`
/// (Beijing), or a workspace's own; `key`: of the same region.
pub type QwenConfig = Section<QwenOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QwenOwn {
    #[serde(default = "model")]
    pub model: String,
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

fn model() -> String {
    "qwen3-tts-flash-realtime".to_owned()
}

/// A voice speaks one dialect of Chinese, whatever it is asked: Cherry Mandarin, Kiki Cantonese.
fn voices() -> BTreeMap<Language, String> {
    BTreeMap::from([(Language::Mandarin, "Cherry".to_owned()), (Language::Cantonese, "Kiki".to_owned())])
}

impl Own for QwenOwn {
    /// Model Studio's page on regions and deployment modes, as read on 2026-11-21: Beijing computes within China; the other regions keep
    /// data, and compute wherever the deployment's scope allows, which an address does not say.
    const HOSTS: Hosts = &[
        ("dashscope.aliyuncs.com", Some("CN")),
        (".cn-beijing.maas.aliyuncs.com", Some("CN")),
        (".aliyuncs.com", None),
    ];

    fn usual_address(&self) -> Cow<'static, str> {
        "wss://dashscope-intl.aliyuncs.com".into()
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.model.ends_with("-realtime") && !self.model.contains("-realtime-") {
            let model = &self.model;
            wrong.push(format!(
                "{section}.model: `{model}` does not stream; write for example qwen3-tts-flash-realtime"
            ));
        }
        if self.voices.is_empty() {
            wrong.push(format!("{section}.voices: nobody speaks; write for example {{ zh-HK = \"Kiki\" }}"));
        }
        let mend = "missing; write the name of a voice, for example Cherry";
        let wrong_name = |_, voice: &str| voice.is_empty().then(|| mend.to_owned());
        let speaks = |language| spoken(language).is_some();
        wrong.extend(account::check_voices(section, &self.voices, "Qwen", speaks, wrong_name));
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Audio));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Audio));
        wrong
    }
}

impl QwenOwn {
    /// Whose voice speaks this language, if anybody's.
    pub fn voice(&self, language: Language) -> Option<&str> {
        spoken(language).and_then(|_| self.voices.get(&language)).map(String::as_str)
    }
}

/// Qwen's name of the language. Dialects of Chinese are a matter of the voice.
pub(super) const fn spoken(language: Language) -> Option<&'static str> {
    match language {
        Language::Mandarin | Language::Cantonese => Some("Chinese"),
        Language::English => Some("English"),
        Language::French => Some("French"),
        Language::Punjabi => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::residency::Place;

    fn config(text: &str) -> QwenConfig {
        toml::from_str(&format!("key = {{ env = \"PATH\" }}\n{text}")).unwrap()
    }

    #[test]
    fn as_it_is_it_speaks_chinese_and_an_address_says_where_it_goes() {
        let usual = config("");
        assert_eq!(usual.check("providers.qwen"), Vec::<String>::new());
        assert_eq!(Language::ALL.map(|l| usual.own.voice(l).is_some()), [false, true, true, false, false]);
        for (address, place) in [
            ("wss://dashscope-intl.aliyuncs.com", Place::Anywhere),
            ("wss://dashscope.aliyuncs.com", Place::In("CN".to_owned().try_into().unwrap())),
            ("wss://w.us-east-1.maas.aliyuncs.com", Place::Anywhere),
            ("wss://tts.clinic.example", Place::Unstated),
        ] {
            assert_eq!(config(&format!("base_url = \"{address}\"")).place(), place, "{address}");
        }
    }

    #[test]
    fn what_it_cannot_do_is_told_with_the_mend() {
        for (text, key) in [
            ("base_url = \"https://dashscope.aliyuncs.com\"", "base_url"),
            ("voices = {}", "voices"),
            ("voices = { pa-IN = \"Cherry\" }", "voices.pa-IN"),
            ("model = \"qwen3-tts-flash\"", "model"),
            ("country = \"CA\"", "country"),
            ("silence_ms = 3000", "silence_ms"),
        ] {
            let all = config(text).check("providers.qwen");
            let fits = |one: &String| one.starts_with(&format!("providers.qwen.{key}: ")) && one.contains("; ");
            assert!(all.len() == 1 && fits(&all[0]), "{text}: {all:?}");
        }
    }
}
