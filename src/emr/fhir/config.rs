//! `[emr.fhir]` in a clinic's file: where its server is, as whom to ask, whom callers may book, and which slots a code stands for.
//!
//! Tokens, secrets and keys come from the environment or from files; the token travels with every request, so only TLS will do, except to this
//! machine itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::super::{ProviderRef, Registrations, TemplateCode, server};
use super::assertion::Signer;
use super::reference;
use crate::config::SecretSource;
use crate::provider::tls::{self, Authority};
use crate::store::weakness;

/// See the module header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FhirConfig {
    /// The service base, for example `https://fhir.example.ca/r4`.
    pub base_url: String,
    /// A token that somebody made, for as long as it holds. This or `client`.
    pub token: Option<SecretSource>,
    /// Who asks the clinic's authorisation server for tokens.
    pub client: Option<ClientConfig>,
    /// Who signed the server's certificate; without it, this machine's authorities.
    pub ca: Option<Authority>,
    /// Those callers may book: id of the Practitioner, and name as said. Nobody else is.
    pub providers: BTreeMap<ProviderRef, String>,
    /// For each of [emr.codes], what a slot must say to have it: codes of its service type, category, specialty or appointment type, each as
    /// `code` or `system|code`; `*` for slots that no other line names.
    pub slots: BTreeMap<char, Vec<String>>,
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

/// `[emr.fhir.client]`: OAuth 2.0 client credentials, as SMART Backend Services has them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    pub id: String,
    /// Where tokens are given out.
    pub token_url: String,
    #[serde(default = "scope")]
    pub scope: String,
    /// A PEM file, RSA or P-384: what is asked is signed with it. This or `secret`.
    pub key: Option<SecretSource>,
    /// As the server knows the key.
    pub key_id: Option<String>,
    /// Sent with HTTP Basic, where the server takes no key.
    pub secret: Option<SecretSource>,
}

/// What calls need, and nothing else.
fn scope() -> String {
    "system/Appointment.read system/Appointment.write system/Patient.read system/Schedule.read system/Slot.read"
        .to_owned()
}

impl FhirConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self, codes: &BTreeMap<char, TemplateCode>, registrations: Registrations) -> Vec<String> {
        let mut wrong = Vec::new();
        let example = "https://fhir.example.ca/r4";
        wrong.extend(server::wrong_address("emr.fhir.base_url", &self.base_url, example, "token"));
        wrong.extend(tls::check("emr.fhir", self.ca.as_ref(), &self.base_url));
        match (&self.token, &self.client) {
            (Some(token), None) => wrong.extend(weak_or_missing("emr.fhir.token", token)),
            (None, Some(client)) => wrong.extend(client.check(registrations)),
            (Some(_), Some(_)) => {
                wrong.push("emr.fhir.token: of no use beside [emr.fhir.client]; take one of them out".into());
            }
            (None, None) => {
                wrong.push("emr.fhir.client: missing; write id, token_url and key there, or emr.fhir.token".into());
            }
        }
        wrong.extend(server::wrong_providers("emr.fhir", &self.providers, "101", reference::is_id));
        wrong.extend(self.check_slots(codes));
        wrong.extend(server::wrong_times("emr.fhir", [self.connect_ms, self.read_ms, self.settle_ms]));
        wrong
    }

    fn check_slots(&self, codes: &BTreeMap<char, TemplateCode>) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.slots.is_empty() {
            wrong.push("emr.fhir.slots: nothing there; write 1 = [\"*\"] for one code of all slots".into());
        }
        for (code, types) in &self.slots {
            if !codes.contains_key(code) {
                wrong
                    .push(format!("emr.fhir.slots.{code}: no such code; add [emr.codes.{code}], or take the line out"));
            }
            if types.is_empty() || types.iter().any(|kind| kind.trim().is_empty() || kind.trim() != kind) {
                wrong.push(format!(
                    "emr.fhir.slots.{code}: no types; write codes as the server's slots have them, or \"*\""
                ));
            }
        }
        for code in codes.keys().filter(|code| !self.slots.contains_key(code)) {
            wrong.push(format!("emr.fhir.slots.{code}: missing; write which slots [emr.codes.{code}] stands for"));
        }
        if self.slots.values().flatten().filter(|kind| *kind == "*").count() > 1 {
            wrong.push("emr.fhir.slots: \"*\" twice; write it for one code".into());
        }
        wrong
    }

    /// Where its secrets are, by their keys. What a private key is good for, [`Self::check`] finds out.
    pub(crate) fn secrets(&self) -> Vec<(&'static str, &SecretSource)> {
        let client = self.client.as_ref();
        let token = self.token.as_ref().map(|token| ("emr.fhir.token", token));
        let secret = client.and_then(|client| client.secret.as_ref()).map(|secret| ("emr.fhir.client.secret", secret));
        let key = client.and_then(|client| client.key.as_ref()).map(|key| ("emr.fhir.client.key", key));
        token.into_iter().chain(secret).chain(key).collect()
    }

    pub(super) fn base(&self) -> Option<Url> {
        server::plain_address(&self.base_url)
    }
}

impl ClientConfig {
    fn check(&self, registrations: Registrations) -> Vec<String> {
        let mut wrong = Vec::new();
        let writes = ["Patient.write", "Patient.c", "Patient.*", "*.write", "*.*"];
        if registrations == Registrations::Created && !writes.iter().any(|scope| self.scope.contains(scope)) {
            wrong.push(
                "emr.fhir.client.scope: lets no chart be made; add system/Patient.write, or take emr.registrations out"
                    .into(),
            );
        }
        if self.id.trim().is_empty() {
            wrong.push("emr.fhir.client.id: empty; write the client's id at the authorisation server".into());
        }
        let example = "https://login.example.ca/oauth2/token";
        wrong.extend(server::wrong_address("emr.fhir.client.token_url", &self.token_url, example, "secret"));
        match (&self.key, &self.secret) {
            (Some(key), None) => wrong.extend(
                key.read_whole()
                    .and_then(|key| Signer::read(key.expose()))
                    .err()
                    .map(|what| format!("emr.fhir.client.key: {what}")),
            ),
            (None, Some(secret)) => wrong.extend(weak_or_missing("emr.fhir.client.secret", secret)),
            (Some(_), Some(_)) => {
                wrong.push("emr.fhir.client.secret: of no use beside key; take one of them out".into());
            }
            (None, None) => wrong.push(
                "emr.fhir.client.key: missing; write the file of a private key, or secret where the server takes no key".into(),
            ),
        }
        wrong
    }
}

fn weak_or_missing(key: &str, source: &SecretSource) -> Option<String> {
    let why = match source.read() {
        Ok(secret) => {
            format!("{}; set a long random one at the server and in its place here", weakness(secret.expose())?)
        }
        Err(what) => what,
    };
    Some(format!("{key}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: &str, to: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "mK3-vq09-Zp-xx71").unwrap();
        std::fs::write(folder.path().join("weak"), "secret").unwrap();
        let good = r#"
            base_url = "https://fhir.example.ca/r4"
            token = { file = "/token" }
            [providers]
            101 = "Dr. Wei Chen"
            [slots]
            1 = ["*"]
            "#;
        assert!(good.contains(change), "{change}");
        let text = good.replace(change, to).replace("file = \"", &format!("file = \"{}", folder.path().display()));
        let codes = toml::from_str("[1]\nvisits = [\"checkup\"]").unwrap();
        toml::from_str::<FhirConfig>(&text).unwrap().check(&codes, Registrations::Queued)
    }

    #[test]
    fn mistakes_are_named_with_their_key_and_mend() {
        assert_eq!(check("base_url", "base_url"), Vec::<String>::new());
        assert_eq!(check("https://fhir.example.ca", "http://127.0.0.1:8095"), Vec::<String>::new());
        let client = "[client]\nid = \"a\"\ntoken_url = \"https://x.example/t\"\n";
        for (change, to, key, mend) in [
            ("https://", "http://", "emr.fhir.base_url: ", "write https"),
            ("https://", "https://me:secret@", "emr.fhir.base_url: ", "write for example"),
            ("token = { file = \"/token\" }", "", "emr.fhir.client: missing", "emr.fhir.token"),
            ("/token", "/none", "emr.fhir.token: cannot read", "write the secret there"),
            ("/token", "/weak", "emr.fhir.token: ", "set a long random one"),
            ("[providers]", &format!("{client}[providers]"), "emr.fhir.token: of no use", "take one"),
            ("token = { file = \"/token\" }", client, "emr.fhir.client.key: missing", "private key"),
            (
                "token = { file = \"/token\" }",
                &format!("{client}key = {{ file = \"/token\" }}"),
                "emr.fhir.client.key: ",
                "PKCS",
            ),
            (
                "token = { file = \"/token\" }",
                &format!("{}secret = {{ file = \"/token\" }}", client.replace("https", "http")),
                "emr.fhir.client.token_url: ",
                "write https",
            ),
            ("101 =", "\"1/1\" =", "emr.fhir.providers.1/1: ", "such as 101"),
            ("101 = \"Dr. Wei Chen\"", "", "emr.fhir.providers: 0 of them", "101 ="),
            ("1 = [\"*\"]", "1 = []", "emr.fhir.slots.1: no types", "\"*\""),
            ("1 = [\"*\"]", "1 = [\"x\"]\nP = [\"*\"]", "emr.fhir.slots.P: no such code", "[emr.codes.P]"),
            (
                "[providers]",
                "read_ms = 6_000\n[providers]",
                "emr.fhir.settle_ms: 6000 ms to look first",
                "make 20000 ms; write less, 18000 in all",
            ),
        ] {
            let wrong = check(change, to);
            assert!(wrong.len() == 1 && wrong[0].starts_with(key) && wrong[0].contains(mend), "{key} {wrong:?}");
        }
        assert!(check("1 = [\"*\"]", "").iter().any(|wrong| wrong.starts_with("emr.fhir.slots.1: missing")));
    }

    #[test]
    fn who_is_to_make_charts_asks_for_the_scope() {
        let client = |scope: &str| {
            let text =
                format!("id = \"a\"\ntoken_url = \"https://x.example/t\"\nsecret = {{ env = \"NO_SUCH\" }}\n{scope}");
            toml::from_str::<ClientConfig>(&text).unwrap()
        };
        let lacks = |scope: &str, registrations| {
            client(scope)
                .check(registrations)
                .iter()
                .any(|wrong| wrong.starts_with("emr.fhir.client.scope: lets no chart"))
        };
        assert!(lacks("", Registrations::Created) && !lacks("", Registrations::Queued));
        for scope in ["system/Patient.write", "system/Patient.crus", "system/*.write"] {
            assert!(!lacks(&format!("scope = \"system/Patient.read {scope}\""), Registrations::Created), "{scope}");
        }
    }
}
