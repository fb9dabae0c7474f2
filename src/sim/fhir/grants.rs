//! Tokens: one that stands, and those that the client is given for its secret or for what it signs.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use super::reply::Reply;

pub(super) const STANDING: &str = "standing-token-of-the-simulator";
pub(super) const CLIENT: &str = "attendant";
pub(super) const SECRET: &str = "client-secret-2026";

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[derive(Debug, Default)]
pub(super) struct Grants {
    given: BTreeSet<String>,
    count: u64,
    keys: BTreeMap<String, Vec<u8>>,
    /// Of what was signed: none is taken twice.
    seen: BTreeSet<String>,
}

impl Grants {
    pub(super) fn register(&mut self, key_id: &str, public: Vec<u8>) {
        self.keys.insert(key_id.to_owned(), public);
    }

    pub(super) fn expire(&mut self) {
        self.given.clear();
    }

    pub(super) fn takes(&self, authorization: Option<&str>) -> bool {
        let token = authorization.and_then(|header| header.strip_prefix("Bearer "));
        token.is_some_and(|token| token == STANDING || self.given.contains(token))
    }

    /// `at`: the token address as the client knows it; `now`: Unix seconds.
    pub(super) fn grant(&mut self, form: &BTreeMap<String, String>, basic: Option<&str>, at: &str, now: i64) -> Reply {
        let field = |name: &str| form.get(name).map(String::as_str);
        let refused = |error: &str| Reply::json(400, json!({ "error": error }));
        if field("grant_type") != Some("client_credentials") {
            return refused("unsupported_grant_type");
        }
        if field("scope").is_none_or(|scope| !scope.contains("system/")) {
            return refused("invalid_scope");
        }
        let is_known = match (basic, field("client_assertion")) {
            (Some(basic), None) => is_secret(basic),
            (None, Some(signed)) if field("client_assertion_type") == Some(ASSERTION) => {
                self.is_signed(signed, at, now).is_some()
            }
            (Some(_) | None, _) => false,
        };
        if !is_known {
            return Reply::json(401, json!({ "error": "invalid_client" }));
        }
        self.count += 1;
        let token = format!("granted-token-{}", self.count);
        self.given.insert(token.clone());
        // Some servers write a number, some a text.
        let expires = if self.count.is_multiple_of(2) { json!("300") } else { json!(300) };
        Reply::json(
            200,
            json!({ "access_token": token, "token_type": "bearer", "expires_in": expires, "scope": field("scope") }),
        )
    }

    fn is_signed(&mut self, token: &str, at: &str, now: i64) -> Option<()> {
        let (text, signature) = token.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let part = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let (header, claims) = (part(header)?, part(claims)?);
        let key =
            self.keys.get(header["kid"].as_str()?).filter(|_| header["alg"] == "ES384" && header["typ"] == "JWT")?;
        let public = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key);
        public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let until = claims["exp"].as_i64()?;
        let is_ours = claims["iss"] == CLIENT && claims["sub"] == CLIENT && claims["aud"] == at;
        let once = self.seen.insert(claims["jti"].as_str()?.to_owned());
        (is_ours && once && until > now && until <= now + 300).then_some(())
    }
}

fn is_secret(basic: &str) -> bool {
    let known = basic.strip_prefix("Basic ").and_then(|basic| STANDARD.decode(basic).ok());
    known.is_some_and(|known| known == format!("{CLIENT}:{SECRET}").as_bytes())
}
