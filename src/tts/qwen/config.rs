//! `[providers.qwen]`: which Model Studio speaks, who pays, and whose voice speaks which language.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::SecretSource;
use crate::language::Language;
use crate::provider::residency::{self, Country, Hosts, Place};
use crate::provider::socket::is_address;
use crate::provider::tls::{self, Authority};

/// `[providers.qwen]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QwenConfig {
    /// Without a path: `wss://dashscope-intl.aliyuncs.com` (Singapore), `wss://dashscope.aliyuncs.com` (Beijing), or a workspace's own.
    #[serde(default = "base_url")]
    pub base_url: String,
    /// Of the same region as the address.
    pub key: SecretSource,
    /// Where a server of your own is; the vendor's own hosts say so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Who signed the certificate of a server of your own; without it, this machine's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    #[serde(default = "model")]
    pub model: String,
    /// The name of a voice for each language that it is to speak; the others are spoken by the next voice.
    #[serde(default = "voices")]
    pub voices: BTreeMap<Language, String>,
    /// Connected and ready.
    #[serde(default = "second")]
    pub connect_ms: u64,
    /// From a text, or from the last audio, to the next.
    #[serde(default = "second")]
    pub silence_ms: u64,
}

fn base_url() -> String {
    "wss://dashscope-intl.aliyuncs.com".to_owned()
}

fn model() -> String {
    "qwen3-tts-flash-realtime".to_owned()
}

/// A voice speaks one dialect of Chinese, whatever it is asked: Cherry Mandarin, Kiki Cantonese.
fn voices() -> BTreeMap<Language, String> {
    BTreeMap::from([(Language::Mandarin, "Cherry".to_owned()), (Language::Cantonese, "Kiki".to_owned())])
}

/// Below the 1.2 s after which the call asks the next voice, so that the log names the reason.
const fn second() -> u64 {
    1_000
}

/// Model Studio's page on regions and deployment modes, as read on 2026-11-21: Beijing computes within China; the other regions keep
/// data, and compute wherever the deployment's scope allows, which an address does not say.
const HOSTS: Hosts =
    &[("dashscope.aliyuncs.com", Some("CN")), (".cn-beijing.maas.aliyuncs.com", Some("CN")), (".aliyuncs.com", None)];

impl QwenConfig {
    /// Where it takes what is said to callers.
    pub fn place(&self) -> Place {
        residency::of_address(&self.base_url, HOSTS, self.country.as_ref())
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if !is_address(&self.base_url) {
            wrong.push(format!(
                "{section}.base_url: `{}` is no WebSocket address; write for example wss://dashscope-intl.aliyuncs.com",
                self.base_url
            ));
        }
        if let Err(what) = self.key.read() {
            wrong.push(format!("{section}.key: {what}"));
        }
        wrong.extend(residency::check(section, &self.place(), self.country.as_ref()));
        wrong.extend(tls::check(section, self.ca.as_ref(), &self.base_url));
        if !self.model.ends_with("-realtime") && !self.model.contains("-realtime-") {
            let model = &self.model;
            wrong.push(format!(
                "{section}.model: `{model}` does not stream; write for example qwen3-tts-flash-realtime"
            ));
        }
        if self.voices.is_empty() {
            wrong.push(format!("{section}.voices: nobody speaks; write for example {{ zh-HK = \"Kiki\" }}"));
        }
        for (language, voice) in &self.voices {
            if spoken(*language).is_none() {
                wrong.push(format!("{section}.voices.{language}: Qwen does not speak it; leave it to the next voice"));
            } else if voice.is_empty() {
                wrong.push(format!(
                    "{section}.voices.{language}: missing; write the name of a voice, for example Cherry"
                ));
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
    pub fn voice(&self, language: Language) -> Option<&str> {
        spoken(language).and_then(|_| self.voices.get(&language)).map(String::as_str)
    }

    pub(super) fn address(&self) -> Result<Url, url::ParseError> {
        let mut url = Url::parse(&self.base_url)?;
        url.set_path(&format!("{}/api-ws/v1/realtime", url.path().trim_end_matches('/')));
        url.query_pairs_mut().clear().append_pair("model", &self.model);
        Ok(url)
    }

    pub(super) const fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    pub(super) const fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
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

    fn config(text: &str) -> QwenConfig {
        toml::from_str(&format!("key = {{ env = \"PATH\" }}\n{text}")).unwrap()
    }

    #[test]
    fn as_it_is_it_speaks_chinese_and_an_address_says_where_it_goes() {
        let usual = config("");
        assert_eq!(usual.check("providers.qwen"), Vec::<String>::new());
        assert_eq!(Language::ALL.map(|l| usual.voice(l).is_some()), [false, true, true, false, false]);
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
