//! A scripted language model behind the OpenAI chat-completions API, so that `base_url` can be tried without keys.
//!
//! `POST /v1/chat/completions` (streamed or whole) answers with a code: its call is that of the first code which the caller said in this
//! conversation (callers of `attendant load` say theirs; 0 without), its turn the number of user messages. To "bye" it says
//! goodbye with the tool that ends the call; `GET /v1/models` names the one model. It says what an answer took ([`usage`]), streamed only to who
//! asks (`stream_options`). It can have the faults that real servers have ([`Fault`]). Beside it are OpenAI's recogniser ([`transcription`]) and its voices
//! ([`speech`]). It serves addresses of this machine only.

pub(super) mod speech;
pub(super) mod transcription;
mod usage;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Router, extract};
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::code::Code;
use super::pace::Pace;
use super::{Profile, ScriptedConfig};
use usage::Cache;

const MODEL: &str = "scripted";

/// Ends the call, as agents' tools are named.
const END_CALL: &str = "end_call";

/// Pieces that leave before the connection breaks: some words of the first sentence.
const BROKEN_AFTER: usize = 5;

/// From then to the break.
const BROKEN_LATER: Duration = Duration::from_millis(100);

/// How the server fails, at every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// Takes the request and says nothing.
    Stalls,
    /// Answers 500.
    Fails,
    /// Answers 429.
    Limits,
    /// Breaks the connection within the first sentence.
    Breaks,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pace: Pace,
    /// Of an answer.
    parts: u8,
    fault: Option<Fault>,
    cache: Cache,
}

impl Settings {
    pub(super) fn new(pace: Pace, parts: u8, fault: Option<Fault>) -> Self {
        Self { pace, parts, fault, cache: Cache::default() }
    }
}

#[derive(Debug, Deserialize)]
struct Request {
    messages: Vec<Message>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: StreamOptions,
    #[serde(default)]
    tools: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    tool_calls: Value,
}

impl Request {
    fn of_users(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.role == "user")
    }

    /// Everything that counts as tokens, in the order in which a cache compares it.
    fn counted(&self) -> impl Iterator<Item = String> {
        let tools = self.tools.iter().map(Value::to_string);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let spoken = self.messages.iter().map(move |message| match &message.tool_calls {
            Value::Null => text(&message.content),
            calls => format!("{}{calls}", text(&message.content)),
        });
        tools.chain(spoken)
    }

    /// What it answers; each conversation is told apart by what was said in it, as requests of all calls come over any connection.
    fn answer(&self, parts: u8) -> Code {
        let call =
            self.of_users().find_map(|message| Code::read(message.content.as_str()?)).map_or(0, |code| code.call);
        Code { call, turn: (self.of_users().count() % 256) as u8, part: 0, parts }
    }

    /// The caller has taken leave, and there is a way to end the call.
    fn is_goodbye(&self) -> bool {
        let last = self.of_users().last();
        let leaves =
            last.and_then(|message| message.content.as_str()).is_some_and(|text| text.to_lowercase().contains("bye"));
        leaves && self.tools.iter().any(|tool| tool["function"]["name"] == END_CALL)
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
    let settings = Settings::new(profile.pace(profile.model, 0), profile.parts, fault);
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

async fn complete(State(settings): State<Settings>, extract::Json(request): extract::Json<Request>) -> Response {
    let Settings { pace, parts, fault, cache } = settings;
    match fault {
        Some(Fault::Stalls) => return std::future::pending().await,
        Some(Fault::Fails) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::Limits) => return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "20")]).into_response(),
        Some(Fault::Breaks) | None => {}
    }
    if request.messages.is_empty() {
        let error =
            json!({"message": "messages is empty", "type": "invalid_request_error", "param": "messages", "code": null});
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    }
    let code = request.answer(parts);
    let text: String = (0..parts).map(|part| format!("{} ", Code { part, ..code }.sentence())).collect();
    let usage = cache.ask(request.counted());
    crate::clock::elapse(pace.draw()).await;
    if !request.stream {
        let message = json!({"role": "assistant", "content": text.trim_end()});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        let whole = json!({"id": "scripted", "object": "chat.completion", "created": 0, "model": MODEL,
            "choices": [choice], "usage": usage.answered(&text)});
        return Json(whole).into_response();
    }
    let mut said = text.as_str();
    let mut lines = vec![chunk(&json!({"role": "assistant", "content": ""}), None)];
    if request.is_goodbye() {
        let call =
            json!({"index": 0, "id": "1", "type": "function", "function": {"name": END_CALL, "arguments": "{}"}});
        said = "Goodbye.";
        lines.push(chunk(&json!({"content": said}), None));
        lines.push(chunk(&json!({"tool_calls": [call]}), Some("tool_calls")));
    } else {
        lines.extend(text.split_inclusive(' ').map(|word| chunk(&json!({"content": word}), None)));
        lines.push(chunk(&json!({}), Some("stop")));
    }
    if request.stream_options.include_usage {
        // In a chunk of its own, without choices.
        let usage = json!({"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": MODEL,
            "choices": [], "usage": usage.answered(said)});
        lines.push(format!("data: {usage}\n\n"));
    }
    lines.push("data: [DONE]\n\n".to_owned());
    let breaks = fault == Some(Fault::Breaks);
    if breaks {
        lines.truncate(BROKEN_AFTER);
    }
    // What was said before is on the wire by then.
    let end = stream::once(async {
        crate::clock::elapse(BROKEN_LATER).await;
        Err(io::Error::other("broken on purpose"))
    });
    let pieces = stream::iter(lines.into_iter().map(Ok::<_, io::Error>)).chain(end.take(usize::from(breaks)));
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(pieces)).into_response()
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
        let post = |body: Value| client.post(format!("{base}/chat/completions")).json(&body).send();
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

    #[test]
    fn conversations_are_told_apart_by_the_code_that_their_caller_said_first() {
        let said = |lines: &[(&str, String)]| {
            let messages = lines.iter().map(|(role, text)| json!({"role": role, "content": text})).collect::<Vec<_>>();
            let request: Request = serde_json::from_value(json!({"messages": messages})).unwrap();
            let code = request.answer(2);
            (code.call, code.turn)
        };
        let hello = |call| ("user", format!("{} The caller has spoken.", Code::of_caller(call).sentence()));
        let answer = ("assistant", Code { call: 9, turn: 1, part: 0, parts: 2 }.sentence());
        let more = ("user", "The caller has spoken.".to_owned());
        assert_eq!(said(&[hello(7)]), (7, 1));
        assert_eq!(said(&[hello(8), answer.clone(), more.clone()]), (8, 2));
        assert_eq!(said(&[more.clone(), answer, more]), (0, 2));
    }

    #[tokio::test]
    async fn a_goodbye_ends_the_call_and_faults_are_what_they_are_called() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = reqwest::Client::new();
        let post = |base: String, body: Value| client.post(format!("{base}/chat/completions")).json(&body).send();
        let mut leaving = question(true);
        leaving["messages"][0]["content"] = "Thank you, goodbye.".into();
        leaving["tools"] = json!([{"type": "function", "function": {"name": END_CALL}}]);
        let text = post(base(None).await, leaving).await.unwrap().text().await.unwrap();
        assert!(text.contains("Goodbye.") && text.contains(END_CALL), "{text}");
        for (fault, status) in [(Fault::Fails, 500), (Fault::Limits, 429)] {
            assert_eq!(post(base(Some(fault)).await, question(true)).await.unwrap().status(), status);
        }
        let broken = post(base(Some(Fault::Breaks)).await, question(true)).await.unwrap().text().await;
        assert!(broken.is_err(), "{broken:?}");
    }

    #[test]
    fn it_is_for_this_machine_only() {
        assert!(may_bind("127.0.0.1:8090".parse().unwrap()));
        assert!(!may_bind("0.0.0.0:8090".parse().unwrap()));
    }
}
