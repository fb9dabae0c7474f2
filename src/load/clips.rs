//! What load callers say: files that were named, or the short recordings of Debian's pocketsphinx-testdata.

use std::path::{Path, PathBuf};

use crate::softphone::{NotSpeech, Utterance};

/// Where Debian's `pocketsphinx-testdata` puts its recordings.
pub const DEFAULT_FOLDER: &str = "/usr/share/pocketsphinx/test/data";

/// One to three seconds each, with no pause in them that could be taken for their end.
const DEFAULT_FILES: [&str; 5] = [
    "cards/001.wav",
    "cards/002.wav",
    "cards/003.wav",
    "cards/004.wav",
    "librivox/sense_and_sensibility_01_austen_64kb-0880.wav",
];

/// Reads the files named, or the defaults if none is.
pub fn clips(named: &[PathBuf]) -> Result<Vec<Utterance>, NotSpeech> {
    let defaults = || DEFAULT_FILES.iter().map(|file| Path::new(DEFAULT_FOLDER).join(file)).collect();
    let files: Vec<PathBuf> = if named.is_empty() { defaults() } else { named.to_vec() };
    files.iter().map(|file| Utterance::read(file)).collect()
}
