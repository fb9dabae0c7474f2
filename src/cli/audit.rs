//! `attendant audit`: who did what, and whether anybody changed what is written of it.

mod show;

use clap::{Args, Subcommand};

use super::origin::Whose;
use super::{Exit, Failure, runtime, start_failure, store_failure};
use crate::server::{self, Served};
use crate::store::Store;

/// Go through the audit: who read calls, what tools did in calls and to which charts, what was deleted.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check every row against the one before it; say which were changed, taken out or put in.
    Verify,
    /// Print the newest rows, the oldest of them first: all, or those of one chart, one call or some time. Who asks for a chart's or a call's is in the audit too.
    Show(show::Show),
}

impl Audit {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let Served { clinic, config } = self.whose.load()?;
        runtime()?.block_on(async {
            let Some(store) = server::store(&config).map_err(start_failure)? else {
                println!("store.enabled is false: there is no audit");
                return Ok(Exit::Done);
            };
            store.make_ready().await.map_err(store_failure)?;
            let done = match self.command {
                What::Verify => verify(&store).await,
                What::Show(show) => show.run(&store, &clinic.zone).await,
            };
            store.close().await;
            done
        })
    }
}

async fn verify(store: &Store) -> Result<Exit, Failure> {
    let chains = store.verify_audit().await.map_err(store_failure)?;
    for chain in &chains {
        let purged = if chain.purged > 0 { format!(", the first {} purged", chain.purged) } else { String::new() };
        println!("{}: {} rows{purged}, head {}", chain.instance, chain.rows, chain.head);
        chain.broken.iter().for_each(|what| println!("{}: BROKEN: {what}", chain.instance));
    }
    if chains.is_empty() {
        println!("no rows");
    }
    Ok(if chains.iter().all(|chain| chain.broken.is_empty()) { Exit::Done } else { Exit::Found })
}
