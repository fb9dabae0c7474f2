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
use super::fault::{Fault, Moment, Strike, Trouble, come_again};
use super::pace::Pace;
use super::vendor::Vendor;
use query::Asked;

/// A connection without audio and without KeepAlive is closed by Deepgram after so long.
const IDLE: Duration = Duration::from_secs(10);

/// From the first turn's last words to [`Moment::Between`].
const BETWEEN: Duration = Duration::from_millis(500);

/// After keyterms beyond its limit it is silent for so long, and closes (Deepgram's changelog of 2026-10-08).
const SILENT: Duration = Duration::from_secs(30);

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
    answer(settings, Vendor::Nova, &headers, asked, upgrade).await
}

async fn listen_v2(
    State(settings): State<Settings>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let asked = query::v2(query.as_deref().unwrap_or_default());
    answer(settings, Vendor::Flux, &headers, asked, upgrade).await
}

async fn answer(
    settings: Settings,
    vendor: Vendor,
    headers: &HeaderMap,
    asked: Result<Asked, String>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let strike = match settings.trouble.strike(vendor) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let has_key = key.and_then(|key| key.strip_prefix("Token ")).is_some_and(|key| !key.trim().is_empty());
    let refusal = if has_key { strike.refusal().await } else { Some(StatusCode::UNAUTHORIZED) };
    if let Some(status) = refusal {
        let (code, what) = match status {
            StatusCode::UNAUTHORIZED => ("INVALID_AUTH", "Invalid credentials."),
            StatusCode::TOO_MANY_REQUESTS => ("TOO_MANY_REQUESTS", "Too many requests."),
            _ => ("SERVICE_UNAVAILABLE", "Try later."),
        };
        return come_again(status, refuse(status, code, what));
    }
    match asked {
        Ok(asked) => upgrade.on_upgrade(move |socket| Session::new(socket, settings.pace, strike, asked).run()),
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
    /// Says nothing more, and closes after [`SILENT`].
    FallSilent,
}

/// One of the two protocols.
enum Protocol {
    Nova(nova::Nova),
    Flux(flux::Flux),
}

struct Session {
    socket: WebSocket,
    pace: Pace,
    strike: Strike,
    protocol: Protocol,
    ear: Ear,
    outbox: VecDeque<(Instant, Act)>,
    /// Answers with words: of all, and of those after the first turn's last words.
    answered: u32,
    of_second: u32,
    /// Turns whose last words were said, and when the first of them was.
    turns: u32,
    first_turn: Option<Instant>,
    active: Instant,
}

impl Session {
    fn new(socket: WebSocket, pace: Pace, strike: Strike, asked: Asked) -> Self {
        let protocol = match asked {
            Asked::Nova => Protocol::Nova(nova::Nova::new(strike.clone())),
            Asked::Flux(thresholds) => Protocol::Flux(flux::Flux::new(thresholds, strike.clone())),
        };
        let (ear, outbox) = (Ear::of(strike.clone()), VecDeque::new());
        let (answered, of_second, turns, first_turn) = (0, 0, 0, None);
        let active = Instant::now();
        Self { socket, pace, strike, protocol, ear, outbox, answered, of_second, turns, first_turn, active }
    }

    async fn run(mut self) {
        if let Protocol::Flux(flux) = &mut self.protocol {
            let hello = flux.connected();
            self.plan(vec![Act::Say(hello)]);
        }
        loop {
            let due = self.outbox.front().map_or(self.active + IDLE, |(at, _)| *at);
            let idle = self.active + IDLE;
            let between = self.between();
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
                () = sleep_until(between.unwrap_or(idle)), if between.is_some() => {
                    if self.strikes().await.is_break() {
                        return;
                    }
                    Vec::new()
                }
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
            if act == Act::FallSilent {
                at += SILENT;
            }
            let late = self.strike.late();
            if !late.is_zero() && !matches!(&act, Act::Say(said) if said["type"] == "Connected") {
                self.strike.felt(0);
                at += late;
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
            Act::FallSilent => {
                self.close(1011, "NET-0000").await;
                return Break(());
            }
        };
        if said["type"] != "Connected" && self.is_struck(&said) {
            return self.strikes().await;
        }
        if self.socket.send(Frame::Text(said.to_string().into())).await.is_ok() { Continue(()) } else { Break(()) }
    }

    /// Whether the fault strikes instead of these words.
    fn is_struck(&mut self, said: &Value) -> bool {
        let has_words = |text: &Value| text.as_str().is_some_and(|text| !text.is_empty());
        let has_words = has_words(&said["transcript"]) || has_words(&said["channel"]["alternatives"][0]["transcript"]);
        self.answered += u32::from(has_words);
        self.of_second += u32::from(has_words && self.turns > 0);
        if said["from_finalize"] == true || said["event"] == "EndOfTurn" {
            self.turns += 1;
            self.first_turn.get_or_insert_with(Instant::now);
        }
        match (self.strike.fault(), self.strike.at) {
            (Some(Fault::Deaf), Moment::SecondVoice) => self.of_second > 0,
            (Some(Fault::Deaf), _) => true,
            (Some(Fault::Stalls | Fault::Errors | Fault::Breaks), Moment::SecondVoice) => self.of_second > 1,
            (Some(Fault::Stalls | Fault::Errors | Fault::Breaks), Moment::LastWords) => self.turns > 1,
            (Some(Fault::Stalls | Fault::Errors | Fault::Breaks), Moment::Usual) => self.answered > 1,
            (Some(Fault::Stalls), Moment::Between) => self.first_turn.is_some_and(|at| Instant::now() >= at + BETWEEN),
            (Some(_) | None, _) => false,
        }
    }

    /// When a fault strikes in which nobody says anything.
    fn between(&self) -> Option<Instant> {
        let is_due =
            self.strike.at == Moment::Between && (self.strike.is(Fault::Errors) || self.strike.is(Fault::Breaks));
        self.first_turn.filter(|_| is_due).map(|at| at + BETWEEN)
    }

    async fn strikes(&mut self) -> std::ops::ControlFlow<()> {
        self.strike.felt(0);
        if self.strike.is(Fault::Deaf) || self.strike.is(Fault::Stalls) {
            return std::ops::ControlFlow::Continue(());
        }
        if self.strike.is(Fault::Errors) {
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
        }
        std::ops::ControlFlow::Break(())
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
