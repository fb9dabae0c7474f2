//! One request from its arrival to its answer, with the faults that strike it on the way.
//!
//! What was asked is done whether or not the caller still waits: a client that gave up may find its booking later.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::appointments::{self, desk_books};
use super::reply::Reply;
use super::route::Target;
use super::store::participant;
use super::{
    BASE, Conduct, Exchange, Fault, Fhir, KEPT, Settings, State, metadata, operations, patients, proposals, search,
};
use crate::clock;
use crate::sim::connection::Line;
use crate::sim::hold::{Passing, When};

const FHIR: &str = "application/fhir+json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Of the headers, those that are recorded.
const RECORDED: [&str; 5] = ["accept", "content-type", "if-match", "if-none-exist", "prefer"];

/// Who stands at the front desk and takes times from under callers.
const RIVAL: &str = "1012";

pub(super) struct Request {
    target: Option<Target>,
    line: String,
    host: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: String,
}

impl Request {
    pub(super) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: &Bytes) -> Self {
        let text =
            |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let host = text(header::HOST);
        let body = String::from_utf8_lossy(body).into_owned();
        let form = if text(header::CONTENT_TYPE) == FORM { body.as_str() } else { "" };
        let all =
            [uri.query().unwrap_or_default(), form].map(|pairs| form_urlencoded::parse(pairs.as_bytes()).into_owned());
        let target = Target::of(&method, uri.path());
        Self {
            target,
            line: format!("{method} {uri}"),
            host,
            query: all.into_iter().flatten().collect(),
            headers,
            body,
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn base(&self) -> String {
        format!("http://{}{BASE}", self.host)
    }
}

pub(super) async fn exchange(fhir: Fhir, line: Line, request: Request) -> Response {
    let (number, struck, passing) = fhir.arrived(&request);
    if struck.contains(&Fault::Hang) {
        return std::future::pending().await;
    }
    let (faults, doer) = (struck.clone(), fhir.clone());
    let doing = tokio::spawn(async move {
        passing.at(When::Arrived).await;
        clock::elapse(times(&faults).0).await;
        if faults.contains(&Fault::DropRequest) {
            return None;
        }
        let reply = doer.answer(&request, &faults);
        doer.answered(number, &reply);
        passing.at(When::Done).await;
        Some(reply)
    });
    let Ok(Some(reply)) = doing.await else { return line.hang_up() };
    clock::elapse(times(&struck).1).await;
    if struck.contains(&Fault::DropReply) {
        return line.hang_up();
    }
    let mut text = reply.body;
    if struck.contains(&Fault::Malformed) {
        text.truncate(text.floor_char_boundary(text.len() / 2));
    }
    let length = text.len();
    let bytes = Bytes::from(text);
    let body = if struck.contains(&Fault::Reset) { line.reset_within(bytes) } else { Body::from(bytes) };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(header::CONTENT_TYPE, reply.kind)], body).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Before it is done, and before it is answered.
fn times(struck: &[Fault]) -> (Duration, Duration) {
    struck.iter().fold((Duration::ZERO, Duration::ZERO), |(before, after), fault| match fault {
        Fault::Latency(by) => (before + *by, after),
        Fault::LateReply(by) => (before, after + *by),
        _ => (before, after),
    })
}

impl Fhir {
    fn arrived(&self, request: &Request) -> (u64, Vec<Fault>, Passing) {
        let operation = request.target.as_ref().map(Target::operation).unwrap_or_default();
        let mut state = self.0.state.lock();
        let struck: Vec<Fault> = state.knobs.iter_mut().filter_map(|knob| knob.strike(&operation)).collect();
        if state.exchanges.len() == KEPT {
            state.exchanges.pop_front();
            state.dropped += 1;
        }
        let recorded = |name: &&str| Some(format!("{name}: {}", request.header(name)?));
        state.exchanges.push_back(Exchange {
            operation,
            line: request.line.clone(),
            headers: RECORDED.iter().filter_map(recorded).collect(),
            body: request.body.clone(),
            status: None,
            refused: None,
            struck: struck.iter().map(ToString::to_string).collect(),
        });
        let passing = state.holds.pass();
        (state.dropped + state.exchanges.len() as u64 - 1, struck, passing)
    }

    fn answered(&self, number: u64, reply: &Reply) {
        let mut state = self.0.state.lock();
        let at = number.checked_sub(state.dropped).and_then(|at| usize::try_from(at).ok());
        if let Some(exchange) = at.and_then(|at| state.exchanges.get_mut(at)) {
            (exchange.status, exchange.refused) = (Some(reply.status), reply.refused.clone());
        }
    }

    fn answer(&self, request: &Request, struck: &[Fault]) -> Reply {
        let settings = &self.0.settings;
        let mut state = self.0.state.lock();
        let sent: Value = serde_json::from_str(&request.body).unwrap_or_default();
        if struck.contains(&Fault::Rival) {
            desk_takes(&mut state, settings, &sent, Some(RIVAL));
        }
        if struck.contains(&Fault::Twin) {
            desk_takes(&mut state, settings, &sent, None);
        }
        if let Some(no) = struck.iter().find_map(|fault| before(*fault)) {
            return no;
        }
        let is_overtaken = struck.contains(&Fault::Overtaken);
        if (is_overtaken || struck.contains(&Fault::Stale))
            && let Some(Target::Update(kind, id)) = &request.target
        {
            state.store.change(kind, id, |resource| resource["comment"] = json!("changed by the front desk"));
        }
        if struck.contains(&Fault::Another)
            && let Some(Target::Read(kind, id)) = &request.target
            && let Some(other) = state.store.of_kind(kind).find(|other| other["id"] != id.as_str())
        {
            return Reply::of(200, other).with("etag", appointments::tag(other));
        }
        let mut reply = state.carry_out(settings, request, sent.clone());
        if is_overtaken && reply.status == 412 {
            reply.status = 409;
        }
        if struck.contains(&Fault::RivalAfter) {
            desk_takes(&mut state, settings, &sent, Some(RIVAL));
        }
        if struck.contains(&Fault::DoneThenServer) { Reply::no(500, "exception", "out of memory") } else { reply }
    }
}

/// Nothing is done.
fn before(fault: Fault) -> Option<Reply> {
    match fault {
        Fault::Html503 => Some(Reply::page(503)),
        Fault::Server => Some(Reply::no(500, "exception", "a null pointer")),
        Fault::Limited => Some(Reply::no(429, "throttled", "too many requests").with("retry-after", "1".to_owned())),
        Fault::Expired => Some(Reply::no(401, "expired", "the token has expired")),
        Fault::Scope => Some(Reply::no(403, "forbidden", "the token lacks the scope")),
        Fault::Latency(_)
        | Fault::LateReply(_)
        | Fault::Hang
        | Fault::DropRequest
        | Fault::DropReply
        | Fault::Reset
        | Fault::DoneThenServer
        | Fault::Stale
        | Fault::Overtaken
        | Fault::Another
        | Fault::Malformed
        | Fault::Rival
        | Fault::RivalAfter
        | Fault::Twin => None,
    }
}

/// The front desk takes the time that is asked for; `patient`: for whom, if not for whom it is asked.
fn desk_takes(state: &mut State, settings: &Settings, sent: &Value, patient: Option<&str>) {
    let named = |name: &str| sent["parameter"].as_array().into_iter().flatten().find(|one| one["name"] == name);
    let id = named("appt-id").and_then(|one| one["valueUri"].as_str()?.strip_prefix("Appointment/"));
    let proposed = id.and_then(|id| proposals::whole(&state.store, settings, id));
    let whole = proposed.as_ref().unwrap_or_else(|| named("appt-resource").map_or(sent, |one| &one["resource"]));
    let at = |name: &str| whole[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let patient = patient.or_else(|| participant(whole, "Patient"));
    let (Some(start), Some(end), Some(practitioner), Some(patient)) =
        (at("start"), at("end"), participant(whole, "Practitioner"), patient)
    else {
        return;
    };
    let wall = start.to_zoned(settings.zone.clone()).datetime();
    desk_books(&mut state.store, settings, practitioner, wall, end.duration_since(start).as_mins(), patient);
}

impl State {
    fn carry_out(&mut self, settings: &Settings, request: &Request, sent: Value) -> Reply {
        let Some(target) = &request.target else { return Reply::no(404, "not-found", "there is nothing there") };
        let kind = request.header("content-type").unwrap_or_default();
        if *target == Target::Token {
            let form: BTreeMap<String, String> = request.query.iter().cloned().collect();
            let at = format!("http://{}/token", request.host);
            return self.grants.grant(&form, request.header("authorization"), &at, clock::now().as_second());
        }
        if request.header("accept") != Some(FHIR) {
            return Reply::no(406, "not-supported", "Accept must be application/fhir+json");
        }
        if !self.grants.takes(request.header("authorization")) {
            return Reply::no(401, "login", "no token, or one that is not taken");
        }
        let wants_resource = matches!(target, Target::Create(_) | Target::Update(..) | Target::Operation(_));
        if wants_resource && kind != FHIR {
            return Reply::no(415, "not-supported", "Content-Type must be application/fhir+json");
        }
        match target {
            Target::Token => Reply::page(404),
            Target::Metadata => Reply::of(200, &metadata::statement(settings.conduct)),
            Target::Page => {
                let number =
                    request.query.iter().find(|(name, _)| name == "_page").and_then(|(_, number)| number.parse().ok());
                match number.and_then(|number| self.store.take_page(number)) {
                    Some(rest) => search::page(&mut self.store, rest, &request.base()),
                    None => Reply::no(410, "not-found", "no such page"),
                }
            }
            Target::Search(kind)
                if settings.conduct == Conduct::Finder && matches!(kind.as_str(), "Schedule" | "Slot") =>
            {
                Reply::no(404, "not-supported", "that is not offered")
            }
            Target::Find if settings.conduct != Conduct::Finder => {
                Reply::no(404, "not-supported", "there is no such operation")
            }
            Target::Find => match proposals::find(&self.store, settings, &request.query) {
                Ok(found) => search::page(&mut self.store, found, &request.base()),
                Err(no) => no,
            },
            Target::Search(kind) => match search::find(&self.store, kind, &request.query) {
                Ok(found) => search::page(&mut self.store, found, &request.base()),
                Err(no) => no,
            },
            Target::Read(kind, id) => match self.store.get(kind, id) {
                Some(resource) => Reply::of(200, resource).with("etag", appointments::tag(resource)),
                None => Reply::no(404, "not-found", "no such resource"),
            },
            Target::Create(kind) if settings.conduct.creates(kind) => {
                let criteria = request.header("if-none-exist").unwrap_or_default();
                let criteria: Vec<(String, String)> =
                    form_urlencoded::parse(criteria.as_bytes()).into_owned().collect();
                let there =
                    if criteria.is_empty() { Ok(Vec::new()) } else { search::find(&self.store, kind, &criteria) };
                match there {
                    Ok(there) if kind == "Patient" => patients::create(&mut self.store, sent, &there),
                    Ok(there) => appointments::create(&mut self.store, settings, sent, &there),
                    Err(no) => no,
                }
            }
            Target::Update(kind, id) if kind == "Appointment" => {
                appointments::update(&mut self.store, settings, id, sent, request.header("if-match"))
            }
            Target::Operation(name) => operations::run(&mut self.store, settings, name, &sent),
            Target::Create(_) | Target::Update(..) => Reply::no(405, "not-supported", "that is not offered"),
        }
    }
}
