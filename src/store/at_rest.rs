//! What says something of a patient in files beside the store, sealed by the store's keys before it goes to the disk.
//!
//! A sealed text is base64, begins with the version of its key and is bound to its place, as a sealed column is. What a release before wrote in clear is read as
//! it is, and sealed when its file is written the next time. Whoever serves calls has keys, also without a store.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::keys::{Keys, KeysError};
use super::{StoreConfig, keys_of};

/// By what texts are sealed. Without keys nothing is, and nothing that was sealed opens.
#[derive(Clone, Debug, Default)]
pub struct Sealing {
    keys: Option<Arc<Keys>>,
    /// Of the embedded database that the server had before others were named: they open, and seal nothing.
    before: Option<Arc<Keys>>,
    anew: Anew,
}

/// Whether what stands otherwise than it would be written now is sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Anew {
    #[default]
    Yes,
    /// Not before the keys are known to be the database's.
    NotYet,
}

/// How a text stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// As it would be written now, or nothing is to be sealed anew yet.
    Now,
    /// In clear, or by a key of before: to be sealed anew.
    Before,
}

impl Sealing {
    /// As a server with these settings has it; keys are made as for its store.
    pub(crate) fn of(settings: &StoreConfig, records: &Path) -> Result<Self, KeysError> {
        let keys = keys_of(settings, records)?;
        let embedded = StoreConfig { home: settings.home.clone(), ..StoreConfig::default() }.keys_file(records);
        let before = settings.keys.as_ref().filter(|named| **named != embedded);
        // One that is not in order opens nothing, which is told of what it is needed for.
        let before = before.and_then(|_| Keys::load(&embedded).ok());
        Ok(Self { keys: Some(Arc::new(keys)), before: before.map(Arc::new), anew: Anew::Yes })
    }

    /// By the keys in this file; without the file, by none.
    pub fn of_file(file: &Path) -> Result<Self, KeysError> {
        let keys = if file.exists() { Some(Arc::new(Keys::load(file)?)) } else { None };
        Ok(Self { keys, before: None, anew: Anew::Yes })
    }

    /// The same while nobody knows whether the keys are the database's: what was written stays as it stands, so that the right ones open it still.
    #[must_use]
    pub fn not_anew(self) -> Self {
        Self { anew: Anew::NotYet, ..self }
    }

    /// Whether what stands otherwise is to be sealed anew.
    pub fn seals_anew(&self) -> bool {
        self.anew == Anew::Yes
    }

    /// By keys that are this clinic's alone.
    #[must_use]
    pub fn of_clinic(&self, clinic: &str) -> Self {
        let own = |keys: &Arc<Keys>| Arc::new(keys.of_clinic(clinic));
        Self { keys: self.keys.as_ref().map(own), before: self.before.as_ref().map(own), anew: self.anew }
    }

    /// What a secret for this one use is made of: the oldest key, so that it stays when there is a newer one. `None`: there are no keys.
    pub fn secret(&self, of: &str) -> Option<[u8; 32]> {
        let keys = self.keys.as_ref()?;
        keys.code(keys.versions().min()?, &[b"secret", of.as_bytes()]).ok()
    }

    /// `None`: there are no keys. `place` must be given again to open it.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Option<String> {
        self.keys.as_ref().map(|keys| sealed_text(keys, place, plain))
    }

    /// What was sealed, and how it stands.
    pub fn open(&self, place: &str, sealed: &str) -> Result<(Vec<u8>, Sealed), KeysError> {
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| KeysError::Tampered(place.to_owned()))?;
        let version = Keys::version_of(&bytes).ok_or_else(|| KeysError::Tampered(place.to_owned()))?;
        let Some(keys) = &self.keys else { return Err(KeysError::Missing { version, place: place.to_owned() }) };
        let error = match keys.open(place, &bytes) {
            Ok(plain) if version == keys.newest() => return Ok((plain, Sealed::Now)),
            Ok(plain) => return Ok((plain, self.otherwise())),
            Err(error) => error,
        };
        let before = self.before.as_ref().and_then(|keys| keys.open(place, &bytes).ok());
        before.map(|plain| (plain, self.otherwise())).ok_or(error)
    }

    /// How what is in clear stands.
    pub const fn in_clear(&self) -> Sealed {
        if self.keys.is_some() { self.otherwise() } else { Sealed::Now }
    }

    /// How what would be written otherwise now stands.
    const fn otherwise(&self) -> Sealed {
        match self.anew {
            Anew::Yes => Sealed::Before,
            Anew::NotYet => Sealed::Now,
        }
    }
}

/// A text that [`Sealing::open`] opens which has these keys.
pub(crate) fn sealed_text(keys: &Keys, place: &str, plain: &[u8]) -> String {
    STANDARD_NO_PAD.encode(keys.seal(place, plain))
}

/// Fresh keys for tests.
#[cfg(test)]
pub(crate) fn fresh(folder: &Path) -> Sealing {
    let file = folder.join("keys.toml");
    super::keys::create(&file).unwrap();
    Sealing::of_file(&file).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_in_its_place_by_its_clinic_s_keys_also_when_there_is_a_newer_one() {
        let folder = tempfile::tempdir().unwrap();
        let before = fresh(folder.path()).of_clinic("ours");
        let sealed = before.seal("book/ours/1", b"Jane Roe").unwrap();
        assert!(!sealed.contains("Jane"));
        assert_eq!(before.open("book/ours/1", &sealed).unwrap(), (b"Jane Roe".to_vec(), Sealed::Now));
        super::super::keys::add(&folder.path().join("keys.toml")).unwrap();
        let after = Sealing::of_file(&folder.path().join("keys.toml")).unwrap().of_clinic("ours");
        assert_eq!(after.open("book/ours/1", &sealed).unwrap(), (b"Jane Roe".to_vec(), Sealed::Before));
        assert!(matches!(after.open("book/ours/2", &sealed), Err(KeysError::Tampered(_))));
        assert!(matches!(after.of_clinic("theirs").open("book/ours/1", &sealed), Err(KeysError::Tampered(_))));
        assert!(matches!(after.open("x", "Jane Roe"), Err(KeysError::Tampered(_))));
        let unsure = after.clone().not_anew();
        assert_eq!(unsure.open("book/ours/1", &sealed).unwrap(), (b"Jane Roe".to_vec(), Sealed::Now));
        assert_eq!((after.in_clear(), unsure.of_clinic("theirs").in_clear()), (Sealed::Before, Sealed::Now));
        let none = Sealing::of_file(Path::new("/nowhere")).unwrap();
        assert!(none.seal("x", b"y").is_none());
        assert!(matches!(none.open("book/ours/1", &sealed), Err(KeysError::Missing { version: 1, .. })));
    }

    #[test]
    fn keys_that_were_named_later_open_what_those_of_the_embedded_database_sealed_and_seal_it_anew() {
        let folder = tempfile::tempdir().unwrap();
        // Also without a store: they are made, as with one.
        let off = StoreConfig { enabled: false, ..StoreConfig::default() };
        let sealed = Sealing::of(&off, folder.path()).unwrap().seal("state.jsonl/a", b"Jane Roe").unwrap();
        assert!(Sealing::of(&StoreConfig::default(), folder.path()).unwrap().open("state.jsonl/a", &sealed).is_ok());
        let file = folder.path().join("other.toml");
        super::super::keys::create(&file).unwrap();
        let named = StoreConfig { keys: Some(file.clone()), ..off };
        let later = Sealing::of(&named, folder.path()).unwrap();
        assert_eq!(later.open("state.jsonl/a", &sealed).unwrap(), (b"Jane Roe".to_vec(), Sealed::Before));
        let anew = later.seal("state.jsonl/a", b"Jane Roe").unwrap();
        assert_eq!(Sealing::of_file(&file).unwrap().open("state.jsonl/a", &anew).unwrap().1, Sealed::Now);
        std::fs::remove_file(&file).unwrap();
        let gone = Sealing::of(&named, folder.path()).unwrap_err().to_string();
        assert!(gone.contains("other.toml") && gone.contains("attendant init"), "{gone}");
    }
}
