//! Telnyx media streaming: JSON text frames with RTP payloads (without header) in base64.
//!
//! Traps (developers.telnyx.com, and public clients' defects): frames may come out of order, `chunk` orders them; each direction
//! has its own codec, what arrives is named in `start`; without mode `rtp` our audio is dropped without a word; the unit of
//! `timestamp` is not documented, so it is not used; the byte order of L16 differs between clients ([`super::byte_order`]).

use attendant_media::leg::Codec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::message::{Malformed, Media, Message, Number, Start, key, payload};

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Frame {
    Connected,
    Start {
        stream_id: Option<String>,
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
    Error {
        payload: Option<Complaint>,
    },
    Stop,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Begin {
    call_control_id: String,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    client_state: Option<String>,
    media_format: MediaFormat,
}

#[derive(Deserialize)]
struct MediaFormat {
    encoding: String,
    sample_rate: Option<Number>,
}

#[derive(Deserialize)]
struct Audio {
    #[serde(default)]
    track: Option<String>,
    chunk: Option<Number>,
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

#[derive(Deserialize)]
struct Complaint {
    code: Option<Value>,
}

/// Who rang whom, as our command said it; Telnyx hands it back in `start`. Numbers in `from` and `to` may be written otherwise.
#[derive(Debug, Serialize, Deserialize)]
pub struct ClientState {
    pub caller: String,
    pub dialled: String,
}

impl ClientState {
    /// Base64 of JSON, as the field wants it.
    pub fn encode(&self) -> String {
        STANDARD.encode(json!(self).to_string())
    }

    fn decode(text: &str) -> Option<Self> {
        serde_json::from_slice(&STANDARD.decode(text).ok()?).ok()
    }
}

/// The codecs Telnyx names and we speak.
pub fn codec(encoding: &str, rate: Option<u64>) -> Option<Codec> {
    match (encoding.to_ascii_uppercase().as_str(), rate) {
        ("PCMU", None | Some(8_000)) => Some(Codec::Pcmu),
        ("PCMA", None | Some(8_000)) => Some(Codec::Pcma),
        // Its RTP clock says 8 kHz, its audio is 16 kHz; both are seen.
        ("G722", None | Some(8_000 | 16_000)) => Some(Codec::G722),
        ("OPUS", _) => Some(Codec::Opus),
        // Network byte order until the ear says otherwise.
        ("L16", Some(rate @ (8_000 | 16_000 | 24_000))) => {
            Some(Codec::L16 { rate: u32::try_from(rate).ok()?, little_endian: false })
        }
        _ => None,
    }
}

/// Reads a text frame.
pub fn parse(text: &str) -> Result<Message, Malformed> {
    Ok(match serde_json::from_str(text).map_err(|_| Malformed::Json)? {
        Frame::Connected => Message::Connected,
        Frame::Start { stream_id, start } => {
            let format = &start.media_format;
            let codec = codec(&format.encoding, format.sample_rate.map(|n| n.0)).ok_or(Malformed::Codec)?;
            let state = start.client_state.as_deref().and_then(ClientState::decode);
            let (caller, dialled) = match state {
                Some(state) => (state.caller, state.dialled),
                None => (start.from.unwrap_or_default(), start.to.unwrap_or_default()),
            };
            Message::Start(Start {
                stream: stream_id.unwrap_or_default(),
                call: start.call_control_id,
                caller: caller.into(),
                dialled,
                codec,
            })
        }
        Frame::Media { media } if media.track.as_deref().is_none_or(|track| track.starts_with("inbound")) => {
            Message::Media(Media { chunk: media.chunk.map(|n| n.0), at_ms: None, payload: payload(&media.payload)? })
        }
        Frame::Dtmf { dtmf } => key(&dtmf.digit),
        Frame::Mark { mark } => Message::Mark(mark.name),
        Frame::Error { payload } => {
            let code = payload.and_then(|complaint| complaint.code);
            // A code is digits; what else comes is not repeated, it may quote the call.
            let code: String =
                code.map(|code| code.to_string()).unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
            Message::Failed { code: if code.is_empty() { "none".to_owned() } else { code } }
        }
        Frame::Stop => Message::Stop,
        Frame::Media { .. } | Frame::Other => Message::Other,
    })
}

/// One RTP payload for the caller: 20 ms (RTP mode).
pub fn media(audio: &[u8]) -> String {
    json!({"event": "media", "media": {"payload": STANDARD.encode(audio)}}).to_string()
}

/// Comes back once the audio before it has been played.
pub fn mark(name: &str) -> String {
    json!({"event": "mark", "mark": {"name": name}}).to_string()
}

/// Drops what was sent and not played.
pub fn clear() -> String {
    json!({"event": "clear"}).to_string()
}
