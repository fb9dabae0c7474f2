//! Joins two legs so that their people hear each other, and lets a third listen.
//!
//! Each direction has a small buffer, since a person listens and a leg hears frames as they arrive. The driver gives every
//! frame heard on one side to [`Bridge::heard`], and says on the other side, once a slot, what [`Bridge::say`] returns.
//! It never waits for either side, and knows nothing of packets, times or speech ids. Unit: 16 kHz frames of 20 ms.

mod buffer;
mod tap;

use crate::frame::Frame;
use buffer::Buffer;

pub use buffer::BufferStats;
pub use tap::{Shape, Tap};

/// One of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    A,
    B,
}

/// See the module header.
#[derive(Debug, Default)]
pub struct Bridge {
    to_a: Buffer,
    to_b: Buffer,
}

impl Bridge {
    pub fn new() -> Self {
        Self::default()
    }

    /// A frame that the leg of `from` heard, in the order heard.
    pub fn heard(&mut self, from: Side, frame: &Frame) {
        match from {
            Side::A => self.to_b.push(frame),
            Side::B => self.to_a.push(frame),
        }
    }

    /// What the leg of `to` is to say in its next slot: the other party, or silence. Once per slot.
    pub fn say(&mut self, to: Side) -> &Frame {
        match to {
            Side::A => self.to_a.pull(),
            Side::B => self.to_b.pull(),
        }
    }

    /// How the buffer towards `to` is doing.
    pub fn stats(&self, to: Side) -> BufferStats {
        match to {
            Side::A => self.to_a.stats(),
            Side::B => self.to_b.stats(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_hears_the_other_and_never_itself() {
        let mut bridge = Bridge::new();
        for n in 0..10 {
            bridge.heard(Side::A, &[100 + n; 320]);
            bridge.heard(Side::B, &[200 + n; 320]);
            let to_b = bridge.say(Side::B)[319];
            let to_a = bridge.say(Side::A)[319];
            assert!(to_b == 0 || (100..110).contains(&to_b), "{to_b}");
            assert!(to_a == 0 || (200..210).contains(&to_a), "{to_a}");
        }
    }
}
