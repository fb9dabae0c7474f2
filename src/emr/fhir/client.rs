//! One request to the server, with a token; and what is written there, each once.
//!
//! Asks for a token when there is none, and once more when it is refused: a refused token means that nothing ran, so writes are sent again
//! then, and only then. What patients are is sent in bodies, never in addresses, which servers log.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::super::EmrError;
use super::super::failure::Failure;
use super::super::http::{Broken, Gate, Http};
use super::account::{Account, Registered, Token};
use super::answer::{self, Answer, Said};
use super::config::FhirConfig;
use super::reference;
use crate::provider::ErrorKind;

/// The operation that proposes times.
const FIND: &str = "$find";

const FHIR: HeaderValue = HeaderValue::from_static("application/fhir+json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Token,
    Metadata,
    Schedule,
    Slot,
    /// `$find` of the guide, which returns Appointments that are proposed.
    Find,
    Appointment,
    Patient,
}

impl Service {
    const ALL: [Self; 7] =
        [Self::Token, Self::Metadata, Self::Schedule, Self::Slot, Self::Find, Self::Appointment, Self::Patient];

    /// The kind of resource, or what else stands behind the service base.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Token => "the token address",
            Self::Metadata => "metadata",
            Self::Schedule => "Schedule",
            Self::Slot => "Slot",
            Self::Find | Self::Appointment => "Appointment",
            Self::Patient => "Patient",
        }
    }

    /// As errors name it.
    const fn name(self) -> &'static str {
        match self {
            Self::Find => FIND,
            Self::Token | Self::Metadata | Self::Schedule | Self::Slot | Self::Appointment | Self::Patient => {
                self.kind()
            }
        }
    }

    /// Whether what is sought may tell of a patient: it is sent in a body then.
    const fn is_about_patients(self) -> bool {
        match self {
            Self::Appointment | Self::Patient => true,
            Self::Token | Self::Metadata | Self::Schedule | Self::Slot | Self::Find => false,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Token => "fhir_token",
            Self::Metadata => "fhir_metadata",
            Self::Schedule => "fhir_schedule",
            Self::Slot => "fhir_slot",
            Self::Find => "fhir_find",
            Self::Appointment => "fhir_appointment",
            Self::Patient => "fhir_patient",
        }
    }
}

/// Parameters of a search.
pub(super) type Parameters = Vec<(&'static str, String)>;

/// What a new or changed resource was answered with.
pub(super) enum Written {
    /// It is there, with this id if that was told.
    There(Option<String>),
    /// It was there before: nothing was written.
    Before(Option<String>),
    /// It stands against something else.
    Conflict,
    /// It is another version by now, or what was not to exist does.
    Stale,
    Missing,
}

pub(super) struct Client {
    http: Http,
    gates: [Gate; Service::ALL.len()],
    pub(super) base: Url,
    account: Account,
}

impl Client {
    /// The error is `key: what is wrong; what to write instead`.
    pub(super) fn new(config: &FhirConfig, clinic: &str) -> Result<Self, String> {
        let base = config.base().ok_or("emr.fhir.base_url: no plain HTTP address; write the service base")?;
        let times = [config.connect_ms, config.read_ms];
        let http = Http::new("emr.fhir", "emr.fhir.base_url", times, config.ca.as_ref())?;
        let gates = Service::ALL.map(|service| Gate::new(service.name(), service.label(), clinic));
        Ok(Self { http, gates, base, account: Account::new(config)? })
    }

    /// How long all that belongs to one answer may take.
    pub(super) const fn whole(&self) -> Duration {
        self.http.whole()
    }

    /// What the server says that it offers.
    pub(super) async fn metadata(&self) -> Result<Value, Failure> {
        let url = self.address(&["metadata"]);
        let answer = self.ask(Service::Metadata, &|| self.request(Method::GET, url.clone())).await?;
        if answer.said == Said::Done { Ok(answer.body) } else { Err(no_such(Service::Metadata)) }
    }

    /// The resource, with its version; `None`: there is none.
    pub(super) async fn read(&self, service: Service, id: &str) -> Result<Option<Answer>, Failure> {
        let url = self.address(&[service.kind(), id]);
        let answer = self.ask(service, &|| self.request(Method::GET, url.clone())).await?;
        match answer.said {
            Said::Done => Ok(Some(answer)),
            Said::Missing => Ok(None),
            Said::Created | Said::Conflict | Said::Stale | Said::Token => {
                Err(Failure::odd("a read was answered as a write"))
            }
        }
    }

    /// A page of what a search finds. `page`: the address that the page before it gave.
    pub(super) async fn page(
        &self,
        service: Service,
        sought: &Parameters,
        page: Option<&Url>,
    ) -> Result<Value, Failure> {
        let answer = match page {
            Some(page) => self.ask(service, &|| self.request(Method::GET, page.clone())).await?,
            None if service.is_about_patients() => {
                let url = self.address(&[service.kind(), "_search"]);
                let form = form(sought);
                let post = || {
                    let post = self.request(Method::POST, url.clone());
                    post.header(CONTENT_TYPE, FORM).body(form.clone())
                };
                self.ask(service, &post).await?
            }
            None => {
                let mut url = match service {
                    Service::Find => self.address(&[service.kind(), FIND]),
                    Service::Token
                    | Service::Metadata
                    | Service::Schedule
                    | Service::Slot
                    | Service::Appointment
                    | Service::Patient => self.address(&[service.kind()]),
                };
                url.query_pairs_mut().extend_pairs(sought);
                self.ask(service, &|| self.request(Method::GET, url.clone())).await?
            }
        };
        if answer.said == Said::Done { Ok(answer.body) } else { Err(no_such(service)) }
    }

    /// A new resource, unless one that this finds is there already.
    pub(super) async fn create(
        &self,
        service: Service,
        resource: &Value,
        unless: &Parameters,
    ) -> Result<Written, Failure> {
        let url = self.address(&[service.kind()]);
        let (body, unless) = (resource.to_string(), form(unless));
        let post = || {
            let post = self.request(Method::POST, url.clone()).header(CONTENT_TYPE, FHIR);
            let post = post.header(PREFER, HeaderValue::from_static("return=representation"));
            post.header(IF_NONE_EXIST, unless.clone()).body(body.clone())
        };
        let answer = self.ask(service, &post).await?;
        match answer.said {
            Said::Done => Ok(Written::Before(self.id_of(service, &answer))),
            Said::Created | Said::Missing | Said::Conflict | Said::Stale | Said::Token => {
                self.written(service, &answer)
            }
        }
    }

    /// All of a resource, if it is still of this version.
    pub(super) async fn update(
        &self,
        service: Service,
        id: &str,
        resource: &Value,
        version: &str,
    ) -> Result<Written, Failure> {
        let url = self.address(&[service.kind(), id]);
        let body = resource.to_string();
        let put = || {
            let put = self.request(Method::PUT, url.clone()).header(CONTENT_TYPE, FHIR);
            put.header(IF_MATCH, version).body(body.clone())
        };
        let answer = self.ask(service, &put).await?;
        self.written(service, &answer)
    }

    /// An operation on appointments, and what it returns.
    pub(super) async fn operate(&self, operation: &str, parameters: &Value) -> Result<Answer, Failure> {
        let url = self.address(&[Service::Appointment.kind(), operation]);
        let body = parameters.to_string();
        let post = || self.request(Method::POST, url.clone()).header(CONTENT_TYPE, FHIR).body(body.clone());
        self.ask(Service::Appointment, &post).await
    }

    fn written(&self, service: Service, answer: &Answer) -> Result<Written, Failure> {
        Ok(match answer.said {
            Said::Done | Said::Created => Written::There(self.id_of(service, answer)),
            Said::Conflict => Written::Conflict,
            Said::Stale => Written::Stale,
            Said::Missing => Written::Missing,
            Said::Token => return Err(Failure::odd("a token was refused and not told of")),
        })
    }

    /// Of the resource that was written, as its body or its place tells it.
    fn id_of(&self, service: Service, answer: &Answer) -> Option<String> {
        let kind = service.kind();
        let is_it = answer.body.get("resourceType").and_then(Value::as_str) == Some(kind);
        let by_body = answer.body.get("id").and_then(Value::as_str).filter(|id| is_it && reference::is_id(id));
        // Some servers write the place without their own address.
        let by_place = answer.location.as_deref().and_then(|place| {
            let place = place.strip_prefix(self.base.path().trim_end_matches('/')).unwrap_or(place);
            reference::id_of(place.trim_start_matches('/'), kind, &self.base)
        });
        by_body.or(by_place).map(str::to_owned)
    }

    fn address(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.client().request(method, url).header(ACCEPT, FHIR);
        // What was kept on the way may be from before a write.
        request.header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
    }

    async fn ask(
        &self,
        service: Service,
        request: &(dyn Fn() -> RequestBuilder + Send + Sync),
    ) -> Result<Answer, Failure> {
        let refused = || {
            self.gates[service as usize].failed(ErrorKind::Unauthorised, None);
            let what = format!(
                "{} does not take the token; see emr.fhir.token or emr.fhir.client and docs/fhir.md",
                service.name()
            );
            Err(Failure::Refused(EmrError::Auth(what)))
        };
        let (answer, client, token) = match &self.account {
            Account::Token(token) => {
                let answer = self.send(service, request(), token).await?;
                return if answer.said == Said::Token { refused() } else { Ok(answer) };
            }
            Account::Client(client) => {
                let token = self.token(client, None).await?;
                (self.send(service, request(), &token).await?, client, token)
            }
        };
        if answer.said != Said::Token {
            return Ok(answer);
        }
        let token = self.token(client, Some(&token)).await?;
        let answer = self.send(service, request(), &token).await?;
        if answer.said == Said::Token { refused() } else { Ok(answer) }
    }

    async fn send(&self, service: Service, request: RequestBuilder, token: &Token) -> Result<Answer, Failure> {
        let gate = &self.gates[service as usize];
        let request = request.header(AUTHORIZATION, token.bearer.clone());
        let head = |response: &reqwest::Response| answer::head(gate, response);
        self.http.ask(gate, request, head, |head, body| answer::whole(gate, head, &body)).await
    }

    /// A token that was not refused.
    async fn token(&self, client: &Registered, refused: Option<&Arc<Token>>) -> Result<Arc<Token>, Failure> {
        if let Some(token) = client.present(refused) {
            return Ok(token);
        }
        let _door = client.tokens.door().await;
        match client.present(refused) {
            Some(token) => Ok(token),
            // No write was sent yet, whatever becomes of this.
            None => self.log_in(client).await.map_err(|failure| Failure::Refused(failure.of_read())),
        }
    }

    async fn log_in(&self, client: &Registered) -> Result<Arc<Token>, Failure> {
        let gate = &self.gates[Service::Token as usize];
        let asking =
            client.asking().map_err(|what| Failure::Refused(EmrError::Auth(format!("emr.fhir.client.key: {what}"))))?;
        let post = self.http.client().post(asking.address).header(ACCEPT, HeaderValue::from_static("application/json"));
        let mut post = post.header(CONTENT_TYPE, FORM).body(form(&asking.form));
        if let Some((name, password)) = asking.basic {
            post = post.basic_auth(name, Some(password));
        }
        let head = |response: &reqwest::Response| match response.status().as_u16() {
            200 => Ok(()),
            status @ (400 | 401 | 403) => {
                let what = format!(
                    "{} answered with HTTP {status}: it knows no such client, key, secret or scope; see emr.fhir.client",
                    gate.name()
                );
                Err(Broken::new(ErrorKind::Unauthorised, Failure::Refused(EmrError::Auth(what))))
            }
            status => {
                let what = format!("{} answered with HTTP {status}; is emr.fhir.client.token_url right?", gate.name());
                Err(Broken::new(ErrorKind::Server, Failure::Refused(EmrError::Unavailable(what))))
            }
        };
        let given = |(), body: Vec<u8>| {
            client.keep(&body).ok_or_else(|| {
                let what = format!("{} gave no token of type Bearer", gate.name());
                Broken::new(ErrorKind::Server, Failure::Refused(EmrError::Invalid(what)))
            })
        };
        self.http.ask(gate, post, head, given).await
    }
}

fn form(parameters: &Parameters) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn no_such(service: Service) -> Failure {
    let what = format!("{} is not there; is emr.fhir.base_url the service base?", service.name());
    Failure::Refused(EmrError::Invalid(what))
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("http", &self.http).finish_non_exhaustive()
    }
}
