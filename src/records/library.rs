//! Reading records back: which calls there were, and what happened in one of them.
//!
//! A journal that breaks off (the process was killed) is read as far as it goes; lines of a newer release are passed over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::call::timeline::Entry;
use crate::costs::Bill;

/// A folder of records.
#[derive(Clone, Debug)]
pub struct Library {
    root: PathBuf,
}

/// One past call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Past {
    /// The file's name without its ending: the call's id.
    pub call: String,
    pub entries: Vec<Entry>,
    /// Its recording, if there is one.
    pub recording: Option<PathBuf>,
}

impl Library {
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The newest `limit` calls, newest first; ids are time-ordered, so names sort by when calls began.
    pub fn newest(&self, limit: usize) -> io::Result<Vec<Past>> {
        let mut found = Vec::new();
        for day in sorted(&self.root)?.into_iter().rev().filter(|path| is_day(path)) {
            let journals = sorted(&day)?.into_iter().rev().filter(|path| is_journal(path));
            found.extend(journals.take(limit - found.len()));
            if found.len() == limit {
                break;
            }
        }
        there(found.iter().map(|path| read(path)))
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
                let text = match fs::read(&path) {
                    Err(error) if is_gone(&error) => continue,
                    read => String::from_utf8_lossy(&read?).into_owned(),
                };
                // Of a long transcript two lines are wanted.
                let wanted = ["{\"entry\":\"rang\"", "{\"entry\":\"costs\""];
                let lines = text.lines().filter(|line| wanted.iter().any(|begin| line.starts_with(begin)));
                let mut began = None;
                for entry in lines.filter_map(|line| serde_json::from_str(line).ok()) {
                    if let Entry::Rang { at, .. } = entry {
                        began = Some(at);
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
                found.push(read(&path));
            }
        }
        there(found)
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
        for day in sorted(&self.root)?.into_iter().filter(|path| is_day(path)) {
            for path in sorted(&day)?.into_iter().filter(|path| is_journal(path)) {
                let stem = stem(&path);
                if stem.starts_with(id) || stem.ends_with(id) {
                    found.push(read(&path));
                }
            }
        }
        there(found)
    }
}

/// Those that are still there: a journal is moved to the store once its call is over.
fn there<T>(read: impl IntoIterator<Item = io::Result<T>>) -> io::Result<Vec<T>> {
    read.into_iter().filter(|read| !read.as_ref().is_err_and(is_gone)).collect()
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
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

fn read(path: &Path) -> io::Result<Past> {
    let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
    let entries = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Ok(Past { call: stem(path), entries, recording: super::recording_beside(path) })
}
