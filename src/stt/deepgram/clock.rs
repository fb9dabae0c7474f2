//! Deepgram's seconds on the call's sample clock: it counts the audio of its own connection, from nought.
//!
//! Frames follow each other without gaps, except where silence was not sent or a frame was dropped on the way: from there on another offset
//! holds. Deepgram's page on KeepAlive says that its seconds go on where the audio left off.

use std::collections::VecDeque;

use attendant_media::frame::{RATE, Samples};

/// Offsets remembered; words are about the last seconds.
const OFFSETS: usize = 32;

/// From this sample of the connection on, the call's clock shows so much.
#[derive(Clone, Copy, Debug)]
struct Offset {
    sent: u64,
    at: u64,
}

#[derive(Debug, Default)]
pub(super) struct Clock {
    sent: u64,
    offsets: VecDeque<Offset>,
}

impl Clock {
    /// So many samples more, heard from `at` on.
    pub(super) fn take(&mut self, at: Samples, samples: u64) {
        if self.now() != at || self.offsets.is_empty() {
            if self.offsets.len() == OFFSETS {
                self.offsets.pop_front();
            }
            self.offsets.push_back(Offset { sent: self.sent, at: at.0 });
        }
        self.sent += samples;
    }

    /// Samples of this connection so far: what follows what, gaps left out.
    pub(super) const fn sent(&self) -> Samples {
        Samples(self.sent)
    }

    /// The end of what was taken.
    pub(super) fn now(&self) -> Samples {
        self.at_sample(self.sent)
    }

    /// The sample at so many seconds of the connection, on the call's clock.
    pub(super) fn at(&self, seconds: f64) -> Samples {
        self.at_sample(sample(seconds).0)
    }

    fn at_sample(&self, sent: u64) -> Samples {
        let known = self.offsets.iter().rev().find(|offset| offset.sent <= sent).or_else(|| self.offsets.front());
        known.map_or(Samples(sent), |offset| Samples(offset.at + sent.saturating_sub(offset.sent)))
    }
}

/// The sample of the connection at so many of its seconds.
pub(super) fn sample(seconds: f64) -> Samples {
    Samples((seconds.max(0.0) * f64::from(RATE)).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_counted_from_the_first_sample_of_the_connection() {
        let mut clock = Clock::default();
        clock.take(Samples(48_000), 16_000);
        assert_eq!(clock.at(0.5), Samples(56_000));
        assert_eq!(clock.now(), Samples(64_000));
    }

    #[test]
    fn a_gap_moves_what_comes_after_it_and_nothing_before() {
        let mut clock = Clock::default();
        clock.take(Samples(0), 16_000);
        clock.take(Samples(32_000), 16_000);
        assert_eq!((clock.at(0.5), clock.at(1.0), clock.at(1.5)), (Samples(8_000), Samples(32_000), Samples(40_000)));
    }
}
