//! The SOAP endpoints: a POST is a call, a GET with `?wsdl` describes the service, and faults strike in between.

use std::io::Write;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::envelope::Envelope;
use super::super::fault::Fault;
use super::super::refusal::{FORBIDDEN_PAGE, UNAVAILABLE_PAGE};
use super::super::{Oscar, processing, wsdl};
use super::connection::Line;
use super::{not_found, page};

/// What OSCAR makes whoever sends a wrong password wait.
const WRONG_PASSWORD: Duration = Duration::from_millis(250);

const XML: &str = "text/xml;charset=UTF-8";

/// CXF's list of services.
pub(super) async fn list(State(oscar): State<Oscar>, headers: HeaderMap) -> Response {
    let base = location(&oscar, &headers);
    let rows: String = oscar
        .0
        .contract
        .services
        .values()
        .map(|service| {
            let (name, port) = (&service.name, &service.port);
            format!("<tr><td>{port}</td><td><a href=\"{base}/{name}?wsdl\">{base}/{name}</a></td></tr>\n")
        })
        .collect();
    Html(format!(
        "<html><head><title>CXF - Service list</title></head><body><h2>Available SOAP services:</h2>\n<table>\n{rows}\
         </table></body></html>"
    ))
    .into_response()
}

pub(super) async fn describe(
    State(oscar): State<Oscar>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let dialect = oscar.0.settings.dialect;
    if !dialect.serves_soap() {
        return page(StatusCode::FORBIDDEN, FORBIDDEN_PAGE);
    }
    let wants_wsdl = query.is_some_and(|query| query.eq_ignore_ascii_case("wsdl"));
    let Some(service) = oscar.0.contract.services.get(&name).filter(|_| wants_wsdl) else { return not_found().await };
    let location = format!("{}/{name}", location(&oscar, &headers));
    ([(header::CONTENT_TYPE, XML)], wsdl::render(&oscar.0.contract, service, dialect, &location)).into_response()
}

fn location(oscar: &Oscar, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}{}", oscar.base_path())
}

pub(super) async fn call(
    State(oscar): State<Oscar>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !oscar.0.settings.dialect.serves_soap() {
        return page(StatusCode::FORBIDDEN, FORBIDDEN_PAGE);
    }
    let Some(service) = oscar.0.contract.services.get(&name) else { return not_found().await };
    let header = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header(header::CONTENT_TYPE).split(';').next().is_none_or(|kind| kind.trim() != "text/xml") {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let text = String::from_utf8_lossy(&body).into_owned();
    let read = processing::read(&text);
    let (number, struck) = oscar.arrived(&name, &read.operation, text);
    if let Some(latency) = struck.iter().find_map(|fault| match fault {
        Fault::Latency(by) => Some(*by),
        _ => None,
    }) {
        tokio::time::sleep(latency).await;
    }
    for fault in &struck {
        match fault {
            Fault::Hang => return std::future::pending().await,
            Fault::DropRequest => return line.hang_up(),
            Fault::Html403 => return oscar.paged(number, StatusCode::FORBIDDEN, FORBIDDEN_PAGE),
            Fault::Html503 => return oscar.paged(number, StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE_PAGE),
            Fault::Latency(_)
            | Fault::DropReply
            | Fault::Reset
            | Fault::Malformed
            | Fault::Server
            | Fault::Rival
            | Fault::RivalAfter
            | Fault::Expired
            | Fault::Role => {}
        }
    }
    let action = headers.get("soapaction").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let answered = oscar.process(service, &read, action.trim_matches('"'), &struck);
    let status = if answered.refusal.is_some() { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    let is_late = answered.is_late();
    let refused = answered.refusal.as_ref().map(|refusal| refusal.summary(oscar.0.settings.dialect));
    oscar.answered(number, status, &answered.xml, refused, answered.security_id);
    if is_late {
        tokio::time::sleep(WRONG_PASSWORD).await;
    }
    if struck.contains(&Fault::DropReply) {
        return line.hang_up();
    }
    let mut xml = answered.xml;
    if struck.contains(&Fault::Malformed) {
        let half = xml.floor_char_boundary(xml.len() / 2);
        xml.truncate(half);
    }
    let wants_gzip = header(header::ACCEPT_ENCODING).split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|quality| quality == "q=0")
    });
    let body = if wants_gzip { gzip(&xml) } else { Bytes::from(xml) };
    let length = body.len();
    let body = if struck.contains(&Fault::Reset) { line.reset_within(body) } else { Body::from(body) };
    let mut response = (status, [(header::CONTENT_TYPE, XML)], body).into_response();
    if wants_gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

fn gzip(xml: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish());
    Bytes::from(packed.expect("memory takes whatever is written to it"))
}

impl Oscar {
    /// Records a request and draws the faults that strike it.
    fn arrived(&self, service: &str, operation: &str, request: String) -> (u64, Vec<Fault>) {
        let at = crate::clock::stamp_of(self.0.settings.clock.now());
        let mut state = self.0.state.lock();
        let struck: Vec<Fault> = state.knobs.iter_mut().filter_map(|knob| knob.strike(operation)).collect();
        let number = state.envelopes.arrived(Envelope {
            number: 0,
            at,
            service: service.to_owned(),
            operation: operation.to_owned(),
            security_id: None,
            request,
            status: None,
            reply: None,
            refused: None,
            struck: struck.iter().map(ToString::to_string).collect(),
        });
        (number, struck)
    }

    fn answered(&self, number: u64, status: StatusCode, reply: &str, refused: Option<String>, id: Option<i64>) {
        let mut state = self.0.state.lock();
        if let Some(envelope) = state.envelopes.get_mut(number) {
            envelope.status = Some(status.as_u16());
            envelope.reply = Some(reply.to_owned());
            envelope.refused = refused;
            envelope.security_id = id;
        }
    }

    fn paged(&self, number: u64, status: StatusCode, html: &'static str) -> Response {
        self.answered(number, status, html, None, None);
        page(status, html)
    }
}
