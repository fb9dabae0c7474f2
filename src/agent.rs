//! Deciding what to say: graph, prompts, model and tools, as one streamed answer to one turn.
//!
//! The call asks with [`Turn`]; the answer comes as [`Event`]s. Nothing here knows of audio. A turn is dropped by dropping its task;
//! tools that have begun are finished all the same.

pub mod brain;
pub mod calendar;
pub mod cards;
pub mod concluded;
pub mod context;
pub mod conversation;
pub mod digits;
pub mod expect;
pub mod graph;
pub mod grounding;
pub mod llm;
pub mod marker;
pub mod tools;

use std::sync::Arc;
use std::time::Duration;

use concluded::Conclusion;

use crate::call::event::Mailbox;
use crate::language::Language;
use crate::phrases::{Emergency, Parting};
use crate::privacy::Pii;
use crate::provider::ProviderError;

/// Answers the turns of one call. Made when the phone rings, so that it can warm up.
pub trait Agent: Send + 'static {
    /// Begins to answer; returns at once. A turn still being answered is dropped, except for tools already running.
    fn think(&mut self, turn: Turn, reports: Reports);

    /// Drops the turn being answered.
    fn cancel(&mut self);

    /// The turn that is being drafted is final, with the same words: its tools may run. By default nothing has waited for it.
    fn confirm(&mut self) {}

    /// What the call came to so far. By default nothing was done.
    fn concluded(&self) -> Conclusion {
        Conclusion::default()
    }
}

/// Makes an agent for each call.
pub trait Agents: Send + Sync + 'static {
    fn open(&self, call: &CallFacts) -> Box<dyn Agent>;

    /// Names that callers say, whatever they are asked: for the recogniser, before there is a question.
    fn names(&self, _call: &CallFacts) -> Vec<String> {
        Vec::new()
    }
}

/// What the server knows of the call; the model never chooses these.
#[derive(Clone, Debug)]
pub struct CallFacts {
    pub call: crate::call::CallId,
    pub clinic: String,
    pub caller: Pii<String>,
    pub language: Language,
}

/// One question to the agent: everything said and heard so far, as heard.
#[derive(Clone, Debug)]
pub struct Turn {
    pub number: u32,
    pub language: Language,
    pub said: Arc<[Line]>,
    /// The turn is not final yet: words are drafted, which nobody hears; a tool waits for [`Agent::confirm`].
    pub draft: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub who: Who,
    pub text: Pii<String>,
    /// The agent was cut off here: the text is what was heard of it.
    pub cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    Caller,
    Agent,
    /// A note of the call machine: a key pressed, silence, a failed transfer.
    System,
}

/// A piece of the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Words to say, as they come.
    Text(Pii<String>),
    /// What the caller is expected to answer; holds for the utterance that is being streamed.
    Expect(Expect),
    /// Danger to life was heard: the caller is told whom to dial, in words that were recorded beforehand.
    Danger {
        what: Emergency,
        /// Of the caller, after these words.
        expect: Expect,
    },
    /// The agent has no words of its own with which to leave the caller: those that were recorded beforehand are said.
    Parting(Parting),
    /// The model is writing what a tool is called with, and has for a while: nothing of it can be heard.
    WritingCall,
    /// A tool runs: the call says a filler if it takes long.
    ToolStarted {
        name: &'static str,
    },
    ToolDone {
        name: &'static str,
        ok: bool,
    },
    /// A model failed, or named what nobody told it, and what answers now says its own: words that make no whole clause yet are dropped.
    NextModel {
        /// Names the provider and its fault, nothing of the call.
        why: String,
    },
    /// The model is late: another one is asked as well.
    Hedged,
    /// The conversation moves to this language.
    Language(Language),
    /// After the words so far have been heard: end the call.
    HangUp,
    /// After the words so far have been heard: pass the caller to a person.
    Transfer {
        to: Pii<String>,
    },
    /// The answer is complete.
    Done,
    Failed(ProviderError),
}

/// What was asked, and how long to wait for the answer (DESIGN.md, rule 10).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Expect {
    pub kind: ExpectKind,
    /// Overrides the wait of the kind.
    pub wait: Option<Duration>,
    /// Likely words, for the recogniser.
    pub hints: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectKind {
    #[default]
    Free,
    YesNo,
    Name,
    Phone,
    BirthDate,
    Card,
    Spelling,
    Digits,
    /// Nothing is asked: a statement, a greeting to be followed by more.
    Nothing,
}

impl ExpectKind {
    /// Whether the answer is read piece by piece, with pauses that end nothing: digits, letters, a name that is spelled next.
    pub const fn is_in_pieces(self) -> bool {
        match self {
            Self::Name | Self::Phone | Self::BirthDate | Self::Card | Self::Spelling | Self::Digits => true,
            Self::Free | Self::YesNo | Self::Nothing => false,
        }
    }
}

/// Where an agent's events go, stamped with the turn they answer.
#[derive(Clone, Debug)]
pub struct Reports {
    pub turn: u32,
    pub mailbox: Mailbox,
}

impl Reports {
    pub async fn send(&self, event: Event) -> bool {
        self.mailbox.send(crate::call::event::Event::Agent { turn: self.turn, event }).await
    }
}
