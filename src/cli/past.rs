//! Where a command finds past calls: in the store and the folder of records that are configured, or in a folder of journals alone.

use std::path::Path;

use super::origin::Whose;
use super::{Failure, start_failure, store_failure};
use crate::records::Library;
use crate::server;
use crate::store::{History, HistoryError, Kind, embedded};

/// Past calls, and the name of the place where they were looked for.
pub(super) async fn history(whose: &Whose, journals: Option<&Path>) -> Result<(History, String), Failure> {
    if let Some(folder) = journals {
        return Ok((History::new(Library::new(folder.to_owned()), None), folder.display().to_string()));
    }
    let config = whose.load()?.config;
    let folder = config.records.folder();
    let place = folder.display().to_string();
    // Who only looks creates nothing.
    let is_there = config.store.kind() != Kind::Embedded || embedded(&config.home()).exists();
    let store = if is_there { server::store(&config).map_err(start_failure)? } else { None };
    if let Some(store) = &store {
        store.make_ready().await.map_err(store_failure)?;
    }
    let place = if config.store.kind() == Kind::Postgres { format!("the store and {place}") } else { place };
    Ok((History::new(Library::new(folder), store), place))
}

pub(super) fn failure(error: HistoryError) -> Failure {
    match error {
        HistoryError::Library { .. } => Failure::unavailable(error),
        HistoryError::Store(error) => store_failure(error),
    }
}
