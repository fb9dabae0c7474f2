//! One answer: ask the model, pass its words on as they come, run its tools, ask again, until it is done.
//!
//! Which model answers is decided in `asking`. The tools of a draft wait until the turn is final.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{oneshot, watch};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::asking::{Asked, Reply};
use super::memory::Memory;
use super::specs::HAND_OFF;
use super::{Inner, Standing, names};
use crate::agent::context::{self, Round};
use crate::agent::graph::{AgentConfig, Variables};
use crate::agent::grounding::Grounding;
use crate::agent::grounding::known::Sources;
use crate::agent::llm::{Message, Request, ToolCall};
use crate::agent::tools::{self, Ending, Outcome, Session, State, Step, ToolName, Trace};
use crate::agent::{CallFacts, Event, Expect, ExpectKind, Reports, Turn, Who};
use crate::clinic::Clinic;
use crate::clinic::operator::Operator;
use crate::clock;
use crate::emr::Emr;
use crate::phrases::{Emergency, emergency};
use crate::privacy::Pii;
use crate::provider::{ErrorKind, ProviderError};

/// An old turn's tools are waited for so long before a new turn is answered without them.
const TOOLS_DEADLINE: Duration = Duration::from_secs(3);

/// Rounds of tools in one answer; after that the model must answer in words.
const MOST_ROUNDS: usize = 4;

/// The name reported for a tool that does not exist.
const UNKNOWN_TOOL: &str = "unknown_tool";

pub(super) struct Answer {
    pub desk: Arc<Inner>,
    pub clinic: Arc<Clinic>,
    pub call: CallFacts,
    pub memory: Arc<Memory>,
    pub turn: Turn,
    pub standing: watch::Receiver<Standing>,
    pub reports: Reports,
}

/// The call is over: nobody takes events any more.
pub(super) struct Gone;

impl Answer {
    pub(super) async fn run(self) {
        // The call being gone leaves nobody to tell.
        match self.answer().await {
            Ok(()) | Err(Gone) => {}
        }
    }

    async fn answer(&self) -> Result<(), Gone> {
        if let Some(what) = self.danger() {
            let expect = self.with_hints(Expect { kind: ExpectKind::Free, ..Expect::default() });
            self.send(Event::Danger { what, expect }).await?;
            return self.send(Event::Done).await;
        }
        if self.turn.said.iter().all(|line| line.who == Who::System) {
            return self.greet().await;
        }
        if !self.memory.is_quiet() {
            self.send(Event::ToolStarted { name: "pending" }).await?;
            self.memory.quiet(TOOLS_DEADLINE).await;
            self.send(Event::ToolDone { name: "pending", ok: self.memory.is_quiet() }).await?;
        }
        let mut said_anything = false;
        // Writes whose results the model had when it said something.
        let mut told = 0;
        for round in 0..=MOST_ROUNDS {
            let agent = self.agent();
            let shown = self.memory.dealings().shown();
            let reply = match self.ask(agent, round < MOST_ROUNDS, said_anything).await? {
                Asked::Replied(reply) => reply,
                Asked::Unable => return self.told(told).await,
                Asked::Failed(error) => return self.send(Event::Failed(error)).await,
            };
            if !reply.text.trim().is_empty() {
                (said_anything, told) = (true, shown);
            }
            if reply.calls.is_empty() {
                if !said_anything {
                    return self.send(Event::Failed(self.empty())).await;
                }
                return self.told(told).await;
            }
            self.is_final().await?;
            if let Some(ending) = self.run_tools(agent, reply).await? {
                return self.end(ending, said_anything, told).await;
            }
        }
        self.send(Event::Failed(self.empty())).await
    }

    /// Danger heard since the agent last spoke.
    fn danger(&self) -> Option<Emergency> {
        let latest = self.turn.said.iter().rev().take_while(|line| line.who != Who::Agent);
        let mut heard: Vec<&str> = latest.filter(|l| l.who == Who::Caller).map(|l| l.text.reveal().as_str()).collect();
        heard.reverse();
        let danger = emergency(&heard.join(" "))?;
        // Which danger is the caller's health, and no log's business.
        tracing::warn!(call = %self.call.call, "emergency words; the caller is told whom to dial");
        Some(danger)
    }

    /// Waits until the turn is final: what was drafted may be for words that the caller goes on from.
    async fn is_final(&self) -> Result<(), Gone> {
        let mut standing = self.standing.clone();
        standing.wait_for(|standing| *standing == Standing::Final).await.map(drop).map_err(|_| Gone)
    }

    async fn greet(&self) -> Result<(), Gone> {
        let agent = self.desk.graph.entry(self.turn.language);
        let now = self.now();
        let greeting = self.desk.graph.greeting(agent, &self.variables(&now));
        self.send(Event::Expect(self.with_hints(Expect { kind: ExpectKind::Free, ..Expect::default() }))).await?;
        self.send(Event::Text(Pii::new(greeting))).await?;
        self.send(Event::Done).await
    }

    /// Names that may be said, for the recogniser.
    pub(super) fn with_hints(&self, mut expect: Expect) -> Expect {
        if matches!(expect.kind, ExpectKind::Free) && expect.hints.is_empty() {
            expect.hints = names(&self.clinic);
        }
        expect
    }

    fn agent(&self) -> &AgentConfig {
        let graph = &self.desk.graph;
        match self.memory.agent() {
            Some(name) => graph.agent(self.turn.language, &name),
            None => graph.entry(self.turn.language),
        }
    }

    fn emr(&self) -> Option<Arc<dyn Emr>> {
        self.desk.books.get(&self.clinic.config.id).cloned()
    }

    /// Weekday, date and time at the clinic, in digits that every model reads.
    fn now(&self) -> String {
        self.clinic.local((self.desk.clock)()).strftime("%A, %Y-%m-%d, %H:%M").to_string()
    }

    fn variables<'a>(&'a self, now: &'a str) -> Variables<'a> {
        Variables { clinic: self.clinic.name(self.turn.language), language: self.turn.language, now, notice: "" }
    }

    /// What the model is asked.
    pub(super) fn request(&self, agent: &AgentConfig, with_tools: bool) -> Request {
        let now = self.now();
        let local = self.clinic.local((self.desk.clock)()).datetime();
        let file = self.desk.unusual.prompts.get(&agent.prompt).unwrap_or(&agent.prompt);
        let prompt = self.desk.graph.prompt(file, &self.variables(&now));
        let said = self.memory.dealings().cards().hidden(&self.turn.said, self.turn.language);
        Request {
            messages: context::messages(prompt, &said, &self.memory.rounds(), self.turn.number),
            tools: if with_tools { self.desk.specs.of(agent, self.emr().is_some()) } else { Arc::default() },
            language: self.turn.language,
            today: Some(local.date()),
            operator: self.memory.operator(Operator::at(local, &self.clinic.config)),
            temperature: agent.temperature,
            max_tokens: agent.max_tokens,
        }
    }

    /// What may be said in answer to this request.
    pub(super) fn grounding(&self, request: &Request) -> Grounding {
        let prompt = match request.messages.first() {
            Some(Message::System(prompt)) => prompt.reveal().as_str(),
            Some(Message::User(_) | Message::Assistant { .. } | Message::Tool { .. }) | None => "",
        };
        let (language, now) = (self.turn.language, self.clinic.local((self.desk.clock)()).datetime());
        self.memory.grounding(&Sources {
            language,
            now,
            clinic: &self.clinic.config,
            prompt,
            said: &self.turn.said,
            rounds: &self.memory.rounds(),
        })
    }

    /// Runs the tools on a task that nothing cancels, and keeps their results in the call's memory.
    async fn run_tools(&self, agent: &AgentConfig, reply: Reply) -> Result<Option<Ending>, Gone> {
        let names: Vec<&'static str> = reply.calls.iter().map(|c| reported_name(&c.name)).collect();
        let permit = self.memory.begin_tools().await;
        for name in &names {
            self.send(Event::ToolStarted { name }).await?;
        }
        let work = ToolRound {
            desk: self.desk.clone(),
            memory: self.memory.clone(),
            session: Session {
                clinic: self.clinic.clone(),
                call: self.call.clone(),
                language: self.turn.language,
                now: (self.desk.clock)(),
                said: self.turn.said.clone(),
                messages: self.desk.messages.clone(),
                emr: self.emr(),
                dealings: self.memory.dealings(),
                shared: self.desk.shared.clone(),
            },
            turn: self.turn.number,
            tools: agent.tools.clone(),
            handoffs: agent.handoffs.clone(),
        };
        let (give, given) = oneshot::channel();
        self.desk.outlasting.spawn(async move {
            // Who asked may not wait for it any more; the call's memory has it.
            give.send(work.run(reply).await).ok();
            // The next request is made meanwhile.
            yield_now().await;
            tools::write_up(&work.session).await;
            drop(permit);
        });
        let Ok(outcomes) = given.await else {
            self.send(Event::Failed(self.error(ErrorKind::Server, "a tool broke down; see the log"))).await?;
            return Err(Gone);
        };
        for (name, outcome) in names.into_iter().zip(&outcomes) {
            self.send(Event::ToolDone { name, ok: outcome.is_ok() }).await?;
        }
        Ok(outcomes.into_iter().find_map(|outcome| outcome.ending))
    }

    /// The caller hears words before the call ends or moves on, the model's or ours.
    async fn end(&self, ending: Ending, said_anything: bool, told: usize) -> Result<(), Gone> {
        let words = if said_anything {
            Event::Expect(Expect { kind: ExpectKind::Nothing, ..Expect::default() })
        } else {
            Event::Parting(ending.parting())
        };
        self.send(words).await?;
        self.send(match ending {
            Ending::HangUp => Event::HangUp,
            Ending::Transfer { to } => Event::Transfer { to },
        })
        .await?;
        self.told(told).await
    }

    /// The answer is complete. If it is no draft that may be dropped, what came of so many writes was said.
    async fn told(&self, writes: usize) -> Result<(), Gone> {
        self.send(Event::Done).await?;
        self.is_final().await?;
        self.memory.dealings().told(writes);
        Ok(())
    }

    pub(super) async fn send(&self, event: Event) -> Result<(), Gone> {
        if self.reports.send(event).await { Ok(()) } else { Err(Gone) }
    }

    fn empty(&self) -> ProviderError {
        self.error(ErrorKind::Empty, "the answer ended without words")
    }

    fn error(&self, kind: ErrorKind, what: &str) -> ProviderError {
        ProviderError { provider: self.desk.thinkers.name(), kind, what: what.to_owned(), retry_after: None }
    }
}

/// The tools of one reply, to be run one after the other.
struct ToolRound {
    desk: Arc<Inner>,
    memory: Arc<Memory>,
    session: Session,
    turn: u32,
    tools: Vec<ToolName>,
    handoffs: Vec<String>,
}

impl ToolRound {
    async fn run(&self, reply: Reply) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(reply.calls.len());
        let named = |call: &ToolCall| ToolName::named(&call.name).filter(|tool| self.tools.contains(tool));
        // Whoever asked for it has not seen what came of it.
        let untold = reply.calls.iter().filter_map(named).any(ToolName::is_told_of);
        for call in &reply.calls {
            // Of the tool before.
            tools::write_up(&self.session).await;
            let outcome = match named(call) {
                Some(tool) if untold && tool.ends_call() => Outcome::refused(
                    "not_told",
                    "tell the caller first what came of the other tool, and ask what it asks",
                ),
                Some(tool) => self.journalled(tool, call).await,
                None if call.name == HAND_OFF => self.passed_by(HAND_OFF, call, self.hand_off(call)).await,
                None => {
                    let refused = Outcome::refused(UNKNOWN_TOOL, "there is no such tool; use those listed");
                    self.passed_by(reported_name(&call.name), call, refused).await
                }
            };
            outcomes.push(outcome);
        }
        self.memory.keep(Round {
            turn: self.turn,
            after: self.session.said.len(),
            text: Pii::new(reply.text),
            calls: reply.calls,
            results: outcomes.iter().map(|o| Pii::new(o.result.to_string())).collect(),
        });
        outcomes
    }

    /// In the ledger before it begins, else not at all.
    async fn journalled(&self, tool: ToolName, call: &ToolCall) -> Outcome {
        if let Err(error) = self.step(tool.name(), call, State::Started, None, None).await {
            tracing::error!(call = %self.session.call.call, %error, "the tool ledger cannot be written");
            return Outcome::refused(
                "not_journalled",
                "the tool is out of order; offer to pass the caller to a person",
            );
        }
        self.memory.tried(tool);
        let began = Instant::now();
        let outcome = tools::run_once(tool, self.turn, &call.arguments, &self.session).await;
        let trace = self.session.dealings.trace(self.desk.ledger.keys(), began.elapsed());
        let state = if outcome.is_ok() { State::Done } else { State::Refused };
        if outcome.is_ok() {
            self.memory.done(tool);
        }
        let code = outcome.result["code"].as_str().map(str::to_owned);
        if let Err(error) = self.step(tool.name(), call, state, code, Some(trace)).await {
            tracing::error!(call = %self.session.call.call, %error, "the end of a tool is missing from the ledger");
            self.session.dealings.unrecorded();
        }
        outcome
    }

    /// In the ledger too, though no tool ran. `name` is one of ours: what a model makes up may be a caller's words.
    async fn passed_by(&self, name: &'static str, call: &ToolCall, outcome: Outcome) -> Outcome {
        let code = outcome.result["code"].as_str().map(str::to_owned);
        if let Err(error) = self.step(name, call, State::NotRun, code, None).await {
            tracing::error!(call = %self.session.call.call, %error, "what a model asked for is missing from the ledger");
        }
        outcome
    }

    async fn step(
        &self,
        tool: &'static str,
        call: &ToolCall,
        state: State,
        code: Option<String>,
        trace: Option<Trace>,
    ) -> std::io::Result<()> {
        let at = clock::stamp_of((self.desk.clock)());
        let (call_id, code, trace) = (self.session.call.call, code.as_deref(), trace.as_ref());
        let step = Step { at: &at, call: call_id, id: &call.id, turn: self.turn, tool, state, code, trace };
        self.desk.ledger.write(&step).await
    }

    fn hand_off(&self, call: &ToolCall) -> Outcome {
        let to = serde_json::from_str::<serde_json::Value>(call.arguments.reveal())
            .ok()
            .and_then(|a| a["to"].as_str().map(str::to_owned))
            .filter(|to| self.handoffs.contains(to));
        match to {
            Some(to) => {
                self.memory.hand_to(&to);
                Outcome { result: json!({ "ok": true }), ending: None }
            }
            None => Outcome::refused("unknown_agent", "there is no such agent to hand to; use one of those listed"),
        }
    }
}

fn reported_name(name: &str) -> &'static str {
    match ToolName::named(name) {
        Some(tool) => tool.name(),
        None if name == HAND_OFF => HAND_OFF,
        None => UNKNOWN_TOOL,
    }
}
