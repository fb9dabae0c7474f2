//! OpenAI's speech (`/v1/audio/speech`): a request for each clause, whose audio leaves as it comes, over connections that all calls share; the next
//! clause is asked for while one comes. 24 kHz linear PCM, brought to 16 kHz here. No times of words, so they are estimated.
//!
//! Facts: OpenAI's Python package 3.54.0 (`audio.speech`), as read on 2026-11-22.

mod config;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;

pub use config::{OpenAiVoiceConfig, OpenAiVoiceOwn};

use super::streamed::{Clauses, Connecting, Streamed, Vendor};
use crate::language::Language;
use crate::provider::account::{KeyIn, Posted};
use crate::provider::openai;
use crate::provider::warming::Warming;

const NAME: &str = "openai_tts";

const PATH: &str = "/audio/speech";

/// Of its `pcm`, says the package's page: always.
const THEIRS: u32 = 24_000;

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn voice(config: &OpenAiVoiceConfig, section: &str) -> Result<Streamed, String> {
    let key = KeyIn(AUTHORIZATION, "Bearer ");
    let mut posted = config.post(section, NAME, PATH, key, config.own.silence_ms.duration())?;
    posted.account = config.account_name(openai::VENDOR);
    Ok(Streamed::new(posted))
}

impl Vendor for Posted<OpenAiVoiceOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaker(&self, language: Language) -> Option<&str> {
        self.config.own.voice(language)
    }

    fn model(&self, _language: Language) -> &str {
        &self.config.own.model
    }

    /// Of `input`.
    fn longest(&self) -> Option<usize> {
        Some(4_096)
    }

    fn account(&self) -> Option<&str> {
        Some(&self.account)
    }

    fn keeps_connection(&self) -> bool {
        false
    }

    fn connect(self: Arc<Self>) -> Connecting {
        Clauses::connect(self, THEIRS, request)
    }

    fn warm(&self) -> Option<Warming> {
        Self::warm(self)
    }

    fn reach(self: Arc<Self>) -> BoxFuture<'static, bool> {
        Box::pin(async move { self.reached().await })
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }
}

fn request(posted: &Posted<OpenAiVoiceOwn>, language: Language, text: &str) -> (HeaderMap, String) {
    let own = &posted.config.own;
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    (headers, body(&own.model, own.voice(language).unwrap_or_default(), text))
}

/// The request for a piece.
fn body(model: &str, voice: &str, text: &str) -> String {
    json!({"model": model, "voice": voice, "input": text, "response_format": "pcm"}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, read};

    #[test]
    fn what_we_say_is_what_its_own_package_says() {
        let ours = read(&body("gpt-4o-mini-tts", "marin", "Dr. Wong, 你好。"));
        assert_eq!([ours], Golden::of("openai_tts").bodies()[..]);
    }
}
