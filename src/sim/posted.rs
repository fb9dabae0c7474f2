//! What simulated voices have in common that answer a request over HTTP with the audio of its text: words as the tones of [`super::code`] after
//! the scripted delay and then faster than anybody listens, and every [`Fault`].

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use super::code::{WORD_SAMPLES, speak};
use super::fault::Fault;

const SLOW: Duration = Duration::from_millis(1_500);

const RETRY_AFTER: &str = "20";

/// The answer of who refuses, fails, or never says anything.
pub(super) async fn refused(fault: Option<Fault>) -> Option<Response> {
    match fault {
        Some(Fault::Unauthorised) => Some(StatusCode::UNAUTHORIZED.into_response()),
        Some(Fault::Limits) => {
            Some((StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, RETRY_AFTER)]).into_response())
        }
        Some(Fault::Fails) => Some(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        Some(Fault::Errors) => Some(StatusCode::BAD_GATEWAY.into_response()),
        Some(Fault::Deaf) => std::future::pending().await,
        Some(_) | None => None,
    }
}

/// The audio of this text. Faults within it strike after so many words; `converted` is the audio as the vendor sends it, from 16 kHz.
pub(super) async fn spoken(
    text: &str,
    delay: Duration,
    fault: Option<Fault>,
    strikes_after: usize,
    converted: impl Fn(&[i16]) -> Vec<i16>,
) -> Body {
    crate::clock::elapse(delay + if fault == Some(Fault::Slow) { SLOW } else { Duration::ZERO }).await;
    let words = text.split_whitespace().map(|word| match fault {
        Some(Fault::Silence) => [0; WORD_SAMPLES],
        Some(_) | None => speak(word),
    });
    let mut pieces: Vec<io::Result<Bytes>> =
        words.map(|audio| Ok(converted(&audio).iter().flat_map(|sample| sample.to_le_bytes()).collect())).collect();
    match fault {
        Some(Fault::Empty) => Body::empty(),
        Some(Fault::Stalls) => {
            pieces.truncate(strikes_after);
            Body::from_stream(stream::iter(pieces).chain(stream::pending()))
        }
        Some(Fault::Breaks) => {
            pieces.truncate(strikes_after);
            pieces.push(Err(io::Error::other("broken on purpose")));
            Body::from_stream(stream::iter(pieces))
        }
        Some(_) | None => Body::from_stream(stream::iter(pieces)),
    }
}
