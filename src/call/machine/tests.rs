//! Promises that need no audio: facts of the leg and events go in by hand.

use attendant_media::leg::Output;

use super::*;
use crate::call::canned::Line;
use crate::privacy::Pii;
use crate::stt;

struct Bench {
    machine: Machine,
    now: Time,
    effects: Vec<Effect>,
}

impl Bench {
    fn new(recorded: bool) -> Self {
        let mut canned = Canned::default();
        for phrase in [Phrase::Greeting, Phrase::RecordingStopped, Phrase::StillThere, Phrase::SilenceGoodbye] {
            let line = Line { text: format!("{phrase:?}").into(), audio: Some(vec![1; 3_200].into()) };
            canned.insert(Language::English, phrase, line);
        }
        let recogniser = stt::Capabilities { partials: true, end_of_turn: false, flush: true };
        let setup = Setup {
            config: Arc::default(),
            canned: Arc::new(canned),
            language: Language::English,
            recognisers: vec![recogniser],
            voices: 1,
            recorded,
        };
        let machine = Machine::new(setup, Time::ZERO);
        let mut bench = Self { machine, now: Time::ZERO, effects: Vec::new() };
        bench.event(Event::Stt { session: 1, event: stt::Event::Ready });
        bench.event(Event::Signal(Signal::Answered));
        bench.hear_out();
        bench
    }

    fn event(&mut self, event: Event) {
        self.machine.handle(self.now, Input::Event(event));
        self.collect();
    }

    fn leg(&mut self, output: &Output<'_>) {
        self.machine.handle(self.now, Input::Leg(output));
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(effect) = self.machine.poll_effect() {
            self.effects.push(effect);
        }
    }

    /// Plays whatever is audible to its end.
    fn hear_out(&mut self) {
        let mut samples = 0;
        let mut speech = None;
        while let Some((id, audio)) = self.machine.poll_audio(8_000) {
            samples += audio.len() as u64;
            speech = Some(id);
        }
        self.machine.audio_taken();
        self.collect();
        if let Some(id) = speech {
            self.now += Samples(samples).as_duration();
            self.leg(&Output::Finished { id, samples });
        }
    }

    /// Says something, and waits for the end of the turn.
    fn say(&mut self, text: &str) {
        let from = self.machine.clock();
        self.leg(&Output::SpeechStart { at: from, echo: 0.0 });
        self.now += std::time::Duration::from_secs(1);
        let to = self.machine.clock();
        self.leg(&Output::SpeechEnd { at: to });
        while !matches!(self.machine.floor(), Floor::Settling { .. }) {
            self.now = self.machine.poll_timeout();
            self.machine.handle(self.now, Input::Timeout);
            self.collect();
        }
        let text = Pii::new(text.to_owned());
        let words = stt::Event::Final { text, from, to, confidence: 1.0, language: None };
        self.event(Event::Stt { session: 1, event: words });
        self.event(Event::Stt { session: 1, event: stt::Event::Flushed { up_to: to } });
    }

    fn count(&self, wanted: impl Fn(&Effect) -> bool) -> usize {
        self.effects.iter().filter(|effect| wanted(effect)).count()
    }
}

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

#[test]
fn two_unanswered_prompts_end_the_call_with_a_goodbye() {
    let mut bench = Bench::new(false);
    while !bench.machine.has_ended() {
        bench.now = bench.machine.poll_timeout();
        bench.machine.handle(bench.now, Input::Timeout);
        // The caller's packets keep coming.
        bench.machine.handle(bench.now, Input::MediaReceived);
        bench.collect();
        bench.hear_out();
    }
    assert_eq!(bench.count(|effect| matches!(effect, Effect::End(EndReason::CallerSilent))), 1);
    assert!((31..33).contains(&(bench.now.as_millis() / 1_000)), "{:?}", bench.now);
}

#[test]
fn an_echo_just_after_our_last_word_is_no_caller() {
    let mut bench = Bench::new(false);
    let at = bench.machine.clock();
    bench.now += std::time::Duration::from_millis(300);
    bench.leg(&Output::SpeechStart { at, echo: 0.9 });
    assert_eq!(bench.machine.floor(), Floor::Open);
    bench.leg(&Output::SpeechEnd { at });
    bench.now += std::time::Duration::from_millis(400);
    bench.leg(&Output::SpeechStart { at, echo: 0.9 });
    assert!(matches!(bench.machine.floor(), Floor::Caller { .. }));
}
