//! The one clock of a call: 16 kHz mono samples in slots of 20 ms.

use std::ops::{Add, Sub};
use std::time::Duration;

/// Samples a second on the leg clock. Speech models and wideband codecs want 16 kHz; narrowband audio is resampled to it.
pub const RATE: u32 = 16_000;

/// 20 ms: the packet time of every codec offered.
pub const SLOT: Duration = Duration::from_millis(20);

/// Samples in a slot at [`RATE`].
pub const SLOT_SAMPLES: usize = 320;

/// One slot of 16-bit linear audio at [`RATE`].
pub type Frame = [i16; SLOT_SAMPLES];

/// A frame of digital silence.
pub const SILENCE: Frame = [0; SLOT_SAMPLES];

/// A position or a length on the leg clock, in samples at [`RATE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Samples(pub u64);

impl Samples {
    pub const ZERO: Self = Self(0);

    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * (RATE as u64) / 1_000)
    }

    pub const fn from_slots(slots: u64) -> Self {
        Self(slots * SLOT_SAMPLES as u64)
    }

    pub const fn as_millis(self) -> u64 {
        self.0 * 1_000 / (RATE as u64)
    }

    pub const fn as_duration(self) -> Duration {
        Duration::from_micros(self.0 * 1_000_000 / (RATE as u64))
    }

    /// Zero if `other` is the larger.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Samples {
    type Output = Self;

    fn add(self, rhs: Self) -> Self {
        Self(self.0 + rhs.0)
    }
}

impl Sub for Samples {
    type Output = Self;

    fn sub(self, rhs: Self) -> Self {
        Self(self.0 - rhs.0)
    }
}
