//! What a media stream's frame says, in one shape for every carrier. Times in milliseconds since the stream began.

use attendant_media::leg::Codec;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error};

use crate::privacy::Pii;

/// A frame from the other side.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The greeting of the protocol, before `Start`.
    Connected,
    Start(Start),
    Media(Media),
    Dtmf(char),
    /// The name of a mark that has been played, or was cleared.
    Mark(String),
    Stop,
    /// The carrier's own complaint, by its code.
    Failed {
        code: String,
    },
    /// A kind we need not know, or the other party's track.
    Other,
}

/// How a stream begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Empty where the protocol has none.
    pub stream: String,
    /// The carrier's id of the call; empty where the protocol has none.
    pub call: String,
    pub caller: Pii<String>,
    pub dialled: String,
    /// What the other side sends, which may differ from what it takes.
    pub codec: Codec,
}

/// A chunk of audio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Counts the chunks; absent where frames cannot change places.
    pub chunk: Option<u64>,
    /// Absent where the carrier's times are not to be relied on.
    pub at_ms: Option<u64>,
    pub payload: Bytes,
}

/// The frame is not what the protocol allows. Never says what was in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("a frame is not the JSON of this protocol")]
    Json,
    #[error("a payload is not base64")]
    Base64,
    #[error("a binary frame, where the protocol has text only")]
    Binary,
    #[error("a codec that is not spoken here")]
    Codec,
    #[error("half a sample")]
    Odd,
}

/// A number that carriers write as a string, and their imitators as a number. Chunks and milliseconds of one call: larger than 32 bits
/// (49 days of milliseconds) is no number of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(pub(super) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text.trim().parse().map_err(D::Error::custom)?,
            serde_json::Value::Number(number) => {
                number.as_u64().ok_or_else(|| D::Error::custom("not a whole number"))?
            }
            _ => return Err(D::Error::custom("not a number")),
        };
        u32::try_from(number).map(|small| Self(small.into())).map_err(D::Error::custom)
    }
}

/// Base64 with or without its padding: carriers differ.
pub(super) fn payload(text: &str) -> Result<Bytes, Malformed> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).map(Bytes::from).map_err(|_| Malformed::Base64)
}

/// The key of a `dtmf` frame.
pub(super) fn key(digit: &str) -> Message {
    let mut chars = digit.trim().chars();
    match (chars.next().map(|c| c.to_ascii_uppercase()), chars.next()) {
        (Some(key @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Message::Dtmf(key),
        (Some(_) | None, _) => Message::Other,
    }
}
