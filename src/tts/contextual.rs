//! A voice over a WebSocket that speaks each utterance in a context of its own and says when it speaks each word: the session that
//! Cartesia's and ElevenLabs' voices share.
//!
//! One connection a call, opened before it is needed. What still comes of a context that was cancelled is dropped by its id, so that nothing late is
//! heard; where a vendor allows few contexts at once, those that have not ended are left with their connection. A session says what failed and connects
//! again for the next utterance; who speaks instead is the call's decision.

mod letters;
mod session;
mod sound;
mod way;
mod words;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use super::{Capabilities, Input, Reports, Times, Voice};
use crate::costs::Paid;
use crate::language::Language;
use crate::provider::ProviderError;
use crate::provider::socket::Link;

pub(super) use sound::Format;

/// Texts waiting while it connects: far more clauses than 15 s of speech hold.
const INPUTS: usize = 64;

pub(super) type Connecting = Pin<Box<dyn Future<Output = Result<Link, ProviderError>> + Send>>;

/// Which part of an utterance is to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// The first text opens the context.
    First(&'a str),
    Next(&'a str),
    /// No more text follows.
    End,
}

/// What a vendor's protocol says where others differ.
pub(super) trait Vendor: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// Whose voice speaks this language, if anybody's.
    fn speaker(&self, language: Language) -> Option<&str>;

    fn model(&self) -> &str;

    /// The account's name.
    fn account(&self) -> Option<&str>;

    fn format(&self) -> Format;

    /// A connection that speaks this language.
    fn connect(&self, language: Language) -> Connecting;

    /// For which language a connection is opened before one is known.
    fn usual(&self) -> Language;

    /// Whether a connection for one language speaks this other one.
    fn speaks(&self, connected: Language, language: Language) -> bool;

    /// The messages that have it spoken.
    fn say(&self, language: Language, context: &str, part: Part<'_>) -> Vec<String>;

    /// What stops a context; `ended`: it was told that no more text follows.
    fn cancel(&self, context: &str, ended: bool) -> Option<String>;

    /// How many contexts may be left on a connection that have not ended.
    fn most_left(&self) -> usize;

    fn read(&self, message: &str) -> Result<Message, ProviderError>;

    /// What keeps a connection, with this context if there is one; `None`: a ping frame.
    fn keep_alive(&self, context: Option<&str>) -> Option<String>;

    /// From a text, or from the last audio, to the next.
    fn silence(&self) -> Duration;

    /// Counts a message for what nobody wants any more.
    fn late(&self);
}

/// Something that was spoken, and when.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timed {
    pub(super) text: String,
    /// Seconds.
    pub(super) from: f64,
    pub(super) to: f64,
}

/// What a message of the vendor means, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    /// Whom it is about; an error may be about the whole connection.
    pub(super) context: Option<String>,
    pub(super) news: Vec<News>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum News {
    /// In the format asked for.
    Audio(Vec<u8>),
    /// Times count from the beginning of the utterance.
    Words(Vec<Timed>),
    /// Times count from the beginning of the message, wherever that is.
    Letters(Vec<Timed>),
    /// All of the context was sent.
    Done,
    Failed(ProviderError),
}

/// When a session begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opened {
    /// Before there is something to say.
    Ahead,
    /// With what is to be said.
    WhenNeeded,
}

/// Such a voice.
#[derive(Clone)]
pub struct Contextual(Arc<dyn Vendor>);

impl Contextual {
    pub(super) fn new(vendor: impl Vendor) -> Self {
        Self(Arc::new(vendor))
    }

    fn start(&self, language: Language, when: Opened, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        tokio::spawn(session::run(self.0.clone(), (language, when), queue, reports));
        inputs
    }
}

impl std::fmt::Debug for Contextual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Contextual").field(&self.0.name()).finish()
    }
}

impl Voice for Contextual {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    /// A context has texts of any number, and no vendor here names a limit that a clause could meet.
    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.0.speaker(language)?;
        Some(Capabilities { words: Times::Exact, longest: None })
    }

    fn timbre(&self, language: Language) -> String {
        format!("{} {} {}", self.0.name(), self.0.model(), self.0.speaker(language).unwrap_or_default())
    }

    fn paid_as(&self, _language: Language) -> Option<Paid<'_>> {
        Some(Paid { provider: self.0.name(), model: self.0.model() })
    }

    fn account(&self) -> Option<&str> {
        self.0.account()
    }

    fn reach(&self, language: Language) -> Option<BoxFuture<'static, bool>> {
        let connecting = self.0.connect(language);
        Some(Box::pin(async move {
            match connecting.await {
                Ok(link) => {
                    link.close().await;
                    true
                }
                Err(_) => false,
            }
        }))
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        self.start(self.0.usual(), Opened::WhenNeeded, reports)
    }

    fn open_ahead(&self, language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
        let language = *language.borrow();
        self.start(language, Opened::Ahead, reports)
    }
}
