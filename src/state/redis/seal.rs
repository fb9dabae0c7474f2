//! Values that say something of a call, sealed before they leave this machine: AES-256-GCM under a key made of `state.secret`, bound to their key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, Mac};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::Sha256;

pub(super) struct Seal(LessSafeKey);

impl Seal {
    pub(super) fn new(secret: &str) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, &derive(secret, "values")).expect("the key has 256 bits");
        Self(LessSafeKey::new(key))
    }

    /// `of`: where it is kept; it opens nowhere else.
    pub(super) fn seal(&self, of: &str, text: &str) -> Result<String, String> {
        // Drawn: some 2^32 values may be sealed with one secret.
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut bytes = text.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(of.as_bytes()), &mut bytes)
            .map_err(|_| "a value is too long to be sealed".to_owned())?;
        Ok(STANDARD_NO_PAD.encode([&nonce[..], &bytes].concat()))
    }

    /// `None`: changed, moved, or of another secret.
    pub(super) fn open(&self, of: &str, sealed: &str) -> Option<String> {
        let mut bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(bytes.get(..NONCE_LEN)?).ok()?;
        let text = self.0.open_in_place(nonce, Aad::from(of.as_bytes()), bytes.get_mut(NONCE_LEN..)?).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// A key of its own for each purpose.
pub(in crate::state) fn derive(secret: &str, purpose: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(b"attendant state: ");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_in_its_own_place_with_its_own_secret_and_unchanged() {
        let seal = Seal::new("a secret of more than thirty-two characters");
        let sealed = seal.seal("idempotent:a", "You're booked for Monday").unwrap();
        assert!(!sealed.contains("Monday") && sealed != seal.seal("idempotent:a", "You're booked for Monday").unwrap());
        assert_eq!(seal.open("idempotent:a", &sealed).as_deref(), Some("You're booked for Monday"));
        assert_eq!(seal.open("idempotent:b", &sealed), None);
        assert_eq!(Seal::new("another secret").open("idempotent:a", &sealed), None);
        let changed = sealed.replace(&sealed[20..21], if &sealed[20..21] == "A" { "B" } else { "A" });
        assert_eq!(seal.open("idempotent:a", &changed), None);
        assert_eq!(seal.open("idempotent:a", "x"), None);
    }
}
