//! Pairs what was heard with what was said in the same slot, for the recording.
//!
//! The caller's frame of a slot is known up to 60 ms before or after ours: a few of each wait for their partner.

use attendant_media::frame::{Frame, SILENCE, SLOT_SAMPLES, Samples};

use crate::records::Recorder;

/// Slots that may wait: 160 ms, over twice the longest wait for a hole.
const WAITING: usize = 8;

#[derive(Debug)]
pub(super) struct Tap {
    recorder: Recorder,
    slots: [Slot; WAITING],
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    at: Samples,
    heard: Option<Frame>,
    said: Option<Frame>,
}

const EMPTY: Slot = Slot { at: Samples(u64::MAX), heard: None, said: None };

impl Tap {
    pub(super) fn new(recorder: Recorder) -> Self {
        Self { recorder, slots: [EMPTY; WAITING] }
    }

    pub(super) fn heard(&mut self, at: Samples, frame: &Frame) {
        self.slot(at).heard = Some(*frame);
        self.send_if_paired(at);
    }

    pub(super) fn said(&mut self, at: Samples, frame: &Frame) {
        self.slot(at).said = Some(*frame);
        self.send_if_paired(at);
    }

    pub(super) fn keep(&self) {
        self.recorder.keep();
    }

    pub(super) fn discard(self) {
        self.recorder.discard();
    }

    /// The slot's place; one that never found its partner makes way, with silence on the missing side.
    fn slot(&mut self, at: Samples) -> &mut Slot {
        let place = (at.0 as usize / SLOT_SAMPLES) % WAITING;
        let slot = &mut self.slots[place];
        if slot.at != at {
            if slot.heard.is_some() || slot.said.is_some() {
                let (heard, said) = (slot.heard.unwrap_or(SILENCE), slot.said.unwrap_or(SILENCE));
                self.recorder.try_send(slot.at, &heard, &said);
            }
            *slot = Slot { at, ..EMPTY };
        }
        slot
    }

    fn send_if_paired(&mut self, at: Samples) {
        let slot = self.slot(at);
        if let (Some(heard), Some(said)) = (slot.heard, slot.said) {
            *slot = EMPTY;
            self.recorder.try_send(at, &heard, &said);
        }
    }
}
