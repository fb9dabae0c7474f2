//! A recording as a WAV file that any program plays.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::records::private_file;
use crate::records::sealed::{Ending, SEALED, unseal};
use crate::store::Store;

/// Writes it to a new file that only its owner can read. Without a store only plain ones can be read.
pub(super) fn give_out(store: Option<&Store>, recording: &Path, to: &Path) -> io::Result<Ending> {
    if recording.extension().is_some_and(|ending| ending == SEALED) {
        let store = store.ok_or_else(|| io::Error::other("it is sealed, and without the store there are no keys"))?;
        return unseal(recording, &store.recording_keys(), to);
    }
    io::copy(&mut File::open(recording)?, &mut private_file(to)?)?;
    Ok(Ending::Whole)
}
