//! Moving sealed recordings that are over from the disk to the bucket of `[records.s3]`, in the background: nobody's call waits for it.
//!
//! A recording is locked by whoever writes it. One that can be locked is over: it is put into the bucket, asked for there, and only then taken off the disk. If the
//! bucket is away, or the process ends at any step, the file stays and is tried again, and is in the bucket once all the same. Of one that was erased meanwhile nothing
//! is left there, and one that was sealed anew meanwhile is sent again.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::import::lock;
use super::person::is_erased;
use super::retention::delete;
use super::{Store, StoreError};
use crate::records::bucket::Bucket;
use crate::records::sealed::SEALED;
use crate::records::{Library, call_of};

/// The folder is looked through this often.
const LOOK: Duration = Duration::from_secs(30);
/// After a failure it is tried again so soon, then twice as late each time, to the longest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// Moves recordings; see the module header.
#[derive(Debug)]
pub struct Shipping {
    store: Store,
    bucket: Arc<Bucket>,
}

/// What a look through the folder found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shipped {
    /// Moved now.
    pub moved: usize,
    /// Over, and still on the disk.
    pub waiting: usize,
}

/// What became of a recording while it was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    /// It was erased, or its time was over.
    Gone,
    /// Another file is in its place: the same sound, sealed anew.
    Replaced,
}

impl Shipping {
    /// `None`: recordings stay on the disk.
    pub fn of(store: &Store) -> Option<Self> {
        store.bucket().map(|bucket| Self { store: store.clone(), bucket: bucket.clone() })
    }

    /// Moves what is there and what comes, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let _stopped = stop.run_until_cancelled(self.go_on()).await;
    }

    async fn go_on(&self) {
        let clinic = || self.store.clinic.to_string();
        let (mut retry, mut is_up) = (FIRST_RETRY, true);
        loop {
            let (shipped, failure) = self.look().await;
            metrics::gauge!("records_uploads_waiting", "clinic" => clinic()).set(shipped.waiting as f64);
            let pause = match failure {
                None => {
                    if !is_up {
                        tracing::info!(
                            clinic = clinic(),
                            recordings = shipped.moved,
                            "recordings that waited on the disk are in the bucket"
                        );
                    }
                    (is_up, retry) = (true, FIRST_RETRY);
                    LOOK
                }
                Some(error) => {
                    if is_up {
                        tracing::error!(clinic = clinic(), %error, waiting = shipped.waiting, "recordings cannot be moved to the bucket; they wait on the disk, and calls go on");
                    }
                    is_up = false;
                    let pause = retry;
                    retry = (retry * 2).min(LONGEST_RETRY);
                    pause
                }
            };
            sleep_until(Instant::now() + pause).await;
        }
    }

    /// Moves every recording that is over, the oldest first. One that fails holds up no other, unless they would fail as well.
    pub async fn look(&self) -> (Shipped, Option<StoreError>) {
        let mut shipped = Shipped::default();
        let paths = match self.there().await {
            Ok(paths) => paths,
            Err(error) => return (shipped, Some(error)),
        };
        let mut failure: Option<StoreError> = None;
        for path in paths {
            if failure.as_ref().is_some_and(is_of_all) {
                shipped.waiting += usize::from(lock(&path).is_ok_and(|file| file.is_some()));
                continue;
            }
            match self.ship(&path).await {
                Ok(Some(Meanwhile::Nothing)) => {
                    metrics::counter!("records_uploads_total").increment(1);
                    shipped.moved += 1;
                }
                Ok(Some(Meanwhile::Replaced)) => shipped.waiting += 1,
                Ok(Some(Meanwhile::Gone) | None) => {}
                Err(error) => {
                    metrics::counter!("records_upload_failures_total").increment(1);
                    shipped.waiting += 1;
                    failure = Some(error);
                }
            }
        }
        (shipped, failure)
    }

    async fn there(&self) -> Result<Vec<PathBuf>, StoreError> {
        let records = self.store.records.to_path_buf();
        let files = tokio::task::spawn_blocking(move || Library::new(records).files()).await;
        let mut files = files
            .map_err(io::Error::other)
            .and_then(|files| files)
            .map_err(|error| StoreError::Folder { folder: self.store.records.display().to_string(), error })?;
        files.retain(|path| path.extension().is_some_and(|ending| ending == SEALED));
        Ok(files)
    }

    /// `None`: it is being written, is gone, or is no call's.
    async fn ship(&self, path: &Path) -> Result<Option<Meanwhile>, StoreError> {
        let unusable = |error| StoreError::File { file: path.display().to_string(), error };
        let Some(call) = call_of(path).map(|call| call.to_string()) else { return Ok(None) };
        // Held until it is moved: what is past its time is taken away before or after.
        let Some(_held) = lock(path).map_err(unusable)? else { return Ok(None) };
        // Read apart from the lock: a connection that broke may keep what it reads a moment longer.
        let file = File::open(path).map_err(unusable)?;
        self.bucket.put(&call, &file).await?;
        // By another server, which has no such file.
        if is_erased(&self.store.database, &call).await? {
            self.bucket.remove(&call).await?;
            delete(&self.store, &[path.to_owned()]).await.1?;
            return Ok(Some(Meanwhile::Gone));
        }
        let meanwhile = since(path, &file).map_err(unusable)?;
        match meanwhile {
            Meanwhile::Nothing => delete(&self.store, &[path.to_owned()]).await.1?,
            // Whoever erases takes the file away first, and then what is in the bucket.
            Meanwhile::Gone => self.bucket.remove(&call).await?,
            Meanwhile::Replaced => {}
        }
        Ok(Some(meanwhile))
    }
}

fn is_of_all(error: &StoreError) -> bool {
    match error {
        StoreError::Bucket(error) => error.is_of_all(),
        error => !error.is_of_one_record(),
    }
}

fn since(path: &Path, file: &File) -> io::Result<Meanwhile> {
    let sent = file.metadata()?;
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Meanwhile::Gone),
        Err(error) => Err(error),
        Ok(there) if (there.dev(), there.ino()) == (sent.dev(), sent.ino()) => Ok(Meanwhile::Nothing),
        Ok(_) => Ok(Meanwhile::Replaced),
    }
}

#[cfg(test)]
mod tests;
