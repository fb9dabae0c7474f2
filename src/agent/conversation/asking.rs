//! One request and its answer, whoever gives it in the end: words are passed on as they come, tool calls only when the answer is whole.
//!
//! A model that fails before the voice was given a word of its answer is replaced by the next one, which is asked the same. One that
//! fails after that is replaced by one that is asked to go on from the last piece that the voice was given; what the call was told and
//! had not given to it yet is dropped on both sides, since both cut the same text in the same way ([`Splitter`]). Calls of an answer that
//! failed are forgotten, and were never run. If nobody can go on, the answer has failed, and the call says so in words.

use std::time::Duration;

use tokio::time::Instant;

use super::go_on::{self, GoingOn, Ruling};
use super::turn::{Answer, Gone};
use crate::agent::graph::AgentConfig;
use crate::agent::llm::{Delta, Finish, Request, ToolCall, ToolCalls, Usage};
use crate::agent::marker::{Markers, Piece};
use crate::agent::{Event, Expect};
use crate::language::Language;
use crate::privacy::Pii;
use crate::provider::chain::{Asking, News};
use crate::provider::{ErrorKind, ProviderError};
use crate::tts::sentence::Splitter;

/// So often the call is told that a model is still writing what a tool is called with: long before it takes the silence for the end.
const WRITES_ON: Duration = Duration::from_secs(1);

/// What one request came to.
#[derive(Default)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
}

pub(super) enum Asked {
    Replied(Reply),
    Failed(ProviderError),
}

/// Words on their way from a model to the call.
struct Words {
    language: Language,
    markers: Markers,
    /// They follow those of a model that failed.
    going_on: Option<GoingOn>,
    /// Cuts as the call's mouth does.
    splitter: Splitter,
    /// What the voice was given of this answer.
    given: String,
    /// What follows that, and the call was told.
    told: String,
    /// A blank before the first word: it follows what was said before a tool ran.
    follows: bool,
}

/// What words became.
enum Out {
    Text(String),
    Expect(Expect),
    BeganAgain,
}

impl Words {
    fn new(language: Language, follows: bool) -> Self {
        Self {
            language,
            markers: Markers::default(),
            going_on: None,
            splitter: Splitter::new(language),
            given: String::new(),
            told: String::new(),
            follows,
        }
    }

    fn take(&mut self, piece: &str) -> Vec<Out> {
        self.markers.push(piece).into_iter().filter_map(|piece| self.piece(piece)).collect()
    }

    /// What was held back, when no more comes.
    fn finish(&mut self) -> Vec<Out> {
        let rest = self.markers.finish().and_then(|rest| self.piece(Piece::Text(rest)));
        let held = self.going_on.as_mut().map(GoingOn::finish).and_then(|ruling| self.ruled(ruling));
        rest.into_iter().chain(held).collect()
    }

    fn piece(&mut self, piece: Piece) -> Option<Out> {
        match piece {
            Piece::Text(words) => {
                let ruling = match &mut self.going_on {
                    Some(going_on) => going_on.push(&words),
                    None => Ruling::Say(words),
                };
                self.ruled(ruling)
            }
            Piece::Expect(expect) => Some(Out::Expect(expect)),
        }
    }

    fn ruled(&mut self, ruling: Ruling) -> Option<Out> {
        let words = match ruling {
            Ruling::BeganAgain => return Some(Out::BeganAgain),
            Ruling::Say(words) if words.is_empty() => return None,
            Ruling::Say(words) => words,
        };
        let is_first = self.given.is_empty() && self.told.is_empty();
        let words = if self.follows && is_first { format!(" {words}") } else { words };
        self.told.push_str(&words);
        self.splitter.push(&words);
        while let Some(piece) = self.splitter.poll() {
            self.told.drain(..piece.len());
            self.given.push_str(&piece);
        }
        Some(Out::Text(words))
    }

    /// The model failed: whoever comes next goes on after what the voice was given.
    fn break_off(&mut self) {
        self.told.clear();
        self.splitter = Splitter::new(self.language);
        self.markers = Markers::default();
        self.going_on = self.has_given().then(|| GoingOn::after(&self.given));
    }

    fn has_given(&self) -> bool {
        !self.given.trim().is_empty()
    }

    fn is_empty(&self) -> bool {
        self.given.trim().is_empty() && self.told.trim().is_empty()
    }
}

impl Answer {
    /// See the module header. `follows`: words of this turn were said before.
    pub(super) async fn ask(&self, agent: &AgentConfig, with_tools: bool, follows: bool) -> Result<Asked, Gone> {
        let request = self.request(agent, with_tools);
        let lines = self.turn.said.len();
        let models = self.desk.models(agent);
        let meter = self.reports.mailbox.meter();
        let mut asking = self.desk.thinkers.ask(request.clone(), models, self.memory.may_hedge(lines), meter);
        let mut words = Words::new(self.turn.language, follows);
        loop {
            let error = match self.listen(&mut asking, &mut words).await? {
                Ok(calls) => {
                    asking.accept();
                    return Ok(Asked::Replied(Reply { text: words.given + &words.told, calls }));
                }
                Err(error) => error,
            };
            // All may have been said before the tool ran: nobody is asked again for the sake of that.
            let is_silent = error.kind == ErrorKind::Empty && words.follows && words.is_empty();
            words.break_off();
            if !next_model(&mut asking, &request, &words) {
                return Ok(if is_silent { Asked::Replied(Reply::default()) } else { Asked::Failed(error) });
            }
            self.send(Event::NextModel { why: error.to_string() }).await?;
        }
    }

    /// One model's answer to its end: the tools it calls, or why it is none.
    async fn listen(
        &self,
        asking: &mut Asking,
        words: &mut Words,
    ) -> Result<Result<Vec<ToolCall>, ProviderError>, Gone> {
        let mut calls = ToolCalls::default();
        // When the call last heard that one is being written.
        let mut told = None;
        let mut counted = Usage::default();
        loop {
            match asking.next().await {
                News::Piece(Delta::Text(piece)) => {
                    if !self.pass(words.take(piece.reveal())).await? {
                        return Ok(Err(began_again(asking)));
                    }
                }
                News::Piece(Delta::ToolCall(piece)) => {
                    calls.push(piece);
                    if told.get_or_insert_with(Instant::now).elapsed() >= WRITES_ON {
                        told = Some(Instant::now());
                        self.send(Event::WritingCall).await?;
                    }
                }
                News::Piece(Delta::Usage(usage)) => {
                    count(counted, usage);
                    counted = usage;
                }
                News::Piece(Delta::Finish(Finish::Length | Finish::Filtered)) if !calls.is_empty() => {
                    let what = "the answer was cut inside a tool call; raise max_tokens";
                    return Ok(Err(asking.reject(ErrorKind::Server, what)));
                }
                News::Piece(Delta::Finish(Finish::Filtered)) => return Ok(Err(refused(asking))),
                News::Piece(Delta::Finish(_)) | News::Ended => break,
                News::Hedged => {
                    self.memory.hedged(self.turn.said.len());
                    self.send(Event::Hedged).await?;
                }
                News::Failed(error) => return Ok(Err(error)),
            }
        }
        if !self.pass(words.finish()).await? {
            return Ok(Err(began_again(asking)));
        }
        if words.is_empty() && words.going_on.is_none() && calls.is_empty() {
            return Ok(Err(asking.reject(ErrorKind::Empty, "the answer ended without words")));
        }
        let calls = calls.finish(asking.name()).map_err(|error| asking.reject(error.kind, &error.what));
        Ok(match calls {
            Ok(calls) if calls.iter().any(is_cut) => {
                Err(asking.reject(ErrorKind::Server, "the answer ended inside a tool call"))
            }
            calls => calls,
        })
    }

    /// `false`: the answer was begun a second time with other words.
    async fn pass(&self, pieces: Vec<Out>) -> Result<bool, Gone> {
        for piece in pieces {
            match piece {
                Out::Text(words) => self.send(Event::Text(Pii::new(words))).await?,
                Out::Expect(expect) => self.send(Event::Expect(self.with_hints(expect))).await?,
                Out::BeganAgain => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// What is new in a running count.
fn count(before: Usage, now: Usage) {
    let answer = |usage: Usage| usage.answer.unwrap_or(0);
    let kinds = [("prompt", now.prompt, before.prompt), ("answer", answer(now), answer(before))];
    for (kind, now, before) in kinds {
        metrics::counter!("llm_tokens_total", "kind" => kind).increment(now.saturating_sub(before));
    }
}

/// The arguments end before they are whole. Other mistakes are for the tool to name, and for the model to mend.
fn is_cut(call: &ToolCall) -> bool {
    serde_json::from_str::<serde_json::Value>(call.arguments.reveal()).is_err_and(|error| error.is_eof())
}

fn next_model(asking: &mut Asking, request: &Request, words: &Words) -> bool {
    let go_on = words.has_given().then(|| go_on::request(request, &words.given));
    let when = if go_on.is_some() { "within" } else { "before" };
    let is_asked = asking.next_model(go_on);
    if is_asked {
        metrics::counter!("llm_failovers_total", "words" => when).increment(1);
    }
    is_asked
}

/// What was said of it breaks off where the vendor stopped it. Not a failure of the provider's: others may answer the same.
fn refused(asking: &mut Asking) -> ProviderError {
    let what = "refused to go on with the answer".to_owned();
    let error = ProviderError { provider: asking.name(), kind: ErrorKind::Server, what, retry_after: None };
    asking.leave();
    error
}

/// Not a failure of the provider's: it was asked for something unusual, and the others may do better.
fn began_again(asking: &mut Asking) -> ProviderError {
    let what = "began the answer again instead of going on with it".to_owned();
    let error = ProviderError { provider: asking.name(), kind: ErrorKind::Server, what, retry_after: None };
    asking.leave();
    error
}
