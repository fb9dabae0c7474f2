//! Recognisers and voices that let the call wait: whose failure it is, and what is nobody's.

use super::doubts::{heard_by, sessions};
use super::*;
use crate::call::settings::deadline;

/// The sessions that were late.
fn late(bench: &Bench) -> Vec<u32> {
    let session = |effect: &Effect| match effect {
        Effect::Stt(SttEffect::Late { session }) => Some(*session),
        _ => None,
    };
    bench.effects.iter().filter_map(session).collect()
}

/// The utterances whose audio was.
fn late_audio(bench: &Bench) -> Vec<(usize, SpeechId)> {
    let of = |effect: &Effect| if let Effect::TtsLate { voice, id } = effect { Some((*voice, *id)) } else { None };
    bench.effects.iter().filter_map(of).collect()
}

impl Bench {
    /// A voice of one second, and nothing comes of it in time.
    fn unanswered_voice(&mut self) -> (Samples, Samples) {
        let voice = self.voice();
        self.settle();
        self.later(deadline::STT_FLUSH);
        voice
    }
}

#[test]
fn who_has_said_words_and_never_that_they_were_the_last_is_late() {
    let mut bench = heard_by(&[0, 1]);
    let (from, to) = bench.voice();
    bench.partial("Are you", from, to);
    bench.settle();
    bench.later(deadline::STT_FLUSH);
    assert_eq!((late(&bench), sessions(&bench)), (vec![1], vec![0, 1]));
}

#[test]
fn who_said_nothing_in_time_is_late_if_another_finds_words_there() {
    let mut bench = heard_by(&[0, 1]);
    let (from, to) = bench.unanswered_voice();
    assert_eq!((late(&bench), sessions(&bench)), (vec![], vec![0, 1]));
    bench.stt(stt::Event::Ready);
    bench.fin("Are you open?", from, to);
    bench.stt(stt::Event::Flushed { up_to: to });
    assert_eq!((late(&bench), bench.caller_lines()), (vec![1], vec!["Are you open?".to_owned()]));
}

#[test]
fn a_noise_in_which_the_next_one_finds_nothing_either_is_nobodys_failure() {
    let mut bench = heard_by(&[0, 1]);
    let (_, to) = bench.unanswered_voice();
    // It is heard a third time, since the second says that it listened.
    for _ in 0..2 {
        bench.stt(stt::Event::Ready);
        bench.stt(stt::Event::Flushed { up_to: to });
    }
    bench.hear_out();
    bench.say("Are you open?");
    assert!(late(&bench).is_empty());
}

#[test]
fn who_gives_no_sign_of_life_while_a_voice_goes_on_is_late_if_there_were_words() {
    for words in [true, false] {
        let mut bench = heard_by(&[0, 1]);
        let from = bench.clock();
        bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
        bench.later(deadline::STT_PARTIAL);
        assert_eq!((late(&bench), sessions(&bench)), (vec![], vec![0, 0]));
        bench.stt(stt::Event::Ready);
        if words {
            bench.fin("Are you open?", from, from + Samples::from_millis(900));
        } else {
            bench.stt(stt::Event::Listening { up_to: bench.clock() });
        }
        assert_eq!(late(&bench), if words { vec![1] } else { vec![] });
    }
}

#[test]
fn words_from_before_a_noise_are_not_words_in_it() {
    let mut bench = heard_by(&[0, 1]);
    let from = bench.clock();
    bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
    bench.now += Duration::from_secs(1);
    let to = bench.clock();
    bench.fin("Are you open?", from, to);
    bench.later(deadline::STT_PARTIAL);
    bench.stt(stt::Event::Ready);
    bench.fin("Are you open?", from, to + Samples::from_millis(150));
    assert_eq!((late(&bench), sessions(&bench)), (vec![], vec![0, 0]));
}

#[test]
fn a_session_that_is_not_there_in_time_is_late() {
    let mut bench = heard_by(&[0, 1]);
    bench.unanswered_voice();
    let opened = |effect: &Effect| match effect {
        Effect::Stt(SttEffect::Open { session, .. }) => Some(*session),
        _ => None,
    };
    let second = bench.effects.iter().rev().find_map(opened).expect("it is opened");
    bench.later(deadline::STT_READY);
    assert_eq!(late(&bench), [second]);
}

fn two_voices() -> Bench {
    let mut bench = Bench::answered(Setup { voices: 2, ..setup(false) });
    bench.say("Are you open?");
    bench
}

#[test]
fn a_voice_without_audio_in_time_is_late() {
    let mut bench = two_voices();
    bench.agent(agent::Event::Text(Pii::new("Yes, we are. And".to_owned())));
    let id = bench.begun();
    bench.later(deadline::TTS_AUDIO);
    assert_eq!((late_audio(&bench), bench.recovered(Recovery::NextVoice)), (vec![(0, id)], 1));
}

#[test]
fn a_voice_that_fails_by_itself_is_not_told_of_twice() {
    let mut bench = two_voices();
    bench.agent(agent::Event::Text(Pii::new("Yes, we are. And".to_owned())));
    let id = bench.begun();
    bench.event(Event::Tts(tts::Event::Failed { id, error: refused() }));
    assert_eq!((late_audio(&bench), bench.recovered(Recovery::NextVoice)), (vec![], 1));
}

#[test]
fn a_voice_that_has_less_audio_than_is_heard_is_late_once_so_much_was_missing() {
    let slots = u64::try_from(deadline::TTS_AUDIO.as_millis() / 20).expect("few");
    for (is_written, replaced) in [(true, 1), (false, 0)] {
        let mut bench = two_voices();
        let id = bench.speaks("Yes, we are. ", 3_200);
        if is_written {
            bench.agent(agent::Event::Done);
        }
        for slot in 1..slots {
            bench.leg(&Output::Dry { id, slot });
        }
        assert_eq!(late_audio(&bench), []);
        bench.leg(&Output::Dry { id, slot: slots });
        // A driver that woke late tells several slots at once.
        bench.leg(&Output::Dry { id, slot: slots + 1 });
        assert_eq!((late_audio(&bench).len(), bench.recovered(Recovery::NextVoice)), (replaced, replaced));
    }
}
