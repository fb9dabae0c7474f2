//! Recognisers that fail at once, again and again, or hear nothing.

use super::*;
use crate::call::settings::deadline;

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
fn a_recogniser_that_owes_words_is_replaced_in_time_although_the_caller_goes_on() {
    let mut bench = Bench::new(false);
    bench.voice();
    bench.settle();
    let owed = bench.due(Timer::Flush).expect("the last words are awaited");
    bench.now += Duration::from_secs(1);
    bench.leg(&Output::SpeechStart { at: bench.clock(), echo: 0.0 });
    bench.now += Duration::from_millis(500);
    bench.leg(&Output::SpeechEnd { at: bench.clock() });
    assert_eq!(bench.due(Timer::Flush), Some(owed - Duration::from_millis(1_500)));
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.recovered(Recovery::SttReopened), 1);
}

#[test]
fn a_recogniser_that_answers_late_but_in_turn_is_kept() {
    let mut bench = Bench::new(false);
    let (_, first) = bench.voice();
    bench.settle();
    bench.now += Duration::from_secs(1);
    bench.leg(&Output::SpeechStart { at: bench.clock(), echo: 0.0 });
    bench.now += Duration::from_millis(500);
    bench.leg(&Output::SpeechEnd { at: bench.clock() });
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: first });
    assert_eq!(bench.due(Timer::Flush), Some(deadline::STT_FLUSH));
    assert_eq!(bench.recovered(Recovery::SttReopened), 0);
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

fn apologies(bench: &Bench) -> usize {
    let apologised = crate::call::timeline::Recovery::Apologised;
    bench.count(|effect| matches!(effect, Effect::Journal(Entry::Recovered { what, .. }) if *what == apologised))
}

/// A voice without an end, 100 ms at a time, for so long; what the recogniser says to it, and that it answers a flush.
fn sound_for(bench: &mut Bench, time: Duration, mut says: impl FnMut(&mut Bench, Samples)) {
    let (from, end) = (bench.clock(), bench.now + time);
    bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
    let flushes =
        |bench: &Bench| bench.count(|effect| matches!(effect, Effect::Stt(SttEffect::Input(stt::Input::Flush { .. }))));
    let (mut answered, mut sessions) = (flushes(bench), opened(bench));
    while bench.now < end && !bench.machine.has_ended() {
        bench.wait(Duration::from_millis(100));
        bench.leg(&Output::Speaking { at: bench.clock(), echo: 0.0, level_db: -20.0 });
        if opened(bench) > sessions {
            sessions = opened(bench);
            bench.stt(stt::Event::Ready);
        }
        says(bench, from);
        if flushes(bench) > answered {
            answered = flushes(bench);
            bench.stt(stt::Event::Flushed { up_to: bench.clock() });
        }
    }
}

#[test]
fn a_recogniser_whose_partials_are_slow_is_not_replaced_and_cuts_no_caller_short() {
    let mut bench = Bench::with_person();
    let (mut last, mut words) = (bench.now, String::new());
    sound_for(&mut bench, Duration::from_secs(24), |bench, from| {
        // One partial takes 2.9 s; it is there 2.9 s after the audio it is of, and the next begins as late again.
        if bench.now.since(last) >= Duration::from_millis(2_900) {
            last = bench.now;
            let to = bench.clock().saturating_sub(Samples::from_millis(2_900)).max(from + Samples(1));
            words.push_str("and another word ");
            bench.partial(&words, from, to);
            bench.stt(stt::Event::Listening { up_to: to });
        }
    });
    assert_eq!(opened(&bench), 1);
    assert!(matches!(bench.machine.floor(), Floor::Caller { .. }), "{:?}", bench.machine.floor());
}

#[test]
fn a_session_that_lives_and_has_no_time_for_partials_is_not_replaced() {
    let mut bench = Bench::with_person();
    sound_for(&mut bench, Duration::from_secs(20), |bench, from| bench.stt(stt::Event::Listening { up_to: from }));
    assert_eq!((opened(&bench), apologies(&bench)), (1, 0));
}

#[test]
fn music_is_noise_and_not_a_deaf_recogniser() {
    let mut bench = Bench::with_person();
    sound_for(&mut bench, Duration::from_secs(25), |bench, _| {
        bench.stt(stt::Event::Listening { up_to: bench.clock() });
    });
    assert_eq!((opened(&bench), apologies(&bench), bench.transfers(), bench.ended()), (1, 0, 0, None));
    let repeats = bench
        .count(|effect| matches!(effect, Effect::Journal(Entry::Line { text, .. }) if text.reveal() == "RepeatPlease"));
    assert_eq!(repeats, 1);
}

#[test]
fn words_said_over_music_are_heard() {
    let mut bench = Bench::new(false);
    let mut said = false;
    sound_for(&mut bench, Duration::from_secs(20), |bench, from| {
        bench.stt(stt::Event::Listening { up_to: bench.clock() });
        if !said && bench.machine.floor() == Floor::Open {
            said = true;
            let to = bench.clock();
            bench.fin("Are you open?", to.saturating_sub(Samples::from_millis(100)).max(from), to);
        }
    });
    assert_eq!(bench.caller_lines(), ["Are you open?"]);
}

#[test]
fn a_sound_to_which_no_recogniser_says_anything_ends_without_an_apology_if_they_answer() {
    let mut bench = Bench::with_person();
    sound_for(&mut bench, Duration::from_secs(25), |_, _| {});
    assert_eq!((apologies(&bench), bench.transfers(), bench.ended()), (0, 0, None));
}

#[test]
fn recognisers_that_say_nothing_to_a_voice_and_answer_nothing_pass_the_caller_to_a_person() {
    let mut bench = Bench::with_person();
    let at = bench.clock();
    bench.leg(&Output::SpeechStart { at, echo: 0.0 });
    let mut sessions = opened(&bench);
    let end = bench.now + Duration::from_secs(60);
    while bench.transfers() == 0 && bench.now < end {
        bench.wait(Duration::from_millis(100));
        if opened(&bench) > sessions {
            sessions = opened(&bench);
            bench.stt(stt::Event::Ready);
        }
    }
    assert_eq!((bench.transfers(), bench.ended()), (1, None));
}

/// How often the recogniser was given up.
fn lost(bench: &Bench) -> usize {
    bench.recovered(crate::call::timeline::Recovery::SttReopened)
}

#[test]
fn while_another_session_opens_the_last_words_are_awaited_and_nothing_else_is_opened() {
    use crate::call::settings::deadline::STT_FLUSH;
    let late = STT_FLUSH + Duration::from_millis(100);
    let mut bench = Bench::new(false);
    bench.voice();
    bench.settle();
    bench.stt(stt::Event::Failed(refused()));
    bench.later(late);
    assert_eq!((lost(&bench), bench.due(Timer::Flush)), (1, Some(STT_FLUSH)));

    // The same of a voice over which the agent went on.
    let mut bench = Bench::new(false);
    bench.say("When are you open?");
    bench.speaks("We are open from nine to five. ", 32_000);
    bench.agent(agent::Event::Done);
    bench.voice();
    bench.later(Duration::from_millis(CallConfig::default().barge_in_budget_ms));
    bench.stt(stt::Event::Failed(refused()));
    assert_eq!(bench.machine.floor(), Floor::Agent);
    bench.later(late);
    assert_eq!((lost(&bench), bench.due(Timer::Flush)), (1, Some(STT_FLUSH)));
}

#[test]
fn a_second_failure_in_a_row_is_followed_by_a_pause() {
    let mut bench = Bench::new(false);
    bench.stt(stt::Event::Failed(refused()));
    assert_eq!((opened(&bench), bench.due(Timer::SttReopen)), (2, None));
    bench.stt(stt::Event::Failed(refused()));
    assert_eq!((opened(&bench), bench.due(Timer::SttReopen)), (2, Some(Duration::from_millis(500))));
}

#[test]
fn a_voice_is_put_to_another_session_before_it_is_taken_for_a_noise() {
    let wordless = crate::call::settings::deadline::STT_PARTIAL;
    for words in [Some("my number is"), None] {
        let mut bench = Bench::new(false);
        let from = bench.clock();
        bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
        if let Some(words) = words {
            bench.partial(words, from, from + Samples::from_millis(900));
        }
        bench.later(wordless);
        assert_eq!((opened(&bench), lost(&bench)), (2, 1));
        assert!(matches!(bench.machine.floor(), Floor::Caller { .. }));
        bench.stt(stt::Event::Ready);
        bench.later(wordless);
        // Words, and then none: it is the noise behind them. None at all: the next session may hear some.
        assert_eq!(matches!(bench.machine.floor(), Floor::Settling { .. }), words.is_some());
        assert_eq!(lost(&bench), if words.is_some() { 1 } else { 2 });
    }
}

#[test]
fn who_is_about_to_leave_is_not_told_that_nobody_hears_them() {
    let mut bench = Bench::new(false);
    bench.say("Goodbye.");
    bench.speaks("Goodbye, and thank you. ", 32_000);
    bench.agent(agent::Event::HangUp);
    bench.agent(agent::Event::Done);
    for pause in [0, 0, 500, 1_000] {
        bench.later(Duration::from_millis(pause));
        bench.stt(stt::Event::Failed(refused()));
    }
    assert_eq!((lost(&bench), apologies(&bench)), (4, 0));
}
