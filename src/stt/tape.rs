//! What a session heard lately: 16 kHz audio by its place on the call's sample clock, gaps filled with silence, 12 s at most.

use std::collections::VecDeque;

/// Kept of the past: what a reopened session is given at once.
const KEPT: u64 = 192_000;
/// A gap longer than 1 s is a new beginning.
const GAP: u64 = 16_000;

/// A stretch of the tape, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: u64,
    pub(super) to: u64,
}

#[derive(Debug, Default)]
pub(super) struct Tape {
    audio: VecDeque<i16>,
    first: u64,
}

impl Tape {
    pub(super) fn take(&mut self, at: u64, frame: &[i16]) {
        let end = self.end();
        if self.audio.is_empty() || at > end + GAP {
            self.audio.clear();
            self.first = at;
        } else if at < end {
            return;
        } else {
            self.audio.extend(std::iter::repeat_n(0, (at - end) as usize));
        }
        self.audio.extend(frame);
        let excess = (self.audio.len() as u64).saturating_sub(KEPT);
        self.audio.drain(..excess as usize);
        self.first += excess;
    }

    /// Where what is kept begins.
    pub(super) const fn begin(&self) -> u64 {
        self.first
    }

    pub(super) fn end(&self) -> u64 {
        self.first + self.audio.len() as u64
    }

    /// As much of the stretch as there is.
    pub(super) fn slice(&self, range: Range) -> Vec<i16> {
        let from = range.from.max(self.first) - self.first;
        let to = range.to.min(self.end()).max(self.first) - self.first;
        self.audio.range(from.min(to) as usize..to as usize).copied().collect()
    }

    /// The middle of the quietest 100 ms of a stretch.
    pub(super) fn quietest(&self, range: Range) -> u64 {
        const BLOCK: usize = 1_600;
        let audio = self.slice(range);
        let power = |block: &[i16]| block.iter().map(|sample| i64::from(*sample).pow(2)).sum::<i64>();
        let place = audio.chunks_exact(BLOCK).enumerate().min_by_key(|(_, block)| power(block)).map_or(0, |(n, _)| n);
        range.from.max(self.first) + (place * BLOCK + BLOCK / 2) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_silence_and_what_comes_again_is_dropped() {
        let mut tape = Tape::default();
        tape.take(1_000, &[1; 10]);
        tape.take(1_020, &[2; 10]);
        tape.take(1_020, &[3; 10]);
        assert_eq!(tape.slice(Range { from: 1_008, to: 1_022 }), [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2]);
        assert_eq!(tape.end(), 1_030);
        tape.take(100_000, &[4; 10]);
        assert_eq!(tape.slice(Range { from: 0, to: 200_000 }), [4; 10]);
    }

    #[test]
    fn a_cut_falls_into_the_pause() {
        let mut audio = vec![5_000_i16; 16_000];
        audio[8_000..11_200].fill(3);
        let mut tape = Tape::default();
        tape.take(500, &audio);
        let cut = tape.quietest(Range { from: 500, to: 16_500 });
        assert!((8_500..11_700).contains(&cut), "{cut}");
    }
}
