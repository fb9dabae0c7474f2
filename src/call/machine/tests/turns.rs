//! Keys beside sounds, and voices in which no words are found.

use super::*;

#[test]
fn a_click_heard_with_a_key_does_not_shorten_the_wait_for_the_next_key() {
    let mut bench = Bench::new(false);
    for digit in ['1', '2', '3'] {
        bench.signal(Signal::Dtmf(digit));
        let from = bench.clock();
        bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
        bench.now += Duration::from_millis(100);
        let at = bench.clock();
        bench.leg(&Output::SpeechEnd { at });
        // The next key follows 1.5 s after this one.
        bench.now += Duration::from_millis(1_400);
        while bench.machine.poll_timeout() <= bench.now {
            bench.machine.handle(bench.now, Input::Timeout);
            bench.collect();
        }
        assert!(matches!(bench.machine.floor(), Floor::Caller { .. }), "after {digit}: {:?}", bench.machine.floor());
    }
}

#[test]
fn a_caller_of_whom_no_word_was_understood_is_asked_to_repeat() {
    let mut bench = Bench::new(false);
    let (_, to) = bench.voice();
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: to });
    let (_, audio) = bench.machine.poll_audio(8_000).expect("the caller is asked to repeat");
    assert!(!audio.is_empty());
    assert_eq!(bench.machine.floor(), Floor::Agent);
}

#[test]
fn a_cough_is_not_answered() {
    let mut bench = Bench::new(false);
    let from = bench.clock();
    bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
    bench.now += Duration::from_millis(400);
    let to = bench.clock();
    bench.leg(&Output::SpeechEnd { at: to });
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!(bench.machine.floor(), Floor::Open);
}

#[test]
fn noise_is_not_asked_to_repeat_for_ever() {
    let mut bench = Bench::new(false);
    for _ in 0..5 {
        let (_, to) = bench.voice();
        bench.settle();
        bench.stt(stt::Event::Flushed { up_to: to });
        bench.hear_out();
    }
    let asked = bench
        .count(|effect| matches!(effect, Effect::Journal(Entry::Line { text, .. }) if text.reveal() == "RepeatPlease"));
    assert_eq!(asked, 2);
}

#[test]
fn keys_that_come_as_tones_and_by_message_are_said_once() {
    let mut bench = Bench::new(false);
    for digit in ['4', '4', '2'] {
        let at = bench.clock();
        bench.leg(&Output::Dtmf { digit, at });
        bench.now += Duration::from_millis(150);
        bench.signal(Signal::Dtmf(digit));
        bench.now += Duration::from_millis(350);
    }
    bench.settle();
    let up_to = bench.clock();
    bench.stt(stt::Event::Flushed { up_to });
    assert_eq!(bench.caller_lines(), ["4 4 2"]);
}

#[test]
fn a_hash_key_that_ends_nothing_does_not_cut_the_answer_off() {
    let mut bench = Bench::new(false);
    bench.signal(Signal::Dtmf('4'));
    bench.settle();
    let up_to = bench.clock();
    bench.stt(stt::Event::Flushed { up_to });
    assert_eq!(bench.asked().len(), 1);
    // The caller closes the number late, as telephones teach it.
    bench.signal(Signal::Dtmf('#'));
    assert_eq!(bench.count(|effect| matches!(effect, Effect::CancelThought)), 0);
    assert_eq!(bench.machine.floor(), Floor::Agent);
}

#[test]
fn a_key_that_never_stops_neither_grows_the_turn_nor_keeps_it_open() {
    let mut bench = Bench::new(false);
    let mut pressed = 0;
    while bench.asked().is_empty() && pressed < 1_000 {
        bench.signal(Signal::Dtmf('5'));
        pressed += 1;
        bench.now += Duration::from_millis(250);
        while bench.machine.poll_timeout() <= bench.now {
            bench.machine.handle(bench.now, Input::Timeout);
            bench.collect();
        }
        if matches!(bench.machine.floor(), Floor::Settling { .. }) {
            let up_to = bench.clock();
            bench.stt(stt::Event::Flushed { up_to });
        }
    }
    assert!(pressed < 50, "{pressed} keys");
    assert_eq!(bench.caller_lines()[0].split(' ').count(), 32);
}

/// The timeline of the newest answer.
fn timeline(bench: &Bench) -> TurnTimeline {
    let turns = bench.effects.iter().rev();
    let mut turns =
        turns.filter_map(|effect| if let Effect::Journal(Entry::Turn(turn)) = effect { Some(turn) } else { None });
    turns.next().expect("an answer was heard").clone()
}

/// The agent's answer, and a voice that says it at once.
fn answer(bench: &mut Bench) {
    bench.agent(agent::Event::Text(Pii::new("It is closed. ".to_owned())));
    bench.agent(agent::Event::Done);
    let begun = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Tts { input: crate::tts::Input::Begin { id, .. }, .. } => Some(*id),
        _ => None,
    });
    let id = begun.expect("a voice is asked");
    let audio = vec![1; 3_200].into();
    bench.event(Event::Tts(crate::tts::Event::Audio { id, audio }));
    bench.event(Event::Tts(crate::tts::Event::Done { id, samples: 3_200 }));
    bench.hear_out();
}

#[test]
fn an_answer_counts_from_the_last_word_and_its_own_share_leaves_out_the_waits() {
    let mut bench = Bench::new(false);
    bench.say("are you open");
    bench.now += Duration::from_millis(500);
    answer(&mut bench);
    let turn = timeline(&bench);
    // It is reported played once it was: 200 ms later.
    let waited = Duration::from_millis(CallConfig::default().endpoint_ms + 500);
    assert_eq!(turn.response(), Some(waited + Duration::from_millis(200)), "{turn:?}");
    assert_eq!(turn.own_share(), Some(Duration::from_millis(200)), "{turn:?}");
}

#[test]
fn an_answer_that_was_dropped_unheard_leaves_no_stage_to_the_next() {
    let mut bench = Bench::new(false);
    bench.say("are you open");
    bench.agent(agent::Event::Text(Pii::new("It is closed. ".to_owned())));
    let stale = bench.machine.turn.first_token_us.expect("it came");
    let (from, to) = bench.voice();
    bench.fin("on Sunday I mean", from, to);
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: to });
    bench.now += Duration::from_millis(500);
    answer(&mut bench);
    let turn = timeline(&bench);
    assert!(turn.first_token_us > Some(stale), "{turn:?}");
    assert!(turn.own_share().is_some(), "{turn:?}");
}

#[test]
fn an_answer_to_words_and_keys_is_not_counted_from_the_words() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.signal(Signal::Dtmf('4'));
    bench.settle();
    bench.fin("my number is", from, to);
    bench.stt(stt::Event::Flushed { up_to: to });
    answer(&mut bench);
    assert_eq!(timeline(&bench).response(), None);
}

#[test]
fn the_timeline_of_a_turn_has_every_stage_of_it_the_filler_and_the_interruption_too() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.settle();
    // The filler comes before the last words.
    bench.later(CallConfig::default().filler());
    bench.fin("are you open", from, to);
    bench.stt(stt::Event::Flushed { up_to: to });
    answer(&mut bench);
    let turn = timeline(&bench);
    assert_eq!((turn.turn, turn.cut, bench.machine.counters().turns), (1, false, 1), "{turn:?}");
    assert!(turn.stt_final_us.is_some() && turn.filler_us.is_some() && turn.finished_us.is_some(), "{turn:?}");
    assert_eq!(turn.finished_us, turn.first_packet_us, "it was reported at its end");
    bench.say("and on Sunday");
    let id = bench.speaks("It is closed on Sundays. ", 32_000);
    bench.leg(&Output::Played { id, samples: 320 });
    let from = bench.clock();
    bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
    bench.partial("what about Monday", from, from + Samples::from_millis(600));
    let turn = timeline(&bench);
    assert_eq!((turn.turn, turn.cut), (2, true), "{turn:?}");
}

#[test]
fn an_answer_in_two_parts_is_twice_in_the_journal_and_of_one_turn() {
    let mut bench = Bench::new(false);
    bench.say("are you open");
    for _ in 0..2 {
        let id = bench.speaks("One moment please. ", 3_200);
        bench.agent(agent::Event::ToolStarted { name: "hours" });
        bench.event(Event::Tts(crate::tts::Event::Done { id, samples: 3_200 }));
        bench.hear_out();
        assert_eq!(timeline(&bench).turn, 1);
        bench.agent(agent::Event::ToolDone { name: "hours", ok: true });
    }
    assert_eq!(bench.count(|effect| matches!(effect, Effect::Journal(Entry::Turn(turn)) if turn.turn == 1)), 2);
}

#[test]
fn the_first_session_knows_whom_callers_ask_for_before_anything_is_asked() {
    let bench = Bench::ringing(setup(false));
    let known = |effect: &Effect| match effect {
        Effect::Stt(SttEffect::Open { setup, .. }) => setup.hints.phrases == ["Dr. Wong", "Dr. Kaur"],
        _ => false,
    };
    assert_eq!(bench.count(known), 1);
}

#[test]
fn letters_are_heard_piece_by_piece_as_digits_are() {
    use stt::Answer::{Free, InPieces, Short};
    for (kind, answer) in [
        (ExpectKind::Spelling, InPieces),
        (ExpectKind::Name, InPieces),
        (ExpectKind::YesNo, Short),
        (ExpectKind::Nothing, Free),
    ] {
        let mut bench = Bench::new(false);
        bench.say("I want to be called back");
        bench.agent(agent::Event::Expect(Expect { kind, ..Expect::default() }));
        let id = bench.speaks("Your name, please? ", 32_000);
        bench.leg(&Output::Played { id, samples: 320 });
        let told = bench.effects.iter().rev().find_map(|effect| match effect {
            Effect::Stt(SttEffect::Input(stt::Input::Hints(hints))) => Some(hints.answer),
            _ => None,
        });
        assert_eq!(told.unwrap_or_default(), answer, "{kind:?}");
    }
}

#[test]
fn what_is_asked_is_known_to_the_recogniser_from_the_moment_it_is_heard_and_said_once() {
    let asked = Expect { kind: ExpectKind::Phone, ..Expect::default() };
    let hints = |bench: &Bench| {
        let digits = |effect: &Effect| matches!(effect, Effect::Stt(SttEffect::Input(stt::Input::Hints(h))) if h.answer == stt::Answer::InPieces);
        bench.count(digits)
    };
    for expect_first in [true, false] {
        let mut bench = Bench::new(false);
        bench.say("I want to be called back");
        if expect_first {
            bench.agent(agent::Event::Expect(asked.clone()));
        }
        let id = bench.speaks("At which number? ", 32_000);
        if !expect_first {
            bench.agent(agent::Event::Expect(asked.clone()));
        }
        assert_eq!(bench.begun(), id, "it is one utterance");
        assert_eq!((hints(&bench), bench.machine.asked.kind), (0, ExpectKind::Free));
        for samples in [320, 640] {
            bench.leg(&Output::Played { id, samples });
            assert_eq!((hints(&bench), bench.machine.asked.kind), (1, ExpectKind::Phone));
        }
    }
}
