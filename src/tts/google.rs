//! Google's Text-to-Speech (Chirp 3: HD) over gRPC: a streaming call for each piece of text, over one connection a call, opened before it is
//! needed; 16 kHz linear PCM, no times of words, so they are estimated.
//!
//! Our side of a stream ends with its text, so Google's end of it is the end of the piece, and its limit of 5 s without a text is never
//! met. The next piece is asked for while one comes. A piece that is cancelled is reset alone: the connection stays. Facts: the `google-cloud-texttospeech` Python package 2.38.0 and
//! Google's pages, as read on 2026-11-22.

mod config;
pub(crate) mod messages;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use url::Url;

pub use config::{GoogleVoiceConfig, GoogleVoiceOwn, locations};

use self::messages::{METHOD, StreamingSynthesizeResponse};
use super::streamed::{Connecting, MOST_PIECES, News, Pieces, Spoken, Streamed, Vendor, Wire};
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

    fn model(&self, _language: Language) -> &str {
        MODEL
    }

    /// 5,000 bytes, and no character has more than four.
    fn longest(&self) -> Option<usize> {
        Some(5_000 / 4)
    }

    fn account(&self) -> Option<&str> {
        Some(&self.account_name)
    }

    fn connect(self: Arc<Self>) -> Connecting {
        Box::pin(async move {
            let line = self.channel.connect(self.config.own.connect_ms.duration()).await?;
            Ok(Box::new(Talk { shared: self, line, pieces: Pieces::new() }) as Box<dyn Wire>)
        })
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }
}

struct Talk {
    shared: Arc<Shared>,
    line: Line,
    pieces: Pieces<Piece>,
}

struct Piece {
    /// The text on its way, until it is sent.
    asking: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    answer: Answer,
}

impl Spoken for Piece {
    async fn next(&mut self) -> Result<News, ProviderError> {
        loop {
            let said = match &mut self.asking {
                Some(asking) => tokio::select! {
                    biased;
                    said = self.answer.next::<StreamingSynthesizeResponse>() => said?,
                    () = asking => {
                        self.asking = None;
                        continue;
                    }
                },
                None => self.answer.next::<StreamingSynthesizeResponse>().await?,
            };
            return Ok(said.map_or(News::Done, |said| News::Audio(said.audio_content)));
        }
    }
}

#[async_trait]
impl Wire for Talk {
    fn takes(&mut self, _language: Language) -> bool {
        self.line.is_ready()
    }

    fn at_once(&self) -> usize {
        MOST_PIECES
    }

    async fn speak(&mut self, language: Language, text: &str) -> Result<(), ProviderError> {
        let Some(voice) = self.shared.speaker(language) else {
            return Err(failed(ErrorKind::Request, &format!("does not speak {language}")));
        };
        let headers = [self.shared.account.bearer(NAME, AUDIENCE)?];
        let (mut asking, answer) = self.line.call(METHOD, headers)?;
        let (first, input) = (messages::first(voice), messages::input(text));
        // Nobody waits here for room on the connection. Why it takes no more, its answer says, or its silence.
        let asking = async move {
            if asking.send(&first).await.is_ok() && asking.send(&input).await.is_ok() {
                asking.end();
            } else {
                std::future::pending::<()>().await;
            }
        };
        self.pieces.push(Piece { asking: Some(Box::pin(asking)), answer });
        Ok(())
    }

    async fn next(&mut self) -> Result<News, ProviderError> {
        self.pieces.next().await
    }

    fn forget(&mut self) -> bool {
        // A call whose answer nobody reads is reset.
        self.pieces.clear();
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
