//! What simulated recognisers may do that is no fault: the real ones do it now and then, and no word is lost by it.
//!
//! Unlike a fault it may leave the session as it is. One at a time, at every connection to those who know it; the others are as always.

use super::vendor::Vendor;

/// See the module header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Habit {
    /// Azure makes words final in mid-voice, a few at a time.
    Phrases,
    /// The same, and once a connection Azure ends a turn in mid-voice: what it was sent after its last phrase it has not heard.
    EndsTurns,
    /// OpenAI cannot finish any item: what it told of it so far is all.
    FailsItems,
    /// OpenAI finds something wrong in mid-voice, and goes on.
    Objects,
    /// OpenAI says more of an item that is over.
    LateDeltas,
    /// OpenAI takes no likely words.
    RefusesLikelyWords,
}

impl Habit {
    /// Who has it.
    pub const fn whose(self) -> Vendor {
        match self {
            Self::Phrases | Self::EndsTurns => Vendor::AzureEars,
            Self::FailsItems | Self::Objects | Self::LateDeltas | Self::RefusesLikelyWords => Vendor::OpenAiEars,
        }
    }
}
