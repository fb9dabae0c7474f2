//! What sections of EMRs across a network have in common: an address that only TLS will do for, except on this machine itself, times that a
//! caller can wait for, and whom callers may book.

use std::collections::BTreeMap;
use std::net::IpAddr;

use url::{Host, Url};

use super::ProviderRef;
use super::ready::BEFORE_MS;

/// What must be known first, writing and looking, with a little to spare of the 20 s that a call gives a tool.
const LONGEST_WRITE_MS: u64 = 18_000;

/// Providers of one clinic; each is asked about on every day that is searched.
const MOST_PROVIDERS: usize = 60;

/// Without account, query or fragment in it: what cannot be used may hold a password.
pub(super) fn plain_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = url.username().is_empty() && url.password().is_none();
    let plain = bare && url.query().is_none() && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

/// What is wrong with an address, as `key: what is wrong; what to write instead`. `travels`: what goes there with every request.
pub(super) fn wrong_address(key: &str, text: &str, example: &str, travels: &str) -> Option<String> {
    match plain_address(text) {
        None => Some(format!("{key}: no plain HTTP address; write for example {example}")),
        Some(url) if url.scheme() != "https" && !is_this_machine(&url) => {
            Some(format!("{key}: `{text}` is not encrypted, and the {travels} travels with every request; write https"))
        }
        Some(_) => None,
    }
}

/// What is wrong with whom callers may book. `fits`: whether this may be a provider's name in the EMR, such as `example`.
pub(super) fn wrong_providers(
    section: &str,
    providers: &BTreeMap<ProviderRef, String>,
    example: &str,
    fits: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if providers.is_empty() || providers.len() > MOST_PROVIDERS {
        wrong.push(format!(
            "{section}.providers: {} of them; write 1 to {MOST_PROVIDERS}, as {example} = \"Dr. Wei Chen\"",
            providers.len()
        ));
    }
    for (ProviderRef(number), name) in providers {
        if !fits(number) {
            wrong.push(format!(
                "{section}.providers.{number}: no number of a provider; write the one that the EMR shows, such as {example}"
            ));
        }
        if name.trim().is_empty() {
            wrong.push(format!("{section}.providers.{number}: no name; write it as callers hear it"));
        }
    }
    wrong
}

/// What is wrong with how long it is waited for, in milliseconds: for a connection, an answer, and what became of a write.
pub(super) fn wrong_times(section: &str, [connect, read, settle]: [u64; 3]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, ms, most) in [("connect_ms", connect, 5_000), ("read_ms", read, 10_000), ("settle_ms", settle, 15_000)] {
        if !(100..=most).contains(&ms) {
            wrong.push(format!("{section}.{key}: {ms} ms; write 100 to {most}: a caller waits meanwhile"));
        }
    }
    let longest = BEFORE_MS + read + settle;
    if wrong.is_empty() && longest > LONGEST_WRITE_MS {
        wrong.push(format!(
            "{section}.settle_ms: {BEFORE_MS} ms to look first, read_ms and this make {longest} ms; write less, {LONGEST_WRITE_MS} in all: a call gives up after 20 s"
        ));
    }
    wrong
}

pub(super) const fn connect_ms() -> u64 {
    2_000
}

pub(super) const fn read_ms() -> u64 {
    4_000
}

pub(super) const fn settle_ms() -> u64 {
    8_000
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
