//! Writing recordings while calls go on: frames by value through a bounded queue to one thread.
//!
//! A media worker never waits and never allocates here. A frame that finds the queue full is counted and becomes silence, because
//! each frame carries its place on the leg clock. A refused recording is deleted, also when it is refused at the last moment. Until it may
//! be kept its file is called `.part`, and what is left of such is deleted at the next start. A disk that takes nothing is asked again
//! once a second, and logged once a recording.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use attendant_media::frame::{Frame, RATE, Samples};

use super::sealed::{SEALED, Sealer};
use super::{Counters, locked_file};
use crate::store::audit::{Action, Note};
use crate::store::keys::Keys;
use crate::store::notes::Notes;

/// Frames waiting to be written: 0.4 s of 100 calls, 2.6 MB.
const QUEUE: usize = 2_048;

/// A call may begin to be recorded late, and a full queue leaves gaps; more silence than this in one piece is a fault.
const LONGEST_GAP: u64 = 3_600 * RATE as u64;

/// How often an idle writer looks for recordings whose close was lost.
const IDLE: Duration = Duration::from_secs(1);

/// The header is brought up to date this often, so that a recording that may be kept survives the end of the process: 5 s.
const FLUSH_SAMPLES: u64 = 5 * RATE as u64;

/// After a failure the disk is left alone for this long of the recording: 1 s.
const AGAIN: Samples = Samples(RATE as u64);

/// How a file ends whose caller may not have heard yet that they are recorded.
pub(super) const PART: &str = "part";

/// In this order: what was discarded stays so.
const RUNNING: u8 = 0;
/// It may be kept, whatever becomes of the process.
const KEPT: u8 = 1;
const CLOSED: u8 = 2;
const DISCARDED: u8 = 3;
/// Discarded, and noted.
const NOTED: u8 = 4;

#[derive(Debug)]
struct Take {
    path: PathBuf,
    state: AtomicU8,
}

impl Take {
    fn is_discarded(&self) -> bool {
        self.state.load(Ordering::Acquire) >= DISCARDED
    }

    fn may_be_kept(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), KEPT | CLOSED)
    }

    fn part(&self) -> PathBuf {
        self.path.with_added_extension(PART)
    }

    /// Notes once that it was discarded, if it was: also if nothing of it had come to the disk yet.
    fn note(&self, notes: Option<&Notes>, outcome: &str) {
        let discarded = self.state.compare_exchange(DISCARDED, NOTED, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if let (true, Some(notes), Some(call)) = (discarded, notes, self.path.file_stem()) {
            notes.write(&Note::new("attendant", Action::RecordingDeleted, &call.to_string_lossy(), outcome));
        }
    }
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a frame travels by value: the frame path allocates nothing")]
enum Message {
    Frame {
        take: Arc<Take>,
        at: Samples,
        heard: Frame,
        said: Frame,
    },
    /// Look at the take's state.
    Look(Arc<Take>),
    Stop,
}

/// The recording of one call, fed by its media worker. Dropping it finishes the file.
#[derive(Debug)]
pub struct Recorder {
    take: Arc<Take>,
    queue: SyncSender<Message>,
    counters: Arc<Counters>,
}

impl Recorder {
    /// Queues 20 ms of both sides at this place on the leg clock; never waits. `false` if it was dropped (and counted).
    pub fn try_send(&self, at: Samples, heard: &Frame, said: &Frame) -> bool {
        let sent =
            self.queue.try_send(Message::Frame { take: self.take.clone(), at, heard: *heard, said: *said }).is_ok();
        if !sent {
            self.counters.frames_dropped.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("records_frames_dropped_total").increment(1);
        }
        sent
    }

    /// The caller has heard of it: what was recorded stays if the process ends now.
    pub fn keep(&self) {
        self.take.state.fetch_max(KEPT, Ordering::AcqRel);
    }

    /// The caller refused: the file is deleted, with everything recorded so far.
    pub fn discard(self) {
        self.take.state.store(DISCARDED, Ordering::Release);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // The greater of both, because a refusal must not be turned into a plain end. If the queue is full, the writer finds out when idle.
        self.take.state.fetch_max(CLOSED, Ordering::AcqRel);
        if self.queue.try_send(Message::Look(self.take.clone())).is_err() {
            metrics::counter!("records_closes_delayed_total").increment(1);
        }
    }
}

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    queue: SyncSender<Message>,
    counters: Arc<Counters>,
    keys: Option<Arc<Keys>>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// `notes` are told of recordings that were deleted; without `keys` they are plain WAV files.
    pub(super) fn start(
        counters: Arc<Counters>,
        notes: Option<Arc<Notes>>,
        keys: Option<Arc<Keys>>,
    ) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let (counted, sealing) = (counters.clone(), keys.clone());
        let thread = std::thread::Builder::new()
            .name("recordings".into())
            .spawn(move || write(&messages, &counted, notes.as_deref(), sealing.as_ref()))?;
        Ok(Self { queue, counters, keys, thread })
    }

    /// `path` is that of a plain one.
    pub(super) fn recorder(&self, path: PathBuf) -> Recorder {
        let path = if self.keys.is_some() { path.with_extension(SEALED) } else { path };
        let take = Arc::new(Take { path, state: AtomicU8::new(RUNNING) });
        Recorder { take, queue: self.queue.clone(), counters: self.counters.clone() }
    }

    pub(super) fn close(self) {
        if self.queue.send(Message::Stop).is_ok() && self.thread.join().is_err() {
            tracing::error!("the writer of recordings had a fault: the last seconds may be missing");
        }
    }
}

/// A recording, from its first frame to its end.
struct Reel {
    take: Arc<Take>,
    tape: Option<Tape>,
    name: Name,
    disk: Disk,
}

/// What its file is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Part,
    Whole,
}

#[derive(Clone, Copy)]
enum Disk {
    Well,
    /// Nothing is written before this place.
    Failed {
        again: Samples,
    },
}

impl Reel {
    /// Writes the frame, or counts it; the first failure is logged.
    fn put(&mut self, at: Samples, heard: &Frame, said: &Frame, counters: &Counters, keys: Option<&Arc<Keys>>) {
        if self.take.is_discarded() {
            return;
        }
        let written = match self.disk {
            Disk::Failed { again } if at < again => false,
            Disk::Well | Disk::Failed { .. } => match self.write(at, heard, said, keys) {
                Ok(()) => true,
                Err(error) => {
                    if matches!(self.disk, Disk::Well) {
                        tracing::error!(%error, "a recording cannot be written and has holes; see to the disk and [records] path");
                    }
                    // A frame out of place says nothing about the disk.
                    let pause = if error.kind() == io::ErrorKind::InvalidInput { Samples::ZERO } else { AGAIN };
                    self.disk = Disk::Failed { again: at + pause };
                    false
                }
            },
        };
        if !written {
            counters.frames_dropped.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("records_frames_dropped_total").increment(1);
        }
    }

    fn write(&mut self, at: Samples, heard: &Frame, said: &Frame, keys: Option<&Arc<Keys>>) -> io::Result<()> {
        match &mut self.tape {
            Some(tape) => tape.put(at, heard, said),
            empty => empty.insert(Tape::create(&self.take.part(), keys)?).put(at, heard, said),
        }?;
        if self.name == Name::Part && self.take.may_be_kept() { self.rename() } else { Ok(()) }
    }

    fn rename(&mut self) -> io::Result<()> {
        std::fs::rename(self.take.part(), &self.take.path)?;
        self.name = Name::Whole;
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        let Some(tape) = self.tape.take() else { return Ok(()) };
        let finished = match tape.sound {
            Sound::Plain(wav) => wav.finalize().map_err(into_io),
            Sound::Sealed(sealer) => sealer.finish(),
        };
        match (self.take.is_discarded(), self.name) {
            (true, Name::Part) => std::fs::remove_file(self.take.part()),
            (true, Name::Whole) => std::fs::remove_file(&self.take.path),
            (false, Name::Part) if self.take.may_be_kept() => self.rename().and(finished),
            // Its call goes on, and nobody will write it any more.
            (false, Name::Part) => finished,
            (false, Name::Whole) => finished,
        }
    }
}

/// What is written, and read back.
pub(super) const SOUND: hound::WavSpec =
    hound::WavSpec { channels: 2, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };

/// One file being written.
struct Tape {
    sound: Sound,
    /// Where the next sample goes, on the leg clock; the file begins at zero.
    next: Samples,
    flushed: Samples,
}

enum Sound {
    Plain(hound::WavWriter<BufWriter<File>>),
    Sealed(Sealer),
}

impl Tape {
    fn create(path: &Path, keys: Option<&Arc<Keys>>) -> io::Result<Self> {
        let sound = match keys {
            Some(keys) => Sound::Sealed(Sealer::create(path, keys.clone())?),
            None => {
                let file = BufWriter::with_capacity(64 * 1024, locked_file(path)?);
                Sound::Plain(hound::WavWriter::new(file, SOUND).map_err(into_io)?)
            }
        };
        Ok(Self { sound, next: Samples::ZERO, flushed: Samples::ZERO })
    }

    fn put(&mut self, at: Samples, heard: &Frame, said: &Frame) -> io::Result<()> {
        if at < self.next || at.0 - self.next.0 > LONGEST_GAP {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a frame out of order on the leg clock"));
        }
        for _ in self.next.0..at.0 {
            self.pair(0, 0)?;
        }
        for (left, right) in heard.iter().zip(said) {
            self.pair(*left, *right)?;
        }
        if self.next.0 - self.flushed.0 >= FLUSH_SAMPLES {
            self.flushed = self.next;
            if let Sound::Plain(wav) = &mut self.sound {
                wav.flush().map_err(into_io)?;
            }
        }
        Ok(())
    }

    /// Goes on only with what is written: a frame of which the disk took a part leaves the others in their places.
    fn pair(&mut self, left: i16, right: i16) -> io::Result<()> {
        match &mut self.sound {
            Sound::Plain(wav) => {
                wav.write_sample(left).and_then(|()| wav.write_sample(right)).map_err(into_io)?;
            }
            Sound::Sealed(sealer) => sealer.pair(left, right)?,
        }
        self.next = self.next + Samples(1);
        Ok(())
    }
}

pub(super) fn into_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// Recordings of callers who may not have heard of them, left by a process that ended without its last words. No other process has this folder.
pub(super) fn delete_parts(root: &Path, notes: Option<&Notes>) -> io::Result<()> {
    if !root.exists() {
        return Ok(());
    }
    for day in std::fs::read_dir(root)? {
        let day = day?.path();
        if !day.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&day)? {
            let file = file?.path();
            if file.extension().is_none_or(|ending| ending != PART) {
                continue;
            }
            std::fs::remove_file(&file)?;
            if let (Some(notes), Some(call)) = (notes, file.file_prefix()) {
                notes.write(&Note::new("attendant", Action::RecordingDeleted, &call.to_string_lossy(), "done"));
            }
        }
    }
    Ok(())
}

fn write(messages: &Receiver<Message>, counters: &Counters, notes: Option<&Notes>, keys: Option<&Arc<Keys>>) {
    let mut reels: HashMap<PathBuf, Reel> = HashMap::new();
    loop {
        // An empty queue holds no frame of any closed take: now they can be finished.
        let message = match messages.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                finish(&mut reels, notes, |reel| reel.take.state.load(Ordering::Acquire) >= CLOSED);
                match messages.recv_timeout(IDLE) {
                    Ok(message) => message,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        };
        match message {
            Message::Frame { take, at, heard, said } => {
                if !reels.contains_key(&take.path) {
                    let reel = Reel { take: take.clone(), tape: None, name: Name::Part, disk: Disk::Well };
                    reels.insert(take.path.clone(), reel);
                }
                if let Some(reel) = reels.get_mut(&take.path) {
                    reel.put(at, &heard, &said, counters, keys);
                }
            }
            Message::Look(take) => {
                finish(&mut reels, notes, |reel| Arc::ptr_eq(&reel.take, &take));
                take.note(notes, "done");
            }
            Message::Stop => break,
        }
    }
    finish(&mut reels, notes, |_| true);
}

fn finish(reels: &mut HashMap<PathBuf, Reel>, notes: Option<&Notes>, which: impl Fn(&Reel) -> bool) {
    for (_, reel) in reels.extract_if(|_, reel| which(reel)) {
        let take = reel.take.clone();
        let finished = reel.finish();
        take.note(notes, if finished.is_ok() { "done" } else { "failed" });
        if let Err(error) = finished {
            tracing::error!(%error, "a recording could not be finished or deleted; see to the disk and [records] path");
        }
    }
}
