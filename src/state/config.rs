//! `[state]`: where instances share their state. Without Redis it is within the process, and there may be one instance alone.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::SecretSource;
use crate::store::{SIMPLE, is_well_known, weakness};

/// See the module header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateConfig {
    /// `redis://host:port`, or `rediss://` for TLS. One: a server; several: nodes of a cluster.
    pub redis: Vec<String>,
    /// The one address is a node of a cluster.
    pub cluster: bool,
    /// If it is not the default user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// The same in every instance: seals what says something of a call, and makes names of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretSource>,
    /// Before every key, for a Redis that others use too.
    pub prefix: String,
    /// A question that takes longer has no answer: a caller waits meanwhile.
    pub deadline_ms: u64,
}

impl Default for StateConfig {
    fn default() -> Self {
        Self {
            redis: Vec::new(),
            cluster: false,
            user: None,
            password: None,
            secret: None,
            prefix: "attendant:".to_owned(),
            deadline_ms: 250,
        }
    }
}

/// Characters: what can be guessed is no secret.
const SHORTEST_SECRET: usize = 32;

/// Characters.
const LONGEST_PREFIX: usize = 32;

impl StateConfig {
    pub fn is_cluster(&self) -> bool {
        self.cluster || self.redis.len() > 1
    }

    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let unused = [
            ("cluster", self.cluster),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("secret", self.secret.is_some()),
        ];
        if self.redis.is_empty() {
            let unused = unused.iter().filter(|(_, is_set)| *is_set);
            wrong
                .extend(unused.map(|(key, _)| {
                    format!("state.{key}: of no use without Redis; write state.redis, or take it out")
                }));
            return wrong;
        }
        wrong.extend(self.redis.iter().filter_map(|url| self.check_url(url)));
        match self.password.as_ref().map(SecretSource::read) {
            Some(Err(what)) => wrong.push(format!("state.password: {what}")),
            Some(Ok(password)) => {
                let why = weakness(password.expose());
                wrong.extend(why.map(|why| format!("state.password: {why}; set a long random one in Redis and here")));
            }
            None => {}
        }
        match self.secret.as_ref().map(SecretSource::read) {
            None => wrong.push(
                "state.secret: missing; write { env = \"ATTENDANT_STATE_SECRET\" }, the same secret in every instance"
                    .into(),
            ),
            Some(Err(what)) => wrong.push(format!("state.secret: {what}")),
            Some(Ok(secret)) if secret.expose().chars().count() < SHORTEST_SECRET => wrong.push(format!(
                "state.secret: shorter than {SHORTEST_SECRET} characters; write what `openssl rand -base64 33` prints"
            )),
            Some(Ok(secret)) if is_well_known(secret.expose()) => {
                wrong.push(format!("state.secret: {SIMPLE}; write what `openssl rand -base64 33` prints"));
            }
            Some(Ok(_)) => {}
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
        if self.prefix.len() > LONGEST_PREFIX || !self.prefix.chars().all(is_plain) {
            wrong.push(format!("state.prefix: write at most {LONGEST_PREFIX} letters, digits, and any of : - _ ."));
        }
        if !(20..=1_000).contains(&self.deadline_ms) {
            wrong.push(format!(
                "state.deadline_ms: {} ms; write 20 to 1000: a caller waits meanwhile",
                self.deadline_ms
            ));
        }
        wrong
    }

    fn check_url(&self, text: &str) -> Option<String> {
        // What cannot be used may hold a password, and is not shown.
        let Some(url) =
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host())
        else {
            return Some("state.redis: no address of a Redis; write for example redis://10.0.0.5:6379".into());
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Some(
                "state.redis: an address holds a user or a password; write state.user and state.password".into(),
            );
        }
        if url.query().is_some() || url.fragment().is_some() || (self.is_cluster() && url.path().len() > 1) {
            return Some("state.redis: an address has more than host and port; take the rest out".into());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Vec<String> {
        let folder = env!("CARGO_MANIFEST_DIR");
        let config: StateConfig = toml::from_str(&text.replace("FILE", &format!("{folder}/Cargo.lock"))).unwrap();
        config.check()
    }

    #[test]
    fn mistakes_are_named_with_their_key_and_mend() {
        let good = "redis = [\"redis://10.0.0.5:6379/2\"]\nsecret = { file = \"FILE\" }\n";
        assert_eq!(check(good), Vec::<String>::new());
        assert_eq!(check(""), Vec::<String>::new());
        assert_eq!(
            check(&good.replace("redis://10.0.0.5:6379/2", "rediss://a.example:6380\", \"rediss://b.example:6380")),
            Vec::<String>::new()
        );
        for (text, key, mend) in [
            ("secret = { file = \"FILE\" }", "state.secret: of no use", "write state.redis"),
            ("redis = [\"redis://h\"]", "state.secret: missing", "the same secret"),
            (&good.replace("redis://", "http://"), "state.redis: no address", "write for example redis://"),
            (&good.replace("redis://", "redis://me:hunter2@"), "state.redis: an address holds", "state.password"),
            (&format!("{good}cluster = true"), "state.redis: an address has more", "take the rest out"),
            (&format!("{good}deadline_ms = 5000"), "state.deadline_ms: 5000 ms", "20 to 1000"),
            (&format!("{good}prefix = \"a{{b}}\""), "state.prefix: ", "letters"),
            (&format!("{good}password = {{ env = \"ATTENDANT_TEST_NOT_SET\" }}"), "state.password: ", "set it"),
        ] {
            let wrong = check(text);
            assert!(wrong.len() == 1 && wrong[0].starts_with(key) && wrong[0].contains(mend), "{wrong:?}");
            assert!(!wrong[0].contains("hunter2"));
        }
    }

    #[test]
    fn a_secret_or_password_that_is_well_known_is_refused_however_long_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let good = "q7Vx-20mm-T4ps-w9Lk-3Zhd-88Rn-aE-6Tyc";
        let check = |secret: &str, password: &str| {
            let source = |name: &str, text: &str| {
                let file = folder.path().join(name);
                std::fs::write(&file, text).unwrap();
                format!("{name} = {{ file = {:?} }}\n", file.display().to_string())
            };
            let text = format!("redis = [\"redis://h\"]\n{}{}", source("secret", secret), source("password", password));
            toml::from_str::<StateConfig>(&text).unwrap().check()
        };
        assert_eq!(check(good, good), Vec::<String>::new());
        for (secret, password, key) in [
            ("changemechangemechangemechangeme", good, "state.secret: a well-known"),
            ("00000000000000000000000000000000", good, "state.secret: a well-known"),
            (good, "redisredisredis", "state.password: a well-known"),
            (good, "hunter2", "state.password: shorter than 12"),
        ] {
            let wrong = check(secret, password);
            assert!(wrong.len() == 1 && wrong[0].starts_with(key) && wrong[0].contains("; "), "{wrong:?}");
            assert!(!wrong[0].contains(secret) && !wrong[0].contains(password), "{wrong:?}");
        }
    }
}
