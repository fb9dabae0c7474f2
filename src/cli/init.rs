//! `attendant init`: writes the secrets that a new server needs.

use std::path::PathBuf;

use clap::Args;

use super::origin::Origin;
use super::{Exit, Failure};
use crate::store::keys;

/// Write strong keys for the store to a file that only its owner can read. Done once for each database; keys that are there are never overwritten.
#[derive(Debug, Args)]
pub(super) struct Init {
    #[command(flatten)]
    origin: Origin,
    /// File to write them to, instead of the configured one.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let file = match self.keys {
            Some(file) => file,
            // The configuration may be wrong for no other reason than that the keys are not there yet.
            None => {
                let config = self.origin.load()?;
                config.store.keys_file(&config.home())
            }
        };
        keys::create(&file).map_err(Failure::usage)?;
        println!("{} has a new key; keep a copy of it apart from copies of the database", file.display());
        println!("in the configuration: [store] keys = {:?}", file.display().to_string());
        Ok(Exit::Done)
    }
}
