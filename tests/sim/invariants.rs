//! What must hold in every call, after every step. A violation is reported by its name.

use std::collections::HashMap;
use std::time::Duration;

use attendant_media::frame::Frame;
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;

use super::code;

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
    /// After a pause or a cut was decided, the next slot is silent.
    SilentWithinASlot,
    /// A speech is heard in order, without a gap; a resume goes back at most 400 ms.
    NoGapNoRepeat,
    /// Everything the caller said is in the transcript, once.
    NoCallerWordLost,
    /// What was paused goes on, or is cut: it does not stay paused.
    PauseEnds,
    /// Goodbye was heard whole.
    GoodbyeWhole,
}

#[derive(Debug, Default)]
pub struct Watch {
    pub broken: Vec<(Invariant, String)>,
    pub slots: u64,
    pub audible: Option<SpeechId>,
    silent_from_slot: Option<u64>,
    paused_since: Option<Time>,
    /// Place in ms (of the cycle) at the middle of the last frame of each source.
    places: HashMap<u32, u64>,
    may_go_back: bool,
    pub owed_since: Option<Time>,
    pub offered: HashMap<SpeechId, u64>,
    pub on_wire_since: Option<Time>,
    pub quiet_since: Option<Time>,
}

/// The place of a frame that is checked: after the 5 ms of a fade-in, before those of a fade-out.
const MIDDLE: usize = 200;

impl Watch {
    pub fn broke(&mut self, invariant: Invariant, what: String) {
        if self.broken.len() < 8 {
            self.broken.push((invariant, what));
        }
    }

    pub fn audible_is(&mut self, id: SpeechId) {
        self.audible = Some(id);
        self.places.clear();
    }

    /// The machine wants silence: from the next slot on.
    pub fn silence_ordered(&mut self) {
        self.silent_from_slot = Some(self.slots + 1);
    }

    pub fn sound_ordered(&mut self) {
        self.silent_from_slot = None;
        self.paused_since = None;
    }

    pub fn paused(&mut self, now: Time) {
        self.silence_ordered();
        self.paused_since = Some(now);
    }

    pub fn resumed(&mut self) {
        self.sound_ordered();
        self.may_go_back = true;
    }

    /// The caller makes sounds, or may be about to: a pause is not too long yet.
    pub fn pause_is_excused(&mut self, now: Time) {
        if self.paused_since.is_some() {
            self.paused_since = Some(now);
        }
    }

    /// One slot left. `audible_source` is the code of the audible speech.
    pub fn said(&mut self, now: Time, frame: &Frame, audible_source: Option<u32>) {
        self.slots += 1;
        let silent = frame.iter().all(|sample| *sample == 0);
        if silent {
            if self.on_wire_since.take().is_some() {
                self.quiet_since = Some(now);
            }
        } else {
            self.on_wire_since.get_or_insert(now);
            self.quiet_since = None;
            self.owed_since = None;
            if self.silent_from_slot.is_some_and(|from| self.slots > from) {
                self.broke(Invariant::SilentWithinASlot, format!("slot {} has sound", self.slots));
            }
        }
        let Some((source, place)) = code::decode(frame[MIDDLE]) else { return };
        if audible_source.map(|audible| audible % code::SOURCES) != Some(source) && self.silent_from_slot.is_none() {
            self.broke(Invariant::OneAudibleSpeech, format!("source {source} on the wire, audible {audible_source:?}"));
        }
        let key = audible_source.unwrap_or(source);
        let last = self.places.insert(key, place);
        if last.is_none() && place > 20 {
            self.broke(Invariant::NoGapNoRepeat, format!("source {source} begins at {place} ms"));
        }
        if let Some(last) = last {
            let step = (place + code::CYCLE_MS - last) % code::CYCLE_MS;
            let back = code::CYCLE_MS - step;
            let in_order = (19..=21).contains(&step);
            let resumed = self.may_go_back && (step <= 21 || back <= 421);
            if !in_order && !resumed {
                self.broke(Invariant::NoGapNoRepeat, format!("from {last} to {place} ms of source {source}"));
            }
        }
        self.may_go_back = false;
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
