//! What is past its time on this server's disk and in the bucket: recordings, and journals and messages that never fitted into the store. Of calls that were erased it goes at once.
//!
//! A file of a call is named by its id, which says when the call began; a message's is as old as the file. A file that somebody writes is left alone.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::What;
use crate::agent::tools::MESSAGES;
use crate::clinic::retention::Cutoffs;
use crate::clock;
use crate::records::{Library, call_of, is_sound};
use crate::store::{Store, StoreError, import};

pub(in crate::store) type Files = Vec<PathBuf>;

/// Files that are past their time, once everything that fits is in the store.
pub(super) async fn past_their_time(store: &Store, cutoffs: &Cutoffs) -> Result<[(What, Files); 3], StoreError> {
    let (records, cutoffs, erased) = (store.records.to_path_buf(), *cutoffs, store.erased().await?);
    on_disk(store, move || {
        let (mut recordings, mut journals) = (Files::new(), Files::new());
        for path in Library::new(records.clone()).files()? {
            let Some(began) = began_ms(&path) else { continue };
            if is_sound(&path) {
                let is_due = began < cutoffs.recordings || is_of(&path, &erased);
                recordings.extend((is_due && is_left(&path)).then_some(path));
            } else if path.extension().is_some_and(|ending| ending == "jsonl") {
                journals.extend((began < cutoffs.transcripts && is_left(&path)).then_some(path));
            }
        }
        let mut messages = files_in(&records.join(MESSAGES))?;
        messages.retain(|path| written_ms(path).is_some_and(|written| written < cutoffs.messages));
        Ok([(What::Recordings, recordings), (What::Journals, journals), (What::Messages, messages)])
    })
    .await
}

/// Calls whose recordings in the bucket are past their time.
pub(super) async fn in_bucket(store: &Store, cutoffs: &Cutoffs) -> Result<Vec<String>, StoreError> {
    let mut calls = store.in_bucket(None).await?;
    if !calls.is_empty() {
        let erased = store.erased().await?;
        let is_past = |call: &str| began_ms(Path::new(call)).is_some_and(|began| began < cutoffs.recordings);
        calls.retain(|call| is_past(call) || erased.contains(call));
    }
    Ok(calls.into_iter().collect())
}

/// Files with the sound of these calls, in whatever state.
pub(in crate::store) async fn sound_of(store: &Store, calls: &[String]) -> Result<Files, StoreError> {
    let (records, calls) = (store.records.to_path_buf(), calls.iter().cloned().collect::<BTreeSet<_>>());
    on_disk(store, move || {
        let mut files = Library::new(records).files()?;
        files.retain(|path| is_sound(path) && is_of(path, &calls));
        Ok(files)
    })
    .await
}

/// Calls of which there is sound that nobody writes any more.
pub(in crate::store) async fn recorded(store: &Store) -> Result<BTreeSet<String>, StoreError> {
    let records = store.records.to_path_buf();
    on_disk(store, move || {
        let files = Library::new(records).files()?;
        let calls = files.iter().filter(|path| is_sound(path) && is_left(path)).filter_map(|path| call_of(path));
        Ok(calls.map(|call| call.to_string()).collect())
    })
    .await
}

fn is_of(path: &Path, calls: &BTreeSet<String>) -> bool {
    path.file_prefix().is_some_and(|call| calls.contains(&*call.to_string_lossy()))
}

fn files_in(folder: &Path) -> io::Result<Files> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Files::new()),
        files => files?.map(|file| file.map(|file| file.path())).collect(),
    }
}

/// Whether nobody writes it. One that does not say holds up no other.
fn is_left(path: &Path) -> bool {
    import::is_over(path).unwrap_or_else(|error| {
        tracing::error!(file = %path.display(), %error, "this file cannot be looked at; see who may, and to the disk");
        false
    })
}

/// Deletes these, and their day's folder with the last of it: how many there were, and why the first stayed that could not be deleted. It keeps no other.
pub(in crate::store) async fn delete(store: &Store, files: &[PathBuf]) -> (u64, Result<(), StoreError>) {
    let files = files.to_vec();
    // Calls may still begin in the folder of today, and of yesterday.
    let yesterday = clock::wall().date().previous_day().map(|day| day.to_string()).unwrap_or_default();
    let delete = move |path: &Path| {
        let is_gone = there(fs::remove_file(path))?;
        if let Some(day) = path.parent().filter(|day| day.file_name().is_some_and(|name| *name < *yesterday)) {
            there(fs::remove_dir(day))?;
        }
        Ok(is_gone)
    };
    let deleted = on_disk(store, move || {
        let (mut gone, mut stays) = (0, Ok(()));
        for path in files {
            match delete(&path) {
                Ok(is_gone) => gone += u64::from(is_gone),
                Err(error) => stays = stays.and(Err(error)),
            }
        }
        Ok((gone, stays))
    });
    match deleted.await {
        Ok((gone, stays)) => (gone, stays.map_err(|error| unkept(store, error))),
        Err(error) => (0, Err(error)),
    }
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
    done.and_then(|done| done).map_err(|error| unkept(store, error))
}

fn unkept(store: &Store, error: io::Error) -> StoreError {
    StoreError::Folder { folder: store.records.display().to_string(), error }
}

/// When the call of this file began, by its id.
fn began_ms(path: &Path) -> Option<i64> {
    let (seconds, nanos) = call_of(path)?.get_timestamp()?.to_unix();
    i64::try_from(seconds * 1_000 + u64::from(nanos) / 1_000_000).ok()
}

/// When this file was written.
fn written_ms(path: &Path) -> Option<i64> {
    let written = OffsetDateTime::from(fs::symlink_metadata(path).ok()?.modified().ok()?);
    i64::try_from(written.unix_timestamp_nanos() / 1_000_000).ok()
}
