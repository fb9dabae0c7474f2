//! `[providers.azure_speech]`: which region speaks, and with whose voices.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::provider::account::{self, Account, Deadline, Limit, Own, Section};
use crate::provider::grpc;
use crate::provider::residency::{self, Country, Hosts, Place};

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

/// Regions of the speech service and their countries, as in Microsoft's list of 2026; of others the country is to be stated.
const REGIONS: [(&str, &str); 33] = [
    ("canadacentral", "CA"),
    ("canadaeast", "CA"),
    ("centralus", "US"),
    ("eastus", "US"),
    ("eastus2", "US"),
    ("northcentralus", "US"),
    ("southcentralus", "US"),
    ("westcentralus", "US"),
    ("westus", "US"),
    ("westus2", "US"),
    ("westus3", "US"),
    ("brazilsouth", "BR"),
    ("francecentral", "FR"),
    ("germanywestcentral", "DE"),
    ("italynorth", "IT"),
    ("northeurope", "IE"),
    ("norwayeast", "NO"),
    ("swedencentral", "SE"),
    ("switzerlandnorth", "CH"),
    ("switzerlandwest", "CH"),
    ("uksouth", "GB"),
    ("ukwest", "GB"),
    ("westeurope", "NL"),
    ("australiaeast", "AU"),
    ("centralindia", "IN"),
    ("eastasia", "HK"),
    ("japaneast", "JP"),
    ("japanwest", "JP"),
    ("koreacentral", "KR"),
    ("southeastasia", "SG"),
    ("southafricanorth", "ZA"),
    ("qatarcentral", "QA"),
    ("uaenorth", "AE"),
];

/// The regions in this country.
pub fn regions(country: &Country) -> Vec<&'static str> {
    REGIONS.into_iter().filter(|(_, of)| *of == country.to_string()).map(|(region, _)| region).collect()
}

impl Own for AzureOwn {
    /// Microsoft's own hosts as `base_url`: the region is then not known from its name.
    const HOSTS: Hosts = &[(".microsoft.com", None), (".azure.com", None)];

    fn usual_address(&self) -> Cow<'static, str> {
        format!("https://{}.tts.speech.microsoft.com", self.region).into()
    }

    fn place(&self, account: &Account) -> Place {
        if let Some(base) = &account.base_url {
            return residency::of_address(base, Self::HOSTS, account.country.as_ref());
        }
        let known = REGIONS.into_iter().find(|(region, _)| *region == self.region);
        let country =
            known.and_then(|(_, country)| country.to_owned().try_into().ok()).or_else(|| account.country.clone());
        country.map_or(Place::Unstated, Place::In)
    }

    fn wrong_address(&self, base: &str) -> Option<String> {
        (!grpc::is_address(base))
            .then(|| format!("`{base}` is no HTTP address; leave it out, or write for example http://127.0.0.1:8090"))
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let is_region =
            !self.region.is_empty() && self.region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !is_region {
            wrong.push(format!("{section}.region: `{}` is no region; write for example canadacentral", self.region));
        }
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
