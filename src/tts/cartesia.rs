//! Cartesia: sonic voices over one WebSocket a call; each utterance is a context of its own ([`super::contextual`]).
//!
//! Audio comes as 16 kHz linear PCM, words with exact times. Facts of the protocol: Cartesia's Python SDK (version 2026-08-14 of the
//! interface) and its pages, as read on 2026-11-21.

mod config;
mod request;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, HeaderName, HeaderValue};

pub use config::{CartesiaConfig, CartesiaOwn};

use super::contextual::{Connecting, Contextual, Format, Message, News, Part, Timed, Vendor};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::{ErrorKind, ProviderError, code, kind_of_status};
use request::{More, VERSION, cancel, speak};

const NAME: &str = "cartesia";

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn voice(config: &CartesiaConfig, section: &str) -> Result<Contextual, String> {
    config.reach(section, NAME, "/tts/websocket").map(Contextual::new)
}

#[derive(Debug, Deserialize)]
struct Said {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    context_id: Option<String>,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    word_timestamps: Option<Times>,
    #[serde(default)]
    status_code: Option<u16>,
    #[serde(default)]
    error_code: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Times {
    words: Vec<String>,
    start: Vec<f64>,
    end: Vec<f64>,
}

impl Times {
    fn timed(self) -> Vec<Timed> {
        let times = self.start.into_iter().zip(self.end);
        self.words.into_iter().zip(times).map(|(text, (from, to))| Timed { text, from, to }).collect()
    }
}

impl Vendor for Reached<CartesiaOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaker(&self, language: Language) -> Option<&str> {
        self.config.own.voice(language)
    }

    fn model(&self) -> &str {
        &self.config.own.model
    }

    fn account(&self) -> Option<&str> {
        Some(&self.account)
    }

    fn format(&self) -> Format {
        Format::Pcm16000
    }

    fn connect(&self, _language: Language) -> Connecting {
        let (connector, address, key) =
            (self.connector.clone(), self.address.clone(), self.key(AUTHORIZATION, "Bearer "));
        let deadline = self.config.own.connect_ms.duration();
        let version = (HeaderName::from_static("cartesia-version"), HeaderValue::from_static(VERSION));
        Box::pin(async move { connector.connect(&address, [key?, version], deadline).await })
    }

    fn usual(&self) -> Language {
        Language::default()
    }

    /// Every request says its language.
    fn speaks(&self, _connected: Language, _language: Language) -> bool {
        true
    }

    fn say(&self, language: Language, context: &str, part: Part<'_>) -> Vec<String> {
        let (text, more) = match part {
            Part::First(text) | Part::Next(text) => (text, More::Follows),
            Part::End => ("", More::Ends),
        };
        vec![speak(&self.config, language, context, text, more)]
    }

    fn cancel(&self, context: &str, _ended: bool) -> Option<String> {
        Some(cancel(context))
    }

    fn most_left(&self) -> usize {
        usize::MAX
    }

    fn read(&self, message: &str) -> Result<Message, ProviderError> {
        let unread = |what: &str| failed(ErrorKind::Server, what);
        let said: Said = serde_json::from_str(message).map_err(|_| unread("sent a message that cannot be read"))?;
        let news = match said.kind.as_str() {
            "chunk" => {
                let audio = STANDARD.decode(said.data.unwrap_or_default());
                Some(News::Audio(audio.map_err(|_| unread("sent audio that cannot be read"))?))
            }
            "timestamps" => Some(News::Words(said.word_timestamps.unwrap_or_default().timed())),
            "done" => Some(News::Done),
            "error" => {
                let told = said.error_code.as_deref().and_then(code).unwrap_or("without a code");
                let kind = said.status_code.map_or(ErrorKind::Server, kind_of_status);
                let what = format!("an error message, {} {told}", said.status_code.unwrap_or_default());
                Some(News::Failed(failed(kind, &what)))
            }
            _ => None,
        };
        Ok(Message { context: said.context_id, news: news.into_iter().collect() })
    }

    fn keep_alive(&self, _context: Option<&str>) -> Option<String> {
        None
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }

    fn late(&self) {
        metrics::counter!("cartesia_late_messages_total").increment(1);
    }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
