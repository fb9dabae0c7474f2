//! What a call's agent remembers from turn to turn: who is speaking, and what tools returned.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::agent::concluded::Conclusion;
use crate::agent::context::Round;
use crate::agent::grounding::Grounding;
use crate::agent::grounding::known::{Known, Sources};
use crate::agent::grounding::reading::Readings;
use crate::agent::tools::{Dealings, ToolName};
use crate::clinic::operator::Operator;

#[derive(Debug)]
pub(super) struct Memory {
    /// The agent handed to; the entry agent while empty.
    agent: Mutex<Option<String>>,
    rounds: Mutex<Vec<Round>>,
    dealings: Arc<Dealings>,
    concluded: Mutex<Conclusion>,
    /// How many lines there were when a late model was last raced against another: once a turn is enough.
    hedged: Mutex<Option<usize>>,
    /// As of the first request: rules that live the call again at each one come to where they were, though the clinic opened or closed since.
    operator: OnceLock<Operator>,
    /// Of the last request.
    readings: Mutex<Readings>,
    /// Held while tools run: a new turn waits for what an old one began.
    tools: Arc<Semaphore>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            agent: Mutex::default(),
            rounds: Mutex::default(),
            dealings: Arc::default(),
            concluded: Mutex::default(),
            hedged: Mutex::default(),
            operator: OnceLock::new(),
            readings: Mutex::default(),
            tools: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Memory {
    pub(super) fn agent(&self) -> Option<String> {
        self.agent.lock().clone()
    }

    pub(super) fn hand_to(&self, agent: &str) {
        *self.agent.lock() = Some(agent.to_owned());
    }

    pub(super) fn rounds(&self) -> Vec<Round> {
        self.rounds.lock().clone()
    }

    /// From now on every request has it.
    pub(super) fn keep(&self, round: Round) {
        let mut rounds = self.rounds.lock();
        rounds.push(round);
        rounds.sort_by_key(|r| r.after);
        drop(rounds);
        self.dealings.show();
    }

    /// Whether a person would take the call, for all its requests. `now`: at this moment.
    pub(super) fn operator(&self, now: Operator) -> Operator {
        *self.operator.get_or_init(|| now)
    }

    /// What may be said, of which only what is new has to be read.
    pub(super) fn grounding(&self, sources: &Sources<'_>) -> Grounding {
        Grounding::new(Known::gather(sources, &mut self.readings.lock()))
    }

    /// The caller's dealings with the book.
    pub(super) fn dealings(&self) -> Arc<Dealings> {
        self.dealings.clone()
    }

    /// What the call came to so far.
    pub(super) fn concluded(&self) -> Conclusion {
        *self.concluded.lock()
    }

    /// This tool was asked for.
    pub(super) fn tried(&self, tool: ToolName) {
        self.concluded.lock().tried(tool);
    }

    /// It did what it is for.
    pub(super) fn done(&self, tool: ToolName) {
        self.concluded.lock().done(tool);
    }

    /// Whether a second model may be asked in the turn of so many lines.
    pub(super) fn may_hedge(&self, lines: usize) -> bool {
        *self.hedged.lock() != Some(lines)
    }

    pub(super) fn hedged(&self, lines: usize) {
        *self.hedged.lock() = Some(lines);
    }

    /// No tool is running.
    pub(super) fn is_quiet(&self) -> bool {
        self.tools.available_permits() > 0
    }

    /// Waits until no tool is running, at most so long.
    pub(super) async fn quiet(&self, most: Duration) {
        // Out of time: the answer goes without the result, which will be there for the next one.
        drop(tokio::time::timeout(most, self.tools.acquire()).await);
    }

    /// The right to run tools, given back when dropped.
    pub(super) async fn begin_tools(&self) -> OwnedSemaphorePermit {
        self.tools.clone().acquire_owned().await.expect("this semaphore is never closed")
    }
}
