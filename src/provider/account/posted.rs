//! Who is asked by one HTTP request after the other: made once from a section that is sound, and shared by all sessions, which share its
//! connections. It connects to nobody by itself.
//!
//! Everything has a deadline; what it says of a failure never holds a key, a text or what came.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName};
use reqwest::{Client, RequestBuilder, Response};
use tokio::time::timeout;
use url::Url;

use super::{Own, Section, secret};
use crate::config::Secret;
use crate::provider::warming::{self, Warming};
use crate::provider::{ErrorKind, ProviderError, comes_again, kind_of_status, status_in_words, tls};

/// An idle connection is kept for the next clause, of this call or another.
const KEPT: Duration = Duration::from_secs(90);

#[derive(Debug)]
pub(crate) struct Posted<O> {
    pub(crate) config: Section<O>,
    /// The account's name.
    pub(crate) account: String,
    /// With the path.
    address: Url,
    key: Secret,
    place: KeyIn,
    http: Client,
    /// As errors name the provider.
    name: &'static str,
    /// From a request to its answer, and from piece to piece of it.
    silence: Duration,
}

/// Where a vendor wants its key: in this header, behind these words.
#[derive(Clone, Debug)]
pub(crate) struct KeyIn(pub(crate) HeaderName, pub(crate) &'static str);

impl<O: Own + Clone> Section<O> {
    /// At this path. An error is `key: what is wrong; what to write instead`.
    pub(crate) fn post(
        &self,
        section: &str,
        name: &'static str,
        path: &str,
        place: KeyIn,
        silence: Duration,
    ) -> Result<Posted<O>, String> {
        let wrong = self.check(section);
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let address = self.url(path).map_err(|error| format!("{section}.base_url: {error}"))?;
        let key = self.account.key.read().map_err(|what| format!("{section}.key: {what}"))?;
        let http = Client::builder().connect_timeout(silence).pool_idle_timeout(KEPT).tcp_nodelay(true);
        let http = http.user_agent("attendant");
        let http = tls::http(http, self.account.ca.as_ref())
            .map_err(|what| format!("{section}.ca: {what}"))?
            .build()
            .map_err(|error| format!("{section}: no HTTP client: {error}"))?;
        let account = self.account_name(name);
        Ok(Posted { config: self.clone(), account, address, key, place, http, name, silence })
    }
}

impl<O> Posted<O> {
    fn authorised(&self, request: RequestBuilder) -> Result<RequestBuilder, ProviderError> {
        let KeyIn(header, before) = self.place.clone();
        let (header, key) = secret(self.name, &self.key, header, before)?;
        Ok(request.header(header, key))
    }

    /// Connects before there is something to ask, for a session that keeps what is returned. Must be called within a runtime.
    #[must_use]
    pub(crate) fn warm(&self) -> Option<Warming> {
        // A key that cannot be sent is told of with the first request.
        self.authorised(self.http.head(self.address.clone())).map(warming::connect_for).ok()
    }

    /// The same, waited for: whether there is a connection now.
    pub(crate) async fn reached(&self) -> bool {
        match self.authorised(self.http.head(self.address.clone())) {
            Ok(request) => warming::connected(request).await,
            Err(_) => false,
        }
    }

    /// The answer, if it is a success.
    pub(crate) async fn ask(&self, headers: HeaderMap, body: String) -> Result<Response, ProviderError> {
        let request = self.authorised(self.http.post(self.address.clone()))?.headers(headers).body(body);
        match timeout(self.silence, request.send()).await {
            Ok(Ok(response)) if response.status().is_success() => Ok(response),
            Ok(Ok(response)) => Err(self.refused(&response)),
            Ok(Err(error)) if error.is_timeout() => Err(self.failed(ErrorKind::Timeout, "no connection in time")),
            Ok(Err(error)) => {
                Err(self.failed(ErrorKind::Connection, tls::refusal(&error).unwrap_or("cannot be connected to")))
            }
            Err(_) => Err(self.failed(ErrorKind::Timeout, "no answer in time")),
        }
    }

    /// The next piece of an answer; `None`: it is over. Cancel safe.
    pub(crate) async fn more(&self, response: &mut Response) -> Result<Option<Bytes>, ProviderError> {
        match timeout(self.silence, response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(_)) => Err(self.failed(ErrorKind::Connection, "the connection broke within the audio")),
            Err(_) => Err(self.failed(ErrorKind::Timeout, "no further audio in time")),
        }
    }

    fn refused(&self, response: &Response) -> ProviderError {
        let status = response.status().as_u16();
        let wait = comes_again(response.headers());
        let what = status_in_words(status);
        ProviderError { provider: self.name, kind: kind_of_status(status), what, retry_after: wait }
    }

    pub(crate) fn failed(&self, kind: ErrorKind, what: &str) -> ProviderError {
        ProviderError { provider: self.name, kind, what: what.to_owned(), retry_after: None }
    }
}
