//! One clock for several processes of a machine: nanoseconds of the kernel's monotonic clock, which is tokio's too where time is not paused.

use nix::time::ClockId;
use tokio::time::Instant;

/// Of [`ClockId::CLOCK_MONOTONIC`].
pub type Nanos = u64;

pub fn now() -> Nanos {
    nanos(ClockId::CLOCK_MONOTONIC)
}

/// `age`: how long ago it was on the wall clock, with which the kernel stamps what comes.
pub fn ago(stamp: Nanos) -> Nanos {
    let (wall, now) = (nanos(ClockId::CLOCK_REALTIME), now());
    now - wall.saturating_sub(stamp).min(now)
}

fn nanos(clock: ClockId) -> Nanos {
    of(clock.now().expect("every Linux has it"))
}

pub fn of(time: nix::sys::time::TimeSpec) -> Nanos {
    u64::try_from(time.tv_sec()).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap_or(0)
}

/// The same moment on both.
#[derive(Clone, Copy, Debug)]
pub struct Both {
    tokio: Instant,
    shared: Nanos,
}

impl Both {
    pub fn now() -> Self {
        Self { tokio: Instant::now(), shared: now() }
    }

    /// Of what came after.
    pub fn shared(self, at: Instant) -> Nanos {
        self.shared + u64::try_from(at.duration_since(self.tokio).as_nanos()).expect("no more than centuries")
    }
}
