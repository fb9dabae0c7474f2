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
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::http::header::{HeaderName, HeaderValue};
use url::Url;

use super::streamed::{self, Connecting, News, Vendor};
use super::{Capabilities, Input, Reports, Voice};
use crate::config::Secret;
use crate::costs::Paid;
use crate::language::Language;
use crate::provider::sarvam::{NAME, SarvamConfig, code, kind_of_close};
use crate::provider::socket::Connector;
use crate::provider::{ErrorKind, ProviderError, kind_of_status};

/// Letters that make Sarvam begin before a flush: the least that it takes.
const MIN_BUFFER: u32 = 30;

/// See the module header.
#[derive(Clone, Debug)]
pub struct SarvamVoice(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: SarvamConfig,
    address: Url,
    key: Secret,
    connector: Connector,
}

impl SarvamVoice {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &SarvamConfig, section: &str) -> Result<Self, String> {
        let wrong = config.check(section);
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let address = address(config).map_err(|error| format!("{section}.base_url: {error}"))?;
        let key = config.key.read().map_err(|what| format!("{section}.key: {what}"))?;
        let connector =
            Connector::new(NAME, &address, config.ca.as_ref()).map_err(|what| format!("{section}.base_url: {what}"))?;
        let connector = connector.closing(kind_of_close);
        Ok(Self(Arc::new(Shared { config: config.clone(), address, key, connector })))
    }
}

fn address(config: &SarvamConfig) -> Result<Url, url::ParseError> {
    let mut url = config.address("/text-to-speech/ws")?;
    url.query_pairs_mut().append_pair("model", &config.tts_model).append_pair("send_completion_event", "true");
    Ok(url)
}

impl Voice for SarvamVoice {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        self.0.config.voice(language).map(|_| Capabilities { exact_word_times: false })
    }

    fn timbre(&self, language: Language) -> String {
        let voice = self.0.config.voice(language).unwrap_or_default();
        format!("{NAME} {} {voice}", self.0.config.tts_model)
    }

    fn paid_as(&self, _language: Language) -> Option<Paid<'_>> {
        Some(Paid { provider: NAME, model: &self.0.config.tts_model })
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        streamed::open(self.0.clone(), reports)
    }
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

impl Vendor for Shared {
    fn name(&self) -> &'static str {
        NAME
    }

    fn connect(&self) -> Connecting {
        let (connector, address, deadline) = (self.connector.clone(), self.address.clone(), self.config.connect());
        let key = HeaderValue::try_from(self.key.expose());
        Box::pin(async move {
            let mut key = key.map_err(|_| failed(ErrorKind::Unauthorised, "the key has characters that no key has"))?;
            key.set_sensitive(true);
            connector.connect(&address, [(HeaderName::from_static("api-subscription-key"), key)], deadline).await
        })
    }

    fn prepare(&self, language: Language) -> Vec<String> {
        let data = json!({
            "language_code": code(language).unwrap_or("en-IN"),
            "speaker": self.config.voice(language).unwrap_or_default(),
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

    fn silence(&self) -> Duration {
        self.config.tts_silence()
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

    fn shared() -> Arc<Shared> {
        SarvamVoice::new(&toml::from_str("key = { env = \"PATH\" }").unwrap(), "providers.sarvam").unwrap().0
    }

    #[test]
    fn what_we_say_is_what_its_own_sdk_says() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let shared = shared();
        let mut all = vec![shared.address.to_string()];
        all.extend(shared.prepare(Language::Punjabi));
        all.extend(shared.speak("ਸਤ ਸ੍ਰੀ ਅਕਾਲ।"));
        all.extend(shared.keep_alive());
        insta::assert_snapshot!(all.join("\n"));
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
