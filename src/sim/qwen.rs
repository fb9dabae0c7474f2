//! A stand-in for Qwen3-TTS realtime behind `/api-ws/v1/realtime`, on this machine only. It is strict where Model Studio is, and is tried with
//! the dashscope Python SDK (2.0.2).

use std::collections::{HashSet, VecDeque};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::fault::{Fault, Trouble, come_again};
use super::mouth::{self, Act, Protocol, Settings};
use super::pace::Pace;
use super::vendor::Vendor;

/// Characters that one commit may have.
const LONGEST: usize = 600;

/// Every key that a session may have.
const KEYS: [&str; 11] = [
    "voice",
    "mode",
    "response_format",
    "sample_rate",
    "language_type",
    "volume",
    "speech_rate",
    "pitch_rate",
    "enable_tn",
    "instructions",
    "optimize_instructions",
];
const LANGUAGES: [&str; 4] = ["Auto", "Chinese", "English", "French"];

/// Its part of the simulated vendors.
pub(super) fn router(pace: Pace, trouble: Trouble) -> Router {
    Router::new().route("/api-ws/v1/realtime", get(connect)).with_state(Settings { pace, trouble })
}

async fn connect(
    State(settings): State<Settings>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let strike = match settings.trouble.strike(Vendor::Qwen) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let has_key = key.and_then(|key| key.strip_prefix("Bearer ")).is_some_and(|key| !key.trim().is_empty());
    let query = query.unwrap_or_default();
    let model = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "model");
    let is_known = model.is_some_and(|(_, model)| model.starts_with("qwen") && model.contains("-realtime"));
    if !has_key {
        return refuse(StatusCode::UNAUTHORIZED, "InvalidApiKey");
    }
    if !is_known {
        return refuse(StatusCode::NOT_FOUND, "ModelNotFound");
    }
    match strike.refusal().await {
        Some(status) => {
            let code = match status {
                StatusCode::UNAUTHORIZED => "InvalidApiKey",
                StatusCode::TOO_MANY_REQUESTS => "Throttling.RateQuota",
                _ => "ServiceUnavailable",
            };
            come_again(status, refuse(status, code))
        }
        None => {
            let voice = Voice { fault: strike.fault(), ..Voice::default() };
            upgrade.on_upgrade(move |socket| mouth::Session::new(socket, settings.pace, strike, voice).run())
        }
    }
}

fn refuse(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({"code": code, "message": "simulated", "request_id": "simulated"}))).into_response()
}

#[derive(Default)]
struct Voice {
    fault: Option<Fault>,
    is_configured: bool,
    buffer: String,
    ids: HashSet<String>,
    /// Responses so far: the number of the present one.
    responses: u32,
    /// Characters of the pieces that wait for their response, in order, as Model Studio bills them.
    billed: VecDeque<u64>,
}

impl Protocol for Voice {
    fn hello(&mut self) -> Option<Value> {
        let session = json!({"id": "sess_simulated", "object": "realtime.session", "mode": "server_commit"});
        (self.fault != Some(Fault::Deaf)).then(|| numbered(json!({"type": "session.created", "session": session})))
    }

    fn take(&mut self, message: &Value) -> Vec<Act> {
        let is_new = message["event_id"].as_str().is_some_and(|id| !id.is_empty() && self.ids.insert(id.to_owned()));
        if !is_new {
            return vec![refusal("event_id is missing, or not new")];
        }
        match message["type"].as_str() {
            Some("session.update") => match wrong(&message["session"]) {
                Some(what) => vec![refusal(what)],
                None => {
                    self.is_configured = true;
                    vec![Act::Say(numbered(json!({"type": "session.updated", "session": message["session"]})))]
                }
            },
            Some("input_text_buffer.append") => match message["text"].as_str() {
                Some(text) if !text.is_empty() => {
                    self.buffer.push_str(text);
                    Vec::new()
                }
                Some(_) | None => vec![refusal("text is required")],
            },
            Some("input_text_buffer.commit") => {
                let text = std::mem::take(&mut self.buffer);
                if text.is_empty() || text.chars().count() > LONGEST || !self.is_configured {
                    return vec![refusal("nothing to be spoken, too much, or in no voice")];
                }
                self.billed.push_back(characters(&text));
                let said = json!({"type": "input_text_buffer.committed", "item_id": "item_simulated"});
                vec![Act::Say(numbered(said)), Act::speak(text)]
            }
            Some("input_text_buffer.clear") => {
                self.buffer.clear();
                vec![Act::Say(numbered(json!({"type": "input_text_buffer.cleared"})))]
            }
            Some("response.cancel") => vec![Act::Forget],
            Some("session.finish") => {
                vec![Act::Say(numbered(json!({"type": "session.finished"}))), Act::Close(1000)]
            }
            Some(_) | None => vec![refusal("no type that is known")],
        }
    }

    fn before(&mut self) -> Vec<Value> {
        self.responses += 1;
        let id = self.response();
        let response = json!({"id": id, "object": "realtime.response", "status": "in_progress"});
        let item = json!({"id": "item_simulated", "type": "message", "role": "assistant"});
        let part = json!({"type": "audio", "text": ""});
        vec![
            numbered(json!({"type": "response.created", "response": response})),
            numbered(json!({"type": "response.output_item.added", "response_id": id, "output_index": 0, "item": item})),
            numbered(
                json!({"type": "response.content_part.added", "response_id": id, "content_index": 0, "part": part}),
            ),
        ]
    }

    fn audio(&mut self, _context: &str, _word: &str, bytes: &[u8]) -> Value {
        let delta = STANDARD.encode(bytes);
        numbered(json!({"type": "response.audio.delta", "response_id": self.response(), "delta": delta}))
    }

    fn after(&mut self) -> Vec<Value> {
        let id = self.response();
        let usage = json!({"characters": self.billed.pop_front().unwrap_or_default()});
        let response = json!({"id": id, "object": "realtime.response", "status": "completed", "usage": usage});
        vec![
            numbered(json!({"type": "response.audio.done", "response_id": id})),
            numbered(json!({"type": "response.done", "response": response})),
        ]
    }

    fn error(&mut self) -> (Value, u16) {
        (error("InternalError", "simulated"), 1011)
    }
}

impl Voice {
    fn response(&self) -> String {
        format!("resp_{}", self.responses)
    }
}

/// A Chinese character counts as two, any other as one (Alibaba's page on the billing of its voices, as read on 2026-11-22).
fn characters(text: &str) -> u64 {
    text.chars().map(|c| if matches!(c, '\u{3400}'..='\u{9fff}') { 2 } else { 1 }).sum()
}

/// Every event of the server has an id.
fn numbered(mut event: Value) -> Value {
    event["event_id"] = format!("event_{}", uuid::Uuid::new_v4().simple()).into();
    event
}

fn refusal(what: &str) -> Act {
    Act::Refuse(error("invalid_value", what), 1007)
}

fn error(code: &str, message: &str) -> Value {
    numbered(json!({"type": "error", "error": {"type": "invalid_request_error", "code": code, "message": message}}))
}

/// What Model Studio would refuse in a session.
fn wrong(session: &Value) -> Option<&'static str> {
    let Some(object) = session.as_object() else { return Some("session is required") };
    if object.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Some("unknown field");
    }
    let checks = [
        (session["voice"].as_str().is_some_and(|voice| !voice.is_empty()), "voice is required"),
        (session["mode"] == "commit", "only commit is simulated"),
        (session["response_format"] == "pcm" && session["sample_rate"] == 16_000, "only pcm of 16 kHz is simulated"),
        (session["language_type"].as_str().is_none_or(|l| LANGUAGES.contains(&l)), "language_type is not supported"),
    ];
    checks.into_iter().find(|(good, _)| !good).map(|(_, what)| what)
}
