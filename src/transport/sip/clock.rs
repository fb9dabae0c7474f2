//! The edge where this transport reads the monotonic clock, so that everything pure gets [`Time`] as an argument.

use attendant_media::time::Time;
use tokio::time::Instant;

/// Counts from when it was started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Time {
        Time::from_micros(self.0.elapsed().as_micros() as u64)
    }

    /// The instant of a time on this clock, to sleep until.
    pub(crate) fn instant(self, at: Time) -> Instant {
        self.0 + at.since(Time::ZERO)
    }
}
