//! The language-model client against a scripted HTTP server with every fault that real ones have.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::agent::llm::openai::{OpenAi, OpenAiConfig};
use attendant::agent::llm::{Delta, Finish, Message, Model, Request, ToolCalls, Usage};
use attendant::language::Language;
use attendant::provider::{ErrorKind, ProviderError};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(20);

type Piece = Result<Bytes, std::io::Error>;

/// A server that answers everything so.
async fn server(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> SocketAddr {
    rustls::crypto::ring::default_provider().install_default().ok();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let app = Router::new().route("/v1/chat/completions", post(move || std::future::ready(answer())));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn events(pieces: Vec<Piece>) -> Response {
    ([("content-type", "text/event-stream")], Body::from_stream(stream::iter(pieces))).into_response()
}

fn config(address: SocketAddr) -> OpenAiConfig {
    OpenAiConfig {
        base_url: format!("http://{address}/v1/"),
        model: "m".into(),
        key: None,
        country: None,
        ca: None,
        first_piece_ms: 300,
        between_pieces_ms: 300,
        hedge_ms: 0,
    }
}

fn request() -> Request {
    Request {
        messages: vec![Message::User("Are you open?".to_owned().into())],
        tools: Arc::default(),
        language: Language::default(),
        today: None,
        temperature: None,
        max_tokens: None,
    }
}

async fn ask(address: SocketAddr) -> Vec<Result<Delta, ProviderError>> {
    let model = OpenAi::new(&config(address), "openai").expect("the configuration is sound");
    tokio::time::timeout(PATIENCE, model.stream(request()).collect()).await.expect("in time")
}

/// What the model says to this body.
async fn read(body: &str) -> Vec<Result<Delta, ProviderError>> {
    let body = Bytes::from(body.to_owned());
    ask(server(move || events(vec![Ok(body.clone())])).await).await
}

fn text(text: &str) -> Result<Delta, ProviderError> {
    Ok(Delta::Text(text.to_owned().into()))
}

fn only_error(answer: Vec<Result<Delta, ProviderError>>) -> ProviderError {
    let [Err(error)] = &answer[..] else { panic!("one error alone, not {answer:?}") };
    error.clone()
}

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
    assert_eq!(read(WHOLE).await, whole());
    let bytes = server(|| events(WHOLE.bytes().map(|byte| Ok(Bytes::from(vec![byte]))).collect())).await;
    assert_eq!(ask(bytes).await, whole());
}

#[tokio::test]
async fn an_answer_without_its_last_line_is_whole_if_it_said_why_it_ended() {
    let cut = WHOLE.strip_suffix("data: [DONE]\n\n").expect("it ends so");
    assert_eq!(read(cut).await, whole());
}

async fn calls(pieces: &[&str]) -> (Vec<(String, String, String)>, Finish) {
    let chunks =
        pieces.iter().map(|piece| format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{piece}]}}}}]}}\n\n"));
    let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let mut calls = ToolCalls::default();
    let mut finish = None;
    for delta in read(&(chunks.collect::<String>() + end)).await {
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
async fn an_error_in_mid_stream_a_close_and_garbage_are_failures() {
    let begun = "data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n";
    for (rest, kind, what) in [
        ("data: {\"error\":{\"message\":\"Jane Roe\",\"code\":\"overloaded\"}}\n\n", ErrorKind::Server, "overloaded"),
        ("", ErrorKind::Connection, "broke off"),
        ("data: <html>Jane Roe</html>\n\n", ErrorKind::Server, "no JSON"),
    ] {
        let answer = read(&format!("{begun}{rest}")).await;
        let [first, Err(error)] = &answer[..] else { panic!("a piece and an error, not {answer:?}") };
        assert_eq!((first, error.kind), (&text("Yes"), kind));
        assert!(error.what.contains(what) && !error.what.contains("Jane"), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_dies_in_mid_word_is_a_failure() {
    let died = || {
        let gone = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "gone");
        events(vec![Ok(Bytes::from("data: {\"choices\":[{\"del")), Err(gone)])
    };
    assert_eq!(only_error(ask(server(died).await).await).kind, ErrorKind::Connection);
}

#[tokio::test]
async fn statuses_say_what_kind_of_failure_and_when_to_come_again() {
    let limited = || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1.5")], "{}").into_response();
    let error = only_error(ask(server(limited).await).await);
    assert_eq!((error.kind, error.retry_after), (ErrorKind::Limited, Some(Duration::from_millis(1_500))));

    for (status, kind) in [(500, ErrorKind::Server), (401, ErrorKind::Unauthorised), (400, ErrorKind::Request)] {
        let body = "{\"error\":{\"message\":\"Jane Roe\",\"type\":\"bad_thing\",\"code\":null}}";
        let refuse = move || (StatusCode::from_u16(status).expect("a status"), body).into_response();
        let error = only_error(ask(server(refuse).await).await);
        assert_eq!((error.kind, error.what), (kind, format!("HTTP status {status}, bad_thing")));
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_before_the_first_piece_and_between_pieces() {
    let mute = || Body::from_stream(stream::pending::<Piece>()).into_response();
    assert_eq!(only_error(ask(server(mute).await).await).kind, ErrorKind::Timeout);

    let stalls = || {
        let begun = Bytes::from("data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n");
        let body = stream::iter([Ok::<_, std::io::Error>(begun)]).chain(stream::pending());
        Body::from_stream(body).into_response()
    };
    let answer = ask(server(stalls).await).await;
    assert_eq!(answer[0], text("Yes"));
    assert_eq!(answer[1].as_ref().expect_err("it stalls").kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn signs_of_life_are_no_pieces_of_an_answer() {
    for begun in ["", "data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n"] {
        let pings = move || {
            let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(begun))]);
            let every = tokio::time::interval(Duration::from_millis(50));
            let pings = stream::unfold(every, |mut every| async move {
                every.tick().await;
                Some((Ok(Bytes::from(": ping\n\n")), every))
            });
            Body::from_stream(first.chain(pings)).into_response()
        };
        let answer = ask(server(pings).await).await;
        assert_eq!(answer.last().expect("it ends").as_ref().expect_err("it stalls").kind, ErrorKind::Timeout);
    }
}

#[tokio::test]
async fn nobody_there_is_a_connection_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let nobody = listener.local_addr().expect("bound");
    drop(listener);
    rustls::crypto::ring::default_provider().install_default().ok();
    assert_eq!(only_error(ask(nobody).await).kind, ErrorKind::Connection);
}

/// Tells when it is dropped.
struct Told(mpsc::Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.try_send(()).expect("the test listens");
    }
}

#[tokio::test]
async fn dropping_the_answer_closes_the_connection() {
    let (closed, mut closes) = mpsc::channel::<()>(1);
    let address = server(move || {
        let told = Told(closed.clone());
        let begun = Bytes::from("data: {\"choices\":[{\"delta\":{\"content\":\"Yes\"}}]}\n\n");
        let body = stream::iter([Ok::<_, std::io::Error>(begun)]).chain(stream::pending());
        // The body, and what it holds, goes with the connection.
        let body = body.map(move |piece| {
            let _held = &told;
            piece
        });
        Body::from_stream(body).into_response()
    })
    .await;
    let patient = OpenAiConfig { first_piece_ms: 20_000, between_pieces_ms: 20_000, ..config(address) };
    let model = OpenAi::new(&patient, "openai").expect("sound");
    let mut answer = model.stream(request());
    assert_eq!(answer.next().await, Some(text("Yes")));
    drop(answer);
    assert_eq!(tokio::time::timeout(PATIENCE, closes.recv()).await.expect("in time"), Some(()));
}
