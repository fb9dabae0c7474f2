//! Hold, transfers, and what happens to a call's end while they last.

use super::*;

/// A call that is being passed to a person.
fn transferring() -> Bench {
    let mut bench = Bench::with_person();
    bench.say("A person, please.");
    bench.agent(agent::Event::Transfer { to: Pii::new(PERSON.to_owned()) });
    bench.agent(agent::Event::Done);
    assert_eq!(bench.transfers(), 1);
    bench
}

#[test]
fn words_said_just_before_a_short_hold_are_answered() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.fin("Are you open?", from, to);
    bench.signal(Signal::Hold);
    bench.now += Duration::from_millis(100);
    bench.signal(Signal::Unhold);
    bench.wait(Duration::from_secs(1));
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!(bench.caller_lines(), ["Are you open?"]);
}

#[test]
fn a_hold_while_a_transfer_is_under_way_is_no_lost_media() {
    let mut bench = transferring();
    bench.signal(Signal::Hold);
    while bench.now < Time::from_millis(29_000) {
        bench.time_out();
        assert_eq!(bench.ended(), None);
    }
}

#[test]
fn after_a_failed_transfer_on_hold_the_words_wait_for_the_caller() {
    let mut bench = transferring();
    bench.signal(Signal::Hold);
    bench.signal(Signal::Transferred(Err(486)));
    assert!(bench.machine.poll_audio(8_000).is_none());
    bench.now += Duration::from_secs(40);
    bench.machine.handle(bench.now, Input::Timeout);
    bench.collect();
    assert_eq!(bench.ended(), None);
    bench.signal(Signal::Unhold);
    assert!(bench.machine.poll_audio(8_000).is_some());
}

#[test]
fn a_limit_reached_during_a_transfer_that_fails_still_ends_the_call() {
    let mut bench = transferring();
    bench.machine.timers.set(Timer::MaxDuration, bench.now + Duration::from_secs(1));
    bench.wait(Duration::from_secs(2));
    bench.signal(Signal::Transferred(Err(486)));
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.ended(), Some(EndReason::MaxDuration));
}

#[test]
fn a_server_that_goes_down_during_a_transfer_that_fails_says_goodbye() {
    let mut bench = transferring();
    bench.signal(Signal::Drain);
    bench.signal(Signal::Transferred(Err(486)));
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.ended(), Some(EndReason::Drained));
}

#[test]
fn a_call_that_is_never_answered_and_never_given_up_ends_by_itself() {
    let mut bench = Bench::ringing(setup(false));
    bench.stt(stt::Event::Ready);
    bench.wait(Duration::from_secs(300));
    assert_eq!(bench.ended(), Some(EndReason::SignallingLost));
}

/// Fillers heard so far.
fn fillers(bench: &Bench) -> usize {
    bench.count(|effect| matches!(effect, Effect::Journal(Entry::Line { text, .. }) if text.reveal() == "Filler(0)"))
}

#[test]
fn a_caller_who_is_passed_on_hears_something_within_3_s_and_again_until_somebody_answers() {
    let mut bench = transferring();
    for heard in 1..=8 {
        bench.wait(Duration::from_secs(3));
        assert!(fillers(&bench) >= heard, "{} fillers after {} s", fillers(&bench), 3 * heard);
    }
    bench.signal(Signal::Transferred(Ok(())));
    assert_eq!(bench.ended(), Some(EndReason::Transferred));
}

#[test]
fn a_caller_on_hold_while_being_passed_on_hears_nothing_until_the_hold_is_over() {
    let mut bench = transferring();
    bench.signal(Signal::Hold);
    bench.wait(Duration::from_secs(8));
    assert_eq!(fillers(&bench), 0);
    bench.signal(Signal::Unhold);
    bench.wait(Duration::from_secs(3));
    assert_eq!(fillers(&bench), 1);
}

#[test]
fn who_is_passed_on_hears_a_filler_soon_and_is_heard_again_if_it_fails() {
    let mut bench = transferring();
    assert_eq!(bench.due(Timer::Filler), Some(CallConfig::default().filler()));
    bench.now += Duration::from_secs(5);
    bench.signal(Signal::Transferred(Err(486)));
    assert_eq!(bench.due(Timer::Media), Some(CallConfig::default().media_timeout()));
}

#[test]
fn last_words_end_a_hold_and_ask_nothing() {
    for on_hold in [false, true] {
        let mut bench = Bench::new(false);
        if on_hold {
            bench.signal(Signal::Hold);
        }
        bench.signal(Signal::Drain);
        let ended = bench.count(|effect| matches!(effect, Effect::Leg(LegEffect::Unhold)));
        assert_eq!((ended, bench.machine.expecting()), (usize::from(on_hold), ExpectKind::Nothing));
    }
}
