//! Voices over the agent: which of them take the floor, and what goes on if they do not.

use super::*;
use crate::call::settings::deadline;

/// The agent answers, and two seconds of it wait to be heard.
fn answering() -> Bench {
    answering_to(stt::Partials::Changing)
}

/// The same, with a recogniser that says so much of its partials.
fn answering_to(partials: stt::Partials) -> Bench {
    let mut setup = setup(false);
    setup.recognisers[0].values_mut().for_each(|hearer| hearer.capabilities.partials = partials);
    let mut bench = Bench::answered(setup);
    bench.say("When are you open?");
    bench.speaks("We are open from nine to five. ", 32_000);
    bench
}

impl Bench {
    /// Words so far, of which these at the beginning will not change.
    fn says(&mut self, stable: &str, open: &str, from: Samples) {
        self.now += Duration::from_millis(300);
        let (text, stable, to) = (Pii::new(format!("{stable}{open}")), stable.len(), self.clock());
        self.stt(stt::Event::Partial { text, stable, from, to });
    }
}

fn begins(bench: &mut Bench, echo: f32) -> Samples {
    let at = bench.clock();
    bench.leg(&Output::SpeechStart { at, echo });
    at
}

fn is_contested(bench: &Bench) -> bool {
    matches!(bench.machine.floor(), Floor::Contested { .. })
}

#[test]
fn the_record_says_where_the_end_of_a_line_that_was_cut_is_estimated() {
    for (exact, estimated) in [(Some(true), 0), (Some(false), 1), (None, 1)] {
        let mut bench = Bench::new(false);
        bench.say("When are you open?");
        let id = bench.speaks("We are open from nine to five. ", 64_000);
        if let Some(exact) = exact {
            bench.event(Event::Tts(tts::Event::Word { id, at: 0, len: 6, from: 0, to: 8_000, exact }));
        }
        bench.leg(&Output::Played { id, samples: 16_000 });
        let (from, to) = bench.voice();
        bench.fin("No, on Saturday", from, to);
        let said = bench.count(
            |effect| matches!(effect, Effect::Journal(Entry::Line { who: Who::Agent, text, cut: true, .. }) if text.reveal() == "We are"),
        );
        let told = bench.count(|effect| matches!(effect, Effect::Journal(Entry::Estimated { turn: 1, .. })));
        assert_eq!((said, told), (1, estimated), "{exact:?}");
    }
}

#[test]
fn a_yes_over_a_question_is_its_answer_and_over_anything_else_an_acknowledgement() {
    for is_question in [true, false] {
        let mut bench = Bench::new(false);
        bench.say("I want to cancel.");
        if is_question {
            bench.agent(agent::Event::Expect(Expect { kind: ExpectKind::YesNo, ..Expect::default() }));
        }
        bench.speaks("The one on Monday? ", 32_000);
        let from = begins(&mut bench, 0.0);
        bench.partial("Yes", from, from + Samples::from_millis(300));
        assert_eq!(matches!(bench.machine.floor(), Floor::Caller { .. }), is_question);
        assert_eq!(bench.machine.counters().barge_ins, u32::from(is_question));
    }
}

#[test]
fn a_word_that_the_next_partial_takes_back_does_not_drop_the_answer() {
    for (partials, interrupts) in [(stt::Partials::WithStable, false), (stt::Partials::Changing, true)] {
        let mut bench = answering_to(partials);
        let from = begins(&mut bench, 0.0);
        assert!(bench.paused, "to wait costs the caller nothing");
        bench.says("", "A cup", from);
        assert_eq!(bench.machine.counters().barge_ins, u32::from(interrupts), "{partials:?}");
        if interrupts {
            continue;
        }
        bench.says("", "Uh-huh", from);
        let to = bench.clock();
        bench.leg(&Output::SpeechEnd { at: to });
        bench.fin("Uh-huh.", from, to);
        bench.stt(stt::Event::Flushed { up_to: to });
        let counters = bench.machine.counters();
        assert_eq!((bench.machine.floor(), counters.barge_ins, counters.false_barge_ins), (Floor::Agent, 0, 1));
        assert!(!bench.paused && bench.machine.poll_audio(320).is_some(), "the agent goes on");
    }
}

#[test]
fn words_that_stay_interrupt_at_once_and_an_acknowledgement_before_words_that_may_not_does_not() {
    let mut bench = answering_to(stt::Partials::WithStable);
    let from = begins(&mut bench, 0.0);
    bench.says("Okay", " but", from);
    assert!(is_contested(&bench));
    bench.says("Okay but", " Saturday", from);
    assert!(matches!(bench.machine.floor(), Floor::Caller { .. }), "{:?}", bench.machine.floor());
    // What was said before a partial is as stable as it can be.
    let mut bench = answering_to(stt::Partials::WithStable);
    let from = begins(&mut bench, 0.0);
    bench.says("", "What about", from);
    assert!(is_contested(&bench));
    let to = bench.clock();
    bench.fin("What about", from, to);
    assert!(matches!(bench.machine.floor(), Floor::Caller { .. }), "{:?}", bench.machine.floor());
}

#[test]
fn words_that_nobody_confirms_interrupt_when_their_time_is_over() {
    let budget = Duration::from_millis(CallConfig::default().barge_in_budget_ms);
    for stops in [true, false] {
        let mut bench = answering_to(stt::Partials::WithStable);
        let from = begins(&mut bench, 0.0);
        bench.says("", "What about Saturday", from);
        if stops {
            bench.leg(&Output::SpeechEnd { at: bench.clock() });
        }
        assert!(is_contested(&bench));
        bench.later(if stops { budget } else { Duration::from_secs(5) });
        // Who stopped so long ago has finished by then.
        let floor = bench.machine.floor();
        let is_callers =
            if stops { matches!(floor, Floor::Settling { .. }) } else { matches!(floor, Floor::Caller { .. }) };
        assert!(is_callers, "{floor:?}");
        assert_eq!(bench.machine.counters().barge_ins, 1);
    }
}

#[test]
fn a_voice_without_words_is_contested_for_5_s_and_for_its_budget_once_it_has_stopped() {
    let mut bench = answering();
    begins(&mut bench, 0.0);
    assert_eq!(bench.due(Timer::Contest), Some(Duration::from_secs(5)));
    bench.now += Duration::from_secs(2);
    bench.leg(&Output::SpeechEnd { at: bench.clock() });
    let budget = Duration::from_millis(CallConfig::default().barge_in_budget_ms);
    assert_eq!(bench.due(Timer::Contest), Some(budget));
    bench.now += budget / 2;
    begins(&mut bench, 0.0);
    assert_eq!(bench.due(Timer::Contest), Some(Duration::from_secs(5)));
}

#[test]
fn a_sound_that_the_recogniser_found_no_words_in_is_done_with_and_the_agent_goes_on() {
    let mut bench = answering();
    let (_, to) = bench.voice();
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!((bench.machine.floor(), bench.machine.counters().false_barge_ins), (Floor::Agent, 1));
    // The answer is there: no filler is needed, and no words are awaited.
    assert_eq!((bench.due(Timer::Filler), bench.due(Timer::Flush)), (None, None));
}

#[test]
fn what_the_recogniser_has_not_answered_is_still_awaited_while_the_agent_goes_on() {
    let mut bench = answering();
    bench.voice();
    bench.later(Duration::from_millis(CallConfig::default().barge_in_budget_ms));
    assert_eq!((bench.machine.floor(), bench.due(Timer::Flush)), (Floor::Agent, Some(deadline::STT_FLUSH)));
}

#[test]
fn an_agent_that_goes_on_without_an_answer_yet_covers_the_wait_anew() {
    let mut bench = Bench::new(false);
    bench.say("When are you open?");
    let (_, to) = bench.voice();
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!((bench.machine.floor(), bench.due(Timer::Filler)), (Floor::Agent, Some(CallConfig::default().filler())));
}

#[test]
fn only_a_final_takes_the_floor_after_the_agent_has_gone_on_or_words_that_no_final_will_confirm() {
    for confirmed in [true, false] {
        let mut bench = answering();
        let (from, to) = bench.voice();
        bench.later(Duration::from_millis(CallConfig::default().barge_in_budget_ms));
        bench.partial("What about Saturday", from, to);
        assert_eq!(bench.machine.floor(), Floor::Agent);
        if confirmed {
            bench.fin("What about Saturday?", from, to);
        } else {
            bench.stt(stt::Event::Flushed { up_to: to });
        }
        assert!(matches!(bench.machine.floor(), Floor::Caller { .. }), "{:?}", bench.machine.floor());
    }
}

#[test]
fn a_noise_that_the_agent_went_on_over_does_not_count_until_it_ends() {
    let mut bench = answering();
    begins(&mut bench, 0.0);
    bench.later(Duration::from_secs(5));
    assert_eq!(bench.machine.floor(), Floor::Agent);
    begins(&mut bench, 0.0);
    assert_eq!(bench.machine.floor(), Floor::Agent);
    bench.leg(&Output::SpeechEnd { at: bench.clock() });
    begins(&mut bench, 0.0);
    assert!(is_contested(&bench));
}

#[test]
fn a_voice_behind_our_echo_is_heard_after_three_slots_but_not_on_hold() {
    for on_hold in [false, true] {
        let mut bench = answering();
        let at = begins(&mut bench, 0.9);
        assert_eq!(bench.machine.floor(), Floor::Agent);
        if on_hold {
            bench.signal(Signal::Hold);
        }
        for slot in 1..=3 {
            assert_eq!(bench.machine.floor(), Floor::Agent);
            bench.leg(&Output::Speaking { at: at + Samples::from_slots(slot), echo: 0.0, level_db: -20.0 });
        }
        assert_eq!(is_contested(&bench), !on_hold);
    }
}

#[test]
fn an_echo_is_likelier_than_the_threshold_and_back_within_half_a_second() {
    let threshold = CallConfig::default().echo_threshold;
    let mut bench = answering();
    begins(&mut bench, threshold);
    assert!(is_contested(&bench));
    for (after, is_echo) in [(499, true), (500, false)] {
        let mut bench = Bench::new(false);
        bench.now += Duration::from_millis(after);
        begins(&mut bench, 0.9);
        assert_eq!(bench.machine.floor() == Floor::Open, is_echo, "after {after} ms");
    }
}

#[test]
fn an_interruption_cancels_a_thought_that_goes_on_and_no_other() {
    for goes_on in [true, false] {
        let mut bench = answering();
        if !goes_on {
            bench.agent(agent::Event::Done);
        }
        let from = begins(&mut bench, 0.0);
        bench.partial("What about Saturday", from, from + Samples::from_millis(600));
        assert!(matches!(bench.machine.floor(), Floor::Caller { .. }));
        let cancelled = bench.count(|effect| matches!(effect, Effect::CancelThought));
        assert_eq!(cancelled, usize::from(goes_on));
    }
}

#[test]
fn a_caller_who_goes_on_cuts_the_filler_off() {
    let mut bench = Bench::new(false);
    bench.voice();
    bench.settle();
    bench.later(CallConfig::default().filler());
    assert_eq!(bench.machine.counters().fillers, 1);
    assert!(bench.machine.poll_audio(320).is_some());
    begins(&mut bench, 0.0);
    assert!(bench.machine.poll_audio(320).is_none());
    assert_eq!(bench.count(|effect| matches!(effect, Effect::Leg(LegEffect::Mute))), 1);
}
