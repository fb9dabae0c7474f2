//! Writing recordings while calls go on: frames by value through a bounded queue to one thread.
//!
//! A media worker never waits and never allocates here. A frame that finds the queue full is counted and becomes silence, because
//! each frame carries its place on the leg clock. A refused recording is deleted, also when it is refused at the last moment.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use attendant_media::frame::{Frame, RATE, SLOT_SAMPLES, Samples};

use super::{Counters, private_file};

/// Frames waiting to be written: 0.4 s of 100 calls, 2.6 MB.
const QUEUE: usize = 2_048;

/// A call may begin to be recorded late, and a full queue leaves gaps; more silence than this in one piece is a fault.
const LONGEST_GAP: u64 = 3_600 * RATE as u64;

/// How often an idle writer looks for recordings whose close was lost.
const IDLE: Duration = Duration::from_secs(1);

/// The header is brought up to date this often, so that a recording survives the end of the process: 5 s.
const FLUSH_SAMPLES: u64 = 5 * RATE as u64;

const RUNNING: u8 = 0;
const CLOSED: u8 = 1;
const DISCARDED: u8 = 2;

#[derive(Debug)]
struct Take {
    path: PathBuf,
    state: AtomicU8,
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

    /// The caller refused: the file is deleted, with everything recorded so far.
    pub fn discard(self) {
        self.take.state.store(DISCARDED, Ordering::Release);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // A compare, because a refusal must not be turned into a plain end. If the queue is full, the writer finds out when idle.
        let _running = self.take.state.compare_exchange(RUNNING, CLOSED, Ordering::AcqRel, Ordering::Acquire).is_ok();
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
    thread: JoinHandle<()>,
}

impl Writer {
    pub(super) fn start(counters: Arc<Counters>) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let counted = counters.clone();
        let thread = std::thread::Builder::new().name("recordings".into()).spawn(move || write(&messages, &counted))?;
        Ok(Self { queue, counters, thread })
    }

    pub(super) fn recorder(&self, path: PathBuf) -> Recorder {
        let take = Arc::new(Take { path, state: AtomicU8::new(RUNNING) });
        Recorder { take, queue: self.queue.clone(), counters: self.counters.clone() }
    }

    pub(super) fn close(self) {
        if self.queue.send(Message::Stop).is_ok() && self.thread.join().is_err() {
            tracing::error!("the writer of recordings had a fault: the last seconds may be missing");
        }
    }
}

/// One file being written.
struct Tape {
    take: Arc<Take>,
    wav: hound::WavWriter<BufWriter<File>>,
    /// Where the next sample goes, on the leg clock; the file begins at zero.
    next: Samples,
    flushed: Samples,
}

impl Tape {
    fn create(take: Arc<Take>) -> io::Result<Self> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let file = BufWriter::with_capacity(64 * 1024, private_file(&take.path)?);
        let wav = hound::WavWriter::new(file, spec).map_err(into_io)?;
        Ok(Self { take, wav, next: Samples::ZERO, flushed: Samples::ZERO })
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
        self.next = at + Samples(SLOT_SAMPLES as u64);
        if self.next.0 - self.flushed.0 >= FLUSH_SAMPLES {
            self.flushed = self.next;
            self.wav.flush().map_err(into_io)?;
        }
        Ok(())
    }

    fn pair(&mut self, left: i16, right: i16) -> io::Result<()> {
        self.wav.write_sample(left).and_then(|()| self.wav.write_sample(right)).map_err(into_io)
    }

    fn finish(self) -> io::Result<()> {
        let discarded = self.take.state.load(Ordering::Acquire) == DISCARDED;
        let finished = self.wav.finalize().map_err(into_io);
        if discarded { std::fs::remove_file(&self.take.path) } else { finished }
    }
}

fn into_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

fn write(messages: &Receiver<Message>, counters: &Counters) {
    let mut tapes: HashMap<PathBuf, Tape> = HashMap::new();
    loop {
        // An empty queue holds no frame of any closed take: now they can be finished.
        let message = match messages.try_recv() {
            Ok(message) => message,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                finish(&mut tapes, |tape| tape.take.state.load(Ordering::Acquire) != RUNNING);
                match messages.recv_timeout(IDLE) {
                    Ok(message) => message,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        };
        match message {
            Message::Frame { take, at, heard, said } => {
                if let Err(error) = put(&mut tapes, take, at, &heard, &said) {
                    counters.frames_dropped.fetch_add(1, Ordering::Relaxed);
                    metrics::counter!("records_frames_dropped_total").increment(1);
                    tracing::error!(%error, "20 ms of a recording could not be written; see to the disk and [records] path");
                }
            }
            Message::Look(take) => finish(&mut tapes, |tape| Arc::ptr_eq(&tape.take, &take)),
            Message::Stop => break,
        }
    }
    finish(&mut tapes, |_| true);
}

fn put(
    tapes: &mut HashMap<PathBuf, Tape>,
    take: Arc<Take>,
    at: Samples,
    heard: &Frame,
    said: &Frame,
) -> io::Result<()> {
    if take.state.load(Ordering::Acquire) == DISCARDED {
        return Ok(());
    }
    if !tapes.contains_key(&take.path) {
        let tape = Tape::create(take.clone())?;
        tapes.insert(take.path.clone(), tape);
    }
    tapes.get_mut(&take.path).map_or(Ok(()), |tape| tape.put(at, heard, said))
}

fn finish(tapes: &mut HashMap<PathBuf, Tape>, which: impl Fn(&Tape) -> bool) {
    for (_, tape) in tapes.extract_if(|_, tape| which(tape)) {
        if let Err(error) = tape.finish() {
            tracing::error!(%error, "a recording could not be finished or deleted; see to the disk and [records] path");
        }
    }
}
