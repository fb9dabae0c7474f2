//! How much one caller may do at a clinic in a day: `[limits]` of its file. A caller is a number called from, and a family or a switchboard has one number.
//!
//! Pure. What is left and what is booked beyond a limit is refused; calls never are: past theirs they are counted and told in the log.

use serde::Deserialize;

/// `[limits]` of a clinic's file. Of a number called from in a day of the clinic's calendar, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Messages, registrations and places on the waiting list together; also of a call without a number.
    pub left: u64,
    /// Appointments made or moved; also of a call without a number.
    pub booked: u64,
    /// Of each of the two, all callers without a number together.
    pub withheld: u64,
    /// Calls; more are taken too.
    pub calls: u64,
    /// Calls in a minute; more are taken too.
    pub calls_a_minute: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { left: 10, booked: 10, withheld: 50, calls: 30, calls_a_minute: 6 }
    }
}

/// More than that is no limit.
const MOST: u64 = 10_000;

impl LimitsConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let Self { left, booked, withheld, calls, calls_a_minute } = *self;
        let keys = [
            ("left", left),
            ("booked", booked),
            ("withheld", withheld),
            ("calls", calls),
            ("calls_a_minute", calls_a_minute),
        ];
        keys.into_iter()
            .filter(|(_, most)| !(1..=MOST).contains(most))
            .map(|(key, most)| format!("limits.{key}: {most} is out of range; write 1 to {MOST}, or leave it out"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_lets_nobody_or_everybody_is_told_by_its_key() {
        assert_eq!(LimitsConfig::default().check(), Vec::<String>::new());
        let wrong: LimitsConfig = toml::from_str("left = 0\ncalls = 10001").unwrap();
        assert_eq!(
            wrong.check(),
            [
                "limits.left: 0 is out of range; write 1 to 10000, or leave it out",
                "limits.calls: 10001 is out of range; write 1 to 10000, or leave it out"
            ]
        );
        assert!(toml::from_str::<LimitsConfig>("messages = 3").is_err());
    }
}
