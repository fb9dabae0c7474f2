//! The edge where this transport reads the monotonic clock, so that everything pure gets [`Time`] as an argument.

use attendant_media::time::Time;
use tokio::time::Instant;

/// Counts from when it was started. Session timers and rates run on it; the stack's own timers do not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
    /// How much faster than the real one it runs: 1, except where a test waits for half-hour timers.
    speed: u32,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now(), speed: 1 }
    }

    #[cfg(test)]
    pub(crate) fn faster(speed: u32) -> Self {
        Self { speed, ..Self::start() }
    }

    pub(crate) fn now(self) -> Time {
        Time::from_micros((self.origin.elapsed() * self.speed).as_micros() as u64)
    }

    /// The instant of a time on this clock, to sleep until.
    pub(crate) fn instant(self, at: Time) -> Instant {
        self.origin + at.since(Time::ZERO) / self.speed
    }
}
