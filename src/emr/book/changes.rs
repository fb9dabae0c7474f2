//! Where the changes of a book are, each under the number after the last: in a file that is this process's own, or in the database of several.
//!
//! Decides how long the database is waited for, and what its silence means: what was asked is not known, what was written may have been. A book in a file of
//! before goes to the database once, is compared whole with what came there, and leaves an empty mark in its place; a server whose file holds another book than
//! the database is told so, and books nothing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::journal::{self, Entry, Journal};
use crate::disk;
use crate::emr::EmrError;
use crate::emr::finish::finish;
use crate::store::at_rest::Sealing;
use crate::store::book::{Added, PAGE};
use crate::store::{Store, StoreError};

/// A caller waits meanwhile.
const DEADLINE: Duration = Duration::from_secs(4);

/// Nobody waits for a whole book: it is begun once, and whoever asks meanwhile is told that it is not known yet.
const BEGINNING: Duration = Duration::from_secs(60);

pub(super) enum Changes {
    Own(Arc<Mutex<Journal>>),
    Shared { store: Box<Store>, own: Option<Own>, is_one: OnceCell<()>, beginning: Arc<tokio::sync::Mutex<()>> },
}

/// The file of a book that this process had to itself before.
pub(super) struct Own {
    folder: PathBuf,
    clinic: String,
    sealing: Sealing,
    pub(super) entries: Vec<Entry>,
}

impl Own {
    /// `None`: there is none, or nothing in it.
    pub(super) fn of(folder: &Path, clinic: &str, sealing: Sealing) -> io::Result<Option<Self>> {
        if !journal::file(folder, clinic).exists() {
            return Ok(None);
        }
        let (_, entries) = Journal::open(folder, clinic, &sealing)?;
        let (folder, clinic) = (folder.to_owned(), clinic.to_owned());
        Ok((!entries.is_empty()).then_some(Self { folder, clinic, sealing, entries }))
    }

    fn file(&self) -> PathBuf {
        journal::file(&self.folder, &self.clinic)
    }

    /// The database has it all: the file goes.
    fn leave(&self) -> io::Result<()> {
        let (_held, entries) = Journal::open(&self.folder, &self.clinic, &self.sealing)?;
        if entries != self.entries {
            return Err(io::Error::other("it was written meanwhile; let one server use it, and start again"));
        }
        let private = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.mark())?;
        private.sync_all()?;
        std::fs::remove_file(self.file())?;
        File::open(&self.folder)?.sync_all()
    }

    fn mark(&self) -> PathBuf {
        journal::moved(&self.folder, &self.clinic)
    }
}

impl Changes {
    pub(super) fn own(journal: Journal) -> Self {
        Self::Own(Arc::new(Mutex::new(journal)))
    }

    pub(super) fn shared(store: Store, own: Option<Own>) -> Self {
        Self::Shared { store: Box::new(store), own, is_one: OnceCell::new(), beginning: Arc::default() }
    }

    /// Whether looking again tells what became of a write that was not answered.
    pub(super) const fn may_look_again(&self) -> bool {
        match self {
            Self::Own(_) => false,
            Self::Shared { .. } => true,
        }
    }

    /// Changes after this number, in order; of a file there are none that its process does not know.
    pub(super) async fn after(&self, number: i64) -> Result<Vec<(i64, Entry)>, EmrError> {
        let Self::Shared { store, .. } = self else { return Ok(Vec::new()) };
        let found = match timeout(DEADLINE, store.book_after(number)).await {
            Ok(found) => found.map_err(|error| unavailable(&error.to_string()))?,
            Err(_) => return Err(unavailable("the database said nothing")),
        };
        let read = |(number, change): (i64, Vec<u8>)| {
            // The error's own words could hold a value, which may be a patient's.
            let entry = serde_json::from_slice(&change);
            entry
                .map(|entry| (number, entry))
                .map_err(|_| unavailable(&format!("change {number} is of a newer release")))
        };
        found.into_iter().map(read).collect()
    }

    /// Returns once they are on the disk: all of them or none.
    pub(super) async fn add(&self, after: i64, entries: Vec<Entry>) -> Result<Added, EmrError> {
        match self {
            Self::Own(journal) => {
                let written = disk::with(journal, move |journal| journal.append(&entries)).await;
                written.map_err(|_| EmrError::Unknown("the writer of the book broke down; see the log".into()))??;
                Ok(Added::Now)
            }
            Self::Shared { store, .. } => {
                let changes = written(&entries)?;
                match timeout(DEADLINE, store.add_to_book(after, &changes)).await {
                    Ok(Ok(added)) => Ok(added),
                    Ok(Err(error)) => Err(EmrError::Unknown(format!("the clinic's book was being written: {error}"))),
                    Err(_) => Err(EmrError::Unknown("the clinic's book was being written: no answer".into())),
                }
            }
        }
    }

    /// An empty book gets these, all or none, whatever becomes of whoever asked first; if somebody else begins it at the same moment, theirs is the book.
    pub(super) async fn begin(&self, first: &[Entry]) -> Result<(), EmrError> {
        let Self::Shared { store, beginning, .. } = self else { return Ok(()) };
        let (store, beginning, changes) = (store.clone(), beginning.clone(), written(first)?);
        finish(async move {
            let _one = beginning.lock().await;
            let begin = async {
                if store.book_after(0).await?.is_empty() {
                    store.add_to_book(0, &changes).await?;
                }
                Ok::<_, StoreError>(())
            };
            match timeout(BEGINNING, begin).await {
                Ok(begun) => begun.map_err(|error| unavailable(&error.to_string())),
                Err(_) => Err(unavailable("it was not begun in time; see how the database is")),
            }
        })
        .await
    }

    /// The database's book is the one that this process had in its file, if it had one: the file goes then.
    pub(super) async fn be_one(&self, first: &[Entry]) -> Result<(), EmrError> {
        let Self::Shared { own: Some(own), is_one, .. } = self else { return Ok(()) };
        let look = async || {
            let (mut number, mut rest) = (0, first);
            while !rest.is_empty() {
                let there = self.after(number).await?;
                let (wanted, later) = rest.split_at(rest.len().min(PAGE));
                if !there.iter().map(|(_, entry)| entry).take(wanted.len()).eq(wanted) {
                    return Err(unavailable(&format!(
                        "{} holds another book than the database; see which appointments are in it alone, then move the file away",
                        own.file().display()
                    )));
                }
                number = there.last().map_or(number, |(number, _)| *number);
                rest = later;
            }
            own.leave().map_err(|error| unavailable(&format!("{}: {error}", own.file().display())))
        };
        is_one.get_or_try_init(look).await.copied()
    }
}

fn written(entries: &[Entry]) -> Result<Vec<Vec<u8>>, EmrError> {
    let changes: Result<_, _> = entries.iter().map(serde_json::to_vec).collect();
    changes.map_err(|_| unavailable("a change has no JSON form"))
}

fn unavailable(why: &str) -> EmrError {
    EmrError::Unavailable(format!("the clinic's book in the database cannot be used: {why}"))
}
