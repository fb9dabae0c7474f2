//! OpenAI's realtime transcription over a WebSocket (`/v1/realtime?intent=transcription`), told by our acoustics where a voice begins and ends: what
//! is said is committed where the voice ends, and OpenAI's own turn detection is off.
//!
//! Audio leaves as 24 kHz linear PCM, the only rate it takes, and only that of voices ([`super::told`]). Facts of the protocol: OpenAI's Python
//! package 3.54.0 and its page on realtime transcription, as read on 2026-11-22.

mod config;
mod request;
mod talk;

use std::sync::Arc;

use tokio::sync::mpsc;

pub use config::{OpenAiEarsConfig, OpenAiEarsOwn};

use super::{Capabilities, Input, Recognizer, Reports, Setup, told};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::{ErrorKind, ProviderError, openai};

const NAME: &str = "openai_stt";

/// See the module header.
#[derive(Clone, Debug)]
pub struct OpenAiEars(Arc<Reached<OpenAiEarsOwn>>);

impl OpenAiEars {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &OpenAiEarsConfig, section: &str) -> Result<Self, String> {
        let mut reached = config.reach(section, NAME, request::PATH)?;
        reached.account = config.account_name(openai::VENDOR);
        reached.address.query_pairs_mut().append_pair("intent", "transcription");
        Ok(Self(Arc::new(reached)))
    }
}

impl Recognizer for OpenAiEars {
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
