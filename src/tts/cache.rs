//! Fixed phrases on disk: what a voice once said need not be said again at the next start. A hosted voice is paid by the word.
//!
//! Only for phrases that are the same for every caller: nothing said in a call goes here. A file is named by the hash of its key
//! and holds 16 kHz mono WAV; one that cannot be read is as good as none. Bounded by [`MOST`]; writing never fails a start.

use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attendant_media::frame::RATE;
use sha2::{Digest, Sha256};

use crate::language::Language;

/// Files kept: five languages of ten phrases, for ten voices. The longest unused beyond that go.
const MOST: usize = 500;

/// A longer phrase is not kept: 60 s.
const LONGEST: usize = 60 * RATE as usize;

const SPEC: hound::WavSpec =
    hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };

/// What a phrase's audio depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The voice as it sounds: [`Voice::timbre`](super::Voice::timbre).
    pub timbre: &'a str,
    pub language: Language,
    pub text: &'a str,
}

/// A folder of rendered phrases.
#[derive(Clone, Debug)]
pub struct PhraseCache {
    folder: PathBuf,
}

impl PhraseCache {
    /// Makes the folder if need be, and drops the files written longest ago beyond [`MOST`]. Blocking.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder)?;
        trim(&folder, MOST)?;
        Ok(Self { folder })
    }

    /// The audio, if it is there and whole. Blocking: a few hundred kilobytes at most.
    pub fn get(&self, key: Key<'_>) -> Option<Arc<[i16]>> {
        let bytes = std::fs::read(self.path(key)).ok()?;
        let reader = hound::WavReader::new(Cursor::new(bytes)).ok().filter(|reader| reader.spec() == SPEC)?;
        let samples: Vec<i16> = reader.into_samples().collect::<Result<_, _>>().ok()?;
        (!samples.is_empty()).then(|| samples.into())
    }

    /// Keeps the audio; whole or not at all. Blocking.
    pub fn put(&self, key: Key<'_>, audio: &[i16]) -> io::Result<()> {
        if audio.is_empty() || audio.len() > LONGEST {
            return Ok(());
        }
        let mut file = Cursor::new(Vec::with_capacity(audio.len() * 2 + 44));
        write(&mut file, audio).map_err(io::Error::other)?;
        let path = self.path(key);
        // Two servers may start on one folder: each writes its own file, and the last rename counts.
        let draft = path.with_extension(format!("{}.part", std::process::id()));
        std::fs::write(&draft, file.into_inner())?;
        std::fs::rename(&draft, &path)
    }

    fn path(&self, key: Key<'_>) -> PathBuf {
        let mut hash = Sha256::new();
        for part in [key.timbre, key.language.tag(), key.text] {
            // The length keeps "ab" + "c" from being "a" + "bc".
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name).with_extension("wav")
    }
}

fn write(file: &mut Cursor<Vec<u8>>, audio: &[i16]) -> hound::Result<()> {
    let mut writer = hound::WavWriter::new(file, SPEC)?;
    let mut samples = writer.get_i16_writer(u32::try_from(audio.len()).unwrap_or(u32::MAX));
    for sample in audio {
        samples.write_sample(*sample);
    }
    samples.flush()?;
    writer.finalize()
}

fn trim(folder: &Path, most: usize) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "wav" || end == "part") {
            files.push((entry.metadata()?.modified()?, path));
        }
    }
    files.sort();
    let spare = files.len().saturating_sub(most);
    files.into_iter().take(spare).try_for_each(|(_, path)| std::fs::remove_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key<'static> = Key { timbre: "hibari 0.2.1", language: Language::English, text: "One moment." };

    #[test]
    fn what_was_put_comes_back_under_its_own_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PhraseCache::open(folder.path().join("phrases")).unwrap();
        assert_eq!(cache.get(KEY), None);
        cache.put(KEY, &[1, -2, 3]).unwrap();
        assert_eq!(cache.get(KEY).as_deref(), Some([1, -2, 3].as_slice()));
        for other in [
            Key { timbre: "espeak", ..KEY },
            Key { language: Language::French, ..KEY },
            Key { text: "One moment", ..KEY },
            Key { timbre: "hibari 0.2.1e", language: Language::English, text: "n-CAOne moment." },
        ] {
            assert_eq!(cache.get(other), None);
        }
    }

    #[test]
    fn a_broken_or_empty_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PhraseCache::open(folder.path()).unwrap();
        cache.put(KEY, &[7; 100]).unwrap();
        let path = cache.path(KEY);
        let whole = std::fs::read(&path).unwrap();
        for broken in [&whole[..80], &[], b"not audio".as_slice()] {
            std::fs::write(&path, broken).unwrap();
            assert_eq!(cache.get(KEY), None);
        }
        cache.put(KEY, &[]).unwrap();
        assert_eq!(cache.get(KEY), None);
    }

    #[test]
    fn old_phrases_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PhraseCache::open(folder.path()).unwrap();
        for text in ["a", "b", "c"] {
            cache.put(Key { text, ..KEY }, &[1; 10]).unwrap();
        }
        trim(folder.path(), 1).unwrap();
        let left = |text| cache.get(Key { text, ..KEY }).is_some();
        assert_eq!(["a", "b", "c"].into_iter().filter(|text| left(text)).count(), 1);
    }
}
