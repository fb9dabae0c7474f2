//! Azure's speech service over REST: a request for each clause, answered with 16 kHz linear PCM. All five languages, Cantonese among
//! them; no times of words, so they are estimated.
//!
//! Requests share one pool of connections. A piece that is late, empty or refused is an error with a name; who speaks instead is the
//! call's decision. Facts: Azure's REST reference and the projects that use it, as read on 2026-11-21.

mod config;
mod ssml;

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::{Client, RequestBuilder, Response};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use url::Url;

pub use config::{AzureConfig, AzureOwn, regions};

use super::pieces::{self, Speaker, Speaking};
use super::{Capabilities, Input, Reports, Voice};
use crate::config::Secret;
use crate::costs::Paid;
use crate::language::Language;
use crate::provider::{ErrorKind, ProviderError, kind_of_status, retry_after, tls, warming};

const NAME: &str = "azure";

/// Of `[providers]`, where its prices name it.
const SECTION: &str = "azure_speech";

/// The format that needs no resampling.
const FORMAT: &str = "raw-16khz-16bit-mono-pcm";

/// Audio of one clause: 60 s.
const LONGEST: usize = 60 * 32_000;

/// An idle connection is kept for the next clause, of this call or another.
const KEPT: Duration = Duration::from_secs(90);

/// See the module header.
#[derive(Clone, Debug)]
pub struct Azure(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: AzureConfig,
    account_name: String,
    address: Url,
    key: Secret,
    http: Client,
}

impl Azure {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &AzureConfig, section: &str) -> Result<Self, String> {
        let wrong = config.check(section);
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        let address =
            config::endpoint(&config.address()).ok_or_else(|| format!("{section}.base_url: no HTTP address"))?;
        let key = config.account.key.read().map_err(|what| format!("{section}.key: {what}"))?;
        let http = Client::builder()
            .connect_timeout(config.own.silence_ms.duration())
            .pool_idle_timeout(KEPT)
            .tcp_nodelay(true);
        let http = tls::http(http, config.account.ca.as_ref())
            .map_err(|what| format!("{section}.ca: {what}"))?
            .build()
            .map_err(|error| format!("{section}: no HTTP client: {error}"))?;
        let account_name = config.account_name(NAME);
        Ok(Self(Arc::new(Shared { config: config.clone(), account_name, address, key, http })))
    }
}

impl Voice for Azure {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { exact_word_times: false })
    }

    fn timbre(&self, language: Language) -> String {
        format!("{NAME} {}", self.0.config.own.voice(language))
    }

    fn paid_as(&self, language: Language) -> Option<Paid<'_>> {
        Some(Paid { provider: SECTION, model: self.0.config.own.voice(language) })
    }

    /// A Chinese character counts as two (Azure's pricing note, as read on 2026-11-21). The elements that carry a text are free.
    fn characters(&self, text: &str) -> u64 {
        super::characters_with_han_twice(text)
    }

    fn account(&self) -> Option<&str> {
        Some(&self.0.account_name)
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        pieces::open(Arc::new(OneSpeaker(self.0.clone())), reports)
    }

    fn open_ahead(&self, _language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
        // A key that cannot be sent is told of with the first clause.
        self.0.authorised(self.0.http.head(self.0.address.clone())).map(warming::connect).ok();
        self.open(reports)
    }
}

impl Shared {
    fn authorised(&self, request: RequestBuilder) -> Result<RequestBuilder, ProviderError> {
        let mut key = HeaderValue::try_from(self.key.expose())
            .map_err(|_| failed(ErrorKind::Unauthorised, "the key has characters that no key has"))?;
        key.set_sensitive(true);
        Ok(request.header("Ocp-Apim-Subscription-Key", key).header(USER_AGENT, "attendant"))
    }
}

#[derive(Debug)]
struct OneSpeaker(Arc<Shared>);

impl Speaker for OneSpeaker {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speak(&self, text: String, language: Language) -> Speaking {
        let shared = self.0.clone();
        Box::pin(async move {
            let body = ssml::speak(&text, language, shared.config.own.voice(language));
            let request = shared
                .authorised(shared.http.post(shared.address.clone()))?
                .header(CONTENT_TYPE, "application/ssml+xml")
                .header("X-Microsoft-OutputFormat", FORMAT)
                .body(body);
            let silence = shared.config.own.silence_ms.duration();
            match timeout(silence, request.send()).await {
                Ok(Ok(response)) if response.status().is_success() => {
                    let audio = read(response, silence).await?;
                    let is_mute = audio.is_empty() && text.chars().any(char::is_alphanumeric);
                    if is_mute { Err(failed(ErrorKind::Empty, "is done without a sound")) } else { Ok(audio) }
                }
                Ok(Ok(response)) => Err(refused(&response)),
                Ok(Err(error)) if error.is_timeout() => Err(failed(ErrorKind::Timeout, "no connection in time")),
                Ok(Err(error)) => {
                    Err(failed(ErrorKind::Connection, tls::refusal(&error).unwrap_or("cannot be connected to")))
                }
                Err(_) => Err(failed(ErrorKind::Timeout, "no answer in time")),
            }
        })
    }
}

/// The audio of a piece; a text that is only punctuation has none.
async fn read(mut response: Response, silence: Duration) -> Result<Vec<i16>, ProviderError> {
    let mut bytes = Vec::new();
    loop {
        match timeout(silence, response.chunk()).await {
            Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
            Ok(Ok(None)) => break,
            Ok(Err(_)) => return Err(failed(ErrorKind::Connection, "the connection broke within the audio")),
            Err(_) => return Err(failed(ErrorKind::Timeout, "no further audio in time")),
        }
        if bytes.len() > LONGEST {
            return Err(failed(ErrorKind::Server, "sends more than a minute of audio for one clause"));
        }
    }
    let samples: Vec<i16> = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    if !samples.is_empty() && samples.iter().all(|sample| *sample == 0) {
        return Err(failed(ErrorKind::Empty, "sends silence"));
    }
    Ok(samples)
}

fn refused(response: &Response) -> ProviderError {
    let status = response.status().as_u16();
    let wait = retry_after(response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()));
    let what = format!("HTTP status {status}");
    ProviderError { provider: NAME, kind: kind_of_status(status), what, retry_after: wait }
}

fn failed(kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider: NAME, kind, what: what.to_owned(), retry_after: None }
}
