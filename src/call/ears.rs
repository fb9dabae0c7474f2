//! The caller's audio on its way to the recogniser: 10 s are kept, so that a session that opens late, or replaces one that
//! failed, hears what was said meanwhile. Never waits: what a session does not take is counted.

use std::collections::VecDeque;

use attendant_media::frame::{Frame, SLOT_SAMPLES, Samples};
use tokio::sync::mpsc;

use crate::stt::Input;

/// 10 s of 20 ms frames (DESIGN.md, rule 13): 320 KB a call.
const KEPT: usize = 500;

#[derive(Debug)]
pub(super) struct Ears {
    kept: VecDeque<(Samples, Frame)>,
    session: Option<mpsc::Sender<Input>>,
    dropped: u64,
}

impl Ears {
    /// All the room is taken at once, so that no slot grows it.
    pub(super) fn new() -> Self {
        Self { kept: VecDeque::with_capacity(KEPT), session: None, dropped: 0 }
    }

    pub(super) fn heard(&mut self, at: Samples, frame: &Frame) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((at, *frame));
        self.send(Input::Audio { at, frame: *frame });
    }

    /// A new session takes over, beginning with what was heard since `from`.
    pub(super) fn open(&mut self, session: mpsc::Sender<Input>, from: Samples) {
        self.session = Some(session);
        for place in 0..self.kept.len() {
            let (at, frame) = self.kept[place];
            if at.0 + SLOT_SAMPLES as u64 > from.0 {
                self.send(Input::Audio { at, frame });
            }
        }
    }

    pub(super) fn send(&mut self, input: Input) {
        let Some(session) = &self.session else { return };
        if session.try_send(input).is_err() {
            self.dropped += 1;
            metrics::counter!("stt_inputs_dropped_total").increment(1);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(at: u64) -> (Samples, Frame) {
        (Samples(at * SLOT_SAMPLES as u64), [at as i16; SLOT_SAMPLES])
    }

    #[test]
    fn no_slot_makes_the_ears_grow() {
        let mut ears = Ears::new();
        let room = ears.kept.capacity();
        for slot in 0..2 * KEPT as u64 {
            let (at, frame) = frame(slot);
            ears.heard(at, &frame);
            assert_eq!(ears.kept.capacity(), room, "slot {slot}");
        }
        assert_eq!(ears.kept.len(), KEPT);
    }

    #[test]
    fn a_session_that_opens_late_hears_what_was_said_since_then() {
        let mut ears = Ears::new();
        for slot in 0..10 {
            let (at, frame) = frame(slot);
            ears.heard(at, &frame);
        }
        let (session, mut heard) = mpsc::channel(16);
        // In the middle of the fourth frame, which is wanted whole.
        ears.open(session, Samples(3 * SLOT_SAMPLES as u64 + 5));
        let mut first = Vec::new();
        while let Ok(Input::Audio { frame, .. }) = heard.try_recv() {
            first.push(frame[0]);
        }
        assert_eq!(first, [3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(ears.dropped(), 0);
    }
}
