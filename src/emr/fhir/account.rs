//! As whom the server is asked: by a token that somebody made, or by those that the clinic's authorisation server gives to this client.
//!
//! A token is used until shortly before its end, and asked for anew when it is refused. None of this is ever logged.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::super::token::Tokens;
use super::assertion::Signer;
use super::config::{ClientConfig, FhirConfig};
use crate::clock;
use crate::config::Secret;

/// Before its end, so that it holds for a request that is under way.
const SPARE: Duration = Duration::from_secs(30);

/// Where a server does not say how long its token holds.
const HOLDS: Duration = Duration::from_secs(300);

/// Whatever a server says, a token is not used for longer.
const MOST: Duration = Duration::from_secs(86_400);

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(super) struct Token {
    pub(super) bearer: HeaderValue,
    until: Option<Instant>,
}

pub(super) enum Account {
    Token(Arc<Token>),
    Client(Box<Registered>),
}

/// A client of the authorisation server.
pub(super) struct Registered {
    config: ClientConfig,
    proof: Proof,
    pub(super) tokens: Tokens<Token>,
}

enum Proof {
    Key(Signer),
    Secret(Secret),
}

/// What the authorisation server says.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    token_type: String,
    #[serde(default)]
    expires_in: Value,
}

/// What is posted for a token.
pub(super) struct Asking<'a> {
    pub(super) address: &'a str,
    pub(super) form: Vec<(&'static str, String)>,
    /// Name and password for HTTP Basic.
    pub(super) basic: Option<(&'a str, &'a str)>,
}

impl Account {
    /// The error is `key: what is wrong; what to write instead`.
    pub(super) fn new(config: &FhirConfig) -> Result<Self, String> {
        if let Some(token) = &config.token {
            let token = token.read().map_err(|what| format!("emr.fhir.token: {what}"))?;
            let bearer = bearer(token.expose()).ok_or("emr.fhir.token: no token; write it alone, without `Bearer`")?;
            return Ok(Self::Token(Arc::new(Token { bearer, until: None })));
        }
        let client = config.client.as_ref().ok_or("emr.fhir.client: missing; write it, or emr.fhir.token")?;
        let proof = match (&client.key, &client.secret) {
            (Some(key), _) => {
                let signer = key.read_whole().and_then(|key| Signer::read(key.expose()));
                Proof::Key(signer.map_err(|what| format!("emr.fhir.client.key: {what}"))?)
            }
            (None, Some(secret)) => {
                Proof::Secret(secret.read().map_err(|what| format!("emr.fhir.client.secret: {what}"))?)
            }
            (None, None) => return Err("emr.fhir.client.key: missing; write it, or secret".to_owned()),
        };
        Ok(Self::Client(Box::new(Registered { config: client.clone(), proof, tokens: Tokens::default() })))
    }
}

impl Registered {
    /// A token that holds and was not refused.
    pub(super) fn present(&self, refused: Option<&Arc<Token>>) -> Option<Arc<Token>> {
        let now = Instant::now();
        self.tokens.present(refused).filter(|token| token.until.is_none_or(|until| now < until))
    }

    pub(super) fn asking(&self) -> Result<Asking<'_>, String> {
        let ClientConfig { id, token_url, scope, key_id, .. } = &self.config;
        let mut form = vec![("grant_type", "client_credentials".to_owned()), ("scope", scope.clone())];
        let basic = match &self.proof {
            Proof::Key(signer) => {
                let now = clock::now().as_second();
                form.push(("client_assertion_type", ASSERTION.to_owned()));
                form.push(("client_assertion", signer.assertion(id, token_url, key_id.as_deref(), now)?));
                None
            }
            Proof::Secret(secret) => Some((id.as_str(), secret.expose())),
        };
        Ok(Asking { address: token_url, form, basic })
    }

    /// Keeps what was given; `None`: it is no token.
    pub(super) fn keep(&self, answer: &[u8]) -> Option<Arc<Token>> {
        let given: Given = serde_json::from_slice(answer).ok()?;
        let bearer = bearer(&given.access_token).filter(|_| given.token_type.eq_ignore_ascii_case("bearer"))?;
        let holds = holds(&given.expires_in);
        // One that holds for less than the spare is used for half of its life.
        let holds = holds.checked_sub(SPARE).unwrap_or(holds / 2);
        Some(self.tokens.keep(Token { bearer, until: Some(Instant::now() + holds) }))
    }
}

/// Seconds, as the standard has them or as a text, which some servers write.
fn holds(expires_in: &Value) -> Duration {
    let seconds = expires_in.as_f64().or_else(|| expires_in.as_str()?.trim().parse().ok());
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map_or(HOLDS, |holds| holds.min(MOST))
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let plain = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    let mut bearer = plain.then(|| HeaderValue::try_from(format!("Bearer {token}")).ok()).flatten()?;
    bearer.set_sensitive(true);
    Some(bearer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn how_long_a_token_holds_is_read_however_it_is_written() {
        for (written, seconds) in [
            (json!(600), 600),
            (json!("600"), 600),
            (json!(600.0), 600),
            (json!(" 3599 "), 3_599),
            (json!(1e300), 300),
            (json!(9_000_000), 86_400),
            (json!("soon"), 300),
            (json!(-1), 300),
            (Value::Null, 300),
        ] {
            let answer = json!({ "access_token": "x", "token_type": "Bearer", "expires_in": written });
            let given: Given = serde_json::from_value(answer).unwrap();
            assert_eq!(holds(&given.expires_in), Duration::from_secs(seconds), "{written}");
        }
    }
}
