//! Speaking words: one contract for every voice. Audio is 16 kHz mono, whatever the vendor's rate.
//!
//! A session lives as long as its call and speaks one utterance at a time. It never decides what is audible: it stamps what it
//! makes with the speech id it was given, and the leg drops what is no longer wanted.

pub mod azure;
pub mod cache;
pub mod cartesia;
mod contextual;
pub mod elevenlabs;
pub mod espeak;
pub mod google;
pub mod hibari;
pub mod openai;
mod pieces;
pub mod qwen;
pub mod routing;
pub mod sarvam;
pub mod sentence;
pub mod spoken;
mod streamed;

use std::sync::Arc;

use attendant_media::speech::SpeechId;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

use crate::call::event::Mailbox;
use crate::costs::Paid;
use crate::language::Language;
use crate::privacy::Pii;
use crate::provider::ProviderError;

/// Opens sessions. One per configured provider.
pub trait Voice: Send + Sync + 'static {
    fn name(&self) -> &'static str;

    /// What it can do in this language; `None` if it does not know it.
    fn capabilities(&self, language: Language) -> Option<Capabilities>;

    /// Whether it knows the language.
    fn speaks(&self, language: Language) -> bool {
        self.capabilities(language).is_some()
    }

    /// What its audio of fixed phrases is kept under: another one whenever the same text would sound otherwise (model, speaker,
    /// speed). A voice that passes texts on to others answers with theirs.
    fn timbre(&self, _language: Language) -> String {
        // A new version of ours may trim, resample or write out differently.
        format!("{} {}", self.name(), env!("CARGO_PKG_VERSION"))
    }

    /// The text as this voice says it: what its audio of a fixed phrase is kept under.
    fn wording(&self, text: &str, _language: Language) -> String {
        text.to_owned()
    }

    /// As what it is paid in this language; `None` if it is not paid by the character.
    fn paid_as(&self, _language: Language) -> Option<Paid<'_>> {
        None
    }

    /// How many characters of this text its vendor bills.
    fn characters(&self, text: &str) -> u64 {
        text.chars().count() as u64
    }

    /// Whose key it uses, whatever else does; `None` if it is on this machine.
    fn account(&self) -> Option<&str> {
        None
    }

    /// Whether a session speaks over a connection of its own, made once; if not, it asks anew for each piece, and rests with all others while
    /// its vendor wants to be left alone.
    fn keeps_connection(&self) -> bool {
        true
    }

    /// Starts a session and returns at once. Dropping the sender ends it. Must be called within a tokio runtime.
    fn open(&self, reports: Reports) -> mpsc::Sender<Input>;

    /// Connects as a session for this language does, and lets go of it: whether that was possible. `None`: there is nobody to connect to.
    fn reach(&self, _language: Language) -> Option<BoxFuture<'static, bool>> {
        None
    }

    /// The same before there is something to say, for a call in this language: who will speak it connects now, and who speaks another
    /// once the call has changed to that.
    fn open_ahead(&self, _language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
        self.open(reports)
    }
}

/// What voices may do or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// How it knows when it says a word.
    pub words: Times,
    /// Characters of a text given at once, as it is spoken; `None`: as many as a clause may have. What stands in front of every voice cuts longer
    /// ones ([`spoken::voice`]).
    pub longest: Option<usize>,
}

/// How it is known when a word is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// The voice has told.
    Exact,
    /// From the share that its letters have of the text.
    Estimated,
}

/// As some vendors bill a text: a Chinese character counts as two.
fn characters_with_han_twice(text: &str) -> u64 {
    let is_han = |c| matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}');
    text.chars().map(|c| if is_han(c) { 2 } else { 1 }).sum()
}

#[derive(Clone, Debug)]
pub enum Input {
    /// A new utterance begins; what was unfinished before it is cancelled.
    Begin {
        id: SpeechId,
        language: Language,
    },
    /// Whole clauses or sentences, in order. A call gives them as they were written; what stands in front of every voice
    /// ([`spoken::voice`]) makes them what is spoken.
    Text {
        id: SpeechId,
        text: Pii<String>,
    },
    /// No more text for it.
    End {
        id: SpeechId,
    },
    Cancel {
        id: SpeechId,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// 16 kHz audio, at most 200 ms a piece, in order.
    Audio {
        id: SpeechId,
        audio: Arc<[i16]>,
    },
    /// A word of the text given spans these samples of the utterance. `text` are the bytes `at..at + len` of the utterance's
    /// text (the pieces joined as they were sent). `len` is 0 for a word within what counts as heard only when its last word is:
    /// the digits of a telephone number. Exact are times of the voice's own; the others are estimates.
    Word {
        id: SpeechId,
        at: usize,
        len: usize,
        from: u64,
        to: u64,
        exact: bool,
    },
    /// All audio was sent: `samples` in all, never 0 (that is an error of kind `Empty`).
    Done {
        id: SpeechId,
        samples: u64,
    },
    Failed {
        id: SpeechId,
        error: ProviderError,
    },
}

/// Where a session's events go.
#[derive(Clone, Debug)]
pub struct Reports {
    pub mailbox: Mailbox,
}

impl Reports {
    /// Waits for room: this is how a call holds back a voice that is far ahead. `false` once the call is gone.
    pub async fn send(&self, event: Event) -> bool {
        self.mailbox.send(crate::call::event::Event::Tts(event)).await
    }
}
