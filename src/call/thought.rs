//! One answer of the agent at a time: is it asked, streaming, or done; was it asked twice; and what follows once it was heard.

use attendant_media::time::Time;

use super::settings::deadline;
use crate::privacy::Pii;

/// Where the agent is with the present turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Idle,
    /// Asked, nothing said yet.
    Asked,
    /// Words came.
    Streaming,
    /// A tool runs; its own deadline holds.
    Tool,
}

/// What happens once the words so far have been heard.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Then {
    Listen,
    HangUp,
    Transfer(Pii<String>),
}

#[derive(Debug)]
pub(super) struct Thought {
    pub(super) turn: u32,
    pub(super) stage: Stage,
    pub(super) then: Then,
    attempts: u32,
    asked: Time,
    /// Words of this turn are given to a voice: asking again would say them twice.
    pub(super) spoke: bool,
}

/// Asked again once; a second failure ends in an apology and a person.
const ATTEMPTS: u32 = 2;

impl Thought {
    pub(super) fn new() -> Self {
        Self { turn: 0, stage: Stage::Idle, then: Then::Listen, attempts: 0, asked: Time::ZERO, spoke: false }
    }

    /// A new question.
    pub(super) fn begin(&mut self, now: Time) -> u32 {
        self.turn += 1;
        self.attempts = 1;
        self.asked = now;
        self.reset(Stage::Asked);
        self.turn
    }

    /// The number of a question that may never be asked in earnest.
    pub(super) fn draft(&mut self) -> u32 {
        self.turn += 1;
        self.turn
    }

    /// That question is asked in earnest: its answer is on its way.
    pub(super) fn adopt(&mut self, draft: u32, now: Time) {
        self.turn = draft;
        self.attempts = 1;
        self.asked = now;
        self.reset(Stage::Asked);
    }

    /// The same question again, under a new number, so that late events of the first do not count. `None` if it was asked
    /// often enough, or the caller has waited long enough: by then several models were asked.
    pub(super) fn again(&mut self, now: Time) -> Option<u32> {
        if self.attempts >= ATTEMPTS || self.spoke || now.since(self.asked) > deadline::AGENT_EVENT {
            return None;
        }
        self.attempts += 1;
        self.turn += 1;
        self.reset(Stage::Asked);
        Some(self.turn)
    }

    /// Asking again would not help.
    pub(super) fn no_more(&mut self) {
        self.attempts = ATTEMPTS;
    }

    /// The answer is no longer wanted.
    pub(super) fn drop_answer(&mut self) {
        self.turn += 1;
        self.reset(Stage::Idle);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.stage == Stage::Idle
    }

    fn reset(&mut self, stage: Stage) {
        self.stage = stage;
        self.then = Then::Listen;
        self.spoke = false;
    }
}
