//! Voices in which a recogniser that is at work finds no word: another one hears them again, once.

use super::*;
use crate::stt::{Capabilities, Hearer, Hearers, Partials};

/// So many recognisers, of these numbers.
pub(super) fn heard_by(numbers: &[usize]) -> Bench {
    let capabilities = Capabilities { partials: Partials::Changing, end_of_turn: false };
    let hearers = |who: &usize| Hearers::from([(Language::English, Hearer { who: *who, capabilities })]);
    Bench::answered(Setup { recognisers: numbers.iter().map(hearers).collect(), ..setup(false) })
}

/// The places of all sessions so far.
pub(super) fn sessions(bench: &Bench) -> Vec<usize> {
    let place = |effect: &Effect| match effect {
        Effect::Stt(SttEffect::Open { recogniser, .. }) => Some(*recogniser),
        _ => None,
    };
    bench.effects.iter().filter_map(place).collect()
}

fn missed(bench: &Bench) -> usize {
    bench.count(|effect| matches!(effect, Effect::Stt(SttEffect::Missed)))
}

fn repeats(bench: &Bench) -> usize {
    bench.hears("RepeatPlease")
}

impl Bench {
    fn hears(&self, wanted: &str) -> usize {
        self.count(|effect| matches!(effect, Effect::Journal(Entry::Line { text, .. }) if text.reveal() == wanted))
    }

    /// A voice of one second of which the present session says that it has no words.
    fn wordless_voice(&mut self) -> (Samples, Samples) {
        let (from, to) = self.voice();
        self.settle();
        self.stt(stt::Event::Flushed { up_to: to });
        (from, to)
    }
}

#[test]
fn words_that_one_recogniser_does_not_find_are_found_by_the_next_which_stays() {
    let mut bench = heard_by(&[0, 1]);
    let (from, to) = bench.wordless_voice();
    assert_eq!((sessions(&bench), bench.machine.floor()), (vec![0, 1], Floor::Settling { from, last: to }));
    let replayed = bench.effects.iter().rev().find_map(|effect| match effect {
        Effect::Stt(SttEffect::Open { replay_from, .. }) => Some(*replay_from),
        _ => None,
    });
    assert!(replayed.is_some_and(|begin| begin <= from), "{replayed:?}");
    bench.stt(stt::Event::Ready);
    bench.fin("Are you open?", from, to);
    assert_eq!(missed(&bench), 1);
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!(bench.caller_lines(), ["Are you open?"]);
    // Who missed words is not asked again, whatever the next one does not find.
    bench.speaks("We are. ", 3_200);
    bench.agent(agent::Event::Done);
    bench.event(Event::Tts(tts::Event::Done { id: bench.begun(), samples: 3_200 }));
    bench.hear_out();
    bench.wordless_voice();
    bench.hear_out();
    assert_eq!((sessions(&bench), missed(&bench), repeats(&bench)), (vec![0, 1], 1, 1));
}

#[test]
fn a_noise_costs_one_session_and_is_nobodys_fault() {
    let mut bench = heard_by(&[0, 1, 2]);
    let (_, to) = bench.wordless_voice();
    bench.stt(stt::Event::Ready);
    bench.stt(stt::Event::Flushed { up_to: to });
    bench.hear_out();
    assert_eq!((sessions(&bench), missed(&bench), repeats(&bench)), (vec![0, 1], 0, 1));
    // The next noise costs one more, and leads back to whom the clinic wants first.
    let (_, to) = bench.wordless_voice();
    bench.stt(stt::Event::Ready);
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!((sessions(&bench), missed(&bench)), (vec![0, 1, 0], 0));
}

#[test]
fn noises_without_end_cost_two_sessions_until_there_are_words() {
    let mut bench = heard_by(&[0, 1]);
    let noise = |bench: &mut Bench| {
        let before = sessions(bench).len();
        let (_, to) = bench.wordless_voice();
        if sessions(bench).len() > before {
            bench.stt(stt::Event::Ready);
            bench.stt(stt::Event::Flushed { up_to: to });
        }
        bench.hear_out();
    };
    noise(&mut bench);
    noise(&mut bench);
    assert_eq!(sessions(&bench), [0, 1, 0]);
    noise(&mut bench);
    assert_eq!(sessions(&bench), [0, 1, 0]);
    bench.say("Are you open?");
    bench.speaks("We are. ", 3_200);
    bench.agent(agent::Event::Done);
    bench.event(Event::Tts(tts::Event::Done { id: bench.begun(), samples: 3_200 }));
    bench.hear_out();
    noise(&mut bench);
    assert_eq!((sessions(&bench), missed(&bench)), (vec![0, 1, 0, 1], 0));
}

#[test]
fn a_cough_keys_and_a_recogniser_that_stands_alone_are_not_doubted() {
    let mut cough = heard_by(&[0, 1]);
    let from = cough.clock();
    cough.leg(&Output::SpeechStart { at: from, echo: 0.0 });
    cough.now += Duration::from_millis(500);
    let to = cough.clock();
    cough.leg(&Output::SpeechEnd { at: to });
    cough.settle();
    cough.stt(stt::Event::Flushed { up_to: to });
    assert_eq!(sessions(&cough), [0]);

    let mut keys = heard_by(&[0, 1]);
    keys.signal(Signal::Dtmf('5'));
    keys.wordless_voice();
    assert_eq!((sessions(&keys), keys.caller_lines()), (vec![0], vec!["5".to_owned()]));

    // One who hears the language stands at every place.
    for alone in [&[0][..], &[0, 0]] {
        let mut bench = heard_by(alone);
        bench.wordless_voice();
        assert_eq!(sessions(&bench), [0], "{alone:?}");
    }
}

#[test]
fn an_interruption_in_which_no_word_is_found_is_heard_again_and_is_one() {
    let mut bench = heard_by(&[0, 1]);
    bench.say("When are you open?");
    bench.speaks("We are open from nine to five. ", 64_000);
    let (from, to) = bench.voice();
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!(sessions(&bench), [0, 1]);
    // The agent goes on meanwhile.
    bench.later(Duration::from_millis(CallConfig::default().barge_in_budget_ms));
    assert_eq!(bench.machine.floor(), Floor::Agent);
    bench.stt(stt::Event::Ready);
    bench.fin("No, on Saturday?", from, to);
    assert!(matches!(bench.machine.floor(), Floor::Caller { .. }), "{:?}", bench.machine.floor());
    assert_eq!(missed(&bench), 1);
}

#[test]
fn a_second_recogniser_that_fails_is_no_answer_and_costs_the_caller_nothing() {
    let mut bench = heard_by(&[0, 1]);
    let (_, to) = bench.wordless_voice();
    let error = ProviderError { kind: ErrorKind::Timeout, ..refused() };
    bench.stt(stt::Event::Failed(error));
    assert_eq!(sessions(&bench), [0, 1, 0]);
    bench.stt(stt::Event::Ready);
    bench.stt(stt::Event::Flushed { up_to: to });
    bench.hear_out();
    assert_eq!((sessions(&bench), missed(&bench), repeats(&bench)), (vec![0, 1, 0], 0, 1));
}

#[test]
fn words_behind_the_doubted_voice_are_not_words_in_it() {
    let mut bench = heard_by(&[0, 1]);
    bench.wordless_voice();
    bench.stt(stt::Event::Ready);
    bench.now += Duration::from_millis(400);
    let (from, to) = bench.voice();
    bench.fin("Hello?", from, to);
    assert_eq!((sessions(&bench), missed(&bench)), (vec![0, 1], 0));
}
