//! `attendant migrate`: brings the store's tables up to this release.

use clap::Args;

use super::origin::Origin;
use super::{Exit, Failure, runtime, start_failure, store_failure};
use crate::config::Config;
use crate::server;
use crate::store::audit::{Action, Note};
use crate::store::migrate::{Standing, from_nothing};
use crate::store::{Kind, Store, embedded};

/// Bring the tables of the store up to this release. `serve` does so itself with the embedded database, and refuses to start with a PostgreSQL that is
/// behind: make a copy of it, then run this.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    origin: Origin,
    /// Print the statements that would be run; change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Migrate {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let config = self.origin.load()?;
        // The tables are every clinic's.
        let config = server::served(&config).map_err(Failure::usage)?.swap_remove(0).config;
        if config.store.kind() == Kind::Embedded && self.dry_run && !embedded(&config.home()).exists() {
            return Ok(print(&from_nothing()));
        }
        runtime()?.block_on(async {
            let Some(store) = server::store(&config).map_err(start_failure)? else {
                println!("store.enabled is false: there is nothing to bring up to date");
                return Ok(Exit::Done);
            };
            let done = if self.dry_run { dry(&store).await } else { migrate(&store, &config).await };
            store.close().await;
            done
        })
    }
}

async fn dry(store: &Store) -> Result<Exit, Failure> {
    Ok(print(&store.standing().await.map_err(store_failure)?))
}

async fn migrate(store: &Store, config: &Config) -> Result<Exit, Failure> {
    let done = store.migrate_by_its_keys().await.map_err(store_failure)?;
    done.iter().for_each(|name| println!("done: {name}"));
    if !done.is_empty() {
        let note = Note::new(&super::actor(), Action::TablesMigrated, &done.join("; "), "done");
        store.note(&note).await.map_err(store_failure)?;
    }
    match config.store.kind() {
        Kind::Postgres => println!("the tables are those of this release"),
        Kind::Embedded | Kind::Off => {
            println!("{}: the tables are those of this release", embedded(&config.home()).display());
        }
    }
    Ok(Exit::Done)
}

fn print(standing: &Standing) -> Exit {
    match standing {
        Standing::Current => println!("-- the tables are those of this release"),
        Standing::Behind(pending) => {
            for (version, name, statements) in pending {
                println!("-- {version}: {name}");
                statements.iter().for_each(|statement| println!("{statement};"));
            }
        }
    }
    Exit::Done
}
