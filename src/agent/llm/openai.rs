//! Any model behind an OpenAI-compatible chat-completions API: OpenAI itself, or a server on this machine.
//!
//! Compatible servers differ; what they send is read tolerantly ([`chunk`]). A stream that closes before it said why it ended has failed.
//! Deadlines to the first piece and from piece to piece are kept here, so that a silent server becomes an error with a name.
//! Dropping the answer's stream closes the connection, which is how these APIs are told to stop.

mod chunk;
mod request;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use reqwest::{Client, RequestBuilder, Response, header};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::sse::Parser;
use super::{Delta, Model, Request};
use crate::config::{Secret, SecretSource};
use crate::costs::Paid;
use crate::provider::account;
use crate::provider::openai::HOSTS;
use crate::provider::residency::{self, Country, Place};
use crate::provider::tls::{self, Authority};
use crate::provider::{ErrorKind, ProviderError, kind_of_status, retry_after, warming};
use chunk::Reading;

const NAME: &str = "openai";

/// The section of one that has a name of its own.
const NAMED: &str = "providers.models.";

/// TCP and TLS; a server on this machine takes microseconds.
const CONNECT: Duration = Duration::from_secs(2);

/// An answer that is no stream: enough of it to read the error.
const MOST_ERROR: usize = 16 * 1024;

/// `[providers.openai]`: a model to talk to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAiConfig {
    /// Up to and without `/chat/completions`, for example `http://127.0.0.1:8090/v1`.
    pub base_url: String,
    pub model: String,
    /// Absent for local servers that ask for none.
    #[serde(default)]
    pub key: Option<SecretSource>,
    /// Where a server of your own is; the vendor's own hosts say so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Who signed the certificate of a server of your own; without it, this machine's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Authority>,
    /// From the question to the first piece.
    #[serde(default = "first_piece")]
    pub first_piece_ms: u64,
    /// From piece to piece.
    #[serde(default = "between_pieces")]
    pub between_pieces_ms: u64,
    /// Without a first piece for so long the next model is asked as well, if there is one; 0: never.
    #[serde(default = "hedge")]
    pub hedge_ms: u64,
}

/// Below the 3 s after which the caller must have heard something.
const fn first_piece() -> u64 {
    2_800
}

const fn between_pieces() -> u64 {
    2_000
}

/// First tokens of hosted models, as Twilio publishes them for voice (November 2025): 375 ms in the median, 750 ms where it calls them late.
const fn hedge() -> u64 {
    750
}

impl OpenAiConfig {
    /// Where it takes what was said.
    pub fn place(&self) -> Place {
        residency::of_address(&self.base_url, HOSTS, self.country.as_ref())
    }

    /// What is wrong, as `key: what is wrong; what to write instead`, under the section `section`.
    pub fn check(&self, section: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.endpoint().is_none() {
            wrong.push(format!(
                "{section}.base_url: `{}` is no HTTP address; write for example http://127.0.0.1:8090/v1",
                self.base_url
            ));
        }
        if self.model.is_empty() {
            wrong.push(format!("{section}.model: missing; write the model's name as its server knows it"));
        }
        if let Some(Err(what)) = self.key.as_ref().map(SecretSource::read) {
            wrong.push(format!("{section}.key: {what}"));
        }
        wrong.extend(residency::check(section, &self.place(), self.country.as_ref()));
        wrong.extend(tls::check(section, self.ca.as_ref(), &self.base_url));
        for (key, ms) in [("first_piece_ms", self.first_piece_ms), ("between_pieces_ms", self.between_pieces_ms)] {
            if !(100..=3_000).contains(&ms) {
                wrong.push(format!(
                    "{section}.{key}: {ms} ms; write 100 to 3000: after 3 s the next model is asked anyway"
                ));
            }
        }
        if self.hedge_ms != 0 && !(100..=3_000).contains(&self.hedge_ms) {
            let ms = self.hedge_ms;
            wrong.push(format!("{section}.hedge_ms: {ms} ms; write 100 to 3000, or 0 to ask one model at a time"));
        }
        wrong
    }

    /// This path below `base_url`.
    fn below<const N: usize>(&self, path: [&str; N]) -> Option<Url> {
        let mut url = Url::parse(&self.base_url).ok()?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return None;
        }
        url.path_segments_mut().ok()?.pop_if_empty().extend(path);
        Some(url)
    }

    fn endpoint(&self) -> Option<Url> {
        self.below(["chat", "completions"])
    }
}

/// See the module header.
#[derive(Clone, Debug)]
pub struct OpenAi(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: &'static str,
    /// The account's name.
    account: String,
    hedge: Option<Duration>,
    http: Client,
    endpoint: Url,
    /// The list of its models, which is there wherever the endpoint is.
    models: Url,
    model: String,
    key: Option<Secret>,
    first_piece: Duration,
    between_pieces: Duration,
}

impl OpenAi {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &OpenAiConfig, section: &str) -> Result<Self, String> {
        let key = config.key.as_ref().map(SecretSource::read).transpose();
        Ok(Self(Arc::new(Inner {
            // Metrics and errors name it for as long as the process lives; there are as many as the configuration has.
            name: section.strip_prefix(NAMED).map_or(NAME, |name| String::leak(name.to_owned())),
            account: account::name_of(NAME, &config.base_url, config.key.as_ref()),
            hedge: (config.hedge_ms > 0).then(|| Duration::from_millis(config.hedge_ms)),
            http: tls::http(Client::builder().connect_timeout(CONNECT), config.ca.as_ref())
                .map_err(|what| format!("{section}.ca: {what}"))?
                .build()
                .map_err(|error| format!("{section}: no HTTP client: {error}"))?,
            endpoint: config.endpoint().ok_or_else(|| config.check(section).join("\n"))?,
            models: config.below(["models"]).ok_or_else(|| config.check(section).join("\n"))?,
            model: config.model.clone(),
            key: key.map_err(|what| format!("{section}.key: {what}"))?,
            first_piece: Duration::from_millis(config.first_piece_ms),
            between_pieces: Duration::from_millis(config.between_pieces_ms),
        })))
    }
}

impl Model for OpenAi {
    fn name(&self) -> &'static str {
        self.0.name
    }

    fn can_go_on(&self) -> bool {
        true
    }

    fn hedge_after(&self) -> Option<Duration> {
        self.0.hedge
    }

    fn account(&self) -> Option<&str> {
        Some(&self.0.account)
    }

    fn paid_as(&self) -> Option<Paid<'_>> {
        Some(Paid { provider: self.0.name, model: &self.0.model })
    }

    fn warm(&self) {
        warming::connect(self.0.authorised(self.0.http.head(self.0.models.clone())));
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
    reading: Reading,
    /// The next piece: what comes to keep the connection alive is none.
    due: Instant,
}

impl Answer {
    async fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            match std::mem::replace(&mut self.state, State::Over) {
                State::Asking(request) => {
                    let due = Instant::now() + self.inner.first_piece;
                    match self.inner.ask(&request, due).await {
                        Ok(response) => {
                            self.state = State::Reading(Box::new(Streaming {
                                response,
                                parser: Parser::default(),
                                reading: Reading::default(),
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
                            streaming.due = Instant::now() + self.inner.between_pieces;
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
    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }

    async fn ask(&self, request: &Request, due: Instant) -> Result<Response, ProviderError> {
        let post = self.http.post(self.endpoint.clone()).json(&request::body(&self.model, request));
        let response = match timeout_at(due, self.authorised(post).send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let why = match tls::refusal(&error) {
                    Some(why) => why,
                    None if error.is_connect() => "cannot connect; is the server at its base_url up?",
                    None => "the connection broke",
                };
                return Err(failed(ErrorKind::Connection, why));
            }
            Err(_) => return Err(failed(ErrorKind::Timeout, "no answer to the request in time")),
        };
        if response.status().is_success() { Ok(response) } else { Err(refused(response).await) }
    }
}

impl Streaming {
    /// The next delta; `None` when the answer is complete.
    async fn step(&mut self) -> Result<Option<Delta>, ProviderError> {
        loop {
            if let Some(delta) = self.reading.pop()? {
                return Ok(Some(delta));
            }
            if self.reading.is_over() {
                return Ok(None);
            }
            let Self { response, parser, reading, due } = self;
            match timeout_at(*due, response.chunk()).await {
                Ok(Ok(Some(bytes))) => parser
                    .push(&bytes, |data| reading.event(data))
                    .map_err(|too_long| failed(ErrorKind::Server, &too_long.to_string()))?,
                Ok(Ok(None)) => {
                    parser.finish(|data| reading.event(data));
                    reading.closed();
                }
                Ok(Err(_)) => return Err(failed(ErrorKind::Connection, "the connection broke within the answer")),
                Err(_) => return Err(failed(ErrorKind::Timeout, "no further piece of the answer in time")),
            }
        }
    }
}

/// An answer with an error status: what kind, and when to come again. Of its text only the error's code is kept, it may quote the caller.
async fn refused(mut response: Response) -> ProviderError {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()));
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > MOST_ERROR {
                break;
            }
        }
    };
    let code = match timeout(CONNECT, read).await {
        Ok(()) => chunk::error_code(&body),
        Err(_) => None,
    };
    let code = code.map(|code| format!(", {code}")).unwrap_or_default();
    let what = format!("HTTP status {status}{code}");
    ProviderError { provider: NAME, kind: kind_of_status(status), what, retry_after }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_status_means_what_it_means_of_every_vendor_and_a_used_up_quota_is_a_limit() {
        for (status, kind) in [
            (402_u16, ErrorKind::Limited),
            (403, ErrorKind::Unauthorised),
            (408, ErrorKind::Timeout),
            (422, ErrorKind::Request),
            (503, ErrorKind::Server),
        ] {
            let response = axum::http::Response::builder().status(status).header("retry-after", "20").body("").unwrap();
            let error = refused(response.into()).await;
            assert_eq!((error.kind, error.retry_after), (kind, Some(Duration::from_secs(20))), "{status}");
        }
    }
}
