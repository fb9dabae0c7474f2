//! Where Azure's speech service is, by its regions: its recogniser and its voices have hosts of their own in each.

use super::account::Account;
use super::residency::{self, Country, Hosts, Place};

/// Microsoft's own hosts as `base_url`: the region is then not known from its name.
pub(crate) const HOSTS: Hosts = &[(".microsoft.com", None), (".azure.com", None)];

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
pub(crate) fn regions(country: &Country) -> Vec<&'static str> {
    REGIONS.into_iter().filter(|(_, of)| country.holds(of)).map(|(region, _)| region).collect()
}

/// Where what is sent to this region goes.
pub(crate) fn place(region: &str, account: &Account) -> Place {
    if let Some(base) = &account.base_url {
        return residency::of_address(base, HOSTS, account.country.as_ref());
    }
    let known = REGIONS.into_iter().find(|(known, _)| *known == region);
    let country = known.and_then(|(_, country)| country.to_owned().try_into().ok()).or_else(|| account.country.clone());
    country.map_or(Place::Unstated, Place::In)
}

pub(crate) fn wrong_region(section: &str, region: &str) -> Option<String> {
    let is_region = !region.is_empty() && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    (!is_region).then(|| format!("{section}.region: `{region}` is no region; write for example canadacentral"))
}
