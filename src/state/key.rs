//! Every key that instances share, and how long it lives: the one list of them.
//!
//! Clinics, providers, dates and services stand in keys as they are. What could lead to a patient or a caller (a chart, a number, a call) stands
//! in them as a digest alone, of numbers a keyed one. Braces mark what decides the node of a cluster.

use std::time::Duration;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// See the module header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    text: String,
    life: Duration,
    /// Within one process it must outlive a crash.
    durable: bool,
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Of a lock: a holder that is killed keeps others waiting for so long. Renewed thrice in it while held, since four questions to an EMR may
/// take longer.
const LOCK: Duration = Duration::from_secs(10);

impl Key {
    fn new(text: String, life: Duration) -> Self {
        Self { text, life, durable: false }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub const fn life(&self) -> Duration {
        self.life
    }

    pub(super) const fn is_durable(&self) -> bool {
        self.durable
    }

    /// The same with another life, for those who cannot wait.
    #[must_use]
    pub fn living(self, life: Duration) -> Self {
        Self { life, ..self }
    }

    /// Held by whoever writes in a provider's day.
    pub fn day(clinic: &str, provider: &str, day: Date) -> Self {
        Self::new(format!("lock:{{{clinic}/{provider}/{day}}}"), LOCK)
    }

    /// One call of a tool; `digest` as of [`digest`].
    pub fn tool_call(digest: &str) -> Self {
        Self { durable: true, ..Self::new(format!("idempotent:{digest}"), DAY) }
    }

    /// Writes to a clinic's book that were sent, or were about to be, and of which nobody knows yet what came of them.
    pub fn unsettled(clinic: &str) -> Self {
        Self { durable: true, ..Self::new(format!("unsettled:{clinic}"), DAY) }
    }

    /// Writes that this process was in the middle of: kept beside the records and nowhere else, since they say who is to be called back.
    pub fn interrupted(clinic: &str) -> Self {
        Self { durable: true, ..Self::new(format!("interrupted:{clinic}"), 30 * DAY) }
    }
}

/// Parts that nobody can tell apart from another split of the same text: 128 bits, in hexadecimal.
pub fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize()[..16].iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_lives_are_those_that_are_documented() {
        let page = include_str!("../../docs/shared-state.md");
        let day = date(2026, 11, 23);
        for (key, life) in
            [(Key::day("c", "101", day), "10 s"), (Key::tool_call("d"), "24 h"), (Key::unsettled("c"), "24 h")]
        {
            let seconds = key.life().as_secs();
            assert!([format!("{seconds} s"), format!("{} h", seconds / 3_600)].contains(&life.to_owned()), "{key:?}");
            let name = key.text().split(':').next().unwrap();
            let row = page.lines().find(|line| line.starts_with(&format!("| `{name}"))).unwrap_or_default();
            assert!(row.contains(life), "{name}: {row}");
        }
    }

    #[test]
    fn no_two_splits_of_a_text_have_one_digest() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(digest(&["a"]).len(), 32);
    }
}
