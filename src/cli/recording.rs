//! A recording as a WAV file that any program plays.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::records::sealed::{Ending, SEALED, unseal};
use crate::records::{gone, private_file};
use crate::store::Store;

/// Writes it to a new file that only its owner can read; nothing of it is left if that fails. Without a store only plain ones can be read.
pub(super) fn give_out(store: Option<&Store>, recording: &Path, to: &Path) -> io::Result<Ending> {
    if recording.extension().is_some_and(|ending| ending == SEALED) {
        let store = store.ok_or_else(|| io::Error::other("it is sealed, and without the store there are no keys"))?;
        return unseal(recording, &store.recording_keys(), to);
    }
    let (mut from, mut new) = (File::open(recording)?, private_file(to)?);
    io::copy(&mut from, &mut new).map(|_| Ending::Whole).or_else(|error| gone(to).and(Err(error)))
}
