//! A scripted language model behind the OpenAI chat-completions API, so that `base_url` can be tried without keys.
//!
//! `POST /v1/chat/completions` (streamed or whole) answers with a code: its call is that of the first code which the caller said in this
//! conversation (callers of `attendant load` say theirs; 0 without), its turn the number of user messages. To "bye" it says
//! goodbye with the tool that ends the call, and one name of a model has it look something up first ([`super::answer`]); `GET /v1/models` names the one model. It says what an answer took ([`usage`]), streamed only to who
//! asks (`stream_options`). It is strict where OpenAI is ([`request`]; any key will do), and can have the faults that real servers have ([`Fault`]). Beside it are OpenAI's recogniser ([`transcription`]) and its voices
//! ([`speech`]). It serves addresses of this machine only.

mod request;
pub(super) mod speech;
pub(super) mod transcription;
mod usage;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::answer::{self, Call, Places};
pub use super::lapse::{Fault, Lapse, Stage};
use super::pace::Pace;
use super::{Profile, ScriptedConfig};
use request::Wrong;
use usage::Cache;

const MODEL: &str = "scripted";

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pace: Pace,
    /// Of an answer.
    parts: u8,
    lapse: Lapse,
    cache: Cache,
}

impl Settings {
    pub(super) fn new(pace: Pace, parts: u8, lapse: Lapse) -> Self {
        Self { pace, parts, lapse, cache: Cache::default() }
    }
}

/// Serves until `stop` resolves. The listener must be bound to a loopback address.
pub async fn serve(
    listener: TcpListener,
    settings: ScriptedConfig,
    fault: Option<Fault>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let profile = Profile::from(settings);
    let settings = Settings::new(profile.pace(profile.model, 0), profile.parts, Lapse::new(fault, Stage::Usual));
    axum::serve(listener, router(settings)).with_graceful_shutdown(stop).await
}

/// Whether it may be bound here: a brain that knows nothing must not be offered to other machines.
pub fn may_bind(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// Whether a request has a key, whatever it is.
fn has_key(headers: &HeaderMap) -> bool {
    let key = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    key.and_then(|key| key.strip_prefix("Bearer ")).is_some_and(|key| !key.trim().is_empty())
}

/// Its part of the simulated vendors.
pub(super) fn router(settings: Settings) -> Router {
    Router::new().route("/v1/models", get(models)).route("/v1/chat/completions", post(complete)).with_state(settings)
}

async fn models() -> Json<Value> {
    Json(json!({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "attendant"}]}))
}

async fn complete(State(settings): State<Settings>, headers: HeaderMap, body: Bytes) -> Response {
    let Settings { pace, parts, lapse, cache } = settings;
    if !has_key(&headers) {
        return (StatusCode::UNAUTHORIZED, Json(error("invalid_api_key"))).into_response();
    }
    let request = match request::read(&body) {
        Ok(request) => request,
        Err(Wrong { what, parameter, code }) => {
            let mut told = error(code);
            (told["error"]["message"], told["error"]["param"]) = (what.into(), parameter.into());
            return (StatusCode::BAD_REQUEST, Json(told)).into_response();
        }
    };
    let step = request.step();
    let fault = lapse.due(request.said().count(), step);
    let later = |status: StatusCode| (status, [(RETRY_AFTER, "20")]).into_response();
    match fault {
        Some(Fault::Stalls) => return std::future::pending().await,
        Some(Fault::Fails) => return later(StatusCode::INTERNAL_SERVER_ERROR),
        Some(Fault::Limits) => return later(StatusCode::TOO_MANY_REQUESTS),
        Some(Fault::Overloaded) => return later(StatusCode::SERVICE_UNAVAILABLE),
        Some(Fault::Unauthorised) => return (StatusCode::UNAUTHORIZED, Json(error("invalid_api_key"))).into_response(),
        Some(Fault::Breaks | Fault::Errors | Fault::Hangs | Fault::Slow | Fault::Empty) | None => {}
    }
    let text = answer::sentences(answer::code(request.said(), parts));
    let usage = cache.ask(request.counted());
    crate::clock::elapse(pace.draw() + fault.map_or(Duration::ZERO, Fault::late)).await;
    if !request.stream {
        let message = json!({"role": "assistant", "content": text.trim_end()});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        let whole = json!({"id": "scripted", "object": "chat.completion", "created": 0, "model": MODEL,
            "choices": [choice], "usage": usage.answered(&text)});
        return Json(whole).into_response();
    }
    let (said, call) =
        if fault == Some(Fault::Empty) { ("", None) } else { (step.words().unwrap_or(&text), step.call()) };
    // The first event has no word.
    let mut lines = vec![chunk(&json!({"role": "assistant", "content": ""}), None)];
    lines.extend(said.split_inclusive(' ').map(|word| chunk(&json!({"content": word}), None)));
    lines.extend(call.into_iter().flat_map(calling));
    let places = Places { wordless: 1, in_call: call.map(|_| lines.len() - 1) };
    lines.push(chunk(&json!({}), Some(if call.is_some() { "tool_calls" } else { "stop" })));
    if request.wants_usage() {
        // In a chunk of its own, without choices.
        let usage = json!({"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": MODEL,
            "choices": [], "usage": usage.answered(said)});
        lines.push(format!("data: {usage}\n\n"));
    }
    lines.push("data: [DONE]\n\n".to_owned());
    answer::stream(lines, places, &lapse, fault, format!("data: {}\n\n", error("server_error")))
}

/// The chunks that call a tool.
fn calling(Call { name, arguments }: Call) -> Vec<String> {
    let begins = json!({"index": 0, "id": "1", "type": "function", "function": {"name": name, "arguments": ""}});
    let goes_on = answer::halves(arguments).map(|piece| json!({"index": 0, "function": {"arguments": piece}}));
    [begins].into_iter().chain(goes_on).map(|call| chunk(&json!({"tool_calls": [call]}), None)).collect()
}

fn error(code: &str) -> Value {
    json!({"error": {"message": "simulated", "type": "invalid_request_error", "param": null, "code": code}})
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
    let chunk =
        json!({"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": [choice]});
    format!("data: {chunk}\n\n")
}

#[cfg(test)]
mod tests {
    use super::super::Delay;
    use super::super::answer::END_CALL;
    use super::super::code::Code;
    use super::*;

    async fn base(fault: Option<Fault>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let settings = ScriptedConfig { llm_ms: Delay::Fixed(0), parts: 1, ..ScriptedConfig::default() };
        tokio::spawn(serve(listener, settings, fault, std::future::pending()));
        base
    }

    fn question(stream: bool) -> Value {
        json!({"model": MODEL, "stream": stream, "messages": [{"role": "user", "content": "Are you open?"}]})
    }

    #[tokio::test]
    async fn a_whole_answer_and_a_streamed_one_are_the_same() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let base = base(None).await;
        let client = reqwest::Client::new();
        let post =
            |body: Value| client.post(format!("{base}/chat/completions")).bearer_auth("a-key").json(&body).send();
        let whole: Value = post(question(false)).await.unwrap().json().await.unwrap();
        let code = Code { call: 0, turn: 1, part: 0, parts: 1 };
        assert_eq!(whole["choices"][0]["message"]["content"], code.sentence());
        let usage = json!({"prompt_tokens": 8, "completion_tokens": 13, "total_tokens": 21,
            "prompt_tokens_details": {"cached_tokens": 0}});
        assert_eq!(whole["usage"], usage);

        let streamed = post(question(true)).await.unwrap().text().await.unwrap();
        assert!(streamed.ends_with("data: [DONE]\n\n") && !streamed.contains("usage"), "{streamed}");
        let mut counted = question(true);
        counted["stream_options"] = json!({"include_usage": true});
        let counted = post(counted).await.unwrap().text().await.unwrap();
        let last = counted
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
            .next_back();
        assert_eq!(last.map(|chunk| (chunk["choices"].clone(), chunk["usage"].clone())), Some((json!([]), usage)));
        let text: String = streamed
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(text.trim_end(), code.sentence());
    }

    #[tokio::test]
    async fn a_goodbye_ends_the_call_and_faults_are_what_they_are_called() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = reqwest::Client::new();
        let post = |base: String, body: Value| {
            client.post(format!("{base}/chat/completions")).bearer_auth("a-key").json(&body).send()
        };
        let mut leaving = question(true);
        leaving["messages"][0]["content"] = "Thank you, goodbye.".into();
        leaving["tools"] = json!([{"type": "function", "function": {"name": END_CALL}}]);
        let text = post(base(None).await, leaving).await.unwrap().text().await.unwrap();
        assert!(text.contains("Goodbye.") && text.contains(END_CALL), "{text}");
        for (fault, status, wait) in [
            (Fault::Fails, 500, Some("20")),
            (Fault::Limits, 429, Some("20")),
            (Fault::Overloaded, 503, Some("20")),
            (Fault::Unauthorised, 401, None),
        ] {
            let refused = post(base(Some(fault)).await, question(true)).await.unwrap();
            let told = refused.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            assert_eq!((refused.status().as_u16(), told), (status, wait), "{fault:?}");
        }
        let empty = post(base(Some(Fault::Empty)).await, question(true)).await.unwrap().text().await.unwrap();
        assert!(!empty.contains("Marker") && empty.ends_with("data: [DONE]\n\n"), "{empty}");
        let broken = post(base(Some(Fault::Breaks)).await, question(true)).await.unwrap().text().await;
        assert!(broken.is_err(), "{broken:?}");
        let told = post(base(Some(Fault::Errors)).await, question(true)).await.unwrap().text().await.unwrap();
        assert!(told.contains("Marker") && told.ends_with("}\n\n") && told.contains("server_error"), "{told}");
    }

    #[tokio::test]
    async fn nobody_without_a_key_is_answered_and_what_is_wrong_is_named() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let address = format!("{}/chat/completions", base(None).await);
        let post = |body: Value| reqwest::Client::new().post(&address).json(&body);
        assert_eq!(post(question(true)).send().await.unwrap().status(), 401);
        let mut unknown = question(true);
        unknown["mood"] = "good".into();
        let refused = post(unknown).bearer_auth("a-key").send().await.unwrap();
        assert_eq!(refused.status(), 400);
        let told: Value = refused.json().await.unwrap();
        assert!(told["error"]["message"].as_str().is_some_and(|what| what.contains("mood")), "{told}");
    }

    #[test]
    fn it_is_for_this_machine_only() {
        assert!(may_bind("127.0.0.1:8090".parse().unwrap()));
        assert!(!may_bind("0.0.0.0:8090".parse().unwrap()));
    }
}
