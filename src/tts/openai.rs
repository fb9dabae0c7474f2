//! OpenAI's speech (`/v1/audio/speech`): a request for each clause, whose audio leaves as it comes, over connections that all calls share; the next
//! clause is asked for while one comes. 24 kHz linear PCM, brought to 16 kHz here. No times of words, so they are estimated.
//!
//! What was cancelled is left with its connection, as this interface is told to stop. Facts: OpenAI's Python package 3.54.0
//! (`audio.speech`), as read on 2026-11-22.

mod config;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use attendant_media::frame::RATE;
use attendant_media::resample::Resampler;
use futures_util::future::BoxFuture;
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;

pub use config::{OpenAiVoiceConfig, OpenAiVoiceOwn};

use super::streamed::{Connecting, MOST_PIECES, News, Pieces, Spoken, Streamed, Vendor, Wire};
use crate::language::Language;
use crate::provider::account::{KeyIn, Posted};
use crate::provider::warming::Warming;
use crate::provider::{ErrorKind, ProviderError, openai};

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

    fn model(&self) -> &str {
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

    /// Connections are the HTTP client's, which keeps the one that is made here.
    fn connect(self: Arc<Self>) -> Connecting {
        let warming = self.warm();
        Box::pin(async move {
            Ok(Box::new(Talk { posted: self, pieces: Pieces::new(), _warming: warming }) as Box<dyn Wire>)
        })
    }

    fn reach(self: Arc<Self>) -> BoxFuture<'static, bool> {
        Box::pin(async move { self.reached().await })
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }
}

/// The request for a piece.
fn body(model: &str, voice: &str, text: &str) -> String {
    json!({"model": model, "voice": voice, "input": text, "response_format": "pcm"}).to_string()
}

struct Talk {
    posted: Arc<Posted<OpenAiVoiceOwn>>,
    pieces: Pieces<Piece>,
    /// It goes with the session.
    _warming: Option<Warming>,
}

type Asking = Pin<Box<dyn Future<Output = Result<Response, ProviderError>> + Send>>;

struct Piece {
    posted: Arc<Posted<OpenAiVoiceOwn>>,
    progress: Progress,
}

/// How far one is.
enum Progress {
    Asked(Asking),
    Coming(Response, Ours),
}

impl Spoken for Piece {
    async fn next(&mut self) -> Result<News, ProviderError> {
        loop {
            match &mut self.progress {
                Progress::Asked(asking) => {
                    let response = asking.await?;
                    self.progress = Progress::Coming(response, Ours::new(&self.posted)?);
                }
                Progress::Coming(response, ours) => {
                    let more = self.posted.more(response).await?;
                    return Ok(more.map_or(News::Done, |bytes| News::Audio(ours.take(&bytes))));
                }
            }
        }
    }
}

#[async_trait]
impl Wire for Talk {
    fn takes(&mut self, _language: Language) -> bool {
        true
    }

    fn at_once(&self) -> usize {
        MOST_PIECES
    }

    async fn speak(&mut self, language: Language, text: &str) -> Result<(), ProviderError> {
        let body = body(self.posted.model(), self.posted.speaker(language).unwrap_or_default(), text);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let posted = self.posted.clone();
        let progress = Progress::Asked(Box::pin(async move { posted.ask(headers, body).await }));
        self.pieces.push(Piece { posted: self.posted.clone(), progress });
        Ok(())
    }

    async fn next(&mut self) -> Result<News, ProviderError> {
        self.pieces.next().await
    }

    fn forget(&mut self) -> bool {
        self.pieces.clear();
        true
    }

    async fn keep_alive(&mut self) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn close(self: Box<Self>) {}
}

/// Its audio at our rate, wherever it is cut.
struct Ours {
    resampler: Resampler,
    odd: Option<u8>,
}

impl Ours {
    fn new(posted: &Posted<OpenAiVoiceOwn>) -> Result<Self, ProviderError> {
        let wrong = |_| posted.failed(ErrorKind::Request, "has a rate that cannot be brought to ours");
        Ok(Self { resampler: Resampler::new(THEIRS, RATE).map_err(wrong)?, odd: None })
    }

    fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let bytes: Vec<u8> = self.odd.take().into_iter().chain(bytes.iter().copied()).collect();
        let (pairs, odd) = bytes.as_chunks::<2>();
        self.odd = odd.first().copied();
        let theirs: Vec<i16> = pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        let mut ours = vec![0; self.resampler.most(theirs.len())];
        let made = self.resampler.process(&theirs, &mut ours);
        ours[..made].iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }
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

    #[test]
    fn audio_is_brought_to_our_rate_wherever_it_is_cut() {
        let theirs: Vec<i16> = (0..24_000_i32).map(|n| ((n % 240 - 120) * 100) as i16).collect();
        let bytes: Vec<u8> = theirs.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let ours = |cut: usize| -> Vec<u8> {
            let mut ours = Ours { resampler: Resampler::new(THEIRS, RATE).unwrap(), odd: None };
            bytes.chunks(cut).flat_map(|piece| ours.take(piece)).collect()
        };
        let whole = ours(bytes.len());
        assert_eq!(whole.len(), 32_000, "a second");
        for cut in [1, 7, 4_801] {
            assert!(ours(cut) == whole, "{cut}");
        }
    }
}
