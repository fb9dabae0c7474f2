//! What is waited for and for how long: a wait begins when it should and once, and ends with what it waited for.

use super::*;
use crate::call::settings::deadline;

const MOMENT: Duration = Duration::from_millis(500);

fn filler() -> Option<Duration> {
    Some(CallConfig::default().filler())
}

#[test]
fn a_call_without_a_greeting_waits_for_the_agent_as_for_any_answer() {
    let mut bench = Bench::ringing(Setup { canned: Arc::default(), ..setup(false) });
    bench.signal(Signal::Answered);
    assert_eq!(bench.asked().len(), 1);
    assert_eq!((bench.due(Timer::Agent), bench.due(Timer::Filler)), (Some(deadline::AGENT_EVENT), filler()));
}

#[test]
fn every_event_of_the_agent_renews_its_deadline_and_a_tool_has_a_longer_one() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    for (event, due) in [
        (agent::Event::Text(Pii::new("Let me".to_owned())), deadline::AGENT_EVENT),
        (agent::Event::WritingCall, deadline::AGENT_EVENT),
        (agent::Event::ToolStarted { name: "hours" }, deadline::TOOL),
        (agent::Event::ToolDone { name: "hours", ok: true }, deadline::AGENT_EVENT),
    ] {
        bench.now += MOMENT;
        bench.agent(event);
        assert_eq!(bench.due(Timer::Agent), Some(due));
    }
}

#[test]
fn a_tool_that_begins_neither_postpones_a_filler_nor_asks_for_one_over_words() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    let due = bench.due(Timer::Filler).expect("the wait is covered");
    bench.now += MOMENT;
    bench.agent(agent::Event::ToolStarted { name: "hours" });
    assert_eq!(bench.due(Timer::Filler), Some(due - MOMENT));
    bench.later(due);
    assert_eq!((bench.machine.counters().fillers, bench.due(Timer::Filler)), (1, None));
    // Another tool, while the filler is heard.
    bench.agent(agent::Event::ToolStarted { name: "hours" });
    assert_eq!(bench.due(Timer::Filler), filler());

    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    bench.speaks("Let me see. ", 3_200);
    bench.agent(agent::Event::ToolStarted { name: "hours" });
    assert_eq!(bench.due(Timer::Filler), None);
}

#[test]
fn the_audio_of_an_answer_ends_the_wait_for_it_and_no_filler_is_said_before_it_is_heard() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    assert_eq!(bench.due(Timer::Filler), filler());
    bench.speaks("Yes, we are. ", 3_200);
    assert_eq!((bench.due(Timer::Filler), bench.due(Timer::Tts)), (None, None));
    bench.machine.timers.set(Timer::Filler, bench.now);
    bench.later(Duration::ZERO);
    assert_eq!(bench.machine.counters().fillers, 0);
}

#[test]
fn what_was_said_before_a_tool_is_followed_by_a_filler_unless_the_rest_is_there() {
    for rest_is_there in [false, true] {
        let mut bench = Bench::new(false);
        bench.say("Are you open?");
        let id = bench.speaks("Let me see. ", 3_200);
        bench.agent(agent::Event::ToolStarted { name: "hours" });
        bench.event(Event::Tts(tts::Event::Done { id, samples: 3_200 }));
        if rest_is_there {
            bench.agent(agent::Event::ToolDone { name: "hours", ok: true });
            assert_ne!(bench.speaks("Yes, we are. ", 3_200), id);
        }
        bench.leg(&Output::Finished { id, samples: 3_200 });
        assert_eq!(bench.due(Timer::Filler), if rest_is_there { None } else { filler() });
    }
}

#[test]
fn an_answer_that_runs_dry_is_covered_by_a_filler_once_and_last_words_are_not() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    let id = bench.speaks("Yes, we are. ", 3_200);
    bench.leg(&Output::Dry { id, slot: 1 });
    bench.now += MOMENT;
    bench.leg(&Output::Dry { id, slot: 2 });
    assert_eq!(bench.machine.counters().dry_slots, 2);
    assert_eq!(bench.due(Timer::Filler), filler().map(|due| due - MOMENT));
    bench.signal(Signal::Drain);
    bench.leg(&Output::Dry { id, slot: 3 });
    assert_eq!((bench.machine.counters().dry_slots, bench.due(Timer::Filler)), (3, None));
}

#[test]
fn after_a_hold_every_wait_begins_anew() {
    let config = CallConfig::default();
    let mut bench = Bench::new(false);
    bench.signal(Signal::Hold);
    bench.now += Duration::from_secs(30);
    bench.signal(Signal::Unhold);
    assert_eq!(bench.due(Timer::Media), Some(config.media_timeout()));
    assert_eq!(bench.due(Timer::Silence), Some(config.silence_prompt()));
    bench.voice();
    bench.settle();
    bench.signal(Signal::Hold);
    bench.now += MOMENT;
    bench.signal(Signal::Unhold);
    assert_eq!(bench.due(Timer::Filler), filler());
}

#[test]
fn after_a_cough_the_caller_has_the_whole_time_again() {
    let mut bench = Bench::new(false);
    let at = bench.clock();
    bench.leg(&Output::SpeechStart { at, echo: 0.0 });
    bench.now += Duration::from_millis(400);
    bench.leg(&Output::SpeechEnd { at: bench.clock() });
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    assert_eq!(bench.due(Timer::Silence), Some(CallConfig::default().silence_prompt()));
}

#[test]
fn nobody_is_asked_whether_they_are_there_while_they_speak_or_hear_us() {
    let prompts = |bench: &Bench| bench.machine.silence_prompts;
    for caller_speaks in [true, false] {
        let mut bench = Bench::new(false);
        if caller_speaks {
            bench.leg(&Output::SpeechStart { at: bench.clock(), echo: 0.0 });
        } else {
            bench.say("Are you open?");
        }
        bench.machine.timers.set(Timer::Silence, bench.now);
        bench.later(Duration::ZERO);
        assert_eq!(prompts(&bench), 0);
    }
}

#[test]
fn words_are_awaited_of_a_voice_only_from_a_recogniser_that_says_some_while_it_lasts() {
    for partials in [stt::Partials::Changing, stt::Partials::WithStable, stt::Partials::None] {
        let mut setup = setup(false);
        setup.recognisers[0].values_mut().for_each(|hearer| hearer.capabilities.partials = partials);
        let mut bench = Bench::answered(setup);
        bench.leg(&Output::SpeechStart { at: bench.clock(), echo: 0.0 });
        let awaited = (partials != stt::Partials::None).then_some(deadline::STT_PARTIAL);
        assert_eq!(bench.due(Timer::SttPartial), awaited, "{partials:?}");
    }
}

#[test]
fn a_recogniser_that_says_that_the_caller_has_finished_ends_the_wait_if_acoustics_agree() {
    let mut bench = Bench::new(false);
    let from = bench.clock();
    bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
    bench.now += Duration::from_secs(1);
    let to = bench.clock();
    bench.partial("Are you open", from, to);
    bench.stt(stt::Event::EndOfTurn { at: to, confidence: 0.9 });
    assert!(matches!(bench.machine.floor(), Floor::Caller { .. }));
    bench.leg(&Output::SpeechEnd { at: to });
    bench.stt(stt::Event::EndOfTurn { at: to, confidence: 0.9 });
    assert!(matches!(bench.machine.floor(), Floor::Settling { .. }));
    assert_eq!(bench.due(Timer::Endpoint), None);
}

#[test]
fn a_recogniser_that_says_so_ends_no_answer_that_is_read_piece_by_piece() {
    for (kind, ends) in [
        (agent::ExpectKind::Free, true),
        (agent::ExpectKind::YesNo, true),
        (agent::ExpectKind::Nothing, true),
        (agent::ExpectKind::Phone, false),
        (agent::ExpectKind::BirthDate, false),
        (agent::ExpectKind::Card, false),
        (agent::ExpectKind::Digits, false),
        (agent::ExpectKind::Spelling, false),
        (agent::ExpectKind::Name, false),
    ] {
        let mut bench = Bench::new(false);
        bench.say("I would like an appointment.");
        let expect = crate::agent::Expect { kind, ..crate::agent::Expect::default() };
        bench.agent(agent::Event::Expect(expect));
        let id = bench.speaks("Go on, please. ", 3_200);
        bench.agent(agent::Event::Done);
        bench.event(Event::Tts(crate::tts::Event::Done { id, samples: 3_200 }));
        bench.hear_out();
        let (from, to) = bench.voice();
        bench.partial("N A", from, to);
        let due = bench.due(Timer::Endpoint);
        bench.stt(stt::Event::EndOfTurn { at: to, confidence: 0.9 });
        assert_eq!(matches!(bench.machine.floor(), Floor::Settling { .. }), ends, "{kind:?}");
        assert!(ends || (due.is_some() && bench.due(Timer::Endpoint) == due), "{kind:?}: we end it ourselves");
    }
}

#[test]
fn a_recogniser_that_says_so_ends_no_turn_of_keys() {
    let mut bench = Bench::new(false);
    let (_, to) = bench.voice();
    bench.signal(Signal::Dtmf('6'));
    bench.now += MOMENT;
    let due = bench.due(Timer::Endpoint);
    bench.stt(stt::Event::EndOfTurn { at: to, confidence: 0.9 });
    assert!(matches!(bench.machine.floor(), Floor::Caller { .. }));
    assert_eq!(bench.due(Timer::Endpoint), due);
    bench.signal(Signal::Dtmf('#'));
    bench.stt(stt::Event::EndOfTurn { at: to, confidence: 0.9 });
    assert!(matches!(bench.machine.floor(), Floor::Settling { .. }));
}

#[test]
fn words_are_owed_from_the_end_of_a_question_to_the_end_of_its_answer_and_never_on_hold() {
    let mut bench = Bench::with_person();
    let owed = |bench: &Bench| bench.machine.owes_speech();
    assert!(!owed(&bench), "nobody asked");
    let (from, to) = bench.voice();
    assert!(!owed(&bench), "the caller has the floor");
    bench.settle();
    assert!(owed(&bench));
    bench.fin("A person, please.", from, to);
    bench.stt(stt::Event::Flushed { up_to: to });
    assert!(owed(&bench));
    bench.signal(Signal::Hold);
    assert!(!owed(&bench));
    bench.signal(Signal::Unhold);
    bench.agent(agent::Event::Transfer { to: Pii::new(PERSON.to_owned()) });
    bench.agent(agent::Event::Done);
    assert_eq!((bench.transfers(), owed(&bench)), (1, true));
    bench.signal(Signal::Hold);
    assert!(!owed(&bench));

    let mut bench = Bench::new(false);
    bench.signal(Signal::Drain);
    assert!(owed(&bench), "last words");
    bench.hear_out();
    assert!(!owed(&bench), "they were heard");
}

#[test]
fn the_leg_is_told_the_end_of_a_speech_as_soon_as_it_has_all_of_it() {
    let mut bench = Bench::ringing(setup(false));
    bench.signal(Signal::Answered);
    let (id, audio) = bench.machine.poll_audio(8_000).expect("the greeting");
    assert_eq!(audio.len(), 3_200);
    bench.machine.audio_taken();
    bench.collect();
    assert_eq!(bench.unfinished, Some(id));
}

#[test]
fn times_count_from_the_answer() {
    let mut bench = Bench::ringing(setup(false));
    let at = Time::from_millis(5_000);
    assert_eq!(bench.machine.at_us_of(at), 0);
    bench.now += Duration::from_secs(2);
    bench.signal(Signal::Answered);
    assert_eq!(bench.machine.at_us_of(at), 3_000_000);
}

#[test]
fn what_is_said_from_recordings_is_counted_for_the_bill() {
    let mut bench = Bench::new(false);
    let counted = |bench: &Bench| bench.machine.counters().cached_characters as usize;
    assert_eq!(counted(&bench), "Greeting".len());
    bench.say("Are you open?");
    bench.later(CallConfig::default().filler());
    assert_eq!(counted(&bench), "Greeting".len() + "Filler(0)".len());
    bench.speaks("Yes, we are. ", 3_200);
    assert_eq!(counted(&bench), "Greeting".len() + "Filler(0)".len(), "a voice says that");
}
