//! `[providers.cartesia]`: which of Cartesia's models, and whose voice speaks which language.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::provider::account::{self, Deadline, Limit, Own, Section};
use crate::provider::residency::Hosts;

/// `[providers.cartesia]`. `base_url`: `wss://api.cartesia.ai` unless it says otherwise.
pub type CartesiaConfig = Section<CartesiaOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartesiaOwn {
    #[serde(default = "model")]
    pub model: String,
    /// The id of a voice for each language that it is to speak; the others are spoken by the next voice.
    pub voices: BTreeMap<Language, String>,
    /// Connected and ready.
    #[serde(default = "Deadline::of_voice")]
    pub connect_ms: Deadline,
    /// From a text, or from the last audio, to the next.
    #[serde(default = "Deadline::of_voice")]
    pub silence_ms: Deadline,
}

fn model() -> String {
    "sonic-3".to_owned()
}

impl Own for CartesiaOwn {
    /// Cartesia's page on regional endpoints, as read on 2026-11-21: each request goes to the closest endpoint; the regions of
    /// contracts (none in Canada) have hosts of their own, which their customers state.
    const HOSTS: Hosts = &[("api.cartesia.ai", None)];

    fn usual_address(&self) -> Cow<'static, str> {
        "wss://api.cartesia.ai".into()
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.model.is_empty() {
            wrong.push(format!("{section}.model: missing; write for example sonic-3"));
        }
        if self.voices.is_empty() {
            wrong.push(format!(
                "{section}.voices: nobody speaks; write for example {{ en-CA = \"the id of a voice\" }}"
            ));
        }
        let wrong_name = |_, voice: &str| voice.is_empty().then(|| "missing; write the id of a voice".to_owned());
        let speaks = |language| code(language).is_some();
        wrong.extend(account::check_voices(section, &self.voices, "Cartesia", speaks, wrong_name));
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Audio));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Audio));
        wrong
    }
}

impl CartesiaOwn {
    /// Whose voice speaks this language, if anybody's.
    pub(super) fn voice(&self, language: Language) -> Option<&str> {
        code(language).and_then(|_| self.voices.get(&language)).map(String::as_str)
    }
}

/// Cartesia's code of the language. Its `zh` is Mandarin.
pub(super) const fn code(language: Language) -> Option<&'static str> {
    match language {
        Language::English => Some("en"),
        Language::French => Some("fr"),
        Language::Mandarin => Some("zh"),
        Language::Punjabi => Some("pa"),
        Language::Cantonese => None,
    }
}
