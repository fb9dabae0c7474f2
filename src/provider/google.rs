//! What Google's services of speech have in common: a service account's key, the token that each call has, and locations, which are in the
//! host's name and say where data goes.
//!
//! It asks nobody: a token is made here.

mod key;

use std::borrow::Cow;

use axum::http::header::{AUTHORIZATION, HeaderName, HeaderValue};

pub(crate) use key::ServiceAccount;

use super::account::Account;
use super::residency::{self, Country, Hosts, Place};
use super::{ErrorKind, ProviderError, grpc};
use crate::clock;
use crate::config::SecretSource;

/// Google's own hosts as `base_url`: the location is then not known from its name.
pub(crate) const HOSTS: Hosts = &[(".googleapis.com", None)];

/// Locations of a service in countries of which a clinic may say that nothing leaves them.
pub(crate) type Places = &'static [(&'static str, &'static str)];

/// The locations in this country.
pub(crate) fn locations(places: Places, country: &Country) -> Vec<&'static str> {
    places.iter().filter(|(_, of)| country.holds(of)).map(|(location, _)| *location).collect()
}

/// Where this service is in this location.
pub(crate) fn address(service: &str, location: &str) -> Cow<'static, str> {
    match location {
        "global" => format!("https://{service}.googleapis.com").into(),
        location => format!("https://{location}-{service}.googleapis.com").into(),
    }
}

/// Where what is sent to this location goes.
pub(crate) fn place(places: Places, location: &str, account: &Account) -> Place {
    if let Some(base) = &account.base_url {
        return residency::of_address(base, HOSTS, account.country.as_ref());
    }
    let known = places.iter().find(|(known, _)| *known == location).map(|(_, country)| *country);
    let known = known.or_else(|| location.starts_with("us-").then_some("US"));
    match known.and_then(|country| Country::try_from(country.to_owned()).ok()) {
        Some(country) => Place::In(country),
        None if location == "global" => Place::Anywhere,
        None => account.country.clone().map_or(Place::Unstated, Place::In),
    }
}

pub(crate) fn wrong_address(base: &str) -> Option<String> {
    (!grpc::is_address(base))
        .then(|| format!("`{base}` is no address; leave it out, or write for example http://127.0.0.1:8091"))
}

pub(crate) fn wrong_key(key: &SecretSource) -> Option<String> {
    key.read_whole().and_then(|key| ServiceAccount::read(key.expose())).err()
}

pub(crate) fn wrong_location(section: &str, location: &str) -> Option<String> {
    (!is_name(location)).then(|| format!("{section}.location: `{location}` is none; write for example us"))
}

/// Whether a location or a model may be called so.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
}

impl ServiceAccount {
    /// The header that a call of this service has (`https://speech.googleapis.com/`). It is never logged.
    pub(crate) fn bearer(
        &self,
        provider: &'static str,
        audience: &str,
    ) -> Result<(HeaderName, HeaderValue), ProviderError> {
        let failed = |what: String| ProviderError { provider, kind: ErrorKind::Unauthorised, what, retry_after: None };
        let token = self.token(audience, clock::wall().unix_timestamp()).map_err(failed)?;
        let mut token = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| failed("the key has characters that no key has".to_owned()))?;
        token.set_sensitive(true);
        Ok((AUTHORIZATION, token))
    }
}
