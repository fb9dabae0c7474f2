//! What stays of a call on disk: its journal (transcript and timeline, JSON lines) and, if configured and announced, its recording.
//!
//! ```text
//! <path>/2026-11-21/<call>.jsonl     one [`crate::call::timeline::Entry`] a line
//! <path>/2026-11-21/<call>.wav       16 kHz stereo, caller left, agent right, aligned to the sample by the leg clock
//! <path>/webhooks/2026-11-21         digests of carriers' webhooks that were answered
//! ```
//!
//! Days are UTC; folders are 0700, files 0600. Writing happens on two threads of its own behind bounded queues: a slow disk costs
//! records, which are counted, never audio. Nothing in a record may reach a log.

mod first_times;
mod journal;
mod library;
mod recording;
mod settings;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use time::OffsetDateTime;

use crate::call::CallId;

pub use first_times::FirstTimes;
pub use journal::Journal;
pub use library::{Library, Past};
pub use recording::Recorder;
pub use settings::{Recording, RecordsConfig};

/// Opens the records of calls. One per process; dropping it writes what is still queued.
#[derive(Debug)]
pub struct Records {
    root: PathBuf,
    counters: Arc<Counters>,
    journals: Option<journal::Writer>,
    recordings: Option<recording::Writer>,
}

/// What could not be written. They only grow.
#[derive(Debug, Default)]
pub struct Counters {
    /// Journal lines lost to a full queue or a failing disk.
    pub lines_dropped: AtomicU64,
    /// Frames (20 ms) of recordings lost to a full queue or a failing disk; the gap is silence in the file.
    pub frames_dropped: AtomicU64,
}

impl Records {
    /// Creates the folder and starts the writers that the settings ask for.
    pub fn open(settings: &RecordsConfig) -> io::Result<Self> {
        let root = settings.folder();
        let counters = Arc::new(Counters::default());
        let writes = settings.transcripts || settings.recording == Recording::Announced;
        if writes {
            private_folder(&root)?;
        }
        Ok(Self {
            journals: settings.transcripts.then(|| journal::Writer::start(counters.clone())).transpose()?,
            recordings: (settings.recording == Recording::Announced)
                .then(|| recording::Writer::start(counters.clone()))
                .transpose()?,
            root,
            counters,
        })
    }

    /// Keeps nothing.
    pub fn none() -> Self {
        Self { root: PathBuf::new(), counters: Arc::default(), journals: None, recordings: None }
    }

    /// The journal of a call that began at `began`. It takes entries and forgets them if transcripts are off.
    pub fn journal(&self, call: CallId, began: OffsetDateTime) -> Journal {
        match &self.journals {
            Some(writer) => writer.journal(self.file(call, began, "jsonl")),
            None => Journal::none(),
        }
    }

    /// The recording of a call, if calls are recorded. The caller must have been told before the first frame is sent.
    pub fn recorder(&self, call: CallId, began: OffsetDateTime) -> Option<Recorder> {
        self.recordings.as_ref().map(|writer| writer.recorder(self.file(call, began, "wav")))
    }

    /// Lines and frames lost so far.
    pub fn dropped(&self) -> (u64, u64) {
        (self.counters.lines_dropped.load(Ordering::Relaxed), self.counters.frames_dropped.load(Ordering::Relaxed))
    }

    /// Writes what is queued and ends the writers, as dropping does. Journals and recorders still held lose what they are given
    /// later.
    pub fn close(self) {
        drop(self);
    }

    fn file(&self, call: CallId, began: OffsetDateTime, extension: &str) -> PathBuf {
        self.root.join(began.date().to_string()).join(format!("{call}.{extension}"))
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        if let Some(writer) = self.journals.take() {
            writer.close();
        }
        if let Some(writer) = self.recordings.take() {
            writer.close();
        }
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates a file that only its owner can read, with its folder.
fn private_file(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
