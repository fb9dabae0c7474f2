//! How providers misbehave, and what they say then.

use std::time::Duration;

use attendant::call::event::Event;
use attendant::provider::{ErrorKind, ProviderError};

/// How a provider behaves in a call. With several in a list, only the first is moody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Normal,
    /// Late, each time.
    Slow,
    /// Connects only after 2.9 s, and then hears all that was kept for it. Only recognisers do.
    ConnectsLate,
    /// Fails once, then is well.
    FailsOnce,
    /// Takes everything and says nothing, once.
    StallsOnce,
    /// Takes everything and never says anything.
    Silent,
    /// Stops in the middle, once.
    DiesMidWord,
    /// Says it is done and gave nothing, once: no words, no audio.
    EmptyOnce,
    /// Goes on sending after it was cancelled.
    LateChunks,
    /// Is at work, answers, and never finds a word. Only recognisers do.
    Wordless,
}

impl Mood {
    /// A provider that is well after its first lapse.
    pub const fn afterwards(self) -> Self {
        match self {
            Self::FailsOnce | Self::StallsOnce | Self::DiesMidWord | Self::EmptyOnce | Self::Normal => Self::Normal,
            Self::Slow => Self::Slow,
            Self::ConnectsLate => Self::ConnectsLate,
            Self::Silent => Self::Silent,
            Self::LateChunks => Self::LateChunks,
            Self::Wordless => Self::Wordless,
        }
    }
}

pub fn failure(kind: ErrorKind) -> ProviderError {
    ProviderError { provider: "scripted", kind, what: "scripted".to_owned(), retry_after: None }
}

/// Things that happen later.
pub type Later = Vec<(Duration, Event)>;

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
