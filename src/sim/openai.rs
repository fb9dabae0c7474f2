//! A scripted language model behind the OpenAI chat-completions API, so that `base_url` can be tried without keys.
//!
//! `POST /v1/chat/completions` (streamed or whole) answers with a code whose turn is the number of user messages;
//! `GET /v1/models` names the one model. It serves addresses of this machine only.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Router, extract};
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::ScriptedConfig;
use super::code::Code;

const MODEL: &str = "scripted";

#[derive(Debug, Deserialize)]
struct Request {
    messages: Vec<Message>,
    #[serde(default)]
    stream: bool,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
}

/// Serves until `stop` resolves. The listener must be bound to a loopback address.
pub async fn serve(
    listener: TcpListener,
    settings: ScriptedConfig,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(settings)).with_graceful_shutdown(stop).await
}

/// Whether it may be bound here: a brain that knows nothing must not be offered to other machines.
pub fn may_bind(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

fn router(settings: ScriptedConfig) -> Router {
    Router::new().route("/v1/models", get(models)).route("/v1/chat/completions", post(complete)).with_state(settings)
}

async fn models() -> Json<Value> {
    Json(json!({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "attendant"}]}))
}

async fn complete(State(settings): State<ScriptedConfig>, extract::Json(request): extract::Json<Request>) -> Response {
    let turn = request.messages.iter().filter(|message| message.role == "user").count();
    let code = Code { call: 0, turn: (turn % 256) as u8, part: 0, parts: settings.parts };
    let text: String = (0..settings.parts).map(|part| format!("{} ", Code { part, ..code }.sentence())).collect();
    let delay = settings.llm_ms.draw(&mut rand::rng());
    tokio::time::sleep(delay).await;
    if !request.stream {
        let message = json!({"role": "assistant", "content": text.trim_end()});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        return Json(
            json!({"id": "scripted", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice]}),
        )
        .into_response();
    }
    let words: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
    let first = chunk(&json!({"role": "assistant", "content": ""}), None);
    let last = [chunk(&json!({}), Some("stop")), "data: [DONE]\n\n".to_owned()];
    let lines =
        std::iter::once(first).chain(words.into_iter().map(|word| chunk(&json!({"content": word}), None))).chain(last);
    let body = Body::from_stream(stream::iter(lines.collect::<Vec<_>>()).map(Ok::<_, Infallible>));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
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

    async fn base() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        let settings = ScriptedConfig { llm_ms: Delay::Fixed(0), parts: 1, ..ScriptedConfig::default() };
        tokio::spawn(serve(listener, settings, std::future::pending()));
        base
    }

    fn question(stream: bool) -> Value {
        json!({"model": MODEL, "stream": stream, "messages": [{"role": "user", "content": "Are you open?"}]})
    }

    #[tokio::test]
    async fn a_whole_answer_and_a_streamed_one_are_the_same() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let base = base().await;
        let client = reqwest::Client::new();
        let post = |body: Value| client.post(format!("{base}/chat/completions")).json(&body).send();
        let whole: Value = post(question(false)).await.unwrap().json().await.unwrap();
        let code = Code { call: 0, turn: 1, part: 0, parts: 1 };
        assert_eq!(whole["choices"][0]["message"]["content"], code.sentence());

        let streamed = post(question(true)).await.unwrap().text().await.unwrap();
        assert!(streamed.ends_with("data: [DONE]\n\n"));
        let text: String = streamed
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(text.trim_end(), code.sentence());
    }

    #[test]
    fn it_is_for_this_machine_only() {
        assert!(may_bind("127.0.0.1:8090".parse().unwrap()));
        assert!(!may_bind("0.0.0.0:8090".parse().unwrap()));
    }
}
