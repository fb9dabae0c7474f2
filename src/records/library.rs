//! Reading records back: which calls there were, and what happened in one of them.
//!
//! A journal that breaks off (the process was killed) is read as far as it goes; lines of a newer release are passed over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::sealed_lines::{self, Said};
use crate::call::timeline::Entry;
use crate::costs::Bill;
use crate::store::at_rest::Sealing;

/// A folder of records.
#[derive(Clone, Debug)]
pub struct Library {
    root: PathBuf,
    /// Whose calls are told; none: everybody's.
    whose: Option<String>,
    /// Opens sealed journals.
    sealing: Sealing,
}

/// One past call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Past {
    /// The file's name without its ending: the call's id.
    pub call: String,
    pub entries: Vec<Entry>,
    /// Its recording, if there is one.
    pub recording: Option<PathBuf>,
    /// What of it does not open, in the store or in its journal: where it stands, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<String>,
}

impl Library {
    /// Without keys: sealed journals are closed.
    pub fn new(root: PathBuf) -> Self {
        Self { root, whose: None, sealing: Sealing::default() }
    }

    /// The same whose sealed journals are opened by these keys, of every clinic.
    #[must_use]
    pub fn opening(self, sealing: Sealing) -> Self {
        Self { sealing, ..self }
    }

    pub(crate) const fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The same folder, of which other clinics' calls are not told.
    #[must_use]
    pub fn of_clinic(self, clinic: &str) -> Self {
        Self { whose: Some(clinic.to_owned()), ..self }
    }

    /// The newest `limit` calls, newest first; ids are time-ordered, so names sort by when calls began.
    pub fn newest(&self, limit: usize) -> io::Result<Vec<Past>> {
        let mut found = Vec::new();
        for day in self.days("")?.into_iter().rev() {
            for path in sorted(&day)?.into_iter().rev().filter(|path| is_journal(path)) {
                if found.len() == limit {
                    return Ok(found);
                }
                found.extend(self.past(&path));
            }
        }
        Ok(found)
    }

    /// Every journal, the oldest first: of calls that are over and of those going on.
    pub fn journals(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for day in self.days("")? {
            found.extend(sorted(&day)?.into_iter().filter(|path| is_journal(path)));
        }
        Ok(found)
    }

    /// Every file of a call, whatever it holds.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let days = self.days("")?;
        Ok(days.iter().map(|day| sorted(day)).collect::<io::Result<Vec<_>>>()?.concat())
    }

    /// Of each call of this day (UTC, as its folder is named) or a later one: its id, when it began (RFC 3339), and its bill; calls that cost
    /// nothing are left out.
    pub fn bills(&self, since: &str) -> io::Result<Vec<(String, String, Bill)>> {
        let mut bills = Vec::new();
        for day in self.days(since)? {
            for path in sorted(&day)?.into_iter().filter(|path| is_journal(path)) {
                let Some(Said { text, .. }) = self.said(&path) else { continue };
                // Of a long transcript two lines are wanted.
                let wanted = ["{\"entry\":\"rang\"", "{\"entry\":\"costs\""];
                let lines = text.lines().filter(|line| wanted.iter().any(|begin| line.starts_with(begin)));
                let mut began = None;
                for entry in lines.filter_map(|line| serde_json::from_str(line).ok()) {
                    if let Entry::Rang { at, clinic, .. } = entry {
                        began = Some(at).filter(|_| self.is_ours(&clinic));
                    } else if let (Entry::Costs { bill, .. }, Some(at)) = (entry, &began) {
                        bills.push((stem(&path), at.clone(), bill));
                    }
                }
            }
        }
        Ok(bills)
    }

    /// Every call of this day (UTC, as its folder is named) and later ones, in the order in which they began.
    pub fn since(&self, day: &str) -> io::Result<Vec<Past>> {
        let mut found = Vec::new();
        for path in self.days(day)? {
            for path in sorted(&path)?.into_iter().filter(|path| is_journal(path)) {
                found.extend(self.past(&path));
            }
        }
        Ok(found)
    }

    fn days(&self, since: &str) -> io::Result<Vec<PathBuf>> {
        if !self.root.exists() {
            return Ok(Vec::new());
        }
        let is_asked = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().as_ref() >= since);
        Ok(sorted(&self.root)?.into_iter().filter(|path| is_day(path) && is_asked(path)).collect())
    }

    /// Calls whose id begins or ends with `id`. Ends, because ids that begin alike are calls of one hour.
    pub fn find(&self, id: &str) -> io::Result<Vec<Past>> {
        let mut found = Vec::new();
        for day in self.days("")? {
            for path in sorted(&day)?.into_iter().filter(|path| is_journal(path)) {
                let stem = stem(&path);
                if stem.starts_with(id) || stem.ends_with(id) {
                    found.extend(self.past(&path));
                }
            }
        }
        Ok(found)
    }

    /// `None`: it is another clinic's, or not there to be read.
    fn past(&self, path: &Path) -> Option<Past> {
        let Said { text, clinic, closed, .. } = self.said(path)?;
        // One that does not open says in clear whose it is.
        if clinic.is_some_and(|clinic| !self.is_ours(&clinic)) {
            return None;
        }
        let entries: Vec<Entry> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let is_another_s = |entry: &Entry| matches!(entry, Entry::Rang { clinic, .. } if !self.is_ours(clinic));
        let recording = super::recording_beside(path);
        (!entries.iter().any(is_another_s)).then(|| Past { call: stem(path), entries, recording, closed })
    }

    /// What stands in a journal; `None` if it was moved to the store, or cannot be read: others can.
    fn said(&self, path: &Path) -> Option<Said> {
        match fs::read(path) {
            Ok(journal) => Some(sealed_lines::read(&stem(path), &journal, &self.sealing)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "a journal cannot be read and is passed over; see who may");
                None
            }
        }
    }

    /// Calls from before journals said whose they are belong to whoever has the folder.
    fn is_ours(&self, clinic: &str) -> bool {
        clinic.is_empty() || self.whose.as_ref().is_none_or(|whose| whose == clinic)
    }
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Other things are kept beside the days: callers' messages.
fn is_day(path: &Path) -> bool {
    path.is_dir()
        && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(|c: char| c.is_ascii_digit()))
}

fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
