//! What a provider of speech or thought may fail with, in one shape for all of them.

pub mod account;
pub(crate) mod azure;
pub mod breaker;
pub mod chain;
mod dial;
#[cfg(test)]
pub(crate) mod golden;
pub(crate) mod google;
pub mod grpc;
pub(crate) mod openai;
pub mod residency;
pub mod sarvam;
pub mod socket;
pub mod tls;
pub mod trial;
pub(crate) mod warming;

use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::RETRY_AFTER;

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
    /// It works on this machine and has as many sessions as it carries: nothing is wrong with it.
    Full,
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
            Self::Connection | Self::Timeout | Self::Limited | Self::Full | Self::Server | Self::Empty => true,
            Self::Unauthorised | Self::Request => false,
        }
    }
}

/// What an HTTP status that is no success means; 402 is how some vendors say that the quota is used up.
pub const fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Unauthorised,
        402 | 429 => ErrorKind::Limited,
        408 => ErrorKind::Timeout,
        300..=499 => ErrorKind::Request,
        _ => ErrorKind::Server,
    }
}

/// The same for an error. Nobody is followed to where a redirect leads: what callers said stays where its configuration says that it goes.
pub fn status_in_words(status: u16) -> String {
    let follows = if (300..=399).contains(&status) {
        ", a redirect, which is not followed; name its address in base_url"
    } else {
        ""
    };
    format!("HTTP status {status}{follows}")
}

/// Retry-After in seconds, at most a day; the form with a date is not used by these vendors.
pub fn retry_after(value: Option<&str>) -> Option<Duration> {
    let seconds = value?.trim().parse::<f64>().ok().filter(|seconds| (0.0..=86_400.0).contains(seconds))?;
    Some(Duration::from_secs_f64(seconds))
}

/// In milliseconds, as OpenAI and Azure say it beside Retry-After, which they round up.
const RETRY_AFTER_MS: &str = "retry-after-ms";

/// When an answer says to come again, to the millisecond where it does.
pub fn comes_again(headers: &HeaderMap) -> Option<Duration> {
    let told = |name: &str| headers.get(name)?.to_str().ok();
    let exact = || Some(retry_after(told(RETRY_AFTER_MS))? / 1_000);
    exact().or_else(|| retry_after(told(RETRY_AFTER.as_str())))
}

/// A vendor's own code for an error, if it is one: a message may quote what the caller said, so it is never kept.
pub fn code(text: &str) -> Option<&str> {
    let is_code = !text.is_empty()
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    is_code.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_to_try_again() {
        for (status, retryable) in
            [(401, false), (403, false), (400, false), (429, true), (402, true), (503, true), (302, false)]
        {
            assert_eq!(kind_of_status(status).retryable(), retryable, "{status}");
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_nothing_else() {
        assert_eq!(retry_after(Some(" 1.5")), Some(Duration::from_millis(1_500)));
        for wrong in ["-1", "soon", "1e9", "NaN"] {
            assert_eq!(retry_after(Some(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn the_exact_time_to_come_again_counts_before_the_rounded_one() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            comes_again(&pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect())
        };
        assert_eq!(headers(&[("retry-after", "1"), ("retry-after-ms", "350")]), Some(Duration::from_millis(350)));
        assert_eq!(headers(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(headers(&[("retry-after", "2"), ("retry-after-ms", "soon")]), Some(Duration::from_secs(2)));
        assert_eq!(headers(&[]), None);
    }

    #[test]
    fn what_may_quote_a_caller_is_no_code() {
        assert_eq!(code("INVALID_AUTH"), Some("INVALID_AUTH"));
        assert_eq!(code("Jane Roe said"), None);
    }
}
