//! What a simulated clinic is told when it is made: which OSCAR, whose time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::{Dialect, times};
use crate::sim::Clock;

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
