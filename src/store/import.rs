//! Moving the journals of calls that are over, and messages for the staff, into the store, in the background.
//!
//! A journal is locked by whoever writes it, for as long as it is written, also if the process ends. One that can be locked is over: its call's record
//! is written, then the file is deleted. If either fails, or the process ends between them, the file stays and is tried again, and the record
//! is there once all the same. No call waits for any of this.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::at_rest::Sealing;
use super::notes::FILE as NOTES;
use super::tail::Lines;
use super::{Kept, Record, Store, StoreError, in_time};
use crate::agent::tools::{LEDGER, Message, messages};
use crate::records::{Library, call_of, gone, sealed_lines};

/// Ends of calls that wait to be looked at. One that finds it full is counted, and found at the next look at the folder.
pub const QUEUE: usize = 1_024;

/// The folder is looked through this often for what was missed.
const LOOK: Duration = Duration::from_secs(60);
/// After a failure it is tried again so soon, then twice as late each time, to the longest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// What records are written to.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// Whole or not at all, and once however often it is tried.
    async fn keep(&self, record: &Record) -> Result<Kept, StoreError>;

    /// As [`Self::keep`].
    async fn keep_message(&self, _message: &Message) -> Result<Kept, StoreError> {
        Ok(Kept::Now)
    }

    /// Moves what files in the folder of records have grown by, and does not wait for ever for a database that says nothing.
    async fn follow(&self, _records: &Path) -> Result<(), StoreError> {
        Ok(())
    }

    /// Says in the audit of what a process before broke off, if its steps begin before `end` (bytes) in the ledger: nobody knows what came of it. After
    /// [`Self::follow`].
    async fn note_broken_off(&self, _records: &Path, _end: u64) -> Result<(), StoreError> {
        Ok(())
    }

    /// Connections, and those of them that nobody uses.
    fn connections(&self) -> (usize, usize) {
        (0, 0)
    }

    /// What opens files of messages, and journals.
    fn sealing(&self) -> Sealing {
        Sealing::default()
    }

    /// Whose records they are, for the metrics.
    fn clinic(&self) -> &str {
        ""
    }
}

#[async_trait]
impl Keeper for Store {
    async fn keep(&self, record: &Record) -> Result<Kept, StoreError> {
        self.be_sure_of_keys().await?;
        Self::keep(self, record).await
    }

    async fn keep_message(&self, message: &Message) -> Result<Kept, StoreError> {
        self.be_sure_of_keys().await?;
        Self::keep_message(self, message).await
    }

    async fn follow(&self, records: &Path) -> Result<(), StoreError> {
        let tools = Self::follow(self, &records.join(LEDGER), Lines::Tools).await;
        // A tool's line that does not fit keeps no note waiting.
        if tools.as_ref().err().is_none_or(StoreError::is_of_one_record) {
            Self::follow(self, &records.join(NOTES), Lines::Notes).await?;
        }
        tools.map(drop)
    }

    async fn note_broken_off(&self, records: &Path, end: u64) -> Result<(), StoreError> {
        in_time(Self::note_broken_off(self, &records.join(LEDGER), end)).await.map(drop)
    }

    fn connections(&self) -> (usize, usize) {
        Self::connections(self)
    }

    fn sealing(&self) -> Sealing {
        self.sealing.clone()
    }

    fn clinic(&self) -> &str {
        &self.clinic
    }
}

/// Moves journals; see the module header.
#[derive(Debug)]
pub struct Importer<K> {
    keeper: K,
    files: Library,
    /// Bytes of the ledger when it was made: what a process before has left.
    before: u64,
}

/// What a look through the folder found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Written now.
    pub kept: usize,
    /// Over, and still waiting.
    pub waiting: usize,
}

impl<K: Keeper> Importer<K> {
    /// One that is to [`Self::run`] is made before the first call.
    pub fn new(keeper: K, library: Library) -> Self {
        let before = std::fs::metadata(library.root().join(LEDGER)).map_or(0, |ledger| ledger.len());
        Self { keeper, files: library, before }
    }

    /// Moves what is there and what comes through `closed`, until `stop`; then looks through the folder once more.
    pub async fn run(self, mut closed: mpsc::Receiver<PathBuf>, stop: CancellationToken) {
        let mut retry = FIRST_RETRY;
        let mut due = Instant::now();
        let mut standing = Standing { is_up: true, clinic: self.keeper.clinic().to_owned() };
        let mut before = Some(self.before).filter(|before| *before > 0);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                path = closed.recv() => match path {
                    // While the database is down only the retry asks it.
                    Some(path) if standing.is_up => {
                        let failure = match self.import(&path).await {
                            Ok(_) => self.rest().await.1,
                            // What the caller left for the staff does not wait with it.
                            Err(error) if error.is_of_one_record() => {
                                wrong(&path, &error);
                                self.rest().await.1
                            }
                            Err(error) => Some(error),
                        };
                        if let Some(error) = failure {
                            standing.failed(&error);
                            due = Instant::now() + retry;
                        }
                    }
                    Some(_) => {}
                    None => break,
                },
                () = tokio::time::sleep_until(due) => {
                    let (found, error) = self.look().await;
                    let error = match error {
                        None => self.broken_off(&mut before).await.err(),
                        some => some,
                    };
                    match error {
                        None => {
                            standing.well(found);
                            (retry, due) = (FIRST_RETRY, Instant::now() + LOOK);
                        }
                        Some(error) => {
                            standing.failed(&error);
                            due = Instant::now() + retry;
                            retry = (retry * 2).min(LONGEST_RETRY);
                        }
                    }
                    self.tell(found);
                }
            }
        }
        let (found, error) = self.look().await;
        self.tell(found);
        if let Some(error) = error {
            tracing::warn!(%error, waiting = found.waiting, "records of calls stay in the folder of records; the next start writes them");
        }
    }

    /// Once, when what a process before has left is moved.
    async fn broken_off(&self, before: &mut Option<u64>) -> Result<(), StoreError> {
        let Some(end) = *before else { return Ok(()) };
        match self.keeper.note_broken_off(self.files.root(), end).await {
            Err(error) if error.is_of_one_record() => misfit(&error),
            noted => noted?,
        }
        *before = None;
        Ok(())
    }

    /// Moves every message, and every journal that is over. Stops when the store fails: the others would fail as well.
    pub async fn look(&self) -> (Found, Option<StoreError>) {
        let journals = match self.files.journals() {
            Ok(journals) => journals,
            Err(error) => return (Found::default(), Some(self.unreadable(error))),
        };
        let (mut found, mut failure) = self.rest().await;
        for path in journals {
            match &failure {
                Some(_) => found.waiting += usize::from(lock(&path).is_ok_and(|file| file.is_some())),
                None => match self.import(&path).await {
                    Ok(kept) => found.kept += usize::from(kept == Some(Kept::Now)),
                    Err(error) => {
                        found.waiting += 1;
                        if error.is_of_one_record() {
                            wrong(&path, &error);
                        } else {
                            failure = Some(error);
                        }
                    }
                },
            }
        }
        (found, failure)
    }

    /// Moves one journal; `None` if its call goes on, or it was moved meanwhile.
    pub async fn import(&self, path: &Path) -> Result<Option<Kept>, StoreError> {
        // Nothing else was ever written there by us.
        if call_of(path).is_none() {
            return Ok(None);
        }
        let Some(file) = lock(path).map_err(|error| unusable(path, error))? else { return Ok(None) };
        let Some(record) = self.read(&file, path)? else { return Ok(None) };
        let kept = in_time(self.keeper.keep(&record)).await?;
        if kept == Kept::Now {
            metrics::counter!("store_records_kept_total").increment(1);
        }
        remove(path)?;
        Ok(Some(kept))
    }

    /// What a journal says. It stays while a key is missing that opens more of it, or if nothing of it opens. `None`: it was created this moment, and its
    /// writer waits for this lock.
    fn read(&self, mut file: &File, path: &Path) -> Result<Option<Record>, StoreError> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| unusable(path, error))?;
        let call = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let said = sealed_lines::read(&call, &bytes, &self.keeper.sealing());
        if let Some(key) = said.lacking {
            return Err(unusable(path, io::Error::other(key)));
        }
        let record = Record::of(&call, &said.text).or_of(said.clinic);
        if record.is_empty() {
            return said.closed.into_iter().next().map_or(Ok(None), |why| Err(StoreError::Record(why)));
        }
        for what in &said.closed {
            metrics::counter!("store_failures_total").increment(1);
            tracing::error!(%what, "a part of this call's journal is lost; the rest is in the store");
        }
        Ok(Some(record.without(said.closed)))
    }

    /// What is no journal: lines of the files that grow, and messages.
    async fn rest(&self) -> (Found, Option<StoreError>) {
        match self.follow().await {
            Ok(()) => self.messages().await,
            Err(error) => {
                let waiting = messages::waiting(self.files.root()).map_or(0, |files| files.len());
                (Found { kept: 0, waiting }, Some(error))
            }
        }
    }

    /// Files of messages that are still where they were: they do not open, or do not fit.
    pub fn closed(&self) -> Result<Vec<String>, StoreError> {
        let mut closed = Vec::new();
        for path in messages::waiting(self.files.root()).map_err(|error| self.unreadable(error))? {
            match messages::read(&path, &self.keeper.sealing()) {
                Ok(Some(_)) => closed.push(format!("{}: it is not in the store yet", path.display())),
                Ok(None) => {}
                Err(error) => closed.push(format!("{}: {error}", path.display())),
            }
        }
        Ok(closed)
    }

    async fn messages(&self) -> (Found, Option<StoreError>) {
        let mut found = Found::default();
        let files = match messages::waiting(self.files.root()) {
            Ok(files) => files,
            Err(error) => return (found, Some(self.unreadable(error))),
        };
        let mut failure = None;
        for path in files {
            let moved = if failure.is_none() { self.message(&path).await } else { Ok(false) };
            match moved {
                Ok(true) => {}
                Ok(false) => found.waiting += 1,
                Err(error) => {
                    found.waiting += 1;
                    if error.is_of_one_record() { wrong(&path, &error) } else { failure = Some(error) }
                }
            }
        }
        (found, failure)
    }

    /// Moves one message; whether its file is gone.
    async fn message(&self, path: &Path) -> Result<bool, StoreError> {
        match messages::read(path, &self.keeper.sealing()) {
            Ok(Some(message)) => {
                in_time(self.keeper.keep_message(&message)).await?;
                remove(path)?;
                Ok(true)
            }
            Ok(None) => Ok(true),
            Err(error) => Err(StoreError::Record(error.to_string())),
        }
    }

    async fn follow(&self) -> Result<(), StoreError> {
        match self.keeper.follow(self.files.root()).await {
            // As after somebody has changed the audit: calls are written all the same.
            Err(error) if error.is_of_one_record() => {
                misfit(&error);
                Ok(())
            }
            followed => followed,
        }
    }

    fn unreadable(&self, error: io::Error) -> StoreError {
        StoreError::Folder { folder: self.files.root().display().to_string(), error }
    }

    fn tell(&self, found: Found) {
        let clinic = || self.keeper.clinic().to_owned();
        metrics::gauge!("store_records_waiting", "clinic" => clinic()).set(found.waiting as f64);
        let (all, idle) = self.keeper.connections();
        metrics::gauge!("store_connections", "clinic" => clinic(), "state" => "idle").set(idle as f64);
        metrics::gauge!("store_connections", "clinic" => clinic(), "state" => "used")
            .set(all.saturating_sub(idle) as f64);
    }
}

fn misfit(error: &StoreError) {
    metrics::counter!("store_failures_total").increment(1);
    tracing::error!(%error, "what tools did, or notes for the audit, do not fit into the store and wait; see `attendant audit verify`");
}

fn remove(path: &Path) -> Result<(), StoreError> {
    gone(path).map_err(|error| unusable(path, error))
}

/// It alone, whatever ails it.
fn unusable(path: &Path, error: io::Error) -> StoreError {
    StoreError::File { file: path.display().to_string(), error }
}

/// A call's id is no secret, nor is a message's.
fn wrong(path: &Path, error: &StoreError) {
    metrics::counter!("store_failures_total").increment(1);
    tracing::error!(file = %path.display(), %error, "this record does not fit into the store, and stays where it is");
}

/// Whether nobody writes this journal, and it is there.
pub(super) fn is_over(path: &Path) -> io::Result<bool> {
    Ok(lock(path)?.is_some())
}

/// Locked, if nobody writes it; `None` if somebody does, or it is gone.
pub(super) fn lock(path: &Path) -> io::Result<Option<File>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether the store does what it is asked; its changes are told once.
#[derive(Debug)]
struct Standing {
    is_up: bool,
    clinic: String,
}

impl Standing {
    fn well(&mut self, found: Found) {
        metrics::gauge!("store_up", "clinic" => self.clinic.clone()).set(1.0);
        if !self.is_up {
            tracing::info!(records = found.kept, "the store is back; the records that waited are written");
        }
        self.is_up = true;
    }

    fn failed(&mut self, error: &StoreError) {
        metrics::counter!("store_failures_total").increment(1);
        metrics::gauge!("store_up", "clinic" => self.clinic.clone()).set(0.0);
        if self.is_up {
            tracing::error!(%error, "records cannot be written to the store; they wait in the folder of records, and calls go on");
        }
        self.is_up = false;
    }
}

#[cfg(test)]
mod tests;
