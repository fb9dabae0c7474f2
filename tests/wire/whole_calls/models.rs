//! Whole calls whose answers are a language model's at a simulated vendor, with each of its faults: another model answers, every part of the
//! answer is heard once, and no silence is owed for long.

use std::path::Path;
use std::sync::Arc;

use attendant::agent::Agents;
use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::llm::Model;
use attendant::agent::tools::{Ledger, Messages};
use attendant::call::providers::Providers;
use attendant::call::timeline::{EndReason, Recovery};
use attendant::clinic::Clinic as Facts;
use attendant::provider::chain::{Order, Thinkers};
use attendant::sim::openai::{Fault, Lapse, Stage};
use attendant::sim::vendors::{self, Troubles};
use attendant::sim::{Delay, ScriptedConfig, Trouble};
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

/// One call a row, some at once: a model of this name with this fault, and a second one that is well.
async fn table(rows: impl IntoIterator<Item = (Api, &'static str, Option<Fault>)>, stage: Stage) {
    let calls = rows.into_iter().zip(1..).map(|((api, called, fault), n)| async move {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = model_called(called, api, Lapse::new(fault, stage), "first").await;
        let agents = desk(vec![first, model(api, None, "second").await], folder.path());
        let ears = hears("nova-3", deepgram::vendor(Trouble::default()).await);
        let replace = |providers: &mut Providers| (providers.recognisers, providers.agents) = (vec![ears], agents);
        let row = format!("{api:?} {called} {fault:?} {stage:?}");
        (row, converse(&format!("+1604555{n:04}"), replace).await)
    });
    for (row, told) in at_once(calls).await {
        // A stream that is closed is how its caller hangs up.
        told.went_well(&row, EndReason::SignallingLost);
        let recovered = told.recoveries(Recovery::NextModel) + told.recoveries(Recovery::Hedged);
        assert!(recovered > 0, "{row}: {:#?}", told.past.entries);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_is_replaced_and_its_answer_is_heard_once_whatever_it_speaks() {
    for api in APIS {
        table(FAULTS.map(|fault| (api, "m", Some(fault))), Stage::Usual).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_in_a_later_turn_is_replaced_and_its_answer_is_heard_once() {
    for api in APIS {
        table(FAULTS.map(|fault| (api, "m", Some(fault))), Stage::SecondTurn).await;
    }
}

/// The others fail before the first word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_fails_within_its_second_sentence_is_replaced_and_its_answer_is_heard_once() {
    let within = [Fault::Breaks, Fault::Errors, Fault::Hangs];
    table(APIS.into_iter().flat_map(|api| within.map(|fault| (api, "m", Some(fault)))), Stage::SecondSentence).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_refuses_before_or_within_its_answer_is_followed_by_one_that_does_not() {
    let named = ["simulated-refuses", "simulated-refuses-within"];
    table(named.map(|name| (Api::Anthropic, name, None)), Stage::Usual).await;
}
