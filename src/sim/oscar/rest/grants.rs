//! Who may use the REST interface: a client registered by the clinic, and tokens that a user of OSCAR granted it in three steps.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use super::No;
use crate::sim::oscar::oauth::{Parameters, signature};

/// Requests for a grant that nobody finished.
const MOST_OPEN: usize = 1_000;

/// As made under Administration, REST Clients, with a token that was granted already.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Client {
    pub(in super::super) key: String,
    pub(in super::super) secret: String,
    pub(in super::super) token: String,
    pub(in super::super) token_secret: String,
}

#[derive(Debug)]
pub(in super::super) struct Grants {
    pub(in super::super) client: Client,
    open: BTreeMap<String, Open>,
    /// Secrets of tokens.
    granted: BTreeMap<String, String>,
}

/// A grant on its way.
#[derive(Debug)]
struct Open {
    secret: String,
    callback: String,
    /// Once the user has agreed.
    verifier: Option<String>,
}

/// A request as far as its signature goes.
#[derive(Debug)]
pub(in super::super) struct Signed {
    pub(in super::super) method: String,
    /// Without query.
    pub(in super::super) url: String,
    /// Of header, query and form.
    pub(in super::super) parameters: Parameters,
}

impl Signed {
    pub(in super::super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Whether it was signed with these secrets.
    fn is_by(&self, client: &str, token: &str) -> bool {
        let signed: Parameters =
            self.parameters.iter().filter(|(name, _)| name != "oauth_signature").cloned().collect();
        self.get("oauth_signature_method") == Some("HMAC-SHA1")
            && self.get("oauth_signature") == Some(&signature(&self.method, &self.url, &signed, client, token))
    }
}

fn fresh() -> String {
    Uuid::new_v4().simple().to_string()
}

impl Grants {
    pub(in super::super) fn new(client: Client) -> Self {
        let granted = [(client.token.clone(), client.token_secret.clone())].into();
        Self { client, open: BTreeMap::new(), granted }
    }

    fn checks(&self, signed: &Signed, token_secret: &str) -> Result<(), No> {
        if signed.get("oauth_consumer_key") != Some(&self.client.key) {
            return Err(No::unauthorised("consumer_key_unknown"));
        }
        if signed.is_by(&self.client.secret, token_secret) {
            Ok(())
        } else {
            Err(No::unauthorised("signature_invalid"))
        }
    }

    /// The first step: a temporary token and its secret.
    pub(in super::super) fn initiate(&mut self, signed: &Signed) -> Result<(String, String), No> {
        self.checks(signed, "")?;
        let callback = signed.get("oauth_callback").ok_or_else(|| No::unauthorised("parameter_absent"))?.to_owned();
        if self.open.len() == MOST_OPEN {
            self.open.pop_first();
        }
        let (token, secret) = (fresh(), fresh());
        self.open.insert(token.clone(), Open { secret: secret.clone(), callback, verifier: None });
        Ok((token, secret))
    }

    /// The second step, in the user's browser: the callback and the verifier.
    pub(in super::super) fn agree(&mut self, token: &str) -> Option<(String, String)> {
        let open = self.open.get_mut(token)?;
        let verifier = fresh();
        open.verifier = Some(verifier.clone());
        Some((open.callback.clone(), verifier))
    }

    /// The third step: a token that lasts, and its secret.
    pub(in super::super) fn exchange(&mut self, signed: &Signed) -> Result<(String, String), No> {
        let temporary = signed.get("oauth_token").unwrap_or_default();
        let open = self.open.get(temporary).ok_or_else(|| No::unauthorised("token_rejected"))?;
        self.checks(signed, &open.secret)?;
        if open.verifier.is_none() || signed.get("oauth_verifier") != open.verifier.as_deref() {
            return Err(No::unauthorised("verifier_invalid"));
        }
        self.open.remove(temporary);
        let (token, secret) = (fresh(), fresh());
        self.granted.insert(token.clone(), secret.clone());
        Ok((token, secret))
    }

    /// Whether a request for a service is signed by the client with a token it was granted.
    pub(in super::super) fn permit(&self, signed: &Signed) -> Result<(), No> {
        let token = signed.get("oauth_token").unwrap_or_default();
        let secret = self.granted.get(token).ok_or_else(|| No::unauthorised("token_rejected"))?;
        self.checks(signed, secret)
    }
}
