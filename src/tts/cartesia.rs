//! Cartesia: sonic voices over one WebSocket a call, opened before it is needed; each utterance is a context of its own.
//!
//! Audio comes as 16 kHz linear PCM, words with exact times. What still comes of a context that was cancelled is dropped by its id. A
//! session says what failed and connects again for the next utterance; who speaks instead is the call's decision. Facts of the
//! protocol: Cartesia's Python SDK (version 2026-08-14 of the interface) and its pages, as read on 2026-11-21.

mod config;
mod request;
mod session;
mod words;

use std::sync::Arc;

use tokio::sync::mpsc;

pub use config::{CartesiaConfig, CartesiaOwn};

use super::{Capabilities, Input, Reports, Voice};
use crate::costs::Paid;
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::{ErrorKind, ProviderError};

const NAME: &str = "cartesia";

/// Texts waiting while it connects: far more clauses than 15 s of speech hold.
const INPUTS: usize = 64;

/// See the module header.
#[derive(Clone, Debug)]
pub struct Cartesia(Arc<Reached<CartesiaOwn>>);

impl Cartesia {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &CartesiaConfig, section: &str) -> Result<Self, String> {
        config.reach(section, NAME, "/tts/websocket").map(|reached| Self(Arc::new(reached)))
    }
}

impl Voice for Cartesia {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.0.config.own.voice(language).map(|_| Capabilities { exact_word_times: true })
    }

    fn timbre(&self, language: Language) -> String {
        let voice = self.0.config.own.voice(language).unwrap_or_default();
        format!("{NAME} {} {voice}", self.0.config.own.model)
    }

    fn paid_as(&self, _language: Language) -> Option<Paid<'_>> {
        Some(Paid { provider: NAME, model: &self.0.config.own.model })
    }

    fn account(&self) -> Option<&str> {
        Some(&self.0.account)
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        tokio::spawn(session::run(self.0.clone(), queue, reports));
        inputs
    }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
