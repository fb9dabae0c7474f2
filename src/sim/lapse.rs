//! How a simulated model fails: its fault, when that strikes, which faults cannot strike then, and when it first did.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::answer::{Places, Step};
use super::fault::Struck;

/// Words that leave before a fault strikes within an answer: some of the first sentence, or of the second.
const IN_THE_FIRST: usize = 4;
const IN_THE_SECOND: usize = 12;

/// From them to the fault; and so long that some of the first sentence, which takes 0.9 s, was heard.
const STRUCK_LATER: Duration = Duration::from_millis(100);
const HEARD: Duration = Duration::from_millis(700);

/// Why a fault cannot strike within an answer.
const BEFORE: &str = "it strikes before the first word";

/// When a model's fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// At every request; within an answer in its first sentence.
    #[default]
    Usual,
    /// At every request; within an answer in its second sentence.
    SecondSentence,
    /// The same, while the first sentence is being heard.
    Heard,
    /// In the middle of what a tool is called with.
    InCall,
    /// At requests that tell what a tool found; within the answer to them in its first sentence.
    AfterTool,
    /// As usual, but not before the caller has spoken twice.
    SecondTurn,
}

impl Stage {
    /// Words that leave before a fault strikes within an answer.
    const fn struck_after(self) -> usize {
        match self {
            Self::Usual | Self::InCall | Self::AfterTool | Self::SecondTurn => IN_THE_FIRST,
            Self::SecondSentence | Self::Heard => IN_THE_SECOND,
        }
    }

    /// Whether a request for this is one of those, when the caller has spoken so often.
    fn is_at(self, turns: usize, step: Step) -> bool {
        match self {
            Self::Usual | Self::SecondSentence | Self::Heard => true,
            Self::InCall => step.call().is_some(),
            Self::AfterTool => step == Step::Tells,
            Self::SecondTurn => turns > 1,
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

    /// Why it cannot strike then; `None`: it can.
    pub const fn cannot_strike(self, at: Stage) -> Option<&'static str> {
        match at {
            Stage::Usual | Stage::AfterTool | Stage::SecondTurn => None,
            Stage::SecondSentence | Stage::Heard | Stage::InCall if self.is_within() => None,
            Stage::SecondSentence | Stage::Heard | Stage::InCall => Some(BEFORE),
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

    /// What is wrong with a request for this, when the caller has spoken so often.
    pub(super) fn due(&self, turns: usize, step: Step) -> Option<Fault> {
        let due = self.fault.filter(|_| self.stage.is_at(turns, step));
        if due.is_some_and(|fault| !fault.is_within()) {
            self.felt();
        }
        due
    }

    /// Words that leave before a fault strikes within an answer.
    pub(super) const fn struck_after(&self) -> usize {
        self.stage.struck_after()
    }

    /// Events of an answer that leave before a fault strikes within it.
    pub(super) fn events_before(&self, places: Places) -> usize {
        let in_call = places.in_call.filter(|_| self.stage == Stage::InCall);
        in_call.unwrap_or_else(|| places.wordless + self.struck_after())
    }

    /// From them to the fault.
    pub(super) fn later(&self) -> Duration {
        if self.stage == Stage::Heard { HEARD } else { STRUCK_LATER }
    }

    pub(super) fn felt(&self) {
        self.struck.lock().get_or_insert_with(|| Struck { at: crate::clock::wall(), words: 0 });
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn what_strikes_at_a_request_strikes_nowhere_within_an_answer() {
        let faults = |at| {
            let all = Fault::value_variants().iter().copied();
            all.filter(|fault| fault.cannot_strike(at).is_none()).collect::<Vec<_>>()
        };
        for at in [Stage::Usual, Stage::AfterTool, Stage::SecondTurn] {
            assert_eq!(faults(at), Fault::value_variants(), "{at:?}");
        }
        for at in [Stage::SecondSentence, Stage::Heard, Stage::InCall] {
            assert_eq!(faults(at), [Fault::Breaks, Fault::Errors, Fault::Hangs], "{at:?}");
        }
    }

    #[test]
    fn a_fault_strikes_at_its_stage_and_at_no_other() {
        let due = |stage, step| Lapse::new(Some(Fault::Fails), stage).due(1, step).is_some();
        let steps = [Step::Talks, Step::LooksUp, Step::TakesLeave, Step::Tells];
        for (stage, struck) in [
            (Stage::Usual, [true; 4]),
            (Stage::InCall, [false, true, true, false]),
            (Stage::AfterTool, [false, false, false, true]),
            (Stage::SecondTurn, [false; 4]),
        ] {
            assert_eq!(steps.map(|step| due(stage, step)), struck, "{stage:?}");
        }
        let places = Places { wordless: 1, in_call: Some(6) };
        let before = |stage| Lapse::new(Some(Fault::Breaks), stage).events_before(places);
        assert_eq!([Stage::Usual, Stage::Heard, Stage::InCall].map(before), [5, 13, 6]);
    }
}
