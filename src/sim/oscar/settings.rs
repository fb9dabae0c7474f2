//! What a simulated clinic is told when it is made: which OSCAR, whose time.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Dialect, times};

/// Where the simulator takes its time from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's.
    pub fn wall() -> Self {
        Self::new(crate::clock::now)
    }

    /// One that a test moves, or that stands still.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub dialect: Dialect,
    /// The clinic's: rows are in it.
    pub zone: TimeZone,
    /// The one that Java runs in. Some clinics' runs in UTC while the rows are in clinic time.
    pub java_zone: TimeZone,
    pub clock: Clock,
}

impl Settings {
    /// Both zones the same.
    pub fn new(dialect: Dialect, zone: TimeZone, clock: Clock) -> Self {
        Self { dialect, java_zone: zone.clone(), zone, clock }
    }

    /// The server's clock on the wall.
    pub(super) fn java_now(&self) -> DateTime {
        times::wall(self.clock.now(), &self.java_zone)
    }
}
