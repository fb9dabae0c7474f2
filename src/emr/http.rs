//! One request to one service of an EMR across a network: deadlines, a limit on size, and a breaker for each service.
//!
//! Decides whether a request without an answer may have been carried out; what an answer is, is the EMR's own to say. Never follows a
//! redirect, keeps no cookie, repeats nothing.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use tokio::time::{Instant, timeout};

use super::EmrError;
use super::failure::Failure;
use crate::provider::breaker::Breaker;
use crate::provider::tls::{self, Authority};
use crate::provider::{ErrorKind, ProviderError};

/// Fifty charts of 6 KB each are 300 KB; more than this is no answer of ours.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Tomcat closes what is idle for 20 s; a request on a connection that it is just closing is one whose outcome is not known.
const IDLE: Duration = Duration::from_secs(10);

/// A service, as errors name it, and whether it is worth asking.
#[derive(Debug)]
pub(super) struct Gate {
    name: &'static str,
    label: &'static str,
    breaker: Breaker,
}

impl Gate {
    /// `label`: as metrics and other instances name it, beside the clinic.
    pub(super) fn new(name: &'static str, label: &'static str, clinic: &str) -> Self {
        Self { name, label, breaker: Breaker::of_clinic(label, clinic) }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// This service is not worth asking.
    pub(super) fn failed(&self, kind: ErrorKind, retry_after: Option<Duration>) {
        let what = match kind {
            ErrorKind::Unauthorised => "it refuses the account",
            ErrorKind::Timeout => "it does not answer in time",
            ErrorKind::Connection => "it cannot be reached",
            ErrorKind::Limited | ErrorKind::Full | ErrorKind::Server | ErrorKind::Request | ErrorKind::Empty => {
                "it does not answer as it should"
            }
        };
        let error = ProviderError { provider: self.label, kind, what: what.into(), retry_after };
        self.breaker.failed(&error, Instant::now());
    }
}

/// An exchange without an answer.
pub(super) struct Broken {
    kind: ErrorKind,
    failure: Failure,
    retry_after: Option<Duration>,
}

impl Broken {
    pub(super) const fn new(kind: ErrorKind, failure: Failure) -> Self {
        Self { kind, failure, retry_after: None }
    }

    /// It is asked too often, and says when it may be asked again, if it does.
    pub(super) const fn limited(failure: Failure, retry_after: Option<Duration>) -> Self {
        Self { kind: ErrorKind::Limited, failure, retry_after }
    }
}

#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    /// Connecting and reading together.
    whole: Duration,
    /// The key of its address in the clinic's file.
    key: &'static str,
}

impl Http {
    /// `section`: of the clinic's file; `key`: of the address there. The error is `key: what is wrong; what to write instead`.
    pub(super) fn new(
        section: &str,
        key: &'static str,
        [connect_ms, read_ms]: [u64; 2],
        ca: Option<&Authority>,
    ) -> Result<Self, String> {
        let (connect, read) = (Duration::from_millis(connect_ms), Duration::from_millis(read_ms));
        let builder = Client::builder()
            .connect_timeout(connect)
            .read_timeout(read)
            .pool_idle_timeout(IDLE)
            .redirect(Policy::none());
        let client = tls::http(builder, ca)
            .map_err(|what| format!("{section}.ca: {what}"))?
            .build()
            .map_err(|error| format!("{section}: no HTTP client: {error}; see to the certificates of this machine"))?;
        Ok(Self { client, whole: connect + read, key })
    }

    /// How long a caller waits for an answer: connecting and reading together.
    pub(super) const fn whole(&self) -> Duration {
        self.whole
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// `head` judges an answer by what comes before its body, `whole` by that and its body.
    pub(super) async fn ask<H, T>(
        &self,
        gate: &Gate,
        request: RequestBuilder,
        head: impl FnOnce(&Response) -> Result<H, Broken>,
        whole: impl FnOnce(H, Vec<u8>) -> Result<T, Broken>,
    ) -> Result<T, Failure> {
        if !gate.breaker.try_ask(Instant::now()) {
            let what = format!("{} failed again and again and is not asked for a while", gate.name);
            return Err(Failure::Refused(EmrError::Unavailable(what)));
        }
        let exchange = async {
            let response = request.send().await.map_err(|error| self.unsent(gate, &error))?;
            let judged = head(&response)?;
            whole(judged, body(gate, response).await?)
        };
        match timeout(self.whole, exchange).await.unwrap_or_else(|_| Err(late(gate))) {
            Ok(answer) => {
                gate.breaker.succeeded();
                Ok(answer)
            }
            Err(broken) => {
                gate.failed(broken.kind, broken.retry_after);
                Err(broken.failure)
            }
        }
    }

    fn unsent(&self, gate: &Gate, error: &reqwest::Error) -> Broken {
        let (name, key) = (gate.name, self.key);
        if error.is_connect() {
            let what = if error.is_timeout() { "does not answer" } else { "cannot be connected to" };
            let what = format!("the server of {name} {what}; is {key} right, and its certificate known?");
            Broken::new(ErrorKind::Connection, Failure::Refused(EmrError::Unavailable(what)))
        } else if error.is_timeout() {
            late(gate)
        } else {
            let what = format!("the connection to {name} broke before an answer came");
            Broken::new(ErrorKind::Connection, Failure::Lost(EmrError::Unavailable(what)))
        }
    }
}

fn late(gate: &Gate) -> Broken {
    let what = format!("{} gave no answer", gate.name);
    Broken::new(ErrorKind::Timeout, Failure::Lost(EmrError::Timeout(what)))
}

async fn body(gate: &Gate, mut response: Response) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() <= MOST_BYTES => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                let what = format!("the answer of {} is longer than {MOST_BYTES} bytes", gate.name);
                return Err(Broken::new(ErrorKind::Server, Failure::Lost(EmrError::Invalid(what))));
            }
            Err(error) if error.is_timeout() => return Err(late(gate)),
            Err(_) => {
                let what = format!("the connection to {} broke within its answer", gate.name);
                return Err(Broken::new(ErrorKind::Connection, Failure::Lost(EmrError::Unavailable(what))));
            }
        }
    }
}
