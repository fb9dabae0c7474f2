//! Sarvam's voices, for Punjabi first, over one WebSocket a call: 16 kHz linear PCM, no times of words, so they are estimated.
//!
//! Facts of the protocol: Sarvam's Python SDK 0.1.39 and the projects that use it, as read on 2026-11-21. A piece is ended by a flush, and
//! answered by an event `final`; there is no way to cancel but to leave ([`super::streamed`]).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use tokio_tungstenite::tungstenite::http::header::HeaderName;

use super::streamed::{Connecting, Messages, News, Streamed, Talk, Vendor};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::sarvam::{KEY, NAME, SarvamConfig, SarvamOwn, code, kind_of_close};
use crate::provider::{ErrorKind, ProviderError, kind_of_status};

/// Letters that make Sarvam begin before a flush: the least that it takes.
const MIN_BUFFER: u32 = 30;

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn voice(config: &SarvamConfig, section: &str) -> Result<Streamed, String> {
    reached(config, section).map(Streamed::new)
}

fn reached(config: &SarvamConfig, section: &str) -> Result<Reached<SarvamOwn>, String> {
    let mut reached = config.reach(section, NAME, "/text-to-speech/ws")?.closing(kind_of_close);
    let model = &config.own.tts_model;
    reached.address.query_pairs_mut().append_pair("model", model).append_pair("send_completion_event", "true");
    Ok(reached)
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Data,
}

#[derive(Debug, Default, Deserialize)]
struct Data {
    #[serde(default)]
    audio: Option<String>,
    #[serde(default)]
    event_type: Option<String>,
    #[serde(default)]
    code: Option<u16>,
}

impl Vendor for Reached<SarvamOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaker(&self, language: Language) -> Option<&str> {
        self.config.own.voice(language)
    }

    fn model(&self, _language: Language) -> &str {
        &self.config.own.tts_model
    }

    fn account(&self) -> Option<&str> {
        Some(&self.account)
    }

    fn longest(&self) -> Option<usize> {
        Some(2_500)
    }

    fn connect(self: Arc<Self>) -> Connecting {
        Box::pin(async move {
            let key = self.key(HeaderName::from_static(KEY), "")?;
            let deadline = self.config.own.connect_ms.duration();
            let link = self.connector.connect(&self.address, [key], deadline).await?;
            Ok(Talk::over(link, self))
        })
    }

    fn silence(&self) -> Duration {
        self.config.own.tts_silence_ms.duration()
    }
}

impl Messages for Reached<SarvamOwn> {
    fn prepare(&self, language: Language) -> Vec<String> {
        let data = json!({
            "language_code": code(language).unwrap_or("en-IN"),
            "speaker": self.speaker(language).unwrap_or_default(),
            "speech_sample_rate": 16_000,
            "output_audio_codec": "linear16",
            "min_buffer_size": MIN_BUFFER,
        });
        vec![json!({"type": "config", "data": data}).to_string()]
    }

    fn speak(&self, text: &str) -> Vec<String> {
        vec![json!({"type": "text", "data": {"text": text}}).to_string(), json!({"type": "flush"}).to_string()]
    }

    fn read(&self, message: &str) -> Result<News, ProviderError> {
        let unread = || failed(ErrorKind::Server, "sent a message that cannot be read");
        let message: Message = serde_json::from_str(message).map_err(|_| unread())?;
        match (message.kind.as_str(), message.data) {
            ("audio", Data { audio: Some(audio), .. }) => {
                let bytes = STANDARD.decode(audio).map_err(|_| unread())?;
                Ok(News::Audio(without_header(bytes)))
            }
            ("event", Data { event_type: Some(event), .. }) if event == "final" => Ok(News::Done),
            ("error", Data { code, .. }) => {
                let kind = code.map_or(ErrorKind::Server, kind_of_status);
                Err(failed(kind, &format!("an error message, {}", code.unwrap_or_default())))
            }
            _ => Ok(News::Nothing),
        }
    }

    fn keep_alive(&self) -> Option<String> {
        Some(json!({"type": "ping"}).to_string())
    }
}

/// Sarvam has been seen to put a WAV header before linear PCM.
fn without_header(mut bytes: Vec<u8>) -> Vec<u8> {
    const DATA: &[u8] = b"data";
    if bytes.starts_with(b"RIFF")
        && let Some(at) = bytes.windows(DATA.len()).take(256).position(|window| window == DATA)
    {
        // The name of the chunk, and its length.
        return bytes.split_off((at + 8).min(bytes.len()));
    }
    bytes
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::golden::{Golden, Place, read};

    fn shared() -> Reached<SarvamOwn> {
        rustls::crypto::ring::default_provider().install_default().ok();
        reached(&toml::from_str("key = { env = \"PATH\" }").unwrap(), "providers.sarvam").unwrap()
    }

    #[test]
    fn what_we_say_is_what_its_own_sdk_says() {
        let (shared, golden) = (shared(), Golden::of("sarvam_voice"));
        assert_eq!([Place::from(&shared.address)], golden.places()[..]);
        assert_eq!(golden.header(KEY), "KEY");
        let mut ours = shared.prepare(Language::Punjabi);
        ours.extend(shared.speak("ਸਤ ਸ੍ਰੀ ਅਕਾਲ।").into_iter().chain(shared.keep_alive()));
        let mut theirs = golden.texts();
        // The package says what is usual as well.
        let config = theirs[0]["data"].as_object_mut().unwrap();
        for usual in
            ["pitch", "pace", "loudness", "enable_preprocessing", "output_audio_bitrate", "max_chunk_length", "dict_id"]
        {
            assert!(config.remove(usual).is_some(), "{usual}");
        }
        assert_eq!(ours.iter().map(|text| read(text)).collect::<Vec<_>>(), theirs);
    }

    #[test]
    fn audio_is_read_with_and_without_a_header() {
        let mut wav = b"RIFF\x26\x00\x00\x00WAVEfmt \x10\x00\x00\x00".to_vec();
        wav.extend([0; 16]);
        wav.extend(b"data\x02\x00\x00\x00\x05\x06");
        for (bytes, read) in [(wav, vec![5, 6]), (vec![1, 2, 3, 4], vec![1, 2, 3, 4])] {
            let text = json!({"type": "audio", "data": {"content_type": "audio/wav", "audio": STANDARD.encode(bytes)}});
            assert_eq!(shared().read(&text.to_string()), Ok(News::Audio(read)));
        }
    }

    #[test]
    fn what_went_wrong_keeps_its_code_and_not_its_words() {
        let text = r#"{"type":"error","data":{"message":"Jane Roe said","code":429}}"#;
        let error = shared().read(text).unwrap_err();
        assert_eq!((error.kind, error.what.as_str()), (ErrorKind::Limited, "an error message, 429"));
        assert_eq!(shared().read("<html>").unwrap_err().kind, ErrorKind::Server);
    }
}
