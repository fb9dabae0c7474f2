//! The link of a notice with which somebody says that they have seen to its message: signed by the store's keys, good once and for two weeks.
//!
//! It names a notice and nobody. Whoever has it can do nothing but acknowledge that message.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::store::keys::Keys;

/// From when the notice was made. Milliseconds.
pub(super) const LIVES_MS: i64 = 14 * 24 * 3_600 * 1_000;

const VERSION: usize = 4;
/// Of a notice's id, which is written as twice as many digits.
const ID: usize = 16;
const SIGNATURE: usize = 32;

pub(super) fn token(keys: &Keys, clinic: &str, notice: &str) -> Option<String> {
    let version = keys.newest();
    let id = id_of(notice)?;
    let signature = keys.code(version, &parts(clinic, &id)).ok()?;
    Some(URL_SAFE_NO_PAD.encode([&version.to_be_bytes()[..], &id, &signature].concat()))
}

/// The notice of a token that is ours.
pub(super) fn notice(keys: &Keys, clinic: &str, token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == VERSION + ID + SIGNATURE)?;
    let (version, rest) = bytes.split_first_chunk::<VERSION>()?;
    let (id, signature) = rest.split_first_chunk::<ID>()?;
    let right = keys.code(u32::from_be_bytes(*version), &parts(clinic, id)).ok()?;
    bool::from(right.ct_eq(signature)).then(|| id.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn id_of(notice: &str) -> Option<[u8; ID]> {
    let mut id = [0; ID];
    for (byte, at) in id.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(notice.get(at..at + 2)?, 16).ok()?;
    }
    (notice.len() == 2 * ID).then_some(id)
}

const fn parts<'a>(clinic: &'a str, id: &'a [u8; ID]) -> [&'a [u8]; 3] {
    [b"attendant notices: acknowledge", clinic.as_bytes(), id]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::keys;

    const NOTICE: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn a_token_speaks_for_its_notice_and_clinic_alone_also_after_a_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.toml");
        keys::create(&file).unwrap();
        let made = token(&Keys::load(&file).unwrap(), "ours", NOTICE).unwrap();
        keys::add(&file).unwrap();
        let keys = Keys::load(&file).unwrap();
        assert_eq!(notice(&keys, "ours", &made).as_deref(), Some(NOTICE));
        assert_eq!(notice(&keys, "theirs", &made), None);
        let other = token(&keys, "ours", &NOTICE.replace("00", "01")).unwrap();
        assert_eq!(notice(&keys, "ours", &format!("{}{}", &other[..30], &made[30..])), None);
        for wrong in ["", "AAAA", &made[1..], &"A".repeat(made.len()), "ä"] {
            assert_eq!(notice(&keys, "ours", wrong), None, "{wrong}");
        }
        assert_eq!(token(&keys, "ours", "no id"), None);
    }
}
