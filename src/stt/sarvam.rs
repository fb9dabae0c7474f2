//! Sarvam's recogniser, for Punjabi first: its realtime interface, with partials, told by our acoustics where a voice begins and ends.
//!
//! One connection a session, opened while the phone rings; audio leaves as 16 kHz linear PCM, and only that of voices. A session never
//! connects again by itself: what fails is reported, and the call decides. Facts of the protocol: Sarvam's Python SDK 0.1.39 and its page
//! on realtime streaming, as read on 2026-11-21.

mod request;
mod session;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Capabilities, Input, Recognizer, Reports, Setup};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::sarvam::{NAME, SarvamConfig, SarvamOwn, kind_of_close};
use crate::provider::{ErrorKind, ProviderError};

/// Room for the 10 s that a call may replay (500 frames) and what comes while connecting.
const INPUTS: usize = 1_024;

/// See the module header.
#[derive(Clone, Debug)]
pub struct SarvamEars(Arc<Reached<SarvamOwn>>);

impl SarvamEars {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &SarvamConfig, section: &str) -> Result<Self, String> {
        let reached = config.reach(section, NAME, request::PATH)?;
        Ok(Self(Arc::new(reached.closing(kind_of_close))))
    }
}

impl Recognizer for SarvamEars {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        let known = Capabilities { partials: true, end_of_turn: false, flush: true };
        self.0.config.own.is_to_hear(language).then_some(known)
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

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
