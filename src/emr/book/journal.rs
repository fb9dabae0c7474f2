//! The book on the disk: one line for each change, sealed under its number, synchronised before the change counts.
//!
//! A book that a release before wrote in clear, or whose keys were rotated, is sealed anew as a whole when it is opened. Decides what a failed write means. A line cut short by a crash never counted and is cut off; a line that failed and could not be
//! taken back is an unknown outcome, after which the journal takes nothing more. Readable by its owner alone.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::rows::Row;
use super::seed::Chart;
use crate::emr::{EmrError, ProviderRef};
use crate::records::{gone, owned_as};
use crate::store::at_rest::{Sealed, Sealing};
use crate::store::keys::KeysError;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub(super) enum Entry {
    Booked(Row),
    /// A chart was made, for this wish.
    Charted {
        chart: Chart,
        key: String,
    },
    Moved {
        id: u64,
        provider: ProviderRef,
        start: DateTime,
        end: DateTime,
    },
    Cancelled {
        id: u64,
    },
}

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    seal: Seal,
    /// Bytes that count.
    length: u64,
    /// Changes that count.
    number: i64,
    state: State,
}

/// What seals a book's lines, each under its number.
#[derive(Clone, Debug)]
struct Seal {
    clinic: String,
    by: Sealing,
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
    /// Opens or creates it, and reads what it holds. `sealing`: by the keys of the clinic.
    pub(super) fn open(folder: &Path, clinic: &str, sealing: &Sealing) -> io::Result<(Self, Vec<Entry>)> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = file(folder, clinic);
        let mut file = private(&path)?;
        file.try_lock().map_err(|_| io::Error::other("another process has it open"))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let seal = Seal { clinic: clinic.to_owned(), by: sealing.clone() };
        let Content { whole, entries, sealed } = seal.read(&text)?;
        if whole < text.len() {
            tracing::warn!(bytes = text.len() - whole, "a change cut short was cut off the clinic's book");
            file.set_len(whole as u64)?;
            file.sync_data()?;
        }
        let number = i64::try_from(entries.len()).map_err(io::Error::other)?;
        let mut journal = Self { path, file, seal, length: whole as u64, number, state: State::Whole };
        if sealed == Sealed::Before {
            journal.replace(&entries)?;
        }
        Ok((journal, entries))
    }

    /// Puts these in the place of all that it holds, whole or not at all.
    pub(super) fn replace(&mut self, entries: &[Entry]) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        gone(&beside)?;
        let mut file = private(&beside)?;
        owned_as(&file, &self.path)?;
        file.try_lock().map_err(|_| io::Error::other("another process has it open"))?;
        let lines = self.seal.lines(0, entries).map_err(io::Error::other)?;
        file.write_all(&lines)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        File::open(self.path.parent().unwrap_or(&self.path))?.sync_all()?;
        (self.file, self.length) = (file, lines.len() as u64);
        self.number = i64::try_from(entries.len()).map_err(io::Error::other)?;
        Ok(())
    }

    /// Returns once it is on the disk.
    /// All of them or none.
    pub(super) fn append(&mut self, entries: &[Entry]) -> Result<(), EmrError> {
        if self.state == State::Torn {
            return Err(EmrError::Unavailable("the clinic's book could not be written before; start again".into()));
        }
        let no_form = |_| EmrError::Unavailable("a change has no JSON form".into());
        let lines = self.seal.lines(self.number, entries).map_err(no_form)?;
        let Err(error) = self.file.write_all(&lines).and_then(|()| self.file.sync_data()) else {
            self.length += lines.len() as u64;
            self.number += i64::try_from(entries.len()).unwrap_or(i64::MAX);
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

/// The changes in this folder under their numbers, also while another process has them; none if there is no book. One that is being written is not seen.
pub(super) fn look(folder: &Path, clinic: &str, sealing: &Sealing) -> io::Result<BTreeMap<i64, Entry>> {
    let seal = Seal { clinic: clinic.to_owned(), by: sealing.clone() };
    match std::fs::read(file(folder, clinic)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        text => Ok((1..).zip(seal.read(&text?)?.entries).collect()),
    }
}

/// What a book's file holds.
struct Content {
    /// Bytes of whole lines.
    whole: usize,
    entries: Vec<Entry>,
    /// [`Sealed::Before`]: some of them.
    sealed: Sealed,
}

impl Seal {
    fn read(&self, text: &[u8]) -> io::Result<Content> {
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let (mut entries, mut sealed) = (Vec::new(), Sealed::Now);
        for (number, line) in (1..).zip(text[..whole].split(|b| *b == b'\n').filter(|line| !line.is_empty())) {
            // The error's own words could hold a value, which may be a patient's.
            let foreign = || {
                io::Error::other(format!("line {number} is not a change of this program, or was sealed by another key"))
            };
            let (entry, stands) = if line.first() == Some(&b'{') {
                (serde_json::from_slice(line), self.by.in_clear())
            } else {
                let line = std::str::from_utf8(line).map_err(|_| foreign())?;
                let (plain, stands) = self.by.open(&self.place(number), line).map_err(|error| {
                    if matches!(error, KeysError::Missing { .. }) { io::Error::other(error) } else { foreign() }
                })?;
                (serde_json::from_slice(&plain), stands)
            };
            if stands == Sealed::Before {
                sealed = Sealed::Before;
            }
            entries.push(entry.map_err(|_| foreign())?);
        }
        Ok(Content { whole, entries, sealed })
    }

    /// Of changes that come after this number.
    fn lines(&self, after: i64, entries: &[Entry]) -> serde_json::Result<Vec<u8>> {
        let mut lines = Vec::new();
        for (number, entry) in (after + 1..).zip(entries) {
            let plain = serde_json::to_vec(entry)?;
            let sealed = self.by.seal(&self.place(number), &plain);
            lines.extend(sealed.map_or(plain, String::into_bytes));
            lines.push(b'\n');
        }
        Ok(lines)
    }

    fn place(&self, number: i64) -> String {
        format!("book/{}/{number}", self.clinic)
    }
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cut_short_never_counted() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, entries) = Journal::open(folder.path(), "c", &Sealing::default()).unwrap();
        assert!(entries.is_empty());
        journal.append(&[Entry::Cancelled { id: 1 }]).unwrap();
        drop(journal);
        let path = folder.path().join("c.jsonl");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"change\":\"canc").unwrap();
        let (mut journal, entries) = Journal::open(folder.path(), "c", &Sealing::default()).unwrap();
        assert_eq!(entries, [Entry::Cancelled { id: 1 }]);
        journal.append(&[Entry::Cancelled { id: 2 }]).unwrap();
        drop(journal);
        assert_eq!(Journal::open(folder.path(), "c", &Sealing::default()).unwrap().1.len(), 2);
    }

    #[test]
    fn a_second_process_is_refused_and_a_foreign_line_is_named_but_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let first = Journal::open(folder.path(), "c", &Sealing::default()).unwrap();
        assert!(
            Journal::open(folder.path(), "c", &Sealing::default()).unwrap_err().to_string().contains("another process")
        );
        drop(first);
        std::fs::write(folder.path().join("c.jsonl"), "Jane Roe\n").unwrap();
        let error = Journal::open(folder.path(), "c", &Sealing::default()).unwrap_err().to_string();
        assert!(error.contains("line 1") && !error.contains("Jane"), "{error}");
    }

    #[test]
    fn a_full_disk_that_takes_nothing_back_leaves_the_outcome_unknown_and_the_journal_closed() {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (mut journal, _) = Journal::open(tempfile::tempdir().unwrap().path(), "c", &Sealing::default()).unwrap();
        journal.file = full;
        assert!(matches!(journal.append(&[Entry::Cancelled { id: 1 }]), Err(EmrError::Unknown(_))));
        assert!(matches!(journal.append(&[Entry::Cancelled { id: 1 }]), Err(EmrError::Unavailable(_))));
    }

    #[test]
    fn a_sealed_book_shows_nobody_survives_a_crash_and_a_new_key_and_one_in_clear_is_sealed_when_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        let text = || std::fs::read_to_string(&path).unwrap();
        let one = Entry::Cancelled { id: 1 };
        // As a release before wrote it.
        Journal::open(folder.path(), "c", &Sealing::default()).unwrap().0.append(std::slice::from_ref(&one)).unwrap();
        assert!(text().contains("cancelled"));
        let first = crate::store::at_rest::fresh(folder.path());
        let (mut journal, entries) = Journal::open(folder.path(), "c", &first).unwrap();
        assert_eq!((entries, text().contains("cancelled")), (vec![one.clone()], false));
        let two = Entry::Cancelled { id: 2 };
        journal.append(std::slice::from_ref(&two)).unwrap();
        drop(journal);
        let whole = text();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(&whole.as_bytes()[..30]).unwrap();
        assert_eq!(look(folder.path(), "c", &first).unwrap().len(), 2, "also while it is not cut off");

        crate::store::keys::add(&folder.path().join("keys.toml")).unwrap();
        let newer = Sealing::of_file(&folder.path().join("keys.toml")).unwrap();
        let (mut journal, entries) = Journal::open(folder.path(), "c", &newer).unwrap();
        assert_eq!(entries, [one, two.clone()]);
        journal.append(&[two]).unwrap();
        drop(journal);
        assert!(!text().contains("cancelled") && text().lines().count() == 3);
        let missing = look(folder.path(), "c", &first).unwrap_err().to_string();
        assert!(missing.contains("version 2") && missing.contains("put the key back"), "{missing}");
        let lines: Vec<String> = text().lines().map(str::to_owned).collect();
        std::fs::write(&path, format!("{}\n{}\n", lines[1], lines[0])).unwrap();
        assert!(look(folder.path(), "c", &first).is_err(), "a change has its place");
    }
}
