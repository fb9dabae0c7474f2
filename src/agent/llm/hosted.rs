//! A model on another machine: one request to it, and its answer as it comes.
//!
//! Deadlines to the first piece and from piece to piece are kept here, so that a silent server becomes an error with a name. A stream that
//! closes before it said why it ended has failed. Dropping the answer's stream closes the connection, which is how these interfaces are
//! told to stop. How a request is written and an answer is read is each one's [`Interface`]. Neither a key nor what was said is ever in
//! an error.

pub(super) mod notes;
mod patience;
mod pieces;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use reqwest::{Client, RequestBuilder, Response};
use tokio::time::{Instant, timeout_at};
use url::Url;

pub(super) use patience::{Patience, between_pieces, first_piece, hedge};
pub(super) use pieces::{MOST_CALLS, Pieces};
use refusal::Refusal;
pub(super) use refusal::{ORDER, code_of};

use super::sse::Parser;
use super::{Capabilities, Delta, Model, Request};
use crate::costs::Paid;
use crate::language::Language;
use crate::provider::tls::{self, Authority};
use crate::provider::warming::{self, Warming};
use crate::provider::{ErrorKind, ProviderError};

/// TCP and TLS; a server on this machine takes microseconds.
const CONNECT: Duration = Duration::from_secs(2);

/// Stands in an error until the model's own name does.
const NAMELESS: &str = "model";

/// How one vendor's requests are written.
pub(super) trait Interface: std::fmt::Debug + Send + Sync + 'static {
    /// The model, as its server names it.
    fn model(&self) -> &str;

    /// Asks for nothing, at the same host: what is needed is the connection.
    fn connect(&self, http: &Client) -> RequestBuilder;

    /// Everything, with the key.
    fn write(&self, http: &Client, request: &Request) -> RequestBuilder;

    /// A parameter was refused, or the order of the messages ([`ORDER`]). If an answer can do without, it is written without from now on:
    /// its name.
    fn leave_out(&self, _parameter: &str) -> Option<&'static str> {
        None
    }

    /// For one answer.
    fn read(&self) -> Box<dyn Reading>;
}

/// How one vendor's answer is read.
pub(super) trait Reading: Send {
    /// The data of an event, of an answer that goes on.
    fn event(&mut self, data: &[u8]);

    fn pieces(&mut self) -> &mut Pieces;
}

/// See the module header.
#[derive(Clone, Debug)]
pub struct Hosted(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: &'static str,
    /// The account's name.
    account: String,
    patience: Patience,
    http: Client,
    interface: Box<dyn Interface>,
}

impl Hosted {
    /// Connects to nobody yet. An error is `key: what is wrong; what to write instead`, under the section `section`.
    pub(super) fn new(
        section: &str,
        name: &'static str,
        account: String,
        ca: Option<&Authority>,
        patience: Patience,
        interface: impl Interface,
    ) -> Result<Self, String> {
        let http = tls::http(Client::builder().connect_timeout(CONNECT), ca)
            .map_err(|what| format!("{section}.ca: {what}"))?
            .build()
            .map_err(|error| format!("{section}: no HTTP client: {error}"))?;
        Ok(Self(Arc::new(Inner { name, account, patience, http, interface: Box::new(interface) })))
    }
}

/// An HTTP address below this one.
pub(super) fn below<const N: usize>(base: &str, path: [&str; N]) -> Option<Url> {
    let mut url = Url::parse(base).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    url.path_segments_mut().ok()?.pop_if_empty().extend(path);
    Some(url)
}

impl Model for Hosted {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn capabilities(&self, _language: Language) -> Capabilities {
        Capabilities { goes_on: true }
    }

    fn hedge_after(&self) -> Option<Duration> {
        self.0.patience.hedge
    }

    fn account(&self) -> Option<&str> {
        Some(&self.0.account)
    }

    fn paid_as(&self) -> Option<Paid<'_>> {
        Some(Paid { provider: self.0.name, model: self.0.interface.model() })
    }

    fn warm(&self) -> Option<Warming> {
        Some(warming::connect_for(self.0.interface.connect(&self.0.http)))
    }

    fn connect(&self) -> Option<BoxFuture<'static, bool>> {
        Some(warming::connected(self.0.interface.connect(&self.0.http)).boxed())
    }

    fn stream(&self, request: Request) -> BoxStream<'static, Result<Delta, ProviderError>> {
        let inner = self.0.clone();
        let answer = Answer { inner, state: State::Asking(Box::new(request)) };
        stream::unfold(answer, |mut answer| async move {
            let next = answer.next().await?;
            let name = answer.inner.name;
            Some((next.map_err(|error| ProviderError { provider: name, ..error }), answer))
        })
        .boxed()
    }
}

struct Answer {
    inner: Arc<Inner>,
    state: State,
}

enum State {
    Asking(Box<Request>),
    Reading(Box<Streaming>),
    Over,
}

struct Streaming {
    response: Response,
    parser: Parser,
    reading: Box<dyn Reading>,
    /// The next piece: what comes to keep the connection alive is none.
    due: Instant,
}

impl Answer {
    async fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Asking(request) => {
                    let due = Instant::now() + self.inner.patience.first_piece;
                    match self.inner.ask(&request, due).await {
                        Ok(response) => {
                            self.state = State::Reading(Box::new(Streaming {
                                response,
                                parser: Parser::default(),
                                reading: self.inner.interface.read(),
                                due,
                            }));
                        }
                        Err(error) => return Some(Err(error)),
                    }
                }
                State::Reading(mut streaming) => {
                    let step = streaming.step().await;
                    return match step {
                        Ok(Some(delta)) => {
                            // What was counted of the question is no piece of its answer.
                            if !matches!(delta, Delta::Usage(_)) {
                                streaming.due = Instant::now() + self.inner.patience.between_pieces;
                            }
                            self.state = State::Reading(streaming);
                            Some(Ok(delta))
                        }
                        Ok(None) => None,
                        Err(error) => Some(Err(error)),
                    };
                }
                State::Over => return None,
            }
        }
    }
}

impl Inner {
    /// Asks at once again without what is refused of the request, if it can be answered without.
    async fn ask(&self, request: &Request, due: Instant) -> Result<Response, ProviderError> {
        let mut left_out = Vec::new();
        loop {
            let response = self.post(request, due).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let Refusal { error, parameter } = refusal::read(response).await;
            match parameter.and_then(|name| self.interface.leave_out(&name)) {
                Some(name) if !left_out.contains(&name) => left_out.push(name),
                Some(_) | None => return Err(error),
            }
        }
    }

    async fn post(&self, request: &Request, due: Instant) -> Result<Response, ProviderError> {
        let post = self.interface.write(&self.http, request);
        match timeout_at(due, post.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                let why = match tls::refusal(&error) {
                    Some(why) => why,
                    None if error.is_connect() => "cannot connect; is the server at its base_url up?",
                    None => "the connection broke",
                };
                Err(failed(ErrorKind::Connection, why))
            }
            Err(_) => Err(failed(ErrorKind::Timeout, "no answer to the request in time")),
        }
    }
}

impl Streaming {
    /// The next delta; `None` when the answer is complete.
    async fn step(&mut self) -> Result<Option<Delta>, ProviderError> {
        loop {
            if let Some(delta) = self.reading.pieces().pop()? {
                return Ok(Some(delta));
            }
            if self.reading.pieces().is_over() {
                return Ok(None);
            }
            let Self { response, parser, reading, due } = self;
            let mut event = |data: &[u8]| {
                if reading.pieces().take_more() && !data.iter().all(u8::is_ascii_whitespace) {
                    reading.event(data);
                }
            };
            match timeout_at(*due, response.chunk()).await {
                Ok(Ok(Some(bytes))) => {
                    // What came before it is handed out first.
                    if let Err(too_long) = parser.push(&bytes, event) {
                        reading.pieces().fail(ErrorKind::Server, &too_long.to_string());
                    }
                }
                Ok(Ok(None)) => {
                    parser.finish(&mut event);
                    reading.pieces().closed();
                }
                Ok(Err(_)) if reading.pieces().is_finished() => reading.pieces().closed(),
                Ok(Err(_)) => return Err(failed(ErrorKind::Connection, "the connection broke within the answer")),
                // Why it ended is known: what is late is a count or a last line.
                Err(_) if reading.pieces().is_finished() => reading.pieces().closed(),
                Err(_) => return Err(failed(ErrorKind::Timeout, "no further piece of the answer in time")),
            }
        }
    }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAMELESS, kind, what: what.to_owned(), retry_after: None }
}
