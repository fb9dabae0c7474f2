//! What a notice says, whoever takes it there.

use jiff::Timestamp;

use crate::agent::tools::{Message, MessageKind};
use crate::store::notices::Stage;

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    Normal,
    /// An appointment may stand, or be gone, without anybody knowing.
    Urgent,
}

impl Urgency {
    pub(super) const fn of(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Message | MessageKind::Registration | MessageKind::WaitingList => Self::Normal,
            MessageKind::UnknownOutcome | MessageKind::NotTold => Self::Urgent,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Urgent => "urgent",
        }
    }
}

/// One notice.
#[derive(Clone, Debug)]
pub(super) struct Notice<'a> {
    /// The same however often it is sent.
    pub id: &'a str,
    pub stage: Stage,
    /// The clinic's id.
    pub clinic: &'a str,
    /// The message's id.
    pub message: &'a str,
    pub kind: MessageKind,
    pub left: Timestamp,
    pub made: Timestamp,
    /// Where somebody can say that they have seen to it.
    pub acknowledge: Option<String>,
    /// Only if the clinic's file says so.
    pub whole: Option<&'a Message>,
}

impl Notice<'_> {
    pub(super) const fn urgency(&self) -> Urgency {
        Urgency::of(self.kind)
    }
}

/// Why a notice was not taken. It names no patient, nor what was in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub what: String,
    pub wait: Wait,
}

/// When it is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Usual,
    /// Whoever refused it said so.
    AtLeast(jiff::SignedDuration),
    /// It will be refused again until somebody mends something.
    Longest,
}

impl Trouble {
    pub(super) fn passing(what: impl Into<String>) -> Self {
        Self { what: what.into(), wait: Wait::Usual }
    }

    pub(super) fn lasting(what: impl Into<String>) -> Self {
        Self { what: what.into(), wait: Wait::Longest }
    }
}
