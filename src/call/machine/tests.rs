//! Promises that need no audio: facts of the leg and events go in by hand.

mod answers;
mod apologies;
mod deafness;
mod doubts;
mod drafting;
mod ending;
mod hold;
mod interruptions;
mod languages;
mod lateness;
mod property;
mod recording;
mod service;
mod turns;
mod waits;

use attendant_media::frame::RATE;
use attendant_media::leg::Output;

use std::time::Duration;

use super::*;
use crate::agent::{self, Turn, Who};
use crate::call::canned::Line;
use crate::call::event::Command;
use crate::call::timeline::Recovery;
use crate::phrases::{Emergency, Parting};
use crate::privacy::Pii;
use crate::provider::{ErrorKind, ProviderError};
use crate::sim::{ScriptedConfig, ScriptedRecognizer};
use crate::{stt, tts};

fn refused() -> ProviderError {
    ProviderError { provider: "test", kind: ErrorKind::Connection, what: "refused".to_owned(), retry_after: None }
}

struct Bench {
    machine: Machine,
    now: Time,
    effects: Vec<Effect>,
    /// What the leg was told is the end of a speech, until the far side has heard it.
    unfinished: Option<SpeechId>,
    paused: bool,
    steps: u32,
}

/// No test of this module has half as many steps: a call that does not get on fails rather than hangs.
const STEPS_AT_MOST: u32 = 50_000;

const PERSON: &str = "sip:person@clinic.example";

/// Every phrase, said in 200 ms.
fn phrases() -> Canned {
    let mut canned = Canned::default();
    for phrase in [
        Phrase::Greeting,
        Phrase::RecordingNotice,
        Phrase::RecordingStopped,
        Phrase::StillThere,
        Phrase::SilenceGoodbye,
        Phrase::Farewell,
        Phrase::RepeatPlease,
        Phrase::Apology,
        Phrase::Transfer,
        Phrase::TransferFailed,
        Phrase::TimeLimit,
        Phrase::Filler(0),
        Phrase::Emergency(Emergency::Medical),
    ] {
        let line = Line { text: format!("{phrase:?}").into(), audio: Some(vec![1; 3_200].into()) };
        canned.insert(Language::English, phrase, line);
    }
    canned
}

fn setup(recorded: bool) -> Setup {
    Setup {
        config: Arc::default(),
        canned: Arc::new(phrases()),
        language: Language::English,
        recognisers: vec![stt::hearers(&ScriptedRecognizer(ScriptedConfig::default()))],
        names: vec!["Dr. Wong".to_owned(), "Dr. Kaur".to_owned()],
        voices: 1,
        recorded,
    }
}

impl Bench {
    /// A call whose greeting has been heard.
    fn new(recorded: bool) -> Self {
        Self::answered(setup(recorded))
    }

    /// The same, with a person to pass the caller to.
    fn with_person() -> Self {
        let config = CallConfig { transfer_to: Some(PERSON.to_owned()), ..CallConfig::default() };
        Self::answered(Setup { config: Arc::new(config), ..setup(false) })
    }

    fn answered(setup: Setup) -> Self {
        let mut bench = Self::ringing(setup);
        bench.event(Event::Stt { session: 1, event: stt::Event::Ready });
        bench.event(Event::Signal(Signal::Answered));
        bench.hear_out();
        bench
    }

    fn ringing(setup: Setup) -> Self {
        let machine = Machine::new(setup, Time::ZERO);
        let mut bench =
            Self { machine, now: Time::ZERO, effects: Vec::new(), unfinished: None, paused: false, steps: 0 };
        bench.collect();
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
        self.steps += 1;
        assert!(self.steps < STEPS_AT_MOST, "it never gets on: {:?}", self.machine);
        while let Some(effect) = self.machine.poll_effect() {
            match &effect {
                Effect::Leg(LegEffect::SpeechEnd(id)) => self.unfinished = Some(*id),
                Effect::Leg(LegEffect::Audible(_) | LegEffect::Mute) => (self.unfinished, self.paused) = (None, false),
                Effect::Leg(LegEffect::Pause) => self.paused = true,
                Effect::Leg(LegEffect::Resume { .. }) => self.paused = false,
                _ => {}
            }
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
        let ended = self.unfinished.filter(|_| !self.paused);
        if let Some(id) = speech.or(ended) {
            self.unfinished = None;
            self.now += Samples(samples).as_duration();
            self.leg(&Output::Finished { id, samples });
            self.hear_out();
        }
    }

    /// Says something, and waits for the end of the turn.
    fn say(&mut self, text: &str) {
        let (from, to) = self.voice();
        self.settle();
        self.fin(text, from, to);
        self.stt(stt::Event::Flushed { up_to: to });
    }

    /// A voice of one second.
    fn voice(&mut self) -> (Samples, Samples) {
        let from = self.clock();
        self.leg(&Output::SpeechStart { at: from, echo: 0.0 });
        self.now += Duration::from_secs(1);
        let to = self.clock();
        self.leg(&Output::SpeechEnd { at: to });
        (from, to)
    }

    /// Time goes on until the caller is taken to have finished.
    fn settle(&mut self) {
        while !matches!(self.machine.floor(), Floor::Settling { .. }) {
            self.time_out();
        }
    }

    /// This moment on the leg clock, which begins with the answer.
    fn clock(&self) -> Samples {
        Samples(self.now.since(self.machine.origin).as_micros() as u64 * u64::from(RATE) / 1_000_000)
    }

    fn fin(&mut self, text: &str, from: Samples, to: Samples) {
        let text = Pii::new(text.to_owned());
        self.stt(stt::Event::Final { text, from, to, confidence: 1.0, language: None });
    }

    fn partial(&mut self, text: &str, from: Samples, to: Samples) {
        self.stt(stt::Event::Partial { text: Pii::new(text.to_owned()), stable: 0, from, to });
    }

    /// An event of the newest recogniser session.
    fn stt(&mut self, event: stt::Event) {
        let opened = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Stt(SttEffect::Open { session, .. }) => Some(*session),
            _ => None,
        });
        self.event(Event::Stt { session: opened.expect("a session is opened when the phone rings"), event });
    }

    /// An event of the answer to the newest question.
    fn agent(&mut self, event: agent::Event) {
        let turn = self.asked().last().expect("the agent was asked").number;
        self.event(Event::Agent { turn, event });
    }

    fn asked(&self) -> Vec<&Turn> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Think(turn) = effect { Some(turn) } else { None })
            .collect()
    }

    /// What the caller said, as the agent was last shown it.
    fn caller_lines(&self) -> Vec<String> {
        let asked = self.asked();
        let said = asked.last().map_or(&[][..], |turn| &turn.said[..]);
        said.iter().filter(|line| line.who == Who::Caller).map(|line| line.text.reveal().clone()).collect()
    }

    /// How long it is until this deadline.
    fn due(&self, timer: Timer) -> Option<Duration> {
        self.machine.timers.get(timer).map(|at| at.since(self.now))
    }

    /// The agent says this and begins another sentence, and a voice says so many samples of it; nothing of it is heard yet.
    fn speaks(&mut self, words: &str, samples: usize) -> SpeechId {
        self.agent(agent::Event::Text(Pii::new(format!("{words}And"))));
        let id = self.begun();
        self.event(Event::Tts(tts::Event::Audio { id, audio: vec![1; samples].into() }));
        id
    }

    /// What a voice was asked to say last.
    fn begun(&self) -> SpeechId {
        let begun = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Tts { input: tts::Input::Begin { id, .. }, .. } => Some(*id),
            _ => None,
        });
        begun.expect("a voice is asked")
    }

    /// Time goes on for so long, and the deadlines that have come by then are met at once.
    fn later(&mut self, time: Duration) {
        self.now += time;
        self.machine.handle(self.now, Input::Timeout);
        self.collect();
    }

    /// Jumps to the next deadline.
    fn time_out(&mut self) {
        self.now = self.machine.poll_timeout();
        assert!(self.now < Time::NEVER, "nothing is due: {:?}", self.machine);
        self.machine.handle(self.now, Input::Timeout);
        self.collect();
    }

    /// Time goes on for so long, deadline by deadline; the caller's packets keep coming and all that is audible is heard.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        self.hear_out();
        while !self.machine.has_ended() && self.now < end {
            self.now = self.now.max(self.machine.poll_timeout().min(end).min(self.now + Duration::from_secs(1)));
            self.machine.handle(self.now, Input::MediaReceived);
            self.machine.handle(self.now, Input::Timeout);
            self.collect();
            self.hear_out();
        }
    }

    fn signal(&mut self, signal: Signal) {
        self.event(Event::Signal(signal));
    }

    fn transfers(&self) -> usize {
        self.count(|effect| matches!(effect, Effect::Transport(Command::Transfer { .. })))
    }

    fn ended(&self) -> Option<EndReason> {
        self.effects.iter().find_map(|effect| if let Effect::End(reason) = effect { Some(*reason) } else { None })
    }

    fn recovered(&self, wanted: Recovery) -> usize {
        self.count(|effect| matches!(effect, Effect::Journal(Entry::Recovered { what, .. }) if *what == wanted))
    }

    fn count(&self, wanted: impl Fn(&Effect) -> bool) -> usize {
        self.effects.iter().filter(|effect| wanted(effect)).count()
    }
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
    let at = bench.clock();
    bench.now += Duration::from_millis(300);
    bench.leg(&Output::SpeechStart { at, echo: 0.9 });
    assert_eq!(bench.machine.floor(), Floor::Open);
    bench.leg(&Output::SpeechEnd { at });
    bench.now += Duration::from_millis(400);
    bench.leg(&Output::SpeechStart { at, echo: 0.9 });
    assert!(matches!(bench.machine.floor(), Floor::Caller { .. }));
}
