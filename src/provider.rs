//! What a provider of speech or thought may fail with, in one shape for all of them.

use std::time::Duration;

/// Why a provider could not do what was asked. The text is for logs and never holds what a caller said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {what}")]
pub struct ProviderError {
    pub provider: &'static str,
    pub kind: ErrorKind,
    pub what: String,
    /// The vendor's Retry-After, if it gave one.
    pub retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Could not connect, or the connection broke.
    Connection,
    /// A deadline passed.
    Timeout,
    /// Key refused.
    Unauthorised,
    /// 429 or quota.
    Limited,
    /// 5xx, or the vendor's own error message.
    Server,
    /// Our request was wrong: trying again will not help.
    Request,
    /// The vendor said it was done and gave nothing.
    Empty,
}

impl ErrorKind {
    /// Whether the same provider may do better if asked again.
    pub const fn retryable(self) -> bool {
        match self {
            Self::Connection | Self::Timeout | Self::Limited | Self::Server | Self::Empty => true,
            Self::Unauthorised | Self::Request => false,
        }
    }
}
