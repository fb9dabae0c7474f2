//! Sarvam's recogniser, for Punjabi first: its realtime interface, with partials, told by our acoustics where a voice begins and ends.
//!
//! Audio leaves as 16 kHz linear PCM, and only that of voices ([`super::told`]). Facts of the protocol: Sarvam's Python SDK 0.1.39 and its page
//! on realtime streaming, as read on 2026-11-21.

mod request;
mod talk;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Capabilities, Input, Recognizer, Reports, Setup, told};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::sarvam::{NAME, SarvamConfig, SarvamOwn, kind_of_close};
use crate::provider::{ErrorKind, ProviderError};

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
        let known = Capabilities { partials: true, end_of_turn: false };
        self.0.config.own.is_to_hear(language).then_some(known)
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
