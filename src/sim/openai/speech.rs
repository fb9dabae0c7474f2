//! A stand-in for OpenAI's speech behind `/v1/audio/speech`, on this machine only: 24 kHz linear PCM. It is strict where OpenAI is, and is tried
//! with OpenAI's own Python package (3.54.0).

use attendant_media::resample;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use serde_json::{Value, json};

use crate::sim::fault::Trouble;
use crate::sim::pace::Pace;
use crate::sim::posted::Settings;
use crate::sim::vendor::Vendor;

/// Characters of one text.
const LONGEST: usize = 4_096;

const MODELS: [&str; 4] = ["gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", "tts-1", "tts-1-hd"];
const VOICES: [&str; 13] =
    ["alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"];
const KEYS: [&str; 7] = ["model", "voice", "input", "response_format", "speed", "instructions", "stream_format"];

/// Its part of the simulated vendors.
pub(in crate::sim) fn router(pace: Pace, trouble: Trouble) -> Router {
    Router::new().route("/v1/audio/speech", post(speak)).with_state(Settings::new(pace, trouble))
}

async fn speak(State(settings): State<Settings>, headers: HeaderMap, body: String) -> Response {
    let strike = match settings.trouble.strike(Vendor::OpenAiVoice) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    if !super::has_key(&headers) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_api_key");
    }
    let request = serde_json::from_str(&body).unwrap_or_default();
    let Some(text) = text(&request) else { return refuse(StatusCode::BAD_REQUEST, "invalid_value") };
    let theirs = |audio: &[i16]| resample::whole(audio, 16_000, 24_000).expect("both are rates of speech");
    settings.answer(text, strike, "audio/pcm", theirs).await
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
