//! What is heard where nothing came: a copy that a later packet holds, what the codec makes up, or what concealment does.
//!
//! It never waits: how long a hole may is decided before. Positions and counts: samples at 16 kHz.

use super::{Inbound, SLOT};
use crate::frame::SLOT_SAMPLES;
use crate::jitter::Next;
use crate::time::Time;

/// Opus makes up whole 2.5 ms, at 16 kHz.
const CONCEALED: usize = 40;

impl Inbound {
    /// Whether the packet behind a hole holds a copy of all that is missing, which begins in the frame at `heard`. What has to be made
    /// up now anyway is then better taken from there than waited for.
    pub(super) fn copy_is_there(&self, heard: u64) -> bool {
        let Some((timestamp, payload)) = self.jitter.ahead() else { return false };
        let Some(position) = self.position(timestamp) else { return false };
        let end = (heard + self.queued as u64) as i64;
        position > end && position - end <= self.decoder.copied(payload) as i64
    }

    /// A step towards the packet whose turn it is, `gap` samples ahead: a pause of the sender, or what was lost before it. What is before
    /// the next frame comes first, what the packet holds a copy of last.
    pub(super) fn approach(&mut self, gap: usize) {
        let copied = match self.jitter.next(Time::ZERO) {
            Next::Packet { payload, .. } if self.jitter.after_hole() => self.decoder.copied(payload),
            Next::Packet { .. } | Next::Lost { .. } | Next::Wait(_) => 0,
        };
        if gap <= copied && self.recover(gap) {
            return;
        }
        let before = if gap > copied { gap - copied } else { gap };
        self.make_up(before.min(SLOT_SAMPLES - self.queued), true);
    }

    /// Appends the last `gap` samples of the copy in the packet whose turn it is.
    fn recover(&mut self, gap: usize) -> bool {
        let Next::Packet { payload, .. } = self.jitter.next(Time::ZERO) else { return false };
        let Some(made) = self.decoder.recover(payload, &mut self.native[..]) else { return false };
        self.append(made - gap..made);
        true
    }

    /// Appends `count` samples that did not come; they count as concealed if something was owed.
    pub(super) fn make_up(&mut self, count: usize, owed: bool) {
        let by_codec = if owed { self.made_by_codec(count) } else { 0 };
        if by_codec < count {
            self.conceal.lost(&mut self.queue[self.queued + by_codec..self.queued + count]);
        }
        self.queued += count;
        if owed {
            self.made_up += count as u64;
            self.stats.concealed_slots += self.made_up / SLOT;
            self.made_up %= SLOT;
        }
    }

    /// Puts what the codec makes up for a hole behind what is queued, while it may; says how much that is.
    fn made_by_codec(&mut self, count: usize) -> usize {
        let count = count.min(self.conceal.left_to_codec());
        let made = &mut self.native[..count.next_multiple_of(CONCEALED)];
        if count == 0 || !self.decoder.conceal(made) {
            return 0;
        }
        self.conceal.made_by_codec(&made[..count]);
        self.queue[self.queued..][..count].copy_from_slice(&made[..count]);
        count
    }
}
