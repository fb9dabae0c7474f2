//! A stand-in for OpenAI's realtime transcription behind `/v1/realtime?intent=transcription`, on this machine only: words while they are spoken,
//! and an item's whole transcript once it was committed. It is tried with OpenAI's own Python package (3.54.0).
//!
//! It says what is wrong with a message, and goes on, as OpenAI does.

use std::time::Duration;

use attendant_media::resample::Resampler;
use axum::Router;
use axum::extract::ws::{Message as Frame, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::sim::ear::Ear;
use crate::sim::fault::{Fault, Strike, Trouble, come_again};
use crate::sim::habit::Habit;
use crate::sim::listening::{Act, Protocol, Session};
use crate::sim::mouth::Settings;
use crate::sim::pace::Pace;
use crate::sim::vendor::Vendor;

/// New words come so often: 300 ms of audio.
const DELTA: u64 = 4_800;

/// Bytes of a commit at least: 100 ms of 24 kHz.
const LEAST: usize = 4_800;

/// What [`Fault::Disorder`] adds to every other item's, which the next one's overtake; and how late [`Habit::LateDeltas`] are.
const LATE: Duration = Duration::from_millis(400);

/// Those that write while somebody speaks, and take no turn detection.
const LIVE: &str = "gpt-live-transcribe";
const MODELS: [&str; 2] = [LIVE, "gpt-realtime-whisper"];

/// Its part of the simulated vendors.
pub(in crate::sim) fn router(pace: Pace, trouble: Trouble, habit: Option<Habit>) -> Router {
    Router::new().route("/v1/realtime", get(connect)).with_state((Settings { pace, trouble }, habit))
}

async fn connect(
    State((settings, habit)): State<(Settings, Option<Habit>)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let strike = match settings.trouble.strike(Vendor::OpenAiEars) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    let query = query.unwrap_or_default();
    let asked: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let is_asked = matches!(&asked[..], [(key, value)] if key == "intent" && value == "transcription");
    if !super::has_key(&headers) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_api_key");
    }
    if !is_asked {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request_error");
    }
    match strike.refusal().await {
        Some(status) => {
            let code = match status {
                StatusCode::UNAUTHORIZED => "invalid_api_key",
                StatusCode::TOO_MANY_REQUESTS => "rate_limit_exceeded",
                _ => "server_error",
            };
            come_again(status, refuse(status, code))
        }
        None => {
            let ears = Ears {
                pace: settings.pace,
                strike: strike.clone(),
                habit,
                model: None,
                open: Item::new(0, Ear::of(strike.clone())),
            };
            upgrade.on_upgrade(move |socket| Session::new(socket, strike, ears).run())
        }
    }
}

fn refuse(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({"error": {"message": "simulated", "type": code, "code": code}}))).into_response()
}

/// What was sent since the last commit.
struct Item {
    number: u32,
    bytes: usize,
    to_ours: Resampler,
    ear: Ear,
    words: Vec<String>,
    /// Of these.
    told: usize,
    told_at: u64,
}

impl Item {
    fn new(number: u32, ear: Ear) -> Self {
        let to_ours = Resampler::new(24_000, 16_000).expect("both are rates of speech");
        Self { number, bytes: 0, to_ours, ear, words: Vec::new(), told: 0, told_at: DELTA }
    }

    fn id(number: u32) -> String {
        format!("item_{number}")
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        let theirs: Vec<i16> = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        let mut ours = vec![0; self.to_ours.most(theirs.len())];
        let made = self.to_ours.process(&theirs, &mut ours);
        let bytes: Vec<u8> = ours[..made].iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.words.extend(self.ear.hear(&bytes).into_iter().map(|word| word.text));
    }

    fn completed(&self) -> Frame {
        let usage = json!({"type": "duration", "seconds": self.bytes as f64 / 48_000.0});
        numbered(
            json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": Self::id(self.number),
            "content_index": 0, "transcript": self.words.join(" "), "usage": usage}),
        )
    }

    fn failed(&self) -> Frame {
        let code = if self.words.is_empty() { "audio_unintelligible" } else { "transcription_failed" };
        let error = json!({"type": "transcription_error", "code": code, "message": "simulated"});
        numbered(json!({"type": "conversation.item.input_audio_transcription.failed", "item_id": Self::id(self.number),
            "content_index": 0, "error": error}))
    }

    /// The words that were not told yet.
    fn delta(&mut self) -> Option<Act> {
        let blank = if self.told > 0 { " " } else { "" };
        let words = self.words.get(self.told..).filter(|words| !words.is_empty())?;
        let delta = format!("{blank}{}", words.join(" "));
        self.told = self.words.len();
        Some(Act::Answer(Duration::ZERO, delta_of(&Self::id(self.number), &delta)))
    }
}

fn delta_of(id: &str, delta: &str) -> Frame {
    numbered(
        json!({"type": "conversation.item.input_audio_transcription.delta", "item_id": id, "content_index": 0, "delta": delta}),
    )
}

struct Ears {
    pace: Pace,
    strike: Strike,
    habit: Option<Habit>,
    /// Of the session, once it was said.
    model: Option<String>,
    open: Item,
}

impl Ears {
    fn append(&mut self, message: &Value) -> Vec<Act> {
        let bytes = message["audio"].as_str().and_then(|audio| STANDARD.decode(audio).ok());
        match bytes.filter(|bytes| bytes.len() % 2 == 0 && !bytes.is_empty() && self.model.is_some()) {
            Some(bytes) => {
                self.open.hear(&bytes);
                if self.open.ear.heard() < self.open.told_at {
                    return Vec::new();
                }
                self.open.told_at = self.open.ear.heard() + DELTA;
                let delta = self.open.delta();
                let objection =
                    delta.as_ref().filter(|_| self.habit == Some(Habit::Objects)).map(|_| wrong("invalid_value"));
                delta.into_iter().chain(objection).collect()
            }
            None => vec![wrong("invalid_value")],
        }
    }

    fn commit(&mut self) -> Vec<Act> {
        if self.open.bytes < LEAST {
            return vec![wrong("input_audio_buffer_commit_empty")];
        }
        let next = Item::new(self.open.number + 1, self.open.ear.next());
        let mut item = std::mem::replace(&mut self.open, next);
        item.words.extend(item.ear.finish().map(|word| word.text));
        let id = Item::id(item.number);
        let before = item.number.checked_sub(1).map(Item::id);
        let said = json!({"type": "input_audio_buffer.committed", "item_id": id, "previous_item_id": before});
        let mut acts = vec![Act::Say(Duration::ZERO, numbered(said))];
        acts.extend(item.delta());
        if self.strike.is(Fault::Unanswered) || self.strike.is(Fault::Disorder) {
            self.strike.felt(0);
        }
        if !self.strike.is(Fault::Unanswered) {
            let is_late = self.strike.is(Fault::Disorder) && item.number.is_multiple_of(2);
            let delay = self.pace.draw() + if is_late { LATE } else { Duration::ZERO };
            let said = if self.habit == Some(Habit::FailsItems) { item.failed() } else { item.completed() };
            acts.push(if item.words.is_empty() { Act::Say(delay, said) } else { Act::Last(delay, said) });
            if self.habit == Some(Habit::LateDeltas) {
                acts.push(Act::Say(delay + LATE, delta_of(&id, " late")));
            }
        }
        acts
    }
}

impl Protocol for Ears {
    fn hello(&mut self) -> Vec<Act> {
        let session =
            json!({"id": "sess_simulated", "object": "realtime.transcription_session", "type": "transcription"});
        vec![Act::Greet(numbered(json!({"type": "session.created", "session": session})))]
    }

    fn take(&mut self, frame: &Frame) -> Vec<Act> {
        let Frame::Text(said) = frame else { return vec![wrong("invalid_value")] };
        let message: Value = serde_json::from_str(said.as_str()).unwrap_or_default();
        match message["type"].as_str() {
            Some("session.update") => match model(&message["session"]) {
                Some(_) if self.habit == Some(Habit::RefusesLikelyWords) && has_likely_words(&message["session"]) => {
                    vec![wrong("invalid_value")]
                }
                Some(model) => {
                    self.model = Some(model.to_owned());
                    vec![Act::Greet(numbered(json!({"type": "session.updated", "session": message["session"]})))]
                }
                None => vec![wrong("invalid_value")],
            },
            Some("input_audio_buffer.append") => self.append(&message),
            Some("input_audio_buffer.commit") => self.commit(),
            Some("input_audio_buffer.clear") => {
                self.open = Item::new(self.open.number, Ear::of(self.strike.clone()));
                vec![Act::Say(Duration::ZERO, numbered(json!({"type": "input_audio_buffer.cleared"})))]
            }
            Some(_) | None => vec![wrong("invalid_value")],
        }
    }

    fn error(&mut self) -> (Frame, u16) {
        (error("server_error", "server_error"), 1011)
    }
}

/// The model of a session that OpenAI would take.
fn model(session: &Value) -> Option<&str> {
    let input = &session["audio"]["input"];
    let transcription = input["transcription"].as_object()?;
    let model = transcription.get("model")?.as_str().filter(|model| MODELS.contains(model))?;
    let of_live = ["model", "languages", "keywords"];
    let of_whisper = ["model", "language", "delay"];
    let keys = if model == LIVE { of_live } else { of_whisper };
    let is_good = session["type"] == "transcription"
        && input["format"] == json!({"type": "audio/pcm", "rate": 24_000})
        && input.get("turn_detection").is_some_and(Value::is_null)
        && transcription.keys().all(|key| keys.contains(&key.as_str()));
    is_good.then_some(model)
}

fn has_likely_words(session: &Value) -> bool {
    session["audio"]["input"]["transcription"]["keywords"].as_array().is_some_and(|words| !words.is_empty())
}

/// Every event of the server has an id.
fn numbered(mut event: Value) -> Frame {
    event["event_id"] = format!("event_{}", uuid::Uuid::new_v4().simple()).into();
    Frame::Text(event.to_string().into())
}

fn wrong(code: &str) -> Act {
    Act::Greet(error("invalid_request_error", code))
}

fn error(kind: &str, code: &str) -> Frame {
    numbered(json!({"type": "error", "error": {"type": kind, "code": code, "message": "simulated"}}))
}
