//! The book on the disk: one JSON line for each change, synchronised before the change counts.
//!
//! Decides what a failed write means. A line cut short by a crash never counted and is cut off; a line that failed and could not be
//! taken back is an unknown outcome, after which the journal takes nothing more. Readable by its owner alone.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::rows::Row;
use crate::emr::{EmrError, ProviderRef};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub(super) enum Entry {
    Booked(Row),
    Moved { id: u64, provider: ProviderRef, start: DateTime, end: DateTime },
    Cancelled { id: u64 },
}

#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    /// Bytes that count.
    length: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    /// What the file ends in is not known.
    Torn,
}

/// Of this clinic's book.
pub(super) fn file(folder: &Path, clinic: &str) -> PathBuf {
    folder.join(format!("{clinic}.jsonl"))
}

/// An empty file that says that this clinic's book went to a database.
pub(super) fn moved(folder: &Path, clinic: &str) -> PathBuf {
    folder.join(format!("{clinic}.jsonl.moved"))
}

impl Journal {
    /// Opens or creates it, and reads what it holds.
    pub(super) fn open(folder: &Path, clinic: &str) -> io::Result<(Self, Vec<Entry>)> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = file(folder, clinic);
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        file.try_lock().map_err(|_| io::Error::other("another process has it open"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let mut entries = Vec::new();
        for (at, line) in text[..whole].split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
            // The error's own words could hold a value, which may be a patient's.
            let entry = serde_json::from_slice(line)
                .map_err(|_| io::Error::other(format!("line {} is not a change of this program", at + 1)))?;
            entries.push(entry);
        }
        if whole < text.len() {
            tracing::warn!(bytes = text.len() - whole, "a change cut short was cut off the clinic's book");
            file.set_len(whole as u64)?;
            file.sync_data()?;
        }
        Ok((Self::over(file, whole as u64), entries))
    }

    const fn over(file: File, length: u64) -> Self {
        Self { file, length, state: State::Whole }
    }

    /// Returns once it is on the disk.
    /// All of them or none.
    pub(super) fn append(&mut self, entries: &[Entry]) -> Result<(), EmrError> {
        if self.state == State::Torn {
            return Err(EmrError::Unavailable("the clinic's book could not be written before; start again".into()));
        }
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)
                .map_err(|_| EmrError::Unavailable("a change has no JSON form".into()))?;
            lines.push(b'\n');
        }
        let Err(error) = self.file.write_all(&lines).and_then(|()| self.file.sync_data()) else {
            self.length += lines.len() as u64;
            return Ok(());
        };
        let taken_back = self
            .file
            .set_len(self.length)
            .and_then(|()| self.file.seek(SeekFrom::End(0)))
            .and_then(|_| self.file.sync_data());
        if taken_back.is_ok() {
            return Err(EmrError::Unavailable(format!("the clinic's book cannot be written: {error}")));
        }
        self.state = State::Torn;
        Err(EmrError::Unknown(format!("the clinic's book failed in the middle of a change: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cut_short_never_counted() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, entries) = Journal::open(folder.path(), "c").unwrap();
        assert!(entries.is_empty());
        journal.append(&[Entry::Cancelled { id: 1 }]).unwrap();
        drop(journal);
        let path = folder.path().join("c.jsonl");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"change\":\"canc").unwrap();
        let (mut journal, entries) = Journal::open(folder.path(), "c").unwrap();
        assert_eq!(entries, [Entry::Cancelled { id: 1 }]);
        journal.append(&[Entry::Cancelled { id: 2 }]).unwrap();
        drop(journal);
        assert_eq!(Journal::open(folder.path(), "c").unwrap().1.len(), 2);
    }

    #[test]
    fn a_second_process_is_refused_and_a_foreign_line_is_named_but_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let first = Journal::open(folder.path(), "c").unwrap();
        assert!(Journal::open(folder.path(), "c").unwrap_err().to_string().contains("another process"));
        drop(first);
        std::fs::write(folder.path().join("c.jsonl"), "Jane Roe\n").unwrap();
        let error = Journal::open(folder.path(), "c").unwrap_err().to_string();
        assert!(error.contains("line 1") && !error.contains("Jane"), "{error}");
    }

    #[test]
    fn a_full_disk_that_takes_nothing_back_leaves_the_outcome_unknown_and_the_journal_closed() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut journal = Journal::over(full, 0);
        assert!(matches!(journal.append(&[Entry::Cancelled { id: 1 }]), Err(EmrError::Unknown(_))));
        assert!(matches!(journal.append(&[Entry::Cancelled { id: 1 }]), Err(EmrError::Unavailable(_))));
    }
}
