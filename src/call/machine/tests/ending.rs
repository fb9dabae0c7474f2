//! What is still heard of a caller who is leaving, and how a call ends.

use super::*;
use crate::call::event::Gone;

fn said(bench: &Bench) -> Vec<&str> {
    bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Journal(Entry::Line { who: Who::Caller, text, .. }) => Some(text.reveal().as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn what_a_caller_said_just_before_hanging_up_is_in_the_transcript() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.partial("never mind", from, to);
    bench.signal(Signal::Gone(Gone::HungUp));
    bench.now += Duration::from_millis(500);
    bench.fin("Never mind, goodbye.", from, to);
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    assert_eq!((said(&bench), bench.ended()), (vec!["Never mind, goodbye."], Some(EndReason::Caller)));
    assert_eq!(bench.asked().len(), 0);
}

#[test]
fn keys_pressed_just_before_hanging_up_are_in_the_transcript() {
    let mut bench = Bench::new(false);
    for key in ['4', '2'] {
        bench.signal(Signal::Dtmf(key));
    }
    bench.signal(Signal::Gone(Gone::HungUp));
    bench.wait(Duration::from_secs(3));
    assert_eq!((said(&bench), bench.ended()), (vec!["4 2"], Some(EndReason::Caller)));
}

#[test]
fn a_health_cards_number_is_in_no_transcript_said_or_keyed() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.partial("my health card is", from, to);
    bench.signal(Signal::Gone(Gone::HungUp));
    bench.now += Duration::from_millis(500);
    bench.fin("My health card is 9698 658 215.", from, to);
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    assert_eq!(said(&bench), ["My health card is [card 1]."]);

    let mut bench = Bench::new(false);
    for key in "1234567897".chars() {
        bench.signal(Signal::Dtmf(key));
    }
    bench.signal(Signal::Gone(Gone::HungUp));
    bench.wait(Duration::from_secs(3));
    assert_eq!(said(&bench), ["[card 1]"]);
}

#[test]
fn a_recogniser_that_does_not_answer_holds_up_no_end() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.partial("never mind", from, to);
    bench.signal(Signal::Gone(Gone::HungUp));
    let hung_up = bench.now;
    bench.wait(Duration::from_secs(10));
    assert_eq!((said(&bench), bench.ended()), (vec!["never mind"], Some(EndReason::Caller)));
    assert!(bench.now.since(hung_up) <= crate::call::settings::deadline::STT_FLUSH);
}

#[test]
fn nothing_is_sent_and_nothing_else_counts_while_the_last_words_are_awaited() {
    let mut bench = Bench::new(false);
    bench.voice();
    bench.signal(Signal::Gone(Gone::HungUp));
    let so_far = bench.effects.len();
    assert_eq!(bench.count(|effect| matches!(effect, Effect::Leg(crate::call::effect::LegEffect::Hold))), 1);
    bench.signal(Signal::Dtmf('1'));
    bench.signal(Signal::Gone(Gone::Lost));
    bench.voice();
    bench.signal(Signal::Drain);
    assert_eq!(bench.effects.len(), so_far);
    bench.wait(Duration::from_secs(3));
    assert_eq!(bench.ended(), Some(EndReason::Caller));
}

#[test]
fn a_caller_who_said_nothing_more_leaves_at_once() {
    let mut bench = Bench::new(false);
    bench.signal(Signal::Gone(Gone::HungUp));
    assert_eq!(bench.ended(), Some(EndReason::Caller));
}

#[test]
fn a_fax_ends_the_call_once_and_nothing_follows() {
    let mut bench = Bench::new(false);
    let at = bench.clock();
    bench.leg(&Output::FaxTone { at });
    assert_eq!(bench.ended(), Some(EndReason::Fax));
    let so_far = bench.effects.len();
    assert!(matches!(bench.effects.last(), Some(Effect::End(EndReason::Fax))));
    bench.leg(&Output::FaxTone { at });
    bench.signal(Signal::Gone(Gone::HungUp));
    bench.voice();
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.effects.len(), so_far);
}
