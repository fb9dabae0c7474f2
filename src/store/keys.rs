//! Keys that seal a patient's words and numbers before they go to the database: AES-256-GCM, each key with a version.
//!
//! A sealed value begins with the version of its key, so that old ones stay readable when a new key seals. It is bound to its place (table,
//! column, row): one that was moved elsewhere does not open. Every file is refused whose keys are missing, weak or open to others. A key is
//! never in a log or an error.

mod adding;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::records::private_file;
pub use adding::{Adding, add};

/// Bytes of a key.
pub const LENGTH: usize = 32;

/// Bytes of the version before each sealed value.
const VERSION: usize = 4;

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(
        "the store's keys in {file} cannot be read: {error}; put the file back where it was, or name it in store.keys; if there never was one, `attendant init` writes it"
    )]
    Unreadable { file: String, error: io::Error },
    #[error(
        "the store's keys in {file} are not in order: {what}; put the right file there, or, before the first call, delete it and run `attendant init`"
    )]
    Wrong { file: String, what: String },
    #[error(
        "{file} is there already; keys are not overwritten, for what they sealed would be lost: `attendant keys rotate` adds one"
    )]
    Exists { file: String },
    #[error(
        "somebody else has just added a key to {file}; see `attendant keys show`, and rotate again if it is still wanted"
    )]
    Meanwhile { file: String },
    #[error("the store's keys cannot be written to {file}: {error}; see to the folder, or name another file")]
    Unwritable { file: String, error: io::Error },
    #[error(
        "version {version} of the store's keys is missing, and {place} needs it; put the key back that was taken out of the file"
    )]
    Missing {
        version: u32,
        /// Table, column, row and line.
        place: String,
    },
    #[error(
        "the sealed value at {0} does not open: it was changed, moved from its place, or sealed by another key of the same version; see that store.keys names the database's own file, or take the value from a copy of before"
    )]
    Tampered(String),
    #[error(
        "version {0} of the store's keys is not that which the database is sealed by; name the right file in store.keys: every server of a database has the same one"
    )]
    Foreign(u32),
    #[error(
        "the database knows version {version} of the store's keys and {file} does not; copy the file of the server on which they were rotated, then rotate again"
    )]
    Behind { version: u32, file: String },
}

/// Every key there is, by its version.
pub struct Keys {
    all: BTreeMap<u32, Key>,
    newest: u32,
}

struct Key {
    sealing: LessSafeKey,
    chaining: [u8; LENGTH],
}

/// The file: TOML.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    keys: Vec<Written>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    /// Base64.
    key: String,
}

impl Keys {
    pub fn load(path: &Path) -> Result<Self, KeysError> {
        let file = path.display().to_string();
        let unreadable = |error| KeysError::Unreadable { file: file.clone(), error };
        let wrong = |what: &str| KeysError::Wrong { file: file.clone(), what: what.to_owned() };
        let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(wrong("everybody on this machine may read or write them (chmod 600)"));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        // The parser's own words would show the line, and the key in it.
        let written: File = toml::from_str(&text).map_err(|_| wrong("not what `attendant init` writes"))?;
        let mut all = BTreeMap::new();
        for Written { version, key } in written.keys {
            let bytes = STANDARD.decode(key).ok().and_then(|bytes| <[u8; LENGTH]>::try_from(bytes).ok());
            let bytes = bytes.ok_or_else(|| wrong(&format!("version {version} is not 32 bytes in base64")))?;
            if let Some(why) = weakness(&bytes) {
                return Err(wrong(&format!("version {version} is weak ({why})")));
            }
            if version == 0 || all.insert(version, Key::of(&bytes)).is_some() {
                return Err(wrong(&format!("version {version} is there twice, or is 0")));
            }
        }
        let newest = *all.last_key_value().ok_or_else(|| wrong("there is none in it"))?.0;
        Ok(Self { all, newest })
    }

    /// The version that seals.
    pub const fn newest(&self) -> u32 {
        self.newest
    }

    /// Of every key.
    pub fn versions(&self) -> impl Iterator<Item = u32> + '_ {
        self.all.keys().copied()
    }

    /// Seals by the newest key. `place` is where it will stand, and must be given again to open it.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        self.all[&self.newest].seal(self.newest, place, plain)
    }

    /// The same by the key of this version.
    pub fn seal_by(&self, version: u32, place: &str, plain: &[u8]) -> Result<Vec<u8>, KeysError> {
        Ok(self.key(version, place)?.seal(version, place, plain))
    }

    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, KeysError> {
        let tampered = || KeysError::Tampered(place.to_owned());
        let (version, rest) = sealed.split_first_chunk::<VERSION>().ok_or_else(tampered)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(tampered)?;
        let key = self.key(u32::from_be_bytes(*version), place)?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key.sealing.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body);
        Ok(plain.map_err(|_| tampered())?.to_vec())
    }

    /// Of the key that sealed this.
    pub(super) fn version_of(sealed: &[u8]) -> Option<u32> {
        sealed.first_chunk::<VERSION>().map(|version| u32::from_be_bytes(*version))
    }

    /// Keys of the same versions that are this clinic's alone.
    #[must_use]
    pub fn of_clinic(&self, clinic: &str) -> Self {
        let own = |key: &Key| Key::of(&code(&key.chaining, &[b"attendant store: clinic", clinic.as_bytes()]));
        Self { all: self.all.iter().map(|(version, key)| (*version, own(key))).collect(), newest: self.newest }
    }

    /// A code over these parts that nobody can make without the key of this version.
    pub fn code(&self, version: u32, parts: &[&[u8]]) -> Result<[u8; 32], KeysError> {
        Ok(code(&self.key(version, "the audit")?.chaining, parts))
    }

    fn key(&self, version: u32, place: &str) -> Result<&Key, KeysError> {
        self.all.get(&version).ok_or_else(|| KeysError::Missing { version, place: place.to_owned() })
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("newest", &self.newest).finish_non_exhaustive()
    }
}

impl Key {
    /// One key a use, so that no two uses ever meet.
    fn of(bytes: &[u8; LENGTH]) -> Self {
        let sealing = code(bytes, &[b"attendant store: sealing"]);
        let key = UnboundKey::new(&AES_256_GCM, &sealing).expect("AES-256 takes 32 bytes");
        Self { sealing: LessSafeKey::new(key), chaining: code(bytes, &[b"attendant store: chaining"]) }
    }

    fn seal(&self, version: u32, place: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut body = plain.to_vec();
        self.sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut body)
            .expect("what is said in a call is far shorter than AES-GCM's 64 GB");
        [&version.to_be_bytes()[..], &nonce, &body].concat()
    }
}

fn code(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        // With their lengths, so that no two lists of parts read alike.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Of 32 random bytes fewer than this many different ones come once in 10^12 times.
const DIFFERENT: usize = 18;

/// Why somebody could guess this key.
fn weakness(key: &[u8; LENGTH]) -> Option<&'static str> {
    let mut kinds = key.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let step = key[1].wrapping_sub(key[0]);
    if key.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step) {
        return Some("its bytes count up");
    }
    if key.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Some("it is a text");
    }
    (kinds.len() < DIFFERENT).then_some("its bytes repeat")
}

const HEADER: &str = "\
# Keys of attendant's store, written by `attendant init`. Whoever has this file and the database can read what callers said; without it
# nobody can. Keep a copy of it apart from copies of the database. The highest version seals; the others open what they sealed.

";

/// Writes a file with one strong key, readable by the owner alone. It outlasts a power cut before anything is sealed by it.
pub fn create(path: &Path) -> Result<(), KeysError> {
    let file = path.display().to_string();
    let written = write_new(path, &File { keys: vec![fresh(1)] }, |_| Ok(()));
    match written.and_then(|()| std::fs::File::open(folder_of(path))?.sync_all()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(KeysError::Exists { file }),
        made => made.map_err(|error| KeysError::Unwritable { file, error }),
    }
}

fn fresh(version: u32) -> Written {
    let key: [u8; LENGTH] = rand::random();
    Written { version, key: STANDARD.encode(key) }
}

/// `made` is told of the file before there is a key in it.
fn write_new(path: &Path, keys: &File, made: impl Fn(&std::fs::File) -> io::Result<()>) -> io::Result<()> {
    let text = HEADER.to_owned() + &toml::to_string(keys).map_err(io::Error::other)?;
    let mut file = private_file(path)?;
    made(&file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// In which the file stands; of a mere name, the one that the process is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use super::*;

    fn file(folder: &tempfile::TempDir, text: &str) -> std::path::PathBuf {
        let path = folder.path().join("keys.toml");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    fn written(keys: &[(u32, [u8; LENGTH])]) -> String {
        let lines = keys
            .iter()
            .map(|(version, key)| format!("[[keys]]\nversion = {version}\nkey = \"{}\"\n", STANDARD.encode(key)));
        lines.collect()
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_alone_and_with_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new): ([u8; LENGTH], [u8; LENGTH]) = (rand::random(), rand::random());
        let one = Keys::load(&file(&folder, &written(&[(1, old)]))).unwrap();
        let sealed = one.seal("transcript.text/a/1", "我要预约".as_bytes());
        assert_ne!(sealed, one.seal("transcript.text/a/1", "我要预约".as_bytes()), "no two alike");
        let two = Keys::load(&file(&folder, &written(&[(1, old), (7, new)]))).unwrap();
        assert_eq!((two.newest(), two.versions().collect::<Vec<_>>()), (7, vec![1, 7]));
        assert_eq!(two.open("transcript.text/a/1", &sealed).unwrap(), "我要预约".as_bytes());
        assert!(matches!(two.open("transcript.text/a/2", &sealed), Err(KeysError::Tampered(_))));
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        let told = two.open("transcript.text/a/1", &changed).unwrap_err().to_string();
        assert!(told.contains("transcript.text/a/1") && told.contains("; see that store.keys"), "{told}");
        assert!(matches!(two.open("transcript.text/a/1", &sealed[..10]), Err(KeysError::Tampered(_))));
        let other = Keys::load(&file(&folder, &written(&[(7, new)]))).unwrap();
        assert!(matches!(other.open("transcript.text/a/1", &sealed), Err(KeysError::Missing { version: 1, .. })));
        assert!(other.open("x", &two.seal("x", b"y")).is_ok());
    }

    #[test]
    fn weak_missing_and_open_keys_are_refused_with_the_mend_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let strong: [u8; LENGTH] = rand::random();
        let counting: [u8; LENGTH] = std::array::from_fn(|at| 3 * at as u8);
        let halves: [u8; LENGTH] = std::array::from_fn(|at| strong[at % 16]);
        let text: [u8; LENGTH] = *b"correct horse battery staple 123";
        for (text, words) in [
            (written(&[(1, [0; LENGTH])]), "weak"),
            (written(&[(1, counting)]), "count up"),
            (written(&[(1, halves)]), "repeat"),
            (written(&[(1, text)]), "it is a text"),
            (written(&[(1, strong), (1, strong)]), "twice"),
            (written(&[(0, strong)]), "is 0"),
            ("keys = []".to_owned(), "none in it"),
            ("[[keys]]\nversion = 1\nkey = \"c2hvcnQ=\"".to_owned(), "32 bytes"),
            ("[[keys]]\nversion = 1\nkee = \"c2hvcnQ=\"".to_owned(), "not what"),
        ] {
            let error = Keys::load(&file(&folder, &text)).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("attendant init"), "{text}: {error}");
            assert!(!error.contains("c2hvcnQ"), "{error}");
        }
        let path = file(&folder, &written(&[(1, strong)]));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Keys::load(&path).unwrap_err().to_string().contains("chmod 600"));
        let missing = Keys::load(&folder.path().join("nowhere")).unwrap_err().to_string();
        assert!(missing.contains("nowhere") && missing.contains("attendant init"), "{missing}");
    }

    #[test]
    fn keys_are_made_strong_private_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/keys.toml");
        create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let keys = Keys::load(&path).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys { newest: 1, .. }");
        assert!(matches!(create(&path), Err(KeysError::Exists { .. })));
    }
}
