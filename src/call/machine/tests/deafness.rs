//! Recognisers that fail at once, again and again, or hear nothing.

use super::*;

fn opened(bench: &Bench) -> usize {
    bench.count(|effect| matches!(effect, Effect::Stt(SttEffect::Open { .. })))
}

/// Every session fails as soon as it is opened, for so long.
fn refuse_for(bench: &mut Bench, time: Duration) {
    let end = bench.now + time;
    let mut answered = 0;
    while bench.now < end && !bench.machine.has_ended() {
        while opened(bench) > answered && opened(bench) < 1_000 {
            answered = opened(bench);
            bench.stt(stt::Event::Failed(refused()));
        }
        bench.wait(Duration::from_millis(100));
    }
}

#[test]
fn recognisers_that_refuse_are_not_asked_in_a_loop_while_the_phone_rings() {
    let mut bench = Bench::ringing(setup(false));
    refuse_for(&mut bench, Duration::from_secs(10));
    assert!(opened(&bench) <= 20, "{} sessions in 10 s", opened(&bench));
    assert!(!bench.machine.has_ended());
}

#[test]
fn a_caller_whom_no_recogniser_hears_is_passed_to_a_person() {
    let mut bench = Bench::with_person();
    refuse_for(&mut bench, Duration::from_secs(10));
    assert_eq!((bench.transfers(), bench.ended()), (1, None));
    assert!(opened(&bench) <= 20, "{} sessions in 10 s", opened(&bench));
}

#[test]
fn recognisers_that_refuse_for_two_seconds_cost_the_caller_nothing_but_an_apology() {
    let mut bench = Bench::new(false);
    refuse_for(&mut bench, Duration::from_secs(2));
    bench.wait(Duration::from_secs(5));
    bench.stt(stt::Event::Ready);
    assert_eq!(bench.ended(), None);
    bench.say("Are you open?");
    assert_eq!(bench.caller_lines(), ["Are you open?"]);
}

#[test]
fn a_voice_that_goes_on_without_words_after_a_question_does_not_keep_it_from_being_answered() {
    let mut bench = Bench::new(false);
    let from = bench.clock();
    bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
    bench.now += Duration::from_secs(1);
    let to = bench.clock();
    bench.fin("Are you open?", from, to);
    // A vacuum cleaner: the voice never ends. A session that is opened anew hears the same words again.
    let mut answered = opened(&bench);
    while bench.asked().is_empty() && bench.now < Time::from_millis(60_000) {
        bench.wait(Duration::from_millis(100));
        if opened(&bench) > answered {
            answered = opened(&bench);
            bench.stt(stt::Event::Ready);
            bench.fin("Are you open?", from, to);
        }
        let flushing = bench
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Stt(SttEffect::Input(stt::Input::Flush { .. }))));
        if flushing && matches!(bench.machine.floor(), Floor::Settling { .. }) {
            bench.stt(stt::Event::Flushed { up_to: bench.clock() });
        }
    }
    assert_eq!(bench.caller_lines(), ["Are you open?"]);
    let apologies = bench.count(|effect| {
        matches!(effect, Effect::Journal(Entry::Recovered { what: crate::call::timeline::Recovery::Apologised, .. }))
    });
    assert_eq!(apologies, 0);
}

#[test]
fn a_final_that_comes_after_its_turn_was_taken_is_not_said_twice() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.partial("Are you open?", from, to);
    bench.settle();
    while matches!(bench.machine.floor(), Floor::Settling { .. }) {
        bench.time_out();
        bench.hear_out();
    }
    // Recognisers place the end of a final a little after the last voiced sample.
    bench.fin("Are you open?", from, to + Samples::from_millis(150));
    assert_eq!(bench.machine.floor(), Floor::Agent);
    assert_eq!((bench.asked().len(), bench.caller_lines()), (1, vec!["Are you open?".to_owned()]));
}

#[test]
fn words_behind_an_acknowledgement_are_heard_by_the_next_session() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    let (from, to) = bench.voice();
    bench.partial("Okay", from, from + Samples::from_millis(400));
    let before = opened(&bench);
    // The agent goes on, and the last words do not come.
    while opened(&bench) == before {
        bench.time_out();
    }
    assert_eq!(bench.machine.floor(), Floor::Agent);
    bench.stt(stt::Event::Ready);
    bench.fin("Okay but on Saturday?", from, to);
    bench.stt(stt::Event::Flushed { up_to: to });
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    assert_eq!(bench.caller_lines(), ["Are you open? Okay but on Saturday?"]);
}

#[test]
fn an_acknowledgement_that_only_a_partial_said_does_not_become_a_part_of_the_next_turn() {
    let mut bench = Bench::new(false);
    bench.say("Are you open?");
    let (from, to) = bench.voice();
    bench.partial("Okay", from, to);
    while bench.machine.floor() != Floor::Agent {
        bench.time_out();
    }
    bench.stt(stt::Event::Flushed { up_to: to });
    let (from, to) = bench.voice();
    bench.fin("And on Saturday?", from, to);
    bench.stt(stt::Event::Flushed { up_to: to });
    while bench.asked().len() < 2 && bench.now < Time::from_millis(30_000) {
        bench.time_out();
        bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    }
    assert_eq!(bench.caller_lines(), ["Are you open? And on Saturday?"]);
}

#[test]
fn last_words_that_never_come_are_awaited_twice_and_then_done_without() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.partial("Are you open?", from, to);
    bench.settle();
    let mut answered = opened(&bench);
    while bench.asked().is_empty() && bench.now < Time::from_millis(30_000) {
        bench.time_out();
        bench.hear_out();
        if opened(&bench) > answered {
            answered = opened(&bench);
            bench.stt(stt::Event::Ready);
        }
    }
    assert_eq!(bench.caller_lines(), ["Are you open?"]);
    assert_eq!(opened(&bench), 2);
}

#[test]
fn words_without_a_voice_are_heard_again_from_their_beginning() {
    let mut bench = Bench::new(false);
    bench.wait(Duration::from_secs(1));
    let from = bench.clock();
    bench.now += Duration::from_secs(2);
    let to = bench.clock();
    // Too soft for acoustics: the first that is known of it is what the recogniser has made of it.
    bench.partial("Please cancel it", from, to);
    bench.settle();
    bench.stt(stt::Event::Failed(refused()));
    let replay = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Stt(SttEffect::Open { replay_from, .. }) => Some(*replay_from),
        _ => None,
    });
    assert!(replay.expect("another session is opened") <= from, "{replay:?} of {from:?}");
}
