//! The client of chat completions against everything that servers which call themselves compatible send. What is the same of every
//! interface: [`super::models`].

use attendant::agent::llm::{Delta, Finish, ToolCalls, Usage};
use attendant::provider::{ErrorKind, ProviderError};
use axum::body::Bytes;

use super::models::{Api, failure, text};

const API: Api = Api::OpenAi;

const WHOLE: &str = ": ping\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Yes, \"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"你好.\"}}]}\n\n\
    data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":null,\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":8},\"total_tokens\":17}}\n\n\
    data: [DONE]\n\n";

fn whole() -> Vec<Result<Delta, ProviderError>> {
    let usage = Ok(Delta::Usage(Usage { prompt: 12, cached: 8, answer: 5 }));
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
