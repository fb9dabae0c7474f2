//! Deepgram: nova-3 over the v1 interface for all five languages, Flux over v2 for English and French, which also hears when a turn
//! ends. One connection a session, opened while the phone rings; audio leaves as 16 kHz linear PCM.
//!
//! A session says what was heard and never reconnects by itself: what fails is reported, and the call decides. Facts of the protocol:
//! Deepgram's API reference, its Python SDK and the pages on Flux, as read on 2026-11-21.

mod clock;
mod config;
mod connection;
mod flux;
mod nova;
mod request;
mod revised;
mod session;

use std::sync::Arc;

use tokio::sync::mpsc;

pub use config::{Choice, DeepgramConfig, DeepgramOwn};

use super::{Capabilities, Input, Partials, Recognizer, Reports, Setup};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::{ErrorKind, ProviderError};

const NAME: &str = "deepgram";

/// Room for the 10 s that a call may replay (500 frames) and what comes while connecting.
const INPUTS: usize = 1_024;

/// A model of Deepgram's and the protocol that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    Nova,
    /// Its English or its multilingual form.
    Flux,
}

impl Model {
    /// Deepgram's own name of it, by which it is billed.
    pub(super) const fn name(self, language: Language) -> &'static str {
        match self {
            Self::Nova => request::NOVA,
            Self::Flux => request::flux_model(language),
        }
    }
}

/// See the module header.
#[derive(Clone, Debug)]
pub struct Deepgram(Arc<Reached<DeepgramOwn>>);

impl Deepgram {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &DeepgramConfig, section: &str) -> Result<Self, String> {
        config.reach(section, NAME, "").map(|reached| Self(Arc::new(reached)))
    }
}

impl Recognizer for Deepgram {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        let model = self.0.config.own.model.of(language)?;
        Some(Capabilities { partials: Partials::Changing, end_of_turn: model == Model::Flux })
    }

    fn account(&self) -> Option<&str> {
        Some(&self.0.account)
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        tokio::spawn(session::run(self.0.clone(), setup, queue, reports));
        inputs
    }
}

/// A change in mid-stream was refused.
fn not_configured() {
    metrics::counter!("deepgram_configure_failures_total").increment(1);
    tracing::warn!("deepgram refused new thresholds or likely words; those before them go on to hold");
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
