//! Which of our parameters a server does not take: found out by its refusal, and then not sent to it again.
//!
//! Only what an answer can do without is left out; never its limit, which has an older name and a newer. It is known for as long as the
//! process lives, of one section's model alone.

use parking_lot::Mutex;

use crate::agent::llm::hosted::ORDER;

/// What may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Optional {
    Temperature,
    Effort,
    /// The older name stands in its place.
    MaxCompletionTokens,
    MaxTokens,
    StreamOptions,
    /// Notes of the system in mid-conversation, and an answer to nobody: it is told in turns.
    Order,
}

impl Optional {
    /// All but the last name of the limit.
    const DISPENSABLE: [Self; 5] =
        [Self::Temperature, Self::Effort, Self::MaxCompletionTokens, Self::StreamOptions, Self::Order];

    /// As requests name it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::Effort => "reasoning_effort",
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::MaxTokens => "max_tokens",
            Self::StreamOptions => "stream_options",
            Self::Order => ORDER,
        }
    }
}

/// See the module header.
#[derive(Debug, Default)]
pub(super) struct LeftOut(Mutex<Vec<Optional>>);

impl LeftOut {
    pub(super) fn now(&self) -> Vec<Optional> {
        self.0.lock().clone()
    }

    /// The parameter of this name was refused: whether it can be left out, and is from now on.
    pub(super) fn add(&self, name: &str) -> Option<Optional> {
        let refused = Optional::DISPENSABLE.into_iter().find(|known| known.name() == name)?;
        let mut all = self.0.lock();
        if !all.contains(&refused) {
            all.push(refused);
            tracing::warn!(
                parameter = refused.name(),
                "a model refuses it and is asked without from now on; its section of [providers] may say so at once"
            );
        }
        Some(refused)
    }
}
