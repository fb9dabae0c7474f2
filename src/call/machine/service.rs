//! Whether the caller was served, for the desk to judge the house by. Who ended the call, and how, is not asked: callers hang up on an
//! apology, or are passed on after it.

/// How a call stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// Nothing the caller asked was answered or given up: the call proves nothing.
    #[default]
    Unproven,
    /// Of what the caller asked, the last that was answered or given up was answered.
    Served,
    /// The caller was told that it is not possible just now...
    Failed,
    /// ...and has asked again since, without an answer yet.
    AskedAgain,
}

impl Service {
    /// The caller has asked something.
    pub(super) const fn asked(self) -> Self {
        match self {
            Self::Failed => Self::AskedAgain,
            Self::Unproven | Self::Served | Self::AskedAgain => self,
        }
    }

    /// Some of an answer was heard. After an apology it is the answer that was given up, and was on its way already.
    pub(super) const fn answered(self) -> Self {
        match self {
            Self::Unproven | Self::Served | Self::AskedAgain => Self::Served,
            Self::Failed => Self::Failed,
        }
    }
}
