//! A model fails somewhere in its answer, and another one gives or finishes it.

use std::time::Duration;

use super::*;
use crate::agent::llm::Capabilities;

pub(super) type Script = Vec<Result<Delta, ErrorKind>>;

/// Answers each request with the next script, then is silent; keeps the requests.
#[derive(Clone)]
pub(super) struct Able {
    pub(super) name: &'static str,
    pub(super) goes_on: bool,
    /// Before each piece.
    pub(super) pause: Duration,
    pub(super) answers: Arc<Mutex<VecDeque<Script>>>,
    pub(super) requests: Arc<Mutex<Vec<Request>>>,
}

impl Model for Able {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self, _language: Language) -> Capabilities {
        Capabilities { goes_on: self.goes_on }
    }

    fn hedge_after(&self) -> Option<Duration> {
        Some(Duration::from_millis(750))
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        self.requests.lock().push(request);
        let (name, what) = (self.name, "scripted".to_owned());
        let answer = self.answers.lock().pop_front().unwrap_or_default();
        let pieces = answer.into_iter().map(move |piece| {
            piece.map_err(|kind| ProviderError { provider: name, kind, what: what.clone(), retry_after: None })
        });
        let pieces = stream::iter(pieces);
        if self.pause.is_zero() {
            return pieces.chain(stream::pending()).boxed();
        }
        let pause = self.pause;
        let slow = pieces.then(move |piece| async move {
            crate::clock::elapse(pause).await;
            piece
        });
        slow.chain(stream::pending()).boxed()
    }
}

pub(super) fn able(name: &'static str, answers: Vec<Script>) -> Able {
    Able {
        name,
        goes_on: true,
        pause: Duration::ZERO,
        answers: Arc::new(Mutex::new(answers.into())),
        requests: Arc::default(),
    }
}

pub(super) fn said(words: &str) -> Result<Delta, ErrorKind> {
    Ok(text(words))
}

pub(super) const STOP: Result<Delta, ErrorKind> = Ok(Delta::Finish(Finish::Stop));

pub(super) fn clinic(models: &[Able]) -> World {
    let members = models.iter().map(|model| Arc::new(model.clone()) as Arc<dyn Model>).collect();
    world_of(Thinkers::new(members, Order::new()), Scripted::default())
}

fn next_models(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::NextModel { .. })).count()
}

/// What the voice is given of these events: whole pieces of text, as the call's mouth cuts it.
pub(super) fn voiced(events: &[Event]) -> String {
    let new = || crate::tts::sentence::Splitter::new(Language::English);
    let (mut splitter, mut all) = (new(), String::new());
    for event in events {
        match event {
            Event::Text(text) => splitter.push(text.reveal()),
            Event::NextModel { .. } => splitter = new(),
            _ => {}
        }
        while let Some(piece) = splitter.poll() {
            all.push_str(&piece);
        }
        if matches!(event, Event::Done | Event::ToolStarted { .. }) {
            while let Some(piece) = splitter.finish() {
                all.push_str(&piece);
            }
        }
    }
    all
}

const HOURS: &[(Who, &str)] = &[(Who::Caller, "hours?")];

#[tokio::test(start_paused = true)]
async fn an_answer_that_its_model_refuses_to_end_is_ended_by_the_next() {
    let refused = || Ok(Delta::Finish(Finish::Filtered));
    for first in [vec![said("We are open today. "), said("From"), refused()], vec![refused()]] {
        let models = [able("a", vec![first.clone()]), able("b", vec![vec![said("Nine to five."), STOP]])];
        let mut world = clinic(&models);
        world.think(1, HOURS, false);
        let events = world.answer().await;
        let words = voiced(&events);
        assert!(words.ends_with("Nine to five.") && !words.contains("From"), "{first:?}: {events:?}");
        assert_eq!((next_models(&events), events.last()), (1, Some(&Event::Done)), "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_hears_that_a_long_message_is_being_written() {
    let piece = |arguments: &str| {
        Ok(Delta::ToolCall(ToolCallPiece { arguments: arguments.to_owned().into(), ..ToolCallPiece::default() }))
    };
    let named = ToolCallPiece { id: Some("1".into()), name: Some("take_message".into()), ..ToolCallPiece::default() };
    let mut script = vec![Ok(Delta::ToolCall(named)), piece("{\"name\":\"Jane\",\"text\":\"")];
    script.extend((0..18).map(|_| piece("please call ")));
    script.extend([piece("\",\"number\":\"caller\"}"), Ok(Delta::Finish(Finish::ToolCalls))]);
    let model = able("a", vec![script, vec![said("Thank you."), STOP]]);
    let mut world = clinic(&[Able { pause: Duration::from_millis(500), ..model }]);
    world.think(1, HOURS, false);
    let events = world.answer().await;
    let told = events.iter().filter(|event| matches!(event, Event::WritingCall)).count();
    // Of ten seconds.
    assert!((8..=10).contains(&told), "{events:?}");
    assert_eq!(events.last(), Some(&Event::Done));
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_a_whole_clause_is_asked_of_the_next_model_with_the_same_context() {
    let broken = |kind| vec![said("[expect:free] We"), said(" are op"), Err(kind)];
    for first in [
        vec![Err(ErrorKind::Server)],
        vec![Err(ErrorKind::Unauthorised)],
        vec![STOP],
        vec![said("  "), STOP],
        broken(ErrorKind::Connection),
        broken(ErrorKind::Server),
        vec![said("We are op")],
        vec![],
    ] {
        let models =
            [able("a", vec![first.clone()]), able("b", vec![vec![said("Nine to five. "), said("Come in."), STOP]])];
        // A silent one would be raced.
        let models = if first.is_empty() { [models[0].clone(), models[1].clone()] } else { models };
        let mut world = clinic(&models);
        world.think(1, HOURS, false);
        let events = world.answer().await;
        assert_eq!(voiced(&events), "Nine to five. Come in.", "{first:?}: {events:?}");
        assert_eq!(events.last(), Some(&Event::Done));
        let requests = [models[0].requests.lock(), models[1].requests.lock()];
        assert_eq!(requests[0][0].messages, requests[1][0].messages, "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_that_is_gone_on_with_and_no_word_is_said_twice() {
    let begins = || vec![said("We are open from nine to five. On Sat"), Err(ErrorKind::Connection)];
    for goes_on in [
        vec![said("On Saturday until one."), STOP],
        vec![said("from nine to five. On"), said(" Saturday until one."), STOP],
        vec![said("We are open from nine to five. On Saturday until one."), STOP],
    ] {
        let models = [able("a", vec![begins()]), able("b", vec![goes_on])];
        let mut world = clinic(&models);
        world.think(1, HOURS, false);
        let events = world.answer().await;
        assert_eq!(voiced(&events), "We are open from nine to five. On Saturday until one.");
        assert_eq!(next_models(&events), 1);
        let requests = models[1].requests.lock();
        let [.., Message::Assistant { text, .. }, Message::System(_)] = &requests[0].messages[..] else {
            panic!("it is told what was said: {:?}", requests[0].messages)
        };
        assert_eq!(text.reveal(), "We are open from nine to five.");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_begun_again_with_other_words_is_not_heard_and_the_next_one_goes_on() {
    let begins = vec![said("We are open from nine to five, and"), Err(ErrorKind::Connection)];
    let again = vec![said("We are open from ten to four."), STOP];
    let goes_on = vec![said("and on Saturday until one."), STOP];
    let models = [able("a", vec![begins.clone()]), able("b", vec![again.clone()]), able("c", vec![goes_on])];
    let mut world = clinic(&models);
    world.think(1, HOURS, false);
    let events = world.answer().await;
    assert_eq!(voiced(&events), "We are open from nine to five, and on Saturday until one.");

    let mut world = clinic(&[able("a", vec![begins]), able("b", vec![again])]);
    world.think(1, HOURS, false);
    let events = world.answer().await;
    assert!(matches!(events.last(), Some(Event::Failed(_))), "{events:?}");
    assert_eq!(voiced(&events), "We are open from nine to five, ");
}

#[tokio::test(start_paused = true)]
async fn who_only_knows_rules_gives_answers_and_finishes_none() {
    let rules = || Able { goes_on: false, ..able("rules", vec![vec![said("By the rules."), STOP]]) };
    let mut world = clinic(&[able("a", vec![vec![said("We"), Err(ErrorKind::Server)]]), rules()]);
    world.think(1, HOURS, false);
    assert_eq!(voiced(&world.answer().await), "By the rules.");
    let mut world =
        clinic(&[able("a", vec![vec![said("We are open until five. And"), Err(ErrorKind::Server)]]), rules()]);
    world.think(1, HOURS, false);
    let events = world.answer().await;
    assert_eq!(events.last(), Some(&Event::Failed(failure("a", ErrorKind::Server))));
}

fn failure(provider: &'static str, kind: ErrorKind) -> ProviderError {
    ProviderError { provider, kind, what: "scripted".to_owned(), retry_after: None }
}

#[tokio::test(start_paused = true)]
async fn tools_run_once_wherever_a_model_fails() {
    let call = || Ok(tool("clinic_info", "{\"topic\":\"parking\"}"));
    let asks = || vec![said("Let me see. "), call(), Ok(Delta::Finish(Finish::ToolCalls))];
    let answers = || vec![said("Behind the building."), STOP];
    let mut nameless = tool("", "{}");
    if let Delta::ToolCall(piece) = &mut nameless {
        piece.name = None;
    }
    for (first, second) in [
        // Within the call, after it, by garbage, and when its result is there.
        (vec![vec![call(), Err(ErrorKind::Connection)]], vec![asks(), answers()]),
        (vec![vec![call()]], vec![asks(), answers()]),
        (vec![vec![Ok(nameless), Ok(Delta::Finish(Finish::ToolCalls))]], vec![asks(), answers()]),
        (vec![vec![Ok(tool("clinic_info", "{\"topic\":")), STOP]], vec![asks(), answers()]),
        (vec![vec![call(), Ok(Delta::Finish(Finish::Length))]], vec![asks(), answers()]),
        (vec![asks(), vec![Err(ErrorKind::Server)]], vec![answers()]),
        (vec![asks(), vec![said("Behind"), Err(ErrorKind::Server)]], vec![answers()]),
    ] {
        let models = [able("a", first.clone()), able("b", second)];
        let mut world = clinic(&models);
        world.think(1, HOURS, false);
        let events = world.answer().await;
        assert_eq!(voiced(&events), "Let me see.  Behind the building.", "{first:?} {events:?}");
        let ledger = std::fs::read_to_string(world.folder.path().join("tools.jsonl")).unwrap();
        assert_eq!(ledger.matches("started").count(), 1, "{first:?}");
        assert_eq!(events.last(), Some(&Event::Done));
    }
}

#[tokio::test(start_paused = true)]
async fn silence_after_a_tool_is_broken_by_the_next_model_and_accepted_of_the_last() {
    let asks = || vec![said("It is behind the building. "), Ok(tool("clinic_info", "{\"topic\":\"parking\"}")), STOP];
    let mut world =
        clinic(&[able("a", vec![asks(), vec![STOP]]), able("b", vec![vec![said("Two hours are free."), STOP]])]);
    world.think(1, HOURS, false);
    assert_eq!(voiced(&world.answer().await), "It is behind the building.  Two hours are free.");
    let mut world = clinic(&[able("a", vec![asks(), vec![STOP]])]);
    world.think(1, HOURS, false);
    let events = world.answer().await;
    assert_eq!((voiced(&events).as_str(), events.last()), ("It is behind the building. ", Some(&Event::Done)));
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_hedged_once_at_most() {
    let call = || tool("clinic_info", "{\"topic\":\"parking\"}");
    // The first never answers: the second does, with a tool; and is raced no more.
    let first = able("a", vec![]);
    let second = able(
        "b",
        vec![vec![Ok(call()), Ok(Delta::Finish(Finish::ToolCalls))], vec![said("Behind the building."), STOP]],
    );
    let mut world = clinic(&[first.clone(), second]);
    world.think(1, HOURS, false);
    let events = world.answer().await;
    assert_eq!(events.iter().filter(|event| **event == Event::Hedged).count(), 1, "{events:?}");
    assert_eq!(voiced(&events), "Behind the building.");
    assert_eq!(first.requests.lock().len(), 2);
    let hedged_at = events.iter().position(|event| *event == Event::Hedged);
    let tool_at = events.iter().position(|event| matches!(event, Event::ToolStarted { .. }));
    assert!(hedged_at < tool_at);
}
