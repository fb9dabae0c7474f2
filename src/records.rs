//! What stays of a call on disk: its journal (transcript and timeline, JSON lines) and, if configured and announced, its recording. Who is recorded can ask for
//! it: a recording always has a journal, if only of who rang.
//!
//! ```text
//! <path>/2026-11-21/<call>.jsonl     one [`crate::call::timeline::Entry`] a line, sealed; without a store in clear
//! <path>/2026-11-21/<call>.rec       16 kHz stereo, caller left, agent right, aligned to the sample by the leg clock; sealed; once over perhaps in a [`bucket`]
//! <path>/2026-11-21/<call>.wav       the same without keys
//! <path>/webhooks/2026-11-21         digests of carriers' webhooks that were answered
//! <path>/instance                    the name of the server that has this folder
//! ```
//!
//! Days are UTC; folders are 0700, files 0600. Writing happens on two threads of its own behind bounded queues: a slow disk costs
//! records, which are counted, never audio. A journal is locked while it is written; once its call is over it is moved to the store, if there is
//! one ([`crate::store`]). Nothing in a record may reach a log.

pub mod bucket;
mod first_times;
mod hold;
mod instance;
mod journal;
mod library;
mod lines;
mod recording;
pub mod sealed;
pub(crate) mod sealed_lines;
mod settings;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::mpsc;

use crate::call::CallId;
use crate::store::notes::Notes;

use journal::Scope;

pub use first_times::FirstTimes;
pub use hold::Hold;
pub use instance::instance;
pub use journal::Journal;
pub use library::{Library, Past};
pub(crate) use lines::Lines;
pub use recording::Recorder;
pub use sealed_lines::Seal;
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
        Self::telling(settings, None, None, None)
    }

    /// As [`Self::open`]; each journal is told of when it is closed, and `notes` of recordings that were deleted. A queue that is full is counted, never waited for.
    /// Without a seal both are written in clear.
    pub fn telling(
        settings: &RecordsConfig,
        closed: Option<mpsc::Sender<PathBuf>>,
        notes: Option<Arc<Notes>>,
        seal: Option<Seal>,
    ) -> io::Result<Self> {
        let root = settings.folder();
        let counters = Arc::new(Counters::default());
        let records = settings.recording == Recording::Announced;
        let scope = if settings.transcripts { Some(Scope::Whole) } else { records.then_some(Scope::Bounds) };
        if scope.is_some() {
            private_folder(&root)?;
        }
        let keys = seal.as_ref().map(|seal| seal.keys().clone());
        // Whatever was configured when they began.
        recording::delete_parts(&root, notes.as_deref())?;
        Ok(Self {
            journals: scope.map(|scope| journal::Writer::start(scope, counters.clone(), closed, seal)).transpose()?,
            recordings: records.then(|| recording::Writer::start(counters.clone(), notes, keys)).transpose()?,
            root,
            counters,
        })
    }

    /// Keeps nothing.
    pub fn none() -> Self {
        Self { root: PathBuf::new(), counters: Arc::default(), journals: None, recordings: None }
    }

    /// The journal of a call that began at `began`. It takes entries and forgets them if transcripts are off, but for who rang and when if calls are recorded.
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

    /// Waits until every line given so far is on the disk and every journal that was dropped is closed, at most so long. Blocks.
    pub fn flush(&self, patience: Duration) {
        if let Some(writer) = &self.journals {
            writer.flush(patience);
        }
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

/// Whether such a file holds the sound of a call: whole, not to be kept yet, or being sealed anew.
pub(crate) fn is_sound(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ["wav", sealed::SEALED, recording::PART, sealed::NEW].contains(&ending))
}

/// The id of the call whose file it is; [`None`] of other files.
pub(crate) fn call_of(path: &Path) -> Option<uuid::Uuid> {
    uuid::Uuid::try_parse(path.file_prefix()?.to_str()?).ok()
}

/// The recording of a call, whose files begin with this path.
pub(crate) fn recording_beside(journal: &Path) -> Option<PathBuf> {
    ["wav", sealed::SEALED].map(|ending| journal.with_extension(ending)).into_iter().find(|path| path.exists())
}

/// Removes a file, if it is there.
pub(crate) fn gone(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Gives a file the owner of `other`: a command may be run by root, and the server not.
pub(crate) fn given_as(file: &std::fs::File, other: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (own, other) = (file.metadata()?, std::fs::metadata(other)?);
    if (own.uid(), own.gid()) == (other.uid(), other.gid()) {
        return Ok(());
    }
    fchown(file, Some(other.uid()), Some(other.gid()))
}

/// Gives a file that is to stand in the place of `other` that one's owner and mode.
pub(crate) fn owned_as(file: &std::fs::File, other: &Path) -> io::Result<()> {
    given_as(file, other)?;
    file.set_permissions(std::fs::metadata(other)?.permissions())
}

pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// [`private_file`], locked for as long as it is open: whoever finds it unlocked knows that nothing more comes.
pub(crate) fn locked_file(path: &Path) -> io::Result<std::fs::File> {
    let file = private_file(path)?;
    // Whoever saw the new file first lets go of it at once.
    file.lock()?;
    Ok(file)
}

/// Creates a file that only its owner can read and write, with its folder.
pub(crate) fn private_file(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    std::fs::OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
