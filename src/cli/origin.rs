//! `--config`: which file the configuration is read from, the same for every command that reads it; and `--clinic`, for those that concern one clinic.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::config::{self, Config, Source};
use crate::server::{self, Served};

#[derive(Debug, Args)]
pub(super) struct Origin {
    /// Configuration file (TOML). Without it: ./attendant.toml, then /etc/attendant/attendant.toml, then the built-in defaults.
    /// `ATTENDANT__SECTION__KEY` in the environment overrides every file.
    #[arg(long, short, value_name = "FILE", env = "ATTENDANT_CONFIG")]
    config: Option<PathBuf>,
}

impl Origin {
    pub(super) fn source(&self) -> Source {
        let file = self.config.clone().or_else(config::default_file);
        let environment =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Source::new(file, environment)
    }

    pub(super) fn load(&self) -> Result<Config, Failure> {
        Config::load(&self.source()).map_err(Failure::usage)
    }
}

#[derive(Debug, Args)]
pub(super) struct Whose {
    #[command(flatten)]
    origin: Origin,
    /// The clinic's id. Needed if the configuration names several clinics.
    #[arg(long, global = true, value_name = "ID")]
    clinic: Option<String>,
}

impl Whose {
    /// The clinic, and the configuration as it has it.
    pub(super) fn load(&self) -> Result<Served, Failure> {
        server::one(&self.origin.load()?, self.clinic.as_deref()).map_err(Failure::usage)
    }
}
