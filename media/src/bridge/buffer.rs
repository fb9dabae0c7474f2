//! A playout buffer for a listening person: in as frames arrive, out once a slot.
//!
//! It begins at 40 ms, grows by a frame whenever it runs dry, and shrinks by one when it was deeper than needed for ten
//! seconds; drift between the two clocks ends in the same two moves. A gap fades out instead of breaking off, and frames
//! are left out where it is quiet if there is a choice.

use crate::frame::{Frame, SILENCE, SLOT_SAMPLES};
use crate::vad::level_db;

/// Frames held at most: 160 ms. What is older is let go: people talk over each other when the delay is longer.
const MOST: usize = 8;

/// Depth before the first frame is given out, and the least later on: 40 ms.
const LEAST_TARGET: usize = 2;

/// The deepest that running dry makes it: 100 ms.
const MOST_TARGET: usize = 5;

/// Slots that the buffer must have stayed deeper than needed before a frame is left out: one second if that frame is
/// quiet, else two; and slots without a gap before the target shrinks: ten seconds.
const DEEP_SLOTS: u32 = 50;
const CALM_SLOTS: u32 = 500;

/// Quieter than this nobody misses 20 ms.
const QUIET_DB: f32 = -45.0;

/// Counters of one direction; `depth` is the present one, in frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferStats {
    pub depth: usize,
    /// Slots without a frame to give, after the first.
    pub gaps: u64,
    /// Frames left out.
    pub dropped: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not enough gathered yet.
    Filling,
    Flowing,
}

#[derive(Debug)]
pub(super) struct Buffer {
    frames: Box<[Frame; MOST]>,
    first: usize,
    depth: usize,
    state: State,
    target: usize,
    deep: u32,
    calm: u32,
    out: Frame,
    gaps: u64,
    dropped: u64,
}

impl Default for Buffer {
    fn default() -> Self {
        Self {
            frames: Box::new([SILENCE; MOST]),
            first: 0,
            depth: 0,
            state: State::Filling,
            target: LEAST_TARGET,
            deep: 0,
            calm: 0,
            out: SILENCE,
            gaps: 0,
            dropped: 0,
        }
    }
}

impl Buffer {
    pub(super) fn push(&mut self, frame: &Frame) {
        if self.depth == MOST {
            self.leave_out();
        }
        self.frames[(self.first + self.depth) % MOST] = *frame;
        self.depth += 1;
    }

    pub(super) fn pull(&mut self) -> &Frame {
        match self.state {
            State::Filling if self.depth < self.target => self.out = SILENCE,
            State::Filling => {
                self.state = State::Flowing;
                self.give();
            }
            State::Flowing if self.depth == 0 => self.gap(),
            State::Flowing => {
                self.trim();
                self.give();
            }
        }
        &self.out
    }

    pub(super) const fn stats(&self) -> BufferStats {
        BufferStats { depth: self.depth, gaps: self.gaps, dropped: self.dropped }
    }

    fn give(&mut self) {
        self.out = self.frames[self.first];
        self.first = (self.first + 1) % MOST;
        self.depth -= 1;
    }

    fn leave_out(&mut self) {
        self.first = (self.first + 1) % MOST;
        self.depth -= 1;
        self.dropped += 1;
        self.deep = 0;
    }

    /// Nothing to give: the last frame backwards, so that it joins on, fading; then silence until the buffer has filled
    /// to a frame more than before.
    fn gap(&mut self) {
        self.gaps += 1;
        self.calm = 0;
        self.deep = 0;
        self.target = (self.target + 1).min(MOST_TARGET);
        self.state = State::Filling;
        self.out.reverse();
        for (n, sample) in self.out.iter_mut().enumerate() {
            *sample = (i32::from(*sample) * (SLOT_SAMPLES - n) as i32 / SLOT_SAMPLES as i32) as i16;
        }
    }

    /// Before a frame is given: leaves one out if the buffer was too deep for long enough.
    fn trim(&mut self) {
        self.calm += 1;
        if self.calm == CALM_SLOTS {
            self.calm = 0;
            self.target = (self.target - 1).max(LEAST_TARGET);
        }
        if self.depth <= self.target + 1 {
            self.deep = 0;
            return;
        }
        self.deep += 1;
        let quiet = level_db(&self.frames[self.first]) < QUIET_DB;
        if self.deep > 2 * DEEP_SLOTS || (quiet && self.deep > DEEP_SLOTS) {
            self.leave_out();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(n: usize) -> Frame {
        [n as i16 + 1_000; SLOT_SAMPLES]
    }

    #[test]
    fn frames_come_out_in_order_40_ms_later() {
        let mut buffer = Buffer::default();
        let mut heard = Vec::new();
        for n in 0..50 {
            buffer.push(&frame(n));
            heard.push(buffer.pull()[0]);
        }
        assert_eq!(heard[0], 0);
        assert!(heard[1..].iter().enumerate().all(|(n, &sample)| sample == frame(n)[0]), "{heard:?}");
        assert_eq!(buffer.stats(), BufferStats { depth: 1, gaps: 0, dropped: 0 });
    }

    #[test]
    fn bursts_of_60_ms_cost_two_gaps_at_most_and_then_none() {
        let mut buffer = Buffer::default();
        let mut gaps = Vec::new();
        for n in 0..300 {
            if n % 3 == 2 {
                for burst in n - 2..=n {
                    buffer.push(&frame(burst));
                }
            }
            buffer.pull();
            gaps.push(buffer.stats().gaps);
        }
        assert!(gaps[299] <= 2, "{} gaps", gaps[299]);
        assert_eq!(gaps[20], gaps[299]);
    }

    #[test]
    fn a_faster_sender_is_kept_within_160_ms_by_leaving_frames_out() {
        let mut buffer = Buffer::default();
        for n in 0..5_000 {
            buffer.push(&frame(n));
            if n % 20 == 0 {
                buffer.push(&frame(n));
            }
            buffer.pull();
            assert!(buffer.stats().depth <= MOST);
        }
        let dropped = buffer.stats().dropped;
        assert!((240..=250).contains(&dropped), "{dropped}");
        assert_eq!(buffer.stats().gaps, 0);
    }

    #[test]
    fn a_gap_joins_on_and_fades_to_nothing() {
        let mut buffer = Buffer::default();
        buffer.push(&frame(0));
        buffer.push(&frame(0));
        buffer.pull();
        buffer.pull();
        let gap = *buffer.pull();
        assert_eq!(gap[0], 1_000);
        assert!(gap.windows(2).all(|pair| pair[0] >= pair[1]) && gap[319] < 10);
        assert_eq!(*buffer.pull(), SILENCE);
    }

    #[test]
    fn what_a_jittery_minute_made_deep_becomes_shallow_again() {
        let mut buffer = Buffer { target: MOST_TARGET, ..Buffer::default() };
        for n in 0..6_000 {
            buffer.push(&SILENCE);
            if n == 10 {
                (0..3).for_each(|_| buffer.push(&SILENCE));
            }
            buffer.pull();
        }
        assert!(buffer.stats().depth <= LEAST_TARGET + 1, "{:?}", buffer.stats());
    }
}
