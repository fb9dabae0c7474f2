//! The client of chat completions against everything that servers which call themselves compatible send. What is the same of every
//! interface: [`super::models`].

use std::net::SocketAddr;

use attendant::agent::llm::{Delta, Finish, Message, Request, ToolCalls, Usage};
use attendant::provider::{ErrorKind, ProviderError};
use attendant::sim::openai::{Lapse, Stage};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::models::{Api, failure, request, text};
use super::whole_calls::models::model_called;
use crate::desk::in_time;

const API: Api = Api::OpenAi;

const WHOLE: &str = ": ping\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Yes, \"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"你好.\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":null,\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":8},\"total_tokens\":17}}\n\n\
    data: [DONE]\n\n";

fn whole() -> Vec<Result<Delta, ProviderError>> {
    let usage = Ok(Delta::Usage(Usage { prompt: 12, cached: 8, written: 0, answer: Some(5) }));
    vec![text("Yes, "), text("你好."), usage, Ok(Delta::Finish(Finish::Stop))]
}

#[tokio::test]
async fn an_answer_is_read_whole_and_byte_by_byte() {
    assert_eq!(API.read(WHOLE).await, whole());
    let bytes = WHOLE.bytes().map(|byte| Bytes::from(vec![byte])).collect();
    assert_eq!(API.read_in(bytes).await, whole());
}

#[tokio::test]
async fn an_answer_without_its_last_line_is_whole_if_it_said_why_it_ended() {
    let cut = WHOLE.strip_suffix("data: [DONE]\n\n").expect("it ends so");
    assert_eq!(API.read(cut).await, whole());
}

async fn calls(pieces: &[&str]) -> (Vec<(String, String, String)>, Finish) {
    let chunks =
        pieces.iter().map(|piece| format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{piece}]}}}}]}}\n\n"));
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let mut calls = ToolCalls::default();
    let mut finish = None;
    for delta in API.read(&(chunks.collect::<String>() + end)).await {
        match delta.expect("no error") {
            Delta::ToolCall(piece) => calls.push(piece),
            Delta::Finish(why) => finish = Some(why),
            Delta::Text(_) | Delta::Usage(_) => panic!("only calls"),
        }
    }
    let calls = calls.finish("openai").expect("every call has a name");
    let plain = calls.into_iter().map(|call| (call.id, call.name, call.arguments.into_inner())).collect();
    (plain, finish.expect("it ended"))
}

fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
    (id.into(), name.into(), arguments.into())
}

#[tokio::test]
async fn tool_calls_are_understood_from_every_server() {
    let pieces = [
        r#"{"index":0,"id":"a","type":"function","function":{"name":"one","arguments":""}}"#,
        r#"{"index":0,"function":{"arguments":"{\"x\""}}"#,
        r#"{"index":1,"id":"b","function":{"name":"two","arguments":"{}"}}"#,
        r#"{"index":0,"function":{"arguments":":1}"}}"#,
    ];
    let (as_documented, finish) = calls(&pieces).await;
    assert_eq!(as_documented, [call("a", "one", "{\"x\":1}"), call("b", "two", "{}")]);
    assert_eq!(finish, Finish::ToolCalls, "although the server says stop");

    let whole = [
        r#"{"id":"a","function":{"name":"one","arguments":"{\"x\":1}"}}"#,
        r#"{"id":"b","function":{"name":"two","arguments":{"y":2}}}"#,
    ];
    assert_eq!(calls(&whole).await.0, [call("a", "one", "{\"x\":1}"), call("b", "two", "{\"y\":2}")], "no index");

    let all_of_index_0 = [
        r#"{"index":0,"id":"a","function":{"name":"one","arguments":"{\"x\":1}"}}"#,
        r#"{"index":0,"id":"b","function":{"name":"one","arguments":"{\"x\""}}"#,
        r#"{"index":0,"function":{"arguments":":2}"}}"#,
        r#"{"index":0,"id":"c","function":{"name":"two","arguments":"{}"}}"#,
    ];
    let three = [call("a", "one", "{\"x\":1}"), call("b", "one", "{\"x\":2}"), call("c", "two", "{}")];
    assert_eq!(calls(&all_of_index_0).await.0, three, "as Ollama numbers them");

    let repeated = [
        r#"{"index":0,"id":"","function":{"name":"one","arguments":"{"}}"#,
        r#"{"index":0,"id":"","function":{"name":"one","arguments":"}"}}"#,
    ];
    assert_eq!(calls(&repeated).await.0, [call("call_0", "one", "{}")], "name in every piece, no id");
}

#[tokio::test]
async fn an_error_in_mid_stream_is_a_failure() {
    let begun = "data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n";
    let error = "data: {\"error\":{\"message\":\"Jane Roe\",\"code\":\"overloaded\"}}\n\n";
    let error = failure(&API.read(&format!("{begun}{error}")).await, &["Yes"]);
    assert_eq!(error.kind, ErrorKind::Server);
    assert!(error.what.contains("overloaded") && !error.what.contains("Jane"), "{error}");
}

/// A server that refuses these parameters as OpenAI does, and answers else; the parameters of each request that it was sent, beside those
/// that every request has.
async fn picky(refused: &'static [&'static str]) -> (SocketAddr, mpsc::Receiver<Vec<String>>) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (asked, requests) = mpsc::channel(16);
    let answer = async move |Json(body): Json<Value>| {
        let sent = |name: &&&str| body.get(**name).is_some();
        let keys = body.as_object().into_iter().flat_map(|body| body.keys().cloned());
        let always = ["model", "messages", "stream"];
        asked.try_send(keys.filter(|key| !always.contains(&key.as_str())).collect()).expect("few are asked");
        match refused.iter().find(sent) {
            Some(name) => {
                let what = format!("Unsupported parameter: '{name}' is not supported with this model.");
                let error = json!({"message": what, "type": "invalid_request_error", "param": name, "code": "unsupported_parameter"});
                (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response()
            }
            None => WHOLE.into_response(),
        }
    };
    let app = Router::new().route("/v1/chat/completions", post(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, requests)
}

/// As an agent asks.
fn hello() -> Request {
    Request { temperature: Some(0.3), max_tokens: Some(500), ..request() }
}

#[tokio::test]
async fn a_parameter_that_is_refused_is_left_out_at_once_and_from_then_on() {
    let (address, mut requests) = picky(&["temperature", "max_completion_tokens"]).await;
    let model = API.model(address, "m", 3_000, 0);
    for _ in 0..2 {
        assert_eq!(in_time(model.stream(hello()).collect::<Vec<_>>()).await, whole());
    }
    let mut sent = Vec::new();
    while let Ok(keys) = requests.try_recv() {
        sent.push(keys.join(" "));
    }
    let known = "max_tokens stream_options";
    assert_eq!(
        sent,
        ["max_completion_tokens stream_options temperature", "max_completion_tokens stream_options", known, known]
    );
}

#[tokio::test]
async fn what_an_answer_cannot_do_without_is_refused_once_and_told() {
    let (address, mut requests) = picky(&["messages"]).await;
    let answer: Vec<_> = in_time(API.model(address, "m", 3_000, 0).stream(hello()).collect()).await;
    let error = failure(&answer, &[]);
    assert_eq!((error.kind, error.what.as_str()), (ErrorKind::Request, "HTTP status 400, unsupported_parameter"));
    assert!(requests.try_recv().is_ok() && requests.try_recv().is_err(), "once");
}

#[tokio::test]
async fn a_model_that_wants_turns_is_told_all_in_turns_after_its_first_refusal() {
    let says = |text: &str| Message::Assistant { text: text.to_owned().into(), calls: Vec::new() };
    let note = |text: &str| Message::System(text.to_owned().into());
    let caller = |text: &str| Message::User(text.to_owned().into());
    let messages =
        vec![note("You are."), says("Good day."), caller("Hours?"), note("The transfer failed."), says("We")];
    for name in ["qwen3.5", "mistral"] {
        let model = model_called(name, API, Lapse::new(None, Stage::Usual), "local").await;
        for _ in 0..2 {
            let asked = Request { messages: messages.clone(), ..request() };
            let answer: Vec<_> = in_time(model.stream(asked).collect()).await;
            assert!(answer.iter().all(Result::is_ok), "{name}: {answer:?}");
            assert_eq!(answer.last(), Some(&Ok(Delta::Finish(Finish::Stop))), "{name}");
        }
    }
}
