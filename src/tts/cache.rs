//! Fixed phrases on disk: what a voice once said need not be said again at the next start. A hosted voice is paid by the word.
//!
//! Only for phrases that are the same for every caller: nothing said in a call goes here. A file is named by the hash of its key
//! and holds 16 kHz mono WAV; one that cannot be read is as good as none. A file is as old as its last use: beyond [`MANY`] those go that have
//! not been used for long, beyond [`MOST`] the longest unused. Writing never fails a start.

use std::fs::File;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use attendant_media::frame::RATE;
use sha2::{Digest, Sha256};

use crate::clock;
use crate::language::Language;

/// Files kept in any case: five languages of ten phrases, for ten voices.
const MANY: usize = 500;

/// Beyond [`MANY`] one that was not used for so long goes: a server of many clinics uses more, at each start.
const UNUSED: Duration = Duration::from_secs(30 * 86_400);

/// Files kept at most: half a gigabyte at 3 s each.
const MOST: usize = 5_000;

/// What attendant makes of a voice's audio before it is kept: trimmed, brought to our rate and level. Another number whenever that changes, so
/// that nothing is heard as it was.
const SHAPE: &str = "1";

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
    /// Makes the folder if need be, and drops what is too much of it. Blocking.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder)?;
        trim(&folder, clock::now().into(), MANY, MOST)?;
        Ok(Self { folder })
    }

    /// The audio, if it is there and whole. Blocking: a few hundred kilobytes at most.
    pub fn get(&self, key: Key<'_>) -> Option<Arc<[i16]>> {
        let path = self.path(key);
        let bytes = std::fs::read(&path).ok()?;
        let reader = hound::WavReader::new(Cursor::new(bytes)).ok().filter(|reader| reader.spec() == SPEC)?;
        let samples: Vec<i16> = reader.into_samples().collect::<Result<_, _>>().ok()?;
        if samples.is_empty() {
            return None;
        }
        // A folder that cannot be written to keeps what it has.
        File::open(&path).and_then(|file| file.set_modified(clock::now().into())).ok();
        Some(samples.into())
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
        for part in [SHAPE, key.timbre, key.language.tag(), key.text] {
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

fn trim(folder: &Path, now: SystemTime, many: usize, most: usize) -> io::Result<()> {
    drop_spare(files(folder)?, now, many, most)
}

/// Each with when it was last used.
fn files(folder: &Path) -> io::Result<Vec<(SystemTime, PathBuf)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "wav" || end == "part") {
            let used = unless_gone(entry.metadata().and_then(|file| file.modified()))?;
            files.extend(used.map(|used| (used, path)));
        }
    }
    Ok(files)
}

fn drop_spare(mut files: Vec<(SystemTime, PathBuf)>, now: SystemTime, many: usize, most: usize) -> io::Result<()> {
    files.sort();
    let (spare, too_many) = (files.len().saturating_sub(many), files.len().saturating_sub(most));
    let is_unused = |used: &SystemTime| now.duration_since(*used).is_ok_and(|unused| unused >= UNUSED);
    let goes = files.into_iter().take(spare).enumerate().filter(|(n, (used, _))| *n < too_many || is_unused(used));
    goes.map(|(_, (_, path))| path).try_for_each(|path| unless_gone(std::fs::remove_file(path)).map(|_| ()))
}

/// Another server that starts on the folder may drop a file, or give it its name, meanwhile.
fn unless_gone<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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

    /// Phrases of these names, each used so many days ago, and the time now.
    fn used(cache: &PhraseCache, phrases: &[(&'static str, u64)]) -> SystemTime {
        let now: SystemTime = clock::now().into();
        for (text, days) in phrases {
            let key = Key { text, ..KEY };
            cache.put(key, &[1; 10]).unwrap();
            let file = File::open(cache.path(key)).unwrap();
            file.set_modified(now - Duration::from_secs(days * 86_400)).unwrap();
        }
        now
    }

    fn left(cache: &PhraseCache, phrases: &[(&'static str, u64)]) -> String {
        phrases.iter().map(|(text, _)| *text).filter(|text| cache.path(Key { text, ..KEY }).exists()).collect()
    }

    #[test]
    fn the_longest_unused_go_first_and_what_is_used_stays_although_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PhraseCache::open(folder.path()).unwrap();
        let phrases = [("a", 90), ("b", 60), ("c", 40), ("d", 1)];
        let now = used(&cache, &phrases);
        assert!(cache.get(Key { text: "a", ..KEY }).is_some());
        trim(folder.path(), now, 1, 2).unwrap();
        assert_eq!(left(&cache, &phrases), "ad");
    }

    #[test]
    fn a_file_that_another_server_drops_meanwhile_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PhraseCache::open(folder.path()).unwrap();
        let phrases = [("a", 90), ("b", 60), ("c", 40), ("d", 1)];
        let now = used(&cache, &phrases);
        let files = files(folder.path()).unwrap();
        std::fs::remove_file(cache.path(Key { text: "a", ..KEY })).unwrap();
        drop_spare(files, now, 1, 2).unwrap();
        assert_eq!(left(&cache, &phrases), "d");
    }

    #[test]
    fn what_was_used_of_late_stays_until_there_is_far_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let cache = PhraseCache::open(folder.path()).unwrap();
        let phrases = [("a", 31), ("b", 3), ("c", 2), ("d", 1)];
        let now = used(&cache, &phrases);
        for (many, most, stay) in [(4, 9, "abcd"), (1, 9, "bcd"), (1, 2, "cd")] {
            trim(folder.path(), now, many, most).unwrap();
            assert_eq!(left(&cache, &phrases), stay, "{many} {most}");
        }
    }
}
