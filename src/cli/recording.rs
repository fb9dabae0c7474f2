//! A recording as a WAV file that any program plays, wherever it is.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::records::sealed::{Ending, SEALED, unseal, unseal_of};
use crate::records::{Past, gone, private_file};
use crate::store::{Store, StoreError};

/// Where the recording of a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sound {
    Disk(PathBuf),
    Bucket,
}

impl Sound {
    /// Of this call; none: there is none that can be had here.
    pub(super) async fn of(store: Option<&Store>, past: &Past) -> Result<Option<Self>, StoreError> {
        match (&past.recording, store.and_then(Store::bucket)) {
            (Some(path), _) => Ok(Some(Self::Disk(path.clone()))),
            (None, Some(bucket)) => Ok(bucket.holds(&past.call).await?.then_some(Self::Bucket)),
            (None, None) => Ok(None),
        }
    }

    /// For people.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Disk(path) => path.display().to_string(),
            Self::Bucket => "in the bucket".to_owned(),
        }
    }

    /// Writes it to a new file that only its owner can read; nothing of it is left if that fails. Without a store only plain ones can be read.
    pub(super) async fn give_out(&self, store: Option<&Store>, call: &str, to: &Path) -> io::Result<Ending> {
        let on_disk = match self {
            Self::Disk(path) => given_out(store, path, to),
            Self::Bucket => Err(io::ErrorKind::NotFound.into()),
        };
        match (on_disk, store) {
            // It may have been moved this moment.
            (Err(error), Some(store)) if error.kind() == io::ErrorKind::NotFound => {
                let Some(bucket) = store.bucket() else { return Err(error) };
                let folder =
                    to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
                let found = bucket.get(call, folder).await.map_err(io::Error::other)?;
                let sealed = found.ok_or_else(|| io::Error::other("it is not in the bucket any more"))?;
                unseal_of(call, sealed, &store.recording_keys(), to)
            }
            (given, _) => given,
        }
    }
}

fn given_out(store: Option<&Store>, recording: &Path, to: &Path) -> io::Result<Ending> {
    if recording.extension().is_some_and(|ending| ending == SEALED) {
        let store = store.ok_or_else(|| io::Error::other("it is sealed, and without the store there are no keys"))?;
        return unseal(recording, &store.recording_keys(), to);
    }
    let (mut from, mut new) = (File::open(recording)?, private_file(to)?);
    io::copy(&mut from, &mut new).map(|_| Ending::Whole).or_else(|error| gone(to).and(Err(error)))
}

#[cfg(test)]
mod tests;
