//! Outputs decided and not yet fetched. Audio stays in the leg's buffers; this holds only what to say of it.
//!
//! It is filled when empty, by one slot or one heard frame, and by keys pressed: a small fixed ring is enough, and what a
//! caller who never polls would add is dropped.

use super::contract::Framing;
use crate::frame::Samples;
use crate::speech::SpeechId;

/// More than one slot or one heard frame ever yields.
const MOST: usize = 16;

/// An output without its audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ready {
    Packet { slot: u64, framing: Framing },
    Report,
    Heard { at: Samples },
    Said { at: Samples },
    SpeechStart { at: Samples, echo: f32 },
    Speaking { at: Samples, echo: f32, level_db: f32 },
    SpeechEnd { at: Samples },
    Played { id: SpeechId, samples: u64 },
    Finished { id: SpeechId, samples: u64 },
    Dry { id: SpeechId, slot: u64 },
    Dtmf { digit: char, at: Samples },
    FaxTone { at: Samples },
}

/// A queue of at most [`MOST`] outputs.
#[derive(Debug, Default)]
pub(super) struct Pending {
    ring: [Option<Ready>; MOST],
    first: usize,
    count: usize,
}

impl Pending {
    pub(super) fn put(&mut self, ready: Ready) {
        if self.count < MOST {
            self.ring[(self.first + self.count) % MOST] = Some(ready);
            self.count += 1;
        }
    }

    pub(super) fn take(&mut self) -> Option<Ready> {
        let ready = self.ring[self.first].take()?;
        self.first = (self.first + 1) % MOST;
        self.count -= 1;
        Some(ready)
    }
}
