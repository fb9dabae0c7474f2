//! A voice that speaks one piece of text after the other, audio as it is made, and gives no times of words: the session that Sarvam's, Qwen's,
//! Google's, OpenAI's and Azure's voices share, whatever carries them ([`Wire`]).
//!
//! One connection a call, opened before it is needed. A vendor here has neither contexts nor ids in what it sends, so a piece is given when
//! the one before it is done, and what comes belongs to it; where each piece is a request of its own one is asked for ahead, and what comes of it
//! is kept until its turn. Vendors make audio faster than it is heard. What was cancelled goes with its
//! connection, and the next one is opened at once, unless the wire has a way to leave a piece alone: nothing late can be heard. A session
//! says what failed and connects again for the next utterance; who speaks instead is the call's decision.

mod ahead;
mod clauses;
mod piece;
mod session;
mod talk;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

pub(super) use ahead::{MOST_PIECES, Pieces, Spoken};
pub(super) use clauses::Clauses;
pub(super) use talk::{Messages, Talk};

use super::{Capabilities, Input, Reports, Times, Voice};
use crate::costs::Paid;
use crate::language::Language;
use crate::provider::ProviderError;
use crate::provider::warming::Warming;

/// Texts waiting while it connects: far more clauses than 15 s of speech hold.
const INPUTS: usize = 64;

pub(super) type Connecting = Pin<Box<dyn Future<Output = Result<Box<dyn Wire>, ProviderError>> + Send>>;

/// Who speaks.
pub(super) trait Vendor: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// Whose voice speaks this language, if anybody's.
    fn speaker(&self, language: Language) -> Option<&str>;

    /// What speaks it, as prices name that.
    fn model(&self, language: Language) -> &str;

    /// Who is paid, as prices name them.
    fn section(&self) -> &'static str {
        self.name()
    }

    /// Characters that a text may have.
    fn longest(&self) -> Option<usize>;

    /// The account's name.
    fn account(&self) -> Option<&str> {
        None
    }

    /// How many characters of this text are billed.
    fn characters(&self, text: &str) -> u64 {
        text.chars().count() as u64
    }

    /// Whether what is said goes over the connection that was made, and is no request of its own to be refused.
    fn keeps_connection(&self) -> bool {
        true
    }

    fn connect(self: Arc<Self>) -> Connecting;

    /// A connection before there is something to say, where [`Vendor::connect`] makes none: for a session that keeps what is returned.
    fn warm(&self) -> Option<Warming> {
        None
    }

    /// Connects, and lets go of it: whether that was possible.
    fn reach(self: Arc<Self>) -> BoxFuture<'static, bool> {
        Box::pin(async move {
            match self.connect().await {
                Ok(wire) => {
                    wire.close().await;
                    true
                }
                Err(_) => false,
            }
        })
    }

    /// From a text, or from the last audio, to the next.
    fn silence(&self) -> Duration;
}

/// A connection, on which one piece is spoken at a time.
#[async_trait]
pub(super) trait Wire: Send {
    /// Whether the next piece can be spoken on it now; if not, another connection is made.
    fn takes(&mut self, language: Language) -> bool;

    /// How many pieces may be asked for at once. What comes of them comes in their order.
    fn at_once(&self) -> usize {
        1
    }

    /// Has a piece of text spoken, at once or after the one that is being spoken.
    async fn speak(&mut self, language: Language, text: &str) -> Result<(), ProviderError>;

    /// What comes next. Cancel safe.
    async fn next(&mut self) -> Result<News, ProviderError>;

    /// Nothing more of what was asked for is wanted. `false`: only leaving the connection ends it.
    fn forget(&mut self) -> bool;

    /// Keeps a connection from being closed when nothing is said.
    async fn keep_alive(&mut self) -> Result<(), ProviderError>;

    async fn close(self: Box<Self>);
}

/// What came of the present piece.
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

impl Streamed {
    fn start(&self, warming: Option<Warming>, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        let session = session::run(self.0.clone(), queue, reports);
        tokio::spawn(async move {
            // It goes with the session.
            let _warming = warming;
            session.await;
        });
        inputs
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
        self.0.speaker(language)?;
        Some(Capabilities { words: Times::Estimated, longest: self.0.longest() })
    }

    fn timbre(&self, language: Language) -> String {
        format!("{} {} {}", self.0.name(), self.0.model(language), self.0.speaker(language).unwrap_or_default())
    }

    fn paid_as(&self, language: Language) -> Option<Paid<'_>> {
        Some(Paid { provider: self.0.section(), model: self.0.model(language) })
    }

    fn characters(&self, text: &str) -> u64 {
        self.0.characters(text)
    }

    fn account(&self) -> Option<&str> {
        self.0.account()
    }

    fn keeps_connection(&self) -> bool {
        self.0.keeps_connection()
    }

    fn reach(&self, _language: Language) -> Option<BoxFuture<'static, bool>> {
        Some(self.0.clone().reach())
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        self.start(None, reports)
    }

    fn open_ahead(&self, _language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
        self.start(self.0.warm(), reports)
    }
}
