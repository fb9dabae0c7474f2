//! A model says what nobody told it, and the caller hears other words.

use serde_json::Value;

use super::failing_over::{Able, STOP, Script, able, clinic, said, voiced};
use super::*;
use crate::clinic::operator::Operator;
use crate::clinic::spoken::refusal::unconfirmed;

/// Nothing in it is known.
const WISH: &[(Who, &str)] = &[(Who::Agent, "How can I help?"), (Who::Caller, "I'd like to see a doctor")];

const INVENTS: &str = "We have Tuesday at ten o'clock for you.";

fn invents() -> Script {
    vec![said(INVENTS), STOP]
}

fn asks() -> Script {
    vec![said("Which day would suit you?"), STOP]
}

fn calls(name: &str, arguments: &str) -> Script {
    vec![Ok(tool(name, arguments)), Ok(Delta::Finish(Finish::ToolCalls))]
}

fn sorry() -> &'static str {
    unconfirmed(Operator::There, Language::English)
}

/// What the caller hears of the answers that this one model gives, and its requests.
async fn hears(answers: Vec<Script>, said: &[(Who, &str)]) -> (Vec<Event>, Vec<Request>) {
    let model = able("a", answers);
    let mut world = clinic(std::slice::from_ref(&model));
    world.think(1, said, false);
    let events = world.answer().await;
    let requests = model.requests.lock().clone();
    assert_eq!(events.last(), Some(&Event::Done), "{events:?}");
    (events, requests)
}

#[tokio::test(start_paused = true)]
async fn a_time_that_no_tool_returned_is_not_heard_and_the_model_is_asked_once_more() {
    let (events, requests) = hears(vec![invents(), asks()], WISH).await;
    assert_eq!(voiced(&events), "Which day would suit you?");
    let [first, second] = &requests[..] else { panic!("asked twice: {}", requests.len()) };
    let (told, same) = second.messages.split_last().unwrap();
    assert_eq!(same, &first.messages[..]);
    let Message::System(told) = told else { panic!("it is told what was wrong: {told:?}") };
    assert!(told.reveal().contains("withheld") && !told.reveal().contains("Tuesday"), "{}", told.reveal());
    assert_eq!(first.tools.len(), second.tools.len());
}

#[tokio::test(start_paused = true)]
async fn one_that_invents_again_is_replaced_by_words_that_are_true() {
    let (events, requests) = hears(vec![invents(), invents()], WISH).await;
    assert_eq!((voiced(&events).as_str(), requests.len()), (sorry(), 2));
    assert!(events.iter().any(|event| matches!(event, Event::Expect(expect) if expect.kind == ExpectKind::Free)));
    // With nothing left to say it has said nothing.
    let (events, _) = hears(vec![invents(), vec![STOP]], WISH).await;
    assert_eq!(voiced(&events), sorry());
}

#[tokio::test(start_paused = true)]
async fn what_was_good_of_an_answer_is_heard_once_however_its_words_were_cut() {
    let whole = format!("I can help you with that. {INVENTS}");
    let again = "I can help you with that. Which day would suit you?";
    for piece in [1, 2, 5, 26, 27, 28, 400] {
        let cut = |text: &str| -> Script {
            let chars: Vec<char> = text.chars().collect();
            let pieces = chars.chunks(piece).map(|piece| said(&piece.iter().collect::<String>()));
            pieces.chain([STOP]).collect()
        };
        for second in [again, "Which day would suit you?"] {
            let (events, requests) = hears(vec![cut(&whole), cut(second)], WISH).await;
            assert_eq!(voiced(&events), again, "by {piece}: {events:?}");
            let [.., Message::Assistant { text, .. }, Message::System(_)] = &requests[1].messages[..] else {
                panic!("it is told what was said: {:?}", requests[1].messages)
            };
            assert_eq!(text.reveal(), "I can help you with that.");
        }
        let (events, _) = hears(vec![cut(&format!("{whole} Shall I book it?")), cut(INVENTS)], WISH).await;
        assert_eq!(voiced(&events), format!("I can help you with that. {}", sorry()), "by {piece}");
        let (events, _) = hears(vec![cut(&whole), vec![STOP]], WISH).await;
        assert_eq!(voiced(&events), format!("I can help you with that. {}", sorry()), "by {piece}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_clause_is_heard_though_its_end_comes_with_the_whole_of_a_bad_one() {
    for answer in [
        vec![said("I can help you with that. "), said("We have Tuesday at ten o'clock. Shall I book it?"), STOP],
        vec![said("I can help you"), said(" with that. We have Tuesday at ten o'clock. Shall I book it?"), STOP],
        vec![said("I can help you with that. We have Tuesday at ten o'clock. Shall I book it?"), STOP],
    ] {
        let (events, _) = hears(vec![answer.clone(), asks()], WISH).await;
        assert_eq!(voiced(&events), "I can help you with that. Which day would suit you?", "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn tools_of_an_answer_that_was_withheld_are_not_run_and_those_of_the_next_are() {
    let mut both = calls("clinic_info", "{\"topic\":\"parking\"}");
    both.insert(0, said(INVENTS));
    let mut world = clinic(&[able("a", vec![both, asks()])]);
    world.think(1, WISH, false);
    assert_eq!(voiced(&world.answer().await), "Which day would suit you?");
    assert_eq!(ledger_of(&world), "");

    let answers =
        vec![invents(), calls("clinic_info", "{\"topic\":\"parking\"}"), vec![said("Behind the building."), STOP]];
    let mut world = clinic(&[able("a", answers)]);
    world.think(1, WISH, false);
    assert_eq!(voiced(&world.answer().await), "Behind the building.");
    assert_eq!(ledger_of(&world).matches("started").count(), 1);
}

fn result(requests: &[Request]) -> Value {
    let results = requests.last().unwrap().messages.iter().rev();
    let last = results.filter_map(|message| match message {
        Message::Tool { content, .. } => Some(content.reveal().clone()),
        Message::System(_) | Message::User(_) | Message::Assistant { .. } => None,
    });
    serde_json::from_str(&last.take(1).next().unwrap()).unwrap()
}

#[tokio::test]
async fn another_time_than_those_a_tool_returned_is_replaced_by_what_the_tool_gave_to_say() {
    let other = || vec![said("Dr. Chen is free on Sunday at twenty past three in the morning."), STOP];
    let find = || calls("find_earliest_appointment", "{\"visit_kind\":\"follow_up\",\"provider\":\"Dr. Chen\"}");
    let (events, requests) = hears(vec![find(), other(), other()], WISH).await;
    let say = result(&requests)["say"].as_str().unwrap().to_owned();
    assert_eq!((voiced(&events), requests.len()), (say.clone(), 3));
    let (events, requests) = hears(vec![find(), vec![said(&say), STOP]], WISH).await;
    assert_eq!((voiced(&events), requests.len()), (say, 2), "what it gave to say is heard");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_to_be_booked_that_was_refused() {
    let book = || calls("create_appointment", "{\"patient\":\"patient_1\",\"slot\":\"slot_1\"}");
    let lies = || vec![said("You're booked. Goodbye."), STOP];
    let (events, _) = hears(vec![book(), lies(), vec![said("It is not booked yet."), STOP]], WISH).await;
    assert_eq!(voiced(&events), "It is not booked yet.");
    let (events, _) = hears(vec![book(), lies(), lies()], WISH).await;
    assert_eq!(voiced(&events), sorry(), "the refusal gave nothing to say");
}

#[tokio::test(start_paused = true)]
async fn opening_times_and_what_the_caller_said_are_heard_as_they_come() {
    let birth = [(Who::Agent, "When were you born?"), (Who::Caller, "march ninth nineteen eighty four")];
    let wish = [(Who::Agent, "When?"), (Who::Caller, "tuesday at half past ten if you can")];
    let hours = [(Who::Agent, "How can I help?"), (Who::Caller, "are you open on saturday")];
    let cases: [(&[(Who, &str)], &str); 3] = [
        (&birth, "That is March 9th, 1984, is that right?"),
        (&wish, "You would like Tuesday at 10:30, is that right?"),
        (&hours, "On Saturday we're open from nine to one."),
    ];
    for (heard, answer) in cases {
        let (events, requests) = hears(vec![vec![said(answer), STOP]], heard).await;
        assert_eq!((voiced(&events).as_str(), requests.len()), (answer, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_takes_over_in_mid_answer_may_invent_no_more_than_the_first() {
    let begins = vec![said("I can help you with that. Wh"), Err(ErrorKind::Connection)];
    let models = [able("a", vec![begins]), able("b", vec![invents(), asks()])];
    let mut world = clinic(&models);
    world.think(1, WISH, false);
    let events = world.answer().await;
    assert_eq!(voiced(&events), "I can help you with that. Which day would suit you?", "{events:?}");
    assert_eq!([models[0].requests.lock().len(), models[1].requests.lock().len()], [1, 2]);
    assert_eq!(events.last(), Some(&Event::Done));
}

#[tokio::test(start_paused = true)]
async fn who_cannot_go_on_is_not_asked_to() {
    let rules = Able {
        goes_on: false,
        ..able("rules", vec![vec![said("I can help you with that. "), said(INVENTS), STOP], asks()])
    };
    let mut world = clinic(std::slice::from_ref(&rules));
    world.think(1, WISH, false);
    assert_eq!(voiced(&world.answer().await), format!("I can help you with that. {}", sorry()));
    assert_eq!(rules.requests.lock().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_draft_that_invents_is_drafted_again() {
    let mut world = clinic(&[able("a", vec![invents(), asks()])]);
    world.think(1, WISH, true);
    let events = world.answer().await;
    assert_eq!((voiced(&events).as_str(), events.last()), ("Which day would suit you?", Some(&Event::Done)));
}
