//! A third party's ear on a leg or a bridge: both voices of a slot, side by side or mixed.
//!
//! The two voices of a slot come at different times; they are joined by their place on the leg clock. A voice that is over
//! 160 ms behind is taken as silence, so a listener is never held up. Left is the caller, right is us (requirement of the
//! recordings too). Unit: 16 kHz samples, interleaved if stereo.

use crate::frame::{Frame, SILENCE, SLOT_SAMPLES, Samples};

/// Slots that one voice may be ahead of the other.
const SPAN: u64 = 8;

/// What a listener is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Left, right, left, right: 640 samples a slot.
    Stereo,
    /// Both mixed: 320 samples a slot.
    Mono,
}

/// One slot being put together.
#[derive(Clone, Copy, Debug)]
struct Pair {
    slot: u64,
    left: Option<Frame>,
    right: Option<Frame>,
}

/// See the module header.
#[derive(Debug)]
pub struct Tap {
    shape: Shape,
    pairs: Box<[Pair]>,
    /// The next slot to give out, and the newest one seen on either side.
    next: u64,
    newest: u64,
    out: Box<[i16; 2 * SLOT_SAMPLES]>,
}

impl Tap {
    /// A tap whose first slot lies at `from`.
    pub fn new(shape: Shape, from: Samples) -> Self {
        let next = from.0 / SLOT_SAMPLES as u64;
        let empty = Pair { slot: u64::MAX, left: None, right: None };
        Self {
            shape,
            pairs: vec![empty; SPAN as usize].into(),
            next,
            newest: next,
            out: Box::new([0; 2 * SLOT_SAMPLES]),
        }
    }

    /// What was heard at `at`: the caller. Take what is ready before giving more.
    pub fn left(&mut self, at: Samples, frame: &Frame) {
        if let Some(pair) = self.pair(at) {
            pair.left = Some(*frame);
        }
    }

    /// What was said at `at`: us.
    pub fn right(&mut self, at: Samples, frame: &Frame) {
        if let Some(pair) = self.pair(at) {
            pair.right = Some(*frame);
        }
    }

    /// The next slot of which both voices are known, or one is too late. Call until `None`.
    pub fn take(&mut self) -> Option<&[i16]> {
        let index = (self.next % SPAN) as usize;
        let pair = &mut self.pairs[index];
        let (left, right) = if pair.slot == self.next { (pair.left, pair.right) } else { (None, None) };
        let overdue = self.newest >= self.next + SPAN - 1;
        if (left.is_none() || right.is_none()) && !overdue {
            return None;
        }
        pair.slot = u64::MAX;
        self.next += 1;
        let (left, right) = (left.unwrap_or(SILENCE), right.unwrap_or(SILENCE));
        let voices = left.iter().zip(&right);
        Some(match self.shape {
            Shape::Stereo => {
                for (out, (&left, &right)) in self.out.chunks_exact_mut(2).zip(voices) {
                    out.copy_from_slice(&[left, right]);
                }
                &self.out[..]
            }
            Shape::Mono => {
                for (out, (&left, &right)) in self.out.iter_mut().zip(voices) {
                    *out = left.saturating_add(right);
                }
                &self.out[..SLOT_SAMPLES]
            }
        })
    }

    fn pair(&mut self, at: Samples) -> Option<&mut Pair> {
        let slot = at.0 / SLOT_SAMPLES as u64;
        if slot < self.next || slot >= self.next + SPAN {
            return None;
        }
        self.newest = self.newest.max(slot);
        let pair = &mut self.pairs[(slot % SPAN) as usize];
        if pair.slot != slot {
            *pair = Pair { slot, left: None, right: None };
        }
        Some(pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(slot: u64) -> Samples {
        Samples::from_slots(slot)
    }

    #[test]
    fn both_voices_of_a_slot_lie_side_by_side_whichever_came_first() {
        let mut tap = Tap::new(Shape::Stereo, at(5));
        tap.right(at(5), &[2; 320]);
        assert_eq!(tap.take(), None);
        tap.left(at(5), &[1; 320]);
        assert_eq!(tap.take().map(|slot| slot[..4].to_vec()), Some(vec![1, 2, 1, 2]));
        assert_eq!(tap.take(), None);
    }

    #[test]
    fn mixed_voices_are_clipped_and_not_wrapped() {
        let mut tap = Tap::new(Shape::Mono, at(0));
        tap.left(at(0), &[30_000; 320]);
        tap.right(at(0), &[30_000; 320]);
        assert_eq!(tap.take(), Some(&[i16::MAX; 320][..]));
    }

    #[test]
    fn a_voice_that_stays_away_holds_nobody_up() {
        let mut tap = Tap::new(Shape::Mono, at(0));
        let mut taken = 0;
        for slot in 0..50 {
            tap.right(at(slot), &[slot as i16; 320]);
            while let Some(mixed) = tap.take() {
                assert_eq!(mixed[0], taken);
                taken += 1;
            }
        }
        assert_eq!(taken, 50 - (SPAN as i16 - 1));
    }
}
