//! A service account's key as Google gives it out, and the tokens made of it.
//!
//! A token is a JWT that the account signs itself, for an hour, for the one service: no other server is asked. Facts: Google's Python
//! package google-auth 2.62.2 (`service_account`, `_create_self_signed_jwt`).

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SigningKey;
use serde::Deserialize;
use serde_json::json;

/// Seconds that a token holds: what Google allows at most.
const HOLDS: i64 = 3_600;
/// A token is used until so many seconds before its end: longer than any stream.
const SPARE: i64 = 600;

/// What a key file has, of what is needed here.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    private_key_id: String,
    private_key: String,
    client_email: String,
}

/// See the module header.
pub(crate) struct ServiceAccount {
    pub(crate) project: String,
    key_id: String,
    email: String,
    key: Arc<dyn SigningKey>,
    /// The present token, and until when it holds, in Unix seconds.
    token: Mutex<Option<(String, i64)>>,
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("project", &self.project).finish_non_exhaustive()
    }
}

impl ServiceAccount {
    /// The error says what is wrong with the file's text, and nothing of what is in it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| {
            format!(
                "no key file of a service account (line {}); make one under IAM, Service accounts, Keys",
                error.line()
            )
        })?;
        if file.kind != "service_account" {
            return Err(
                "the key of something else than a service account; make one under IAM, Service accounts, Keys".into()
            );
        }
        let pem = || "its private_key cannot be read; download the key again".to_owned();
        let der = PrivateKeyDer::from_pem_slice(file.private_key.as_bytes()).map_err(|_| pem())?;
        let key = rustls::crypto::ring::sign::any_supported_type(&der).map_err(|_| pem())?;
        if key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).is_none() {
            return Err("its private_key is no RSA key; download the key again".into());
        }
        let File { project_id: project, private_key_id: key_id, client_email: email, .. } = file;
        Ok(Self { project, key_id, email, key, token: Mutex::new(None) })
    }

    /// A token that holds at this Unix second, made for this service (`https://speech.googleapis.com/`).
    pub(crate) fn token(&self, audience: &str, now: i64) -> Result<String, String> {
        let mut kept = self.token.lock();
        if let Some((token, until)) = kept.as_ref()
            && now < until - SPARE
        {
            return Ok(token.clone());
        }
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id}));
        let until = now + HOLDS;
        let claims = json!({"iss": self.email, "sub": self.email, "aud": audience, "iat": now, "exp": until});
        let text = format!("{header}.{}", part(claims));
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).ok_or("no RSA key")?;
        let signature = signer.sign(text.as_bytes()).map_err(|error| format!("cannot sign: {error}"))?;
        let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
        *kept = Some((token.clone(), until));
        Ok(token)
    }
}
