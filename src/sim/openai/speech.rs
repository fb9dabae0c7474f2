//! A stand-in for OpenAI's speech behind `/v1/audio/speech`, on this machine only: 24 kHz linear PCM. It is strict where OpenAI is, and is tried
//! with OpenAI's own Python package (3.54.0).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use attendant_media::resample;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::sim::fault::{Fault, Strike, Trouble};
use crate::sim::pace::Pace;
use crate::sim::posted;
use crate::sim::vendor::Vendor;

/// Faults within an answer strike after so many words of all: within the second sentence of a code.
const STRIKES_AFTER: usize = 12;

/// Characters of one text.
const LONGEST: usize = 4_096;

const MODELS: [&str; 4] = ["gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", "tts-1", "tts-1-hd"];
const VOICES: [&str; 13] =
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"];
const KEYS: [&str; 7] = ["model", "voice", "input", "response_format", "speed", "instructions", "stream_format"];

#[derive(Clone, Debug)]
struct Settings {
    pace: Pace,
    trouble: Trouble,
    /// Spoken so far.
    words: Arc<AtomicUsize>,
}

/// Its part of the simulated vendors.
pub(in crate::sim) fn router(pace: Pace, trouble: Trouble) -> Router {
    let words = Arc::new(AtomicUsize::new(0));
    Router::new().route("/v1/audio/speech", post(speak)).with_state(Settings { pace, trouble, words })
}

async fn speak(State(settings): State<Settings>, headers: HeaderMap, body: String) -> Response {
    let strike = match settings.trouble.strike(Vendor::OpenAiVoice) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    if !super::has_key(&headers) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_api_key");
    }
    if let Some(refused) = posted::refused(&strike).await {
        return refused;
    }
    let request = serde_json::from_str(&body).unwrap_or_default();
    let Some(text) = text(&request) else { return refuse(StatusCode::BAD_REQUEST, "invalid_value") };
    let words = text.split_whitespace().count();
    let before = settings.words.fetch_add(words, Ordering::Relaxed);
    let is_due = before + words > STRIKES_AFTER;
    let is_later = !is_due && (strike.is(Fault::Stalls) || strike.is(Fault::Breaks));
    let strike = if is_later { Strike::default() } else { strike };
    let theirs = |audio: &[i16]| resample::whole(audio, 16_000, 24_000).expect("both are rates of speech");
    let strikes_after = STRIKES_AFTER.saturating_sub(before);
    let audio = posted::spoken(text, settings.pace.draw(), &strike, strikes_after, theirs).await;
    ([(header::CONTENT_TYPE, "audio/pcm")], audio).into_response()
}

fn refuse(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({"error": {"message": "simulated", "type": "invalid_request_error", "code": code}})))
        .into_response()
}

/// The text of a request that OpenAI would take.
fn text(request: &Value) -> Option<&str> {
    let object = request.as_object()?;
    let has = |key: &str, known: &[&str]| request[key].as_str().is_some_and(|value| known.contains(&value));
    let is_good = object.keys().all(|key| KEYS.contains(&key.as_str()))
        && has("model", &MODELS)
        && has("voice", &VOICES)
        && has("response_format", &["pcm"]);
    request["input"].as_str().filter(|text| is_good && !text.is_empty() && text.chars().count() <= LONGEST)
}
