//! Azure's speech-to-text over a WebSocket, by the protocol of Microsoft's own packages (USP), in all five languages: told by our acoustics where
//! a voice begins and ends, each voice a turn of its own.
//!
//! Audio leaves as 16 kHz linear PCM, and only that of voices ([`super::told`]). Microsoft promises this protocol to nobody but its own packages.
//! Facts: the source of its JavaScript package (microsoft/cognitive-services-speech-sdk-js) and what its Python package 1.53.0 sends, as
//! read and recorded on 2026-11-22.

mod config;
pub(crate) mod message;
mod talk;

use std::sync::Arc;

use tokio::sync::mpsc;

pub use config::{AzureEarsConfig, AzureEarsOwn};

use super::{Capabilities, Input, Recognizer, Reports, Setup, told};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::{ErrorKind, ProviderError};

const NAME: &str = "azure_stt";

/// Whose accounts these are, whatever they are used for.
const VENDOR: &str = "azure";

/// As prices name it: Azure's own model of the language.
pub const MODEL: &str = "speech-to-text";

/// See the module header.
#[derive(Clone, Debug)]
pub struct AzureEars(Arc<Reached<AzureEarsOwn>>);

impl AzureEars {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &AzureEarsConfig, section: &str) -> Result<Self, String> {
        let mut reached = config.reach(section, NAME, message::PATH)?;
        reached.account = config.account_name(VENDOR);
        Ok(Self(Arc::new(reached)))
    }
}

impl Recognizer for AzureEars {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { partials: true, end_of_turn: false })
    }

    fn account(&self) -> Option<&str> {
        Some(&self.0.account)
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        told::open(self.0.clone(), setup, reports)
    }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
