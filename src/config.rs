//! The configuration: one TOML file, overridden by the environment (`ATTENDANT__SECTION__KEY`), checked before a port is bound.
//!
//! Each section is defined beside the code that uses it, with its defaults and its own check; this module reads, merges and
//! reports. Every problem names where the value came from, its key, what is wrong and what to write instead; all are reported at
//! once. A key nobody knows is a problem, not a comment.

mod problem;
mod secret;
mod source;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::api::ApiConfig;
use crate::call::cleaning::MediaConfig;
use crate::call::settings::CallConfig;
use crate::costs::PricesConfig;
use crate::experiments::ExperimentsConfig;
use crate::records::RecordsConfig;
use crate::server::{AgentsConfig, ClinicSection, ProvidersConfig, ServerConfig};
use crate::sim::ScriptedConfig;
use crate::speech::SpeechConfig;
use crate::state::StateConfig;
use crate::store::StoreConfig;
use crate::transport::sip::SipConfig;
use crate::transport::stream::StreamConfig;

pub use problem::{Problem, Problems};
pub use secret::{Secret, SecretSource};
pub use source::Source;

/// Everything that can be set. `attendant serve` without a file uses the defaults, which need no keys and no services.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub log: LogConfig,
    pub server: ServerConfig,
    pub sip: SipConfig,
    pub api: ApiConfig,
    pub stream: StreamConfig,
    pub clinic: ClinicSection,
    pub agents: AgentsConfig,
    pub providers: ProvidersConfig,
    pub speech: SpeechConfig,
    pub scripted: ScriptedConfig,
    pub call: CallConfig,
    pub media: MediaConfig,
    pub records: RecordsConfig,
    pub store: StoreConfig,
    pub prices: PricesConfig,
    pub experiments: ExperimentsConfig,
    pub state: StateConfig,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// As in `RUST_LOG`: `info`, or `info,attendant::call=debug`.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For a person at a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { filter: "info".into(), format: LogFormat::Text }
    }
}

impl LogConfig {
    fn check(&self) -> Vec<String> {
        match self.filter.parse::<tracing_subscriber::filter::Targets>() {
            Ok(_) => Vec::new(),
            Err(_) => vec![format!(
                "log.filter: `{}` is no filter; write a level such as `info`, or `info,attendant::call=debug`",
                self.filter
            )],
        }
    }
}

impl Config {
    /// Reads, merges and checks.
    pub fn load(source: &Source) -> Result<Self, Problems> {
        let mut read = source.read()?;
        let config = Self {
            log: read.section("log"),
            server: read.section("server"),
            sip: read.section("sip"),
            api: read.section("api"),
            stream: read.section("stream"),
            clinic: read.section("clinic"),
            agents: read.section("agents"),
            providers: read.section("providers"),
            speech: read.section("speech"),
            scripted: read.section("scripted"),
            call: read.section("call"),
            media: read.section("media"),
            records: read.section("records"),
            store: read.section("store"),
            prices: read.section("prices"),
            experiments: read.section("experiments"),
            state: read.section("state"),
        };
        read.finish()?;
        let wrong = [
            config.log.check(),
            config.server.check(),
            config.sip.check(),
            config.api.check(config.stream.needs_public_url()),
            config.stream.check(),
            config.clinic.check(),
            config.agents.check(),
            config.providers.check(config.clinic.language),
            config.speech.check(),
            config.scripted.check(),
            config.call.check(),
            config.records.check(),
            if config.store.enabled { Vec::new() } else { config.records.check_unsealed() },
            config.store.check(),
            config.prices.check(&config.providers.paid()),
            config.experiments.check(&config.providers.known()),
            config.state.check(),
        ];
        let problems: Vec<Problem> = wrong.into_iter().flatten().map(|text| source.blame(&text)).collect();
        if problems.is_empty() { Ok(config) } else { Err(Problems(problems)) }
    }

    /// The server's own folder, whatever the clinic: the folder of records, in which each of several clinics has one of its own.
    pub fn home(&self) -> PathBuf {
        self.store.home(&self.records.folder()).to_path_buf()
    }
}

/// The file to read when none is named: the first of these that exists.
pub fn default_file() -> Option<PathBuf> {
    ["attendant.toml", "/etc/attendant/attendant.toml"]
        .into_iter()
        .map(Path::new)
        .find(|path| path.is_file())
        .map(Path::to_path_buf)
}

#[cfg(test)]
mod tests;
