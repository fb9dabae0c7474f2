//! A bad network for tests: seeded, pure, and the same each time.
//!
//! Packets go in with a time and come out later, or never, or twice. It is compiled for tests and under the feature `netem`
//! only, and may allocate.

use std::time::Duration;

use crate::time::Time;

/// Loss that comes in bursts: a chain of two states (Gilbert 1960, Elliott 1963), moved on once a packet, before it is sent.
///
/// It begins in the good state. Shares and chances are 0 to 1; a burst of the bad state lasts 1 / `end` packets on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursts {
    /// Chance that a packet begins a bad time, and that it ends one.
    pub begin: f64,
    pub end: f64,
    /// Share of packets lost in good times and in bad ones.
    pub loss_good: f64,
    pub loss_bad: f64,
}

impl Bursts {
    /// Everything is lost in bad times and nothing in good ones (Gilbert's chain): bursts of `length` packets on average which
    /// take `loss` of all packets.
    pub fn of(length: f64, loss: f64) -> Self {
        let end = 1.0 / length;
        Self { begin: end * loss / (1.0 - loss), end, loss_good: 0.0, loss_bad: 1.0 }
    }

    /// The share of all packets that it loses in the long run.
    pub fn loss(&self) -> f64 {
        (self.loss_good * self.end + self.loss_bad * self.begin) / (self.begin + self.end)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    Good,
    Bad,
}

/// What the network does to packets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Least time a packet takes.
    pub delay: Duration,
    /// Added to it, uniformly between nothing and this; packets overtake each other if it exceeds their distance.
    pub jitter: Duration,
    /// Shares of packets, 0 to 1; each is lost or not whatever became of the one before.
    pub loss: f64,
    /// Besides that, loss in bursts.
    pub bursts: Option<Bursts>,
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
            bursts: None,
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
    weather: Weather,
    /// On the way: when it arrives, in what order it was sent, and what it is.
    flying: Vec<(Time, u64, Vec<u8>)>,
    sent: u64,
    lost: u64,
}

impl Netem {
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { conditions, state, weather: Weather::Good, flying: Vec::new(), sent: 0, lost: 0 }
    }

    pub fn send(&mut self, now: Time, packet: &[u8]) {
        self.sent += 1;
        // Both are drawn for every packet, so that one kind of loss does not move the other's.
        let (single, burst) = (self.chance(self.conditions.loss), self.burst());
        if single || burst {
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

    /// Moves the chain on, and says whether it loses this packet.
    fn burst(&mut self) -> bool {
        let Some(bursts) = self.conditions.bursts else { return false };
        let (chance, other) = match self.weather {
            Weather::Good => (bursts.begin, Weather::Bad),
            Weather::Bad => (bursts.end, Weather::Good),
        };
        if self.chance(chance) {
            self.weather = other;
        }
        self.chance(match self.weather {
            Weather::Good => bursts.loss_good,
            Weather::Bad => bursts.loss_bad,
        })
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

    /// Lengths of the runs of packets lost, of so many sent one after the other.
    fn runs(bursts: Bursts, seed: u64, packets: u64) -> Vec<u64> {
        let mut netem = Netem::new(Conditions { bursts: Some(bursts), ..Conditions::default() }, seed);
        let (mut runs, mut run) = (Vec::new(), 0);
        for n in 0..packets {
            let lost = netem.lost();
            netem.send(Time::from_millis(20 * n), &[]);
            if netem.lost() > lost {
                run += 1;
            } else if run > 0 {
                runs.push(std::mem::take(&mut run));
            }
        }
        runs
    }

    #[test]
    fn bursts_are_as_long_and_as_many_as_told_and_the_same_ones_each_time() {
        for (length, loss) in [(1.5, 0.02), (5.0, 0.05), (10.0, 0.10)] {
            let bursts = Bursts::of(length, loss);
            assert!((bursts.loss() - loss).abs() < 1e-9);
            let runs = runs(bursts, 3, 200_000);
            let lost: u64 = runs.iter().sum();
            let mean = lost as f64 / runs.len() as f64;
            assert!((lost as f64 / 200_000.0 - loss).abs() < 0.1 * loss, "{lost} lost of 200,000, {loss} told");
            assert!((mean - length).abs() < 0.1 * length, "runs of {mean} on average, {length} told");
            assert_eq!(runs, self::runs(bursts, 3, 200_000));
            assert_ne!(runs, self::runs(bursts, 4, 200_000));
        }
    }

    #[test]
    fn each_state_of_a_burst_loses_its_own_share() {
        let bursts = Bursts { begin: 0.01, end: 0.1, loss_good: 0.01, loss_bad: 0.6 };
        let lost: u64 = runs(bursts, 5, 200_000).iter().sum();
        assert!((lost as f64 / 200_000.0 - bursts.loss()).abs() < 0.005, "{lost}, {}", bursts.loss());
    }
}
