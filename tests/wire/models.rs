//! The clients of language models against scripted HTTP servers with every fault that real ones have: the same for each interface.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::agent::llm::anthropic::{self, AnthropicConfig};
use attendant::agent::llm::openai::{self, OpenAiConfig};
use attendant::agent::llm::{Delta, Finish, Message, Model, Request};
use attendant::clinic::operator::Operator;
use attendant::language::Language;
use attendant::provider::{ErrorKind, ProviderError};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{StreamExt, stream};
use tokio::sync::{Notify, mpsc};

use crate::desk::in_time;

pub type Piece = Result<Bytes, std::io::Error>;

/// What an interface calls what others call otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    OpenAi,
    Anthropic,
}

pub const APIS: [Api; 2] = [Api::OpenAi, Api::Anthropic];

impl Api {
    const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    /// A model at this address, waited for so many milliseconds.
    pub fn model(self, address: SocketAddr, name: &str, ms: u64, hedge_ms: u64) -> Arc<dyn Model> {
        self.model_called("m", address, name, ms, hedge_ms)
    }

    /// The same of one that its vendor calls so.
    pub fn model_called(self, model: &str, address: SocketAddr, name: &str, ms: u64, hedge_ms: u64) -> Arc<dyn Model> {
        let waits =
            format!("first_piece_ms = {ms}\nbetween_pieces_ms = {ms}\nhedge_ms = {hedge_ms}\nmodel = \"{model}\"");
        let (read, sound) = ("the configuration is read", "the configuration is sound");
        match self {
            Self::OpenAi => {
                let text = format!("base_url = \"http://{address}/v1/\"\nkey = {{ env = \"PATH\" }}\n{waits}");
                let config: OpenAiConfig = toml::from_str(&text).expect(read);
                Arc::new(openai::model(&config, &format!("providers.models.{name}")).expect(sound))
            }
            Self::Anthropic => {
                let text = format!("base_url = \"http://{address}\"\nkey = {{ env = \"PATH\" }}\n{waits}");
                let config: AnthropicConfig = toml::from_str(&text).expect(read);
                Arc::new(anthropic::model(&config, "providers.anthropic").expect(sound))
            }
        }
    }

    /// The event that says these words.
    pub fn says(self, words: &str) -> Bytes {
        let event = match self {
            Self::OpenAi => format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{words}\"}}}}]}}\n\n"),
            Self::Anthropic => format!(
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\
                 \"delta\":{{\"type\":\"text_delta\",\"text\":\"{words}\"}}}}\n\n"
            ),
        };
        event.into()
    }

    /// How an answer ends.
    pub fn ends(self) -> Bytes {
        Bytes::from(match self {
            Self::OpenAi => "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
            Self::Anthropic => {
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n\
                 event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
            }
        })
    }

    /// What keeps a connection alive.
    fn ping(self) -> Bytes {
        Bytes::from(match self {
            Self::OpenAi => ": ping\n\n",
            Self::Anthropic => "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        })
    }

    /// A server that answers everything so.
    pub async fn server(self, answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> SocketAddr {
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let app = Router::new().route(self.path(), post(move || std::future::ready(answer())));
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    /// What the model there says, waited for as long as a configuration may.
    pub async fn ask(self, address: SocketAddr) -> Vec<Result<Delta, ProviderError>> {
        self.ask_for(address, 3_000).await
    }

    /// What a model says that is given up after these milliseconds without a piece.
    async fn ask_for(self, address: SocketAddr, ms: u64) -> Vec<Result<Delta, ProviderError>> {
        in_time(self.model(address, "m", ms, 0).stream(request()).collect()).await
    }

    /// What the model says to this body.
    pub async fn read(self, body: &str) -> Vec<Result<Delta, ProviderError>> {
        self.read_in(vec![Bytes::from(body.to_owned())]).await
    }

    /// The same, in these pieces.
    pub async fn read_in(self, pieces: Vec<Bytes>) -> Vec<Result<Delta, ProviderError>> {
        self.ask(self.server(move || events(pieces.iter().cloned().map(Ok))).await).await
    }
}

pub fn events(pieces: impl Iterator<Item = Piece>) -> Response {
    let pieces: Vec<Piece> = pieces.collect();
    ([("content-type", "text/event-stream")], Body::from_stream(stream::iter(pieces))).into_response()
}

pub fn request() -> Request {
    Request {
        messages: vec![Message::User("Are you open?".to_owned().into())],
        tools: Arc::default(),
        language: Language::default(),
        today: None,
        operator: Operator::There,
        temperature: None,
        max_tokens: None,
    }
}

pub fn text(text: &str) -> Result<Delta, ProviderError> {
    Ok(Delta::Text(text.to_owned().into()))
}

/// The error that ends an answer, after these words.
pub fn failure(answer: &[Result<Delta, ProviderError>], words: &[&str]) -> ProviderError {
    let Some((Err(error), before)) = answer.split_last() else { panic!("an error at the end, not {answer:?}") };
    let wanted: Vec<_> = words.iter().map(|words| text(words)).collect();
    assert_eq!(before, wanted);
    error.clone()
}

/// Says "Yes", and then nothing more.
fn stalls(api: Api) -> Response {
    let body = stream::iter([Ok::<_, std::io::Error>(api.says("Yes"))]).chain(stream::pending());
    Body::from_stream(body).into_response()
}

#[tokio::test]
async fn an_answer_that_said_why_it_ended_is_whole_whatever_becomes_of_its_connection() {
    for api in APIS {
        let ends = String::from_utf8(api.ends().to_vec()).expect("it is text");
        let why = ends[..=ends.find("\n\n").expect("it has two events")].to_owned() + "\n";
        let said = [api.says("Yes"), why.into()];
        for breaks in [false, true] {
            let read = Arc::new(Notify::new());
            let address = api.server({
                let (said, read) = (said.clone(), read.clone());
                move || {
                    let read = read.clone();
                    let last = stream::once(async move {
                        read.notified().await;
                        if !breaks {
                            std::future::pending::<()>().await;
                        }
                        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
                    });
                    Body::from_stream(stream::iter(said.clone()).map(Ok).chain(last)).into_response()
                }
            });
            let mut answer = api.model(address.await, "m", 1_000, 0).stream(request());
            assert_eq!(in_time(answer.next()).await, Some(text("Yes")), "{api:?}");
            read.notify_one();
            let rest: Vec<_> = in_time(answer.collect()).await;
            let without_counts: Vec<_> = rest.into_iter().filter(|one| !matches!(one, Ok(Delta::Usage(_)))).collect();
            assert_eq!(without_counts, [Ok(Delta::Finish(Finish::Stop))], "{api:?}, breaks: {breaks}");
        }
    }
}

#[tokio::test]
async fn nobody_is_followed_to_where_a_redirect_leads() {
    for api in APIS {
        let (asked, mut elsewhere) = mpsc::channel::<()>(16);
        let there = api.server(move || {
            asked.try_send(()).expect("few are asked");
            StatusCode::OK.into_response()
        });
        let to = format!("http://{}{}", there.await, api.path());
        let here = move || (StatusCode::TEMPORARY_REDIRECT, [("location", to.clone())]).into_response();
        let error = failure(&api.ask(api.server(here).await).await, &[]);
        assert_eq!(error.kind, ErrorKind::Request, "{api:?}");
        assert!(error.what.contains("HTTP status 307, a redirect, which is not followed"), "{error}");
        assert!(elsewhere.try_recv().is_err(), "{api:?}");
    }
}

#[tokio::test]
async fn a_close_and_garbage_in_mid_stream_are_failures() {
    for api in APIS {
        let begun = String::from_utf8(api.says("Yes").to_vec()).expect("it is text");
        for (rest, kind, what) in [
            ("", ErrorKind::Connection, "broke off"),
            ("data: <html>Jane Roe</html>\n\n", ErrorKind::Server, "no JSON"),
        ] {
            let error = failure(&api.read(&format!("{begun}{rest}")).await, &["Yes"]);
            assert_eq!(error.kind, kind, "{api:?}");
            assert!(error.what.contains(what) && !error.what.contains("Jane"), "{api:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_dies_in_mid_word_is_a_failure() {
    for api in APIS {
        let died = || {
            let gone = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "gone");
            events([Ok(Bytes::from("data: {\"choices\":[{\"del")), Err(gone)].into_iter())
        };
        assert_eq!(failure(&api.ask(api.server(died).await).await, &[]).kind, ErrorKind::Connection, "{api:?}");
    }
}

#[tokio::test]
async fn statuses_say_what_kind_of_failure_and_when_to_come_again() {
    for api in APIS {
        let limited = || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1.5")], "{}").into_response();
        let error = failure(&api.ask(api.server(limited).await).await, &[]);
        assert_eq!((error.kind, error.retry_after), (ErrorKind::Limited, Some(Duration::from_millis(1_500))));

        for (status, kind) in [
            (500, ErrorKind::Server),
            (529, ErrorKind::Server),
            (401, ErrorKind::Unauthorised),
            (402, ErrorKind::Limited),
            (400, ErrorKind::Request),
        ] {
            let body = "{\"error\":{\"message\":\"Jane Roe\",\"type\":\"bad_thing\",\"code\":null}}";
            let refuse = move || (StatusCode::from_u16(status).expect("a status"), body).into_response();
            let error = failure(&api.ask(api.server(refuse).await).await, &[]);
            assert_eq!((error.kind, error.what), (kind, format!("HTTP status {status}, bad_thing")), "{api:?}");
        }
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_before_the_first_piece_and_between_pieces() {
    for api in APIS {
        let mute = || Body::from_stream(stream::pending::<Piece>()).into_response();
        assert_eq!(failure(&api.ask_for(api.server(mute).await, 300).await, &[]).kind, ErrorKind::Timeout, "{api:?}");
        let answer = api.ask_for(api.server(move || stalls(api)).await, 1_000).await;
        assert_eq!(failure(&answer, &["Yes"]).kind, ErrorKind::Timeout, "{api:?}");
    }
}

#[tokio::test]
async fn signs_of_life_are_no_pieces_of_an_answer() {
    for api in APIS {
        for begun in [Bytes::new(), api.says("Yes")] {
            let pings = move || {
                let first = stream::iter([Ok::<_, std::io::Error>(begun.clone())]);
                let every = tokio::time::interval(Duration::from_millis(50));
                let pings = stream::unfold(every, move |mut every| async move {
                    every.tick().await;
                    Some((Ok(api.ping()), every))
                });
                Body::from_stream(first.chain(pings)).into_response()
            };
            let answer = api.ask_for(api.server(pings).await, 300).await;
            let error = answer.last().expect("it ends").as_ref().expect_err("it stalls");
            assert_eq!(error.kind, ErrorKind::Timeout, "{api:?}");
        }
    }
}

#[tokio::test]
async fn nobody_there_is_a_connection_failure() {
    rustls::crypto::ring::default_provider().install_default().ok();
    for api in APIS {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let nobody = listener.local_addr().expect("bound");
        drop(listener);
        assert_eq!(failure(&api.ask(nobody).await, &[]).kind, ErrorKind::Connection, "{api:?}");
    }
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
    for api in APIS {
        let (closed, mut closes) = mpsc::channel::<()>(1);
        let address = api
            .server(move || {
                let told = Told(closed.clone());
                let body = stream::iter([Ok::<_, std::io::Error>(api.says("Yes"))]).chain(stream::pending());
                // The body, and what it holds, goes with the connection.
                let body = body.map(move |piece| {
                    let _held = &told;
                    piece
                });
                Body::from_stream(body).into_response()
            })
            .await;
        let mut answer = api.model(address, "m", 3_000, 0).stream(request());
        assert_eq!(answer.next().await, Some(text("Yes")), "{api:?}");
        drop(answer);
        assert_eq!(in_time(closes.recv()).await, Some(()), "{api:?}");
    }
}
