//! The client of Anthropic's messages: every event of an answer, cut anywhere, and what the simulated vendor would refuse. What is the same
//! of every interface: [`super::models`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use attendant::agent::llm::{Delta, Finish, Message, Request, ToolCalls, ToolSpec, Usage};
use attendant::provider::{ErrorKind, ProviderError};
use attendant::sim::vendors::{self, Troubles};
use attendant::sim::{Delay, ScriptedConfig};
use axum::body::{Body, Bytes};
use axum::response::IntoResponse;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::models::{Api, events, failure, request};
use crate::desk::in_time;

const API: Api = Api::Anthropic;

/// Words, thoughts between them, two calls, and kinds of events that nobody knows yet.
const WHOLE: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":30,"cache_read_input_tokens":100,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Yes, "}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"你好."}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"Jane Roe"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_a","name":"one","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"é\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: content_block_start
data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_b","name":"two","input":{}}}

event: content_block_stop
data: {"type":"content_block_stop","index":3}

event: some_day
data: {"type":"some_day","more":[1]}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":25}}

event: message_stop
data: {"type":"message_stop"}

"#;

/// What is said, what is called, what it took, why it ended.
type Answer = (String, Vec<(String, String, String)>, Option<Usage>, Option<Finish>);

fn put_together(answer: Vec<Result<Delta, ProviderError>>) -> Answer {
    let (mut said, mut calls, mut usage, mut finish) = (String::new(), ToolCalls::default(), None, None);
    for delta in answer {
        match delta.expect("no error") {
            Delta::Text(text) => said.push_str(text.reveal()),
            Delta::ToolCall(piece) => calls.push(piece),
            // It is told at the beginning, as far as it is known, and again at the end.
            Delta::Usage(told) => assert_ne!(usage.replace(told), Some(told), "news"),
            Delta::Finish(why) => assert_eq!(finish.replace(why), None, "once"),
        }
    }
    let calls = calls.finish("anthropic").expect("every call has a name").into_iter();
    (said, calls.map(|call| (call.id, call.name, call.arguments.into_inner())).collect(), usage, finish)
}

fn whole() -> Answer {
    let call = |id: &str, name: &str, arguments: &str| (id.to_owned(), name.to_owned(), arguments.to_owned());
    let calls = vec![call("toolu_a", "one", "{\"x\":\"é\"}"), call("toolu_b", "two", "{}")];
    let usage = Usage { prompt: 142, cached: 100, written: 30, answer: Some(25) };
    ("Yes, 你好.".to_owned(), calls, Some(usage), Some(Finish::ToolCalls))
}

#[tokio::test]
async fn an_answer_is_read_whole_byte_by_byte_and_split_at_every_byte() {
    assert_eq!(put_together(API.read(WHOLE).await), whole());
    let bytes = WHOLE.bytes().map(|byte| Bytes::from(vec![byte])).collect();
    assert_eq!(put_together(API.read_in(bytes).await), whole());
    let (all, next) = (Bytes::from_static(WHOLE.as_bytes()), AtomicUsize::new(1));
    let next = Arc::new(next);
    let address = API.server(move || {
        let (begins, ends) = (all.clone(), next.fetch_add(1, Ordering::Relaxed));
        events([begins.slice(..ends), begins.slice(ends..)].into_iter().map(Ok))
    });
    let model = API.model(address.await, "m", 3_000, 0);
    for at in 1..WHOLE.len() {
        let answer = in_time(model.stream(request()).collect()).await;
        assert_eq!(put_together(answer), whole(), "split at {at}");
    }
}

#[tokio::test]
async fn what_was_sent_is_known_before_the_first_word_and_is_no_piece() {
    let (begins, _) = WHOLE.split_once("event: content_block_start").expect("it says something");
    let begins = begins.to_owned();
    let hangs = move || {
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from(begins.clone()))]);
        Body::from_stream(begun.chain(stream::pending())).into_response()
    };
    let model = API.model(API.server(hangs).await, "m", 300, 0);
    let answer: Vec<_> = in_time(model.stream(request()).collect()).await;
    let sent = Usage { prompt: 142, cached: 100, written: 30, answer: None };
    let [Ok(Delta::Usage(told)), Err(error)] = &answer[..] else { panic!("{answer:?}") };
    assert_eq!((*told, error.kind), (sent, ErrorKind::Timeout));
}

#[tokio::test]
async fn an_answer_without_its_last_event_is_whole_if_it_said_why_it_ended() {
    let cut = WHOLE.strip_suffix("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n").expect("it ends so");
    assert_eq!(put_together(API.read(cut).await), whole());
}

#[tokio::test]
async fn an_answer_says_why_it_ended() {
    for (reason, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("refusal", Finish::Filtered),
    ] {
        let end = String::from_utf8(API.ends().to_vec()).expect("it is text").replace("end_turn", reason);
        let answer = API.read_in(vec![API.says("Yes"), end.into()]).await;
        assert_eq!(put_together(answer).3, Some(finish), "{reason}");
    }
}

#[tokio::test]
async fn an_error_in_mid_stream_has_its_name() {
    for (kind, name) in [
        (ErrorKind::Server, "overloaded_error"),
        (ErrorKind::Server, "api_error"),
        (ErrorKind::Limited, "rate_limit_error"),
        (ErrorKind::Timeout, "timeout_error"),
        (ErrorKind::Unauthorised, "authentication_error"),
        (ErrorKind::Request, "invalid_request_error"),
    ] {
        let error = json!({"type": "error", "error": {"type": name, "message": "Jane Roe"}});
        let event = format!("event: error\ndata: {error}\n\n");
        let error = failure(&API.read_in(vec![API.says("Yes"), event.into()]).await, &["Yes"]);
        assert_eq!((error.kind, error.provider), (kind, "anthropic"));
        assert!(error.what.contains(name) && !error.what.contains("Jane"), "{error}");
    }
}

async fn vendor() -> SocketAddr {
    rustls::crypto::ring::default_provider().install_default().ok();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let scripted = ScriptedConfig { llm_ms: Delay::Fixed(0), parts: 2, ..ScriptedConfig::default() };
    tokio::spawn(vendors::serve(listener, scripted, Troubles::default(), std::future::pending()));
    address
}

/// What a model of the simulated vendor says to this, having a tool to end the call with.
async fn said_to(model: &str, words: &str) -> Answer {
    let end = ToolSpec { name: "end_call", description: "Ends the call.", parameters: json!({"type": "object"}) };
    let messages = vec![Message::User(words.to_owned().into())];
    let request = Request { messages, tools: vec![end].into(), ..request() };
    let model = API.model_called(model, vendor().await, "m", 3_000, 0);
    put_together(in_time(model.stream(request).collect()).await)
}

#[tokio::test]
async fn the_simulated_vendor_refuses_within_or_without_an_answer_and_calls_a_tool_without_a_word() {
    let (said, calls, usage, finish) = said_to("simulated-refuses", "Are you open?").await;
    assert_eq!((said.as_str(), calls.len(), finish), ("", 0, Some(Finish::Filtered)));
    assert!(usage.is_some_and(|usage| usage.prompt > 0), "{usage:?}");
    let (said, calls, _, finish) = said_to("simulated-refuses-within", "Are you open?").await;
    assert_eq!((said.split(' ').count(), calls.len(), finish), (4, 0, Some(Finish::Filtered)), "{said}");
    let (said, calls, _, finish) = said_to("simulated-calls-alone", "Goodbye.").await;
    let names: Vec<&str> = calls.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!((said.as_str(), &names[..], finish), ("", &["end_call"][..], Some(Finish::ToolCalls)));
}

/// The status, and the type of the error.
async fn asked(address: SocketAddr, headers: &[(&str, &str)], body: &Value) -> (u16, String) {
    let mut post = reqwest::Client::new().post(format!("http://{address}/v1/messages")).json(body);
    for (name, value) in headers {
        post = post.header(*name, *value);
    }
    let response = post.send().await.expect("it answers");
    let status = response.status().as_u16();
    let told: Value = response.json().await.expect("JSON");
    (status, told["error"]["type"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn the_simulated_vendor_refuses_what_anthropic_would() {
    let address = vendor().await;
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    let user = |content: &Value| json!({"role": "user", "content": content});
    let model = |content: &Value| json!({"role": "assistant", "content": content});
    let call = |id: &str| json!([{"type": "tool_use", "id": id, "name": "one", "input": {}}]);
    let result = |id: &str| json!([{"type": "tool_result", "tool_use_id": id, "content": "done"}]);
    let hello = user(&text("Hello"));
    let good = json!({"model": "m", "max_tokens": 100, "thinking": {"type": "disabled"}, "messages": [hello],
        "tools": [{"name": "one", "input_schema": {"type": "object"}}]});
    let version = ("anthropic-version", "2026-10-21");
    let headers = [("authorization", "Bearer k"), version];
    assert_eq!(asked(address, &headers, &good).await, (200, String::new()));
    assert_eq!(asked(address, &[("x-api-key", "k"), version], &good).await.0, 200);
    assert_eq!(asked(address, &[version], &good).await, (401, "authentication_error".to_owned()));
    assert_eq!(asked(address, &headers[..1], &good).await.0, 400, "no version");

    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    let turns = |turns: Vec<Value>| with("messages", turns.into());
    let answered = turns(vec![hello.clone(), model(&call("a")), user(&result("a"))]);
    assert_eq!(asked(address, &headers, &answered).await.0, 200);
    let mut late = text("first");
    late.as_array_mut().expect("blocks").push(result("a")[0].clone());
    let mut bare = answered.clone();
    bare["tools"] = Value::Null;
    let marked = json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}});
    for wrong in [
        with("temperature", json!(1.0)),
        with("top_k", json!(1)),
        with("max_tokens", json!(0)),
        with("model", json!("")),
        with("model", json!("claude-opus-5-5")),
        with("model", json!("claude-sonnet-5-5")),
        with("inference_geo", json!("ca")),
        with("system", json!([{"type": "text", "text": " "}])),
        with("system", json!(vec![marked; 5])),
        with("tools", json!([{"name": "a b", "input_schema": {"type": "object"}}])),
        with("tools", json!([{"type": "function", "function": {"name": "one"}}])),
        turns(vec![]),
        turns(vec![model(&text("Hello.")), hello.clone()]),
        turns(vec![json!({"role": "system", "content": "note"}), hello.clone()]),
        turns(vec![hello.clone(), model(&text("Hello."))]),
        turns(vec![user(&text(""))]),
        turns(vec![hello.clone(), model(&call("a")), hello.clone()]),
        turns(vec![hello.clone(), model(&call("a")), user(&result("b"))]),
        turns(vec![hello.clone(), model(&call("a")), user(&late)]),
        turns(vec![hello.clone(), model(&call("a:1")), user(&result("a:1"))]),
        turns(vec![hello.clone(), model(&call("a")), user(&result("a")), model(&call("a")), user(&result("a"))]),
        bare,
    ] {
        assert_eq!(asked(address, &headers, &wrong).await, (400, "invalid_request_error".to_owned()), "{wrong}");
    }
}
