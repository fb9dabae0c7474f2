//! Plain streams: binary frames of 16 kHz, 16-bit, little-endian, mono PCM both ways, and small JSON text frames beside them.
//! Documented for others in docs/streams.md; a change here is a change there.

use attendant_media::leg::Codec;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::message::{Malformed, Media, Message, Start, key};

/// Samples a second.
pub const RATE: u32 = 16_000;

/// What both sides speak.
pub const CODEC: Codec = Codec::L16 { rate: RATE, little_endian: true };

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Start {
        #[serde(default)]
        caller: String,
        dialled: String,
    },
    Dtmf {
        digit: String,
    },
    Mark {
        name: String,
    },
    Stop,
    #[serde(other)]
    Other,
}

/// Reads a text frame.
pub fn parse(text: &str) -> Result<Message, Malformed> {
    Ok(match serde_json::from_str(text).map_err(|_| Malformed::Json)? {
        Frame::Start { caller, dialled } => Message::Start(Start {
            stream: String::new(),
            call: String::new(),
            caller: caller.into(),
            dialled,
            codec: CODEC,
        }),
        Frame::Dtmf { digit } => key(&digit),
        Frame::Mark { name } => Message::Mark(name),
        Frame::Stop => Message::Stop,
        Frame::Other => Message::Other,
    })
}

/// Reads a binary frame: any length of whole samples.
pub fn audio(payload: Bytes) -> Result<Message, Malformed> {
    if !payload.len().is_multiple_of(2) {
        return Err(Malformed::Odd);
    }
    Ok(Message::Media(Media { chunk: None, at_ms: None, payload }))
}

/// To be sent back once the audio before it has been played.
pub fn mark(name: &str) -> String {
    json!({"type": "mark", "name": name}).to_string()
}

/// What was sent and not played is to be dropped.
pub fn clear() -> String {
    json!({"type": "clear"}).to_string()
}

/// The call is over.
pub fn stop() -> String {
    json!({"type": "stop"}).to_string()
}
