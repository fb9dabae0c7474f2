//! A stand-in for Sarvam, on this machine only: its realtime recogniser behind `/speech-to-text-realtime/ws`, its voices behind
//! `/text-to-speech/ws`. It is strict where Sarvam is: key, query, every message; it is tried with Sarvam's own Python SDK (0.1.39).

mod ears;
mod voice;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::json;

use self::ears::Ears;
use super::fault::{Fault, Trouble};
use super::listening;
use super::mouth::{self, Settings};
use super::pace::Pace;

const RETRY_AFTER: &str = "20";

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
    match admitted(&settings, &headers) {
        Ok(fault) => {
            // What it does not take it says on the connection (close code 4000).
            let asked = ears::asked(query.as_deref().unwrap_or_default());
            let ears = Ears::new(asked, settings.pace, fault);
            upgrade.on_upgrade(move |socket| listening::Session::new(socket, fault, ears).run())
        }
        Err(refusal) => refusal,
    }
}

async fn speak(
    State(settings): State<Settings>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let asked = voice::asked(query.as_deref().unwrap_or_default());
    match (admitted(&settings, &headers), asked) {
        (Ok(fault), Ok(protocol)) => {
            upgrade.on_upgrade(move |socket| mouth::Session::new(socket, settings.pace, fault, protocol).run())
        }
        (Ok(_), Err(what)) => refuse(StatusCode::BAD_REQUEST, "invalid_request_error", &what),
        (Err(refusal), _) => refusal,
    }
}

#[expect(clippy::result_large_err, reason = "an answer of axum's")]
fn admitted(settings: &Settings, headers: &HeaderMap) -> Result<Option<Fault>, Response> {
    let fault = settings.trouble.strike();
    let key = headers.get("api-subscription-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match fault {
        _ if key.trim().is_empty() => Err(refuse(StatusCode::FORBIDDEN, "invalid_api_key_error", "no key")),
        Some(Fault::Unauthorised) => Err(refuse(StatusCode::FORBIDDEN, "invalid_api_key_error", "simulated")),
        Some(Fault::Limits) => {
            let refused = refuse(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded_error", "simulated");
            Err(([(header::RETRY_AFTER, RETRY_AFTER)], refused).into_response())
        }
        Some(Fault::Fails) => Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "internal_server_error", "simulated")),
        fault => Ok(fault),
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": message, "request_id": "simulated"}}))).into_response()
}
