//! Where what callers say goes. Each provider states it from its address and region; a clinic may say that nothing leaves a country.
//!
//! What is not known leaves: an address is taken for where its operator says it is, never for where it seems to be. Only what this
//! machine keeps to itself (a loopback address) needs no word. Carriers are not providers: they have heard the call already.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

const EU: &str = "EU";

/// A country by its two letters (ISO 3166), or EU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(String);

impl TryFrom<String> for Country {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        if fits { Ok(Self(text)) } else { Err(format!("`{text}` is no country; write two letters, for example CA")) }
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.0
    }
}

/// Of the European Union, in 2026.
const MEMBERS: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

impl Country {
    /// Whether what is in this one, by its two letters, is in the country: the EU holds its members. A member does not hold the EU: what may
    /// be anywhere in it may have left the country.
    pub fn holds(&self, other: &str) -> bool {
        self.0 == other || (self.0 == EU && MEMBERS.contains(&other))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a provider takes what it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It runs on this machine.
    Here,
    In(Country),
    /// The vendor takes it where it likes.
    Anywhere,
    /// An address that says nothing, of which its operator has said nothing.
    Unstated,
}

impl Place {
    pub fn stays_in(&self, country: &Country) -> bool {
        match self {
            Self::Here => true,
            Self::In(other) => country.holds(&other.0),
            Self::Anywhere | Self::Unstated => false,
        }
    }

    /// Whether all that keeps it from this country is that it may be anywhere in the EU.
    pub fn is_around(&self, country: &Country) -> bool {
        matches!(self, Self::In(place) if place.0 == EU && place.holds(&country.0) && place != country)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => f.write_str("this machine"),
            Self::In(country) => country.fmt(f),
            Self::Anywhere => f.write_str("wherever the vendor takes it"),
            Self::Unstated => f.write_str("an address whose country is not stated"),
        }
    }
}

/// Hosts of a vendor, or ends of them that begin with a dot, and the country of each; `None`: the vendor does not say.
pub type Hosts = &'static [(&'static str, Option<&'static str>)];

/// Where an address is: the vendor's own word for its hosts, else what its operator has stated.
pub fn of_address(address: &str, hosts: Hosts, stated: Option<&Country>) -> Place {
    let url = Url::parse(address).ok();
    let host = url.as_ref().and_then(Url::host);
    let is_here = match &host {
        Some(Host::Domain(name)) => *name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    if is_here {
        return Place::Here;
    }
    let name = host.map(|host| host.to_string()).unwrap_or_default();
    let fits = |known: &str| name == known || (known.starts_with('.') && name.ends_with(known));
    match (hosts.iter().find(|(known, _)| fits(known)), stated) {
        (Some((_, Some(country))), _) => Place::In(Country((*country).to_owned())),
        (Some((_, None)), _) => Place::Anywhere,
        (None, Some(country)) => Place::In(country.clone()),
        (None, None) => Place::Unstated,
    }
}

/// Whether a stated country contradicts the vendor's own word: `key: what is wrong; what to write instead`.
pub fn check(section: &str, place: &Place, stated: Option<&Country>) -> Option<String> {
    let stated = stated?;
    let is_so = match place {
        Place::Here | Place::Unstated => true,
        Place::In(country) => country == stated,
        Place::Anywhere => false,
    };
    (!is_so).then(|| format!("{section}.country: {stated}, but this address sends to {place}; leave it out, it is for servers of your own"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: Hosts = &[("api.eu.vendor.com", Some("EU")), (".vendor.com", None)];

    fn country(text: &str) -> Country {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn an_address_is_where_its_vendor_or_its_operator_says() {
        let ca = country("CA");
        let at = |address, stated| of_address(address, HOSTS, stated).to_string();
        assert_eq!(at("wss://api.eu.vendor.com/x", None), "EU");
        assert_eq!(at("wss://api.vendor.com", Some(&ca)), "wherever the vendor takes it");
        assert_eq!(at("https://llm.clinic.example/v1", Some(&ca)), "CA");
        assert_eq!(at("https://10.0.0.7/v1", None), "an address whose country is not stated");
        assert_eq!(at("http://127.0.0.1:8090/v1", None), "this machine");
        assert_eq!(at("http://[::1]:8090/v1", None), "this machine");
        assert_eq!(at("https://localhost.example/v1", None), "an address whose country is not stated");
        assert_eq!(at("https://evilvendor.com/v1", None), "an address whose country is not stated");
    }

    #[test]
    fn what_is_not_known_leaves() {
        let ca = country("CA");
        assert!(Place::Here.stays_in(&ca) && Place::In(ca.clone()).stays_in(&ca));
        for place in [Place::Anywhere, Place::Unstated, Place::In(country("US"))] {
            assert!(!place.stays_in(&ca), "{place}");
        }
    }

    #[test]
    fn the_eu_holds_its_members_and_no_member_holds_the_eu() {
        let (eu, nl) = (country("EU"), country("NL"));
        for member in ["NL", "IE", "DE", "FR", "SE", "IT", "EU"] {
            assert!(Place::In(country(member)).stays_in(&eu), "{member}");
        }
        for other in ["GB", "CH", "NO", "US"] {
            assert!(
                !Place::In(country(other)).stays_in(&eu) && !Place::In(eu.clone()).is_around(&country(other)),
                "{other}"
            );
        }
        assert!(!Place::In(eu.clone()).stays_in(&nl) && !Place::In(country("DE")).stays_in(&nl));
        assert!(Place::In(eu.clone()).is_around(&nl) && !Place::In(eu.clone()).is_around(&eu));
    }

    #[test]
    fn nobody_moves_a_vendor_by_stating_a_country() {
        let ca = country("CA");
        let place = of_address("wss://api.vendor.com", HOSTS, Some(&ca));
        let wrong = check("providers.vendor", &place, Some(&ca)).unwrap();
        assert!(wrong.starts_with("providers.vendor.country: CA, but") && wrong.contains("leave it out"), "{wrong}");
        assert_eq!(check("providers.vendor", &Place::In(ca.clone()), Some(&ca)), None);
        assert!(Country::try_from("Canada".to_owned()).unwrap_err().contains("for example CA"));
    }
}
