//! A bad network for tests: seeded, pure, and the same each time.
//!
//! Packets go in with a time and come out later, or never, or twice. It is compiled for tests and under the feature `netem`
//! only, and may allocate.

use std::time::Duration;

use crate::time::Time;

/// What the network does to packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Least time a packet takes.
    pub delay: Duration,
    /// Added to it, uniformly between nothing and this; packets overtake each other if it exceeds their distance.
    pub jitter: Duration,
    /// Shares of packets, 0 to 1.
    pub loss: f64,
    pub duplicates: f64,
    /// Share of packets that are held up by `held_up` more.
    pub stragglers: f64,
    pub held_up: Duration,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: 0.0,
            duplicates: 0.0,
            stragglers: 0.0,
            held_up: Duration::ZERO,
        }
    }
}

/// One direction of a network.
#[derive(Clone, Debug)]
pub struct Netem {
    conditions: Conditions,
    state: u64,
    /// On the way: when it arrives, in what order it was sent, and what it is.
    flying: Vec<(Time, u64, Vec<u8>)>,
    sent: u64,
    lost: u64,
}

impl Netem {
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self { conditions, state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, flying: Vec::new(), sent: 0, lost: 0 }
    }

    pub fn send(&mut self, now: Time, packet: &[u8]) {
        self.sent += 1;
        if self.chance(self.conditions.loss) {
            self.lost += 1;
            return;
        }
        self.fly(now, packet);
        if self.chance(self.conditions.duplicates) {
            self.fly(now, packet);
        }
    }

    /// When the next packet arrives.
    pub fn next(&self) -> Time {
        self.flying.iter().map(|(at, ..)| *at).min().unwrap_or(Time::NEVER)
    }

    /// The next packet that has arrived by `now`, with the time it did.
    pub fn receive(&mut self, now: Time) -> Option<(Time, Vec<u8>)> {
        let first = (0..self.flying.len()).min_by_key(|&n| (self.flying[n].0, self.flying[n].1))?;
        if self.flying[first].0 > now {
            return None;
        }
        let (at, _, packet) = self.flying.swap_remove(first);
        Some((at, packet))
    }

    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn fly(&mut self, now: Time, packet: &[u8]) {
        let mut delay = self.conditions.delay + self.conditions.jitter.mul_f64(self.random());
        if self.chance(self.conditions.stragglers) {
            delay += self.conditions.held_up;
        }
        self.flying.push((now + delay, self.sent, packet.to_vec()));
    }

    fn chance(&mut self, share: f64) -> bool {
        self.random() < share
    }

    /// Uniform in 0..1 (xorshift64*).
    fn random(&mut self) -> f64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_loses_and_doubles_about_as_many_as_told_and_the_same_ones_each_time() {
        let run = |seed| {
            let conditions =
                Conditions { loss: 0.1, duplicates: 0.05, jitter: Duration::from_millis(40), ..Conditions::default() };
            let mut netem = Netem::new(conditions, seed);
            let mut received = Vec::new();
            for n in 0..2_000_u64 {
                netem.send(Time::from_millis(20 * n), &n.to_be_bytes());
                while let Some((_, packet)) = netem.receive(Time::from_millis(20 * n)) {
                    received.push(packet);
                }
            }
            received
        };
        let received = run(7);
        assert!((1_800..1_980).contains(&received.len()), "{}", received.len());
        assert_eq!(received, run(7));
        assert_ne!(received, run(8));
        assert!(received.windows(2).any(|pair| pair[0] > pair[1]), "jitter of two packets reorders");
    }
}
