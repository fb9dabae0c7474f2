//! Past calls wherever they are: in the database, and in journals that are not there yet (calls going on, or a database that is down).
//!
//! Journals are read first: one that is moved meanwhile is then seen twice, and counted once; the other way round it could be missed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use time::Date;
use time::format_description::well_known::Iso8601;

use super::at_rest::Sealing;
use super::{Store, StoreError};
use crate::costs::Bill;
use crate::records::{Library, Past};

/// What can be known of past calls.
#[derive(Clone, Debug)]
pub struct History {
    files: Library,
    store: Option<Store>,
}

/// Why past calls cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("the records in {folder} cannot be read: {error}; see to the folder")]
    Library { folder: String, error: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl History {
    /// With a store, of its clinic alone; without one, of everything in the folder.
    pub fn new(library: Library, store: Option<Store>) -> Self {
        let files = match &store {
            Some(store) => library.of_clinic(&store.clinic).opening(store.sealing().clone()),
            None => library,
        };
        Self { files, store }
    }

    /// The same whose files are opened by these keys, where there is no store that has some.
    #[must_use]
    pub fn opening(self, sealing: Sealing) -> Self {
        Self { files: self.files.opening(sealing), ..self }
    }

    /// What opens files of messages and journals.
    pub(super) const fn sealing(&self) -> &Sealing {
        self.files.sealing()
    }

    /// The store, if there is one.
    pub const fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Of records.
    pub(super) fn folder(&self) -> &Path {
        self.files.root()
    }

    /// The newest calls, newest first.
    pub async fn newest(&self, limit: usize) -> Result<Vec<Past>, HistoryError> {
        let journals = self.journals(|library| library.newest(limit))?;
        let kept = match &self.store {
            Some(store) => store.newest(limit).await?,
            None => Vec::new(),
        };
        let mut both = merged(journals, kept);
        both.reverse();
        both.truncate(limit);
        Ok(both)
    }

    /// Calls whose id begins or ends with `id`.
    pub async fn find(&self, id: &str) -> Result<Vec<Past>, HistoryError> {
        let journals = self.journals(|library| library.find(id))?;
        let kept = match &self.store {
            Some(store) => store.find(id).await?,
            None => Vec::new(),
        };
        Ok(merged(journals, kept))
    }

    /// Every call of this day (UTC; empty: ever) and later ones, in the order in which they began.
    pub async fn since(&self, day: &str) -> Result<Vec<Past>, HistoryError> {
        let journals = self.journals(|library| library.since(day))?;
        let kept = match &self.store {
            Some(store) => store.since(midnight(day)).await?,
            None => Vec::new(),
        };
        Ok(merged(journals, kept))
    }

    /// When each call of this day (UTC) or a later one began (RFC 3339), and its bill; calls that cost nothing are left out.
    pub async fn bills(&self, since: &str) -> Result<Vec<(String, Bill)>, HistoryError> {
        let journals = self.journals(|library| library.bills(since))?;
        let mut all: BTreeMap<String, (String, Bill)> =
            journals.into_iter().map(|(call, began, bill)| (call, (began, bill))).collect();
        if let Some(store) = &self.store {
            let kept = store.bills(midnight(since)).await?;
            all.extend(kept.into_iter().map(|(call, began, bill)| (call, (began, bill))));
        }
        Ok(all.into_values().collect())
    }

    fn journals<T: Default>(&self, read: impl FnOnce(&Library) -> io::Result<T>) -> Result<T, HistoryError> {
        let root = self.files.root();
        if !root.exists() {
            return Ok(T::default());
        }
        read(&self.files).map_err(|error| HistoryError::Library { folder: root.display().to_string(), error })
    }
}

/// Each call once, in the order of their ids, which is that of time.
fn merged(journals: Vec<Past>, kept: Vec<Past>) -> Vec<Past> {
    let all: BTreeMap<String, Past> = journals.into_iter().chain(kept).map(|past| (past.call.clone(), past)).collect();
    all.into_values().collect()
}

/// When this day begins in UTC, in milliseconds since 1970; no day is before all of them.
fn midnight(day: &str) -> i64 {
    let day = Date::parse(day, &Iso8601::DATE).map(|day| day.midnight().assume_utc().unix_timestamp());
    day.map_or(i64::MIN, |seconds| seconds * 1_000)
}
