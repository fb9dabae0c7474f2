//! Google's Speech-to-Text v2 (chirp) over gRPC, in all five languages: a streaming call for each voice, over one connection a session,
//! opened while the phone rings.
//!
//! Where a voice ends our side of its stream ends, and Google answers with its last words; silence is not sent. A voice of more than four
//! minutes rolls over into another stream after words that are final, before Google's limit of five. Facts: the `google-cloud-speech` Python
//! package 2.41.0 and Google's pages, as read on 2026-11-22.

mod config;
pub(crate) mod messages;
mod news;
mod request;
mod session;

use std::sync::Arc;

use tokio::sync::mpsc;
use url::Url;

pub use config::{GoogleConfig, GoogleOwn, locations};

use super::{Capabilities, Input, Partials, Recognizer, Reports, Setup};
use crate::language::Language;
use crate::provider::google::ServiceAccount;
use crate::provider::grpc::Channel;
use crate::provider::{ErrorKind, ProviderError};

const NAME: &str = "google";

/// Room for the 10 s that a call may replay (500 frames) and what comes while connecting.
const INPUTS: usize = 1_024;

/// See the module header.
#[derive(Clone, Debug)]
pub struct Google(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: GoogleConfig,
    account_name: String,
    account: ServiceAccount,
    channel: Channel,
}

impl Google {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &GoogleConfig, section: &str) -> Result<Self, String> {
        let wrong = config.check(section);
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let key = config.account.key.read_whole().and_then(|key| ServiceAccount::read(key.expose()));
        let account = key.map_err(|what| format!("{section}.key: {what}"))?;
        let base = Url::parse(&config.address()).map_err(|error| format!("{section}.location: {error}"))?;
        let channel = Channel::new(NAME, &base, config.account.ca.as_ref())
            .map_err(|what| format!("{section}.base_url: {what}"))?;
        let account_name = config.account_name(NAME);
        Ok(Self(Arc::new(Shared { config: config.clone(), account_name, account, channel })))
    }
}

impl Recognizer for Google {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { partials: Partials::WithStable, end_of_turn: false })
    }

    fn account(&self) -> Option<&str> {
        Some(&self.0.account_name)
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        tokio::spawn(session::run(self.0.clone(), setup, queue, reports));
        inputs
    }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
