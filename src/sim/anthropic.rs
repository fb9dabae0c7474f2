//! A stand-in for Anthropic's messages interface behind `/v1/messages`, on this machine only. It answers as the simulated OpenAI does
//! ([`super::answer`]), is strict where Anthropic is ([`wrong`]), and is tried with the anthropic Python package (2.12.0).

mod usage;
mod wrong;

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use serde_json::{Value, json};

use super::answer::{self, Places, Step};
use super::lapse::{Fault, Lapse};
use super::pace::Pace;
use super::prompt::Prompts;
use usage::Usage;
use wrong::Version;

/// `overloaded_error` has a status of its own.
const OVERLOADED: u16 = 529;

/// What models of these names do, whatever they are asked: nobody has models of such names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Usual,
    /// Refuses, without a word.
    Refuses,
    /// Refuses in the middle of its first sentence.
    RefusesWithin,
    /// Ends the call with its tool, and says nothing.
    CallsAlone,
}

impl Habit {
    fn of(model: &Value) -> Self {
        match model.as_str() {
            Some("simulated-refuses") => Self::Refuses,
            Some("simulated-refuses-within") => Self::RefusesWithin,
            Some("simulated-calls-alone") => Self::CallsAlone,
            Some(_) | None => Self::Usual,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pace: Pace,
    /// Of an answer.
    parts: u8,
    lapse: Lapse,
    prompts: Prompts,
}

impl Settings {
    pub(super) fn new(pace: Pace, parts: u8, lapse: Lapse) -> Self {
        Self { pace, parts, lapse, prompts: Prompts::default() }
    }
}

/// Its part of the simulated vendors.
pub(super) fn router(settings: Settings) -> Router {
    Router::new().route("/v1/messages", post(messages)).with_state(settings)
}

async fn messages(State(settings): State<Settings>, headers: HeaderMap, body: Bytes) -> Response {
    let Settings { pace, parts, lapse, prompts } = settings;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = text(AUTHORIZATION.as_str()).strip_prefix("Bearer ").unwrap_or_else(|| text("x-api-key"));
    if key.trim().is_empty() {
        return refuse(401, "authentication_error");
    }
    let Some(version) = Version::of(text("anthropic-version")) else {
        return invalid("anthropic-version: header is required, and of a version that is known");
    };
    let Ok(request) = serde_json::from_slice::<Value>(&body) else { return invalid("the body is not valid JSON") };
    if let Some(what) = wrong::request(&request, version) {
        return invalid(&what);
    }
    let said = said(&request);
    let step = step(&request, said.last().map(String::as_str));
    let fault = lapse.due(said.len(), step);
    match fault {
        Some(Fault::Stalls) => return std::future::pending().await,
        Some(Fault::Fails) => return ([(RETRY_AFTER, "20")], refuse(500, "api_error")).into_response(),
        Some(Fault::Limits) => return ([(RETRY_AFTER, "20")], refuse(429, "rate_limit_error")).into_response(),
        Some(Fault::Overloaded) => return refuse(OVERLOADED, "overloaded_error"),
        Some(Fault::Unauthorised) => return refuse(401, "authentication_error"),
        Some(Fault::Breaks | Fault::Errors | Fault::Hangs | Fault::Slow | Fault::Empty) | None => {}
    }
    let text = answer::sentences(answer::code(said.iter().map(String::as_str), parts));
    let usage = Usage::of(&request, &prompts);
    crate::clock::elapse(pace.draw() + fault.map_or(Duration::ZERO, Fault::late)).await;
    let is_empty = fault == Some(Fault::Empty);
    let said = if is_empty { "" } else { step.words().unwrap_or_else(|| text.trim_end()) };
    let call = step.call().filter(|_| !is_empty).map(|call| {
        let input: Value = serde_json::from_str(call.arguments).unwrap_or_default();
        json!({"type": "tool_use", "id": "toolu_simulated", "name": call.name, "input": input})
    });
    let reason = if call.is_some() { "tool_use" } else { "end_turn" };
    let (said, call, reason) = match (Habit::of(&request["model"]), call) {
        (Habit::Refuses, _) => (None, None, "refusal"),
        (Habit::RefusesWithin, _) => (Some(first_words(said, lapse.struck_after())), None, "refusal"),
        (Habit::CallsAlone, Some(call)) => (None, Some(call), reason),
        (Habit::CallsAlone | Habit::Usual, call) => (Some(said), call, reason),
    };
    let text = said.map(|said| json!({"type": "text", "text": said}));
    let content: Vec<Value> = text.into_iter().chain(call).collect();
    let said = said.unwrap_or_default();
    let whole = json!({"id": "msg_simulated", "type": "message", "role": "assistant", "model": request["model"],
        "content": content, "stop_reason": reason, "stop_sequence": null, "usage": usage.answered(said)});
    if request["stream"] != true {
        return Json(whole).into_response();
    }
    let is_eager = |tool: &Value| tool["eager_input_streaming"] == true;
    let eager = request["tools"].as_array().into_iter().flatten().all(is_eager);
    let (events, places) = events(&whole, usage, eager);
    answer::stream(events, places, &lapse, fault, event(&error("overloaded_error", "simulated")))
}

/// Some of its first sentence.
fn first_words(text: &str, words: usize) -> &str {
    let ends = text.match_indices(' ').nth(words - 1).map_or(text.len(), |(at, _)| at);
    &text[..ends]
}

/// The turns of the caller's side.
fn of_users(request: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    request["messages"].as_array().into_iter().flatten().filter(|turn| turn["role"] == "user")
}

/// What the caller said in one of them. Notes in brackets stand on their side and are not theirs.
fn said_in(turn: &Value) -> Option<String> {
    let said = match &turn["content"] {
        Value::String(text) => text.clone(),
        blocks => {
            let texts = blocks.as_array().into_iter().flatten().filter_map(|block| block["text"].as_str());
            texts.collect::<Vec<_>>().join(" ")
        }
    };
    Some(said).filter(|text| !text.is_empty() && !text.starts_with('['))
}

/// What the caller said, turn by turn.
fn said(request: &Value) -> Vec<String> {
    of_users(request).filter_map(said_in).collect()
}

/// What it is answered with; `last` is what the caller said last.
fn step(request: &Value, last: Option<&str>) -> Step {
    let has_result = |turn: &Value| {
        let mut blocks = turn["content"].as_array().into_iter().flatten();
        blocks.any(|block| block["type"] == "tool_result")
    };
    // Results stand before words in a turn.
    let is_told = of_users(request).rev().find_map(|turn| match said_in(turn) {
        Some(_) => Some(false),
        None => has_result(turn).then_some(true),
    });
    let tools = request["tools"].as_array().into_iter().flatten().filter_map(|tool| tool["name"].as_str());
    Step::of(request["model"].as_str().unwrap_or_default(), last, is_told == Some(true), tools)
}

/// The message in pieces.
fn events(message: &Value, usage: Usage, eager: bool) -> (Vec<String>, Places) {
    let mut begun = message.clone();
    begun["content"] = json!([]);
    begun["stop_reason"] = Value::Null;
    begun["usage"] = usage.answered("");
    let mut events = vec![json!({"type": "message_start", "message": begun})];
    let mut in_call = None;
    let blocks = message["content"].as_array().into_iter().flatten();
    for (index, block) in blocks.enumerate() {
        let (mut empty, deltas) = (block.clone(), deltas(block, eager));
        let is_text = block["type"] == "text";
        if is_text {
            empty["text"] = "".into();
        } else {
            empty["input"] = json!({});
        }
        events.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        if index == 0 {
            events.push(json!({"type": "ping"}));
        }
        let delta = |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
        events.extend(deltas.into_iter().map(delta));
        in_call = in_call.or_else(|| (!is_text).then(|| events.len() - 1));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let ended = json!({"stop_reason": message["stop_reason"], "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": ended, "usage": message["usage"]}));
    events.push(json!({"type": "message_stop"}));
    (events.iter().map(event).collect(), Places { wordless: 3, in_call })
}

/// What a tool is called with is held back until it is whole, unless it is wanted eagerly.
fn deltas(block: &Value, eager: bool) -> Vec<Value> {
    match block["text"].as_str() {
        Some(text) => {
            let words = text.split_inclusive(' ');
            words.map(|word| json!({"type": "text_delta", "text": word})).collect()
        }
        None => {
            let input = block["input"].to_string();
            let [begins, ends] = answer::halves(&input);
            let pieces = if eager { vec!["", begins, ends] } else { vec![&input[..]] };
            pieces.iter().map(|json| json!({"type": "input_json_delta", "partial_json": json})).collect()
        }
    }
}

fn event(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}

fn error(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_simulated"})
}

fn invalid(what: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(error("invalid_request_error", what))).into_response()
}

fn refuse(status: u16, kind: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error(kind, "simulated"))).into_response()
}
