//! Qwen3-TTS realtime at Alibaba's Model Studio, for Mandarin and Cantonese first, over one WebSocket a call: 16 kHz linear PCM, no times of words,
//! so they are estimated.
//!
//! Facts of the protocol: the dashscope Python SDK 2.0.2 and Model Studio's pages on its events, as read on 2026-11-21. A piece is
//! committed by us (`mode` commit) and answered by a response of its own, which ends with `response.done`. The SDK can send
//! `response.cancel`, of which the pages say nothing: what was cancelled is left with its connection ([`super::streamed`]).

mod config;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use uuid::Uuid;

pub use config::{QwenConfig, QwenOwn};

use super::streamed::{Connecting, Messages, News, Streamed, Talk, Vendor};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::{ErrorKind, ProviderError, code};

const NAME: &str = "qwen";

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn voice(config: &QwenConfig, section: &str) -> Result<Streamed, String> {
    reached(config, section).map(Streamed::new)
}

fn reached(config: &QwenConfig, section: &str) -> Result<Reached<QwenOwn>, String> {
    let mut reached = config.reach(section, NAME, "/api-ws/v1/realtime")?;
    reached.address.query_pairs_mut().clear().append_pair("model", &config.own.model);
    Ok(reached)
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    delta: Option<String>,
    #[serde(default)]
    response: Option<Response>,
    #[serde(default)]
    error: Option<Told>,
}

#[derive(Debug, Deserialize)]
struct Response {
    #[serde(default)]
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Told {
    #[serde(default)]
    code: Option<String>,
}

impl Vendor for Reached<QwenOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaker(&self, language: Language) -> Option<&str> {
        self.config.own.voice(language)
    }

    fn model(&self, _language: Language) -> &str {
        &self.config.own.model
    }

    /// Of its flash models (Model Studio's page).
    fn longest(&self) -> Option<usize> {
        Some(600)
    }

    fn account(&self) -> Option<&str> {
        Some(&self.account)
    }

    /// A Chinese character counts as two (Alibaba's page on the billing of its voices, as read on 2026-11-22).
    fn characters(&self, text: &str) -> u64 {
        super::characters_with_han_twice(text)
    }

    fn connect(self: Arc<Self>) -> Connecting {
        Box::pin(async move {
            let key = self.key(AUTHORIZATION, "Bearer ")?;
            let deadline = self.config.own.connect_ms.duration();
            let link = self.connector.connect(&self.address, [key], deadline).await?;
            Ok(Talk::over(link, self))
        })
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }
}

impl Messages for Reached<QwenOwn> {
    fn prepare(&self, language: Language) -> Vec<String> {
        let session = json!({
            "voice": self.speaker(language).unwrap_or_default(),
            "mode": "commit",
            "response_format": "pcm",
            "sample_rate": 16_000,
            "language_type": config::spoken(language).unwrap_or("Auto"),
        });
        vec![json!({"event_id": event_id(), "type": "session.update", "session": session}).to_string()]
    }

    fn speak(&self, text: &str) -> Vec<String> {
        vec![
            json!({"event_id": event_id(), "type": "input_text_buffer.append", "text": text}).to_string(),
            json!({"event_id": event_id(), "type": "input_text_buffer.commit"}).to_string(),
        ]
    }

    fn read(&self, message: &str) -> Result<News, ProviderError> {
        let unread = || failed(ErrorKind::Server, "sent a message that cannot be read");
        let message: Message = serde_json::from_str(message).map_err(|_| unread())?;
        match message.kind.as_str() {
            "response.audio.delta" => {
                let audio = message.delta.as_deref().and_then(|delta| STANDARD.decode(delta).ok());
                audio.map(News::Audio).ok_or_else(unread)
            }
            "response.done" => match message.response.and_then(|response| response.status) {
                Some(status) if status == "failed" => Err(failed(ErrorKind::Server, "its response failed")),
                Some(_) | None => Ok(News::Done),
            },
            "error" => {
                let told = message.error.and_then(|error| error.code);
                let told = told.as_deref().and_then(code).unwrap_or("without a code");
                Err(failed(kind_of(told), &format!("an error message, {told}")))
            }
            _ => Ok(News::Nothing),
        }
    }

    fn keep_alive(&self) -> Option<String> {
        None
    }
}

/// Every message has an id of its own within its connection.
fn event_id() -> String {
    format!("event_{}", Uuid::new_v4().simple())
}

/// Model Studio's error codes by their parts: `InvalidApiKey`, `Throttling.RateQuota`, `Arrearage`, `invalid_value`.
fn kind_of(code: &str) -> ErrorKind {
    let code = code.to_ascii_lowercase().replace('_', "");
    let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
    if has(&["apikey", "unauthorized", "accessdenied"]) {
        ErrorKind::Unauthorised
    } else if has(&["throttling", "ratelimit", "quota", "arrearage"]) {
        ErrorKind::Limited
    } else if has(&["invalid", "notfound", "unsupported"]) {
        ErrorKind::Request
    } else {
        ErrorKind::Server
    }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, Place, read};

    fn shared() -> Reached<QwenOwn> {
        rustls::crypto::ring::default_provider().install_default().ok();
        reached(&toml::from_str("key = { env = \"PATH\" }").unwrap(), "providers.qwen").unwrap()
    }

    #[test]
    fn what_we_say_is_what_its_own_sdk_says() {
        let (shared, golden) = (shared(), Golden::of("qwen"));
        assert_eq!([Place::from(&shared.address)], golden.places()[..]);
        let said = shared.prepare(Language::Cantonese).into_iter().chain(shared.speak("你好。"));
        let ours = said.map(|message| {
            let mut message = read(&message);
            let id = message["event_id"].take();
            assert!(id.as_str().is_some_and(|id| id.len() == 38 && id.starts_with("event_")), "{id}");
            message["event_id"] = "event_ID".into();
            message
        });
        assert_eq!(ours.collect::<Vec<_>>(), golden.texts());
    }

    #[test]
    fn a_chinese_character_is_billed_as_two_and_a_mark_as_one() {
        assert_eq!(shared().characters("你好，Dr Wong。"), 13);
    }

    #[test]
    fn what_went_wrong_keeps_its_code_and_not_its_words() {
        for (code, kind) in [
            ("InvalidApiKey", ErrorKind::Unauthorised),
            ("Throttling.RateQuota", ErrorKind::Limited),
            ("invalid_value", ErrorKind::Request),
            ("InternalError.Algo", ErrorKind::Server),
            ("Jane Roe said", ErrorKind::Server),
        ] {
            let text = json!({"type": "error", "error": {"code": code, "message": "Jane Roe said"}}).to_string();
            let error = shared().read(&text).unwrap_err();
            assert!(error.kind == kind && !error.what.contains("Jane"), "{code}: {error}");
        }
        assert_eq!(shared().read("<html>").unwrap_err().kind, ErrorKind::Server);
    }
}
