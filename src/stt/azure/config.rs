//! `[providers.azure_stt]`: which region hears.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::provider::account::{Account, Deadline, Limit, Own, Section};
use crate::provider::azure;
use crate::provider::residency::{Hosts, Place};

/// `[providers.azure_stt]`. `base_url`: instead of the region's own address, a container on your machines, or a proxy; `country`: where that
/// is, or a region that attendant does not know.
pub type AzureEarsConfig = Section<AzureEarsOwn>;

/// What the section says beside the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AzureEarsOwn {
    /// As in the resource's page: `canadacentral`. It decides where data goes.
    pub region: String,
    /// Connected.
    #[serde(default = "Deadline::of_recogniser")]
    pub connect_ms: Deadline,
    /// Last words are awaited, and Azure says nothing at all.
    #[serde(default = "Deadline::of_recogniser")]
    pub silence_ms: Deadline,
}

impl Own for AzureEarsOwn {
    const HOSTS: Hosts = azure::HOSTS;

    fn usual_address(&self) -> Cow<'static, str> {
        format!("wss://{}.stt.speech.microsoft.com", self.region).into()
    }

    fn place(&self, account: &Account) -> Place {
        azure::place(&self.region, account)
    }

    fn check(&self, section: &str) -> Vec<String> {
        let mut wrong: Vec<String> = azure::wrong_region(section, &self.region).into_iter().collect();
        wrong.extend(self.connect_ms.check(section, "connect_ms", Limit::Ready));
        wrong.extend(self.silence_ms.check(section, "silence_ms", Limit::Words));
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> AzureEarsConfig {
        toml::from_str(&format!("key = {{ env = \"PATH\" }}\n{text}")).unwrap()
    }

    #[test]
    fn a_region_says_where_it_goes() {
        let usual = config("region = \"canadacentral\"");
        assert_eq!(usual.check("providers.azure_stt"), Vec::<String>::new());
        assert_eq!(usual.address(), "wss://canadacentral.stt.speech.microsoft.com");
        for (text, place) in [
            ("region = \"canadaeast\"", "CA"),
            ("region = \"marsnorth\"", "an address whose country is not stated"),
            ("region = \"eastus\"\nbase_url = \"wss://stt.clinic.example\"\ncountry = \"CA\"", "CA"),
        ] {
            assert_eq!(config(text).place().to_string(), place, "{text}");
        }
    }

    #[test]
    fn what_it_cannot_do_is_told_with_the_mend() {
        for (text, key) in [
            ("region = \"Canada Central\"", "region"),
            ("region = \"eastus\"\nbase_url = \"https://stt.clinic.example\"", "base_url"),
            ("region = \"eastus\"\ncountry = \"CA\"", "country"),
            ("region = \"eastus\"\nsilence_ms = 3000", "silence_ms"),
        ] {
            let all = config(text).check("providers.azure_stt");
            let fits = |one: &String| one.starts_with(&format!("providers.azure_stt.{key}: ")) && one.contains("; ");
            assert!(all.len() == 1 && fits(&all[0]), "{text}: {all:?}");
        }
    }
}
