//! Appending entries to journals, one thread for all calls: a call hands over a finished line and goes on; here it is sealed, if there are keys.
//!
//! A line that finds the queue full is dropped and counted: a disk that hangs must not hold up a call. A journal is locked while it is open, which
//! the system undoes when the process ends, however it does: so whoever finds one unlocked knows that nothing more comes.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Counters;
use super::sealed_lines::{Seal, Sheet};
use crate::call::timeline::Entry;

/// Lines waiting to be written: 100 calls that end in the same second leave fewer than 1,000.
const QUEUE: usize = 4_096;

#[derive(Debug)]
enum Message {
    Line {
        journal: Arc<PathBuf>,
        line: Vec<u8>,
    },
    Close {
        journal: Arc<PathBuf>,
    },
    /// To be answered once everything before it is done.
    Flush(SyncSender<()>),
    Stop,
}

/// How much of a call is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Whole,
    /// Who rang and when, what it came to, and its end: by these its recording is found if they ask for it.
    Bounds,
}

impl Scope {
    const fn takes(self, entry: &Entry) -> bool {
        match self {
            Self::Whole => true,
            Self::Bounds => matches!(
                entry,
                Entry::Rang { .. } | Entry::Notice { .. } | Entry::Concluded { .. } | Entry::Ended { .. }
            ),
        }
    }
}

/// The journal of one call. Dropping it closes the file.
#[derive(Debug)]
pub struct Journal(Option<Open>);

#[derive(Debug)]
struct Open {
    path: Arc<PathBuf>,
    scope: Scope,
    queue: SyncSender<Message>,
    counters: Arc<Counters>,
}

impl Journal {
    /// Keeps nothing.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Queues one entry; never waits.
    pub fn append(&self, entry: &Entry) {
        let Some(open) = self.0.as_ref().filter(|open| open.scope.takes(entry)) else { return };
        let written = serde_json::to_vec(entry)
            .is_ok_and(|line| open.queue.try_send(Message::Line { journal: open.path.clone(), line }).is_ok());
        if !written {
            open.counters.lines_dropped.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("records_lines_dropped_total").increment(1);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // If the queue is full the file stays open until the process ends; every line of it is on disk all the same.
        if self.queue.try_send(Message::Close { journal: self.path.clone() }).is_err() {
            metrics::counter!("records_closes_dropped_total").increment(1);
        }
    }
}

/// The thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    scope: Scope,
    queue: SyncSender<Message>,
    counters: Arc<Counters>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Without a seal lines are in clear.
    pub(super) fn start(
        scope: Scope,
        counters: Arc<Counters>,
        closed: Option<mpsc::Sender<PathBuf>>,
        seal: Option<Seal>,
    ) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let counted = counters.clone();
        let write = move || write(&messages, &counted, closed.as_ref(), seal.as_ref());
        let thread = std::thread::Builder::new().name("journals".into()).spawn(write)?;
        Ok(Self { scope, queue, counters, thread })
    }

    pub(super) fn journal(&self, path: PathBuf) -> Journal {
        let scope = self.scope;
        Journal(Some(Open { path: Arc::new(path), scope, queue: self.queue.clone(), counters: self.counters.clone() }))
    }

    pub(super) fn flush(&self, patience: Duration) {
        let (done, flushed) = sync_channel(1);
        let sent = self.queue.send(Message::Flush(done)).is_ok();
        if !sent || flushed.recv_timeout(patience).is_err() {
            tracing::warn!("the writer of journals is behind: the disk is slow, or it had a fault");
        }
    }

    pub(super) fn close(self) {
        if self.queue.send(Message::Stop).is_ok() && self.thread.join().is_err() {
            tracing::error!("the writer of journals had a fault: the last lines may be missing");
        }
    }
}

fn write(
    messages: &Receiver<Message>,
    counters: &Counters,
    closed: Option<&mpsc::Sender<PathBuf>>,
    seal: Option<&Seal>,
) {
    let mut files: HashMap<Arc<PathBuf>, Sheet> = HashMap::new();
    // Journals whose failure is in the log already.
    let mut logged: HashSet<Arc<PathBuf>> = HashSet::new();
    for message in messages {
        match message {
            Message::Line { journal, line } => {
                if let Err(error) = append(&mut files, journal.clone(), line, seal) {
                    counters.lines_dropped.fetch_add(1, Ordering::Relaxed);
                    metrics::counter!("records_lines_dropped_total").increment(1);
                    if logged.insert(journal) {
                        tracing::error!(%error, "lines of a call's journal could not be written; see to the disk and [records] path");
                    }
                }
            }
            Message::Close { journal } => {
                logged.remove(&journal);
                // Closing it unlocks it. One that never had a line is no file.
                let was_open = files.remove(&journal).is_some();
                if was_open && closed.is_some_and(|closed| closed.try_send(journal.to_path_buf()).is_err()) {
                    metrics::counter!("store_ends_dropped_total").increment(1);
                }
            }
            // Who asked may have gone.
            Message::Flush(done) => drop(done.try_send(())),
            Message::Stop => return,
        }
    }
}

/// One write per line, so that whoever reads along sees whole lines.
fn append(
    files: &mut HashMap<Arc<PathBuf>, Sheet>,
    journal: Arc<PathBuf>,
    line: Vec<u8>,
    seal: Option<&Seal>,
) -> io::Result<()> {
    let sheet = match files.entry(journal) {
        std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
        std::collections::hash_map::Entry::Vacant(new) => {
            let sheet = Sheet::create(new.key(), seal)?;
            new.insert(sheet)
        }
    };
    sheet.add(line)
}

#[cfg(test)]
mod tests {
    use super::super::lines::full_disk;
    use super::super::private_file;
    use super::*;

    #[tokio::test]
    async fn an_entry_after_half_an_entry_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = Arc::new(folder.path().join("call.jsonl"));
        let file = private_file(&path).unwrap();
        let full = full_disk::fill(&file, 8);
        let mut files = HashMap::from([(path.clone(), Sheet::over(file, &path, None))]);
        let mut add = |entry: &Entry| append(&mut files, path.clone(), serde_json::to_vec(entry).unwrap(), None);
        add(&Entry::Answered { at_us: 1 }).expect_err("the disk is full");
        drop(full);
        add(&Entry::Answered { at_us: 2 }).unwrap();
        let text = full_disk::end(&path, 8);
        let entries: Vec<Entry> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        assert_eq!(entries, [Entry::Answered { at_us: 2 }], "{text}");
    }
}
