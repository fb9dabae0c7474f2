//! A stand-in for Cartesia's voices behind `/tts/websocket`, on this machine only. It speaks words as the tones of [`super::code`], each
//! with its time, after the scripted delay and then faster than anybody listens; it is strict where Cartesia is.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message as Frame, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::code::{WORD_SAMPLES, speak, words as words_of};
use super::fault::{Fault, Moment, Strike, Trouble, come_again};
use super::pace::Pace;
use super::vendor::Vendor;

/// Faults in mid-answer strike after so many words: within the second sentence of a code.
const STRIKES_AFTER: u32 = 12;

/// Of the languages that attendant speaks.
const LANGUAGES: [&str; 4] = ["en", "fr", "zh", "pa"];

/// Every key that a request may have.
const KEYS: [&str; 13] = [
    "model_id",
    "transcript",
    "voice",
    "language",
    "context_id",
    "output_format",
    "continue",
    "add_timestamps",
    "add_phoneme_timestamps",
    "max_buffer_delay_ms",
    "flush",
    "generation_config",
    "pronunciation_dict_id",
];

/// Every key that a cancellation has.
const CANCEL: [&str; 2] = ["context_id", "cancel"];

#[derive(Clone, Debug)]
struct Settings {
    pace: Pace,
    trouble: Trouble,
}

/// Its part of the simulated vendors.
pub(super) fn router(pace: Pace, trouble: Trouble) -> Router {
    Router::new().route("/tts/websocket", get(connect)).with_state(Settings { pace, trouble })
}

async fn connect(State(settings): State<Settings>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let strike = match settings.trouble.strike(Vendor::Cartesia) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let key = text("authorization").strip_prefix("Bearer ").map_or_else(|| text("x-api-key"), str::to_owned);
    let is_dated = text("cartesia-version").split('-').map(str::len).eq([4, 2, 2]);
    if key.trim().is_empty() {
        return refuse(StatusCode::UNAUTHORIZED, "missing_key");
    }
    if !is_dated {
        return refuse(StatusCode::BAD_REQUEST, "missing_version");
    }
    match strike.refusal().await {
        Some(status) => {
            let code = match status {
                StatusCode::UNAUTHORIZED => "invalid_key",
                StatusCode::TOO_MANY_REQUESTS => "concurrency_limited",
                _ => "unavailable",
            };
            come_again(status, refuse(status, code))
        }
        None => upgrade.on_upgrade(move |socket| Session::new(socket, settings.pace, strike).run()),
    }
}

fn refuse(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({"error_code": code, "message": "simulated", "request_id": "simulated"}))).into_response()
}

#[derive(Default)]
struct Context {
    samples: u64,
    /// No message of it leaves before this.
    from: Option<Instant>,
}

struct Session {
    socket: WebSocket,
    pace: Pace,
    strike: Strike,
    contexts: HashMap<String, Context>,
    /// Every context that there was.
    begun: HashSet<String>,
    outbox: VecDeque<(Instant, Value)>,
    chunks: u32,
    /// Of these and of those that are yet to be said.
    asked: u32,
    /// Of the utterance that is said.
    words: (String, u32),
}

impl Session {
    fn new(socket: WebSocket, pace: Pace, strike: Strike) -> Self {
        let (contexts, begun, outbox) = (HashMap::new(), HashSet::new(), VecDeque::new());
        Self { socket, pace, strike, contexts, begun, outbox, chunks: 0, asked: 0, words: (String::new(), 0) }
    }

    async fn run(mut self) {
        loop {
            let due = self.outbox.front().map(|(at, _)| *at);
            tokio::select! {
                frame = self.socket.recv() => match frame {
                    Some(Ok(Frame::Text(text))) => {
                        self.message(text.as_str());
                        if self.strike.is(Fault::Breaks) && self.strike.at == Moment::Cancelled {
                            return self.strike.felt(0);
                        }
                    }
                    Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
                    Some(Ok(Frame::Binary(_) | Frame::Close(_)) | Err(_)) | None => return,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    if let Some((_, said)) = self.outbox.pop_front()
                        && self.perform(said).await.is_break()
                    {
                        return;
                    }
                }
            }
        }
    }

    fn message(&mut self, text: &str) {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let context = request["context_id"].as_str().unwrap_or_default().to_owned();
        let is_cancel = !request["cancel"].is_null();
        let wrong = if is_cancel { self.wrong_cancel(&request, &context) } else { wrong(&request) };
        match wrong {
            Some(what) => self.plan(
                Instant::now(),
                json!({"type": "error", "context_id": context, "status_code": 400, "error_code": "invalid_request",
                    "title": "Invalid request", "message": what, "done": true}),
            ),
            None if is_cancel => self.cancel(&context),
            None => self.speak(&request, &context),
        }
    }

    fn cancel(&mut self, context: &str) {
        self.contexts.remove(context);
        let is_of_it = |said: &Value| said["context_id"] == context;
        let has_more = self.outbox.iter().any(|(_, said)| said["type"] == "chunk" && is_of_it(said));
        if has_more {
            self.strike.cancelled();
        }
        if !self.strike.is(Fault::Late) {
            self.outbox.retain(|(_, said)| !is_of_it(said));
        } else if has_more {
            self.strike.felt(0);
        }
    }

    /// What is wrong with a cancellation. One that comes after the end of its context is none: both may be under way at once.
    fn wrong_cancel(&self, request: &Value, context: &str) -> Option<String> {
        if let Some(unknown) = unknown(request, &CANCEL) {
            return Some(unknown);
        }
        let checks = [
            (request["cancel"] == true, "cancel is true or not there"),
            (self.begun.contains(context), "context_id is of no context"),
        ];
        first_wrong(checks)
    }

    fn speak(&mut self, request: &Value, id: &str) {
        let text = request["transcript"].as_str().unwrap_or_default();
        let delay = self.pace.draw() + self.strike.late();
        if self.strike.is(Fault::Slow) || self.strike.is(Fault::Lags) {
            self.strike.felt(0);
        }
        let is_last = request["continue"] != true;
        self.begun.insert(id.to_owned());
        let context = self.contexts.entry(id.to_owned()).or_default();
        let mut at = *context.from.get_or_insert_with(|| Instant::now() + delay);
        let (mut words, mut start, mut end) = (Vec::new(), Vec::new(), Vec::new());
        let mut chunks = Vec::new();
        for word in words_of(text) {
            let audio = if self.strike.is_silent(self.asked) { [0; WORD_SAMPLES] } else { speak(word) };
            self.asked += 1;
            let bytes: Vec<u8> = audio.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            words.push(word);
            start.push(context.samples as f64 / 16_000.0);
            context.samples += WORD_SAMPLES as u64;
            end.push(context.samples as f64 / 16_000.0);
            chunks.push(json!({"type": "chunk", "context_id": id, "data": STANDARD.encode(bytes), "done": false,
                "status_code": 206, "step_time": 1.0}));
        }
        let is_empty = self.strike.is(Fault::Empty);
        if is_empty || self.strike.is(Fault::Silence) {
            self.strike.felt(0);
        }
        if !words.is_empty() && !is_empty {
            let times = json!({"type": "timestamps", "context_id": id, "done": false, "status_code": 206,
                "word_timestamps": {"words": words, "start": start, "end": end}});
            self.plan(at, times);
            for chunk in chunks {
                self.plan(at, chunk);
                at += self.strike.pace();
            }
        }
        if is_last {
            self.contexts.remove(id);
            self.plan(at, json!({"type": "done", "context_id": id, "done": true, "status_code": 200}));
        } else if let Some(context) = self.contexts.get_mut(id) {
            context.from = Some(at);
        }
    }

    /// Contexts do not wait for each other.
    fn plan(&mut self, at: Instant, said: Value) {
        let place = self.outbox.partition_point(|(other, _)| *other <= at);
        self.outbox.insert(place, (at, said));
    }

    async fn perform(&mut self, said: Value) -> ControlFlow<()> {
        if said["type"] == "chunk" {
            let context = said["context_id"].as_str().unwrap_or_default();
            if self.words.0 != context {
                self.words = (context.to_owned(), 0);
            }
            self.chunks += 1;
        }
        let struck = match self.strike.at {
            Moment::Cancelled => true,
            Moment::Words(words) => self.chunks > words,
            Moment::Usual | Moment::Connecting | Moment::LastWords | Moment::Between | Moment::SecondVoice => {
                self.chunks > STRIKES_AFTER
            }
        };
        if (struck && self.strike.is_within()) || self.strike.is(Fault::Deaf) {
            self.strike.felt(self.words.1);
        } else {
            self.words.1 += u32::from(said["type"] == "chunk");
        }
        match self.strike.fault() {
            Some(Fault::Deaf) => return ControlFlow::Continue(()),
            Some(Fault::Stalls) if struck => return ControlFlow::Continue(()),
            Some(Fault::Breaks) if struck => return ControlFlow::Break(()),
            Some(Fault::Errors) if struck => {
                self.outbox.clear();
                let error = json!({"type": "error", "context_id": said["context_id"], "status_code": 500,
                    "error_code": "internal_error", "title": "Internal error", "message": "simulated", "done": true});
                return self.send(&error).await;
            }
            Some(_) | None => {}
        }
        self.send(&said).await
    }

    async fn send(&mut self, said: &Value) -> ControlFlow<()> {
        if self.socket.send(Frame::Text(said.to_string().into())).await.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

/// A field that is none of these, or that it is no request at all.
fn unknown(request: &Value, known: &[&str]) -> Option<String> {
    let Some(object) = request.as_object() else { return Some("not a JSON object".to_owned()) };
    object.keys().find(|key| !known.contains(&key.as_str())).map(|key| format!("unknown field {key}"))
}

fn first_wrong<const N: usize>(checks: [(bool, &str); N]) -> Option<String> {
    checks.into_iter().find(|(good, _)| !good).map(|(_, what)| what.to_owned())
}

/// What Cartesia would refuse in a request.
fn wrong(request: &Value) -> Option<String> {
    if let Some(unknown) = unknown(request, &KEYS) {
        return Some(unknown);
    }
    let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let format = &request["output_format"];
    let is_format =
        format["container"] == "raw" && format["encoding"] == "pcm_s16le" && format["sample_rate"] == 16_000;
    let buffers = request["max_buffer_delay_ms"].as_u64().is_none_or(|ms| ms <= 5_000);
    let checks = [
        (text(&request["model_id"]), "model_id is required"),
        (request["transcript"].is_string(), "transcript is required"),
        (request["voice"]["mode"] == "id" && text(&request["voice"]["id"]), "voice is required"),
        (request["language"].as_str().is_some_and(|code| LANGUAGES.contains(&code)), "language is not supported"),
        (text(&request["context_id"]), "context_id is required"),
        (is_format, "output_format is not supported"),
        (request["continue"].is_boolean(), "continue is required"),
        (buffers, "max_buffer_delay_ms is out of range"),
    ];
    first_wrong(checks)
}
