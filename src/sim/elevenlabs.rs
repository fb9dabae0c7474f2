//! A stand-in for ElevenLabs' voices behind `/v1/text-to-speech/{voice}/multi-stream-input`, on this machine only. It is strict where ElevenLabs is:
//! five contexts at most, each spoken for itself, and what one was given is spoken although it is closed. It takes what the types of the elevenlabs Python
//! package (2.78.0) write, and they read what it says. A voice of its own, [`AHEAD`], has letters and audio out of step.

use std::collections::{HashMap, VecDeque};

use attendant_media::codec::Encoder;
use attendant_media::leg::Codec;
use attendant_media::resample;
use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::code::{WORD_SAMPLES, words as words_of};
use super::fault::{Trouble, come_again};
use super::mouth::{self, Act, Protocol, Settings};
use super::pace::Pace;
use super::vendor::Vendor;

/// Contexts at once on one connection.
const MOST: usize = 5;

/// Every key that an address may have.
const QUERY: [&str; 10] = [
    "model_id",
    "language_code",
    "output_format",
    "auto_mode",
    "sync_alignment",
    "inactivity_timeout",
    "enable_logging",
    "enable_ssml_parsing",
    "apply_text_normalization",
    "seed",
];

/// Every key that a message may have.
const KEYS: [&str; 8] = [
    "text",
    "context_id",
    "flush",
    "close_context",
    "close_socket",
    "voice_settings",
    "generation_config",
    "pronunciation_dictionary_locators",
];

/// Models that are told which language it is, and languages that they speak.
const TOLD: [&str; 2] = ["eleven_flash_v2_5", "eleven_turbo_v2_5"];
const LANGUAGES: [&str; 3] = ["en", "fr", "zh"];

/// A voice whose letters run two words ahead of their audio, with none in every other message, as users report of some models.
const AHEAD: &str = "lettersAhead";

/// Its part of the simulated vendors.
pub(super) fn router(pace: Pace, trouble: Trouble) -> Router {
    let path = "/v1/text-to-speech/{voice}/multi-stream-input";
    Router::new().route(path, get(connect)).with_state(Settings { pace, trouble })
}

async fn connect(
    State(settings): State<Settings>,
    Path(voice): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let strike = match settings.trouble.strike(Vendor::ElevenLabs) {
        Ok(strike) => strike,
        Err(impossible) => return impossible.into_response(),
    };
    let has_key = headers.get("xi-api-key").is_some_and(|key| !key.is_empty());
    if !has_key {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_api_key");
    }
    if let Some(what) = wrong(&voice, &query) {
        return refuse(StatusCode::BAD_REQUEST, what);
    }
    match strike.refusal().await {
        Some(status) => {
            let code = match status {
                StatusCode::UNAUTHORIZED => "invalid_api_key",
                StatusCode::TOO_MANY_REQUESTS => "too_many_concurrent_requests",
                _ => "system_busy",
            };
            come_again(status, refuse(status, code))
        }
        None => {
            let is_narrow = query.get("output_format").is_some_and(|format| format == "ulaw_8000");
            let is_auto = query.get("auto_mode").is_some_and(|auto| auto == "true");
            let letters = if voice == AHEAD { Letters::Ahead(VecDeque::new()) } else { Letters::InStep };
            let voice = Voice { is_narrow, is_auto, letters, contexts: HashMap::new() };
            upgrade.on_upgrade(move |socket| mouth::Session::new(socket, settings.pace, strike, voice).run())
        }
    }
}

fn refuse(status: StatusCode, what: &str) -> Response {
    (status, Json(json!({"detail": {"status": what, "message": "simulated"}}))).into_response()
}

/// What is wrong with an address.
fn wrong(voice: &str, query: &HashMap<String, String>) -> Option<&'static str> {
    let value = |key: &str| query.get(key).map_or("", String::as_str);
    let is_bool = |key: &str| matches!(value(key), "" | "true" | "false");
    let (model, language, format) = (value("model_id"), value("language_code"), value("output_format"));
    let seconds = value("inactivity_timeout");
    let checks = [
        (query.keys().all(|key| QUERY.contains(&key.as_str())), "invalid_parameters"),
        (!voice.is_empty() && voice.bytes().all(|b| b.is_ascii_alphanumeric()), "voice_not_found"),
        (model.starts_with("eleven_") && !model.starts_with("eleven_v3"), "model_not_found"),
        (language.is_empty() || (TOLD.contains(&model) && LANGUAGES.contains(&language)), "unsupported_language"),
        (matches!(format, "pcm_16000" | "ulaw_8000"), "invalid_output_format"),
        (seconds.is_empty() || seconds.parse().is_ok_and(|s: u32| s <= 180), "invalid_inactivity_timeout"),
        (is_bool("auto_mode") && is_bool("sync_alignment") && is_bool("enable_logging"), "invalid_parameters"),
    ];
    checks.into_iter().find(|(good, _)| !good).map(|(_, what)| what)
}

struct Voice {
    /// It is asked for mu-law.
    is_narrow: bool,
    /// Whole phrases are spoken without a flush.
    is_auto: bool,
    letters: Letters,
    /// Those that are open, with what they have not spoken yet.
    contexts: HashMap<String, String>,
}

/// Which letters come with a word's audio.
enum Letters {
    /// Its own.
    InStep,
    /// What each of the messages to come says of them.
    Ahead(VecDeque<Value>),
}

impl Letters {
    /// This is spoken next.
    fn expect(&mut self, text: &str) {
        let Self::Ahead(messages) = self else { return };
        let words: Vec<&str> = words_of(text).collect();
        let up_to = |word: usize| word.min(words.len());
        messages.extend((0..words.len()).map(|n| match n {
            0 => alignment(&words[..up_to(3)]),
            n if n % 2 == 0 && up_to(n + 1) < words.len() => alignment(&words[n + 1..up_to(n + 3)]),
            _ => Value::Null,
        }));
    }

    fn with(&mut self, word: &str) -> Value {
        match self {
            Self::InStep => alignment(&[word]),
            Self::Ahead(messages) => messages.pop_front().unwrap_or_default(),
        }
    }
}

/// The times of these words' letters from the beginning of the first, each word with its blank as long as its audio.
fn alignment(words: &[&str]) -> Value {
    let (mut chars, mut starts, mut durations) = (Vec::new(), Vec::new(), Vec::new());
    let whole = WORD_SAMPLES as u64 / 16;
    for (word, begins) in words.iter().zip((0..).step_by(whole as usize)) {
        let letters = word.chars().count() as u64;
        let lasts = whole / (letters + 1);
        chars.extend(word.chars().chain([' ']).map(String::from));
        starts.extend((0..=letters).map(|n| begins + n * lasts));
        durations.extend((0..letters).map(|_| lasts).chain([whole - letters * lasts]));
    }
    json!({"chars": chars, "charStartTimesMs": starts, "charDurationsMs": durations})
}

impl Protocol for Voice {
    fn hello(&mut self) -> Option<Value> {
        None
    }

    fn take(&mut self, message: &Value) -> Vec<Act> {
        let Some(object) = message.as_object() else { return vec![refusal("invalid_message")] };
        if object.keys().any(|key| !KEYS.contains(&key.as_str())) {
            return vec![refusal("invalid_message")];
        }
        if message["close_socket"] == true {
            return vec![Act::Close(1000)];
        }
        let context = message["context_id"].as_str().unwrap_or_default().to_owned();
        let text = message["text"].as_str();
        if message["close_context"] == true {
            // What was not flushed is not spoken any more.
            return match self.contexts.remove(&context) {
                Some(_) => {
                    let said = json!({"isFinal": true, "contextId": context});
                    vec![Act::Follow { context, said }]
                }
                None => vec![refusal("context_not_found")],
            };
        }
        let is_new = !self.contexts.contains_key(&context);
        match text {
            // It is kept alive; without a context, the connection.
            Some("") if is_new => {
                return if context.is_empty() { Vec::new() } else { vec![refusal("context_not_found")] };
            }
            Some(" ") if is_new && self.contexts.len() == MOST => return vec![refusal("max_active_conversations")],
            Some(" ") if is_new => drop(self.contexts.insert(context.clone(), String::new())),
            Some(_) | None if is_new => return vec![refusal("context_not_initialized")],
            Some(_) if !message["voice_settings"].is_null() => return vec![refusal("voice_settings_not_first")],
            Some(_) | None => {}
        }
        let Some(waiting) = self.contexts.get_mut(&context) else { return Vec::new() };
        waiting.push_str(text.unwrap_or_default());
        let is_due = message["flush"] == true || self.is_auto;
        if !is_due || waiting.trim().is_empty() {
            return Vec::new();
        }
        let text = std::mem::take(waiting);
        self.letters.expect(&text);
        vec![Act::Speak { context, text }]
    }

    fn before(&mut self) -> Vec<Value> {
        Vec::new()
    }

    /// With the times of its letters, which count from its own beginning.
    fn audio(&mut self, context: &str, word: &str, bytes: &[u8]) -> Value {
        let alignment = self.letters.with(word);
        let audio = if self.is_narrow { narrow(bytes) } else { bytes.to_vec() };
        json!({"audio": STANDARD.encode(audio), "isFinal": null, "contextId": context,
            "alignment": alignment, "normalizedAlignment": alignment})
    }

    fn after(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn error(&mut self) -> (Value, u16) {
        (error("internal_error"), 1011)
    }
}

/// 8 kHz mu-law of 16 kHz linear PCM.
fn narrow(bytes: &[u8]) -> Vec<u8> {
    let wide: Vec<i16> = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    let audio = resample::whole(&wide, 16_000, 8_000).expect("half is a ratio that it knows");
    let mut payload = vec![0; audio.len()];
    let made = Encoder::new(Codec::Pcmu).encode(&audio, &mut payload);
    payload.truncate(made);
    payload
}

fn refusal(what: &str) -> Act {
    Act::Refuse(error(what), 1008)
}

fn error(what: &str) -> Value {
    json!({"message": "simulated", "error": what, "code": 1008})
}
