//! Whole calls whose answers are a language model's at a simulated vendor, with each of its faults at each moment of an answer: another model
//! answers, every part of the answer is heard once, a tool runs once, and no silence is owed for long.
//!
//! Which faults cannot strike at a moment, and why, says `sim::lapse`. A row in which the fault never strikes fails.

use std::path::Path;
use std::sync::Arc;

use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::llm::Model;
use attendant::agent::tools::{Ledger, Messages};
use attendant::agent::{Agents, Who};
use attendant::call::providers::Providers;
use attendant::call::timeline::{EndReason, Recovery};
use attendant::clinic::Clinic as Facts;
use attendant::provider::chain::{Order, Thinkers};
use attendant::sim::openai::{Fault, Lapse, Stage};
use attendant::sim::vendors::{self, Troubles};
use attendant::sim::{Delay, ScriptedConfig, Trouble};
use attendant::stt::Recognizer;
use tokio::net::TcpListener;

use super::vendors::{SHORT, Told, at_once, hears};
use super::*;
use crate::wire::deepgram;
use crate::wire::models::{APIS, Api};

pub const FAULTS: [Fault; 10] = [
    Fault::Stalls,
    Fault::Fails,
    Fault::Limits,
    Fault::Breaks,
    Fault::Overloaded,
    Fault::Unauthorised,
    Fault::Errors,
    Fault::Hangs,
    Fault::Slow,
    Fault::Empty,
];

/// Whose answers have as many parts as those of the scripted receptionist to the first question.
pub async fn model(api: Api, fault: Option<Fault>, name: &str) -> Arc<dyn Model> {
    model_called("m", api, Lapse::new(fault, Stage::Usual), name).await
}

/// The same of one that its vendor calls so.
pub async fn model_called(called: &str, api: Api, lapse: Lapse, name: &str) -> Arc<dyn Model> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let scripted = ScriptedConfig { llm_ms: Delay::Fixed(50), parts: SHORT[0], ..ScriptedConfig::default() };
    let troubles = Troubles { model: lapse, ..Troubles::default() };
    tokio::spawn(vendors::serve(listener, scripted, troubles, std::future::pending()));
    api.model_called(called, address, name, 2_000, 750)
}

pub fn desk(models: Vec<Arc<dyn Model>>, folder: &Path) -> Arc<dyn Agents> {
    let desk = Desk::new(
        Thinkers::new(models, Order::new()),
        Graph::built_in(),
        vec![Facts::sample()],
        Books::new(),
        Messages::new(folder.join("messages")),
        Ledger::open(folder.to_owned()).expect("the folder is writable"),
        attendant::clock::now,
    );
    Arc::new(desk.expect("there is a clinic"))
}

/// Two questions; then the caller hangs up.
pub async fn converse(number: &str, replace: impl FnOnce(&mut Providers)) -> Told {
    let clinic = Clinic::open_with(TelnyxCodec::Pcmu, |_| {}, &SHORT, replace).await;
    let mut caller = ring(&clinic, Over::Pcm, number).await;
    let call = call_of(number);
    hear_out(&mut caller, [GREETING].into_iter(), Over::Pcm).await;
    for turn in 1..=2_u8 {
        let said = [spoken(Code { turn: 200 + turn, ..asked(call) }), question()].concat();
        caller.act(Act::Say(said)).await;
        hear_answer(&mut caller, call).await;
    }
    caller.hang_up().await;
    let past = clinic.past(1).await.remove(0);
    let told = Told::of(past).await;
    clinic.close().await;
    told
}

/// Every part of it, in order; the model counts its turns by what it was told.
async fn hear_answer(caller: &mut Caller, call: u16) {
    let mut next = 0;
    loop {
        match caller.next().await {
            Heard::Part(code) => {
                assert_eq!((code.call, code.part), (call, next), "each part once, in order");
                next += 1;
            }
            Heard::Finished | Heard::Over if next == SHORT[0] => return,
            Heard::Began | Heard::Finished | Heard::Broken | Heard::Cleared => {}
            Heard::Over => panic!("the line closed before part {next}"),
        }
    }
}

/// When the model is asked first for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// At the end of the turn.
    AtItsEnd,
    /// Where the recogniser thinks that the caller may have finished: for a draft.
    Early,
}

/// A call whose first model fails.
#[derive(Clone, Copy, Debug)]
struct Row {
    api: Api,
    /// As its vendor calls the model.
    called: &'static str,
    fault: Option<Fault>,
    at: Stage,
    asked: Asked,
}

/// Models of this name call a tool before they answer.
const LOOKS_UP: &str = "simulated-looks-up";

/// Both questions are asked to somebody who does.
const TOOLS: usize = 2;

impl Row {
    const fn of(api: Api, fault: Fault, at: Stage) -> Self {
        let called = if matches!(at, Stage::InCall | Stage::AfterTool) { LOOKS_UP } else { "m" };
        Self { api, called, fault: Some(fault), at, asked: Asked::AtItsEnd }
    }

    /// As the second model's vendor calls it, which is well.
    fn second(&self) -> &'static str {
        if self.called == LOOKS_UP { LOOKS_UP } else { "m" }
    }

    async fn ears(&self) -> Arc<dyn Recognizer> {
        match self.asked {
            Asked::AtItsEnd => hears("nova-3", deepgram::vendor(Trouble::default()).await),
            // The pause after the caller's marker, of 360 ms, is no end yet.
            Asked::Early => {
                let flux = "silence_ms = 2000\nmodel = \"flux\"\neager_eot_threshold = 0.75\neot_threshold = 0.99";
                Arc::new(deepgram::deepgram(deepgram::vendor(Trouble::default()).await, flux))
            }
        }
    }
}

/// Of a model with this interface, one row for each fault that can strike then.
fn each_fault(api: Api, at: Stage) -> impl Iterator<Item = Row> {
    let possible = FAULTS.into_iter().filter(move |fault| fault.cannot_strike(at).is_none());
    possible.map(move |fault| Row::of(api, fault, at))
}

/// One for each fault, with the interfaces by turns.
fn by_turns(first: Api, second: Api, at: Stage) -> impl Iterator<Item = Row> {
    let rows = each_fault(first, at).zip(each_fault(second, at)).enumerate();
    rows.map(|(n, (first, second))| if n % 2 == 0 { first } else { second })
}

/// Tools that were begun, as the ledger has them.
fn tools_run(folder: &Path) -> usize {
    let ledger = std::fs::read_to_string(folder.join("tools.jsonl")).expect("the ledger is there");
    ledger.matches("\"started\"").count()
}

/// One call a row, some at once: a model that fails so, and a second one that is well.
async fn table(rows: impl IntoIterator<Item = Row>) {
    let calls = rows.into_iter().zip(1..).map(|(row, n)| async move {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lapse = Lapse::new(row.fault, row.at);
        let first = model_called(row.called, row.api, lapse.clone(), "first").await;
        let second = model_called(row.second(), row.api, Lapse::default(), "second").await;
        let (ears, agents) = (row.ears().await, desk(vec![first, second], folder.path()));
        let replace = |providers: &mut Providers| (providers.recognisers, providers.agents) = (vec![ears], agents);
        let told = converse(&format!("+1604555{n:04}"), replace).await;
        (row, lapse, tools_run(folder.path()), told)
    });
    for (row, lapse, tools, told) in at_once(calls).await {
        let (what, entries) = (format!("{row:?}"), &told.past.entries);
        // A stream that is closed is how its caller hangs up.
        told.went_well(&what, EndReason::SignallingLost);
        assert!(row.fault.is_none() || lapse.struck().is_some(), "{what}: it never struck");
        let recovered = told.recoveries(Recovery::NextModel) + told.recoveries(Recovery::Hedged);
        assert!(recovered > 0, "{what}: {entries:#?}");
        let wanted = if row.called == LOOKS_UP { TOOLS } else { 0 };
        assert_eq!(tools, wanted, "{what}: {entries:#?}");
        // The model says it before its tool, and the call while nothing comes.
        let waits = told.lines(Who::Agent).matches("One moment, please.").count();
        let fillers = entries.iter().filter(|entry| matches!(entry, Entry::Turn(turn) if turn.filler_us.is_some()));
        assert!((wanted..=wanted + fillers.count()).contains(&waits), "{what}: {waits} waits: {entries:#?}");
        let is_drafted = |entry: &Entry| matches!(entry, Entry::Turn(turn) if turn.drafted_us.is_some());
        assert_eq!(entries.iter().any(is_drafted), row.asked == Asked::Early, "{what}: {entries:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_is_replaced_and_its_answer_is_heard_once_whatever_it_speaks() {
    table(APIS.into_iter().flat_map(|api| each_fault(api, Stage::Usual))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_in_a_later_turn_is_replaced_and_its_answer_is_heard_once() {
    table(APIS.into_iter().flat_map(|api| each_fault(api, Stage::SecondTurn))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_or_refuses_within_its_answer_is_followed_by_one_that_does_not() {
    let within = [Stage::SecondSentence, Stage::Heard];
    let fails = APIS.into_iter().flat_map(|api| within.into_iter().flat_map(move |at| each_fault(api, at)));
    let refuses = ["simulated-refuses", "simulated-refuses-within"].map(|called| Row {
        called,
        fault: None,
        ..Row::of(Api::Anthropic, Fault::Empty, Stage::Usual)
    });
    table(fails.chain(refuses)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_in_the_call_of_a_tool_or_after_it_is_replaced_and_the_tool_runs_once() {
    let in_call = APIS.into_iter().flat_map(|api| each_fault(api, Stage::InCall));
    table(in_call.chain(by_turns(Api::OpenAi, Api::Anthropic, Stage::AfterTool))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_in_a_draft_is_replaced_and_the_answer_is_heard_once() {
    let rows = by_turns(Api::Anthropic, Api::OpenAi, Stage::Usual);
    table(rows.map(|row| Row { asked: Asked::Early, ..row })).await;
}
