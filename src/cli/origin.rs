//! `--config`: which file the configuration is read from, the same for every command that reads it.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::config::{self, Config, Source};

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
