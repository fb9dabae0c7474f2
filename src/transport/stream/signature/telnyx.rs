//! `telnyx-signature-ed25519`: over `timestamp|body`, within five minutes, each delivery once.
//!
//! Telnyx delivers an event again when we were slow to acknowledge it: that is a new signature over a known `data.id`, to be
//! acknowledged and not acted on. The very same signature twice is somebody else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use parking_lot::Mutex;

use super::seen::{MOST, Seen};

/// Clocks and networks differ by less.
const WINDOW_S: u64 = 300;

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the signature is not the account's")]
    Forged,
    #[error("the timestamp is more than five minutes away")]
    Stale,
    #[error("this delivery was seen before")]
    Replayed,
}

/// Whether to act on a webhook that is genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    First,
    Again,
}

/// See the module header.
#[derive(Debug)]
pub struct Verifier {
    key: VerifyingKey,
    signatures: Mutex<Seen<[u8; 64], ()>>,
    events: Mutex<Seen<String, ()>>,
}

impl Verifier {
    pub fn new(key: VerifyingKey) -> Self {
        Self { key, signatures: Mutex::new(Seen::new(MOST)), events: Mutex::new(Seen::new(MOST)) }
    }

    /// `timestamp` and `signature` are the headers as they came.
    pub fn verify(&self, timestamp: &str, signature: &str, body: &[u8], now: u64) -> Result<(), Refused> {
        let bytes = STANDARD.decode(signature).map_err(|_| Refused::Forged)?;
        let bytes: [u8; 64] = bytes.try_into().map_err(|_| Refused::Forged)?;
        let signed = [timestamp.as_bytes(), b"|", body].concat();
        self.key.verify_strict(&signed, &Signature::from_bytes(&bytes)).map_err(|_| Refused::Forged)?;
        let at: u64 = timestamp.parse().map_err(|_| Refused::Stale)?;
        if now.abs_diff(at) > WINDOW_S {
            return Err(Refused::Stale);
        }
        if self.signatures.lock().insert(bytes, ()) { Ok(()) } else { Err(Refused::Replayed) }
    }

    /// Whether the event of a verified webhook is new.
    pub fn delivery(&self, event: &str) -> Delivery {
        if self.events.lock().insert(event.to_owned(), ()) { Delivery::First } else { Delivery::Again }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const BODY: &[u8] = b"{\"data\":{}}";

    fn signed(at: &str) -> (Verifier, String) {
        let key = SigningKey::from_bytes(&[3; 32]);
        let signature = key.sign(&[at.as_bytes(), b"|", BODY].concat());
        (Verifier::new(key.verifying_key()), STANDARD.encode(signature.to_bytes()))
    }

    #[test]
    fn a_genuine_webhook_counts_once() {
        let (verifier, signature) = signed("1000");
        assert_eq!(verifier.verify("1000", &signature, BODY, 1_300), Ok(()));
        assert_eq!(verifier.verify("1000", &signature, BODY, 1_300), Err(Refused::Replayed));
        assert_eq!(verifier.delivery("e1"), Delivery::First);
        assert_eq!(verifier.delivery("e1"), Delivery::Again);
    }

    #[test]
    fn other_times_bodies_and_signatures_are_refused() {
        let (verifier, signature) = signed("1000");
        assert_eq!(verifier.verify("1000", &signature, BODY, 1_301), Err(Refused::Stale));
        assert_eq!(verifier.verify("1000", &signature, BODY, 699), Err(Refused::Stale));
        assert_eq!(verifier.verify("1001", &signature, BODY, 1_000), Err(Refused::Forged));
        assert_eq!(verifier.verify("1000", &signature, b"{}", 1_000), Err(Refused::Forged));
        assert_eq!(verifier.verify("1000", "", BODY, 1_000), Err(Refused::Forged));
        assert_eq!(verifier.verify("1000", &STANDARD.encode([0; 64]), BODY, 1_000), Err(Refused::Forged));
    }
}
