//! The caller's audio on its way to the recogniser: 10 s are kept, so that a session that opens late, or replaces one that
//! failed, hears what was said meanwhile. Never waits: what a session does not take is counted.

use std::collections::VecDeque;

use attendant_media::frame::{Frame, SLOT_SAMPLES, Samples};
use tokio::sync::mpsc;

use crate::stt::Input;

/// 10 s of 20 ms frames (DESIGN.md, rule 13): 320 KB a call.
pub(super) const KEPT: usize = 500;

/// Frames are passed on two at a time, or with the next thing said to the session, since each time wakes another thread. A recogniser that
/// ends turns by itself would hear of the end up to 20 ms later for it, and is given each at once.
const TOGETHER: usize = 2;

#[derive(Debug)]
pub(super) struct Ears {
    kept: VecDeque<(Samples, Frame)>,
    session: Option<mpsc::Sender<Input>>,
    /// So many of the newest frames were not passed on yet...
    waiting: usize,
    /// ...and so many are.
    together: usize,
    dropped: u64,
}

impl Ears {
    /// All the room is taken at once, so that no slot grows it.
    pub(super) fn new() -> Self {
        Self { kept: VecDeque::with_capacity(KEPT), session: None, waiting: 0, together: TOGETHER, dropped: 0 }
    }

    pub(super) fn heard(&mut self, at: Samples, frame: &Frame) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back((at, *frame));
        if self.session.is_some() {
            self.waiting += 1;
        }
        if self.waiting >= self.together {
            self.pass_on();
        }
    }

    /// A new session takes over, beginning with what was heard since `from`.
    pub(super) fn open(&mut self, session: mpsc::Sender<Input>, from: Samples, end_of_turn: bool) {
        self.session = Some(session);
        self.together = if end_of_turn { 1 } else { TOGETHER };
        self.waiting = self.kept.iter().filter(|(at, _)| at.0 + SLOT_SAMPLES as u64 > from.0).count();
        self.pass_on();
    }

    pub(super) fn send(&mut self, input: Input) {
        self.pass_on();
        self.offer(input);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn pass_on(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        for place in self.kept.len() - waiting..self.kept.len() {
            let (at, frame) = self.kept[place];
            self.offer(Input::Audio { at, frame });
        }
    }

    fn offer(&mut self, input: Input) {
        let Some(session) = &self.session else { return };
        if session.try_send(input).is_err() {
            self.dropped += 1;
            metrics::counter!("stt_inputs_dropped_total").increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(ears: &mut Ears, numbers: std::ops::Range<u64>) {
        numbers.for_each(|n| ears.heard(Samples::from_slots(n), &[n as i16; SLOT_SAMPLES]));
    }

    fn passed(session: &mut mpsc::Receiver<Input>) -> Vec<Option<u64>> {
        std::iter::from_fn(|| session.try_recv().ok())
            .map(|input| if let Input::Audio { at, .. } = input { Some(at.0 / SLOT_SAMPLES as u64) } else { None })
            .collect()
    }

    #[test]
    fn whatever_else_is_said_to_a_session_comes_after_all_audio_before_it() {
        let mut ears = Ears::new();
        let (session, mut input) = mpsc::channel(1_000);
        frames(&mut ears, 0..3);
        ears.open(session, Samples::from_slots(1), false);
        frames(&mut ears, 3..6);
        assert_eq!(passed(&mut input), [1, 2, 3, 4].map(Some));
        ears.send(Input::Flush { up_to: Samples::from_slots(6) });
        assert_eq!(passed(&mut input), [Some(5), None]);
    }

    #[test]
    fn a_session_that_tells_the_end_of_turns_is_given_each_frame_at_once_and_the_next_one_may_not_be() {
        let mut ears = Ears::new();
        let (session, mut input) = mpsc::channel(1_000);
        ears.open(session, Samples::ZERO, true);
        frames(&mut ears, 0..1);
        assert_eq!(passed(&mut input), [Some(0)]);
        let (session, mut input) = mpsc::channel(1_000);
        ears.open(session, Samples::from_slots(1), false);
        frames(&mut ears, 1..2);
        assert_eq!(passed(&mut input), []);
        frames(&mut ears, 2..3);
        assert_eq!(passed(&mut input), [1, 2].map(Some));
    }

    #[test]
    fn a_session_that_opens_late_hears_the_last_10_s_once() {
        let mut ears = Ears::new();
        frames(&mut ears, 0..700);
        let (session, mut input) = mpsc::channel(1_000);
        ears.open(session, Samples::ZERO, false);
        frames(&mut ears, 700..702);
        assert_eq!(passed(&mut input), (200..702).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn no_slot_makes_the_ears_grow() {
        let mut ears = Ears::new();
        let room = ears.kept.capacity();
        frames(&mut ears, 0..2 * KEPT as u64);
        assert_eq!((ears.kept.capacity(), ears.kept.len()), (room, KEPT));
    }

    #[test]
    fn a_session_begins_with_the_whole_frame_that_holds_its_first_sample() {
        let mut ears = Ears::new();
        frames(&mut ears, 0..6);
        let (session, mut input) = mpsc::channel(1_000);
        ears.open(session, Samples::from_slots(3) + Samples(5), false);
        assert_eq!(passed(&mut input), [3, 4, 5].map(Some));
        assert_eq!(ears.dropped(), 0);
    }
}
