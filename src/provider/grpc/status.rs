//! What the end of a gRPC call says: whether it failed, as what, and when to come again.
//!
//! The status is in the trailers, or in the only headers; how long to wait is in its details (`google.rpc.RetryInfo`, as Google sends
//! it), in gRPC's own pushback (milliseconds), or in Retry-After. Its message may quote a caller, and is not kept.

use std::time::Duration;

use axum::http::header::{HeaderMap, RETRY_AFTER};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use prost::Message;

use super::{Span, failed};
use crate::provider::{ErrorKind, ProviderError, kind_of_status, retry_after};

pub(super) const STATUS: &str = "grpc-status";
/// A `google.rpc.Status` in base64, padded or not (PROTOCOL-HTTP2.md).
const DETAILS: &str = "grpc-status-details-bin";
/// Proposal A6 of gRPC.
const PUSHBACK: &str = "grpc-retry-pushback-ms";
const RETRY_INFO: &str = "/google.rpc.RetryInfo";

/// Nobody is asked to come again after more than a day.
const LONGEST: u64 = 86_400;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `google.rpc.Status`, as far as it is used here.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    delay: Option<Span>,
}

/// An answer that is none of gRPC's.
pub(super) fn refused(provider: &'static str, status: u16, headers: &HeaderMap) -> ProviderError {
    ProviderError {
        retry_after: wait(headers),
        ..failed(provider, kind_of_status(status), &format!("HTTP status {status}"))
    }
}

/// What the status says; `Ok`: all is well.
pub(super) fn ended(provider: &'static str, headers: &HeaderMap) -> Result<(), ProviderError> {
    let status = text(headers, STATUS).and_then(|value| value.parse().ok()).unwrap_or(2);
    let (kind, name) = match status {
        0 => return Ok(()),
        1 => (ErrorKind::Connection, "CANCELLED"),
        3 => (ErrorKind::Request, "INVALID_ARGUMENT"),
        4 => (ErrorKind::Timeout, "DEADLINE_EXCEEDED"),
        5 => (ErrorKind::Request, "NOT_FOUND"),
        7 => (ErrorKind::Unauthorised, "PERMISSION_DENIED"),
        8 => (ErrorKind::Limited, "RESOURCE_EXHAUSTED"),
        9 => (ErrorKind::Request, "FAILED_PRECONDITION"),
        10 => (ErrorKind::Server, "ABORTED"),
        11 => (ErrorKind::Server, "OUT_OF_RANGE"),
        12 => (ErrorKind::Request, "UNIMPLEMENTED"),
        13 => (ErrorKind::Server, "INTERNAL"),
        14 => (ErrorKind::Server, "UNAVAILABLE"),
        16 => (ErrorKind::Unauthorised, "UNAUTHENTICATED"),
        _ => (ErrorKind::Server, "UNKNOWN"),
    };
    Err(ProviderError { retry_after: wait(headers), ..failed(provider, kind, &format!("status {status} {name}")) })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn wait(headers: &HeaderMap) -> Option<Duration> {
    let told = text(headers, DETAILS).and_then(in_details);
    let pushback = || text(headers, PUSHBACK)?.parse().ok().map(Duration::from_millis);
    let wait = told.or_else(pushback).or_else(|| retry_after(text(headers, RETRY_AFTER.as_str())));
    wait.map(|wait| wait.min(Duration::from_secs(LONGEST)))
}

fn in_details(details: &str) -> Option<Duration> {
    let status = Status::decode(&*BASE64.decode(details).ok()?).ok()?;
    let info = status.details.into_iter().find(|any| any.type_url.ends_with(RETRY_INFO))?;
    RetryInfo::decode(&*info.value).ok()?.delay?.as_duration()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn every_status_is_told_apart_by_what_is_to_be_done() {
        for (status, kind, name) in [
            ("16", ErrorKind::Unauthorised, "UNAUTHENTICATED"),
            ("7", ErrorKind::Unauthorised, "PERMISSION_DENIED"),
            ("8", ErrorKind::Limited, "RESOURCE_EXHAUSTED"),
            ("14", ErrorKind::Server, "UNAVAILABLE"),
            ("10", ErrorKind::Server, "ABORTED"),
            ("3", ErrorKind::Request, "INVALID_ARGUMENT"),
            ("99", ErrorKind::Server, "UNKNOWN"),
            ("no number", ErrorKind::Server, "UNKNOWN"),
        ] {
            let error = ended("x", &headers(&[(STATUS, status), ("grpc-message", "Jane Roe")])).unwrap_err();
            assert!(
                error.kind == kind && error.what.ends_with(name) && error.retry_after.is_none(),
                "{status}: {error}"
            );
        }
        assert_eq!(ended("x", &headers(&[(STATUS, "0")])), Ok(()));
        let refused = refused("x", 503, &headers(&[("retry-after", "7")]));
        assert_eq!((refused.kind, refused.retry_after), (ErrorKind::Server, Some(Duration::from_secs(7))));
    }

    #[test]
    fn how_long_to_wait_is_read_wherever_it_stands() {
        // google.rpc.Status with a RetryInfo of 20.5 s, as Google's Python package (googleapis-common-protos 1.76.0) serialises it.
        let details = "CAgSBXF1b3RhGjYKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SCgoICBQQgMq17gE";
        for (name, value, ms) in [
            (DETAILS, details, 20_500),
            (DETAILS, &format!("{details}="), 20_500),
            (PUSHBACK, "250", 250),
            ("retry-after", "3", 3_000),
        ] {
            let error = ended("x", &headers(&[(STATUS, "8"), (name, value)])).unwrap_err();
            assert_eq!(error.retry_after, Some(Duration::from_millis(ms)), "{name}: {value}");
        }
        for (name, value) in [(DETAILS, "!"), (DETAILS, "CAgSBXF1b3Rh"), (PUSHBACK, "-1")] {
            assert_eq!(ended("x", &headers(&[(STATUS, "8"), (name, value)])).unwrap_err().retry_after, None, "{value}");
        }
    }
}
