//! `[emr.oscar]` in a clinic's file: where its OSCAR is, as whom to ask, and whom callers may book.
//!
//! Name and password come from the environment, from files or from the store; the password travels with every request, so only TLS will do, except to
//! this machine itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::super::{ProviderRef, server};
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
    #[serde(default = "server::connect_ms")]
    pub connect_ms: u64,
    /// From the request to the answer: a caller waits meanwhile.
    #[serde(default = "server::read_ms")]
    pub read_ms: u64,
    /// A write without an answer is looked for so long before it is left to the staff.
    #[serde(default = "server::settle_ms")]
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

/// Characters: the column is no longer.
const LONGEST_PROVIDER: usize = 6;

impl OscarConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let example = "https://oscar.example.ca:8443/oscar/ws";
        wrong.extend(server::wrong_address("emr.oscar.base_url", &self.base_url, example, "password"));
        for (key, source, other) in [("user", &self.user, &self.password), ("password", &self.password, &self.user)] {
            match (source, other) {
                (Some(source), _) => wrong.extend(source.read().err().map(|what| format!("emr.oscar.{key}: {what}"))),
                (None, Some(_)) => wrong.push(format!(
                    "emr.oscar.{key}: missing; write both user and password, or neither and run `attendant clinic credentials set`"
                )),
                (None, None) => {}
            }
        }
        wrong.extend(server::wrong_providers("emr.oscar", &self.providers, "101", |number| {
            (1..=LONGEST_PROVIDER).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric())
        }));
        let times = server::wrong_times("emr.oscar", [self.connect_ms, self.read_ms, self.settle_ms]);
        wrong.extend(times);
        wrong
    }

    /// The account that environment or files hold; `None`: it is in the store.
    pub fn login(&self) -> Result<Option<Login>, String> {
        let (Some(user), Some(password)) = (&self.user, &self.password) else { return Ok(None) };
        let read = |key: &str, source: &SecretSource| source.read().map_err(|what| format!("emr.oscar.{key}: {what}"));
        Ok(Some(Login { user: read("user", user)?, password: read("password", password)? }))
    }

    pub(super) fn base(&self) -> Option<Url> {
        server::plain_address(&self.base_url)
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
        let good = config("base_url", "base_url");
        assert_eq!((good.check(), [good.connect_ms, good.read_ms]), (Vec::new(), [2_000, 4_000]));
        let cases = [
            ("https://", "http://", "emr.oscar.base_url: ", "write https"),
            ("https://", "ftp://", "emr.oscar.base_url: ", "write for example"),
            ("https://", "https://me:secret@", "emr.oscar.base_url: ", "write for example"),
            ("101 = \"Dr. Wei Chen\"", "", "emr.oscar.providers: 0 of them", "101 = "),
            ("101 =", "1234567 =", "emr.oscar.providers.1234567: ", "such as 101"),
            ("Dr. Wei Chen", " ", "emr.oscar.providers.101: ", "as callers hear it"),
            ("[providers]", "read_ms = 60_000\n[providers]", "emr.oscar.read_ms: ", "100 to 10000"),
            (
                "[providers]",
                "read_ms = 6_000\n[providers]",
                "emr.oscar.settle_ms: 6000 ms to look first",
                "make 20000 ms; write less, 18000 in all",
            ),
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
