//! A stand-in for Azure's speech-to-text behind the paths of its WebSocket protocol (USP), on this machine only: one turn at a time, words while
//! they are spoken, and a phrase once the audio has ended, or sooner ([`Habit`]). It is strict where Azure is, and is tried with Microsoft's own Python
//! package (1.53.0).

use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message as Frame, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::form_urlencoded;

use super::LOCALES;
use crate::sim::ear::{Ear, Word};
use crate::sim::fault::{Fault, Strike, Trouble, come_again};
use crate::sim::habit::Habit;
use crate::sim::listening::{Act, Protocol, Session};
use crate::sim::mouth::Settings;
use crate::sim::pace::Pace;
use crate::sim::vendor::Vendor;
use crate::stt::azure::message::{self, PATH, WAVE};

/// How it closes on what it does not understand.
const REFUSED: u16 = 1002;

/// Of Microsoft's packages: for all of a stream, for one utterance, and for either.
const PATHS: [&str; 3] = [PATH, "/speech/recognition/interactive/cognitiveservices/v1", "/stt/speech/universal/v2"];

/// Words of a phrase that is made final in mid-voice.
const PHRASE: usize = 2;

/// Hypotheses come so often: 300 ms of audio.
const HYPOTHESIS: u64 = 4_800;

/// Azure counts time in 100 ns: in a sample of 16 kHz.
const A_SAMPLE: u64 = 625;

/// Its part of the simulated vendors.
pub(in crate::sim) fn router(pace: Pace, trouble: Trouble, habit: Option<Habit>) -> Router {
    let settings = (Settings { pace, trouble }, habit);
    PATHS.into_iter().fold(Router::new(), |router, path| router.route(path, get(connect))).with_state(settings)
}

async fn connect(
    State((settings, habit)): State<(Settings, Option<Habit>)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let strike = match settings.trouble.strike(Vendor::AzureEars) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    let key = headers.get("ocp-apim-subscription-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let query = query.unwrap_or_default();
    let language = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "language");
    let is_known = language.is_some_and(|(_, language)| LOCALES.contains(&&*language));
    if key.trim().is_empty() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if !is_known {
        return StatusCode::BAD_REQUEST.into_response();
    }
    match strike.refusal().await {
        Some(status) => come_again(status, status.into_response()),
        None => {
            let ears = Ears { pace: settings.pace, strike: strike.clone(), habit, stage: Stage::New, ending: None };
            upgrade.on_upgrade(move |socket| Session::new(socket, strike, ears).run())
        }
    }
}

/// How far a connection is.
enum Stage {
    New,
    /// It was told who is there, and no turn is going on.
    Idle,
    /// The context of a turn of this id was told.
    Ready(String),
    Turn(Box<Turn>),
}

struct Turn {
    request: String,
    ear: Ear,
    /// Not made final yet.
    words: Vec<Word>,
    /// So many phrases were.
    phrases: u32,
    told_at: u64,
}

impl Turn {
    fn text(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Where its words are, as Azure counts.
    fn place(&self) -> (u64, u64) {
        let from = self.words.first().map_or(0, |word| word.from);
        let to = self.words.last().map_or(0, |word| word.to);
        (from * A_SAMPLE, (to - from) * A_SAMPLE)
    }

    fn hypothesis(&self) -> Value {
        let (offset, duration) = self.place();
        json!({"Text": self.text(), "Offset": offset, "Duration": duration, "Id": "simulated"})
    }

    fn phrase(&self) -> Value {
        let (offset, duration) = self.place();
        let (text, status) = (self.text(), if self.words.is_empty() { "NoMatch" } else { "Success" });
        json!({"RecognitionStatus": status, "DisplayText": text, "Offset": offset, "Duration": duration, "Id": "simulated"})
    }
}

struct Ears {
    pace: Pace,
    strike: Strike,
    habit: Option<Habit>,
    stage: Stage,
    /// The last turn that ended, and when that is said: no other begins before.
    ending: Option<(String, Instant)>,
}

impl Ears {
    fn audio(&mut self, request: &str, body: &[u8]) -> Vec<Act> {
        let is_silent = body.is_empty();
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            // Audio that was on its way when the turn ended.
            Stage::Idle if self.ending.as_ref().is_some_and(|(ended, _)| ended == request) => Vec::new(),
            Stage::Ready(id) if id == request && body.starts_with(b"RIFF") && body.len() >= WAVE.len() => {
                if body[20..36] != WAVE[20..36] {
                    return vec![Act::Close(REFUSED)];
                }
                let turn = Turn {
                    request: id,
                    ear: Ear::of(self.strike.clone()),
                    words: Vec::new(),
                    phrases: 0,
                    told_at: HYPOTHESIS,
                };
                let mut acts =
                    vec![said(&turn.request, "turn.start", &json!({"context": {"serviceTag": "simulated"}}))];
                self.stage = Stage::Turn(Box::new(turn));
                if body.len() > WAVE.len() {
                    acts.extend(self.audio(request, &body[WAVE.len()..]));
                }
                acts
            }
            Stage::Turn(turn) if turn.request == request && is_silent => self.end(*turn),
            Stage::Turn(mut turn) if turn.request == request => {
                turn.words.extend(turn.ear.hear(body));
                let mut acts = Vec::new();
                if turn.ear.heard() >= turn.told_at && !turn.words.is_empty() {
                    turn.told_at = turn.ear.heard() + HYPOTHESIS;
                    acts.push(words(Duration::ZERO, &turn.request, "speech.hypothesis", &turn.hypothesis()));
                }
                acts.extend(self.mid_voice(turn));
                acts
            }
            Stage::New | Stage::Idle | Stage::Ready(_) | Stage::Turn(_) => {
                vec![Act::Close(REFUSED)]
            }
        }
    }

    /// What it does before the voice is over.
    fn mid_voice(&mut self, mut turn: Box<Turn>) -> Vec<Act> {
        match self.habit {
            Some(Habit::EndsTurns) if turn.phrases > 0 && !turn.words.is_empty() => {
                self.habit = Some(Habit::Phrases);
                self.ending = Some((turn.request.clone(), Instant::now()));
                vec![said(&turn.request, "turn.end", &json!({}))]
            }
            Some(Habit::Phrases | Habit::EndsTurns) if turn.words.len() >= PHRASE => {
                let phrase = words(Duration::ZERO, &turn.request, "speech.phrase", &turn.phrase());
                turn.phrases += 1;
                turn.words.clear();
                self.stage = Stage::Turn(turn);
                vec![phrase]
            }
            Some(
                Habit::Phrases
                | Habit::EndsTurns
                | Habit::FailsItems
                | Habit::Objects
                | Habit::LateDeltas
                | Habit::RefusesLikelyWords,
            )
            | None => {
                self.stage = Stage::Turn(turn);
                Vec::new()
            }
        }
    }

    fn end(&mut self, mut turn: Turn) -> Vec<Act> {
        turn.words.extend(turn.ear.finish());
        let request = turn.request.clone();
        let end = said(&request, "speech.endDetected", &json!({"Offset": turn.ear.heard() * A_SAMPLE}));
        let mut acts = vec![end];
        let delay = self.pace.draw();
        if self.strike.is(Fault::Unanswered) {
            self.strike.felt(0);
            acts.push(words(Duration::ZERO, &request, "speech.hypothesis", &turn.hypothesis()));
        } else {
            let phrase = text(&request, "speech.phrase", &turn.phrase());
            acts.push(if turn.words.is_empty() { Act::Say(delay, phrase) } else { Act::Last(delay, phrase) });
        }
        acts.push(Act::Say(delay, text(&request, "turn.end", &json!({}))));
        self.ending = Some((request, Instant::now() + delay));
        acts
    }

    fn is_over(&self) -> bool {
        self.ending.as_ref().is_none_or(|(_, said)| Instant::now() >= *said)
    }

    fn message(&mut self, request: &str, path: &str, body: &str) -> Vec<Act> {
        let Ok(body) = serde_json::from_str::<Value>(body) else { return vec![Act::Close(REFUSED)] };
        match (path, &self.stage) {
            ("speech.config", Stage::New | Stage::Idle) if body["context"]["system"].is_object() => {
                self.stage = Stage::Idle;
                Vec::new()
            }
            ("speech.context", Stage::Idle) if body.is_object() && is_id(request) && self.is_over() => {
                self.stage = Stage::Ready(request.to_owned());
                Vec::new()
            }
            ("telemetry", Stage::Idle | Stage::Ready(_) | Stage::Turn(_)) => Vec::new(),
            (_, Stage::New | Stage::Idle | Stage::Ready(_) | Stage::Turn(_)) => {
                vec![Act::Close(REFUSED)]
            }
        }
    }
}

impl Protocol for Ears {
    fn hello(&mut self) -> Vec<Act> {
        Vec::new()
    }

    fn take(&mut self, frame: &Frame) -> Vec<Act> {
        match frame {
            Frame::Text(frame) => match message::read_text(frame.as_str()) {
                Some(message) => self.message(&message.request, &message.path, message.body),
                None => vec![Act::Close(REFUSED)],
            },
            Frame::Binary(frame) => {
                let read = message::read_binary(frame).filter(|m| is_id(&m.request) && m.path == "audio");
                match read {
                    Some(message) => self.audio(&message.request.clone(), message.body),
                    None => vec![Act::Close(REFUSED)],
                }
            }
            Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) => Vec::new(),
        }
    }

    fn error(&mut self) -> (Frame, u16) {
        let request = match &self.stage {
            Stage::Turn(turn) => turn.request.clone(),
            Stage::Ready(request) => request.clone(),
            Stage::New | Stage::Idle => self.ending.as_ref().map(|(ended, _)| ended.clone()).unwrap_or_default(),
        };
        (text(&request, "speech.phrase", &json!({"RecognitionStatus": "Error", "Offset": 0, "Duration": 0})), 1011)
    }
}

/// 32 hexadecimal digits.
fn is_id(request: &str) -> bool {
    request.len() == 32 && request.bytes().all(|b| b.is_ascii_hexdigit())
}

fn text(request: &str, path: &str, body: &Value) -> Frame {
    Frame::Text(
        format!("X-RequestId:{request}\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n{body}")
            .into(),
    )
}

fn said(request: &str, path: &str, body: &Value) -> Act {
    Act::Say(Duration::ZERO, text(request, path, body))
}

fn words(delay: Duration, request: &str, path: &str, body: &Value) -> Act {
    Act::Answer(delay, text(request, path, body))
}
