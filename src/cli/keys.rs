//! `attendant keys`: the keys that seal what is a patient's.

use std::path::Path;

use clap::{Args, Subcommand};

use super::origin::Origin;
use super::{Exit, Failure, actor, runtime, start_failure, store_failure};
use crate::config::Config;
use crate::server::{self, Served};
use crate::store::{Store, keys};

/// Show which keys seal how much of the store, or rotate them.
#[derive(Debug, Args)]
pub(super) struct Keys {
    #[command(flatten)]
    origin: Origin,
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Say how many rows each key has sealed.
    Show,
    /// Add a new key to the file and seal everything anew with it. Running servers go on with the key before until they are started again; run `attendant
    /// keys reseal` then.
    Rotate,
    /// Seal anew whatever older keys have sealed; also to go on after a rotation that was broken off.
    Reseal,
}

impl Keys {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let config = self.origin.load()?;
        let file = config.store.keys_file(&config.home());
        let clinics = server::served(&config).map_err(Failure::usage)?;
        // Every clinic's rows are sealed by the same keys.
        let config = &clinics[0].config;
        // First of all whether the database can be had: a new key is of no use without it.
        runtime()?.block_on(async {
            let Some(store) = server::store(config).map_err(start_failure)? else {
                return without_store(&self.command, &file);
            };
            store.make_ready().await.map_err(store_failure)?;
            let (store, rotated) = match self.command {
                What::Show | What::Reseal => (store, None),
                What::Rotate => {
                    let version = store.rotate_keys(&file, &actor()).await.map_err(store_failure)?;
                    println!("{} has a new key, version {version}; keep a copy of the file", file.display());
                    store.close().await;
                    (opened(config).await?, Some(version))
                }
            };
            let mut exit = Exit::Done;
            if !matches!(self.command, What::Show) {
                let (rows, closed) = store.reseal().await.map_err(store_failure)?;
                println!("{rows} rows sealed anew");
                for what in closed {
                    println!("not sealed anew: {what}");
                    exit = Exit::Found;
                }
                let mut recordings = 0;
                for Served { config, .. } in &clinics {
                    let own = opened(config).await?;
                    let (sealed, left) = own.reseal_recordings().await.map_err(store_failure)?;
                    recordings += sealed;
                    for recording in left {
                        println!("{recording} keeps its key: it is not over, breaks off, was changed, or is locked");
                    }
                    own.close().await;
                }
                println!("{recordings} recordings of this server sealed anew");
            }
            if let Some(version) = rotated {
                let outcome = if exit == Exit::Done { "done" } else { "not everything sealed anew" };
                store.note_rotation(version, &actor(), outcome).await.map_err(store_failure)?;
            }
            let sealed = store.sealed_by().await.map_err(store_failure)?;
            for version in store.keys().versions() {
                println!("version {version}: {} rows", sealed.get(&version).copied().unwrap_or(0));
            }
            store.close().await;
            Ok(exit)
        })
    }
}

/// Files are sealed anew when the server starts.
fn without_store(command: &What, file: &Path) -> Result<Exit, Failure> {
    let told = match command {
        What::Rotate => {
            let version = keys::add(file).map_err(|error| store_failure(error.into()))?;
            format!("{} has a new key, version {version}; keep a copy of the file", file.display())
        }
        What::Show | What::Reseal => "store.enabled is false: there are no rows".to_owned(),
    };
    println!("{told}; messages, the clinic's own book and state.jsonl are sealed anew when the server starts");
    Ok(Exit::Done)
}

async fn opened(config: &Config) -> Result<Store, Failure> {
    let store = server::store(config).map_err(start_failure)?;
    let store = store.ok_or_else(|| Failure::internal(anyhow::anyhow!("the store is gone")))?;
    store.make_ready().await.map_err(store_failure)?;
    Ok(store)
}
