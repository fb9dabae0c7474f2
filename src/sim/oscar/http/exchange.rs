//! One request from its arrival to its answer, with the faults that strike it on the way.
//!
//! What was asked is done whether or not the caller still waits, as a servlet does it: a client that gave up may find its booking later.

use std::io::Write;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::Oscar;
use super::super::envelope::Envelope;
use super::super::fault::Fault;
use super::super::refusal::{FORBIDDEN_PAGE, UNAVAILABLE_PAGE};
use crate::sim::connection::Line;
use crate::sim::hold::{Passing, When};

/// What OSCAR makes whoever sends a wrong password wait.
const WRONG_PASSWORD: Duration = Duration::from_millis(250);

const HTML: &str = "text/html; charset=utf-8";

/// A request as it is recorded.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) service: String,
    pub(super) operation: String,
    pub(super) text: String,
}

/// What was done and is to be answered.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) refused: Option<String>,
    pub(super) security_id: Option<i64>,
    /// A wrong password was sent.
    pub(super) is_late: bool,
}

impl Done {
    fn page(status: StatusCode, html: &str) -> Self {
        Self { status, kind: HTML, text: html.to_owned(), refused: None, security_id: None, is_late: false }
    }
}

/// `work` does what was asked, faults of the account and rivals included.
pub(super) async fn exchange(
    oscar: Oscar,
    line: Line,
    arrival: Arrival,
    gzip: bool,
    work: impl FnOnce(&Oscar, &[Fault]) -> Done + Send + 'static,
) -> Response {
    let (number, struck, passing) = oscar.arrived(arrival);
    if struck.contains(&Fault::Hang) {
        return std::future::pending().await;
    }
    let faults = struck.clone();
    let doing = tokio::spawn(async move {
        passing.at(When::Arrived).await;
        crate::clock::elapse(sum(&faults, |fault| match fault {
            Fault::Latency(by) => Some(by),
            _ => None,
        }))
        .await;
        let done = if faults.contains(&Fault::DropRequest) {
            return None;
        } else if faults.contains(&Fault::Html403) {
            Done::page(StatusCode::FORBIDDEN, FORBIDDEN_PAGE)
        } else if faults.contains(&Fault::Html503) {
            Done::page(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE_PAGE)
        } else {
            work(&oscar, &faults)
        };
        oscar.answered(number, &done);
        passing.at(When::Done).await;
        Some(done)
    });
    let Ok(Some(done)) = doing.await else { return line.hang_up() };
    let late = sum(&struck, |fault| match fault {
        Fault::LateReply(by) => Some(by),
        _ => None,
    });
    crate::clock::elapse(late + if done.is_late { WRONG_PASSWORD } else { Duration::ZERO }).await;
    if struck.contains(&Fault::DropReply) {
        return line.hang_up();
    }
    respond(done, line, &struck, gzip)
}

fn sum(struck: &[Fault], part: impl Fn(Fault) -> Option<Duration>) -> Duration {
    struck.iter().filter_map(|fault| part(*fault)).sum()
}

fn respond(done: Done, line: Line, struck: &[Fault], gzip: bool) -> Response {
    let mut text = done.text;
    if struck.contains(&Fault::Malformed) {
        let half = text.floor_char_boundary(text.len() / 2);
        text.truncate(half);
    }
    let body = if gzip { packed(&text) } else { Bytes::from(text) };
    let length = body.len();
    let body = if struck.contains(&Fault::Reset) { line.reset_within(body) } else { Body::from(body) };
    let mut response = (done.status, [(header::CONTENT_TYPE, done.kind)], body).into_response();
    if gzip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// Whether the caller takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    codings.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|quality| quality == "q=0")
    })
}

fn packed(text: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    Bytes::from(packed.expect("memory takes whatever is written to it"))
}

impl Oscar {
    /// Records a request and draws the faults that strike it.
    fn arrived(&self, arrival: Arrival) -> (u64, Vec<Fault>, Passing) {
        let at = crate::clock::stamp_of(self.0.settings.clock.now());
        let mut state = self.0.state.lock();
        let struck: Vec<Fault> = state.knobs.iter_mut().filter_map(|knob| knob.strike(&arrival.operation)).collect();
        let number = state.envelopes.arrived(Envelope {
            number: 0,
            at,
            service: arrival.service,
            operation: arrival.operation,
            security_id: None,
            request: arrival.text,
            status: None,
            reply: None,
            refused: None,
            struck: struck.iter().map(ToString::to_string).collect(),
        });
        (number, struck, state.holds.pass())
    }

    fn answered(&self, number: u64, done: &Done) {
        let mut state = self.0.state.lock();
        if let Some(envelope) = state.envelopes.get_mut(number) {
            envelope.status = Some(done.status.as_u16());
            envelope.reply = Some(done.text.clone());
            envelope.refused.clone_from(&done.refused);
            envelope.security_id = done.security_id;
        }
    }
}
