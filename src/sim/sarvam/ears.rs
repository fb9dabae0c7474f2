//! The realtime speech-to-text protocol with `endpointing=manual`: the client begins and ends utterances; partials every 300 ms of audio, and
//! a final for each that is ended, after the scripted delay.

use std::time::Duration;

use axum::extract::ws::Message as Frame;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::sim::ear::Ear;
use crate::sim::fault::{Fault, Strike};
use crate::sim::listening::{Act, Protocol};
use crate::sim::pace::Pace;

/// Partials come so often: 300 ms of audio.
const PARTIAL: u64 = 4_800;

const LANGUAGES: [&str; 4] = ["auto", "en-IN", "hi-IN", "pa-IN"];
const MODES: [&str; 5] = ["transcribe", "translate", "verbatim", "translit", "codemix"];

/// What Sarvam would refuse in the query.
pub(super) fn asked(query: &str) -> Result<(), String> {
    let (mut language, mut v4, mut keyterms) = (false, false, false);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("language_code", code) if LANGUAGES.contains(&code) => language = true,
            ("model", "saaras:v4") => v4 = true,
            ("mode", mode) if MODES.contains(&mode) => {}
            ("model", "saaras:v3-realtime")
            | ("stream_type", "fast" | "balanced" | "simulated")
            | ("endpointing", "manual")
            | ("encoding", "linear16")
            | ("sample_rate", "16000")
            | ("prompt", _) => {}
            ("keyterms", terms) if is_terms(terms) => keyterms = true,
            _ => return Err(format!("{key}={value} is not supported")),
        }
    }
    match (language, v4 || !keyterms) {
        (false, _) => Err("language_code is required".into()),
        (true, false) => Err("keyterms are for saaras:v4".into()),
        (true, true) => Ok(()),
    }
}

fn is_terms(terms: &str) -> bool {
    serde_json::from_str::<Vec<String>>(terms)
        .is_ok_and(|terms| terms.len() <= 50 && terms.iter().all(|term| term.chars().count() <= 64))
}

/// One that the client has begun and not ended.
struct Utterance {
    number: u32,
    ear: Ear,
    words: Vec<String>,
    partial_at: u64,
}

impl Utterance {
    fn text(&self) -> String {
        self.words.join(" ")
    }

    fn partial(&self) -> Value {
        json!({"event": "transcript.partial", "utterance_idx": self.number, "text": self.text()})
    }
}

pub(super) struct Ears {
    /// What is wrong with the query: it is said on the connection.
    asked: Result<(), String>,
    pace: Pace,
    strike: Strike,
    begun: u32,
    open: Option<Utterance>,
}

impl Ears {
    pub(super) const fn new(asked: Result<(), String>, pace: Pace, strike: Strike) -> Self {
        Self { asked, pace, strike, begun: 0, open: None }
    }

    fn audio(&mut self, bytes: &[u8]) -> Vec<Act> {
        let Some(open) = &mut self.open else { return Vec::new() };
        open.words.extend(open.ear.hear(bytes).into_iter().map(|word| word.text));
        if open.ear.heard() < open.partial_at || open.words.is_empty() {
            return Vec::new();
        }
        open.partial_at = open.ear.heard() + PARTIAL;
        vec![words(Duration::ZERO, &open.partial())]
    }

    fn end(&mut self) -> Vec<Act> {
        let Some(mut open) = self.open.take() else { return Vec::new() };
        open.words.extend(open.ear.finish().map(|word| word.text));
        if self.strike.is(Fault::Unanswered) {
            self.strike.felt(0);
            return if open.words.is_empty() { Vec::new() } else { vec![words(Duration::ZERO, &open.partial())] };
        }
        let delay = self.pace.draw();
        let said = json!({"event": "transcript.final", "utterance_idx": open.number, "text": open.text()});
        let mut acts = vec![words(delay, &said)];
        if self.strike.is(Fault::Disorder) && !open.words.is_empty() {
            self.strike.felt(0);
            // What was heard first is said last.
            open.words.truncate(1);
            acts.push(words(delay, &open.partial()));
        }
        acts
    }
}

impl Protocol for Ears {
    fn hello(&mut self) -> Vec<Act> {
        match &self.asked {
            Ok(()) => {
                let config = json!({"turn_detection": "manual"});
                vec![Act::Greet(text(&json!({"event": "session.begin", "request_id": "simulated", "config": config})))]
            }
            Err(what) => vec![refusal(what)],
        }
    }

    fn take(&mut self, frame: &Frame) -> Vec<Act> {
        let Frame::Text(said) = frame else { return vec![Act::Close(1003)] };
        let message: Value = serde_json::from_str(said.as_str()).unwrap_or_default();
        match message["event"].as_str() {
            Some("speech_start") => {
                let ended = self.end();
                let ear = Ear::of(self.strike.clone());
                self.open = Some(Utterance { number: self.begun, ear, words: Vec::new(), partial_at: PARTIAL });
                self.begun += 1;
                ended
            }
            Some("audio_input") => {
                let bytes = message["audio"].as_str().and_then(|audio| STANDARD.decode(audio).ok());
                match bytes.filter(|bytes| bytes.len() % 2 == 0 && !bytes.is_empty()) {
                    Some(bytes) => self.audio(&bytes),
                    None => vec![refusal("audio cannot be read")],
                }
            }
            Some("speech_end" | "flush") => self.end(),
            Some("config.update") => {
                let fields = message.as_object().into_iter().flat_map(|fields| fields.keys());
                let applied: Vec<&String> = fields.filter(|key| *key != "event").collect();
                vec![Act::Say(Duration::ZERO, text(&json!({"event": "config.updated", "applied": applied})))]
            }
            Some("ping") => vec![Act::Say(Duration::ZERO, text(&json!({"event": "pong"})))],
            Some("end") => vec![Act::Close(1000)],
            Some(_) | None => vec![refusal("no event that is known")],
        }
    }

    fn error(&mut self) -> (Frame, u16) {
        (text(&error("simulated", 500)), 1011)
    }
}

/// Words, if it has any: a final may be empty.
fn words(delay: Duration, said: &Value) -> Act {
    let has_words = said["text"].as_str().is_some_and(|text| !text.is_empty());
    match (has_words, said["event"] == "transcript.final") {
        (false, _) => Act::Say(delay, text(said)),
        (true, false) => Act::Answer(delay, text(said)),
        (true, true) => Act::Last(delay, text(said)),
    }
}

fn text(said: &Value) -> Frame {
    Frame::Text(said.to_string().into())
}

fn refusal(what: &str) -> Act {
    Act::Refuse(text(&error(what, 400)), 4000)
}

fn error(message: &str, status: u16) -> Value {
    json!({"event": "error", "code": "simulated", "is_fatal": true, "message": message, "status_code": status})
}
