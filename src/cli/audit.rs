//! `attendant audit`: who did what, and whether anybody changed what is written of it.

use clap::{Args, Subcommand};

use super::origin::Whose;
use super::{Exit, Failure, runtime, start_failure, store_failure};
use crate::server;

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
    /// Print the newest rows, the oldest of them first.
    Show {
        /// So many.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u32,
    },
}

impl Audit {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let config = self.whose.load()?.config;
        runtime()?.block_on(async {
            let Some(store) = server::store(&config).map_err(start_failure)? else {
                println!("store.enabled is false: there is no audit");
                return Ok(Exit::Done);
            };
            store.make_ready().await.map_err(store_failure)?;
            let done = match self.command {
                What::Verify => {
                    let chains = store.verify_audit().await.map_err(store_failure)?;
                    for chain in &chains {
                        println!("{}: {} rows, head {}", chain.instance, chain.rows, chain.head);
                        chain.broken.iter().for_each(|what| println!("{}: BROKEN: {what}", chain.instance));
                    }
                    if chains.is_empty() {
                        println!("no rows");
                    }
                    if chains.iter().all(|chain| chain.broken.is_empty()) { Exit::Done } else { Exit::Found }
                }
                What::Show { limit } => {
                    for (instance, seq, note) in store.audited(limit).await.map_err(store_failure)? {
                        let action = serde_json::to_value(note.action).map_err(Failure::internal)?;
                        let action = action.as_str().unwrap_or_default();
                        let at = note.at();
                        let detail = note.detail.map_or_else(String::new, |detail| format!("  {detail}"));
                        println!(
                            "{at}  {instance} {seq:>6}  {:<16}  {action:<22}  {}  {}{detail}",
                            note.actor, note.subject, note.outcome
                        );
                    }
                    Exit::Done
                }
            };
            store.close().await;
            Ok(done)
        })
    }
}
