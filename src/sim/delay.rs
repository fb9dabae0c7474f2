//! How long a scripted provider takes: always the same, or drawn anew each time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rand::Rng;
use serde::{Deserialize, Serialize};

/// In milliseconds: `200`, or `[100, 300]` for a delay drawn evenly from that range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Delay {
    Fixed(u64),
    Drawn([u64; 2]),
}

impl Delay {
    /// The next delay.
    pub fn draw(self, random: &mut impl Rng) -> Duration {
        Duration::from_millis(match self {
            Self::Fixed(ms) => ms,
            Self::Drawn([from, to]) => random.random_range(from.min(to)..=from.max(to)),
        })
    }

    /// The delay, if it is always the same.
    pub const fn fixed(self) -> Option<Duration> {
        match self {
            Self::Fixed(ms) => Some(Duration::from_millis(ms)),
            Self::Drawn(_) => None,
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(ms) => write!(f, "{ms}"),
            Self::Drawn([from, to]) => write!(f, "{from}..{to}"),
        }
    }
}

/// Neither `MS` nor `FROM..TO`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no delay: want milliseconds such as 200, or a range such as 100..300")]
pub struct NotADelay(String);

impl FromStr for Delay {
    type Err = NotADelay;

    fn from_str(text: &str) -> Result<Self, NotADelay> {
        let number = |part: &str| part.trim().parse::<u64>().map_err(|_| NotADelay(text.to_owned()));
        match text.split_once("..") {
            Some((from, to)) => Ok(Self::Drawn([number(from)?, number(to)?])),
            None => Ok(Self::Fixed(number(text)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_read_as_it_is_written() {
        for text in ["200", "100..300"] {
            assert_eq!(text.parse::<Delay>().unwrap().to_string(), text);
        }
        assert!("soon".parse::<Delay>().unwrap_err().to_string().contains("want milliseconds"));
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
}
