//! One request and its answer, whoever gives it in the end: words are passed on as they come, tool calls only when the answer is whole.
//!
//! A clause that names what nobody told the model ([`Grounding`]) is withheld before its end is passed on, so that no voice has it: the call's mouth
//! holds a clause back until it is whole, and drops it then. The models are asked once more, to say something else; who does it again is
//! replaced by the server's own words ([`withheld`]). That is no fault of a vendor's. Calls of such an answer are forgotten.
//!
//! A model that fails before the voice was given a word of its answer is replaced by the next one, which is asked the same. One that
//! fails after that is replaced by one that is asked to go on from the last piece that the voice was given; what the call was told and
//! had not given to it yet is dropped on both sides, since both cut the same text in the same way ([`Splitter`]). Calls of an answer that
//! failed are forgotten, and were never run. If nobody can go on, the answer has failed, and the call says so in words.

use std::time::Duration;

use futures_util::future::join;
use tokio::task::yield_now;
use tokio::time::Instant;

use super::go_on::{self, GoingOn, Ruling};
use super::turn::{Answer, Gone};
use super::withheld;
use crate::agent::graph::AgentConfig;
use crate::agent::grounding::{Grounding, Kind};
use crate::agent::llm::{Delta, Finish, Request, ToolCall, ToolCalls, Usage};
use crate::agent::marker::{Markers, Piece};
use crate::agent::{Event, Expect};
use crate::clinic::operator::Operator;
use crate::clinic::spoken::refusal;
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
    /// The caller was told that nothing can be told them, and of nothing that a tool did.
    Unable,
    Failed(ProviderError),
}

/// What came of listening to one model.
enum Heard {
    Whole(Vec<ToolCall>),
    /// It said what nobody told it.
    Withheld(Kind),
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
    grounding: Grounding,
}

/// What words became.
enum Out {
    Text(String),
    Expect(Expect),
    Stop(Stop),
}

/// Why no more of an answer is wanted.
#[derive(Clone, Copy)]
enum Stop {
    BeganAgain,
    Withheld(Kind),
}

impl Words {
    fn new(language: Language, follows: bool, grounding: Grounding) -> Self {
        Self {
            language,
            markers: Markers::default(),
            going_on: None,
            splitter: Splitter::new(language),
            given: String::new(),
            told: String::new(),
            follows,
            grounding,
        }
    }

    fn take(&mut self, piece: &str) -> Vec<Out> {
        let mut out = Vec::new();
        for piece in self.markers.push(piece) {
            if let Some(stop) = self.piece(piece, &mut out) {
                out.push(Out::Stop(stop));
                break;
            }
        }
        out
    }

    /// What was held back, when no more comes.
    fn finish(&mut self) -> Vec<Out> {
        let mut out = Vec::new();
        let stop = self.end(&mut out);
        out.extend(stop.map(Out::Stop));
        out
    }

    fn end(&mut self, out: &mut Vec<Out>) -> Option<Stop> {
        if let Some(rest) = self.markers.finish()
            && let Some(stop) = self.piece(Piece::Text(rest), out)
        {
            return Some(stop);
        }
        if let Some(ruling) = self.going_on.as_mut().map(GoingOn::finish)
            && let Some(stop) = self.ruled(ruling, out)
        {
            return Some(stop);
        }
        self.grounding.judge(&self.told).map(Stop::Withheld)
    }

    fn piece(&mut self, piece: Piece, out: &mut Vec<Out>) -> Option<Stop> {
        match piece {
            Piece::Text(words) => {
                let ruling = match &mut self.going_on {
                    Some(going_on) => going_on.push(&words),
                    None => Ruling::Say(words),
                };
                self.ruled(ruling, out)
            }
            Piece::Expect(expect) => {
                out.push(Out::Expect(expect));
                None
            }
        }
    }

    fn ruled(&mut self, ruling: Ruling, out: &mut Vec<Out>) -> Option<Stop> {
        match ruling {
            Ruling::BeganAgain => Some(Stop::BeganAgain),
            Ruling::Say(words) if words.is_empty() => None,
            Ruling::Say(words) => self.say(words, out),
        }
    }

    fn say(&mut self, words: String, out: &mut Vec<Out>) -> Option<Stop> {
        let words = if self.follows && self.is_first() { format!(" {words}") } else { words };
        self.told.push_str(&words);
        self.splitter.push(&words);
        let before = self.given.len();
        while let Some(clause) = self.splitter.poll() {
            if let Some(kind) = self.grounding.judge(&clause) {
                if self.given.len() > before {
                    let good = words.len() - self.told.len().min(words.len());
                    out.push(Out::Text(words[..seam(&words, good)].to_owned()));
                }
                return Some(Stop::Withheld(kind));
            }
            self.grounding.heard(&clause);
            self.told.drain(..clause.len());
            self.given.push_str(&clause);
        }
        out.push(Out::Text(words));
        None
    }

    fn is_first(&self) -> bool {
        self.given.is_empty() && self.told.is_empty()
    }

    /// Nothing more of this answer is wanted: whoever comes next goes on after what the voice was given.
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
        let mut request = self.request(agent, with_tools);
        let lines = self.turn.said.len();
        let models = self.desk.models(agent);
        let meter = self.reports.mailbox.meter();
        let mut asking = self.desk.thinkers.ask(request.clone(), models, self.memory.may_hedge(lines), meter);
        // The request is on its way while what may be said in answer to it is gathered.
        let gathered = async {
            yield_now().await;
            self.grounding(&request)
        };
        let (news, grounding) = join(asking.next(), gathered).await;
        let (mut first, mut words) = (Some(news), Words::new(self.turn.language, follows, grounding));
        // How much had been given when something was withheld.
        let mut withheld = None;
        loop {
            let error = match self.listen(first.take(), &mut asking, &mut words).await? {
                Heard::Whole(calls) => {
                    asking.accept();
                    if calls.is_empty() && words.told.trim().is_empty() && withheld == Some(words.given.len()) {
                        return self.stand_in(words).await;
                    }
                    return Ok(Asked::Replied(Reply { text: words.given + &words.told, calls }));
                }
                Heard::Withheld(kind) => {
                    self.withhold(kind).await?;
                    words.break_off();
                    request = withheld::request(&request, kind);
                    if withheld.replace(words.given.len()).is_some() || !ask_again(&mut asking, &request, &words) {
                        asking.accept();
                        return self.stand_in(words).await;
                    }
                    continue;
                }
                Heard::Failed(error) => error,
            };
            // All may have been said before the tool ran: nobody is asked again for the sake of that.
            let is_silent = error.kind == ErrorKind::Empty && words.follows && words.is_empty();
            words.break_off();
            if !next_model(&mut asking, &request, &words) {
                if withheld.is_some() && error.kind == ErrorKind::Empty {
                    return self.stand_in(words).await;
                }
                return Ok(if is_silent { Asked::Replied(Reply::default()) } else { Asked::Failed(error) });
            }
            self.send(Event::NextModel { why: error.to_string() }).await?;
        }
    }

    /// The call forgets the clause, of which no voice was given anything.
    async fn withhold(&self, kind: Kind) -> Result<(), Gone> {
        metrics::counter!("llm_ungrounded_total", "kind" => kind.name()).increment(1);
        let why = withheld::why(kind);
        tracing::warn!(call = %self.call.call, why, "a model's words were withheld from the caller");
        self.send(Event::NextModel { why: format!("the model {why}") }).await
    }

    /// The server's own words, in place of a model's: what the last tool gave to say, or else that nothing can be told.
    async fn stand_in(&self, mut words: Words) -> Result<Asked, Gone> {
        self.send(Event::Expect(self.with_hints(Expect::default()))).await?;
        for sentence in withheld::sayings(&self.memory.rounds(), self.turn.said.len()) {
            self.own_words(&sentence, &mut words).await?;
        }
        if words.told.trim().is_empty() {
            let now = self.clinic.local((self.desk.clock)()).datetime();
            let operator = Operator::at(now, &self.clinic.config);
            self.own_words(refusal::unconfirmed(operator, self.turn.language), &mut words).await?;
            return Ok(Asked::Unable);
        }
        Ok(Asked::Replied(Reply { text: words.given + &words.told, calls: Vec::new() }))
    }

    /// What of this sentence was not given yet.
    async fn own_words(&self, sentence: &str, words: &mut Words) -> Result<(), Gone> {
        let given = format!("{}{}", words.given, words.told);
        let rest = withheld::rest(&given, sentence, self.turn.language);
        if rest.is_empty() {
            return Ok(());
        }
        let rest = if words.follows && words.is_first() { format!(" {rest}") } else { rest };
        words.told.push_str(&rest);
        self.send(Event::Text(Pii::new(rest))).await
    }

    /// One model's answer to its end: the tools it calls, or why it is none. `first`: what came of it already.
    async fn listen(&self, first: Option<News>, asking: &mut Asking, words: &mut Words) -> Result<Heard, Gone> {
        let mut first = first;
        let mut calls = ToolCalls::default();
        // When the call last heard that one is being written.
        let mut told = None;
        let mut counted = Usage::default();
        loop {
            let news = match first.take() {
                Some(news) => news,
                None => asking.next().await,
            };
            match news {
                News::Piece(Delta::Text(piece)) => {
                    if let Some(stop) = self.pass(words.take(piece.reveal())).await? {
                        return Ok(stopped(stop, asking));
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
                    return Ok(Heard::Failed(asking.reject(ErrorKind::Server, what)));
                }
                News::Piece(Delta::Finish(Finish::Filtered)) => return Ok(Heard::Failed(refused(asking))),
                News::Piece(Delta::Finish(_)) | News::Ended => break,
                News::Hedged => {
                    self.memory.hedged(self.turn.said.len());
                    self.send(Event::Hedged).await?;
                }
                News::Failed(error) => return Ok(Heard::Failed(error)),
            }
        }
        if let Some(stop) = self.pass(words.finish()).await? {
            return Ok(stopped(stop, asking));
        }
        if words.is_empty() && words.going_on.is_none() && calls.is_empty() {
            return Ok(Heard::Failed(asking.reject(ErrorKind::Empty, "the answer ended without words")));
        }
        let calls = calls.finish(asking.name()).map_err(|error| asking.reject(error.kind, &error.what));
        Ok(match calls {
            Ok(calls) if calls.iter().any(is_cut) => {
                Heard::Failed(asking.reject(ErrorKind::Server, "the answer ended inside a tool call"))
            }
            Ok(calls) => Heard::Whole(calls),
            Err(error) => Heard::Failed(error),
        })
    }

    /// Why no more is to be passed on, if so.
    async fn pass(&self, pieces: Vec<Out>) -> Result<Option<Stop>, Gone> {
        for piece in pieces {
            match piece {
                Out::Text(words) => self.send(Event::Text(Pii::new(words))).await?,
                Out::Expect(expect) => self.send(Event::Expect(self.with_hints(expect))).await?,
                Out::Stop(stop) => return Ok(Some(stop)),
            }
        }
        Ok(None)
    }
}

/// How much of these words makes the call's mouth cut where they were good to: a cut is decided by the first letter after it.
fn seam(words: &str, good: usize) -> usize {
    let after = words[good..].char_indices().find(|(_, c)| !c.is_whitespace());
    after.map_or(words.len(), |(at, c)| good + at + c.len_utf8())
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

/// For other words than those that were withheld; or to go on after what was given, if somebody is there who can.
fn ask_again(asking: &mut Asking, request: &Request, words: &Words) -> bool {
    let go_on = words.has_given().then(|| go_on::request(request, &words.given));
    asking.again(go_on.unwrap_or_else(|| request.clone()), words.has_given())
}

fn stopped(stop: Stop, asking: &mut Asking) -> Heard {
    match stop {
        Stop::BeganAgain => Heard::Failed(began_again(asking)),
        Stop::Withheld(kind) => Heard::Withheld(kind),
    }
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
