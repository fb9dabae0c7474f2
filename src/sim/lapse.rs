//! How a simulated model fails: its fault, when that strikes, and when it first did.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::fault::Struck;

/// Words that leave before a fault strikes within an answer: some of the first sentence, or of the second.
const IN_THE_FIRST: usize = 4;
const IN_THE_SECOND: usize = 12;

/// When a model's fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// At every request; within an answer in its first sentence.
    #[default]
    Usual,
    /// At every request; within an answer in its second sentence.
    SecondSentence,
    /// As usual, but not before the caller has spoken twice.
    SecondTurn,
}

impl Stage {
    /// Words that leave before a fault strikes within an answer.
    const fn struck_after(self) -> usize {
        match self {
            Self::Usual | Self::SecondTurn => IN_THE_FIRST,
            Self::SecondSentence => IN_THE_SECOND,
        }
    }
}

/// How the model fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// Takes the request and says nothing.
    Stalls,
    /// Answers 500.
    Fails,
    /// Answers 429.
    Limits,
    /// Breaks the connection within a sentence.
    Breaks,
    /// Answers that it is overloaded: 529, or 503 where no such status is known.
    Overloaded,
    /// Refuses the key: 401.
    Unauthorised,
    /// Sends its error message within a sentence.
    Errors,
    /// Says nothing more within a sentence.
    Hangs,
    /// Answers 1.5 s late.
    Slow,
    /// Answers without a word, as when a quota is used up.
    Empty,
}

impl Fault {
    /// It strikes within an answer, and not at the request.
    const fn is_within(self) -> bool {
        match self {
            Self::Breaks | Self::Errors | Self::Hangs => true,
            Self::Stalls
            | Self::Fails
            | Self::Limits
            | Self::Overloaded
            | Self::Unauthorised
            | Self::Slow
            | Self::Empty => false,
        }
    }

    /// What it adds to the first token.
    pub(super) const fn late(self) -> Duration {
        match self {
            Self::Slow => Duration::from_millis(1_500),
            Self::Stalls
            | Self::Fails
            | Self::Limits
            | Self::Breaks
            | Self::Overloaded
            | Self::Unauthorised
            | Self::Errors
            | Self::Hangs
            | Self::Empty => Duration::ZERO,
        }
    }
}

/// What is wrong with a model, at every request.
#[derive(Clone, Debug, Default)]
pub struct Lapse {
    fault: Option<Fault>,
    stage: Stage,
    struck: Arc<Mutex<Option<Struck>>>,
}

impl Lapse {
    pub fn new(fault: Option<Fault>, stage: Stage) -> Self {
        Self { fault, stage, struck: Arc::default() }
    }

    /// When it struck first; `None`: it has not yet. No word of it is ever heard before: words are counted of voices.
    pub fn struck(&self) -> Option<Struck> {
        *self.struck.lock()
    }

    /// What is wrong when the caller has spoken so often.
    pub(super) fn due(&self, turns: usize) -> Option<Fault> {
        let due = self.fault.filter(|_| self.stage != Stage::SecondTurn || turns > 1);
        if due.is_some_and(|fault| !fault.is_within()) {
            self.felt();
        }
        due
    }

    /// Words that leave before a fault strikes within an answer.
    pub(super) const fn struck_after(&self) -> usize {
        self.stage.struck_after()
    }

    pub(super) fn felt(&self) {
        self.struck.lock().get_or_insert_with(|| Struck { at: crate::clock::wall(), words: 0 });
    }
}
