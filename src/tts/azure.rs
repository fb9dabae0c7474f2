//! Azure's speech service over REST: a request for each clause, answered with 16 kHz linear PCM. All five languages, Cantonese among
//! them; no times of words, so they are estimated.
//!
//! Requests share one pool of connections. A piece that is late, empty or refused is an error with a name; who speaks instead is the
//! call's decision. Facts: Azure's REST reference and the projects that use it, as read on 2026-11-21.

mod config;
mod ssml;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{mpsc, watch};

pub use config::{AzureConfig, AzureOwn};

use super::pieces::{self, Speaker, Speaking};
use super::{Capabilities, Input, Reports, Times, Voice};
use crate::costs::Paid;
use crate::language::Language;
use crate::provider::ErrorKind;
use crate::provider::account::{KeyIn, Posted};
use crate::provider::warming::Warming;

const NAME: &str = "azure";

/// Of `[providers]`, where its prices name it.
const SECTION: &str = "azure_speech";

const PATH: &str = "/cognitiveservices/v1";

/// The format that needs no resampling.
const FORMAT: &str = "raw-16khz-16bit-mono-pcm";

const MARKUP: &str = "application/ssml+xml";

/// Audio of one text: 60 s.
const LONGEST: usize = 60 * 32_000;

/// Characters that are said within it by a slow voice: four Chinese ones a second, ten others.
const fn longest(language: Language) -> usize {
    match language {
        Language::Mandarin | Language::Cantonese => 240,
        Language::English | Language::French | Language::Punjabi => 600,
    }
}

/// See the module header.
#[derive(Clone, Debug)]
pub struct Azure(Arc<Posted<AzureOwn>>);

impl Azure {
    /// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
    pub fn new(config: &AzureConfig, section: &str) -> Result<Self, String> {
        let key = KeyIn(HeaderName::from_static("ocp-apim-subscription-key"), "");
        let posted = config.post(section, NAME, PATH, key, config.own.silence_ms.duration())?;
        Ok(Self(Arc::new(posted)))
    }
}

impl Voice for Azure {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        Some(Capabilities { words: Times::Estimated, longest: Some(longest(language)) })
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
        Some(&self.0.account)
    }

    fn keeps_connection(&self) -> bool {
        false
    }

    fn reach(&self, _language: Language) -> Option<BoxFuture<'static, bool>> {
        let posted = self.0.clone();
        Some(Box::pin(async move { posted.reached().await }))
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        self.start(None, reports)
    }

    fn open_ahead(&self, _language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
        self.start(self.0.warm(), reports)
    }
}

impl Azure {
    fn start(&self, warming: Option<Warming>, reports: Reports) -> mpsc::Sender<Input> {
        pieces::open(Arc::new(OneSpeaker { posted: self.0.clone(), _warming: warming }), reports)
    }
}

#[derive(Debug)]
struct OneSpeaker {
    posted: Arc<Posted<AzureOwn>>,
    /// It goes with the session.
    _warming: Option<Warming>,
}

impl Speaker for OneSpeaker {
    fn name(&self) -> &'static str {
        NAME
    }

    /// A clause is whole before it is heard: without the next one in the making, its time would be a hole.
    fn at_once(&self) -> usize {
        2
    }

    fn speak(&self, text: String, language: Language) -> Speaking {
        let posted = self.posted.clone();
        Box::pin(async move {
            let body = ssml::speak(&text, language, posted.config.own.voice(language));
            let headers = HeaderMap::from_iter([
                (CONTENT_TYPE, HeaderValue::from_static(MARKUP)),
                (HeaderName::from_static("x-microsoft-outputformat"), HeaderValue::from_static(FORMAT)),
            ]);
            let mut response = posted.ask(headers, body).await?;
            let mut bytes = Vec::new();
            while let Some(piece) = posted.more(&mut response).await? {
                bytes.extend_from_slice(&piece);
                if bytes.len() > LONGEST {
                    let what = "sends more than a minute of audio for one text";
                    return Err(posted.failed(ErrorKind::Server, what));
                }
            }
            let audio: Vec<i16> = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
            if !audio.is_empty() && audio.iter().all(|sample| *sample == 0) {
                return Err(posted.failed(ErrorKind::Empty, "sends silence"));
            }
            // A text that is only punctuation has none.
            let is_mute = audio.is_empty() && text.chars().any(char::is_alphanumeric);
            if is_mute { Err(posted.failed(ErrorKind::Empty, "is done without a sound")) } else { Ok(audio) }
        })
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::provider::golden::{Golden, Place};

    #[test]
    fn what_we_ask_is_what_livekits_plugin_asks() {
        let golden = Golden::of("azure");
        let ours = Url::parse(&format!("https://canadacentral.tts.speech.microsoft.com{PATH}")).expect("an address");
        assert_eq!(golden.places(), [Place::from(&ours)]);
        let headers = ["content-type", "x-microsoft-outputformat", "ocp-apim-subscription-key"];
        assert_eq!(headers.map(|name| golden.header(name)), [MARKUP, FORMAT, "KEY"]);
        let [theirs] = &golden.bodies()[..] else { panic!("one request") };
        // It names a namespace of Microsoft's that it then does not use.
        let theirs = theirs.as_str().map(|ssml| ssml.replace(" xmlns:mstts=\"http://www.w3.org/2001/mstts\"", ""));
        assert_eq!(theirs, Some(ssml::speak("Bonjour, docteure.", Language::French, "fr-CA-SylvieNeural")));
    }
}
