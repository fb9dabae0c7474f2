//! One POST to one of OSCAR's services, each behind its own breaker.
//!
//! Decides what of HTTP is an answer at all: the content type comes first, since proxies and Tomcat answer in HTML.

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use url::Url;

use super::super::EmrError;
use super::super::failure::Failure;
use super::super::http::{Broken, Gate, Http as Line};
use super::config::OscarConfig;
use super::xml::{self, Element};
use crate::provider::ErrorKind;

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
    line: Line,
    base: Url,
    gates: [Gate; Service::ALL.len()],
}

impl Http {
    /// The error is `key: what is wrong; what to write instead`.
    pub(super) fn new(config: &OscarConfig, clinic: &str) -> Result<Self, String> {
        let times = [config.connect_ms, config.read_ms];
        let line = Line::new("emr.oscar", "emr.oscar.base_url", times, None)?;
        let base = config.base().ok_or_else(|| config.check().join("\n"))?;
        Ok(Self { line, base, gates: Service::ALL.map(|s| Gate::new(s.path(), s.label(), clinic)) })
    }

    /// The first element of the answer's body, which may be a fault.
    pub(super) async fn post(&self, service: Service, envelope: String) -> Result<Element, Failure> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(service.path());
        }
        let post = self
            .line
            .client()
            .post(url)
            .header(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"))
            .header("SOAPAction", HeaderValue::from_static("\"\""))
            .body(envelope);
        let read = |(), body: Vec<u8>| {
            xml::answer(&body).map_err(|why| {
                let what = format!("the answer of {} cannot be read: {why}", service.path());
                Broken::new(ErrorKind::Server, Failure::Lost(EmrError::Invalid(what)))
            })
        };
        self.line.ask(&self.gates[service as usize], post, |response| check(service, response), read).await
    }

    /// This service is not worth asking.
    pub(super) fn failed(&self, service: Service, kind: ErrorKind) {
        self.gates[service as usize].failed(kind, None);
    }
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
    Err(Broken::new(ErrorKind::Server, failure))
}
