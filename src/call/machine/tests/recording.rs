//! The notice is heard whole, a refusal is heard wherever it is said, and nothing is kept of who was not told.

use super::*;
use crate::call::event::Gone;

#[test]
fn a_refusal_deletes_the_recording_and_asks_no_model() {
    let mut bench = Bench::new(true);
    bench.say("Please don't record this.");
    assert_eq!(bench.count(|effect| matches!(effect, Effect::DiscardRecording)), 1);
    assert_eq!(bench.count(|effect| matches!(effect, Effect::Think(_))), 0);
    bench.hear_out();
    assert_eq!(bench.machine.floor(), Floor::Open);
    bench.say("Are you open?");
    assert_eq!(bench.count(|effect| matches!(effect, Effect::Think(_))), 1);
}

#[test]
fn words_about_recording_go_to_the_agent_when_nothing_is_recorded() {
    let mut bench = Bench::new(false);
    bench.say("Please don't record this.");
    assert_eq!(bench.count(|effect| matches!(effect, Effect::Think(_))), 1);
}

/// A call that is answered and recorded, at the first sample of its notice.
fn just_answered() -> Bench {
    let mut bench = Bench::ringing(setup(true));
    bench.event(Event::Stt { session: 1, event: stt::Event::Ready });
    bench.event(Event::Signal(Signal::Answered));
    bench
}

/// 100 ms of what is audible are heard.
fn hear_some(bench: &mut Bench) {
    let (id, audio) = bench.machine.poll_audio(1_600).expect("something is audible");
    let samples = audio.len() as u64;
    bench.machine.audio_taken();
    bench.collect();
    bench.now += Duration::from_millis(100);
    bench.leg(&Output::Played { id, samples });
}

fn discarded(bench: &Bench) -> usize {
    bench.count(|effect| matches!(effect, Effect::DiscardRecording))
}

fn kept(bench: &Bench) -> usize {
    bench.count(|effect| matches!(effect, Effect::KeepRecording))
}

/// Fixed phrases that were heard to their end, in order.
fn heard(bench: &Bench) -> Vec<&str> {
    bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Journal(Entry::Line { who: Who::Agent, text, cut: false, .. }) => Some(text.reveal().as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn the_notice_comes_before_the_greeting_and_is_said_once_if_it_is_heard_whole() {
    let mut bench = just_answered();
    hear_some(&mut bench);
    assert_eq!(kept(&bench), 0);
    bench.hear_out();
    assert_eq!(kept(&bench), 1);
    bench.say("Are you open?");
    bench.hear_out();
    assert_eq!(heard(&bench), ["RecordingNotice", "Greeting"]);
    bench.signal(Signal::Gone(Gone::HungUp));
    bench.wait(Duration::from_secs(3));
    assert_eq!((discarded(&bench), bench.ended()), (0, Some(EndReason::Caller)));
}

#[test]
fn a_notice_that_is_talked_over_is_said_again_before_the_answer() {
    let mut bench = just_answered();
    hear_some(&mut bench);
    let (from, to) = bench.voice();
    bench.fin("Are you open?", from, to);
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    assert_eq!(bench.asked().len(), 1);
    bench.hear_out();
    assert_eq!(heard(&bench), ["RecordingNotice"]);
}

#[test]
fn a_notice_that_a_key_cut_short_is_said_again() {
    let mut bench = just_answered();
    hear_some(&mut bench);
    bench.signal(Signal::Dtmf('1'));
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    bench.hear_out();
    assert_eq!(heard(&bench), ["RecordingNotice"]);
}

#[test]
fn a_notice_cut_by_something_that_was_not_understood_is_said_again_all_the_same() {
    let mut bench = just_answered();
    hear_some(&mut bench);
    bench.signal(Signal::Dtmf('#'));
    let from = bench.clock();
    bench.leg(&Output::SpeechStart { at: from, echo: 0.0 });
    bench.now += Duration::from_millis(300);
    bench.leg(&Output::SpeechEnd { at: from });
    bench.wait(Duration::from_secs(1));
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    bench.wait(Duration::from_secs(2));
    assert_eq!(heard(&bench).first(), Some(&"RecordingNotice"), "{:?}", heard(&bench));
}

#[test]
fn nothing_is_kept_of_a_caller_who_hung_up_before_the_notice_was_over() {
    let mut bench = just_answered();
    hear_some(&mut bench);
    bench.signal(Signal::Gone(Gone::HungUp));
    bench.wait(Duration::from_secs(3));
    assert_eq!((discarded(&bench), bench.ended()), (1, Some(EndReason::Caller)));
    assert_eq!(kept(&bench), 0);
}

#[test]
fn a_question_in_the_same_breath_as_a_refusal_is_answered() {
    let mut bench = Bench::new(true);
    bench.say("Don't record me. When are you open on Saturday?");
    assert_eq!((discarded(&bench), bench.asked().len()), (1, 1));
    bench.hear_out();
    assert_eq!(heard(&bench), ["RecordingNotice", "Greeting", "RecordingStopped"]);
}

#[test]
fn a_question_about_a_record_refuses_nothing() {
    let mut bench = Bench::new(true);
    bench.say("I don't have a record of my appointment, when is it?");
    assert_eq!((discarded(&bench), bench.asked().len()), (0, 1));
}

#[test]
fn a_refusal_whose_last_words_come_after_the_caller_hung_up_deletes_the_recording() {
    let mut bench = Bench::new(true);
    let (from, to) = bench.voice();
    bench.signal(Signal::Gone(Gone::HungUp));
    assert_eq!(bench.ended(), None);
    bench.now += Duration::from_millis(400);
    bench.fin("Don't record.", from, to);
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    assert_eq!((discarded(&bench), bench.ended()), (1, Some(EndReason::Caller)));
    assert!(matches!(bench.effects.last(), Some(Effect::End(EndReason::Caller))));
}

#[test]
fn a_refusal_of_which_only_a_partial_was_heard_deletes_the_recording() {
    let mut bench = Bench::new(true);
    let (from, to) = bench.voice();
    bench.partial("don't record", from, to);
    bench.signal(Signal::Gone(Gone::HungUp));
    bench.wait(Duration::from_secs(3));
    assert_eq!((discarded(&bench), bench.ended()), (1, Some(EndReason::Caller)));
}

#[test]
fn a_refusal_over_the_last_words_deletes_the_recording() {
    let mut bench = Bench::new(true);
    bench.signal(Signal::Drain);
    let (from, to) = bench.voice();
    bench.hear_out();
    bench.wait(Duration::from_secs(1));
    assert_eq!(bench.ended(), None);
    bench.fin("Don't record.", from, to);
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    assert_eq!((discarded(&bench), bench.ended()), (1, Some(EndReason::Drained)));
}

#[test]
fn a_refusal_on_the_way_to_a_person_deletes_the_recording_at_once() {
    let config = CallConfig { transfer_to: Some(PERSON.to_owned()), ..CallConfig::default() };
    let mut bench = Bench::answered(Setup { config: Arc::new(config), ..setup(true) });
    bench.say("A person, please.");
    bench.agent(agent::Event::Transfer { to: Pii::new(PERSON.to_owned()) });
    bench.agent(agent::Event::Done);
    let (from, to) = bench.voice();
    bench.fin("And stop the recording.", from, to);
    assert_eq!((bench.transfers(), discarded(&bench)), (1, 1));
}

#[test]
fn a_call_that_breaks_off_keeps_what_any_end_would() {
    assert!(!Bench::new(false).machine.may_keep_recording(), "it is not recorded");
    let mut bench = just_answered();
    assert!(!bench.machine.may_keep_recording(), "the notice was not heard");
    bench.hear_out();
    assert!(bench.machine.may_keep_recording());
    let (from, to) = bench.voice();
    bench.partial("please do not record", from, to);
    assert!(!bench.machine.may_keep_recording(), "it was refused in the last words");
    let mut bench = Bench::new(true);
    bench.say("Please don't record this.");
    assert!(!bench.machine.may_keep_recording(), "it was refused");
}

#[test]
fn only_what_was_said_for_certain_refuses_on_the_way_to_a_person_and_nothing_on_hold() {
    let config = CallConfig { transfer_to: Some(PERSON.to_owned()), ..CallConfig::default() };
    let mut bench = Bench::answered(Setup { config: Arc::new(config), ..setup(true) });
    bench.say("A person, please.");
    bench.agent(agent::Event::Transfer { to: Pii::new(PERSON.to_owned()) });
    bench.agent(agent::Event::Done);
    let (from, to) = bench.voice();
    bench.partial("And stop the recording.", from, to);
    assert_eq!((bench.transfers(), discarded(&bench)), (1, 0));

    // It is a turn of the caller's, and is answered as one when the hold is over.
    let mut bench = Bench::new(true);
    let (from, to) = bench.voice();
    bench.signal(Signal::Hold);
    bench.fin("Please stop the recording.", from, to);
    assert_eq!(discarded(&bench), 0);
    bench.signal(Signal::Unhold);
    bench.settle();
    bench.stt(stt::Event::Flushed { up_to: bench.clock() });
    assert_eq!(discarded(&bench), 1);
}

#[test]
fn the_last_words_of_a_voice_that_does_not_count_are_asked_for_only_if_they_may_refuse() {
    let flushes =
        |bench: &Bench| bench.count(|effect| matches!(effect, Effect::Stt(SttEffect::Input(stt::Input::Flush { .. }))));
    for (recorded, closing) in [(true, true), (false, true), (true, false)] {
        let mut bench = Bench::new(recorded);
        if closing {
            bench.signal(Signal::Drain);
        }
        bench.leg(&Output::SpeechEnd { at: bench.clock() });
        assert_eq!(flushes(&bench), usize::from(recorded && closing), "{recorded}, {closing}");
    }
}

#[test]
fn our_own_words_that_come_back_while_the_caller_leaves_refuse_nothing() {
    for echo in [0.3, 0.0] {
        let mut bench = Bench::new(true);
        bench.say("What can I do?");
        let id = bench.speaks("Please stop the recording. ", 3_200);
        bench.event(Event::Tts(tts::Event::Done { id, samples: 3_200 }));
        bench.leg(&Output::Played { id, samples: 3_200 });
        let from = bench.clock();
        bench.leg(&Output::SpeechStart { at: from, echo });
        bench.signal(Signal::Gone(Gone::HungUp));
        bench.now += Duration::from_millis(500);
        bench.fin("Please stop the recording.", from, bench.clock());
        bench.stt(stt::Event::Flushed { up_to: bench.clock() });
        let is_ours = echo > 0.0;
        assert_eq!((bench.ended(), discarded(&bench)), (Some(EndReason::Caller), usize::from(!is_ours)));
    }
}
