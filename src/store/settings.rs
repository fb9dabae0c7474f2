//! `[store]` in the configuration.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Secret, SecretSource};

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Without it the records of calls stay the files that they are written to while calls go on.
    pub enabled: bool,
    /// `postgres://user@host/database`, without a password; unset: SQLite, in the folder of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of the database's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// File with the keys that seal what is a patient's; unset, with SQLite: `store/keys.toml` in the folder of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<PathBuf>,
    /// To the database, at most; of several clinics each has as many.
    pub connections: u32,
    /// Where the embedded database and its keys are, if not in the folder of records: of several clinics each has a folder of records of its own.
    #[serde(skip)]
    pub home: Option<PathBuf>,
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Off,
    Embedded,
    Postgres,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { enabled: true, url: None, password: None, keys: None, connections: 4, home: None }
    }
}

/// Connections that one server has a use for.
const MOST: u32 = 64;

impl StoreConfig {
    pub const fn kind(&self) -> Kind {
        match (self.enabled, &self.url) {
            (false, _) => Kind::Off,
            (true, None) => Kind::Embedded,
            (true, Some(_)) => Kind::Postgres,
        }
    }

    /// Where the keys are.
    pub fn keys_file(&self, records: &Path) -> PathBuf {
        self.keys.clone().unwrap_or_else(|| self.home(records).join("store/keys.toml"))
    }

    /// The folder of the embedded database: that of records, unless it is said to be another.
    pub fn home<'a>(&'a self, records: &'a Path) -> &'a Path {
        self.home.as_deref().unwrap_or(records)
    }

    pub(super) fn password(&self) -> Result<Option<Secret>, String> {
        self.password.as_ref().map(SecretSource::read).transpose()
    }

    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.connections == 0 || self.connections > MOST {
            wrong.push(format!("store.connections: {} does not fit; write 1 to {MOST}", self.connections));
        }
        if self.kind() != Kind::Postgres {
            if self.password.is_some() {
                wrong.push("store.password: SQLite has none; set store.url too, or leave it out".to_owned());
            }
            return wrong;
        }
        match self.url.as_deref().map(url::Url::parse) {
            Some(Ok(url)) if !matches!(url.scheme(), "postgres" | "postgresql") => {
                wrong.push(
                    "store.url: not PostgreSQL's; write postgres://user@host/database, or leave it out for SQLite"
                        .to_owned(),
                );
            }
            Some(Ok(url)) if url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password") => {
                wrong.push(
                    "store.url: has a password in it; write it to a file and name that in store.password".to_owned(),
                );
            }
            Some(Ok(_)) | None => {}
            Some(Err(_)) => wrong.push("store.url: no URL; write postgres://user@host/database".to_owned()),
        }
        if self.keys.is_none() {
            wrong.push(
                "store.keys: missing; run `attendant init --keys FILE` once, name the file here, and give every server of this database the same"
                    .to_owned(),
            );
        }
        match self.password() {
            Ok(Some(password)) => {
                wrong.extend(
                    weakness(password.expose()).map(|why| format!("store.password: {why}; set a long random one")),
                );
            }
            Ok(None) => wrong.extend(inherited(std::env::var("PGPASSWORD").ok().as_deref())),
            Err(why) => wrong.push(format!("store.password: {why}")),
        }
        wrong
    }
}

/// The database's driver takes this variable where nothing else is named.
fn inherited(password: Option<&str>) -> Option<String> {
    weakness(password?).map(|why| {
        format!("store.password: missing, and PGPASSWORD, which is taken instead, is {why}; set a long random one")
    })
}

/// Shorter ones can be guessed by trying.
const SHORTEST: usize = 12;

/// Words that guessers try first, and those that stand in examples; of two the longer one first.
const KNOWN: [&str; 26] = [
    "password",
    "passw0rd",
    "postgres",
    "attendant",
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "placeholder",
    "example",
    "apikey",
    "yourkey",
    "yourtoken",
    "secret",
    "letmein",
    "iloveyou",
    "123456",
    "1q2w3e4r",
    "1qaz2wsx",
    "qwertyuiop",
    "qwerty",
    "admin",
    "default",
    "welcome",
    "redis",
    "minio",
];

/// Words that make one of those no better.
const AROUND: [&str; 12] =
    ["production", "please", "super", "here", "your", "this", "with", "prod", "key", "my", "in", "me"];

/// Why this password would be no protection.
pub(crate) fn weakness(password: &str) -> Option<String> {
    if password.chars().count() < SHORTEST {
        return Some(format!("shorter than {SHORTEST} characters"));
    }
    is_well_known(password).then(|| SIMPLE.to_owned())
}

/// What is said of one that [`is_well_known`].
pub(crate) const SIMPLE: &str = "a well-known or simple one";

/// Whether it is guessed however long it is.
pub(crate) fn is_well_known(password: &str) -> bool {
    let mut kinds: Vec<char> = password.to_lowercase().chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.len() < 5 || is_default(password) || counts(password)
}

/// Whether it is what stood there before somebody was to write a secret: a well-known word with digits, signs or a few letters about it, or twice.
pub(crate) fn is_default(password: &str) -> bool {
    let mut rest = bare(password);
    let all = rest.len();
    for word in KNOWN {
        rest = rest.replace(word, "");
    }
    if rest.len() == all {
        return false;
    }
    for word in AROUND {
        rest = rest.replace(word, "");
    }
    rest.chars().filter(|c| c.is_alphabetic()).count() < 4
}

/// Whether its characters do little else than follow each other in the alphabet, or count.
fn counts(password: &str) -> bool {
    let bare: Vec<u32> = bare(password).chars().map(u32::from).collect();
    let next = bare.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
    bare.len() > 1 && next * 4 >= (bare.len() - 1) * 3
}

/// In small letters, without signs and spaces.
fn bare(password: &str) -> String {
    password.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Vec<String> {
        toml::from_str::<StoreConfig>(text).unwrap().check()
    }

    #[test]
    fn the_defaults_are_sqlite_and_in_order() {
        assert_eq!(StoreConfig::default().check(), Vec::<String>::new());
        assert_eq!(StoreConfig::default().kind(), Kind::Embedded);
        assert_eq!(check("enabled = false"), Vec::<String>::new());
    }

    #[test]
    fn what_stands_in_examples_and_what_counts_up_is_well_known_and_random_ones_are_not() {
        for known in [
            "changemechangeme",
            "change-me-please",
            "CHANGE_ME_IN_PRODUCTION",
            "your-api-key-here",
            "my-super-secret-key",
            "your-password-here",
            "Passw0rd-2026!",
            "qwertyuiop12",
            "1q2w3e4r5t6y",
            "minioadmin-minioadmin",
            "abcdefghijklmnop",
            "9876543210987654",
            "0123456789abcdef0123456789abcdef",
            "00000000000000000000000000000000",
        ] {
            assert!(is_well_known(known), "{known}");
        }
        for random in [
            "mK3-vq09-Zp-xx71",
            "kq7-Vx20-mmT4-psw9",
            "5b1f0c9d7e3a4826b1f0c9d7e3a48265",
            "correct horse battery staple",
            "Zq8rT6yU2iO4pA1sD3fG",
            "q7Vx-admin-T4ps-w9Lk",
        ] {
            assert!(!is_well_known(random), "{random}");
        }
    }

    #[test]
    fn a_password_that_the_driver_would_take_from_the_environment_is_judged_too() {
        assert_eq!(inherited(None), None);
        assert_eq!(inherited(Some("mK3-vq09-Zp-xx71")), None);
        for (weak, why) in [("postgres", "shorter than 12"), ("postgres-postgres-1", "well-known")] {
            let told = inherited(Some(weak)).unwrap();
            assert!(told.starts_with("store.password: missing") && told.contains("PGPASSWORD"), "{told}");
            assert!(told.contains(why) && !told.contains("postgres"), "{told}");
        }
    }

    #[test]
    fn a_store_that_cannot_work_or_would_leak_is_told_before_a_call() {
        let folder = tempfile::tempdir().unwrap();
        let secret = |text: &str| {
            let file = folder.path().join(text);
            std::fs::write(&file, text).unwrap();
            format!("keys = \"k\"\nurl = \"postgres://a@h/d\"\npassword = {{ file = {file:?} }}")
        };
        assert_eq!(check(&secret("mK3-vq09-Zp-xx71")), Vec::<String>::new());
        for (text, key, words) in [
            ("connections = 0".to_owned(), "store.connections", "1 to 64"),
            ("password = { env = \"X\" }".to_owned(), "store.password", "SQLite has none"),
            ("url = \"mysql://a@h/d\"\nkeys = \"k\"".to_owned(), "store.url", "not PostgreSQL's"),
            ("url = \"postgres://a:hidden@h/d\"\nkeys = \"k\"".to_owned(), "store.url", "has a password in it"),
            (
                "url = \"postgres://a@h/d?password=hidden\"\nkeys = \"k\"".to_owned(),
                "store.url",
                "has a password in it",
            ),
            ("url = \"postgres://a@h/d\"".to_owned(), "store.keys", "attendant init"),
            (secret("short"), "store.password", "shorter than 12"),
            (secret("postgres-postgres-1"), "store.password", "well-known"),
            (secret("aaaaaaaaaaaaaaaa"), "store.password", "simple"),
        ] {
            let wrong = check(&text);
            assert!(wrong.len() == 1 && wrong[0].starts_with(key) && wrong[0].contains(words), "{text}: {wrong:?}");
            assert!(!wrong[0].contains("hidden"), "{wrong:?}");
        }
    }
}
