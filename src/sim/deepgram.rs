//! A stand-in for Deepgram's recognisers: nova-3 behind `/v1/listen`, Flux behind `/v2/listen`, on this machine only.
//!
//! It is strict where Deepgram is: key, query, every message. It hears what [`super::ear`] hears, says it as Deepgram would after the
//! scripted delay, and can have any [`Fault`]. What a real recogniser does with difficult audio it cannot show.

mod flux;
mod nova;
mod query;

use std::collections::VecDeque;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::ear::Ear;
use super::fault::{Fault, Trouble};
use super::pace::Pace;
use query::Asked;

/// A connection without audio and without KeepAlive is closed by Deepgram after so long.
const IDLE: Duration = Duration::from_secs(10);

/// What [`Fault::Slow`] adds to every answer.
const SLOW: Duration = Duration::from_millis(1_500);

/// What [`Fault::Limits`] tells a client to wait.
const RETRY_AFTER: &str = "20";

/// Interim words come so often: 300 ms of audio.
const INTERIM: u64 = 4_800;

#[derive(Clone, Debug)]
struct Settings {
    pace: Pace,
    trouble: Trouble,
}

/// Its part of the simulated vendors.
pub(super) fn router(pace: Pace, trouble: Trouble) -> Router {
    let settings = Settings { pace, trouble };
    Router::new().route("/v1/listen", get(listen_v1)).route("/v2/listen", get(listen_v2)).with_state(settings)
}

async fn listen_v1(
    State(settings): State<Settings>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let asked = query::v1(query.as_deref().unwrap_or_default());
    answer(settings, &headers, asked, upgrade)
}

async fn listen_v2(
    State(settings): State<Settings>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let asked = query::v2(query.as_deref().unwrap_or_default());
    answer(settings, &headers, asked, upgrade)
}

fn answer(
    settings: Settings,
    headers: &HeaderMap,
    asked: Result<Asked, String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let fault = settings.trouble.strike();
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let has_key = key.and_then(|key| key.strip_prefix("Token ")).is_some_and(|key| !key.trim().is_empty());
    if !has_key || fault == Some(Fault::Unauthorised) {
        return refuse(StatusCode::UNAUTHORIZED, "INVALID_AUTH", "Invalid credentials.");
    }
    match fault {
        Some(Fault::Limits) => {
            let refused = refuse(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", "Too many requests.");
            return ([(header::RETRY_AFTER, RETRY_AFTER)], refused).into_response();
        }
        Some(Fault::Fails) => return refuse(StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE", "Try later."),
        Some(_) | None => {}
    }
    match asked {
        Ok(asked) => upgrade.on_upgrade(move |socket| Session::new(socket, settings.pace, fault, asked).run()),
        Err(what) => refuse(StatusCode::BAD_REQUEST, "INVALID_QUERY_PARAMETER", &what),
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"err_code": code, "err_msg": message, "request_id": "simulated"}))).into_response()
}

/// What a protocol wants done.
#[derive(Clone, Debug, PartialEq)]
enum Act {
    Say(Value),
    /// The same, after the scripted delay: what a client waits for.
    SayLater(Value),
    Close(u16, &'static str),
}

/// One of the two protocols.
enum Protocol {
    Nova(nova::Nova),
    Flux(flux::Flux),
}

struct Session {
    socket: WebSocket,
    pace: Pace,
    fault: Option<Fault>,
    protocol: Protocol,
    ear: Ear,
    outbox: VecDeque<(Instant, Act)>,
    /// Of the answers; faults strike after the first.
    answered: u32,
    active: Instant,
}

impl Session {
    fn new(socket: WebSocket, pace: Pace, fault: Option<Fault>, asked: Asked) -> Self {
        let protocol = match asked {
            Asked::Nova => Protocol::Nova(nova::Nova::new(fault)),
            Asked::Flux(thresholds) => Protocol::Flux(flux::Flux::new(thresholds)),
        };
        let (ear, outbox) = (Ear::default(), VecDeque::new());
        Self { socket, pace, fault, protocol, ear, outbox, answered: 0, active: Instant::now() }
    }

    async fn run(mut self) {
        if let Protocol::Flux(flux) = &mut self.protocol {
            let hello = flux.connected();
            self.plan(vec![Act::Say(hello)]);
        }
        loop {
            let due = self.outbox.front().map_or(self.active + IDLE, |(at, _)| *at);
            let idle = self.active + IDLE;
            let acts = tokio::select! {
                frame = self.socket.recv() => match frame {
                    Some(Ok(Frame::Binary(bytes))) => self.audio(&bytes),
                    Some(Ok(Frame::Text(text))) => self.message(text.as_str()),
                    Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {
                        if matches!(self.protocol, Protocol::Flux(_)) {
                            self.active = Instant::now();
                        }
                        Vec::new()
                    }
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                },
                () = sleep_until(due.min(idle)) => {
                    if Instant::now() >= idle {
                        vec![Act::Close(1011, "NET-0001")]
                    } else if let Some((_, act)) = self.outbox.pop_front() {
                        if self.perform(act).await.is_break() {
                            return;
                        }
                        Vec::new()
                    } else {
                        Vec::new()
                    }
                }
            };
            self.plan(acts);
        }
    }

    fn audio(&mut self, bytes: &[u8]) -> Vec<Act> {
        self.active = Instant::now();
        if bytes.len() % 2 == 1 || bytes.is_empty() {
            return vec![Act::Close(1008, "DATA-0000")];
        }
        let words = self.ear.hear(bytes);
        match &mut self.protocol {
            Protocol::Nova(nova) => nova.heard(words, &mut self.ear),
            Protocol::Flux(flux) => flux.heard(words, &mut self.ear),
        }
    }

    fn message(&mut self, text: &str) -> Vec<Act> {
        self.active = Instant::now();
        let message: Value = serde_json::from_str(text).unwrap_or_default();
        match &mut self.protocol {
            Protocol::Nova(nova) => nova.message(&message, &mut self.ear),
            Protocol::Flux(flux) => flux.message(&message, &mut self.ear),
        }
    }

    fn plan(&mut self, acts: Vec<Act>) {
        for act in acts {
            let mut at = Instant::now();
            if matches!(act, Act::SayLater(_)) {
                at += self.pace.draw();
            }
            if self.fault == Some(Fault::Slow) && !matches!(&act, Act::Say(said) if said["type"] == "Connected") {
                at += SLOW;
            }
            // In order, whatever the delays.
            let at = self.outbox.back().map_or(at, |(last, _)| at.max(*last));
            self.outbox.push_back((at, act));
        }
    }

    async fn perform(&mut self, act: Act) -> std::ops::ControlFlow<()> {
        use std::ops::ControlFlow::{Break, Continue};
        let said = match act {
            Act::Say(said) | Act::SayLater(said) => said,
            Act::Close(code, reason) => {
                self.close(code, reason).await;
                return Break(());
            }
        };
        if said["type"] != "Connected" {
            let has_words = !said["transcript"].as_str().unwrap_or_default().is_empty()
                || !said["channel"]["alternatives"][0]["transcript"].as_str().unwrap_or_default().is_empty();
            self.answered += u32::from(has_words);
            match self.fault {
                Some(Fault::Deaf) => return Continue(()),
                Some(Fault::Stalls) if self.answered > 1 => return Continue(()),
                Some(Fault::Breaks) if self.answered > 1 => return Break(()),
                Some(Fault::Errors) if self.answered > 1 => {
                    let error = match &mut self.protocol {
                        Protocol::Nova(_) => {
                            json!({"type": "Error", "description": "simulated", "message": "simulated",
                            "variant": "INTERNAL_SERVER_ERROR"})
                        }
                        Protocol::Flux(flux) => flux.error("INTERNAL_SERVER_ERROR"),
                    };
                    // Whoever has left does not need it.
                    self.socket.send(Frame::Text(error.to_string().into())).await.ok();
                    self.close(1011, "INTERNAL").await;
                    return Break(());
                }
                Some(_) | None => {}
            }
        }
        if self.socket.send(Frame::Text(said.to_string().into())).await.is_ok() { Continue(()) } else { Break(()) }
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let close = CloseFrame { code, reason: reason.into() };
        // Whoever has left does not need it.
        self.socket.send(Frame::Close(Some(close))).await.ok();
    }
}

/// Seconds, as Deepgram counts: samples of this connection.
fn seconds(samples: u64) -> f64 {
    (samples as f64 / 16.0).round() / 1_000.0
}
