use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::*;
use crate::agent::concluded::Intent;
use crate::agent::llm::{Delta, Finish, Message, Model, Request, ToolCallPiece};
use crate::agent::{Event, ExpectKind, Line, Who, digits};
use crate::call::CallId;
use crate::call::event::{Event as CallEvent, Mailbox};
use crate::clinic::operator::Operator;
use crate::emr::book::Book;
use crate::language::Language;
use crate::phrases::{Emergency, Parting};
use crate::privacy::Pii;
use crate::provider::chain::Order;
use crate::provider::{ErrorKind, ProviderError};

/// Answers each request with the next script, and keeps the requests.
#[derive(Clone, Default)]
struct Scripted {
    answers: Arc<Mutex<VecDeque<Vec<Delta>>>>,
    requests: Arc<Mutex<Vec<Request>>>,
    stalls: bool,
}

impl Model for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        self.requests.lock().push(request);
        let answer = self.answers.lock().pop_front().unwrap_or_default();
        let pieces = stream::iter(answer.into_iter().map(Ok));
        if self.stalls { pieces.chain(stream::pending()).boxed() } else { pieces.boxed() }
    }
}

fn text(words: &str) -> Delta {
    Delta::Text(Pii::new(words.to_owned()))
}

fn tool(name: &str, arguments: &str) -> Delta {
    nth_tool(0, name, arguments)
}

fn nth_tool(index: usize, name: &str, arguments: &str) -> Delta {
    Delta::ToolCall(ToolCallPiece {
        index,
        id: Some(format!("call_{}", index + 1)),
        name: Some(name.into()),
        arguments: Pii::new(arguments.to_owned()),
    })
}

struct World {
    model: Scripted,
    agent: Box<dyn Agent>,
    mailbox: Mailbox,
    events: mpsc::Receiver<CallEvent>,
    folder: tempfile::TempDir,
    desk: Desk,
}

fn world(answers: Vec<Vec<Delta>>) -> World {
    world_with(Scripted { answers: Arc::new(Mutex::new(answers.into())), ..Scripted::default() })
}

fn world_with(model: Scripted) -> World {
    world_of(Thinkers::new(vec![Arc::new(model.clone())], Order::new()), model)
}

fn world_of(thinkers: Thinkers, model: Scripted) -> World {
    world_in(Graph::built_in(), thinkers, model)
}

fn world_in(graph: Graph, thinkers: Thinkers, model: Scripted) -> World {
    world_at(graph, thinkers, model, Clinic::sample(), || "2026-11-21T18:05:00Z".parse().unwrap())
}

fn world_at(
    graph: Graph,
    thinkers: Thinkers,
    model: Scripted,
    clinic: Clinic,
    clock: fn() -> jiff::Timestamp,
) -> World {
    let folder = tempfile::tempdir().unwrap();
    let book = Book::open(&folder.path().join("book"), &clinic, jiff::civil::date(2026, 11, 21)).unwrap();
    let desk = Desk::new(
        thinkers,
        graph,
        vec![clinic],
        Books::from([("harbour-street".to_owned(), Arc::new(book) as Arc<dyn Emr>)]),
        Messages::new(folder.path().join("messages")),
        Ledger::open(folder.path().to_owned()).unwrap(),
        clock,
    )
    .unwrap();
    let call = CallFacts {
        call: CallId::new(),
        clinic: "harbour-street".into(),
        caller: Pii::new("+16045550177".to_owned()),
        language: Language::English,
    };
    let (mailbox, events) = Mailbox::new();
    World { model, agent: desk.open(&call), mailbox, events, folder, desk }
}

impl World {
    fn think(&mut self, number: u32, said: &[(Who, &str)], draft: bool) {
        let said =
            said.iter().map(|(who, t)| Line { who: *who, text: Pii::new((*t).to_owned()), cut: false }).collect();
        let turn = Turn { number, language: Language::English, said, draft };
        self.agent.think(turn, Reports { turn: number, mailbox: self.mailbox.clone() });
    }

    /// Events up to the end of the answer.
    async fn answer(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(CallEvent::Agent { event, .. }) = self.events.recv().await {
            let last = matches!(event, Event::Done | Event::Failed(_));
            events.push(event);
            if last {
                break;
            }
        }
        events
    }
}

fn words(events: &[Event]) -> String {
    let piece = |e: &Event| match e {
        Event::Text(text) => text.reveal().clone(),
        Event::Parting(parting) => parting.words(Language::English).to_owned(),
        _ => String::new(),
    };
    events.iter().map(piece).collect()
}

#[tokio::test]
async fn an_empty_call_is_greeted_without_asking_the_model() {
    let mut world = world(vec![]);
    world.think(0, &[], false);
    let events = world.answer().await;
    assert!(words(&events).starts_with("Thank you for calling Harbour Street Medical Clinic."), "{}", words(&events));
    assert!(world.model.requests.lock().is_empty());
}

#[tokio::test]
async fn danger_is_answered_without_asking_the_model() {
    let mut world = world(vec![vec![text("Take an aspirin.")]]);
    world.think(1, &[(Who::Agent, "Hello."), (Who::Caller, "my husband has"), (Who::Caller, "chest pain")], false);
    let told = world.answer().await;
    assert!(matches!(told[..], [Event::Danger { what: Emergency::Medical, .. }, Event::Done]), "{told:?}");
    assert!(world.model.requests.lock().is_empty());
    world.think(
        2,
        &[(Who::Caller, "chest pain"), (Who::Agent, "If this is an emergency"), (Who::Caller, "no, your hours")],
        false,
    );
    assert!(words(&world.answer().await).contains("aspirin"), "danger already answered is not answered again");
}

#[tokio::test]
async fn words_stream_and_the_marker_becomes_an_expectation() {
    let mut world =
        world(vec![vec![text("[expect:"), text("phone] What is"), text(" your number?"), Delta::Finish(Finish::Stop)]]);
    world.think(1, &[(Who::Caller, "hi")], false);
    let events = world.answer().await;
    assert!(matches!(&events[0], Event::Expect(e) if e.kind == ExpectKind::Phone));
    assert_eq!(words(&events), "What is your number?");
    assert_eq!(events.last(), Some(&Event::Done));
}

#[tokio::test]
async fn no_request_of_a_whole_call_has_the_number_of_a_card_and_the_tools_have_it() {
    let check = |number: &str| tool("validate_health_card", &format!(r#"{{"province":"BC","number":"{number}"}}"#));
    let mut world = world(vec![
        vec![check("[card 1]"), Delta::Finish(Finish::ToolCalls)],
        vec![text("That one can't be right. Once more?"), Delta::Finish(Finish::Stop)],
        vec![check("[card 2]"), Delta::Finish(Finish::ToolCalls)],
        vec![text("Thank you. And your phone number?"), Delta::Finish(Finish::Stop)],
        vec![text("Thank you."), Delta::Finish(Finish::Stop)],
    ]);
    let said = [
        (Who::Caller, "I'd like to become a patient"),
        (Who::Agent, "What is the number of your health card?"),
        (Who::Caller, "nine six nine eight, six four eight, two one five"),
        (Who::Agent, "That one can't be right. Once more?"),
        (Who::Caller, "9 6 9 8 6 5 8 2 1 5"),
        (Who::Agent, "Thank you. And your phone number?"),
        (Who::Caller, "604 555 0123"),
    ];
    for (turn, lines, ok) in [(1, 3, Some(false)), (2, 5, Some(true)), (3, 7, None)] {
        world.think(turn, &said[..lines], false);
        let events = world.answer().await;
        let done = events.iter().find_map(|event| match event {
            Event::ToolDone { ok, .. } => Some(*ok),
            _ => None,
        });
        assert_eq!(done, ok, "{events:?}");
    }
    let requests = world.model.requests.lock();
    assert_eq!(requests.len(), 5);
    let shown = |request: &Request| -> String {
        let text = |message: &Message| match message {
            Message::System(text) | Message::User(text) => text.reveal().clone(),
            Message::Tool { content, .. } => content.reveal().clone(),
            Message::Assistant { text, calls } => {
                text.reveal().clone() + &calls.iter().map(|call| call.arguments.reveal().as_str()).collect::<String>()
            }
        };
        request.messages.iter().map(text).collect::<Vec<_>>().join("\n")
    };
    for request in requests.iter() {
        let shown = shown(request);
        for number in ["9698648215", "9698658215"] {
            assert!(!digits::runs(&shown, Language::English).iter().any(|run| run.contains(number)), "{shown}");
        }
    }
    let last = shown(&requests[4]);
    for part in ["[card 1]", "[card 2]", "card_", "604 555 0123"] {
        assert!(last.contains(part), "{part}: {last}");
    }
}

#[tokio::test]
async fn a_tool_runs_and_its_result_is_in_the_next_request_and_the_next_turn() {
    let mut world = world(vec![
        vec![tool("clinic_info", "{\"topic\":\"parking\"}"), Delta::Finish(Finish::ToolCalls)],
        vec![text("Behind the building."), Delta::Finish(Finish::Stop)],
        vec![text("Bye."), Delta::Finish(Finish::Stop)],
    ]);
    assert_eq!(world.agent.concluded(), Conclusion::default());
    world.think(1, &[(Who::Caller, "parking?")], false);
    let events = world.answer().await;
    assert_eq!(world.agent.concluded().intent, Intent::Inquiry, "what the call came to says so");
    assert!(matches!(events[0], Event::ToolStarted { name: "clinic_info" }));
    assert!(matches!(events[1], Event::ToolDone { name: "clinic_info", ok: true }));
    world.think(2, &[(Who::Caller, "parking?"), (Who::Agent, "Behind the building."), (Who::Caller, "thanks")], false);
    world.answer().await;
    let requests = world.model.requests.lock();
    assert!(
        matches!(&requests[1].messages[3], Message::Tool { content, .. } if content.reveal().contains("free parking"))
    );
    assert!(matches!(&requests[2].messages[3], Message::Tool { .. }));
    assert!(matches!(&requests[2].messages[5], Message::User(t) if t.reveal() == "thanks"));
    let ledger = std::fs::read_to_string(world.folder.path().join("tools.jsonl")).unwrap();
    assert_eq!(ledger.lines().count(), 2);
    assert!(ledger.contains("started") && ledger.contains("done"));
}

#[tokio::test]
async fn a_clinic_that_opens_in_the_middle_of_a_call_changes_nothing_of_what_the_rules_offered_in_it() {
    static OPEN: AtomicBool = AtomicBool::new(false);
    // Five and ten in the morning of a Monday there.
    let clock = || {
        let time = if OPEN.load(Ordering::Relaxed) { "2026-11-23T18:00:00Z" } else { "2026-11-23T13:00:00Z" };
        time.parse().unwrap()
    };
    let answer = || vec![text("All right."), Delta::Finish(Finish::Stop)];
    let model = Scripted { answers: Arc::new(Mutex::new([answer(), answer()].into())), ..Scripted::default() };
    let mut clinic = Clinic::sample();
    clinic.config.transfer_always = false;
    let thinkers = Thinkers::new(vec![Arc::new(model.clone())], Order::new());
    let mut world = world_at(Graph::built_in(), thinkers, model, clinic, clock);
    let said = [(Who::Caller, "a message"), (Who::Agent, "All right."), (Who::Caller, "jane roe")];
    world.think(1, &said[..1], false);
    world.answer().await;
    OPEN.store(true, Ordering::Relaxed);
    world.think(2, &said, false);
    world.answer().await;
    let requests = world.model.requests.lock();
    let operators: Vec<Operator> = requests.iter().map(|request| request.operator).collect();
    assert_eq!(operators, [Operator::Away, Operator::Away]);
}

#[tokio::test]
async fn a_tool_of_a_draft_waits_until_the_turn_is_final() {
    let asks =
        || vec![text("Let me see."), tool("clinic_info", "{\"topic\":\"parking\"}"), Delta::Finish(Finish::ToolCalls)];
    let answers = || vec![text("Behind the building."), Delta::Finish(Finish::Stop)];
    for is_final in [true, false] {
        let mut world = world(vec![asks(), answers()]);
        world.think(1, &[(Who::Caller, "parking")], true);
        let first = world.events.recv().await;
        assert!(matches!(first, Some(CallEvent::Agent { event: Event::Text(_), .. })), "words are drafted: {first:?}");
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert!(world.events.try_recv().is_err(), "and nothing more");
        assert_eq!(ledger_of(&world), "");
        if is_final {
            world.agent.confirm();
            let events = world.answer().await;
            assert!(matches!(events[0], Event::ToolStarted { name: "clinic_info" }), "{events:?}");
            assert!(words(&events).contains("Behind the building."));
            assert_eq!(ledger_of(&world).matches("started").count(), 1);
        } else {
            world.agent.cancel();
            world.agent.confirm();
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            assert!(world.events.try_recv().is_err(), "a dropped draft never runs it");
            assert_eq!(ledger_of(&world), "");
        }
    }
}

fn ledger_of(world: &World) -> String {
    std::fs::read_to_string(world.folder.path().join("tools.jsonl")).unwrap()
}

#[tokio::test]
async fn a_tool_begun_is_finished_and_remembered_though_its_turn_is_dropped() {
    let mut world = world(vec![
        vec![tool("clinic_info", "{\"topic\":\"parking\"}"), Delta::Finish(Finish::ToolCalls)],
        vec![text("Yes."), Delta::Finish(Finish::Stop)],
    ]);
    world.think(1, &[(Who::Caller, "parking?")], false);
    while let Some(event) = world.events.recv().await {
        if matches!(event, CallEvent::Agent { event: Event::ToolStarted { .. }, .. }) {
            break;
        }
    }
    // Let the tool's own task begin, then interrupt.
    tokio::task::yield_now().await;
    world.agent.cancel();
    world.think(2, &[(Who::Caller, "parking?"), (Who::Caller, "hello?")], false);
    assert!(words(&world.answer().await).contains("Yes."));
    let requests = world.model.requests.lock();
    assert!(requests.last().unwrap().messages.iter().any(|m| matches!(m, Message::Tool { .. })));
}

#[tokio::test]
async fn transfer_and_hang_up_follow_words_and_carry_the_servers_number() {
    let mut world = world(vec![
        vec![tool("transfer_to_person", "{\"reason\":\"asked\"}"), Delta::Finish(Finish::ToolCalls)],
        vec![text("Goodbye!"), tool("end_call", "{}"), Delta::Finish(Finish::ToolCalls)],
    ]);
    world.think(1, &[(Who::Caller, "a person please")], false);
    let events = world.answer().await;
    assert!(words(&events).contains("passing you to a person"));
    assert!(events.contains(&Event::Parting(Parting::Transfer)), "recorded beforehand: {events:?}");
    assert!(events.contains(&Event::Transfer { to: Pii::new("+16045550142".to_owned()) }));
    world.think(2, &[(Who::Caller, "bye")], false);
    let events = world.answer().await;
    assert_eq!(words(&events), "Goodbye!");
    assert!(events.contains(&Event::HangUp));
}

#[tokio::test]
async fn nobody_is_hung_up_on_or_passed_on_before_the_model_saw_what_came_of_a_write() {
    for ending in [("end_call", "{}"), ("transfer_to_person", "{\"reason\":\"asked\"}")] {
        let write = "{\"patient\":\"patient_1\",\"slot\":\"slot_1\"}";
        let calls = vec![
            nth_tool(0, ending.0, ending.1),
            nth_tool(1, "create_appointment", write),
            Delta::Finish(Finish::ToolCalls),
        ];
        let mut world = world(vec![calls, vec![text("It is not booked."), Delta::Finish(Finish::Stop)]]);
        world.think(1, &[(Who::Caller, "yes, and goodbye")], false);
        let events = world.answer().await;
        assert_eq!(words(&events), "It is not booked.", "{events:?}");
        assert!(!events.iter().any(|event| matches!(event, Event::HangUp | Event::Transfer { .. })), "{events:?}");
        assert!(!ledger_of(&world).contains(ending.0), "it was not begun");
        let requests = world.model.requests.lock();
        let told = |code: &str| {
            requests[1]
                .messages
                .iter()
                .any(|m| matches!(m, Message::Tool { content, .. } if content.reveal().contains(code)))
        };
        assert!(told("not_told") && told("unknown_patient"));
    }
}

#[tokio::test]
async fn the_fifth_request_of_an_answer_has_no_tools() {
    let again = || vec![tool("clinic_info", "{\"topic\":\"hours\"}"), Delta::Finish(Finish::ToolCalls)];
    let mut world = world(vec![again(), again(), again(), again(), vec![text("Enough.")]]);
    world.think(1, &[(Who::Caller, "hours?")], false);
    assert_eq!(words(&world.answer().await), "Enough.");
    let requests = world.model.requests.lock();
    assert!(requests[..4].iter().all(|r| r.tools.len() == 16));
    assert!(requests[4].tools.is_empty());
}

#[tokio::test]
async fn unknown_tools_are_refused_in_words_the_model_can_use() {
    let mut world =
        world(vec![vec![tool("order_pizza", "{}"), Delta::Finish(Finish::ToolCalls)], vec![text("Sorry.")]]);
    let before = ledger_of(&world);
    world.think(1, &[(Who::Caller, "pizza")], false);
    let events = world.answer().await;
    assert!(events.contains(&Event::ToolDone { name: "unknown_tool", ok: false }));
    let requests = world.model.requests.lock();
    assert!(
        matches!(requests[1].messages.last(), Some(Message::Tool { content, .. }) if content.reveal().contains("unknown_tool"))
    );
    let ledger = ledger_of(&world);
    let added = ledger.strip_prefix(&before).unwrap();
    assert!(added.contains("\"tool\":\"unknown_tool\",\"state\":\"not_run\",\"code\":\"unknown_tool\""), "{added}");
    assert!(!added.contains("pizza") && added.lines().count() == 1, "the made-up name may be anything: {added}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_stalls_fails_in_time_and_can_be_asked_again() {
    let model = Scripted {
        answers: Arc::new(Mutex::new(vec![vec![text("We are")]].into())),
        stalls: true,
        ..Scripted::default()
    };
    let mut world = world_with(model);
    let began = tokio::time::Instant::now();
    world.think(1, &[(Who::Caller, "hours?")], false);
    let events = world.answer().await;
    assert!(matches!(events.last(), Some(Event::Failed(e)) if e.kind == ErrorKind::Timeout && e.kind.retryable()));
    assert!(began.elapsed() <= std::time::Duration::from_secs(4));
}

#[tokio::test]
async fn an_answer_without_words_is_a_failure() {
    let mut world = world(vec![vec![Delta::Finish(Finish::Stop)]]);
    world.think(1, &[(Who::Caller, "hours?")], false);
    assert!(matches!(&world.answer().await[..], [Event::Failed(e)] if e.kind == ErrorKind::Empty));
}

mod directions;
mod failing_over;
mod grounded;
mod told;
