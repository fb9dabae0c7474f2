//! A call, as a pure machine: what happens goes in with its time, what is to be done comes out.
//!
//! It never reads a clock, spawns, locks or waits. Verbs: [`Machine::handle`], then [`Machine::poll_effect`] until `None`, then
//! [`Machine::poll_audio`] while the leg has room, then wait until [`Machine::poll_timeout`]. Tests, simulation and production step
//! this same machine.
//!
//! | file | decides |
//! | --- | --- |
//! | `machine/listening` | what the caller's voice and words mean for the floor |
//! | `machine/endpointing` | when the caller has finished, and what becomes of the turn |
//! | `machine/keypad` | what keys mean for the floor, and which reports are of one key |
//! | `machine/answering` | asking the agent, speaking its answer, covering waits |
//! | `machine/drafting` | answering before the turn is final, where nobody hears it |
//! | `machine/deafness` | what to do when the recogniser fails, is late or finds no words |
//! | `machine/hold` | what waits while the other side has us on hold |
//! | `machine/recording` | whether the call may be recorded: announced, not refused |
//! | `machine/service` | whether the caller was served, whoever ends the call |
//! | `machine/phase` | where the call is between ringing and over |
//! | `machine/clock` | which sample and which microsecond of the call it is |
//! | `machine/ending` | silence, limits, transfer, goodbye: how a call ends, once |

mod answering;
mod clock;
mod deafness;
mod drafting;
mod ending;
mod endpointing;
mod hold;
mod keypad;
mod listening;
mod phase;
mod recording;
mod service;
mod timer;

use std::collections::VecDeque;
use std::sync::Arc;

use attendant_media::frame::Samples;
use attendant_media::leg::Output;
use attendant_media::speech::SpeechId;
use attendant_media::time::{Time, Timers};

use super::canned::{Canned, Phrase};
use super::conversation::Conversation;
use super::effect::{Effect, LegEffect, SttEffect};
use super::event::{Event, Signal};
use super::hearing::{Hearing, News};
use super::mouth::Mouth;
use super::settings::{CallConfig, deadline};
use super::thought::Thought;
use super::timeline::{Counters, EndReason, Entry, TurnTimeline};
use super::turn::{EchoWatch, Floor};
use super::utterance::Purpose;
use crate::agent::cards::Cards;
use crate::agent::{Expect, ExpectKind};
use crate::language::Language;
use drafting::Drafts;
use keypad::Keypad;
use phase::{Line, Phase};
use recording::Recording;
pub use service::Service;
pub use timer::Timer;

/// What a machine is made with.
#[derive(Clone, Debug)]
pub struct Setup {
    pub config: Arc<CallConfig>,
    pub canned: Arc<Canned>,
    pub language: Language,
    /// Who hears which language and how, by place: in the order in which they are fallen back on.
    pub recognisers: Vec<crate::stt::Hearers>,
    /// That callers say, whatever they are asked.
    pub names: Vec<String>,
    /// How many voices there are to fall back on.
    pub voices: usize,
    /// The call is being recorded: it is announced first, unless whoever made the phrases left the notice out, and a refusal must be
    /// heard.
    pub recorded: bool,
}

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    Event(Event),
    /// A fact of the leg. Frames and packets are no facts: the driver keeps them to itself.
    Leg(&'a Output<'a>),
    /// A datagram or chunk of the caller's was taken.
    MediaReceived,
    /// The time of [`Machine::poll_timeout`] has come.
    Timeout,
}

#[derive(Debug)]
pub struct Machine {
    config: Arc<CallConfig>,
    canned: Arc<Canned>,
    language: Language,
    now: Time,
    /// When the leg began: sample 0.
    origin: Time,
    phase: Phase,
    floor: Floor,
    echo_watch: EchoWatch,
    /// How much the present voice resembles our own, by the last report.
    echo: f32,
    /// A voice without words was taken for noise: it does not count until it ends.
    noise: bool,
    hearing: Hearing,
    mouth: Mouth,
    thought: Thought,
    drafts: Drafts,
    conversation: Conversation,
    cards: Cards,
    recording: Recording,
    /// When the last sample of ours left: its echo is still on the way for a while.
    spoke: Time,
    /// What the caller was asked last.
    asked: Expect,
    keypad: Keypad,
    timers: Timers<Timer, { Timer::COUNT }>,
    out: VecDeque<Effect>,
    turn: TurnTimeline,
    counters: Counters,
    silence_prompts: u32,
    /// Times in a row that the caller was asked to repeat.
    repeats: u32,
    apologies: u32,
    service: Service,
    /// The beginning of the voice that a second session was opened for, since its words had stopped.
    heard_again: Option<Samples>,
    /// The call was to end while a transfer was under way: it does if the transfer fails.
    due_end: Option<(Phrase, EndReason)>,
}

impl Machine {
    /// The phone rings: the recogniser is opened, so that it is ready when the call is answered.
    pub fn new(setup: Setup, now: Time) -> Self {
        let mut machine = Self {
            language: setup.language,
            now,
            origin: now,
            phase: Phase::Ringing,
            floor: Floor::Open,
            echo_watch: EchoWatch::default(),
            echo: 0.0,
            noise: false,
            hearing: Hearing::new(setup.language, setup.recognisers).knowing(setup.names),
            mouth: Mouth::new(setup.language, setup.voices),
            thought: Thought::new(),
            drafts: Drafts::default(),
            conversation: Conversation::default(),
            cards: Cards::default(),
            recording: Recording::of(
                setup.recorded,
                setup.canned.get(setup.language, Phrase::RecordingNotice).is_some(),
            ),
            spoke: Time::ZERO,
            asked: Expect::default(),
            keypad: Keypad::default(),
            timers: Timers::new(),
            out: VecDeque::new(),
            turn: TurnTimeline::default(),
            counters: Counters::default(),
            silence_prompts: 0,
            repeats: 0,
            apologies: 0,
            service: Service::default(),
            heard_again: None,
            due_end: None,
            config: setup.config,
            canned: setup.canned,
        };
        machine.hearing.open(Samples::ZERO, Samples::ZERO, &mut machine.out);
        machine.timers.set(Timer::SttReady, now + deadline::STT_READY);
        machine.timers.set(Timer::Ringing, now + deadline::RINGING);
        machine
    }

    pub fn handle(&mut self, now: Time, input: Input<'_>) {
        self.now = now;
        if self.phase == Phase::Ended {
            return;
        }
        match input {
            // Only the recogniser still has something to say.
            Input::Event(Event::Signal(_) | Event::Tts(_) | Event::Agent { .. })
            | Input::Leg(_)
            | Input::MediaReceived
                if self.is_leaving() => {}
            Input::Event(Event::Signal(signal)) => self.signal(signal),
            Input::Event(Event::Stt { session, event }) => self.stt(session, event),
            Input::Event(Event::Tts(event)) => self.tts(event),
            Input::Event(Event::Agent { turn, event }) => self.agent(turn, event),
            Input::Leg(output) => self.leg(output),
            Input::MediaReceived => self.media_received(),
            Input::Timeout => {
                while let Some(timer) = self.timers.expire(now) {
                    self.fire(timer);
                }
            }
        }
        self.go_on();
    }

    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.out.pop_front()
    }

    /// Samples for the leg, at most `room`.
    pub fn poll_audio(&mut self, room: usize) -> Option<(SpeechId, &[i16])> {
        self.mouth.poll_audio(room)
    }

    /// To be called once the leg has what [`Machine::poll_audio`] gave: an utterance may have ended with it.
    pub fn audio_taken(&mut self) {
        self.pump();
    }

    pub fn poll_timeout(&self) -> Time {
        self.timers.next().map_or(Time::NEVER, |(_, at)| at)
    }

    pub fn has_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Whether only the caller's last words are awaited: nothing comes from the far side any more.
    pub fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Leaving(_))
    }

    pub fn floor(&self) -> Floor {
        self.floor
    }

    /// In which the agent speaks now.
    pub fn language(&self) -> Language {
        self.language
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    pub fn service(&self) -> Service {
        self.service
    }

    /// Whether the agent owes the caller words: it was asked, and is not being listened to, or passes the caller on (the 3 s promise holds).
    pub fn owes_speech(&self) -> bool {
        match self.phase {
            Phase::Talking => match self.floor {
                Floor::Agent | Floor::Settling { .. } => true,
                Floor::Open | Floor::Contested { .. } | Floor::Caller { .. } => false,
            },
            Phase::Closing(_) => self.mouth.is_busy(),
            Phase::Transferring(Line::Open) => true,
            Phase::Ringing
            | Phase::OnHold
            | Phase::Transferring(Line::Held)
            | Phase::HangingUp(_)
            | Phase::Leaving(_)
            | Phase::Ended => false,
        }
    }

    fn signal(&mut self, signal: Signal) {
        match signal {
            Signal::Answered => self.answered(),
            Signal::Hold => self.hold(),
            Signal::Unhold => self.unhold(),
            Signal::Media { inbound, outbound, dtmf, .. } => {
                self.out.push_back(Effect::Leg(LegEffect::Formats { inbound, outbound, dtmf }));
            }
            Signal::Dtmf(digit) => self.key(digit, keypad::Report::Message),
            Signal::Mark { id, samples } => self.mouth.confirmed(id, samples),
            Signal::Transferred(result) => self.transferred(result),
            Signal::Gone(gone) => self.gone(gone),
            Signal::Drain => self.close(Phrase::SilenceGoodbye, EndReason::Drained),
        }
    }

    fn answered(&mut self) {
        if self.phase != Phase::Ringing {
            return;
        }
        self.phase = Phase::Talking;
        self.origin = self.now;
        self.journal(Entry::Answered { at_us: 0 });
        self.mouth.release(&mut self.out);
        self.timers.clear(Timer::Ringing);
        self.timers.set(Timer::MaxDuration, self.now + self.config.max_duration());
        self.timers.set(Timer::Media, self.now + self.config.media_timeout());
        self.floor = Floor::Agent;
        self.announce();
        if self.canned.get(self.language, Phrase::Greeting).is_some() {
            self.say(Phrase::Greeting, Purpose::Answer, Expect::default());
        } else {
            self.think();
            self.timers.set(Timer::Filler, self.now + self.config.filler());
        }
    }

    fn stt(&mut self, session: u32, event: crate::stt::Event) {
        let news = self.hearing.handle(session, event);
        if matches!(news, News::Words { fin: true, .. } | News::Flushed { .. }) && self.hearing.convict() {
            self.out.push_back(Effect::Stt(SttEffect::Missed));
        }
        if matches!(news, News::Words { fin: true, .. } | News::Flushed { .. }) {
            self.hearing.convict_late(&mut self.out);
        }
        match news {
            News::Flushed { .. } | News::Left | News::Failed(_) if self.is_leaving() => self.leave(),
            News::Nothing => {}
            News::Words { .. } | News::Listening | News::Behind | News::EndOfTurn | News::EagerEnd | News::Resumed
                if self.is_leaving() => {}
            News::Ready => self.timers.clear(Timer::SttReady),
            News::Words { to, fin } => self.words(to, fin),
            News::Listening => self.listened(),
            News::Flushed { from, to } => self.flushed(from, to),
            News::Behind => self.behind(),
            News::EndOfTurn => self.end_of_turn(),
            News::EagerEnd => self.eager_end(),
            News::Resumed => self.drop_draft(),
            News::Left => self.change_ears(),
            News::Failed(how) => self.deaf("session failed", how),
        }
    }

    fn leg(&mut self, output: &Output<'_>) {
        match output {
            Output::SpeechStart { at, echo } => self.speech_start(*at, *echo),
            Output::Speaking { at, echo, .. } => self.speaking(*at, *echo),
            Output::SpeechEnd { at } => self.speech_end(*at),
            Output::Played { id, samples } => self.played(*id, *samples),
            Output::Finished { id, samples } => {
                self.played(*id, *samples);
                self.finished(*id);
            }
            Output::Dry { id, .. } => self.dry(*id),
            Output::Dtmf { digit, .. } => self.key(*digit, keypad::Report::Media),
            Output::FaxTone { .. } => self.end(EndReason::Fax),
            Output::Rtp { .. }
            | Output::Rtcp { .. }
            | Output::Payload { .. }
            | Output::Heard { .. }
            | Output::Said { .. } => {}
        }
    }

    fn media_received(&mut self) {
        match self.phase {
            Phase::Talking | Phase::Closing(_) => {
                self.timers.set(Timer::Media, self.now + self.config.media_timeout());
            }
            Phase::Ringing
            | Phase::OnHold
            | Phase::Transferring(_)
            | Phase::HangingUp(_)
            | Phase::Leaving(_)
            | Phase::Ended => {}
        }
    }

    fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Ringing => self.end(EndReason::SignallingLost),
            Timer::Endpoint => self.endpoint(),
            Timer::Contest => self.contest_over(),
            Timer::Flush => self.flush_late(),
            Timer::Filler => self.filler(),
            Timer::Agent => self.agent_failed("no answer in time"),
            Timer::Tts => self.voice_late(),
            Timer::SttReady => self.not_ready(),
            Timer::SttReopen => self.reopen_ears(),
            Timer::SttPartial => self.wordless(),
            Timer::Silence => self.silence(),
            Timer::MaxDuration => self.close(Phrase::TimeLimit, EndReason::MaxDuration),
            Timer::Media => self.end(EndReason::MediaLost),
            Timer::HangUp => self.hang_up_due(),
            Timer::Transfer => self.transferred(Err(408)),
        }
    }

    /// After everything that happened: text to voices, speech to the leg, and what follows when all of it was said.
    fn go_on(&mut self) {
        self.pump();
        if !self.mouth.is_starving() {
            self.timers.clear(Timer::Tts);
        } else if !self.timers.is_set(Timer::Tts) {
            self.timers.set(Timer::Tts, self.now + deadline::TTS_AUDIO);
        }
        if !self.mouth.is_busy() {
            self.all_said();
        }
    }

    fn pump(&mut self) {
        if self.mouth.pump(&mut self.out) {
            let at_us = self.at_us();
            self.turn.first_tts_us.get_or_insert(at_us);
        }
    }

    fn expecting(&self) -> ExpectKind {
        self.mouth.expecting().map_or(self.asked.kind, |expect| expect.kind)
    }

    fn journal(&mut self, entry: Entry) {
        self.out.push_back(Effect::Journal(entry));
    }
}

#[cfg(test)]
mod tests;
