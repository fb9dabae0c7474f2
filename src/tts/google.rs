//! Google's Text-to-Speech (Chirp 3: HD) over gRPC: a streaming call for each piece of text, over one connection a call, opened before it is
//! needed; 16 kHz linear PCM, no times of words, so they are estimated.
//!
//! Our side of a stream ends with its text, so Google's end of it is the end of the piece, and its limit of 5 s without a text is never
//! met. A piece that is cancelled is reset alone: the connection stays. Facts: the `google-cloud-texttospeech` Python package 2.38.0 and
//! Google's pages, as read on 2026-11-22.

mod config;
pub(crate) mod messages;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

pub use config::{GoogleVoiceConfig, GoogleVoiceOwn, locations};

use self::messages::{METHOD, StreamingSynthesizeResponse};
use super::streamed::{Connecting, News, Streamed, Vendor, Wire};
use crate::language::Language;
use crate::provider::google::ServiceAccount;
use crate::provider::grpc::{Answer, Channel, Line};
use crate::provider::{ErrorKind, ProviderError};

const NAME: &str = "google_tts";

/// Whose accounts these are, whatever they are used for.
const VENDOR: &str = "google";

/// Whose tokens these are for, wherever it is spoken.
const AUDIENCE: &str = "https://texttospeech.googleapis.com/";

/// As prices name them: of all its voices only these stream.
pub const MODEL: &str = "chirp3-hd";

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn voice(config: &GoogleVoiceConfig, section: &str) -> Result<Streamed, String> {
    let wrong = config.check(section);
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    let key = config.account.key.read_whole().and_then(|key| ServiceAccount::read(key.expose()));
    let account = key.map_err(|what| format!("{section}.key: {what}"))?;
    let base = Url::parse(&config.address()).map_err(|error| format!("{section}.location: {error}"))?;
    let channel =
        Channel::new(NAME, &base, config.account.ca.as_ref()).map_err(|what| format!("{section}.base_url: {what}"))?;
    let account_name = config.account_name(VENDOR);
    Ok(Streamed::new(Shared { config: config.clone(), account_name, account, channel }))
}

struct Shared {
    config: GoogleVoiceConfig,
    account_name: String,
    account: ServiceAccount,
    channel: Channel,
}

impl Vendor for Shared {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speaker(&self, language: Language) -> Option<&str> {
        self.config.own.voice(language)
    }

    fn model(&self) -> &str {
        MODEL
    }

    fn account(&self) -> Option<&str> {
        Some(&self.account_name)
    }

    fn connect(self: Arc<Self>) -> Connecting {
        Box::pin(async move {
            let line = self.channel.connect(self.config.own.connect_ms.duration()).await?;
            Ok(Box::new(Talk { shared: self, line, answer: None }) as Box<dyn Wire>)
        })
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }
}

struct Talk {
    shared: Arc<Shared>,
    line: Line,
    /// Of the present piece.
    answer: Option<Answer>,
}

#[async_trait]
impl Wire for Talk {
    async fn takes(&mut self, _language: Language) -> bool {
        self.line.is_up().await
    }

    async fn speak(&mut self, language: Language, text: &str) -> Result<(), ProviderError> {
        let Some(voice) = self.shared.speaker(language) else {
            return Err(failed(ErrorKind::Request, &format!("does not speak {language}")));
        };
        let headers = [self.shared.account.bearer(NAME, AUDIENCE)?];
        let (mut asking, answer) = self.line.call(METHOD, headers)?;
        self.answer = Some(answer);
        // Why it takes no more, its answer says.
        if asking.send(&messages::first(voice)).await.is_ok() && asking.send(&messages::input(text)).await.is_ok() {
            asking.end();
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<News, ProviderError> {
        let Some(answer) = &mut self.answer else { return std::future::pending().await };
        let said = answer.next::<StreamingSynthesizeResponse>().await?;
        Ok(said.map_or_else(
            || {
                self.answer = None;
                News::Done
            },
            |said| News::Audio(said.audio_content),
        ))
    }

    fn forget(&mut self) -> bool {
        // A call whose answer nobody reads is reset.
        self.answer = None;
        true
    }

    /// Whether it is still there is asked before each piece.
    async fn keep_alive(&mut self) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
