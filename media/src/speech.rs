//! The name of everything spoken. Exactly one id is audible on a leg at a time.

use std::fmt;

/// Which speech a piece of audio belongs to.
///
/// A barge-in opens a new generation, each utterance within it has its number, and a fail-over or hedge opens a new
/// attempt at the same utterance. Audio under any other id than the audible one is dropped at the leg's next slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpeechId {
    pub generation: u32,
    pub utterance: u16,
    pub attempt: u16,
}

impl fmt::Display for SpeechId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.generation, self.utterance, self.attempt)
    }
}

impl std::str::FromStr for SpeechId {
    type Err = NotASpeechId;

    fn from_str(text: &str) -> Result<Self, NotASpeechId> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(NotASpeechId);
        let id = Self {
            generation: part()?.parse().map_err(|_| NotASpeechId)?,
            utterance: part()?.parse().map_err(|_| NotASpeechId)?,
            attempt: part()?.parse().map_err(|_| NotASpeechId)?,
        };
        if parts.next().is_some() { Err(NotASpeechId) } else { Ok(id) }
    }
}

/// The text is not `generation.utterance.attempt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a speech id: want generation.utterance.attempt")]
pub struct NotASpeechId;
