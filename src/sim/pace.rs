//! How long one simulated vendor takes, each time anew, from a seed: the same requests in the same order take as long in every run.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::Delay;

/// Shared by all connections of a vendor: which of them gets which draw follows from who asks first.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    delay: Delay,
    random: Arc<Mutex<SmallRng>>,
}

impl Pace {
    pub(super) fn new(delay: Delay, seed: u64) -> Self {
        Self { delay, random: Arc::new(Mutex::new(SmallRng::seed_from_u64(seed))) }
    }

    /// The next delay.
    pub(super) fn draw(&self) -> Duration {
        self.delay.draw(&mut *self.random.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_every_delay() {
        let delay = Delay::Spread { median: 200, p99: 500 };
        let drawn = |seed| {
            let pace = Pace::new(delay, seed);
            (0..5).map(|_| pace.clone().draw()).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }
}
