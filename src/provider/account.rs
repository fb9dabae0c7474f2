//! What the sections of hosted providers have in common: where the provider is, with which key it is asked, in whose country it is, and
//! whose certificate it has. One reader ([`Section`]), one check, one way to reach who is behind a WebSocket ([`Reached`]), and one to ask who
//! answers HTTP requests ([`Posted`]).
//!
//! It knows no provider: what differs is each one's [`Own`]. It asks nobody, and never shows a key.

mod deadline;
mod posted;
mod reached;
mod section;
mod voices;

use std::borrow::Cow;

use axum::http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;

pub use deadline::{Deadline, Limit};
pub(crate) use posted::{KeyIn, Posted};
pub(crate) use reached::Reached;
pub use section::Section;
pub(crate) use voices::check as check_voices;

use super::residency::{self, Country, Hosts, Place};
use super::socket;
use super::tls::{self, Authority};
use super::{ErrorKind, ProviderError};
use crate::config::{Secret, SecretSource};
use crate::store::{SIMPLE, is_default};

/// What every such section may say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Instead of the provider's own address, without a path: another region, a proxy, a server of your own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    pub key: SecretSource,
    /// Where a server of your own is; a vendor's own hosts say so themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Who signed the certificate of a server of your own; without it, this machine's authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
}

/// What a provider's section says besides, and what is known of the provider. What is wrong is `what is wrong; what to write instead`.
pub trait Own {
    /// Its hosts, and where they take what they are sent.
    const HOSTS: Hosts;

    /// Where it is if the section names no address.
    fn usual_address(&self) -> Cow<'static, str>;

    /// Where it takes what it is sent.
    fn place(&self, account: &Account) -> Place {
        residency::of_address(&account.address(self), Self::HOSTS, account.country.as_ref())
    }

    /// What is wrong with an address that the section names. Most are reached over a WebSocket.
    fn wrong_address(&self, base_url: &str) -> Option<String> {
        (!socket::is_address(base_url))
            .then(|| format!("`{base_url}` is no WebSocket address; write for example {}", self.usual_address()))
    }

    fn wrong_key(&self, key: &SecretSource) -> Option<String> {
        no_key(key)
    }

    /// What is wrong with its own keys, each under the section `section`.
    fn check(&self, section: &str) -> Vec<String>;
}

/// A section, whoever its provider is.
pub trait Stated {
    /// Where the provider is.
    fn address(&self) -> Cow<'_, str>;

    /// Where it takes what it is sent.
    fn place(&self) -> Place;

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    fn check(&self, section: &str) -> Vec<String>;
}

/// Why this is no key that a vendor gave: `what is wrong; what to write instead`.
pub(crate) fn no_key(key: &SecretSource) -> Option<String> {
    match key.read() {
        Err(what) => Some(what),
        Ok(key) => is_default(key.expose()).then(|| format!("{SIMPLE}; write the key that the vendor gave you there")),
    }
}

/// The name of a vendor's account, whatever it is used for: at which host, and where its key is kept. Never the key.
pub(crate) fn name_of(vendor: &str, address: &str, key: Option<&SecretSource>) -> String {
    let url = Url::parse(address).ok();
    let host = url.as_ref().and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
    let key = key.map(SecretSource::place).unwrap_or_default();
    format!("{vendor} {} {key}", host.as_deref().unwrap_or(address))
}

impl<O: Own> Stated for Section<O> {
    fn address(&self) -> Cow<'_, str> {
        self.address()
    }

    fn place(&self) -> Place {
        self.place()
    }

    fn check(&self, section: &str) -> Vec<String> {
        self.check(section)
    }
}

impl Account {
    /// What is named, or the provider's usual one.
    pub(crate) fn address<O: Own + ?Sized>(&self, own: &O) -> Cow<'_, str> {
        self.base_url.as_deref().map_or_else(|| own.usual_address(), Cow::Borrowed)
    }
}

impl<O: Own> Section<O> {
    /// Where the provider is: the address that is named, or its usual one.
    pub fn address(&self) -> Cow<'_, str> {
        self.account.address(&self.own)
    }

    /// With which of this vendor's accounts it is asked.
    pub fn account_name(&self, vendor: &str) -> String {
        name_of(vendor, &self.address(), Some(&self.account.key))
    }

    /// Where it takes what it is sent.
    pub fn place(&self) -> Place {
        self.own.place(&self.account)
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let Account { base_url, key, country, ca } = &self.account;
        let address = base_url.as_deref().and_then(|base_url| self.own.wrong_address(base_url));
        let mut wrong: Vec<String> = address.into_iter().map(|what| format!("{section}.base_url: {what}")).collect();
        wrong.extend(self.own.wrong_key(key).map(|what| format!("{section}.key: {what}")));
        wrong.extend(residency::check(section, &self.place(), country.as_ref()));
        wrong.extend(tls::check(section, ca.as_ref(), &self.address()));
        wrong.extend(self.own.check(section));
        wrong
    }
}

/// A key in this header, behind these words. It is never logged.
fn secret(
    provider: &'static str,
    key: &Secret,
    header: HeaderName,
    before: &str,
) -> Result<(HeaderName, HeaderValue), ProviderError> {
    let wrong = "the key has characters that no key has";
    let mut value = HeaderValue::try_from(format!("{before}{}", key.expose())).map_err(|_| ProviderError {
        provider,
        kind: ErrorKind::Unauthorised,
        what: wrong.to_owned(),
        retry_after: None,
    })?;
    value.set_sensitive(true);
    Ok((header, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_missing_or_was_never_written_is_told_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let told = |key: &str| {
            let file = folder.path().join("key");
            std::fs::write(&file, key).unwrap();
            no_key(&SecretSource { env: None, file: Some(file) })
        };
        for key in ["changeme", "your-api-key-here", "<YOUR_API_KEY>", "secret"] {
            let why = told(key).unwrap();
            assert!(why.contains("well-known") && why.contains("; write") && !why.contains(key), "{why}");
        }
        assert!(told(" \n").unwrap().contains("empty"));
        // A simulated vendor takes any, and what a vendor gives is long enough.
        for key in ["a-key", "sk-proj-5b1f0c9d7e3a4826b1f0c9d7"] {
            assert_eq!(told(key), None);
        }
    }

    #[test]
    fn an_account_is_a_vendor_a_host_and_the_place_of_a_key_whatever_it_is_used_for() {
        let [one, other] = ["ONE", "OTHER"].map(|name| SecretSource { env: Some(name.to_owned()), file: None });
        let name = name_of("sarvam", "wss://api.sarvam.ai", Some(&one));
        assert_eq!(name, "sarvam api.sarvam.ai:443 $ONE");
        assert_eq!(name_of("sarvam", "https://api.sarvam.ai/v1", Some(&one)), name);
        for another in [
            name_of("sarvam", "wss://api.sarvam.ai", Some(&other)),
            name_of("sarvam", "wss://api.sarvam.example", Some(&one)),
            // Simulated vendors share an address, and may share a key.
            name_of("cartesia", "wss://api.sarvam.ai", Some(&one)),
            name_of("openai", "http://127.0.0.1:8090/v1", None),
        ] {
            assert_ne!(another, name);
        }
    }
}
