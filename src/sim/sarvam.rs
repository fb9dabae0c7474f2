//! A stand-in for Sarvam, on this machine only: its realtime recogniser behind `/speech-to-text-realtime/ws`, its voices behind
//! `/text-to-speech/ws`. It is strict where Sarvam is: key, query, every message; it is tried with Sarvam's own Python SDK (0.1.39).

mod ears;
mod voice;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::json;

use self::ears::Ears;
use super::fault::{Strike, Trouble, come_again};
use super::listening;
use super::mouth::{self, Settings};
use super::pace::Pace;
use super::vendor::Vendor;

/// Its part of the simulated vendors: where it hears, and where it speaks.
pub(super) fn router(halves: [(Pace, Trouble); 2]) -> Router {
    let [ears, voice] = halves.map(|(pace, trouble)| Settings { pace, trouble });
    let ears = Router::new().route("/speech-to-text-realtime/ws", get(hear)).with_state(ears);
    let voice = Router::new().route("/text-to-speech/ws", get(speak)).with_state(voice);
    ears.merge(voice)
}

async fn hear(
    State(settings): State<Settings>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    match admitted(&settings, Vendor::SarvamEars, &headers).await {
        Ok(strike) => {
            // What it does not take it says on the connection (close code 4000).
            let asked = ears::asked(query.as_deref().unwrap_or_default());
            let ears = Ears::new(asked, settings.pace, strike.clone());
            upgrade.on_upgrade(move |socket| listening::Session::new(socket, strike, ears).run())
        }
        Err(refusal) => *refusal,
    }
}

async fn speak(
    State(settings): State<Settings>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let asked = voice::asked(query.as_deref().unwrap_or_default());
    match (admitted(&settings, Vendor::SarvamVoice, &headers).await, asked) {
        (Ok(strike), Ok(protocol)) => {
            upgrade.on_upgrade(move |socket| mouth::Session::new(socket, settings.pace, strike, protocol).run())
        }
        (Ok(_), Err(what)) => refuse(StatusCode::BAD_REQUEST, "invalid_request_error", &what),
        (Err(refusal), _) => *refusal,
    }
}

async fn admitted(settings: &Settings, vendor: Vendor, headers: &HeaderMap) -> Result<Strike, Box<Response>> {
    let strike = settings.trouble.strike(vendor).map_err(|impossible| impossible.into_response())?;
    let key = headers.get("api-subscription-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if key.trim().is_empty() {
        return Err(refuse(StatusCode::FORBIDDEN, "invalid_api_key_error", "no key").into());
    }
    match strike.refusal().await {
        // A key that it does not know is forbidden.
        Some(StatusCode::UNAUTHORIZED) => {
            Err(refuse(StatusCode::FORBIDDEN, "invalid_api_key_error", "simulated").into())
        }
        Some(status) => {
            let code = match status {
                StatusCode::TOO_MANY_REQUESTS => "rate_limit_exceeded_error",
                _ => "internal_server_error",
            };
            Err(come_again(status, refuse(status, code, "simulated")).into())
        }
        None => Ok(strike),
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": message, "request_id": "simulated"}}))).into_response()
}
