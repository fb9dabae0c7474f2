//! What simulated voices have in common that answer a request over HTTP with the audio of its text: words as the tones of [`super::code`] after
//! the scripted delay and then faster than anybody listens, and every [`Fault`].

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use super::code::{WORD_SAMPLES, speak};
use super::fault::{Fault, Strike, come_again};

const SLOW: Duration = Duration::from_millis(1_500);

/// The answer of who refuses, fails, or never says anything.
pub(super) async fn refused(strike: &Strike) -> Option<Response> {
    if let Some(status) = strike.refusal().await {
        return Some(come_again(status, status.into_response()));
    }
    if strike.is(Fault::Errors) {
        strike.felt(0);
        return Some(StatusCode::BAD_GATEWAY.into_response());
    }
    if strike.is(Fault::Deaf) {
        strike.felt(0);
        std::future::pending::<()>().await;
    }
    None
}

/// The audio of this text. Faults within it strike after so many words; `converted` is the audio as the vendor sends it, from 16 kHz.
pub(super) async fn spoken(
    text: &str,
    delay: Duration,
    strike: &Strike,
    strikes_after: usize,
    converted: impl Fn(&[i16]) -> Vec<i16>,
) -> Body {
    if [Fault::Slow, Fault::Empty, Fault::Silence].into_iter().any(|fault| strike.is(fault)) {
        strike.felt(0);
    }
    crate::clock::elapse(delay + if strike.is(Fault::Slow) { SLOW } else { Duration::ZERO }).await;
    let words = text.split_whitespace();
    let words = words.map(|word| if strike.is(Fault::Silence) { [0; WORD_SAMPLES] } else { speak(word) });
    let mut pieces: Vec<io::Result<Bytes>> =
        words.map(|audio| Ok(converted(&audio).iter().flat_map(|sample| sample.to_le_bytes()).collect())).collect();
    if strike.is(Fault::Stalls) || strike.is(Fault::Breaks) {
        strike.felt(strikes_after as u32);
    }
    match strike.fault {
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
