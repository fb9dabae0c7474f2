//! The way of the caller's packets: loss, jitter, reordering, duplicates, all from the seed.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

/// Shares and times of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Network {
    pub loss: f64,
    pub duplicates: f64,
    pub jitter: Duration,
    /// The caller's clock against ours, parts per million.
    pub drift_ppm: i32,
}

impl Network {
    /// When the copies of a packet sent now arrive, after now.
    pub fn carry(&self, rng: &mut StdRng) -> Vec<Duration> {
        if rng.random_bool(self.loss) {
            return Vec::new();
        }
        let mut copies = vec![self.delay(rng)];
        if rng.random_bool(self.duplicates) {
            copies.push(self.delay(rng));
        }
        copies
    }

    fn delay(&self, rng: &mut StdRng) -> Duration {
        let jitter = self.jitter.as_micros() as u64;
        Duration::from_millis(20) + Duration::from_micros(if jitter == 0 { 0 } else { rng.random_range(0..jitter) })
    }
}
