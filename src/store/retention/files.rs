//! What is past its time on this server's disk: recordings, and journals that never fitted into the store. Of calls that were erased it goes at once.
//!
//! A file's name is its call's id, which says when the call began. A journal that somebody writes is left alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::What;
use crate::clinic::retention::Cutoffs;
use crate::clock;
use crate::records::sealed::SEALED;
use crate::store::{Store, StoreError, import};

pub(super) type Files = Vec<PathBuf>;

/// Files that are past their time.
pub(super) async fn past_their_time(store: &Store, cutoffs: &Cutoffs) -> Result<[(What, Files); 2], StoreError> {
    let (records, cutoffs, erased) = (store.records.to_path_buf(), *cutoffs, store.erased().await?);
    on_disk(store, move || {
        let (mut recordings, mut journals) = (Files::new(), Files::new());
        for path in crate::records::Library::new(records).files()? {
            let Some(began) = began_ms(&path) else { continue };
            let is_erased = path.file_stem().is_some_and(|call| erased.contains(&*call.to_string_lossy()));
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("wav" | SEALED) if began < cutoffs.recordings || is_erased => recordings.push(path),
                Some("jsonl") if began < cutoffs.transcripts && import::is_over(&path)? => journals.push(path),
                Some(_) | None => {}
            }
        }
        Ok([(What::Recordings, recordings), (What::Journals, journals)])
    })
    .await
}

/// Deletes these, and their day's folder with the last of it; how many there were.
pub(in crate::store) async fn delete(store: &Store, files: &[PathBuf]) -> Result<u64, StoreError> {
    let files = files.to_vec();
    // Calls may still begin in the folder of today, and of yesterday.
    let yesterday = clock::wall().date().previous_day().map(|day| day.to_string()).unwrap_or_default();
    on_disk(store, move || {
        let mut gone = 0;
        for path in files {
            gone += u64::from(there(fs::remove_file(&path))?);
            let day = path.parent().filter(|day| day.file_name().is_some_and(|name| *name < *yesterday));
            if let Some(day) = day {
                there(fs::remove_dir(day))?;
            }
        }
        Ok(gone)
    })
    .await
}

/// Whether it was there to be removed, and had nothing in it.
fn there(removed: io::Result<()>) -> io::Result<bool> {
    match removed {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn on_disk<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(io::Error::other);
    let failed = |error| StoreError::Folder { folder: store.records.display().to_string(), error };
    done.and_then(|done| done).map_err(failed)
}

/// When the call of this file began, by its id.
fn began_ms(path: &Path) -> Option<i64> {
    let id = uuid::Uuid::try_parse(path.file_stem()?.to_str()?).ok()?;
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    i64::try_from(seconds * 1_000 + u64::from(nanos) / 1_000_000).ok()
}
