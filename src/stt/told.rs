//! A recogniser over a WebSocket that is told by our acoustics where a voice begins and ends: the session that Sarvam's, OpenAI's and Azure's
//! share.
//!
//! One connection a session, opened while the phone rings, and only voices are sent. A vendor's protocol is a [`Talk`]: what is said on its
//! connection, and what its messages mean. A session connects again by itself only where nothing is owed, and where the vendor's protocol
//! wants it ([`Talk::stays`]): whatever else fails is reported, and the call decides.

mod session;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::Samples;
use tokio::sync::mpsc;

use super::{Capabilities, Hints, Input, Partials, Recognizer, Reports, Setup};
use crate::language::Language;
use crate::provider::ProviderError;
use crate::provider::socket::{Incoming, Link};

/// Room for the 10 s that a call may replay (500 frames) and what comes while connecting.
const INPUTS: usize = 1_024;

pub(super) type Connecting = Pin<Box<dyn Future<Output = Result<(Link, Box<dyn Talk>), ProviderError>> + Send>>;

/// Who hears.
pub(super) trait Vendor: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// As prices name it.
    fn model(&self) -> &str;

    /// Whose key it uses.
    fn account(&self) -> &str;

    /// What it says of words while somebody speaks.
    fn partials(&self) -> Partials {
        Partials::Changing
    }

    /// Whether it is to hear this language.
    fn knows(&self, language: Language) -> bool;

    /// Something is owed, and nothing at all is said.
    fn silence(&self) -> Duration;

    /// Connected and taking audio.
    fn connect(self: Arc<Self>, setup: Setup) -> Connecting;
}

/// What is said on one connection, where others differ. Utterances are numbered from nought on, and begin and end one after the other.
pub(super) trait Talk: Send {
    /// Its first sample is at this place.
    fn begin(&mut self, number: u32, at: Samples) -> Vec<Said>;

    fn audio(&mut self, samples: &[i16]) -> Vec<Said>;

    /// The open utterance is over: its last words are wanted.
    fn end(&mut self) -> Vec<Said>;

    /// These words are likely from now on.
    fn hints(&mut self, hints: &Hints) -> Vec<Said>;

    fn language(&mut self, language: Language) -> Result<Changed, ProviderError>;

    /// What asks whether the vendor is there, and is answered by [`News::Pong`]; `None`: nothing does, and a voice in which nothing is heard is
    /// ended and continued as another, so that the vendor must answer.
    fn ping(&self) -> Option<String>;

    /// Said before the connection is closed.
    fn bye(&self) -> Option<String>;

    fn read(&mut self, incoming: Incoming) -> Result<News, ProviderError>;

    /// What may be said now that a message was read.
    fn due(&mut self) -> Vec<Said> {
        Vec::new()
    }

    /// Whether a connection on which nothing is owed stays; if not, one that the vendor closes is made again.
    fn stays(&self) -> bool {
        true
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Text(String),
    Binary(Vec<u8>),
}

/// How another language is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// On the same connection, told this.
    Here(Vec<Said>),
    /// On another.
    Elsewhere,
}

/// What a message of the vendor means.
#[derive(Debug)]
pub(super) enum News {
    /// The words of an utterance so far. The first `stable` bytes, whole words, will not change.
    Partial {
        number: u32,
        text: String,
        stable: usize,
    },
    /// Words that will not change, of an utterance that may have more, up to this place.
    Settled {
        number: u32,
        text: String,
        to: Samples,
        confidence: f32,
    },
    /// All words of an utterance, or those that follow what is settled.
    Final {
        number: u32,
        text: String,
        confidence: f32,
    },
    /// The vendor has ended an utterance, whether or not all of it was sent; these words follow what is settled, and were never made final.
    Ended {
        number: u32,
        text: String,
    },
    Pong,
    /// It is there.
    Nothing,
}

/// Such a recogniser.
#[derive(Clone)]
pub struct Told(Arc<dyn Vendor>);

impl Told {
    pub(super) fn new(vendor: impl Vendor) -> Self {
        Self(Arc::new(vendor))
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Told").field(&self.0.name()).finish()
    }
}

impl Recognizer for Told {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    /// We say where a turn ends.
    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.0.knows(language).then(|| Capabilities { partials: self.0.partials(), end_of_turn: false })
    }

    fn account(&self) -> Option<&str> {
        Some(self.0.account())
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        tokio::spawn(session::run(self.0.clone(), setup, queue, reports));
        inputs
    }
}

/// Reads until a text says whether the session has begun, as `answer` understands it.
pub(super) async fn begun<T>(
    link: &mut Link,
    answer: impl Fn(&str) -> Result<Option<T>, ProviderError>,
) -> Result<T, ProviderError> {
    loop {
        if let Incoming::Text(text) = link.next().await?
            && let Some(answer) = answer(&text)?
        {
            return Ok(answer);
        }
    }
}
