//! How long a scripted provider takes: always the same, or drawn anew each time, evenly from a range or from a distribution with a long tail.
//!
//! A median and a p99 stand for the log-normal distribution that has both: latencies of services are skewed, with a floor and a tail, and
//! these two are what is published of them. A draw is within three standard deviations of the logarithm (99.7 % of what it would be), so that no
//! single one decides a run. Milliseconds.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::Rng;
use serde::{Deserialize, Serialize};

/// In milliseconds: `200`, `[100, 300]` for a delay drawn evenly from that range, or `{ median = 188, p99 = 465 }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Delay {
    Fixed(u64),
    Drawn([u64; 2]),
    Spread { median: u64, p99: u64 },
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_348;

/// Standard deviations beyond which nothing is drawn.
const FURTHEST: f64 = 3.0;

impl Delay {
    /// The next delay.
    pub fn draw(self, random: &mut impl Rng) -> Duration {
        match self {
            Self::Fixed(ms) => Duration::from_millis(ms),
            Self::Drawn([from, to]) => Duration::from_millis(random.random_range(from.min(to)..=from.max(to))),
            Self::Spread { median, p99 } => {
                let median = median as f64;
                let sigma = (p99 as f64 / median.max(1.0)).max(1.0).ln() / Z99;
                Duration::from_secs_f64(median * (sigma * standard_normal(random)).exp() / 1_000.0)
            }
        }
    }

    /// The delay, if it is always the same.
    pub const fn fixed(self) -> Option<Duration> {
        match self {
            Self::Fixed(ms) => Some(Duration::from_millis(ms)),
            Self::Drawn(_) | Self::Spread { .. } => None,
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(ms) => write!(f, "{ms}"),
            Self::Drawn([from, to]) => write!(f, "{from}..{to}"),
            Self::Spread { median, p99 } => write!(f, "{median}/{p99}"),
        }
    }
}

/// Box and Muller's way; within [`FURTHEST`].
fn standard_normal(random: &mut impl Rng) -> f64 {
    // Of (0, 1]: the logarithm of nought is infinite.
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    let angle = std::f64::consts::TAU * random.random::<f64>();
    (radius * angle.cos()).clamp(-FURTHEST, FURTHEST)
}

/// None of `MS`, `FROM..TO` and `MEDIAN/P99`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no delay: want milliseconds such as 200, a range such as 100..300, or a median and a p99 such as 188/465"
)]
pub struct NotADelay(String);

impl FromStr for Delay {
    type Err = NotADelay;

    fn from_str(text: &str) -> Result<Self, NotADelay> {
        let number = |part: &str| part.trim().parse::<u64>().map_err(|_| NotADelay(text.to_owned()));
        match (text.split_once(".."), text.split_once('/')) {
            (Some((from, to)), _) => Ok(Self::Drawn([number(from)?, number(to)?])),
            (None, Some((median, p99))) => Ok(Self::Spread { median: number(median)?, p99: number(p99)? }),
            (None, None) => Ok(Self::Fixed(number(text)?)),
        }
        .and_then(|delay| match delay {
            Self::Spread { median, p99 } if median > p99 => Err(NotADelay(text.to_owned())),
            Self::Fixed(_) | Self::Drawn(_) | Self::Spread { .. } => Ok(delay),
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_delay_is_read_as_it_is_written() {
        for text in ["200", "100..300", "188/465"] {
            assert_eq!(text.parse::<Delay>().unwrap().to_string(), text);
        }
        for wrong in ["soon", "1/2/3", "465/188"] {
            assert!(wrong.parse::<Delay>().unwrap_err().to_string().contains("want milliseconds"), "{wrong}");
        }
        let read: std::collections::BTreeMap<String, Delay> =
            toml::from_str("a = 200\nb = [100, 300]\nc = { median = 188, p99 = 465 }").unwrap();
        assert_eq!(read["c"], Delay::Spread { median: 188, p99: 465 });
    }

    #[test]
    fn a_drawn_delay_stays_in_its_range() {
        let mut random = rand::rng();
        let delay = Delay::Drawn([10, 12]);
        for _ in 0..100 {
            let drawn = delay.draw(&mut random).as_millis();
            assert!((10..=12).contains(&drawn));
        }
    }

    #[test]
    fn delays_with_a_median_and_a_p99_have_them() {
        let mut random = rand::rngs::SmallRng::seed_from_u64(1);
        let mut drawn: Vec<u128> =
            (0..20_000).map(|_| Delay::Spread { median: 188, p99: 465 }.draw(&mut random).as_millis()).collect();
        drawn.sort_unstable();
        assert!((184..=192).contains(&drawn[10_000]), "{}", drawn[10_000]);
        assert!((440..=490).contains(&drawn[19_800]), "{}", drawn[19_800]);
        assert!(drawn[0] >= 58 && drawn[19_999] <= 606, "three standard deviations: {} {}", drawn[0], drawn[19_999]);
    }
}
