//! Words with which the agent leaves a caller, where its model has none of its own.

use super::Phrases;
use crate::language::Language;

/// What comes after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parting {
    /// The call ends: the caller is done.
    Farewell,
    /// The caller is passed to a person.
    Transfer,
}

impl Parting {
    /// Fixed, so that they are recorded before the first call.
    pub fn words(self, language: Language) -> &'static str {
        let phrases = Phrases::of(language);
        match self {
            Self::Farewell => phrases.farewell(),
            Self::Transfer => phrases.transfer(),
        }
    }
}
