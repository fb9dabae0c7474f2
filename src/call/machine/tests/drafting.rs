//! Answers begun before the turn is final: heard if the turn ends with the same words, and never otherwise.

use super::*;
use crate::tts;

fn text(words: &str) -> agent::Event {
    agent::Event::Text(Pii::new(words.to_owned()))
}

const WORDS: &str = "are you open on Saturday";

impl Bench {
    /// The caller has said these words, and the recogniser thinks that this may be all.
    fn may_have_finished(&mut self, words: &str) -> (Samples, Samples) {
        let (from, to) = self.voice();
        self.partial(words, from, to);
        self.stt(stt::Event::EagerEnd { at: to });
        (from, to)
    }

    fn ends(&mut self, words: &str, (from, to): (Samples, Samples)) {
        self.stt(stt::Event::EndOfTurn { at: to, confidence: 0.9 });
        self.settle();
        self.fin(words, from, to);
        self.stt(stt::Event::Flushed { up_to: to });
    }

    fn confirmed(&self) -> usize {
        self.count(|effect| matches!(effect, Effect::ConfirmThought))
    }

    fn cancelled(&self) -> usize {
        self.count(|effect| matches!(effect, Effect::CancelThought))
    }

    fn spoken(&self) -> String {
        let piece = |effect: &Effect| match effect {
            Effect::Tts { input: tts::Input::Text { text, .. }, .. } => Some(text.reveal().clone()),
            _ => None,
        };
        self.effects.iter().filter_map(piece).collect()
    }
}

#[test]
fn a_draft_is_heard_when_the_turn_ends_with_its_words_and_not_before() {
    let mut bench = Bench::new(false);
    let voice = bench.may_have_finished(WORDS);
    assert!(bench.asked()[0].draft);
    assert_eq!(bench.caller_lines(), [WORDS]);
    bench.agent(text("Yes, until one. "));
    bench.agent(agent::Event::Done);
    assert_eq!((bench.spoken().as_str(), bench.confirmed()), ("", 0));
    // A comma is no other word.
    bench.ends("Are you open, on Saturday?", voice);
    assert_eq!(bench.asked().len(), 1, "the agent is not asked again");
    assert_eq!((bench.spoken().as_str(), bench.confirmed(), bench.cancelled()), ("Yes, until one. ", 1, 0));
    assert_eq!(bench.machine.counters().drafts_used, 1);
    let lines = bench.count(|effect| matches!(effect, Effect::Journal(Entry::Line { who: Who::Caller, .. })));
    assert_eq!(lines, 1);
}

#[test]
fn no_model_is_shown_a_part_of_what_is_read_piece_by_piece() {
    use ExpectKind::{BirthDate, Card, Digits, Name, Phone, Spelling, YesNo};
    for kind in [Name, Phone, BirthDate, Card, Spelling, Digits, YesNo] {
        let mut bench = Bench::new(false);
        bench.say("I want to be called back");
        bench.agent(agent::Event::Expect(Expect { kind, ..Expect::default() }));
        bench.speaks("At which number? ", 32_000);
        bench.agent(agent::Event::Done);
        bench.event(Event::Tts(tts::Event::Done { id: bench.begun(), samples: 32_000 }));
        bench.hear_out();
        bench.may_have_finished("six oh four five");
        assert_eq!(bench.asked().iter().filter(|turn| turn.draft).count(), usize::from(kind == YesNo), "{kind:?}");
    }
}

#[test]
fn what_comes_of_a_draft_after_the_turn_is_final_is_heard_as_it_comes() {
    let mut bench = Bench::new(false);
    let voice = bench.may_have_finished(WORDS);
    bench.ends(WORDS, voice);
    assert_eq!(bench.confirmed(), 1);
    bench.agent(text("Yes, until one. "));
    bench.agent(agent::Event::ToolStarted { name: "clinic_info" });
    assert_eq!(bench.spoken(), "Yes, until one. ");
}

#[test]
fn a_caller_who_goes_on_drops_the_draft_and_is_answered_anew() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.may_have_finished("are you open");
    bench.agent(text("Yes, we are. "));
    bench.stt(stt::Event::Resumed { at: to });
    assert_eq!(bench.cancelled(), 1);
    bench.agent(text("Come in. "));
    bench.partial(WORDS, from, to);
    bench.ends(WORDS, (from, to));
    assert_eq!((bench.asked().len(), bench.confirmed(), bench.spoken().as_str()), (2, 0, ""));
    assert!(!bench.asked()[1].draft);
    assert_eq!(bench.caller_lines(), [WORDS]);
    let counters = bench.machine.counters();
    assert_eq!((counters.drafts, counters.drafts_used), (1, 0));
}

#[test]
fn other_words_drop_the_draft_though_nobody_said_that_the_caller_went_on() {
    let mut bench = Bench::new(false);
    let voice = bench.may_have_finished("are you open");
    bench.agent(text("Yes, we are. "));
    bench.ends(WORDS, voice);
    assert_eq!((bench.asked().len(), bench.confirmed(), bench.cancelled()), (2, 0, 1));
    bench.agent(text("Until one. "));
    bench.agent(agent::Event::Done);
    assert_eq!(bench.spoken(), "Until one. ");
}

#[test]
fn a_draft_that_failed_costs_nothing_and_the_turn_is_answered() {
    let mut bench = Bench::new(false);
    let voice = bench.may_have_finished(WORDS);
    bench.agent(agent::Event::Failed(refused()));
    bench.ends(WORDS, voice);
    assert_eq!((bench.asked().len(), bench.confirmed()), (2, 0));
    assert_eq!(bench.count(|effect| matches!(effect, Effect::Journal(Entry::Recovered { .. }))), 0);
}

#[test]
fn a_turn_is_drafted_three_times_at_most_and_the_same_words_once() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.may_have_finished("one");
    bench.stt(stt::Event::EagerEnd { at: to });
    assert_eq!(bench.asked().len(), 1);
    for words in ["one two", "one two three", "one two three four", "one two three four five"] {
        bench.partial(words, from, to);
        bench.stt(stt::Event::EagerEnd { at: to });
    }
    assert_eq!((bench.asked().len(), bench.cancelled()), (3, 3));
    bench.ends("one two three four five", (from, to));
    assert_eq!((bench.asked().len(), bench.confirmed()), (4, 0));
}

#[test]
fn nothing_is_drafted_over_the_agent_nor_beside_keys_nor_without_words() {
    let mut bench = Bench::new(false);
    let (_, to) = bench.voice();
    bench.stt(stt::Event::EagerEnd { at: to });
    bench.signal(Signal::Dtmf('4'));
    bench.may_have_finished("four");
    assert_eq!(bench.asked().len(), 0);

    let mut bench = Bench::new(false);
    bench.say(WORDS);
    let asked = bench.asked().len();
    bench.stt(stt::Event::EagerEnd { at: to });
    assert_eq!(bench.asked().len(), asked, "the agent has the floor");
}

#[test]
fn a_call_that_ends_drops_its_draft() {
    let mut bench = Bench::new(false);
    bench.may_have_finished(WORDS);
    bench.signal(Signal::Gone(crate::call::event::Gone::HungUp));
    assert_eq!((bench.cancelled(), bench.confirmed()), (1, 0));
}

#[test]
fn a_refusal_to_be_recorded_is_answered_by_itself_and_its_draft_dropped() {
    let mut bench = Bench::new(true);
    let words = "please do not record this call";
    let voice = bench.may_have_finished(words);
    bench.agent(text("Of course. "));
    bench.ends(words, voice);
    assert_eq!((bench.confirmed(), bench.cancelled()), (0, 1));
    assert_eq!(bench.spoken(), "");
}

#[test]
fn nothing_is_drafted_on_hold() {
    let mut bench = Bench::new(false);
    let (from, to) = bench.voice();
    bench.partial(WORDS, from, to);
    bench.signal(Signal::Hold);
    bench.stt(stt::Event::EagerEnd { at: to });
    assert_eq!(bench.asked().len(), 0);
}

#[test]
fn a_draft_that_is_used_before_it_says_anything_has_the_deadline_of_any_answer_and_nothing_of_an_older_one() {
    let mut bench = Bench::new(false);
    let voice = bench.may_have_finished(WORDS);
    let turn = bench.asked()[0].number - 1;
    bench.event(Event::Agent { turn, event: text("No, never ever. And") });
    bench.ends(WORDS, voice);
    assert_eq!((bench.spoken().as_str(), bench.confirmed()), ("", 1));
    assert_eq!(bench.due(Timer::Agent), Some(crate::call::settings::deadline::AGENT_EVENT));
}
