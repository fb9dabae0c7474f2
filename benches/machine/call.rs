//! One call without a network: a leg, the machine on it, and a caller whose packets are made beforehand. Shared by the bench and by
//! the test of what a slot may allocate.
//!
//! A slot is what the driver does in one: a packet in, everything that is ready moved, a packet out.

use std::sync::Arc;

use attendant::call::canned::Canned;
use attendant::call::effect::{Effect, LegEffect};
use attendant::call::event::{Event, Signal};
use attendant::call::machine::{Input, Machine, Setup};
use attendant::call::settings::CallConfig;
use attendant::call::turn::Floor;
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::sim::{ScriptedConfig, ScriptedRecognizer};
use attendant::{agent, stt, tts};
use attendant_media::frame::{SLOT_SAMPLES, Samples};
use attendant_media::leg::{self, Codec, Format, Leg, LegConfig, Output};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;

/// Who speaks, without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talks {
    Caller,
    Agent,
}

/// A voice's audio comes in pieces of 200 ms.
const PIECE: usize = 10 * SLOT_SAMPLES;
/// A recogniser says what it has every 300 ms.
const PARTIAL_SLOTS: u64 = 15;

pub struct Call {
    pub machine: Machine,
    leg: Leg,
    talks: Talks,
    slot: u64,
    packets: Vec<Vec<u8>>,
    piece: Arc<[i16]>,
    speech: Option<SpeechId>,
    partial: String,
}

/// Two seconds of what has the spectrum and the rhythm of speech, the same each time; or hardly anything.
fn babble(loudness: f32) -> Vec<i16> {
    let (mut state, mut low) = (1_u32, 0.0_f32);
    (0..32_000)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            low = 0.7 * low + ((state >> 16) as f32 / 65_536.0 - 0.5);
            let pitch = (n as f32 * 0.05).sin().abs();
            (low * pitch * (0.3 + (n as f32 / 3_200.0).sin().abs()) * loudness) as i16
        })
        .collect()
}

pub fn config(cleaning: bool) -> LegConfig {
    let format = Format { codec: Codec::Pcmu, payload_type: 0 };
    LegConfig {
        dtmf: Some(101),
        denoise: cleaning,
        gain: cleaning,
        echo_control: cleaning,
        ..LegConfig::plain(format, 1)
    }
}

/// The packets of a caller who says `audio`.
fn packets(audio: &[i16]) -> Vec<Vec<u8>> {
    let mut caller = Leg::new(config(false), Time::ZERO);
    let id = SpeechId::default();
    caller.handle(Time::ZERO, leg::Input::Audible(id));
    let mut packets = Vec::new();
    for (slot, frame) in audio.chunks_exact(SLOT_SAMPLES).enumerate() {
        caller.handle(Time::from_millis(20 * slot as u64), leg::Input::Speech { id, audio: frame });
        while let Some(output) = caller.poll_output() {
            if let Output::Rtp { packet, .. } = output {
                packets.push(packet.to_vec());
            }
        }
    }
    packets
}

/// Settings and phrases are shared by all calls of a server: a clone shares them too.
pub fn setup() -> Setup {
    Setup {
        // Longer than any measurement.
        config: Arc::new(CallConfig { max_duration_s: 1_000_000, ..CallConfig::default() }),
        canned: Arc::new(Canned::texts()),
        language: Language::English,
        recognisers: vec![stt::hearers(&ScriptedRecognizer(ScriptedConfig::default()))],
        names: Vec::new(),
        voices: 1,
        recorded: false,
    }
}

impl Call {
    /// A call in which this one has been speaking for two seconds.
    pub fn new(talks: Talks, cleaning: bool) -> Self {
        let loudness = match talks {
            Talks::Caller => 12_000.0,
            Talks::Agent => 20.0,
        };
        let mut call = Self {
            machine: Machine::new(setup(), Time::ZERO),
            leg: Leg::new(config(cleaning), Time::ZERO),
            talks,
            slot: 0,
            packets: packets(&babble(loudness)),
            piece: babble(9_000.0)[..PIECE].into(),
            speech: None,
            partial: "so I wanted to ask".to_owned(),
        };
        call.event(Event::Stt { session: 1, event: stt::Event::Ready });
        // There is no greeting, so the agent is asked at once.
        call.event(Event::Signal(Signal::Answered));
        let words = match talks {
            Talks::Caller => None,
            Talks::Agent => Some(agent::Event::Text(Pii::new("We are open on Monday. And so on. ".to_owned()))),
        };
        for event in words.into_iter().chain([agent::Event::HangUp]) {
            call.event(Event::Agent { turn: 1, event });
        }
        for _ in 0..100 {
            call.slot();
        }
        let floor = call.machine.floor();
        match talks {
            Talks::Caller => assert!(matches!(floor, Floor::Contested { .. } | Floor::Caller { .. }), "{floor:?}"),
            Talks::Agent => assert!(floor == Floor::Agent && call.speech.is_some(), "{floor:?}"),
        }
        call
    }

    /// Whether the next slot brings an event of a provider.
    pub fn event_is_due(&self) -> bool {
        match self.talks {
            Talks::Caller => self.slot.is_multiple_of(PARTIAL_SLOTS),
            Talks::Agent => self.slot.is_multiple_of((PIECE / SLOT_SAMPLES) as u64),
        }
    }

    pub fn slot(&mut self) {
        let now = self.now();
        let place = self.slot as usize % self.packets.len();
        // The recorded packets again and again, as one stream.
        let packet = &mut self.packets[place];
        packet[2..4].copy_from_slice(&(self.slot as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&((self.slot * 160) as u32).to_be_bytes());
        self.leg.handle(now, leg::Input::Rtp(packet));
        self.machine.handle(now, Input::MediaReceived);
        if self.machine.poll_timeout() <= now {
            self.machine.handle(now, Input::Timeout);
        }
        if self.event_is_due() {
            self.provide(now);
        }
        self.settle(now);
        self.slot += 1;
    }

    fn provide(&mut self, now: Time) {
        let event = match (self.talks, self.speech) {
            (Talks::Caller, _) => {
                let text = Pii::new(self.partial.clone());
                let to = Samples(self.slot * SLOT_SAMPLES as u64);
                let partial = stt::Event::Partial { text, stable: 0, from: Samples::ZERO, to };
                Event::Stt { session: 1, event: partial }
            }
            (Talks::Agent, Some(id)) => Event::Tts(tts::Event::Audio { id, audio: self.piece.clone() }),
            (Talks::Agent, None) => return,
        };
        self.machine.handle(now, Input::Event(event));
    }

    fn event(&mut self, event: Event) {
        self.machine.handle(self.now(), Input::Event(event));
        self.settle(self.now());
    }

    fn now(&self) -> Time {
        Time::from_millis(20 * self.slot)
    }

    fn settle(&mut self, now: Time) {
        loop {
            while let Some(output) = self.leg.poll_output() {
                match output {
                    Output::Rtp { .. }
                    | Output::Rtcp { .. }
                    | Output::Payload { .. }
                    | Output::Heard { .. }
                    | Output::Said { .. } => {}
                    fact => self.machine.handle(now, Input::Leg(&fact)),
                }
            }
            let mut moved = false;
            while let Some(effect) = self.machine.poll_effect() {
                moved = true;
                match effect {
                    Effect::Leg(LegEffect::Audible(id)) => self.leg.handle(now, leg::Input::Audible(id)),
                    Effect::Leg(LegEffect::Mute) => self.leg.handle(now, leg::Input::Mute),
                    Effect::Leg(LegEffect::Pause) => self.leg.handle(now, leg::Input::Pause),
                    Effect::Leg(LegEffect::Resume { back }) => self.leg.handle(now, leg::Input::Resume { back }),
                    Effect::Tts { input: tts::Input::Begin { id, .. }, .. } => self.speech = Some(id),
                    _ => {}
                }
            }
            while let room @ 1.. = self.leg.room() {
                let Some((id, audio)) = self.machine.poll_audio(room) else { break };
                moved = true;
                self.leg.handle(now, leg::Input::Speech { id, audio });
            }
            self.machine.audio_taken();
            if !moved {
                return;
            }
        }
    }
}
