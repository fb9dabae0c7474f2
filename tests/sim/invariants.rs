//! What must hold in every call, after every step. A violation is reported by its name.

use std::collections::HashMap;
use std::time::Duration;

use attendant_media::frame::{Frame, SILENCE};
use attendant_media::playout::FADE;
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;

use super::code;
use super::sound;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Invariant {
    /// Only the speech id that the leg was told is audible is on the wire.
    OneAudibleSpeech,
    /// A packet for each slot: no more, no fewer.
    SlotForSlot,
    NothingAfterTheEnd,
    /// The call has ended some time after its script has.
    CallEnds,
    EndReasonOnce,
    /// While the agent owes speech there are never more than 3 s of silence.
    NoOwedSilence,
    /// What is reported as heard was given to the leg before.
    HeardAtMostSent,
    /// After a cut was decided the next slot is silent; after a pause, but for a fade of 5 ms.
    SilentWithinASlot,
    /// A speech is heard in order, without a gap; a resume goes back at most 400 ms.
    NoGapNoRepeat,
    /// Everything the caller said and every key is in the transcript, once.
    NoCallerWordLost,
    /// What was paused goes on, or is cut: it does not stay paused.
    PauseEnds,
    /// Goodbye was heard whole.
    GoodbyeWhole,
    /// The agent's lines are what the caller heard of them, and the agent is asked with those.
    HistoryIsWhatWasHeard,
    /// The caller hears the agent within 2 s of the answer.
    GreetingInTime,
    /// A recording is kept only if the caller has heard whole that there is one.
    RecordedOnlyIfAnnounced,
    /// The agent falls silent only for a caller who did something.
    NoFalseBargeIn,
    /// While the other side has us on hold nothing is sent.
    HoldIsSilent,
}

/// What the machine ordered last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Sound,
    /// Since so many slots.
    Pause {
        slots: u64,
    },
    Mute {
        slots: u64,
    },
}

#[derive(Debug)]
pub struct Watch {
    pub broken: Vec<(Invariant, String)>,
    /// The agent's audio is coded: its place can be read from it.
    coded: bool,
    pub slots: u64,
    pub audible: Option<SpeechId>,
    /// The same, and still known after a cut.
    pub last_audible: Option<SpeechId>,
    order: Order,
    paused_since: Option<Time>,
    /// Place in ms, of the cycle and in all, at the middle of the last frame of the audible speech.
    place: Option<(u64, i64)>,
    /// Samples of the audible speech that have left, as the wire has it.
    pub left: u64,
    may_go_back: bool,
    pub held: bool,
    /// Words come this much after the sound, at most.
    late_words: Duration,
    /// When the caller last did anything that can be heard.
    caller_did: Time,
    pub owed_since: Option<Time>,
    pub offered: HashMap<SpeechId, u64>,
    pub on_wire_since: Option<Time>,
    pub quiet_since: Option<Time>,
}

/// The place of a frame that is checked: after the 5 ms of a fade-in, before those of a fade-out.
const MIDDLE: usize = 200;

impl Watch {
    pub fn new(coded: bool, late_words: Duration) -> Self {
        Self {
            broken: Vec::new(),
            coded,
            slots: 0,
            audible: None,
            last_audible: None,
            order: Order::Sound,
            paused_since: None,
            place: None,
            left: 0,
            may_go_back: false,
            held: false,
            late_words,
            caller_did: Time::ZERO,
            owed_since: None,
            offered: HashMap::new(),
            on_wire_since: None,
            quiet_since: None,
        }
    }

    pub fn broke(&mut self, invariant: Invariant, what: String) {
        if self.broken.len() < 8 {
            self.broken.push((invariant, what));
        }
    }

    pub fn audible_is(&mut self, id: SpeechId) {
        self.audible = Some(id);
        self.last_audible = Some(id);
        self.place = None;
        self.left = 0;
        self.sound_ordered();
    }

    pub fn muted(&mut self) {
        self.audible = None;
        self.paused_since = None;
        self.order = Order::Mute { slots: self.slots };
    }

    fn sound_ordered(&mut self) {
        self.order = Order::Sound;
        self.paused_since = None;
    }

    pub fn paused(&mut self, now: Time) {
        if now.since(self.caller_did) > self.late_words {
            self.broke(Invariant::NoFalseBargeIn, format!("paused at slot {} for nothing", self.slots));
        }
        self.order = Order::Pause { slots: self.slots };
        self.paused_since = Some(now);
    }

    pub fn resumed(&mut self) {
        self.sound_ordered();
        self.may_go_back = true;
    }

    /// The caller sounds, presses, holds.
    pub fn caller_did(&mut self, now: Time) {
        self.caller_did = now;
        self.pause_is_excused(now);
    }

    /// The caller makes sounds, or may be about to: a pause is not too long yet.
    pub fn pause_is_excused(&mut self, now: Time) {
        if self.paused_since.is_some() {
            self.paused_since = Some(now);
        }
    }

    /// The packet of the slot that leaves now.
    pub fn packet(&mut self, payload: &[u8]) {
        if self.held {
            self.broke(Invariant::HoldIsSilent, format!("slot {} was sent", self.slots));
        }
        let since = match self.order {
            Order::Sound => return,
            Order::Pause { slots } | Order::Mute { slots } => self.slots - slots,
        };
        // The first packet holds the fade, and the filter to the codec's rate rings for a millisecond after it.
        let loud = payload.iter().skip(8).any(|byte| sound::linear(*byte).unsigned_abs() > 40);
        if since >= 1 && loud {
            self.broke(Invariant::SilentWithinASlot, format!("packet {} has sound", self.slots));
        }
    }

    /// One slot left. `audible_source` is the code of the audible speech.
    pub fn said(&mut self, now: Time, frame: &Frame, audible_source: Option<u32>) {
        self.slots += 1;
        let silent = |samples: &[i16]| *samples == SILENCE[..samples.len()];
        if silent(frame) {
            if self.on_wire_since.take().is_some() {
                self.quiet_since = Some(now);
            }
        } else {
            self.on_wire_since.get_or_insert(now);
            self.quiet_since = None;
            self.owed_since = None;
        }
        let as_ordered = match self.order {
            Order::Sound => true,
            Order::Pause { slots } if self.slots == slots + 1 => silent(&frame[FADE..]),
            Order::Pause { .. } | Order::Mute { .. } => silent(frame),
        };
        if !as_ordered {
            self.broke(Invariant::SilentWithinASlot, format!("slot {} has sound", self.slots));
        }
        if self.coded {
            self.decoded(code::decode(frame[MIDDLE]), audible_source);
        }
        self.may_go_back &= silent(frame);
    }

    fn decoded(&mut self, decoded: Option<(u32, u64)>, audible_source: Option<u32>) {
        let Some((source, place)) = decoded else { return };
        if audible_source.map(|audible| audible % code::SOURCES) != Some(source) && self.order == Order::Sound {
            self.broke(Invariant::OneAudibleSpeech, format!("source {source} on the wire, audible {audible_source:?}"));
        }
        let position = match self.place {
            None => {
                if place > 20 {
                    self.broke(Invariant::NoGapNoRepeat, format!("source {source} begins at {place} ms"));
                }
                place as i64
            }
            Some((last, position)) => {
                let step = (place + code::CYCLE_MS - last) % code::CYCLE_MS;
                let back = code::CYCLE_MS - step;
                let resumed = self.may_go_back && (step <= 21 || back <= 421);
                if !(19..=21).contains(&step) && !resumed {
                    self.broke(Invariant::NoGapNoRepeat, format!("from {last} to {place} ms of source {source}"));
                }
                position + if step < code::CYCLE_MS / 2 { step as i64 } else { -(back as i64) }
            }
        };
        self.place = Some((place, position));
        self.left = self.left.max((position.max(0) as u64 * 16 + 320).saturating_sub(MIDDLE as u64));
    }

    /// After every step: who owes what.
    pub fn step(&mut self, now: Time, owes: bool, limit: Duration) {
        if !owes || self.on_wire_since.is_some() {
            self.owed_since = None;
        } else {
            let since = *self.owed_since.get_or_insert(now);
            if now.since(since) > limit {
                self.broke(Invariant::NoOwedSilence, format!("silent for {:?}", now.since(since)));
                self.owed_since = Some(now);
            }
        }
        if self.paused_since.is_some_and(|since| now.since(since) > Duration::from_secs(4)) {
            self.broke(Invariant::PauseEnds, "paused for 4 s with nobody speaking".to_owned());
            self.paused_since = None;
        }
    }
}
