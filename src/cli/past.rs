//! Where a command finds past calls: in the store and the folder of records that are configured, or in a folder of journals alone.

use std::path::Path;

use super::origin::Whose;
use super::{Failure, start_failure, store_failure};
use crate::records::Library;
use crate::server;
use crate::store::at_rest::Sealing;
use crate::store::{History, HistoryError, Kind, StoreConfig, embedded};

/// Past calls, and the name of the place where they were looked for.
pub(super) async fn history(whose: &Whose, journals: Option<&Path>) -> Result<(History, String), Failure> {
    if let Some(folder) = journals {
        // Of a server with an embedded store, or none; others have their keys elsewhere.
        let keys = StoreConfig::default().keys_file(folder);
        let sealing = Sealing::of_file(&keys).map_err(|error| store_failure(error.into()))?;
        let history = History::new(Library::new(folder.to_owned()), None).opening(sealing);
        return Ok((history, folder.display().to_string()));
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
    let sealing = server::known_sealing(&config).map_err(store_failure)?;
    Ok((History::new(Library::new(folder), store).opening(sealing), place))
}

pub(super) fn failure(error: HistoryError) -> Failure {
    match error {
        HistoryError::Library { .. } => Failure::unavailable(error),
        HistoryError::Store(error) => store_failure(error),
    }
}
