//! One POST to one of OSCAR's services: deadlines, a limit on size, and a breaker for each service.
//!
//! Decides what of HTTP is an answer at all (the content type comes first: proxies and Tomcat answer in HTML) and whether a request
//! without one may have been carried out. Never follows a redirect, keeps no cookie, repeats nothing.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::time::{Instant, timeout};
use url::Url;

use super::super::EmrError;
use super::config::OscarConfig;
use super::failure::Failure;
use super::xml::{self, Element};
use crate::provider::breaker::Breaker;
use crate::provider::{ErrorKind, ProviderError};

/// Fifty charts of 6 KB each are 300 KB; more than this is no answer of ours.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Tomcat closes what is idle for 20 s; a request on a connection that it is just closing is one whose outcome is not known.
const IDLE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Login,
    SystemInfo,
    Schedule,
    Demographic,
    Provider,
}

impl Service {
    const ALL: [Self; 5] = [Self::Login, Self::SystemInfo, Self::Schedule, Self::Demographic, Self::Provider];

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Login => "LoginService",
            Self::SystemInfo => "SystemInfoService",
            Self::Schedule => "ScheduleService",
            Self::Demographic => "DemographicService",
            Self::Provider => "ProviderService",
        }
    }

    /// Whether it asks for the security header.
    pub(super) const fn is_guarded(self) -> bool {
        match self {
            Self::Login | Self::SystemInfo => false,
            Self::Schedule | Self::Demographic | Self::Provider => true,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Login => "oscar_login",
            Self::SystemInfo => "oscar_system_info",
            Self::Schedule => "oscar_schedule",
            Self::Demographic => "oscar_demographic",
            Self::Provider => "oscar_provider",
        }
    }
}

#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    base: Url,
    /// Connecting and reading together.
    whole: Duration,
    breakers: [Breaker; Service::ALL.len()],
}

/// An exchange without an answer.
struct Broken {
    kind: ErrorKind,
    failure: Failure,
}

impl Http {
    /// The error is `key: what is wrong; what to write instead`.
    pub(super) fn new(config: &OscarConfig) -> Result<Self, String> {
        let (connect, read) = (Duration::from_millis(config.connect_ms), Duration::from_millis(config.read_ms));
        let client = Client::builder()
            .connect_timeout(connect)
            .read_timeout(read)
            .pool_idle_timeout(IDLE)
            .redirect(Policy::none())
            .build()
            .map_err(|error| format!("emr.oscar: no HTTP client: {error}; see to the certificates of this machine"))?;
        let base = config.base().ok_or_else(|| config.check().join("\n"))?;
        Ok(Self { client, base, whole: connect + read, breakers: Service::ALL.map(|s| Breaker::new(s.label())) })
    }

    /// The first element of the answer's body, which may be a fault.
    pub(super) async fn post(&self, service: Service, envelope: String) -> Result<Element, Failure> {
        let breaker = &self.breakers[service as usize];
        let now = Instant::now();
        if !breaker.try_ask(now) {
            let what = format!("{} failed again and again and is not asked for a while", service.path());
            return Err(Failure::Refused(EmrError::Unavailable(what)));
        }
        let answer = timeout(self.whole, self.exchange(service, envelope)).await;
        match answer.unwrap_or_else(|_| Err(late(service))) {
            Ok(element) => {
                breaker.succeeded();
                Ok(element)
            }
            Err(broken) => {
                self.failed(service, broken.kind);
                Err(broken.failure)
            }
        }
    }

    /// This service is not worth asking.
    pub(super) fn failed(&self, service: Service, kind: ErrorKind) {
        let what = match kind {
            ErrorKind::Unauthorised => "it refuses the account",
            ErrorKind::Timeout => "it does not answer in time",
            ErrorKind::Connection => "it cannot be reached",
            ErrorKind::Limited | ErrorKind::Full | ErrorKind::Server | ErrorKind::Request | ErrorKind::Empty => {
                "it does not answer as it should"
            }
        };
        let error = ProviderError { provider: service.label(), kind, what: what.into(), retry_after: None };
        self.breakers[service as usize].failed(&error, Instant::now());
    }

    async fn exchange(&self, service: Service, envelope: String) -> Result<Element, Broken> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(service.path());
        }
        let post = self
            .client
            .post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"))
            .header("SOAPAction", HeaderValue::from_static("\"\""))
            .body(envelope);
        let response = post.send().await.map_err(|error| unsent(service, &error))?;
        check(service, &response)?;
        let body = body(service, response).await?;
        xml::answer(&body).map_err(|why| Broken {
            kind: ErrorKind::Server,
            failure: Failure::Lost(EmrError::Invalid(format!(
                "the answer of {} cannot be read: {why}",
                service.path()
            ))),
        })
    }
}

fn unsent(service: Service, error: &reqwest::Error) -> Broken {
    if error.is_connect() {
        let what = if error.is_timeout() { "does not answer" } else { "cannot be connected to" };
        let what =
            format!("the server of {} {what}; is emr.oscar.base_url right, and its certificate known?", service.path());
        Broken { kind: ErrorKind::Connection, failure: Failure::Refused(EmrError::Unavailable(what)) }
    } else if error.is_timeout() {
        late(service)
    } else {
        let what = format!("the connection to {} broke before an answer came", service.path());
        Broken { kind: ErrorKind::Connection, failure: Failure::Lost(EmrError::Unavailable(what)) }
    }
}

fn late(service: Service) -> Broken {
    let what = format!("{} gave no answer", service.path());
    Broken { kind: ErrorKind::Timeout, failure: Failure::Lost(EmrError::Timeout(what)) }
}

/// Whether this is SOAP, judged by its content type; what stands before OSCAR answers in HTML.
fn check(service: Service, response: &Response) -> Result<(), Broken> {
    let status = response.status().as_u16();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if matches!(essence.as_str(), "text/xml" | "application/soap+xml" | "application/xml") {
        return Ok(());
    }
    let what = |mend: &str| format!("{} answered with HTTP {status} and no SOAP{mend}", service.path());
    let failure = match status {
        // Refused by what stands before OSCAR, or by Tomcat for want of the service: nothing ran.
        401 | 403 | 407 => Failure::Refused(EmrError::Forbidden(what(
            "; a firewall or proxy before OSCAR refuses this machine: have its address allowed",
        ))),
        300..=399 | 404 | 405 => Failure::Refused(EmrError::Unavailable(what(
            "; is emr.oscar.base_url the address that ends in /ws, and is OSCAR up?",
        ))),
        429 => Failure::Refused(EmrError::Unavailable(what("; it is asked too often"))),
        _ => Failure::Lost(EmrError::Unavailable(what(""))),
    };
    Err(Broken { kind: ErrorKind::Server, failure })
}

async fn body(service: Service, mut response: Response) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() <= MOST_BYTES => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                let what = format!("the answer of {} is longer than {MOST_BYTES} bytes", service.path());
                return Err(Broken { kind: ErrorKind::Server, failure: Failure::Lost(EmrError::Invalid(what)) });
            }
            Err(error) if error.is_timeout() => return Err(late(service)),
            Err(_) => {
                let what = format!("the connection to {} broke within its answer", service.path());
                return Err(Broken {
                    kind: ErrorKind::Connection,
                    failure: Failure::Lost(EmrError::Unavailable(what)),
                });
            }
        }
    }
}
