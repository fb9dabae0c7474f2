use std::time::Duration;

use super::*;
use crate::sim::{ScriptedConfig, ScriptedRecognizer};
use crate::stt::{Answer, hearers};

fn recogniser() -> Hearers {
    hearers(&ScriptedRecognizer(ScriptedConfig::default()))
}

#[test]
fn a_partial_that_comes_after_its_final_says_nothing_twice() {
    let mut hearing = Hearing::new(Language::English, vec![recogniser()]);
    hearing.open(Samples::ZERO, Samples::ZERO, &mut VecDeque::new());
    let text = || Pii::new("definitely".to_owned());
    let (from, to) = (Samples(1_600), Samples(9_600));
    let fin = Event::Final { text: text(), from, to, confidence: 0.9, language: None };
    assert_eq!(hearing.handle(1, fin), News::Words { to, fin: true });
    assert_eq!(hearing.handle(1, Event::Partial { text: text(), stable: 0, from, to }), News::Nothing);
    assert_eq!(hearing.words(), "definitely");
}

fn hearing() -> Hearing {
    let mut hearing = Hearing::new(Language::English, vec![recogniser()]);
    hearing.open(Samples::ZERO, Samples::ZERO, &mut VecDeque::new());
    hearing
}

fn partial(text: &str, from: u64, to: u64) -> Event {
    let (from, to) = (Samples::from_millis(from), Samples::from_millis(to));
    Event::Partial { text: Pii::new(text.to_owned()), stable: 0, from, to }
}

#[test]
fn finals_and_what_the_recogniser_says_will_not_change_are_stable() {
    let mut recogniser = recogniser();
    recogniser.values_mut().for_each(|hearer| hearer.capabilities.partials = Partials::WithStable);
    let mut hearing = Hearing::new(Language::English, vec![recogniser]);
    hearing.open(Samples::ZERO, Samples::ZERO, &mut VecDeque::new());
    assert_eq!(hearing.stable_words(), None);
    let says = |text: &str, stable: usize, from, to| {
        let (from, to) = (Samples::from_millis(from), Samples::from_millis(to));
        Event::Partial { text: Pii::new(text.to_owned()), stable, from, to }
    };
    let (from, to) = (Samples::from_millis(100), Samples::from_millis(500));
    let text = Pii::new("No,".to_owned());
    hearing.handle(1, Event::Final { text, from, to, confidence: 1.0, language: None });
    assert_eq!(hearing.stable_words(), None, "all of them are");
    hearing.handle(1, says("not on Monday", "not".len(), 500, 1_200));
    assert_eq!(hearing.stable_words().as_deref(), Some("No, not"));
    hearing.handle(1, says("not on Monday.", "not on Monday".len(), 500, 1_300));
    assert_eq!(hearing.stable_words(), None, "a mark is no word");
    // Beyond the end, or within a character: as far as there are whole ones.
    hearing.handle(1, says("not été", "not é".len() - 1, 500, 1_400));
    assert_eq!(hearing.stable_words().as_deref(), Some("No, not"));
    hearing.handle(1, says("not été", 99, 500, 1_500));
    assert_eq!(hearing.stable_words(), None);
}

/// Where the newest session begins.
fn replayed(effects: &VecDeque<Effect>) -> Samples {
    let opened = effects.iter().rev().find_map(|effect| match effect {
        Effect::Stt(SttEffect::Open { replay_from, .. }) => Some(*replay_from),
        _ => None,
    });
    opened.expect("a session was opened")
}

#[test]
fn what_a_session_said_counts_until_the_next_one_has_said_more() {
    let (mut hearing, mut out) = (hearing(), VecDeque::new());
    hearing.handle(1, partial("two tickets", 1_000, 1_800));
    let (from, up_to) = (Samples::from_millis(1_000), Samples::from_millis(2_400));
    hearing.flush(from, up_to, &mut out);
    assert!(!hearing.was_asked_again());
    assert_eq!(hearing.lost(Failure::Passing, Samples::ZERO), Loss::Retry { after: Duration::ZERO });
    hearing.reopen(Some((from, Some(up_to))), up_to, &mut out);
    assert!(hearing.was_asked_again());
    assert_eq!(replayed(&out), Samples::from_millis(700));
    assert_eq!(hearing.words(), "two tickets");
    hearing.handle(3, partial("two", 1_000, 1_400));
    assert_eq!(hearing.words(), "two tickets");
    hearing.handle(3, partial("two tickets please", 1_000, 2_300));
    assert_eq!(hearing.words(), "two tickets please");
    assert_eq!(hearing.take(up_to), "two tickets please");
    assert_eq!(hearing.words(), "");
}

#[test]
fn a_session_that_answers_the_flush_has_the_last_word() {
    let (mut hearing, mut out) = (hearing(), VecDeque::new());
    hearing.handle(1, partial("too tickets", 1_000, 2_350));
    let (from, up_to) = (Samples::from_millis(1_000), Samples::from_millis(2_400));
    hearing.flush(from, up_to, &mut out);
    hearing.lost(Failure::Passing, Samples::ZERO);
    hearing.reopen(Some((from, Some(up_to))), up_to, &mut out);
    hearing.handle(3, partial("two tickets", 1_000, 2_300));
    assert_eq!(hearing.handle(3, Event::Flushed { up_to }), News::Flushed { from, to: up_to });
    assert_eq!(hearing.words(), "two tickets");
}

#[test]
fn debug_shows_no_word_of_the_caller() {
    let mut hearing = hearing();
    hearing.handle(1, partial("Anna", 1_000, 2_000));
    assert_eq!(hearing.words(), "Anna");
    assert!(!format!("{hearing:?}").contains("Anna"));
}

#[test]
fn words_that_can_no_longer_be_heard_again_are_kept_and_the_replay_follows_them() {
    let (mut hearing, mut out) = (hearing(), VecDeque::new());
    hearing.handle(1, partial("the beginning", 1_000, 3_000));
    hearing.lost(Failure::Passing, Samples::ZERO);
    hearing.reopen(Some((Samples::from_millis(1_000), None)), Samples::from_millis(11_500), &mut out);
    assert_eq!(replayed(&out), Samples::from_millis(3_000));
    hearing.handle(3, partial("and the end", 3_200, 12_000));
    assert_eq!(hearing.words(), "the beginning and the end");
}

#[test]
fn words_from_before_the_replay_are_kept_and_it_follows_them() {
    let (mut hearing, mut out) = (hearing(), VecDeque::new());
    hearing.handle(1, partial("please cancel", 1_000, 2_000));
    hearing.lost(Failure::Passing, Samples::ZERO);
    let (from, up_to) = (Samples::from_millis(2_100), Samples::from_millis(2_400));
    hearing.reopen(Some((from, Some(up_to))), up_to, &mut out);
    assert_eq!(replayed(&out), Samples::from_millis(2_000));
    hearing.handle(3, partial("it", 2_150, 2_350));
    assert_eq!(hearing.words(), "please cancel it");
}

/// The recogniser of the newest session.
fn opened(effects: &VecDeque<Effect>) -> usize {
    let opened = effects.iter().rev().find_map(|effect| match effect {
        Effect::Stt(SttEffect::Open { recogniser, .. }) => Some(*recogniser),
        _ => None,
    });
    opened.expect("a session was opened")
}

#[test]
fn a_recogniser_that_breaks_off_is_opened_once_more_and_one_that_lets_the_caller_wait_is_not() {
    use Failure::{Lasting, Passing};
    for (failures, asked) in [
        (vec![Passing, Passing, Passing], vec![0, 1, 1]),
        (vec![Lasting, Lasting, Lasting], vec![1, 0, 1]),
        (vec![Passing, Lasting, Passing], vec![0, 1, 1]),
        (vec![Lasting, Passing, Passing], vec![1, 1, 0]),
    ] {
        let mut hearing = Hearing::new(Language::English, vec![recogniser(); 2]);
        hearing.open(Samples::ZERO, Samples::ZERO, &mut VecDeque::new());
        let next = |how| {
            let mut out = VecDeque::new();
            assert!(matches!(hearing.lost(how, Samples::ZERO), Loss::Retry { .. }));
            hearing.reopen(None, Samples::ZERO, &mut out);
            opened(&out)
        };
        assert_eq!(failures.iter().copied().map(next).collect::<Vec<_>>(), asked, "{failures:?}");
    }
}

#[test]
fn every_session_begins_with_what_is_asked_and_with_the_names_after_it() {
    let names = ["Dr. Wong", "Dr. Kaur"].map(str::to_owned).to_vec();
    let mut hearing = hearing().knowing(names);
    let mut out = VecDeque::new();
    let phrases = ["Tuesday", "Dr. Kaur"].map(str::to_owned).to_vec();
    hearing.hint(Hints { phrases, ..Hints::default() }, &mut out);
    hearing.open(Samples::ZERO, Samples::ZERO, &mut out);
    let begun = out.iter().find_map(|effect| match effect {
        Effect::Stt(SttEffect::Open { setup, .. }) => Some(setup.hints.phrases.clone()),
        _ => None,
    });
    assert_eq!(begun.expect("a session was opened"), ["Tuesday", "Dr. Kaur", "Dr. Wong"]);
}

#[test]
fn what_is_asked_in_mid_session_leaves_the_names_likely() {
    let mut hearing = hearing().knowing(vec!["Dr. Wong".to_owned()]);
    let mut out = VecDeque::new();
    hearing.hint(Hints { phrases: Vec::new(), answer: Answer::InPieces }, &mut out);
    let told = out.iter().find_map(|effect| match effect {
        Effect::Stt(SttEffect::Input(Input::Hints(hints))) => Some(hints.clone()),
        _ => None,
    });
    assert_eq!(told, Some(Hints { phrases: vec!["Dr. Wong".to_owned()], answer: Answer::InPieces }));
}

#[test]
fn sessions_that_lasted_and_were_lost_one_by_one_never_make_the_ears_hopeless() {
    let mut hearing = hearing();
    for minute in 1..=20 {
        let now = Samples::from_millis(minute * 60_000);
        assert_eq!(hearing.lost(Failure::Passing, now), Loss::Retry { after: Duration::ZERO });
        hearing.reopen(None, now, &mut VecDeque::new());
    }
}
