//! The text-to-speech protocol: a configuration first, then texts, which a flush has spoken.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::sim::mouth::{Act, Protocol};

const MODELS: [&str; 3] = ["bulbul:v2", "bulbul:v3", "bulbul:v4-flash"];
const LANGUAGES: [&str; 11] =
    ["bn-IN", "en-IN", "gu-IN", "hi-IN", "kn-IN", "ml-IN", "mr-IN", "od-IN", "pa-IN", "ta-IN", "te-IN"];

/// Every key that a configuration may have.
const KEYS: [&str; 14] = [
    "model",
    "language_code",
    "speaker",
    "pitch",
    "pace",
    "loudness",
    "temperature",
    "speech_sample_rate",
    "enable_preprocessing",
    "output_audio_codec",
    "output_audio_bitrate",
    "dict_id",
    "min_buffer_size",
    "max_chunk_length",
];

/// Characters of one text.
const LONGEST: usize = 2_500;

pub(super) struct Voice {
    configured: bool,
    /// Says when a piece is done.
    completes: bool,
    buffer: String,
}

pub(super) fn asked(query: &str) -> Result<Voice, String> {
    let mut completes = false;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("model", model) if MODELS.contains(&model) => {}
            ("send_completion_event", "true") => completes = true,
            ("send_completion_event", "false") => completes = false,
            _ => return Err(format!("{key}={value} is not supported")),
        }
    }
    Ok(Voice { configured: false, completes, buffer: String::new() })
}

impl Protocol for Voice {
    fn hello(&mut self) -> Option<Value> {
        None
    }

    fn take(&mut self, message: &Value) -> Vec<Act> {
        let data = &message["data"];
        match message["type"].as_str() {
            Some("config") => match wrong(data) {
                Some(what) => vec![refusal(what)],
                None => {
                    self.configured = true;
                    // What is in the buffer is spoken as it was configured before.
                    self.flush()
                }
            },
            Some("text" | "flush") if !self.configured => vec![refusal("the configuration comes first")],
            Some("text") => match data["text"].as_str() {
                Some(text) if !text.is_empty() && text.chars().count() <= LONGEST => {
                    self.buffer.push_str(text);
                    Vec::new()
                }
                Some(_) | None => vec![refusal("text is missing or too long")],
            },
            Some("flush") => self.flush(),
            Some("ping") => Vec::new(),
            Some(_) | None => vec![refusal("no message that is known")],
        }
    }

    fn before(&mut self) -> Vec<Value> {
        Vec::new()
    }

    fn audio(&mut self, _context: &str, _word: &str, bytes: &[u8]) -> Value {
        let audio = STANDARD.encode(bytes);
        json!({"type": "audio", "data": {"content_type": "audio/pcm", "audio": audio, "request_id": "simulated"}})
    }

    fn after(&mut self) -> Vec<Value> {
        let end = json!({"type": "event", "data": {"event_type": "final", "message": "simulated"}});
        if self.completes { vec![end] } else { Vec::new() }
    }

    fn error(&mut self) -> (Value, u16) {
        (error("simulated", 500), 1011)
    }
}

impl Voice {
    fn flush(&mut self) -> Vec<Act> {
        let text = std::mem::take(&mut self.buffer);
        if text.is_empty() { Vec::new() } else { vec![Act::speak(text)] }
    }
}

fn refusal(what: &str) -> Act {
    Act::Refuse(error(what, 422), 1003)
}

fn error(message: &str, code: u16) -> Value {
    json!({"type": "error", "data": {"message": message, "code": code, "request_id": "simulated"}})
}

/// What Sarvam would refuse in a configuration.
fn wrong(data: &Value) -> Option<&'static str> {
    let Some(object) = data.as_object() else { return Some("data is required") };
    if object.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Some("unknown field");
    }
    let is_name = |name: &str| !name.is_empty() && !name.contains(|c: char| c.is_uppercase());
    let checks = [
        (
            data["language_code"].as_str().is_some_and(|code| LANGUAGES.contains(&code)),
            "language_code is not supported",
        ),
        (data["speaker"].as_str().is_some_and(is_name), "speaker is not supported"),
        (data["speech_sample_rate"] == 16_000, "only 16 kHz is simulated"),
        (data["output_audio_codec"] == "linear16", "only linear16 is simulated"),
        (
            data["min_buffer_size"].as_u64().is_none_or(|size| (30..=200).contains(&size)),
            "min_buffer_size is out of range",
        ),
    ];
    checks.into_iter().find(|(good, _)| !good).map(|(_, what)| what)
}
