//! What simulated voices have in common that answer a request over HTTP with the audio of its text: words as the tones of [`super::code`] after
//! the scripted delay and then faster than anybody listens, and every [`Fault`].

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};

use super::code::{WORD_SAMPLES, speak, words as words_of};
use super::fault::{Asked, Fault, Moment, Strike, Trouble, come_again};
use super::pace::Pace;

/// Faults within an answer strike after so many words of all: within the second sentence of a code.
const STRIKES_AFTER: u32 = 12;

/// One such vendor.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) pace: Pace,
    pub(super) trouble: Trouble,
    /// Asked for so far.
    words: Arc<AtomicU32>,
}

impl Settings {
    pub(super) fn new(pace: Pace, trouble: Trouble) -> Self {
        Self { pace, trouble, words: Arc::default() }
    }

    /// The answer to a request for this text; `converted` is its audio as the vendor sends it, from 16 kHz.
    pub(super) async fn answer(
        &self,
        text: &str,
        strike: Strike,
        kind: &'static str,
        converted: impl Fn(&[i16]) -> Vec<i16>,
    ) -> Response {
        // From now on, until it is heard out or left.
        let asked = strike.asked();
        let words = words_of(text).count() as u32;
        let before = self.words.fetch_add(words, Ordering::Relaxed);
        let (is_at_once, strikes_after) = match strike.at {
            Moment::Usual => (!strike.is(Fault::Stalls) && !strike.is(Fault::Breaks), STRIKES_AFTER),
            Moment::Words(words) => (false, words),
            Moment::Connecting | Moment::Cancelled | Moment::LastWords | Moment::Between | Moment::SecondVoice => {
                (true, 0)
            }
        };
        let is_due = is_at_once || before + words > strikes_after;
        let strike = if is_due { strike } else { Strike::default() };
        if let Some(refused) = refused(&strike).await {
            return refused;
        }
        let words = before..strikes_after.max(before);
        let audio = spoken(text, self.pace.draw(), &strike, asked, words, converted).await;
        ([(header::CONTENT_TYPE, kind)], audio).into_response()
    }
}

/// The answer of who refuses, fails, or never says anything.
async fn refused(strike: &Strike) -> Option<Response> {
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

/// The audio of this text, before which there were so many words. Faults within it strike after as many words as these are.
async fn spoken(
    text: &str,
    delay: Duration,
    strike: &Strike,
    asked: Asked,
    well: Range<u32>,
    converted: impl Fn(&[i16]) -> Vec<i16>,
) -> Body {
    if [Fault::Slow, Fault::Lags, Fault::Empty, Fault::Silence].into_iter().any(|fault| strike.is(fault)) {
        strike.felt(0);
    }
    crate::clock::elapse(delay + strike.late()).await;
    let words = words_of(text);
    let words =
        words.zip(well.start..).map(|(word, n)| if strike.is_silent(n) { [0; WORD_SAMPLES] } else { speak(word) });
    let mut pieces: Vec<io::Result<Bytes>> =
        words.map(|audio| Ok(converted(&audio).iter().flat_map(|sample| sample.to_le_bytes()).collect())).collect();
    if strike.is(Fault::Stalls) || strike.is(Fault::Breaks) {
        strike.felt(well.end - well.start);
        pieces.truncate(well.len());
    }
    match strike.fault() {
        Some(Fault::Empty) => Body::empty(),
        Some(Fault::Stalls) => Body::from_stream(told(pieces, asked, strike.pace()).chain(stream::pending())),
        Some(Fault::Breaks) => {
            pieces.push(Err(io::Error::other("broken on purpose")));
            Body::from_stream(told(pieces, asked, strike.pace()))
        }
        Some(_) | None => Body::from_stream(told(pieces, asked, strike.pace())),
    }
}

/// One after the other; the clause is asked for until all were told, or nobody wants the rest.
fn told(
    pieces: Vec<io::Result<Bytes>>,
    asked: Asked,
    pace: Duration,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold((pieces.into_iter(), asked), move |(mut pieces, asked)| async move {
        let piece = pieces.next()?;
        if !pace.is_zero() {
            crate::clock::elapse(pace).await;
        }
        Some((piece, (pieces, asked)))
    })
}
