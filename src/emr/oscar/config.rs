//! `[emr.oscar]` in a clinic's file: where its OSCAR is, as whom to ask, and whom callers may book.
//!
//! Name and password come from the environment, from files or from the store; the password travels with every request, so only TLS will do, except to
//! this machine itself.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use url::{Host, Url};

use super::super::ProviderRef;
use crate::config::SecretSource;
use crate::emr::Login;

/// See the module header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OscarConfig {
    /// Up to and with `/ws`, for example `https://oscar.example.ca:8443/oscar/ws`.
    pub base_url: String,
    #[serde(default)]
    pub dialect: Dialect,
    /// Both, or neither: then the account is in the store.
    pub user: Option<SecretSource>,
    pub password: Option<SecretSource>,
    /// Those callers may book: number in OSCAR, and name as said. Nobody else is.
    pub providers: BTreeMap<ProviderRef, String>,
    /// TCP and TLS.
    #[serde(default = "connect")]
    pub connect_ms: u64,
    /// From the request to the answer: a caller waits meanwhile.
    #[serde(default = "read")]
    pub read_ms: u64,
    /// A write without an answer is looked for so long before it is left to the staff.
    #[serde(default = "settle")]
    pub settle_ms: u64,
}

/// Which OSCAR it is: they differ in the namespace of their requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OSCAR 15 and 19.
    #[default]
    Mcmaster,
    /// Open-O and CARLOS.
    Openo,
    Juno,
}

impl Dialect {
    pub(super) const fn namespace(self) -> &'static str {
        match self {
            Self::Mcmaster | Self::Openo => "http://ws.oscarehr.org/",
            Self::Juno => "http://v1.soap.external.ws.oscarehr.org/",
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Mcmaster => "mcmaster",
            Self::Openo => "openo",
            Self::Juno => "juno",
        }
    }
}

const fn connect() -> u64 {
    2_000
}

const fn read() -> u64 {
    4_000
}

const fn settle() -> u64 {
    8_000
}

/// Reading, writing and looking, with a little to spare of the time that a call gives a tool.
const LONGEST_WRITE_MS: u64 = 18_000;

/// Characters: the column is no longer.
const LONGEST_PROVIDER: usize = 6;

/// Providers of one clinic; each is asked about on every day that is searched.
const MOST_PROVIDERS: usize = 60;

impl OscarConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        match self.base() {
            // What cannot be used may hold a password.
            None => wrong.push(
                "emr.oscar.base_url: no plain HTTP address; write for example https://oscar.example.ca:8443/oscar/ws"
                    .into(),
            ),
            Some(url) if url.scheme() != "https" && !is_this_machine(&url) => wrong.push(format!(
                "emr.oscar.base_url: `{}` is not encrypted, and the password travels with every request; write https",
                self.base_url
            )),
            Some(_) => {}
        }
        for (key, source, other) in [("user", &self.user, &self.password), ("password", &self.password, &self.user)] {
            match (source, other) {
                (Some(source), _) => wrong.extend(source.read().err().map(|what| format!("emr.oscar.{key}: {what}"))),
                (None, Some(_)) => wrong.push(format!(
                    "emr.oscar.{key}: missing; write both user and password, or neither and run `attendant clinic credentials set`"
                )),
                (None, None) => {}
            }
        }
        if self.providers.is_empty() || self.providers.len() > MOST_PROVIDERS {
            wrong.push(format!(
                "emr.oscar.providers: {} of them; write 1 to {MOST_PROVIDERS}, as 101 = \"Dr. Wei Chen\"",
                self.providers.len()
            ));
        }
        for (ProviderRef(number), name) in &self.providers {
            let fits =
                (1..=LONGEST_PROVIDER).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
            if !fits {
                wrong.push(format!(
                    "emr.oscar.providers.{number}: no number of a provider; write the one that OSCAR shows, such as 101"
                ));
            }
            if name.trim().is_empty() {
                wrong.push(format!("emr.oscar.providers.{number}: no name; write it as callers hear it"));
            }
        }
        for (key, ms, most) in [
            ("connect_ms", self.connect_ms, 5_000),
            ("read_ms", self.read_ms, 10_000),
            ("settle_ms", self.settle_ms, 15_000),
        ] {
            if !(100..=most).contains(&ms) {
                wrong.push(format!("emr.oscar.{key}: {ms} ms; write 100 to {most}: a caller waits meanwhile"));
            }
        }
        let longest = 2 * self.read_ms + self.settle_ms;
        if wrong.is_empty() && longest > LONGEST_WRITE_MS {
            wrong.push(format!(
                "emr.oscar.settle_ms: twice read_ms and this make {longest} ms; write less, {LONGEST_WRITE_MS} in all: a call gives up after 20 s"
            ));
        }
        wrong
    }

    /// The account that environment or files hold; `None`: it is in the store.
    pub fn login(&self) -> Result<Option<Login>, String> {
        let (Some(user), Some(password)) = (&self.user, &self.password) else { return Ok(None) };
        let read = |key: &str, source: &SecretSource| source.read().map_err(|what| format!("emr.oscar.{key}: {what}"));
        Ok(Some(Login { user: read("user", user)?, password: read("password", password)? }))
    }

    pub(super) fn base(&self) -> Option<Url> {
        let url = Url::parse(&self.base_url).ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: &str, to: &str) -> OscarConfig {
        let folder = env!("CARGO_MANIFEST_DIR");
        let good = format!(
            r#"
            base_url = "https://oscar.example.ca:8443/oscar/ws"
            user = {{ file = "{folder}/Cargo.toml" }}
            password = {{ file = "{folder}/Cargo.toml" }}
            [providers]
            101 = "Dr. Wei Chen"
            "#
        );
        assert!(good.contains(change), "{change}");
        toml::from_str(&good.replace(change, to)).unwrap()
    }

    #[test]
    fn mistakes_are_named_with_their_key_and_mend() {
        assert_eq!(config("base_url", "base_url").check(), Vec::<String>::new());
        let cases = [
            ("https://", "http://", "emr.oscar.base_url: ", "write https"),
            ("https://", "ftp://", "emr.oscar.base_url: ", "write for example"),
            ("https://", "https://me:secret@", "emr.oscar.base_url: ", "write for example"),
            ("101 = \"Dr. Wei Chen\"", "", "emr.oscar.providers: 0 of them", "101 = "),
            ("101 =", "1234567 =", "emr.oscar.providers.1234567: ", "such as 101"),
            ("Dr. Wei Chen", " ", "emr.oscar.providers.101: ", "as callers hear it"),
            ("[providers]", "read_ms = 60_000\n[providers]", "emr.oscar.read_ms: ", "100 to 10000"),
            ("[providers]", "read_ms = 6_000\n[providers]", "emr.oscar.settle_ms: twice read_ms", "18000 in all"),
        ];
        for (change, to, key, mend) in cases {
            let wrong = config(change, to).check();
            assert!(wrong.len() == 1 && wrong[0].starts_with(key) && wrong[0].contains(mend), "{wrong:?}");
        }
        assert_eq!(config("https://oscar.example.ca:8443", "http://127.0.0.1:8095").check(), Vec::<String>::new());
    }

    #[test]
    fn an_account_is_named_whole_or_kept_in_the_store() {
        let folder = env!("CARGO_MANIFEST_DIR");
        let (user, password) = (
            format!("user = {{ file = \"{folder}/Cargo.toml\" }}"),
            format!("password = {{ file = \"{folder}/Cargo.toml\" }}"),
        );
        assert!(config(&user, &user).login().unwrap().is_some());
        for (left_out, key) in [(&user, "emr.oscar.user: missing"), (&password, "emr.oscar.password: missing")] {
            let wrong = config(left_out, "").check();
            assert!(wrong.len() == 1 && wrong[0].starts_with(key) && wrong[0].contains("credentials set"), "{wrong:?}");
        }
        let neither = config(&format!("{user}\n            {password}"), "");
        assert_eq!((neither.check(), neither.login()), (Vec::new(), Ok(None)));
    }

    #[test]
    fn a_secret_that_is_not_there_is_told_and_never_shown() {
        let wrong = config("Cargo.toml\" }\n            password", "nothing\" }\n            password").check();
        assert!(wrong.len() == 1 && wrong[0].starts_with("emr.oscar.user: cannot read"), "{wrong:?}");
    }
}
