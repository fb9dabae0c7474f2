//! `[providers.azure_speech]`: which region speaks, who pays, and with whose voices.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::SecretSource;
use crate::language::Language;
use crate::provider::residency::{self, Country, Hosts, Place};
use crate::provider::tls::{self, Authority};

/// `[providers.azure_speech]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureConfig {
    /// As in the resource's page: `canadacentral`. It decides where data goes.
    pub region: String,
    pub key: SecretSource,
    /// Instead of the region's own address: a container on your machines, or a proxy. Without a path.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Where `base_url` is, or a region that attendant does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Who signed the certificate of a server of your own; without it, this machine's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    /// Another voice than the usual one of a language.
    #[serde(default)]
    pub voices: BTreeMap<Language, String>,
    /// From a text to its audio, and from piece to piece of it.
    #[serde(default = "silence")]
    pub silence_ms: u64,
}

/// Below the 1.2 s after which the call asks the next voice, so that the log names the reason.
const fn silence() -> u64 {
    1_000
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

/// Microsoft's own hosts as `base_url`: the region is then not known from its name.
const HOSTS: Hosts = &[(".microsoft.com", None), (".azure.com", None)];

/// The regions in this country.
pub fn regions(country: &Country) -> Vec<&'static str> {
    REGIONS.into_iter().filter(|(_, of)| *of == country.to_string()).map(|(region, _)| region).collect()
}

impl AzureConfig {
    /// Where it takes what is said to callers.
    pub fn place(&self) -> Place {
        if let Some(base) = &self.base_url {
            return residency::of_address(base, HOSTS, self.country.as_ref());
        }
        let known = REGIONS.into_iter().find(|(region, _)| *region == self.region);
        let country =
            known.and_then(|(_, country)| country.to_owned().try_into().ok()).or_else(|| self.country.clone());
        country.map_or(Place::Unstated, Place::In)
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let is_region =
            !self.region.is_empty() && self.region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !is_region {
            wrong.push(format!("{section}.region: `{}` is no region; write for example canadacentral", self.region));
        }
        if is_region && self.address().is_none() {
            let base = self.base_url.as_deref().unwrap_or_default();
            wrong.push(format!("{section}.base_url: `{base}` is no HTTP address; leave it out, or write for example http://127.0.0.1:8090"));
        }
        if let Err(what) = self.key.read() {
            wrong.push(format!("{section}.key: {what}"));
        }
        wrong.extend(residency::check(section, &self.place(), self.country.as_ref()));
        let base = self.base_url.as_deref().unwrap_or("https:");
        wrong.extend(tls::check(section, self.ca.as_ref(), base));
        for (language, voice) in &self.voices {
            let is_name =
                !voice.is_empty() && voice.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':'));
            if !is_name {
                let usual = usual(*language);
                wrong.push(format!(
                    "{section}.voices.{language}: `{voice}` is no name of a voice; write for example {usual}"
                ));
            }
        }
        if !(100..=1_200).contains(&self.silence_ms) {
            let ms = self.silence_ms;
            wrong.push(format!("{section}.silence_ms: {ms} ms; write 100 to 1200: then the call asks the next voice"));
        }
        wrong
    }

    pub(super) fn address(&self) -> Option<Url> {
        let regional = || format!("https://{}.tts.speech.microsoft.com", self.region);
        let mut url = Url::parse(&self.base_url.clone().unwrap_or_else(regional)).ok()?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return None;
        }
        url.path_segments_mut().ok()?.pop_if_empty().extend(["cognitiveservices", "v1"]);
        Some(url)
    }

    pub fn voice(&self, language: Language) -> &str {
        self.voices.get(&language).map_or_else(|| usual(language), String::as_str)
    }

    pub(super) const fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
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
