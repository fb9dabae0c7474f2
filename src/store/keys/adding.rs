//! A key is added to the file of the store's keys, by one process at a time: of two that put theirs in its place at once, one's key would be gone, and
//! with it what it had sealed by then.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{File, Keys, KeysError, folder_of, fresh, write_new};
use crate::records::{gone, owned_as};

/// A key that is to be added. Nobody else adds one meanwhile; dropped, nothing was added.
pub struct Adding {
    path: PathBuf,
    keys: File,
    version: u32,
    /// Locked. The file itself is another one after each.
    folder: std::fs::File,
}

impl fmt::Debug for Adding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adding").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Adding {
    /// Waits for whoever adds one already.
    pub fn begin(path: &Path) -> Result<Self, KeysError> {
        let file = path.display().to_string();
        let unwritable = |error| KeysError::Unwritable { file: file.clone(), error };
        let folder = std::fs::File::open(folder_of(path)).map_err(unwritable)?;
        folder.lock().map_err(unwritable)?;
        // Only to a file whose keys are good.
        let version = Keys::load(path)?.newest() + 1;
        let text =
            std::fs::read_to_string(path).map_err(|error| KeysError::Unreadable { file: file.clone(), error })?;
        let mut keys: File = toml::from_str(&text).map_err(|_| KeysError::Wrong {
            file: file.clone(),
            what: "not what `attendant init` writes".to_owned(),
        })?;
        keys.keys.push(fresh(version));
        Ok(Self { path: path.to_owned(), keys, version, folder })
    }

    /// Of the new key.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Puts the file with the new key in the place of the one before. It is there whole, with it or without, whatever happens meanwhile.
    pub fn finish(self) -> Result<u32, KeysError> {
        let beside = self.path.with_extension(format!("new-{}", self.version));
        // Of a rotation that broke off.
        let written = gone(&beside).and_then(|()| write_new(&beside, &self.keys, |file| owned_as(file, &self.path)));
        let written = written.and_then(|()| std::fs::rename(&beside, &self.path)).and_then(|()| self.folder.sync_all());
        written.map_err(|error| KeysError::Unwritable { file: self.path.display().to_string(), error })?;
        Ok(self.version)
    }
}

/// Adds a strong key, which seals from then on; its version.
pub fn add(path: &Path) -> Result<u32, KeysError> {
    Adding::begin(path)?.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::super::create;
    use super::*;

    #[test]
    fn a_new_key_leaves_owner_and_mode_as_they_were_and_comes_after_a_try_that_broke_off_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        create(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        // As for a server that is not root's; nobody else can give files away.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(1), Some(1)).unwrap();
        }
        let of = |path: &Path| {
            let is = std::fs::metadata(path).unwrap();
            (is.uid(), is.gid(), is.permissions().mode() & 0o777)
        };
        let before = of(&path);
        std::fs::write(path.with_extension("new-2"), "half a").unwrap();
        assert_eq!((add(&path).unwrap(), add(&path).unwrap()), (2, 3));
        assert_eq!(of(&path), before);
        assert_eq!(Keys::load(&path).unwrap().versions().collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn of_several_that_add_a_key_at_once_none_loses_its_own() {
        const ADDERS: usize = 8;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.toml");
        create(&path).unwrap();
        let added: BTreeSet<u32> = std::thread::scope(|scope| {
            let adders: Vec<_> = (0..ADDERS).map(|_| scope.spawn(|| add(&path).unwrap())).collect();
            adders.into_iter().map(|adder| adder.join().unwrap()).collect()
        });
        assert_eq!(added, (2..=9).collect());
        assert_eq!(Keys::load(&path).unwrap().versions().collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    }
}
