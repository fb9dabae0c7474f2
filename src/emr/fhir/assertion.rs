//! What a client signs to prove to an authorisation server who it is: a JWT for its token address, for a few minutes and for once.
//!
//! RSA keys sign RS384 and P-384 keys ES384, which SMART Backend Services asks every server to take.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SigningKey;
use serde_json::{Value, json};
use uuid::Uuid;

/// Seconds that it holds: five minutes are the most that are taken.
const HOLDS: i64 = 240;

const MEND: &str = "write the file of a private key, RSA of 2048 bits or more or P-384, in PEM and PKCS #8";

pub(super) enum Signer {
    Rsa(Arc<dyn SigningKey>),
    P384(Box<EcdsaKeyPair>),
}

impl Signer {
    /// The error says what is wrong with the key, and nothing of what is in it.
    pub(super) fn read(pem: &str) -> Result<Self, String> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| format!("no private key; {MEND}"))?;
        if let PrivateKeyDer::Pkcs8(der) = &der {
            let random = SystemRandom::new();
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der.secret_pkcs8_der(), &random);
            if let Ok(pair) = pair {
                return Ok(Self::P384(Box::new(pair)));
            }
        }
        let key =
            rustls::crypto::ring::sign::any_supported_type(&der).map_err(|_| format!("cannot be used; {MEND}"))?;
        let signs = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA384]).is_some();
        if signs { Ok(Self::Rsa(key)) } else { Err(format!("of another kind; {MEND}")) }
    }

    /// At this Unix second.
    pub(super) fn assertion(
        &self,
        client: &str,
        audience: &str,
        key_id: Option<&str>,
        now: i64,
    ) -> Result<String, String> {
        let algorithm = match self {
            Self::Rsa(_) => "RS384",
            Self::P384(_) => "ES384",
        };
        let mut header = json!({ "alg": algorithm, "typ": "JWT" });
        if let Some(key_id) = key_id {
            header["kid"] = Value::from(key_id);
        }
        let claims = json!({
            "iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + HOLDS, "jti": Uuid::new_v4().to_string(),
        });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = format!("{header}.{claims}");
        let signature = self.sign(text.as_bytes())?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => {
                let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA384]).ok_or("no RSA key")?;
                signer.sign(text).map_err(|error| format!("cannot sign: {error}"))
            }
            Self::P384(pair) => {
                let signature = pair.sign(&SystemRandom::new(), text).map_err(|_| "cannot sign".to_owned())?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn what_a_key_of_p_384_signs_is_taken_by_whoever_has_its_public_half() {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let signer = Signer::read(&pair.serialize_pem()).ok().unwrap();
        let token = signer.assertion("attendant", "https://login.example.ca/t", Some("k1"), 1_000).unwrap();
        let (text, signature) = token.rsplit_once('.').unwrap();
        let part = |text: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap() };
        let (header, claims) = text.split_once('.').unwrap();
        assert_eq!(part(header), json!({ "alg": "ES384", "typ": "JWT", "kid": "k1" }));
        let claims = part(claims);
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("attendant"), &json!("attendant")));
        assert_eq!((&claims["aud"], &claims["exp"]), (&json!("https://login.example.ca/t"), &json!(1_240)));
        let public = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, pair.public_key_raw());
        public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        assert_ne!(token, signer.assertion("attendant", "https://login.example.ca/t", None, 1_000).unwrap());
    }

    #[test]
    fn a_key_of_another_kind_is_told_and_not_shown() {
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
        for pem in ["hidden", other.as_str()] {
            let wrong = Signer::read(pem).err().unwrap();
            assert!(wrong.contains("PKCS #8") && !wrong.contains("hidden"), "{wrong}");
        }
    }
}
