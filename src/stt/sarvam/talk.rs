//! What is said on a connection to Sarvam's recogniser, and what its messages mean.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::Samples;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::http::header::HeaderName;

use super::{failed, request};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::sarvam::{KEY, NAME, SarvamOwn, code};
use crate::provider::socket::{Incoming, Link};
use crate::provider::{self, ErrorKind, ProviderError, kind_of_status};
use crate::stt::told::{Changed, Connecting, News, Said, Talk, Vendor, begun};
use crate::stt::{Hints, Setup};

/// Sarvam gives none.
const CONFIDENCE: f32 = 1.0;

impl Vendor for Reached<SarvamOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn model(&self) -> &str {
        &self.config.own.stt_model
    }

    fn account(&self) -> &str {
        &self.account
    }

    fn knows(&self, language: Language) -> bool {
        self.config.own.is_to_hear(language)
    }

    fn silence(&self) -> Duration {
        self.config.own.stt_silence_ms.duration()
    }

    fn connect(self: Arc<Self>, setup: Setup) -> Connecting {
        Box::pin(async move { Ok((connect(&self, &setup).await?, Box::new(Realtime) as Box<dyn Talk>)) })
    }
}

async fn connect(shared: &Reached<SarvamOwn>, setup: &Setup) -> Result<Link, ProviderError> {
    let code = known(setup.language)?;
    let patience = shared.config.own.connect_ms.duration();
    let deadline = Instant::now() + patience;
    let url = request::address(&shared.config, &shared.address, code, &setup.hints);
    let key = shared.key(HeaderName::from_static(KEY), "")?;
    let mut link = shared.connector.connect(&url, [key], patience).await?;
    let has_begun = |text: &str| match read(text)? {
        Message::Begin => Ok(Some(())),
        Message::Error(error) => Err(error.named()),
        Message::Partial { .. } | Message::Final { .. } | Message::Pong | Message::Other => Ok(None),
    };
    let late = |_| failed(ErrorKind::Timeout, "connected, and not ready in time");
    timeout_at(deadline, begun(&mut link, has_begun)).await.map_err(late)??;
    Ok(link)
}

fn known(language: Language) -> Result<&'static str, ProviderError> {
    code(language).ok_or_else(|| failed(ErrorKind::Request, &format!("does not know {language}")))
}

#[derive(Debug, Deserialize)]
#[serde(tag = "event")]
enum Message {
    #[serde(rename = "session.begin")]
    Begin,
    #[serde(rename = "transcript.partial")]
    Partial { utterance_idx: u32, text: String },
    #[serde(rename = "transcript.final")]
    Final { utterance_idx: u32, text: String },
    #[serde(rename = "pong")]
    Pong,
    #[serde(rename = "error")]
    Error(Told),
    /// What was configured, the end of a session, and whatever is new.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Told {
    code: String,
    is_fatal: bool,
    #[serde(default)]
    status_code: Option<u16>,
}

impl Told {
    fn named(&self) -> ProviderError {
        let kind = self.status_code.map_or(ErrorKind::Server, kind_of_status);
        let told = provider::code(&self.code).unwrap_or("without a code");
        failed(kind, &format!("an error message, {told}"))
    }
}

fn read(text: &str) -> Result<Message, ProviderError> {
    serde_json::from_str(text).map_err(|_| failed(ErrorKind::Server, "sent a message that cannot be read"))
}

/// It keeps nothing: Sarvam numbers utterances as we do.
struct Realtime;

impl Talk for Realtime {
    fn begin(&mut self, _number: u32, _at: Samples) -> Vec<Said> {
        vec![Said::Text(request::plain("speech_start"))]
    }

    fn audio(&mut self, samples: &[i16]) -> Vec<Said> {
        vec![Said::Text(request::audio(samples))]
    }

    fn end(&mut self) -> Vec<Said> {
        vec![Said::Text(request::plain("speech_end"))]
    }

    fn hints(&mut self, hints: &Hints) -> Vec<Said> {
        vec![Said::Text(request::likely(hints))]
    }

    fn language(&mut self, language: Language) -> Result<Changed, ProviderError> {
        Ok(Changed::Here(vec![Said::Text(request::language(known(language)?))]))
    }

    fn ping(&self) -> Option<String> {
        Some(request::plain("ping"))
    }

    fn bye(&self) -> Option<String> {
        Some(request::plain("end"))
    }

    fn read(&mut self, incoming: Incoming) -> Result<News, ProviderError> {
        let Incoming::Text(text) = incoming else { return Ok(News::Nothing) };
        match read(&text)? {
            Message::Partial { utterance_idx: number, text } => Ok(News::Partial { number, text, stable: 0 }),
            Message::Final { utterance_idx: number, text } => Ok(News::Final { number, text, confidence: CONFIDENCE }),
            Message::Pong => Ok(News::Pong),
            Message::Error(told) if told.is_fatal => Err(told.named()),
            Message::Error(told) => {
                let error = told.named();
                tracing::warn!(%error, "goes on without what was asked for");
                Ok(News::Nothing)
            }
            Message::Begin | Message::Other => Ok(News::Nothing),
        }
    }
}
