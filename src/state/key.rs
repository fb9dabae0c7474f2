//! Every key that instances share, and how long it lives: the one list of them.
//!
//! Clinics, providers, dates and services stand in keys as they are, EMRs as a digest of their address. What could lead to a patient or a caller (a chart, a number, a call) stands
//! in them as a digest alone, of numbers a keyed one. Braces mark what decides the node of a cluster.

use std::time::Duration;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// See the module header.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    text: String,
    life: Duration,
    outlives: Outlives,
    values: Values,
}

/// How the values of a table stand where they leave this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Values {
    /// They lead to nobody.
    Clear,
    /// They are a caller's.
    Sealed,
}

/// What the state within a process must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outlives {
    Nothing,
    /// Its own end: it is on the disk, as far as the system tells.
    Process,
    /// The power's: it is synchronised before it counts.
    Machine,
}

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Of a lock: a holder that is killed keeps others waiting for so long. Renewed thrice in it while held, since four questions to an EMR may
/// take longer.
const LOCK: Duration = Duration::from_secs(10);

/// An instance is given up after so long without a sign of life; it gives one every 30 s.
const INSTANCE: Duration = Duration::from_secs(60);

/// A provider that failed is tried again after so long, unless it said when.
const CIRCUIT: Duration = Duration::from_secs(60);

impl Key {
    fn new(text: String, life: Duration) -> Self {
        Self { text, life, outlives: Outlives::Nothing, values: Values::Clear }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub const fn life(&self) -> Duration {
        self.life
    }

    pub(super) const fn outlives(&self) -> Outlives {
        self.outlives
    }

    pub(super) const fn values(&self) -> Values {
        self.values
    }

    /// The same where another machine knows it too.
    #[must_use]
    pub(super) fn known_elsewhere(&self) -> Self {
        Self { outlives: Outlives::Process, ..self.clone() }
    }

    /// The same with another life, for those who cannot wait.
    #[must_use]
    pub fn living(self, life: Duration) -> Self {
        Self { life, ..self }
    }

    /// Held by whoever writes in a provider's day in this EMR ([`crate::emr::identity`]).
    pub fn day(emr: &str, provider: &str, day: Date) -> Self {
        Self::new(format!("lock:{{{emr}/{provider}/{day}}}"), LOCK)
    }

    /// Held by whoever takes away what of a clinic is past its time.
    pub fn retention(clinic: &str) -> Self {
        Self::new(format!("lock:{{{clinic}/retention}}"), LOCK)
    }

    /// One call of a tool; `digest` as of [`digest`].
    pub fn tool_call(digest: &str) -> Self {
        Self { outlives: Outlives::Process, ..Self::new(format!("idempotent:{digest}"), DAY) }
    }

    /// Writes to this EMR ([`crate::emr::identity`]) that were sent, or were about to be, and of which nobody knows yet what came of them.
    pub fn unsettled(emr: &str) -> Self {
        Self { outlives: Outlives::Machine, ..Self::new(format!("unsettled:{emr}"), DAY) }
    }

    /// Writes that this process was in the middle of: kept beside the records, since they say who is to be called back; where instances share the state,
    /// sealed there too ([`Key::left_behind`]). In OSCAR the note that follows ([`Key::unsettled`]) brings them to the disk.
    pub fn interrupted(clinic: &str) -> Self {
        Self { outlives: Outlives::Process, ..Self::new(format!("interrupted:{clinic}"), 30 * DAY) }
    }

    /// Messages that an instance owes the staff, by their ids, for as long as it has not seen to them: whoever finds it lost tells them.
    pub fn left_behind(clinic: &str) -> Self {
        Self { values: Values::Sealed, ..Self::new(format!("left:{clinic}"), DAY) }
    }

    /// Held by whoever tells the staff what was left behind.
    pub fn telling(clinic: &str) -> Self {
        Self::new(format!("lock:{{{clinic}/left}}"), LOCK)
    }

    /// The staff were told this message by another instance than the one that owed it. Lives as long as what the owner has on its disk.
    pub fn told_for_another(message: &str) -> Self {
        Self::seen("left", message, 30 * DAY)
    }

    /// This instance has told what it left unsettled; gone if Redis forgot.
    pub fn told(instance: &str) -> Self {
        Self::new(format!("told:{instance}"), DAY)
    }

    /// A provider that failed at an instance, for as long as nobody should ask it.
    pub fn circuit(clinic: &str, service: &str) -> Self {
        Self::new(format!("circuit:{clinic}:{service}"), CIRCUIT)
    }

    /// What each instance has spent on a clinic's calls in a day.
    pub fn spent(clinic: &str, day: Date) -> Self {
        Self::new(format!("budget:{clinic}:{day}"), 2 * DAY)
    }

    /// A restart clears no limit. So much of `scope` by `id` in the window of this length that `now` (seconds since 1970) lies in.
    pub fn rate(scope: &str, id: &str, window: Duration, now: u64) -> Self {
        let number = now / window.as_secs().max(1);
        Self { outlives: Outlives::Process, ..Self::new(format!("ratelimit:{scope}:{id}:{number}"), window) }
    }

    /// A one-time thing that was used: `what` it is, and a digest of it.
    pub fn seen(what: &str, digest: &str, life: Duration) -> Self {
        Self::new(format!("seen:{what}:{digest}"), life)
    }

    pub fn instances() -> Self {
        Self::new("instances".to_owned(), INSTANCE)
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
        for (key, life) in [
            (Key::day("c", "101", day), "10 s"),
            (Key::retention("c"), "10 s"),
            (Key::tool_call("d"), "24 h"),
            (Key::unsettled("c"), "24 h"),
            (Key::told("i"), "24 h"),
            (Key::left_behind("c"), "24 h"),
            (Key::telling("c"), "10 s"),
            (Key::rate("s", "i", DAY, 0), "24 h"),
            (Key::circuit("c", "s"), "60 s"),
            (Key::spent("c", day), "48 h"),
            (Key::instances(), "60 s"),
            (Key::seen("token", "d", Duration::from_secs(60)), "60 s"),
        ] {
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
