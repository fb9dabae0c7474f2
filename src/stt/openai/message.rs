//! What OpenAI's recogniser says, and which of its errors end a session.
//!
//! "Most errors are recoverable and the session will stay open", says its package of `error`; a transcription that failed concerns one item.
//! What went wrong is known by its codes alone: a message may quote a caller.

use serde::Deserialize;

use super::failed;
use crate::provider::{self, ErrorKind, ProviderError};

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
pub(super) enum Message {
    #[serde(rename = "session.updated")]
    Updated,
    #[serde(rename = "input_audio_buffer.committed")]
    Committed { item_id: String },
    #[serde(rename = "conversation.item.input_audio_transcription.delta")]
    Delta {
        item_id: String,
        #[serde(default)]
        delta: Option<String>,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.completed")]
    Completed { item_id: String, transcript: String },
    #[serde(rename = "conversation.item.input_audio_transcription.failed")]
    Failed { item_id: String, error: Told },
    #[serde(rename = "error")]
    Error { error: Told },
    /// What a session is at first, items of the conversation, and whatever is new.
    #[serde(other)]
    Other,
}

pub(super) fn read(text: &str) -> Result<Message, ProviderError> {
    serde_json::from_str(text).map_err(|_| failed(ErrorKind::Server, "sent a message that cannot be read"))
}

/// An error, by its type and its code.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
}

impl Told {
    fn names(&self) -> (&str, &str) {
        (self.kind.as_deref().unwrap_or_default(), self.code.as_deref().unwrap_or_default())
    }

    pub(super) fn named(&self, what: &str) -> ProviderError {
        let (kind, code) = self.names();
        let told = provider::code(code).or_else(|| provider::code(kind)).unwrap_or("without a code");
        failed(kind_of(kind, code), &format!("{what}, {told}"))
    }

    /// Whether the session hears nothing after it: OpenAI itself has failed, the session's hour is over, or nobody may ask with this account.
    pub(super) fn ends_session(&self) -> bool {
        match self.names() {
            ("server_error", _) | (_, "server_error" | "session_expired") => true,
            (kind, code) => match kind_of(kind, code) {
                ErrorKind::Unauthorised | ErrorKind::Limited => true,
                ErrorKind::Connection
                | ErrorKind::Timeout
                | ErrorKind::Full
                | ErrorKind::Server
                | ErrorKind::Request
                | ErrorKind::Empty => false,
            },
        }
    }

    /// The commit came to less than an item: none will be heard.
    pub(super) fn is_empty_commit(&self) -> bool {
        self.names().1 == "input_audio_buffer_commit_empty"
    }

    /// There was nothing in the item that could be understood.
    pub(super) fn is_unintelligible(&self) -> bool {
        self.names().1 == "audio_unintelligible"
    }
}

/// By the codes of OpenAI's page on errors; the type says the rest.
fn kind_of(kind: &str, code: &str) -> ErrorKind {
    match (kind, code) {
        (_, "invalid_api_key") | ("authentication_error", _) => ErrorKind::Unauthorised,
        (_, "rate_limit_exceeded" | "insufficient_quota") | ("rate_limit_error" | "insufficient_quota", _) => {
            ErrorKind::Limited
        }
        // After an hour.
        (_, "session_expired") => ErrorKind::Connection,
        ("invalid_request_error", _) => ErrorKind::Request,
        (_, _) => ErrorKind::Server,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_went_wrong_keeps_its_code_and_not_its_words_and_ends_a_session_or_does_not() {
        for (kind, code, is, ends) in [
            ("invalid_request_error", "invalid_api_key", ErrorKind::Unauthorised, true),
            ("insufficient_quota", "insufficient_quota", ErrorKind::Limited, true),
            ("invalid_request_error", "session_expired", ErrorKind::Connection, true),
            ("invalid_request_error", "input_audio_buffer_commit_empty", ErrorKind::Request, false),
            ("invalid_request_error", "invalid_value", ErrorKind::Request, false),
            ("server_error", "Jane Roe said", ErrorKind::Server, true),
            ("something_new", "Jane Roe said", ErrorKind::Server, false),
        ] {
            let text = json!({"type": "error", "event_id": "e", "error": {"type": kind, "code": code, "message": "Jane Roe said"}});
            let Ok(Message::Error { error: told }) = read(&text.to_string()) else { panic!("{text}") };
            let error = told.named("an error message");
            assert!(error.kind == is && !error.what.contains("Jane"), "{code}: {error}");
            assert_eq!(told.ends_session(), ends, "{kind} {code}");
        }
        assert_eq!(read("<html>").unwrap_err().kind, ErrorKind::Server);
    }
}
