//! What Flux sends over v2: its messages, as far as they are read.

use serde::Deserialize;

use crate::provider::{ErrorKind, ProviderError};
use crate::stt::deepgram::failed;

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Message {
    Connected,
    TurnInfo(TurnInfo),
    ConfigureFailure,
    Error {
        #[serde(default)]
        code: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct TurnInfo {
    pub(super) event: Kind,
    pub(super) turn_index: u64,
    pub(super) audio_window_start: f64,
    pub(super) audio_window_end: f64,
    pub(super) transcript: String,
    #[serde(default)]
    pub(super) words: Vec<Word>,
    #[serde(default)]
    pub(super) end_of_turn_confidence: f32,
    #[serde(default)]
    pub(super) trigger: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum Kind {
    StartOfTurn,
    Update,
    EagerEndOfTurn,
    TurnResumed,
    EndOfTurn,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct Word {
    #[serde(default)]
    pub(super) start: Option<f64>,
    #[serde(default)]
    pub(super) end: Option<f64>,
}

pub(super) fn read(text: &str) -> Result<Message, ProviderError> {
    serde_json::from_str(text).map_err(|_| failed(ErrorKind::Server, "sent a message that cannot be read"))
}
