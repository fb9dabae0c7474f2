//! Twilio Media Streams: JSON text frames with mu-law, 8 kHz, base64. A binary frame towards Twilio is error 31950.
//!
//! Facts: twilio.com/docs/voice/media-streams/websocket-messages. Numbers come as strings. The caller's number and the number
//! dialled are custom parameters `caller` and `dialled`, which our own answer to the webhook sets.

use attendant_media::leg::Codec;
use serde::Deserialize;
use serde_json::json;

use super::message::{Malformed, Media, Message, Number, Start, key, payload};

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Frame {
    Connected,
    Start {
        start: Begin,
    },
    Media {
        media: Audio,
    },
    Dtmf {
        dtmf: Dtmf,
    },
    Mark {
        mark: Mark,
    },
    Stop,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begin {
    stream_sid: String,
    call_sid: String,
    #[serde(default)]
    custom_parameters: Parameters,
    media_format: MediaFormat,
}

#[derive(Default, Deserialize)]
struct Parameters {
    #[serde(default)]
    caller: String,
    #[serde(default)]
    dialled: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MediaFormat {
    encoding: String,
    sample_rate: Number,
}

#[derive(Deserialize)]
struct Audio {
    #[serde(default)]
    track: Option<String>,
    chunk: Option<Number>,
    timestamp: Option<Number>,
    payload: String,
}

#[derive(Deserialize)]
struct Dtmf {
    digit: String,
}

#[derive(Deserialize)]
struct Mark {
    name: String,
}

/// Reads a text frame.
pub fn parse(text: &str) -> Result<Message, Malformed> {
    Ok(match serde_json::from_str(text).map_err(|_| Malformed::Json)? {
        Frame::Connected => Message::Connected,
        Frame::Start { start } => {
            if start.media_format.encoding != "audio/x-mulaw" || start.media_format.sample_rate.0 != 8_000 {
                return Err(Malformed::Codec);
            }
            Message::Start(Start {
                stream: start.stream_sid,
                call: start.call_sid,
                caller: start.custom_parameters.caller.into(),
                dialled: start.custom_parameters.dialled,
                codec: Codec::Pcmu,
            })
        }
        Frame::Media { media } if media.track.as_deref().is_none_or(|track| track.starts_with("inbound")) => {
            Message::Media(Media {
                chunk: media.chunk.map(|n| n.0),
                at_ms: media.timestamp.map(|n| n.0),
                payload: payload(&media.payload)?,
            })
        }
        Frame::Dtmf { dtmf } => key(&dtmf.digit),
        Frame::Mark { mark } => Message::Mark(mark.name),
        Frame::Stop => Message::Stop,
        Frame::Media { .. } | Frame::Other => Message::Other,
    })
}

/// Audio for the caller: any length, Twilio buffers it.
pub fn media(stream: &str, audio: &[u8]) -> String {
    use base64::Engine as _;
    let payload = base64::engine::general_purpose::STANDARD.encode(audio);
    json!({"event": "media", "streamSid": stream, "media": {"payload": payload}}).to_string()
}

/// Comes back once the audio before it has been played, or cleared.
pub fn mark(stream: &str, name: &str) -> String {
    json!({"event": "mark", "streamSid": stream, "mark": {"name": name}}).to_string()
}

/// Drops what was sent and not played.
pub fn clear(stream: &str) -> String {
    json!({"event": "clear", "streamSid": stream}).to_string()
}
