//! Recordings as they lie on the disk where there are keys: a second of sound after the other, each sealed by the clinic's key (AES-256-GCM).
//!
//! ```text
//! attendant recording 1\n      then, for each piece:
//! 1 byte                       0, or 1: the last one
//! 4 bytes                      length of what follows
//! version, nonce, sound, tag   as crate::store::keys seals; sound is 16-bit, caller and agent by turns
//! ```
//!
//! A piece is bound to its call, its number and whether it is the last: none can be changed, moved, left out or cut off unnoticed, but for the end of a recording
//! that broke off with its process, which has no last piece.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use attendant_media::frame::RATE;

use super::{gone, locked_file, owned_as, private_file};
use crate::store::keys::Keys;

/// The ending of such a file.
pub const SEALED: &str = "rec";

/// The ending while it is sealed anew.
pub(super) const NEW: &str = "new";

const MAGIC: &[u8] = b"attendant recording 1\n";

/// Bytes of a second: two sides of 16 bits.
const PIECE: usize = RATE as usize * 4;

/// A sealed piece is longer by version, nonce and tag; anything much longer is no piece.
const LONGEST: usize = PIECE + 64;

/// How a recording ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// The process ended before the call did, or somebody cut it off.
    BrokenOff,
}

/// What came of sealing a recording anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resealed {
    Now,
    /// The newest key has sealed it, or it was taken away meanwhile.
    Before,
    /// It is being written, or broke off: it stays as it is.
    Unfinished,
}

/// Writes one.
pub(super) struct Sealer {
    file: File,
    keys: Arc<Keys>,
    call: String,
    number: u64,
    sound: Vec<u8>,
    /// Bytes of the file that are whole pieces; what stands after them is of a write that failed.
    whole: u64,
}

impl Sealer {
    pub(super) fn create(path: &Path, keys: Arc<Keys>) -> io::Result<Self> {
        Self::over(locked_file(path)?, &call(path), keys)
    }

    fn over(mut file: File, call: &str, keys: Arc<Keys>) -> io::Result<Self> {
        file.write_all(MAGIC)?;
        let whole = MAGIC.len() as u64;
        Ok(Self { file, keys, call: call.to_owned(), number: 0, sound: Vec::with_capacity(PIECE), whole })
    }

    /// One sample of each side. If it fails it may be given again.
    pub(super) fn pair(&mut self, left: i16, right: i16) -> io::Result<()> {
        if self.sound.len() >= PIECE {
            self.piece(0)?;
        }
        self.sound.extend(left.to_le_bytes().into_iter().chain(right.to_le_bytes()));
        Ok(())
    }

    /// Returns when it is on the disk.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.piece(1)?;
        self.file.sync_data()
    }

    fn piece(&mut self, last: u8) -> io::Result<()> {
        let sealed = self.keys.seal(&place(&self.call, self.number, last), &self.sound);
        let length = u32::try_from(sealed.len()).map_err(io::Error::other)?.to_be_bytes();
        let piece = [&[last][..], &length, &sealed].concat();
        self.file.set_len(self.whole)?;
        self.file.seek(SeekFrom::Start(self.whole))?;
        self.file.write_all(&piece)?;
        self.whole += piece.len() as u64;
        self.number += 1;
        self.sound.clear();
        Ok(())
    }
}

/// Goes through a recording piece by piece.
struct Pieces<'a> {
    file: BufReader<File>,
    keys: &'a Keys,
    call: String,
    number: u64,
}

enum Piece {
    Sound(Vec<u8>),
    Last(Vec<u8>),
    Missing,
}

impl<'a> Pieces<'a> {
    fn open(path: &Path, keys: &'a Keys) -> io::Result<Self> {
        Self::of(File::open(path)?, &call(path), keys)
    }

    fn of(file: File, call: &str, keys: &'a Keys) -> io::Result<Self> {
        let mut file = BufReader::new(file);
        let mut magic = [0; MAGIC.len()];
        file.read_exact(&mut magic).map_err(|_| foreign())?;
        if magic != MAGIC {
            return Err(foreign());
        }
        Ok(Self { file, keys, call: call.to_owned(), number: 0 })
    }

    fn next(&mut self) -> io::Result<Piece> {
        let Some((last, sealed)) = self.sealed()? else { return Ok(Piece::Missing) };
        let place = place(&self.call, self.number, last);
        let sound = self.keys.open(&place, &sealed).map_err(io::Error::other)?;
        self.number += 1;
        if last == 0 {
            return Ok(Piece::Sound(sound));
        }
        // What somebody put after it.
        if self.file.read(&mut [0])? > 0 { Err(foreign()) } else { Ok(Piece::Last(sound)) }
    }

    /// `None`: the file ends here, or in the middle of a piece.
    fn sealed(&mut self) -> io::Result<Option<(u8, Vec<u8>)>> {
        let mut head = [0; 5];
        if !filled(&mut self.file, &mut head)? {
            return Ok(None);
        }
        let [last, length @ ..] = head;
        let length = u32::from_be_bytes(length) as usize;
        if length > LONGEST {
            return Err(foreign());
        }
        let mut sealed = vec![0; length];
        Ok(filled(&mut self.file, &mut sealed)?.then_some((last, sealed)))
    }
}

fn filled(file: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes the sound of a recording to a new WAV file that only its owner can read; nothing of it is left if that fails.
pub fn unseal(from: &Path, keys: &Keys, to: &Path) -> io::Result<Ending> {
    unsealed(Pieces::open(from, keys)?, to)
}

/// The same of a call's recording that has no name here, as it came out of the bucket.
pub(crate) fn unseal_of(call: &str, from: File, keys: &Keys, to: &Path) -> io::Result<Ending> {
    unsealed(Pieces::of(from, call, keys)?, to)
}

fn unsealed(pieces: Pieces<'_>, to: &Path) -> io::Result<Ending> {
    let file = private_file(to)?;
    written(pieces, file).or_else(|error| gone(to).and(Err(error)))
}

fn written(mut pieces: Pieces<'_>, file: File) -> io::Result<Ending> {
    let mut wav =
        hound::WavWriter::new(io::BufWriter::new(file), super::recording::SOUND).map_err(super::recording::into_io)?;
    let ending = loop {
        let (sound, ending) = match pieces.next()? {
            Piece::Sound(sound) => (sound, None),
            Piece::Last(sound) => (sound, Some(Ending::Whole)),
            Piece::Missing => (Vec::new(), Some(Ending::BrokenOff)),
        };
        for sample in sound.chunks_exact(2) {
            let sample = i16::from_le_bytes([sample[0], sample[1]]);
            wav.write_sample(sample).map_err(super::recording::into_io)?;
        }
        if let Some(ending) = ending {
            break ending;
        }
    };
    wav.finalize().map_err(super::recording::into_io)?;
    Ok(ending)
}

/// Seals a recording anew by the newest key; it is there whole, by one key or the other, whatever happens meanwhile, but for one that is taken away meanwhile.
pub fn reseal(path: &Path, keys: &Arc<Keys>) -> io::Result<Resealed> {
    if is_newest(path, keys)? {
        return Ok(Resealed::Before);
    }
    let beside = path.with_extension(NEW);
    // Of a try before that broke off.
    gone(&beside)?;
    let before = File::open(path)?;
    let copied = Pieces::of(before.try_clone()?, &call(path), keys).and_then(|pieces| {
        let file = locked_file(&beside)?;
        owned_as(&file, path)?;
        copied(pieces, file, keys)
    });
    match copied {
        Ok(Ending::Whole) => put_in_place(&beside, path, &before),
        Ok(Ending::BrokenOff) => gone(&beside).map(|()| Resealed::Unfinished),
        Err(error) => gone(&beside).and(Err(error)),
    }
}

/// A recording that was erased, refused or moved to the bucket while it was copied must not come back.
fn put_in_place(beside: &Path, path: &Path, before: &File) -> io::Result<Resealed> {
    let stands = before.metadata()?;
    match fs::metadata(path) {
        Ok(there) if (there.dev(), there.ino()) == (stands.dev(), stands.ino()) => {
            fs::rename(beside, path).map(|()| Resealed::Now)
        }
        Ok(_) => gone(beside).map(|()| Resealed::Unfinished),
        Err(error) if error.kind() == io::ErrorKind::NotFound => gone(beside).map(|()| Resealed::Before),
        Err(error) => gone(beside).and(Err(error)),
    }
}

/// Seals a recording of this call, as it came out of the bucket, anew into another file by the newest key.
pub(crate) fn reseal_of(call: &str, from: File, to: File, keys: &Arc<Keys>) -> io::Result<Ending> {
    copied(Pieces::of(from, call, keys)?, to, keys)
}

fn copied(mut pieces: Pieces<'_>, to: File, keys: &Arc<Keys>) -> io::Result<Ending> {
    let mut sealer = Sealer::over(to, &pieces.call, keys.clone())?;
    loop {
        match pieces.next()? {
            Piece::Sound(sound) => {
                sealer.sound = sound;
                sealer.piece(0)?;
            }
            Piece::Last(sound) => {
                sealer.sound = sound;
                sealer.piece(1)?;
                sealer.file.sync_all()?;
                return Ok(Ending::Whole);
            }
            Piece::Missing => return Ok(Ending::BrokenOff),
        }
    }
}

fn is_newest(path: &Path, keys: &Keys) -> io::Result<bool> {
    let mut begin = Vec::with_capacity(BEGIN);
    File::open(path)?.take(BEGIN as u64).read_to_end(&mut begin)?;
    is_newest_of(&begin, keys)
}

/// So many bytes of a recording say by which key it is sealed: up to the version of the first piece.
pub(crate) const BEGIN: usize = MAGIC.len() + 5 + 4;

/// Whether the newest key has sealed the recording that begins so. One without a piece has nothing to seal anew.
pub(crate) fn is_newest_of(begin: &[u8], keys: &Keys) -> io::Result<bool> {
    let pieces = begin.strip_prefix(MAGIC).ok_or_else(foreign)?;
    let version = pieces.get(5..).and_then(<[u8]>::first_chunk);
    Ok(version.is_none_or(|version| u32::from_be_bytes(*version) == keys.newest()))
}

/// Where a piece stands.
fn place(call: &str, number: u64, last: u8) -> String {
    format!("recording/{call}/{number}/{last}")
}

fn call(path: &Path) -> String {
    path.file_prefix().map(|call| call.to_string_lossy().into_owned()).unwrap_or_default()
}

fn foreign() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is no recording of this program, or was changed")
}

/// A recording of so many samples of silence.
#[cfg(test)]
pub(crate) fn recorded(path: &Path, keys: &Arc<Keys>, samples: usize) -> io::Result<()> {
    let mut sealer = Sealer::create(path, keys.clone())?;
    (0..samples).try_for_each(|_| sealer.pair(0, 0))?;
    sealer.finish()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;
    use crate::store::keys;

    struct House {
        folder: tempfile::TempDir,
        keys: Arc<Keys>,
    }

    impl House {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            keys::create(&folder.path().join("keys.toml")).unwrap();
            let keys = Self::keys(folder.path());
            Self { folder, keys }
        }

        fn keys(folder: &Path) -> Arc<Keys> {
            Arc::new(Keys::load(&folder.join("keys.toml")).unwrap().of_clinic("c"))
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        /// A recording of so many samples: each side counts, one of them backwards.
        fn recorded(&self, samples: i32) -> PathBuf {
            let path = self.path("call.rec");
            let mut sealer = Sealer::create(&path, self.keys.clone()).unwrap();
            for n in 0..samples {
                sealer.pair(n as i16, (n as i16).wrapping_neg()).unwrap();
            }
            sealer.finish().unwrap();
            path
        }

        fn heard(&self, keys: &Keys) -> io::Result<(Ending, Vec<i16>)> {
            let wav = self.path(&format!("{}.wav", rand::random::<u64>()));
            let ending = unseal(&self.path("call.rec"), keys, &wav).inspect_err(|_| assert!(!wav.exists()))?;
            let mut wav = hound::WavReader::open(wav).unwrap();
            assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, RATE));
            Ok((ending, wav.samples().map(|sample| sample.unwrap()).collect()))
        }
    }

    #[test]
    fn sound_comes_back_as_it_was_and_none_of_it_lies_on_the_disk() {
        let house = House::new();
        for samples in [0, 1, 16_000, 40_001] {
            let path = house.recorded(samples);
            let (ending, heard) = house.heard(&house.keys).unwrap();
            assert_eq!((ending, heard.len()), (Ending::Whole, 2 * samples as usize));
            assert!(heard.chunks(2).zip(0_i32..).all(|(pair, n)| pair == [n as i16, (n as i16).wrapping_neg()]));
            let sound: Vec<u8> = heard.iter().take(64).flat_map(|sample| sample.to_le_bytes()).collect();
            let file = fs::read(&path).unwrap();
            assert!(samples < 32 || !file.windows(sound.len()).any(|part| part == sound));
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn whatever_is_changed_or_moved_is_noticed_and_what_broke_off_is_heard_as_far_as_it_goes() {
        let house = House::new();
        let path = house.recorded(40_000);
        let whole = fs::read(&path).unwrap();
        let piece = 5 + PIECE + 32;
        for at in [0, MAGIC.len(), MAGIC.len() + 3, MAGIC.len() + 40, MAGIC.len() + piece, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            let heard = house.heard(&house.keys);
            assert!(heard.is_err(), "byte {at}");
        }
        let begin = MAGIC.len();
        let swapped =
            [&whole[..begin], &whole[begin + piece..begin + 2 * piece], &whole[begin..begin + piece]].concat();
        fs::write(&path, swapped).unwrap();
        assert!(house.heard(&house.keys).is_err());
        fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
        assert!(house.heard(&house.keys).is_err());
        for (length, samples) in
            [(begin, 0), (begin + piece, 16_000), (begin + 2 * piece - 1, 16_000), (whole.len() - 1, 32_000)]
        {
            fs::write(&path, &whole[..length]).unwrap();
            let (ending, heard) = house.heard(&house.keys).unwrap();
            assert_eq!((ending, heard.len()), (Ending::BrokenOff, 2 * samples));
        }
        // Under another call's name, or with another clinic's key.
        fs::write(&path, &whole).unwrap();
        let other = Keys::load(&house.path("keys.toml")).unwrap().of_clinic("d");
        assert!(house.heard(&other).is_err());
        fs::rename(&path, house.path("else.rec")).unwrap();
        assert!(unseal(&house.path("else.rec"), &house.keys, &house.path("else.wav")).is_err());
    }

    #[test]
    fn what_is_taken_away_while_it_is_sealed_anew_does_not_come_back() {
        let house = House::new();
        let (path, beside) = (house.recorded(20_000), house.path("call.new"));
        let before = File::open(&path).unwrap();
        let put = |there: Option<&str>| {
            fs::write(&beside, "sealed anew").unwrap();
            fs::remove_file(&path).ok();
            there.iter().for_each(|text| fs::write(&path, text).unwrap());
            put_in_place(&beside, &path, &before).unwrap()
        };
        assert_eq!((put(None), path.exists(), beside.exists()), (Resealed::Before, false, false));
        assert_eq!((put(Some("another")), beside.exists()), (Resealed::Unfinished, false));
        assert_eq!(fs::read(&path).unwrap(), b"another");
    }

    #[test]
    fn a_new_key_seals_recordings_anew_but_for_those_that_are_not_over() {
        let house = House::new();
        let path = house.recorded(20_000);
        let before = house.heard(&house.keys).unwrap();
        assert_eq!(reseal(&path, &house.keys).unwrap(), Resealed::Before);
        keys::add(&house.path("keys.toml")).unwrap();
        let keys = House::keys(house.folder.path());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!([reseal(&path, &keys).unwrap(), reseal(&path, &keys).unwrap()], [Resealed::Now, Resealed::Before]);
        assert_eq!(house.heard(&keys).unwrap(), before);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640, "as the one before it");
        assert!(house.heard(&house.keys).is_err(), "the key before does not open it");
        let open = house.path("open.rec");
        let mut sealer = Sealer::create(&open, house.keys.clone()).unwrap();
        (0..20_000).for_each(|_| sealer.pair(1, 1).unwrap());
        assert_eq!(reseal(&open, &keys).unwrap(), Resealed::Unfinished);
        assert!(!house.path("open.new").exists());
        sealer.finish().unwrap();
        assert_eq!(reseal(&open, &keys).unwrap(), Resealed::Now);
    }
}
