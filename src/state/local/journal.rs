//! What of a process's state outlives it: one JSON line for each change, in `<folder>/state.jsonl`, readable by its owner alone. Values are sealed, each under its
//! key; all of them are sealed anew when the file is opened by a server whose keys are known to be the database's.
//!
//! The last line of a key counts. A line cut short by a crash never counted. What is not settled is synchronised before it counts; for the
//! rest it is enough to outlive the process, since losing it with the machine only means that somebody looks once more. Times are the wall
//! clock's, since another process reads them.

use std::collections::{BTreeMap, HashMap};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::Key;
use super::super::key::Outlives;
use super::millis;
use crate::clock;
use crate::records::owned_as;
use crate::store::at_rest::Sealing;

const FILE: &str = "state.jsonl";

/// Lines after which the file is written anew, some 2 MB, or twice those that live if these are more.
const MOST_LINES: usize = 8_192;

/// A value that is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stored {
    Running,
    Done(String),
    Table(BTreeMap<String, String>),
    Count(u64),
    /// One of the others.
    Sealed(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    key: String,
    /// Milliseconds since 1970.
    until: u64,
    /// None: it is gone.
    value: Option<Stored>,
}

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    lines: usize,
    /// It is written anew when there are more.
    most: usize,
    sealing: Sealing,
}

/// Keys, how long they still live, and their values.
type Found = Vec<(String, Duration, Stored)>;

impl Journal {
    /// Opens or creates it, and tells what still lives.
    pub(super) fn open(folder: &Path, sealing: Sealing) -> io::Result<(Self, Found)> {
        let (mut journal, mut live) = Self::take(folder, sealing)?;
        let as_it_stands = (!journal.sealing.seals_anew()).then(|| live.clone());
        for line in live.values_mut() {
            line.value = line.value.take().map(|value| journal.opened(&line.key, value)).transpose()?;
        }
        let sealed = |line: &Line| -> io::Result<(String, Line)> {
            let value = line.value.clone().map(|value| journal.sealed(&line.key, value)).transpose()?;
            Ok((line.key.clone(), Line { key: line.key.clone(), until: line.until, value }))
        };
        let written = match as_it_stands {
            Some(lines) => lines,
            None => live.values().map(sealed).collect::<io::Result<_>>()?,
        };
        journal.rewrite(&written)?;
        let now = now();
        let found = live.into_values().filter_map(|line| Some((line.key, left(line.until, now), line.value?)));
        Ok((journal, found.collect()))
    }

    /// Takes what is over out of one that no process has.
    pub(super) fn tidy_up(folder: &Path) -> io::Result<()> {
        let (mut journal, live) = Self::take(folder, Sealing::default())?;
        journal.rewrite(&live)
    }

    /// What lives in it as it is written there.
    fn take(folder: &Path, sealing: Sealing) -> io::Result<(Self, HashMap<String, Line>)> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(FILE);
        let mut text = Vec::new();
        let mut file = open(&path)?;
        file.try_lock().map_err(|_| io::Error::other("state.jsonl is another process's"))?;
        file.read_to_end(&mut text)?;
        let live = live(&text)?;
        Ok((Self { path, file, lines: 0, most: MOST_LINES, sealing }, live))
    }

    /// Without keys it stays as it is.
    fn sealed(&self, key: &str, value: Stored) -> io::Result<Stored> {
        let plain = serde_json::to_vec(&value).map_err(io::Error::other)?;
        Ok(self.sealing.seal(&place(key), &plain).map_or(value, Stored::Sealed))
    }

    fn opened(&self, key: &str, value: Stored) -> io::Result<Stored> {
        let Stored::Sealed(sealed) = value else { return Ok(value) };
        let (plain, _) = self.sealing.open(&place(key), &sealed).map_err(io::Error::other)?;
        // The error's own words could hold a value.
        serde_json::from_slice(&plain).map_err(|_| io::Error::other("a value of state.jsonl is not of this program"))
    }

    pub(super) fn append(&mut self, key: &Key, lives: Duration, value: Option<Stored>) -> io::Result<()> {
        // What is taken out may come back: somebody looks once more.
        let waits = key.outlives() == Outlives::Machine && value.is_some();
        let value = value.map(|value| self.sealed(key.text(), value)).transpose()?;
        let line = Line { key: key.text().to_owned(), until: now() + millis(lives), value };
        let length = self.file.metadata()?.len();
        let written = self.file.write_all(&encode(&line)?).and_then(|()| match waits {
            true => self.file.sync_data(),
            false => Ok(()),
        });
        if let Err(error) = written {
            // Half a line would spoil the next one.
            self.file.set_len(length)?;
            return Err(error);
        }
        self.lines += 1;
        if self.lines > self.most
            && let Err(error) = self.tidy()
        {
            // The line counts all the same.
            self.most = self.lines + MOST_LINES;
            tracing::warn!(%error, "state.jsonl could not be written anew and grows on; see to the disk and to the folder of records");
        }
        Ok(())
    }

    /// Leaves nothing in the file that is over.
    pub(super) fn tidy(&mut self) -> io::Result<()> {
        let live = live(&std::fs::read(&self.path)?)?;
        self.rewrite(&live)
    }

    /// In place of the file, so that there is always a whole one.
    fn rewrite(&mut self, live: &HashMap<String, Line>) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = open(&beside)?;
        owned_as(&file, &self.path)?;
        file.set_len(0)?;
        file.try_lock().map_err(|_| io::Error::other("state.new is another process's"))?;
        for line in live.values() {
            file.write_all(&encode(line)?)?;
        }
        file.sync_data()?;
        std::fs::rename(&beside, &self.path)?;
        // Else a power cut could bring back the one before, with what came to this one since in neither.
        File::open(self.path.parent().unwrap_or(&self.path))?.sync_all()?;
        (self.file, self.lines, self.most) = (file, live.len(), MOST_LINES.max(2 * live.len()));
        Ok(())
    }
}

fn place(key: &str) -> String {
    format!("{FILE}/{key}")
}

/// Whether no process has it; `None`: there is none.
pub(super) fn is_free(folder: &Path) -> io::Result<Option<bool>> {
    let file = match File::open(folder.join(FILE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(true)),
        Err(TryLockError::WouldBlock) => Ok(Some(false)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

fn encode(line: &Line) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line).map_err(io::Error::other)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The last line of each key that has not ended.
fn live(text: &[u8]) -> io::Result<HashMap<String, Line>> {
    let now = now();
    let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let mut live = HashMap::new();
    for (at, line) in text[..whole].split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        // The error's own words could hold a value.
        let line: Line = serde_json::from_slice(line)
            .map_err(|_| io::Error::other(format!("line {} of state.jsonl is not of this program", at + 1)))?;
        if line.value.is_none() || line.until <= now {
            live.remove(&line.key);
        } else {
            live.insert(line.key.clone(), line);
        }
    }
    Ok(live)
}

fn now() -> u64 {
    u64::try_from(clock::now().as_millisecond()).unwrap_or_default()
}

const fn left(until: u64, now: u64) -> Duration {
    Duration::from_millis(until.saturating_sub(now))
}
