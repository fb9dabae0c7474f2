//! The world of one simulated call: a heap of things to come, the machine and its leg, and a clock that jumps to the earliest.

mod effects;
mod verdict;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use attendant::call::canned::{Canned, Line, Phrase};
use attendant::call::event::{Event, Gone, Signal};
use attendant::call::machine::{Input, Machine, Setup};
use attendant::call::settings::CallConfig;
use attendant::call::timeline::{EndReason, Entry};
use attendant::language::Language;
use attendant::{stt, tts};
use attendant_media::frame::{SLOT, Samples};
use attendant_media::leg::{self, Codec, Format, Leg, LegConfig, Output};
use attendant_media::time::Time;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::caller::{Act, Caller, Stretch};
use super::code;
use super::faults::Fault;
use super::invariants::{Invariant, Watch};
use super::network::Network;
use super::providers::{Brain, Ears, Later, Mood, Voices};

/// What a call is made of.
#[derive(Clone, Debug)]
pub struct Script {
    pub seed: u64,
    pub acts: Vec<Act>,
    pub network: Network,
    pub ears: Mood,
    pub voice: Mood,
    pub brain: Mood,
    pub goodbye_after: usize,
    pub tool_every: usize,
    pub transfer_to: Option<String>,
    pub fault: Option<Fault>,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    pub broken: Vec<(Invariant, String)>,
    pub reason: Option<EndReason>,
    pub transcript: Vec<Entry>,
    pub lasted: Duration,
}

/// The rings are given as journal order; a call that lasts longer is stuck.
const AT_MOST: Time = Time::from_millis(240_000);
/// From the caller's last packet to the leg: the network's least delay.
const NETWORK: Samples = Samples::from_millis(30);

struct Coming {
    at: Time,
    order: u64,
    what: Happening,
}

enum Happening {
    Answer,
    CallerTick(u64),
    Packet(Box<[u8]>),
    Event(Box<Event>),
}

impl PartialEq for Coming {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Coming {}
impl PartialOrd for Coming {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Coming {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

pub struct World {
    now: Time,
    order: u64,
    heap: BinaryHeap<Reverse<Coming>>,
    rng: StdRng,
    script: Script,
    machine: Machine,
    leg: Option<Leg>,
    origin: Time,
    caller: Caller,
    ears: Ears,
    session_open: bool,
    heard: Vec<Samples>,
    voices: Voices,
    brain: Brain,
    watch: Watch,
    reason: Option<EndReason>,
    journal: Vec<Entry>,
    audible_source: Option<u32>,
    pub planted: u32,
}

const FORMAT: Format = Format { codec: Codec::Pcmu, payload_type: 0 };

impl World {
    pub fn new(script: Script) -> Self {
        let mut voices = Voices::new(script.voice);
        let mut canned = Canned::default();
        let phrases = [
            (Phrase::Greeting, "Hello this is the clinic how can I help", 2_400),
            (Phrase::StillThere, "Are you still there", 1_000),
            (Phrase::SilenceGoodbye, "Goodbye then", 900),
            (Phrase::RepeatPlease, "Please say that again", 1_100),
            (Phrase::Apology, "I am sorry something went wrong", 1_600),
            (Phrase::Transfer, "I will connect you", 1_000),
            (Phrase::TransferFailed, "Nobody could be reached", 1_200),
            (Phrase::TimeLimit, "We have to end here", 1_100),
            (Phrase::Filler(0), "One moment please", 900),
            (Phrase::Filler(1), "I am still looking", 950),
        ];
        for (phrase, text, ms) in phrases {
            let source = voices.new_source();
            let audio = code::audio(source, 0, ms * 16);
            let audio = Some(audio)
                .filter(|_| !(matches!(phrase, Phrase::Filler(_)) && script.fault == Some(Fault::NoFillers)));
            canned.insert(Language::English, phrase, Line { text: text.into(), audio });
        }
        let config = CallConfig { transfer_to: script.transfer_to.clone(), ..CallConfig::default() };
        let recogniser = stt::Capabilities { partials: true, end_of_turn: false, flush: true };
        let setup = Setup {
            config: Arc::new(config),
            canned: Arc::new(canned),
            language: Language::English,
            recognisers: vec![recogniser, recogniser],
            voices: 2,
            recorded: false,
        };
        let now = Time::from_millis(1_000);
        let mut world = Self {
            now,
            order: 0,
            heap: BinaryHeap::new(),
            rng: StdRng::seed_from_u64(script.seed),
            machine: Machine::new(setup, now),
            leg: None,
            origin: now,
            caller: Caller::new(script.acts.clone()),
            ears: Ears::new(script.ears),
            session_open: false,
            heard: Vec::new(),
            voices,
            brain: Brain {
                mood: script.brain,
                goodbye_after: script.goodbye_after,
                answers: 0,
                tool_every: script.tool_every,
            },
            watch: Watch::default(),
            reason: None,
            journal: Vec::new(),
            audible_source: None,
            planted: 0,
            script,
        };
        world.later(Duration::from_millis(500), Happening::Answer);
        world
    }

    pub fn run(mut self) -> Outcome {
        self.settle();
        let mut over_since = None;
        while self.now < AT_MOST {
            self.step();
            if self.reason.is_some() {
                // Half a second more: nothing may leave any longer.
                let since = *over_since.get_or_insert(self.now);
                if self.now.since(since) > Duration::from_millis(500) {
                    break;
                }
            }
        }
        self.judge_the_whole();
        Outcome {
            broken: self.watch.broken,
            reason: self.reason,
            transcript: self.journal,
            lasted: self.now.since(self.origin),
        }
    }

    fn later(&mut self, after: Duration, what: Happening) {
        self.order += 1;
        self.heap.push(Reverse(Coming { at: self.now + after, order: self.order, what }));
    }

    fn all_later(&mut self, later: Later) {
        for (after, event) in later {
            self.later(after, Happening::Event(Box::new(event)));
        }
    }

    fn step(&mut self) {
        let heap = self.heap.peek().map_or(Time::NEVER, |Reverse(coming)| coming.at);
        let leg = self.leg.as_ref().map_or(Time::NEVER, Leg::poll_timeout);
        let timers_lost = self.script.fault == Some(Fault::TimersLost);
        let machine = if timers_lost { Time::NEVER } else { self.machine.poll_timeout() };
        self.now = self.now.max(heap.min(leg).min(machine));
        if self.now == Time::NEVER {
            self.now = AT_MOST;
            return;
        }
        if heap <= self.now
            && let Some(Reverse(coming)) = self.heap.pop()
        {
            self.happens(coming.what);
        }
        if leg <= self.now
            && let Some(leg) = &mut self.leg
        {
            leg.handle(self.now, leg::Input::Timeout);
        }
        if machine <= self.now {
            self.machine.handle(self.now, Input::Timeout);
        }
        self.settle();
        self.after_step();
    }

    fn happens(&mut self, what: Happening) {
        match what {
            Happening::Answer => {
                self.origin = self.now;
                let config = LegConfig {
                    framing: leg::Framing::Rtp,
                    inbound: FORMAT,
                    outbound: FORMAT,
                    dtmf: None,
                    ssrc: 1,
                    first_sequence: 65_530,
                    first_timestamp: u32::MAX - 1_000,
                    denoise: false,
                    gain: false,
                    echo_control: false,
                };
                self.leg = Some(Leg::new(config, self.now));
                self.machine.handle(self.now, Input::Event(Event::Signal(Signal::Answered)));
                self.later(Duration::ZERO, Happening::CallerTick(0));
            }
            Happening::CallerTick(n) => self.caller_tick(n),
            Happening::Packet(packet) => {
                if let Some(leg) = &mut self.leg {
                    leg.handle(self.now, leg::Input::Rtp(&packet));
                }
                self.machine.handle(self.now, Input::MediaReceived);
            }
            Happening::Event(event) => {
                let event = *event;
                if let Event::Tts(tts::Event::Audio { id, audio }) = &event
                    && self.watch.audible.is_some_and(|audible| audible != *id)
                    && self.fault(Fault::LateChunkAudible)
                {
                    let id = self.watch.audible.unwrap_or(*id);
                    let late = Event::Tts(tts::Event::Audio { id, audio: audio.clone() });
                    self.machine.handle(self.now, Input::Event(late));
                    return;
                }
                let is_final = matches!(event, Event::Stt { event: stt::Event::Final { .. }, .. });
                if is_final && self.fault(Fault::FinalTwice) {
                    self.machine.handle(self.now, Input::Event(event.clone()));
                }
                self.machine.handle(self.now, Input::Event(event));
            }
        }
    }

    fn caller_tick(&mut self, n: u64) {
        if self.caller.hung_up || self.reason.is_some() {
            return;
        }
        if self.caller.act(self.now, self.watch.on_wire_since, self.watch.quiet_since) {
            self.watch.quiet_since = None;
        }
        if self.caller.hung_up {
            self.machine.handle(self.now, Input::Event(Event::Signal(Signal::Gone(Gone::HungUp))));
            return;
        }
        let mut packet = vec![0x80, 0x00];
        packet.extend_from_slice(&((n as u16).wrapping_add(65_500)).to_be_bytes());
        packet.extend_from_slice(&((n as u32).wrapping_mul(160).wrapping_sub(5_000)).to_be_bytes());
        packet.extend_from_slice(&7_u32.to_be_bytes());
        packet.extend_from_slice(&self.caller.packet(self.now));
        for after in self.script.network.carry(&mut self.rng) {
            self.later(after, Happening::Packet(packet.clone().into()));
        }
        let drift = i64::from(self.script.network.drift_ppm) * 20 / 1_000;
        self.later(Duration::from_micros((20_000 + drift) as u64), Happening::CallerTick(n + 1));
        let said = self.said();
        let clock = self.clock();
        let later = self.ears.listen(clock, &said, &mut self.rng);
        self.all_later(later);
    }

    /// What the caller has said, on the leg clock.
    fn said(&self) -> Vec<(Stretch, Samples, Samples)> {
        let place = |at: Time| Samples(at.since(self.origin).as_micros() as u64 * 16 / 1_000) + NETWORK;
        self.caller.stretches.iter().map(|stretch| (stretch.clone(), place(stretch.from), place(stretch.to))).collect()
    }

    fn clock(&self) -> Samples {
        Samples(self.now.since(self.origin).as_micros() as u64 * 16 / 1_000)
    }

    /// As the driver does: everything that is ready moves.
    fn settle(&mut self) {
        loop {
            self.leg_output();
            let mut moved = false;
            while let Some(effect) = self.machine.poll_effect() {
                moved = true;
                self.perform(effect);
            }
            if let Some(leg) = &mut self.leg {
                while let room @ 1.. = leg.room() {
                    let Some((id, audio)) = self.machine.poll_audio(room) else { break };
                    moved = true;
                    *self.watch.offered.entry(id).or_default() += audio.len() as u64;
                    if let Some((source, _)) = audio.first().and_then(|sample| code::decode(*sample)) {
                        self.voices.sources.entry(id).or_insert(source);
                        self.audible_source = self.voices.sources.get(&id).copied();
                    }
                    if self.script.fault == Some(Fault::ChunkLost) && self.planted == 0 && self.watch.slots > 200 {
                        self.planted = 1;
                        continue;
                    }
                    leg.handle(self.now, leg::Input::Speech { id, audio });
                    if self.script.fault == Some(Fault::DoubleSpeech) && self.planted == 0 && audio.len() * 2 <= room {
                        self.planted += 1;
                        leg.handle(self.now, leg::Input::Speech { id, audio });
                    }
                }
                self.machine.audio_taken();
            }
            if !moved {
                return;
            }
        }
    }

    fn leg_output(&mut self) {
        let Some(mut leg) = self.leg.take() else { return };
        while let Some(output) = leg.poll_output() {
            match &output {
                Output::Rtp { .. } | Output::Payload { .. } => {
                    if self.reason.is_some() && self.script.fault != Some(Fault::SendsAfterTheEnd) {
                        continue;
                    }
                    if self.reason.is_some() {
                        self.watch.broke(Invariant::NothingAfterTheEnd, "a packet after the end".to_owned());
                    }
                }
                Output::Rtcp { .. } => {}
                Output::Heard { at, .. } => {
                    self.heard.push(*at);
                    if self.session_open && !self.fault(Fault::EarsUnplugged) {
                        self.ears.audio(*at);
                    }
                }
                Output::Said { audio, .. } => {
                    if self.reason.is_none() {
                        if self.script.fault == Some(Fault::SlotsRebased)
                            && self.watch.slots == 300
                            && self.planted == 0
                        {
                            self.planted = 1;
                            continue;
                        }
                        self.watch.said(self.now, audio, self.audible_source);
                    }
                }
                Output::Played { id, samples } => {
                    let offered = self.watch.offered.get(id).copied().unwrap_or(0);
                    if *samples > offered {
                        self.watch.broke(Invariant::HeardAtMostSent, format!("{samples} of {offered}"));
                    }
                    if self.script.fault == Some(Fault::HeardTooMuch) {
                        self.planted += 1;
                        let inflated = samples + 16_000;
                        if inflated > offered {
                            self.watch.broke(Invariant::HeardAtMostSent, format!("{inflated} of {offered}"));
                        }
                    }
                    self.machine.handle(self.now, Input::Leg(&output));
                }
                Output::SpeechStart { .. }
                | Output::Speaking { .. }
                | Output::SpeechEnd { .. }
                | Output::Finished { .. }
                | Output::Dry { .. }
                | Output::Dtmf { .. }
                | Output::FaxTone { .. } => {
                    if !(matches!(output, Output::Finished { .. }) && self.fault(Fault::StuckState)) {
                        self.machine.handle(self.now, Input::Leg(&output));
                    }
                }
            }
        }
        self.leg = Some(leg);
    }

    fn after_step(&mut self) {
        if self.caller.is_speaking(self.now) {
            self.watch.pause_is_excused(self.now);
        }
        let owes = self.machine.owes_speech() && self.reason.is_none();
        self.watch.step(self.now, owes, Duration::from_millis(3_050));
        if let Some(leg) = &self.leg
            && self.reason.is_none()
        {
            let due = self.now.since(self.origin).as_micros() / SLOT.as_micros() + 1;
            if leg.poll_timeout() > self.now && u128::from(self.watch.slots) != due {
                let slots = self.watch.slots;
                self.watch.broke(Invariant::SlotForSlot, format!("{slots} slots, {due} due"));
                self.watch.slots = due as u64;
            }
        }
    }

    /// Whether the planted fault is this one; it strikes at most a few times, then the call goes on.
    fn fault(&mut self, fault: Fault) -> bool {
        let strikes = self.script.fault == Some(fault) && self.planted < fault.strikes();
        self.planted += u32::from(strikes);
        strikes
    }
}
