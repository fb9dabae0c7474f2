//! The time of a call: microseconds since its answer, for the journal, and samples of the leg, for voices. It only converts what it is given.

use attendant_media::frame::{RATE, Samples};
use attendant_media::time::Time;

use super::{Machine, Phase};

impl Machine {
    pub(super) fn at_us(&self) -> u64 {
        self.now.as_micros().saturating_sub(self.origin.as_micros())
    }

    /// Microseconds from the answer to `now`.
    pub fn at_us_of(&self, now: Time) -> u64 {
        match self.phase {
            Phase::Ringing => 0,
            Phase::Talking
            | Phase::OnHold
            | Phase::Transferring(_)
            | Phase::Closing(_)
            | Phase::HangingUp(_)
            | Phase::Leaving(_)
            | Phase::Ended => now.as_micros().saturating_sub(self.origin.as_micros()),
        }
    }

    /// When a sample of the leg clock was heard or sent.
    pub(super) fn time_of(&self, at: Samples) -> Time {
        self.origin + at.as_duration()
    }

    /// The leg clock's sample of this moment.
    pub(super) fn clock(&self) -> Samples {
        Samples(self.at_us() * u64::from(RATE) / 1_000_000)
    }
}
