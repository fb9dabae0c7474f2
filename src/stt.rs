//! Hearing words: one contract for every recogniser, on the call's own sample clock.
//!
//! A session is a task: it takes [`Input`] from a bounded channel and reports [`Event`]s to the call. It never decides that
//! a turn has ended; it says what it heard and, if it can tell, that the caller seems to have finished.

pub mod azure;
pub mod deepgram;
mod gate;
pub mod google;
pub mod openai;
mod pause;
pub mod sarvam;
pub(crate) mod seats;
pub(crate) mod stable;
mod tape;
mod told;
mod utterances;
mod voices;
pub mod whisper;

use std::collections::BTreeMap;

use attendant_media::frame::{Frame, Samples};
use tokio::sync::mpsc;

use crate::agent::ExpectKind;
use crate::call::event::Mailbox;
use crate::language::Language;
use crate::privacy::Pii;
use crate::provider::ProviderError;

/// Opens sessions. One per configured provider.
pub trait Recognizer: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// What it can do in this language; `None` if it does not know it.
    fn capabilities(&self, language: Language) -> Option<Capabilities>;

    /// Who answers in this language, where several stand behind one name: their numbers differ (`provider::chain`).
    fn who(&self, _language: Language) -> usize {
        0
    }

    /// Calls in this language that it can serve at once, in time; `None` if it knows no bound of its own.
    fn capacity(&self, _language: Language) -> Option<usize> {
        None
    }

    /// Further calls in this language that it can serve now; `None` if it knows no bound of its own.
    fn room(&self, _language: Language) -> Option<usize> {
        None
    }

    /// Whose key it uses, whatever else does; `None` if it is on this machine.
    fn account(&self) -> Option<&str> {
        None
    }

    /// Starts a session and returns at once; it connects in the background and reports [`Event::Ready`]. Dropping the
    /// sender ends it. Must be called within a tokio runtime.
    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input>;
}

/// What recognisers may do or not. What every one does is no choice: it answers each flush, and gives signs of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    pub partials: Partials,
    /// Sends [`Event::EndOfTurn`] by itself: each frame may bring it, so none is held back.
    pub end_of_turn: bool,
}

/// What a recogniser says of words while the caller speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partials {
    /// Nothing.
    None,
    /// Words, any of which may change: a voice that stays without any was not heard.
    Changing,
    /// Words, and which of them will not change.
    WithStable,
}

/// Who hears a language, and what they can do in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hearer {
    pub who: usize,
    pub capabilities: Capabilities,
}

/// By language; one that nobody knows is left out.
pub type Hearers = BTreeMap<Language, Hearer>;

/// What a recogniser promises at the beginning of a call, for every language that the call may go on in.
pub fn hearers(recogniser: &dyn Recognizer) -> Hearers {
    let hearer = |language| {
        let capabilities = recogniser.capabilities(language)?;
        Some((language, Hearer { who: recogniser.who(language), capabilities }))
    };
    Language::ALL.into_iter().filter_map(hearer).collect()
}

#[derive(Clone, Debug)]
pub struct Setup {
    pub language: Language,
    pub hints: Hints,
}

/// What the caller was just asked, so that digits and names are heard as such.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Words that are likely: provider names, clinic name, cities.
    pub phrases: Vec<String>,
    pub answer: Answer,
}

/// How the answer to what the caller was just asked is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// In sentences; or nothing was asked.
    #[default]
    Free,
    /// In a word or two: yes or no.
    Short,
    /// Piece by piece, digits or letters: its pauses end nothing.
    InPieces,
}

impl From<ExpectKind> for Answer {
    fn from(kind: ExpectKind) -> Self {
        if kind.is_in_pieces() {
            // A name is spelled next.
            Self::InPieces
        } else if kind == ExpectKind::YesNo {
            Self::Short
        } else {
            Self::Free
        }
    }
}

/// What a session is given, in the order of the samples.
#[expect(clippy::large_enum_variant, reason = "a frame travels by value: the frame path allocates nothing")]
#[derive(Clone, Debug)]
pub enum Input {
    /// 20 ms of the caller; frames follow each other without gaps, except where a session begins.
    Audio {
        at: Samples,
        frame: Frame,
    },
    /// Acoustics heard speech begin at this sample (already sent, or about to be).
    SpeechStart {
        at: Samples,
    },
    /// Acoustics heard speech end before this sample.
    SpeechEnd {
        at: Samples,
    },
    /// Finish what was said so far: answer with finals up to here and then [`Event::Flushed`].
    Flush {
        up_to: Samples,
    },
    Hints(Hints),
    /// The language is settled; this recogniser hears it as it heard the one before ([`Hearer`]).
    Language(Language),
}

/// What a session reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Connected and taking audio.
    Ready,
    /// The recogniser itself heard speech begin.
    SpeechStart { at: Samples },
    /// Words so far in the utterance; replaces the partial before it. Of the first `stable` bytes, whole words, only marks and capitals may
    /// change. Who does not know says 0.
    Partial { text: Pii<String>, stable: usize, from: Samples, to: Samples },
    /// A sign of life while a voice is heard: everything up to here was listened to, and its words, if it had any, were reported. Must
    /// come at least every 3 s of a voice, with words or instead of them, or the session is taken for deaf. A session that is late and
    /// not deaf says again how far it has come.
    Listening { up_to: Samples },
    /// Words that will not change. Ranges of finals do not overlap; they may arrive out of order.
    Final { text: Pii<String>, from: Samples, to: Samples, confidence: f32, language: Option<Language> },
    /// The caller may have finished: drafting may begin.
    EagerEnd { at: Samples },
    /// No, the caller went on.
    Resumed { at: Samples },
    /// The caller has finished, says the recogniser.
    EndOfTurn { at: Samples, confidence: f32 },
    /// Every final up to the flush was sent.
    Flushed { up_to: Samples },
    /// The session is over, and nothing has failed: another language has another connection, and what is owed is to be heard again there.
    Left,
    /// The session is over.
    Failed(ProviderError),
}

/// Where a session's events go, stamped with the session they come from.
#[derive(Clone, Debug)]
pub struct Reports {
    pub session: u32,
    pub mailbox: Mailbox,
}

impl Reports {
    /// Waits for room. `false` once the call is gone: the session should end.
    pub async fn send(&self, event: Event) -> bool {
        self.mailbox.send(crate::call::event::Event::Stt { session: self.session, event }).await
    }
}
