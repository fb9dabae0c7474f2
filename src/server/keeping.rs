//! The store beside the calls: ready before a port is bound, fed while calls come and go, and once more when the last one is over.
//!
//! PostgreSQL may be down when the server starts: calls are answered and their records wait. A database with other tables than this release's, or keys
//! that are missing or weak, stop the start: what they would do to records cannot be undone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::clinic::{Clinic, Tenant};
use crate::clock;
use crate::config::Config;
use crate::notices::Notices;
use crate::records::bucket::Bucket;
use crate::records::{Library, Records};
use crate::store::at_rest::Sealing;
use crate::store::audit::{Action, Note};
use crate::store::import::{Importer, QUEUE};
use crate::store::keys::Keys;
use crate::store::notes::Notes;
use crate::store::shipping::Shipping;
use crate::store::{History, Kind, Store, StoreError};

/// What is left is written for so long when the server stops; the rest waits for the next start.
const FINISHING: Duration = Duration::from_secs(10);

/// The last notices may take so long.
const TELLING: Duration = Duration::from_secs(5);

/// The store of a running server; without one, nothing.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    store: Store,
    stop: CancellationToken,
    importing: JoinHandle<()>,
    /// Of recordings; what is on its way when the server stops is sent by the next start.
    shipping: Option<JoinHandle<()>>,
    telling: Option<(Notices, JoinHandle<()>)>,
}

/// What the configuration and the clinic say of the store; `None` if there is to be none. It is not made ready.
pub(crate) fn open(config: &Config, clinic: &Clinic) -> Result<Option<Store>, StoreError> {
    open_for(config, clinic.tenant())
}

/// The same, whoever is configured.
pub(super) fn open_for(config: &Config, clinic: &Tenant) -> Result<Option<Store>, StoreError> {
    match config.store.kind() {
        Kind::Off => Ok(None),
        Kind::Embedded | Kind::Postgres => {
            let bucket = config.records.s3.as_ref().map(|s3| Bucket::open(s3, clinic)).transpose()?;
            let store = Store::open(&config.store, &config.records.folder(), clinic)?;
            Ok(Some(store.with_bucket(bucket)))
        }
    }
}

/// Keys that are there must be good; those of the embedded database, or of a server without one, may still be to be made.
pub(super) fn check(config: &Config) -> Result<(), StoreError> {
    let file = config.store.keys_file(&config.records.folder());
    if config.store.keys.is_some() || file.exists() {
        Keys::load(&file)?;
    }
    Ok(())
}

/// What seals files beside the store. A server without one has keys too, which are made the first time as the embedded database's are. `store` was made
/// ready, if there is to be one and it could be: unless its database knows the keys, nothing is sealed anew by them.
pub(super) fn sealing(config: &Config, store: Option<&Store>) -> Result<Sealing, StoreError> {
    let sealing = Sealing::of(&config.store, &config.records.folder())?;
    let is_sure = config.store.kind() == Kind::Off || store.is_some_and(Store::is_sure_of_keys);
    Ok(if is_sure { sealing } else { sealing.not_anew() })
}

/// The same for whoever only looks, and makes nothing: without keys if there are none.
pub(crate) fn known_sealing(config: &Config) -> Result<Sealing, StoreError> {
    let is_there = config.store.keys_file(&config.records.folder()).exists();
    if is_there { sealing(config, None) } else { Ok(Sealing::default()) }
}

/// The store as calls need it.
pub(super) async fn ready(config: &Config, clinic: &Clinic) -> Result<Option<Store>, StartError> {
    let Some(store) = open(config, clinic)? else { return Ok(None) };
    match store.make_ready().await {
        Ok(()) => {}
        Err(error @ StoreError::Database(_)) if !store.is_embedded() => {
            tracing::error!(%error, "the store is not there; calls are answered, and their records wait in the folder of records");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Some(store))
}

/// Where past calls are, for whoever reads them. Journals that wait for the store are opened without it too.
pub(super) fn history(config: &Config, store: Option<&Store>) -> Result<History, StoreError> {
    let history = History::new(Library::new(config.records.folder()), store.cloned());
    Ok(history.opening(known_sealing(config)?))
}

/// Where a server with a store writes what is to be in the audit.
pub(super) fn notes(config: &Config, store: Option<&Store>) -> Result<Option<Arc<Notes>>, StartError> {
    if store.is_none() {
        return Ok(None);
    }
    let folder = config.records.folder();
    let notes =
        Notes::open(&folder).map_err(|error| StartError::Records { folder: folder.display().to_string(), error })?;
    notes.write(&Note::new("attendant", Action::ServerStarted, concat!("release ", env!("CARGO_PKG_VERSION")), "done"));
    Ok(Some(Arc::new(notes)))
}

/// Where the writer of journals tells of those that it closed, if anybody is to hear of it.
pub(super) fn ends(store: Option<&Store>) -> (Option<mpsc::Sender<PathBuf>>, mpsc::Receiver<PathBuf>) {
    let (closed, ends) = mpsc::channel(QUEUE);
    (store.map(|_| closed), ends)
}

impl Keeping {
    /// Messages for the staff are told of by `notices`.
    pub(super) fn start(
        config: &Config,
        store: Option<Store>,
        ends: mpsc::Receiver<PathBuf>,
        notices: Option<Notices>,
    ) -> Self {
        let running = store.map(|store| {
            let importer = Importer::new(store.clone(), Library::new(config.records.folder()));
            let stop = CancellationToken::new();
            let telling = notices.map(|notices| (notices.clone(), tokio::spawn(notices.run(clock::now, stop.clone()))));
            let shipping = Shipping::of(&store).map(|shipping| tokio::spawn(shipping.run(stop.clone())));
            Running { importing: tokio::spawn(importer.run(ends, stop.clone())), shipping, stop, store, telling }
        });
        Self { running }
    }

    pub(super) fn store(&self) -> Option<&Store> {
        self.running.as_ref().map(|running| &running.store)
    }

    /// Writes what calls have left behind until now, as far as there is time. `records` is where they write, if there were any.
    pub(super) async fn finish(self, records: Option<Arc<Records>>) {
        let Some(Running { store, stop, importing, shipping, telling }) = self.running else { return };
        let flushed = tokio::task::spawn_blocking(move || records.map(|records| records.flush(FINISHING / 2))).await;
        stop.cancel();
        if flushed.is_err() || tokio::time::timeout(FINISHING, importing).await.is_err() {
            tracing::warn!("not every record was written to the store; the next start writes the others");
        }
        if let Some((notices, telling)) = telling
            && !is_told(notices, telling).await
        {
            tracing::warn!("not everybody was told of the last messages; the next start tells them");
        }
        if let Some(shipping) = shipping {
            shipping.await.ok();
        }
        store.close().await;
    }
}

/// Tells of messages that came last.
async fn is_told(notices: Notices, telling: JoinHandle<()>) -> bool {
    let told = async {
        telling.await.ok();
        notices.round(clock::now()).await
    };
    matches!(tokio::time::timeout(TELLING, told).await, Ok(Ok(())))
}
