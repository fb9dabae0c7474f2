//! How long a provider is waited for, and how long at most: a little less than the call waits, so that the log names the reason and not only
//! that nothing came.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// In milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Deadline(u64);

impl Deadline {
    /// Unless something else is written, where a voice is waited for.
    pub const fn of_voice() -> Self {
        Self(1_000)
    }

    /// The same of a recogniser.
    pub const fn of_recogniser() -> Self {
        Self(2_000)
    }

    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// What is wrong with it under this key of the section: `key: what is wrong; what to write instead`.
    pub fn check(self, section: &str, key: &str, limit: Limit) -> Option<String> {
        let (Self(ms), (most, then)) = (self, limit.is());
        (!(100..=most).contains(&ms))
            .then(|| format!("{section}.{key}: {ms} ms; write 100 to {most}: then the call {then}"))
    }
}

/// What the call waits for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A voice's next audio.
    Audio,
    /// Somebody who is both heard and spoken with.
    Either,
    /// A recogniser's session.
    Ready,
    /// A recogniser's last words.
    Words,
}

impl Limit {
    /// Milliseconds, and what the call does then.
    const fn is(self) -> (u64, &'static str) {
        match self {
            Self::Audio => (1_200, "asks the next voice"),
            Self::Either => (1_200, "asks the next"),
            Self::Ready => (3_000, "gives the session up"),
            Self::Words => (2_500, "gives the session up"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_longer_than_the_call_waits_is_refused() {
        for (limit, most) in
            [(Limit::Audio, 1_200), (Limit::Either, 1_200), (Limit::Ready, 3_000), (Limit::Words, 2_500)]
        {
            let wrong = |ms| Deadline(ms).check("providers.vendor", "connect_ms", limit);
            assert_eq!((wrong(100), wrong(most)), (None, None), "{limit:?}");
            for ms in [99, most + 1] {
                let wrong = wrong(ms).unwrap();
                assert!(
                    wrong.starts_with(&format!("providers.vendor.connect_ms: {ms} ms; write 100 to {most}: ")),
                    "{wrong}"
                );
            }
        }
    }
}
