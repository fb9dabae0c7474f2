//! Answers the turns of calls with a model, the graph and the tools: the production [`Agents`].
//!
//! Decides what a model is never asked: the greeting and danger to life; and that of what it answers nothing is heard that nobody told it. Owns what outlives a turn (which agent is speaking, what
//! tools returned). A turn is dropped by aborting its task; tools run on tasks of their own and finish, and so does what is left for the staff
//! when a call is over: whoever stops the server waits for them ([`Desk::outlasting`]).

mod asking;
mod first;
mod go_on;
mod memory;
mod rang;
mod specs;
mod turn;
mod withheld;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::concluded::Conclusion;
use super::graph::{AgentConfig, Graph};
use super::tools::{self, Ledger, Messages};
use super::{Agent, Agents, CallFacts, Reports, Turn};
use crate::clinic::Clinic;
use crate::emr::Emr;
use crate::provider::chain::Thinkers;
use crate::provider::warming::Warming;
use crate::state::Shared;

pub use first::first_question;

use memory::Memory;
use rang::Rang;
use specs::Specs;

/// What every call's agent needs. One per process.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

/// What some calls are answered with in place of the usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unusual {
    /// Models that are asked, in their order, whatever agent and language.
    pub models: Option<Vec<String>>,
    /// Which file stands for which of an agent's prompts.
    pub prompts: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Inner {
    thinkers: Arc<Thinkers>,
    graph: Arc<Graph>,
    unusual: Unusual,
    /// The first one answers where the number dialled names no other.
    clinics: Vec<Arc<Clinic>>,
    books: Books,
    messages: Arc<Messages>,
    ledger: Arc<Ledger>,
    shared: Shared,
    outlasting: TaskTracker,
    rang: Arc<Rang>,
    specs: Arc<Specs>,
    clock: fn() -> jiff::Timestamp,
}

impl Inner {
    /// Who thinks for this agent; nobody named: whoever is asked in the language.
    fn models<'a>(&'a self, agent: &'a AgentConfig) -> &'a [String] {
        self.unusual.models.as_ref().unwrap_or(&agent.models)
    }
}

/// What keeps the appointments of each clinic, by the clinic's id; a clinic that is missing books none.
pub type Books = HashMap<String, Arc<dyn Emr>>;

/// Whom callers ask for.
fn names(clinic: &Clinic) -> Vec<String> {
    clinic.config.providers.iter().map(|provider| provider.name.clone()).collect()
}

/// There is no clinic to answer for.
#[derive(Debug, thiserror::Error)]
#[error("no clinic is configured; name at least one clinic's file")]
pub struct NoClinic;

impl Desk {
    /// `thinkers` are the models, in the order in which they are asked; `messages` and `ledger` say where callers' messages and the list of tool calls are kept; `clock` is the wall clock.
    pub fn new(
        thinkers: impl Into<Arc<Thinkers>>,
        graph: impl Into<Arc<Graph>>,
        clinics: Vec<Clinic>,
        books: Books,
        messages: impl Into<Arc<Messages>>,
        ledger: Ledger,
        clock: fn() -> jiff::Timestamp,
    ) -> Result<Self, NoClinic> {
        if clinics.is_empty() {
            return Err(NoClinic);
        }
        Ok(Self(Arc::new(Inner {
            thinkers: thinkers.into(),
            graph: graph.into(),
            unusual: Unusual::default(),
            clinics: clinics.into_iter().map(Arc::new).collect(),
            books,
            messages: messages.into(),
            ledger: Arc::new(ledger),
            shared: Shared::default(),
            outlasting: TaskTracker::new(),
            rang: Arc::default(),
            specs: Arc::default(),
            clock,
        })))
    }

    /// What outlasts the calls: tools that run, and what is being left for the staff. Of every desk that was made from this one.
    pub fn outlasting(&self) -> &TaskTracker {
        &self.0.outlasting
    }

    pub fn messages(&self) -> &Arc<Messages> {
        &self.0.messages
    }

    /// What keeps the appointments of its clinics.
    pub fn books(&self) -> &Books {
        &self.0.books
    }

    /// The same desk with a state that outlives it, or that other instances share; without, it is in memory.
    #[must_use]
    pub fn sharing(&self, shared: Shared) -> Self {
        Self(Arc::new(Inner { shared, ..Inner::clone(&self.0) }))
    }

    /// The same desk, for calls that are answered otherwise.
    #[must_use]
    pub fn answering(&self, unusual: Unusual) -> Self {
        Self(Arc::new(Inner { unusual, ..Inner::clone(&self.0) }))
    }

    /// The clinic whose id or number this is, else the first.
    pub fn clinic(&self, name: &str) -> &Arc<Clinic> {
        let digits = |number: &str| number.chars().filter(char::is_ascii_digit).collect::<String>();
        let wanted = digits(name);
        self.0
            .clinics
            .iter()
            .find(|c| {
                c.config.id == name || (!wanted.is_empty() && c.config.numbers.iter().any(|n| digits(n) == wanted))
            })
            .unwrap_or(&self.0.clinics[0])
    }
}

impl Desk {
    /// Tells of a number that calls again and again; its calls are taken.
    fn rings(&self, call: &CallFacts, clinic: &Clinic) {
        let Some(number) = tools::calling_number(call) else { return };
        let (id, limits) = (&clinic.config.id, clinic.config.limits);
        let who = self.0.shared.pseudonym(&format!("{id}|{number}"));
        let now = u64::try_from((self.0.clock)().as_second()).unwrap_or_default();
        for (per, is_first) in self.0.rang.another(&who, [limits.calls_a_minute, limits.calls], now) {
            metrics::counter!("calls_of_one_number_total", "clinic" => id.clone(), "per" => per).increment(1);
            if is_first {
                tracing::warn!(call = %call.call, clinic = %id, per, "a number calls more often than [limits] of the clinic expects; its calls are taken");
            }
        }
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("models", &self.0.thinkers).field("clinics", &self.0.clinics.len()).finish()
    }
}

impl Agents for Desk {
    fn names(&self, call: &CallFacts) -> Vec<String> {
        names(self.clinic(&call.clinic))
    }

    fn open(&self, call: &CallFacts) -> Box<dyn Agent> {
        self.rings(call, self.clinic(&call.clinic));
        let entry = self.0.graph.entry(call.language);
        let next = entry.handoffs.iter().map(|name| self.0.models(self.0.graph.agent(call.language, name)));
        let warming = self.0.thinkers.warm(call.language, self.0.models(entry), next);
        Box::new(Conversation {
            desk: self.clone(),
            clinic: self.clinic(&call.clinic).clone(),
            call: call.clone(),
            memory: Arc::new(Memory::default()),
            thinking: None,
            draft: None,
            _warming: warming,
            runtime: None,
        })
    }
}

/// The agent of one call.
struct Conversation {
    desk: Desk,
    clinic: Arc<Clinic>,
    call: CallFacts,
    memory: Arc<Memory>,
    thinking: Option<tokio::task::AbortHandle>,
    /// A draft that is not final yet.
    draft: Option<watch::Sender<Standing>>,
    /// Connections that are made for this call end with it.
    _warming: Vec<Warming>,
    /// Where its turns are answered, once there was one.
    runtime: Option<Handle>,
}

/// Whether the turn being answered is the caller's last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Draft,
    Final,
}

impl Agent for Conversation {
    fn think(&mut self, turn: Turn, reports: Reports) {
        self.cancel();
        let (standing, becomes) = watch::channel(if turn.draft { Standing::Draft } else { Standing::Final });
        self.draft = turn.draft.then_some(standing);
        let answer = turn::Answer {
            desk: self.desk.0.clone(),
            clinic: self.clinic.clone(),
            call: self.call.clone(),
            memory: self.memory.clone(),
            turn,
            standing: becomes,
            reports,
        };
        let runtime = self.runtime.insert(Handle::current());
        self.thinking = Some(runtime.spawn(answer.run()).abort_handle());
    }

    fn confirm(&mut self) {
        if let Some(draft) = self.draft.take() {
            metrics::counter!("llm_drafts_total", "outcome" => "used").increment(1);
            draft.send_replace(Standing::Final);
        }
    }

    fn concluded(&self) -> Conclusion {
        self.memory.concluded()
    }

    fn cancel(&mut self) {
        if self.draft.take().is_some() {
            metrics::counter!("llm_drafts_total", "outcome" => "dropped").increment(1);
        }
        if let Some(thinking) = self.thinking.take() {
            thinking.abort();
        }
    }
}

impl Drop for Conversation {
    /// What came of a write and was not told is the staff's to tell.
    fn drop(&mut self) {
        self.cancel();
        let untold = self.memory.dealings().hung_up();
        if let Some(runtime) = self.runtime.take().filter(|_| !untold.is_empty()) {
            let messages = self.desk.0.messages.clone();
            let leaving = async move { tools::leave_untold(untold, &messages).await };
            self.desk.0.outlasting.spawn_on(leaving, &runtime);
        }
    }
}

#[cfg(test)]
mod tests;
