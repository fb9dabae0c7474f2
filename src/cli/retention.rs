//! `attendant retention`: takes away what is past its time without waiting for the night.

use clap::{Args, Subcommand};

use super::origin::Whose;
use super::{Exit, Failure, actor, runtime, start_failure, store_failure};
use crate::clinic::ClinicError;
use crate::clock;
use crate::server::{self, Served};
use crate::store::retention::{PurgeError, Retention as Purge, What as Kind};

/// Take away what a clinic's [retention] no longer allows to be kept. `serve` does so itself, every night at 03:00 at the clinic.
#[derive(Debug, Args)]
pub(super) struct Retention {
    #[command(flatten)]
    whose: Whose,
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Purge now, in the database and in this server's folder of records; write proof of it into the audit.
    Run {
        /// Say how much would go; take nothing away.
        #[arg(long)]
        dry_run: bool,
    },
}

impl Retention {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let What::Run { dry_run } = self.command;
        let Served { clinic, config } = self.whose.load()?;
        if !clinic.knows_its_nights() {
            return Err(Failure::usage(ClinicError(clinic.faults().to_vec())));
        }
        runtime()?.block_on(async {
            let Some(store) = server::store(&config).map_err(start_failure)? else {
                println!("store.enabled is false: nothing is purged");
                return Ok(Exit::Done);
            };
            store.make_ready().await.map_err(store_failure)?;
            let purge = Purge::by_hand(store.clone(), &clinic, &actor());
            let now = clock::now();
            let counts = if dry_run { purge.due(now).await } else { purge.purge_now(now).await };
            let counts = counts.map_err(failure)?;
            for what in Kind::PURGED {
                println!("{:<12}{:>8}", what.name(), counts.of(what));
            }
            if !dry_run {
                println!("proof is in the audit: attendant audit show");
            }
            store.close().await;
            Ok(Exit::Done)
        })
    }
}

fn failure(error: PurgeError) -> Failure {
    match error {
        PurgeError::Store(error) => store_failure(error),
        PurgeError::State(error) => Failure::unavailable(error),
    }
}
