//! The time that a simulated EMR lives in.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Where a simulator takes its time from.
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

    pub(in crate::sim) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}
