//! A voice over a WebSocket that speaks one piece of text after the other and gives no times of words: the session that Sarvam's and
//! Qwen's voices share.
//!
//! One connection a call, opened before it is needed. A vendor here has neither contexts nor ids in what it sends, so what was cancelled
//! goes with its connection, and the next one is opened at once: nothing late can be heard. A piece is given when the one before it is
//! done, so that what comes belongs to it; vendors make audio faster than it is heard. A session says what failed and connects again for
//! the next utterance; who speaks instead is the call's decision.

mod piece;
mod session;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Capabilities, Input, Reports, Voice};
use crate::costs::Paid;
use crate::language::Language;
use crate::provider::ProviderError;
use crate::provider::socket::Link;

/// Texts waiting while it connects: far more clauses than 15 s of speech hold.
const INPUTS: usize = 64;

pub(super) type Connecting = Pin<Box<dyn Future<Output = Result<Link, ProviderError>> + Send>>;

/// What a vendor's protocol says where others differ.
pub(super) trait Vendor: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// Whose voice speaks this language, if anybody's.
    fn speaker(&self, language: Language) -> Option<&str>;

    fn model(&self) -> &str;

    /// The account's name.
    fn account(&self) -> Option<&str> {
        None
    }

    /// How many characters of this text are billed.
    fn characters(&self, text: &str) -> u64 {
        text.chars().count() as u64
    }

    fn connect(&self) -> Connecting;

    /// The messages that make a new connection speak this language.
    fn prepare(&self, language: Language) -> Vec<String>;

    /// The messages that have a piece of text spoken at once.
    fn speak(&self, text: &str) -> Vec<String>;

    fn read(&self, message: &str) -> Result<News, ProviderError>;

    /// What keeps a connection from being closed when nothing is said; `None`: a ping frame.
    fn keep_alive(&self) -> Option<String>;

    /// From a text, or from the last audio, to the next.
    fn silence(&self) -> Duration;
}

/// What a message of the vendor means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// 16 kHz linear PCM, little endian.
    Audio(Vec<u8>),
    /// All audio of the piece was sent.
    Done,
    /// It is there.
    Nothing,
}

/// Such a voice.
#[derive(Clone)]
pub struct Streamed(Arc<dyn Vendor>);

impl Streamed {
    pub(super) fn new(vendor: impl Vendor) -> Self {
        Self(Arc::new(vendor))
    }
}

impl std::fmt::Debug for Streamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Streamed").field(&self.0.name()).finish()
    }
}

impl Voice for Streamed {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.0.speaker(language).map(|_| Capabilities { exact_word_times: false })
    }

    fn timbre(&self, language: Language) -> String {
        format!("{} {} {}", self.0.name(), self.0.model(), self.0.speaker(language).unwrap_or_default())
    }

    fn paid_as(&self, _language: Language) -> Option<Paid<'_>> {
        Some(Paid { provider: self.0.name(), model: self.0.model() })
    }

    fn characters(&self, text: &str) -> u64 {
        self.0.characters(text)
    }

    fn account(&self) -> Option<&str> {
        self.0.account()
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        tokio::spawn(session::run(self.0.clone(), queue, reports));
        inputs
    }
}
