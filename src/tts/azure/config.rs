//! `[providers.azure_speech]`: which region speaks, and with whose voices.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::provider::account::{self, Account, Deadline, Limit, Own, Section};
use crate::provider::residency::{Hosts, Place};
use crate::provider::{azure, grpc};

/// `[providers.azure_speech]`. `base_url`: instead of the region's own address, a container on your machines, or a proxy; `country`: where that
/// is, or a region that attendant does not know.
pub type AzureConfig = Section<AzureOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureOwn {
    /// As in the resource's page: `canadacentral`. It decides where data goes.
    pub region: String,
    /// Another voice than the usual one of a language.
    #[serde(default)]
    pub voices: BTreeMap<Language, String>,
    /// From a text to its audio, and from piece to piece of it.
    #[serde(default = "Deadline::of_voice")]
    pub silence_ms: Deadline,
}

impl Own for AzureOwn {
    const HOSTS: Hosts = azure::HOSTS;

    fn usual_address(&self) -> Cow<'static, str> {
        format!("https://{}.tts.speech.microsoft.com", self.region).into()
    }

    fn place(&self, account: &Account) -> Place {
        azure::place(&self.region, account)
    }

    fn wrong_address(&self, base: &str) -> Option<String> {
        (!grpc::is_address(base))
            .then(|| format!("`{base}` is no HTTP address; leave it out, or write for example http://127.0.0.1:8090"))
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong: Vec<String> = azure::wrong_region(section, &self.region).into_iter().collect();
        let is_name =
            |voice: &str| !voice.is_empty() && voice.chars().all(|c| c.is_ascii_alphanumeric() || "-:".contains(c));
        let wrong_name = |language, voice: &str| {
            let mend = usual(language);
            (!is_name(voice)).then(|| format!("`{voice}` is no name of a voice; write for example {mend}"))
        };
        wrong.extend(account::check_voices(section, &self.voices, "Azure", |_| true, wrong_name));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Audio));
        wrong
    }
}

impl AzureOwn {
    pub fn voice(&self, language: Language) -> &str {
        self.voices.get(&language).map_or_else(|| usual(language), String::as_str)
    }
}

/// Neural voices that every region with neural voices is said to have; see docs/providers.md.
const fn usual(language: Language) -> &'static str {
    match language {
        Language::English => "en-CA-ClaraNeural",
        Language::French => "fr-CA-SylvieNeural",
        Language::Mandarin => "zh-CN-XiaoxiaoNeural",
        Language::Cantonese => "zh-HK-HiuMaanNeural",
        Language::Punjabi => "pa-IN-VaaniNeural",
    }
}
