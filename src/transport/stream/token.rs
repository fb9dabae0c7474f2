//! One-time tokens in streams' URLs: who may connect, for which call, until when.
//!
//! A token is signed (HMAC-SHA256), lives a minute and is used once. It binds carrier, call, caller and number dialled by a keyed
//! digest, so that the URL, which proxies and carriers write into their logs, names nobody. Times are Unix seconds.

use std::collections::{HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use parking_lot::Mutex;
use sha2::Sha256;

use super::wire::Wire;

/// Used tokens that are remembered until they expire: 68 calls a second for a minute. When full, nobody is let in.
const MOST_USED: usize = 4_096;

const DIGEST: usize = 16;
const SIGNATURE: usize = 32;
const BODY: usize = 8 + DIGEST + DIGEST;

/// Names a token while it lives.
pub type Nonce = [u8; DIGEST];

/// What a token speaks for.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    pub wire: Wire,
    /// The carrier's id of the call.
    pub call: &'a str,
    pub caller: &'a str,
    pub dialled: &'a str,
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("not one of our tokens")]
    Forged,
    #[error("the token has expired")]
    Expired,
    #[error("the token was used before")]
    Used,
    #[error("too many tokens are in use")]
    Full,
}

/// A token that was good; whether it is this call's is known when the stream has said which call it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    pub nonce: Nonce,
    binding: [u8; DIGEST],
}

/// See the module header.
pub struct Tokens {
    key: [u8; 32],
    lives_s: u64,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    nonces: HashMap<Nonce, u64>,
    /// In the order of use.
    order: VecDeque<Nonce>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("lives_s", &self.lives_s).finish_non_exhaustive()
    }
}

impl Tokens {
    pub fn new(key: [u8; 32], lives_s: u64) -> Self {
        Self { key, lives_s, used: Mutex::default() }
    }

    /// A key from a secret of any length.
    pub fn key_of(secret: &str) -> [u8; 32] {
        use sha2::Digest as _;
        Sha256::digest(secret.as_bytes()).into()
    }

    pub fn issue(&self, claims: &Claims<'_>, nonce: Nonce, now: u64) -> String {
        let mut bytes = [0; BODY + SIGNATURE];
        bytes[..8].copy_from_slice(&self.expiry(now).to_be_bytes());
        bytes[8..8 + DIGEST].copy_from_slice(&nonce);
        bytes[8 + DIGEST..BODY].copy_from_slice(&self.binding(claims));
        let signature = self.signature(claims.wire, &bytes[..BODY]).finalize().into_bytes();
        bytes[BODY..].copy_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Uses a token up.
    pub fn redeem(&self, wire: Wire, token: &str, now: u64) -> Result<Admission, Refused> {
        let mut bytes = [0; BODY + SIGNATURE];
        let decoded = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).map_err(|_| Refused::Forged)?;
        if decoded != bytes.len() {
            return Err(Refused::Forged);
        }
        let (body, signature) = bytes.split_at(BODY);
        self.signature(wire, body).verify_slice(signature).map_err(|_| Refused::Forged)?;
        let expires = u64::from_be_bytes(*body.first_chunk().expect("the body is longer than 8 bytes"));
        if now >= expires {
            return Err(Refused::Expired);
        }
        let nonce = *body[8..].first_chunk().expect("the nonce follows the time");
        let binding = *body[8 + DIGEST..].first_chunk().expect("the binding follows the nonce");
        self.used.lock().enter(nonce, expires, now)?;
        Ok(Admission { nonce, binding })
    }

    /// When a token issued now will have expired.
    pub const fn expiry(&self, now: u64) -> u64 {
        now + self.lives_s
    }

    /// Whether a token that we issued would still open something. Used ones are forgotten only once they have expired.
    pub fn is_open(&self, nonce: &Nonce, expires: u64, now: u64) -> bool {
        now < expires && !self.used.lock().nonces.contains_key(nonce)
    }

    /// Whether the token was issued for this call.
    pub fn is_for(&self, admission: &Admission, claims: &Claims<'_>) -> bool {
        use subtle::ConstantTimeEq as _;
        admission.binding.ct_eq(&self.binding(claims)).into()
    }

    fn mac(&self, purpose: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(purpose);
        mac
    }

    fn signature(&self, wire: Wire, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac(b"stream token\0");
        mac.update(wire.label().as_bytes());
        mac.update(&[0]);
        mac.update(body);
        mac
    }

    fn binding(&self, claims: &Claims<'_>) -> [u8; DIGEST] {
        let mut mac = self.mac(b"stream call\0");
        for part in [claims.wire.label(), claims.call, claims.caller, claims.dialled] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        *whole.first_chunk().expect("the digest is longer")
    }
}

impl Used {
    fn enter(&mut self, nonce: Nonce, expires: u64, now: u64) -> Result<(), Refused> {
        // Tokens live equally long, so those used first are about the first to expire; a straggler waits for its turn.
        while let Some(first) = self.order.front()
            && self.nonces.get(first).is_none_or(|expires| now >= *expires)
        {
            self.nonces.remove(first);
            self.order.pop_front();
        }
        if self.nonces.contains_key(&nonce) {
            return Err(Refused::Used);
        }
        if self.order.len() >= MOST_USED {
            return Err(Refused::Full);
        }
        self.nonces.insert(nonce, expires);
        self.order.push_back(nonce);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: Claims<'_> =
        Claims { wire: Wire::Twilio, call: "CA1", caller: "+16045550100", dialled: "+16045550111" };

    fn tokens() -> Tokens {
        Tokens::new([7; 32], 60)
    }

    #[test]
    fn a_token_opens_once_and_for_its_own_call() {
        let tokens = tokens();
        let token = tokens.issue(&CLAIMS, [1; 16], 1_000);
        assert!(!token.contains("604"), "nobody's number is in the URL");
        let admission = tokens.redeem(Wire::Twilio, &token, 1_059).unwrap();
        assert!(tokens.is_for(&admission, &CLAIMS));
        for other in [
            Claims { call: "CA2", ..CLAIMS },
            Claims { caller: "+16045550101", ..CLAIMS },
            Claims { dialled: "+1604555011", ..CLAIMS },
            Claims { wire: Wire::Telnyx, ..CLAIMS },
        ] {
            assert!(!tokens.is_for(&admission, &other));
        }
        assert_eq!(tokens.redeem(Wire::Twilio, &token, 1_059), Err(Refused::Used));
    }

    #[test]
    fn late_foreign_and_changed_tokens_open_nothing() {
        let tokens = tokens();
        let token = tokens.issue(&CLAIMS, [1; 16], 1_000);
        assert_eq!(tokens.redeem(Wire::Twilio, &token, 1_060), Err(Refused::Expired));
        assert_eq!(tokens.redeem(Wire::Telnyx, &token, 1_000), Err(Refused::Forged));
        assert_eq!(Tokens::new([8; 32], 60).redeem(Wire::Twilio, &token, 1_000), Err(Refused::Forged));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(tokens.redeem(Wire::Twilio, &changed, 1_000), Err(Refused::Forged), "byte {at}");
        }
        for junk in ["", "x", &token[1..], &format!("{token}AA")] {
            assert_eq!(tokens.redeem(Wire::Twilio, junk, 1_000), Err(Refused::Forged));
        }
    }

    #[test]
    fn a_used_token_is_no_use_for_ever_even_when_it_is_forgotten() {
        let tokens = tokens();
        let expires = tokens.expiry(1_000);
        let token = tokens.issue(&CLAIMS, [1; 16], 1_000);
        assert!(tokens.is_open(&[1; 16], expires, 1_030));
        tokens.redeem(Wire::Twilio, &token, 1_030).unwrap();
        assert!(!tokens.is_open(&[1; 16], expires, 1_030));
        tokens.redeem(Wire::Twilio, &tokens.issue(&CLAIMS, [2; 16], 1_061), 1_061).unwrap();
        assert!(!tokens.used.lock().nonces.contains_key(&[1; 16]));
        assert!(!tokens.is_open(&[1; 16], expires, 1_061));
    }

    #[test]
    fn used_tokens_are_remembered_only_while_they_live_and_are_bounded() {
        let tokens = tokens();
        for n in 0..MOST_USED as u64 {
            let nonce = *[n.to_be_bytes(), [0; 8]].concat().first_chunk().unwrap();
            tokens.redeem(Wire::Twilio, &tokens.issue(&CLAIMS, nonce, 1_000), 1_000).unwrap();
        }
        let more = tokens.issue(&CLAIMS, [9; 16], 1_030);
        assert_eq!(tokens.redeem(Wire::Twilio, &more, 1_030), Err(Refused::Full));
        assert!(tokens.redeem(Wire::Twilio, &more, 1_060).is_ok());
        assert_eq!(tokens.used.lock().order.len(), 1);
    }
}
