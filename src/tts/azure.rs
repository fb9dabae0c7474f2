//! Azure's speech service over REST: a request for each clause, whose audio leaves as it comes, 16 kHz linear PCM, over connections that all calls
//! share; the next clause is asked for while one comes. All five languages, Cantonese among them; no times of words, so they are estimated.
//!
//! Facts: Azure's REST reference and the projects that use it, as read on 2026-11-21.

mod config;
mod ssml;

use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::RATE;
use futures_util::future::BoxFuture;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

pub use config::{AzureConfig, AzureOwn};

use super::streamed::{Clauses, Connecting, Streamed, Vendor};
use crate::language::Language;
use crate::provider::account::{KeyIn, Posted};
use crate::provider::warming::Warming;

const NAME: &str = "azure";

/// Of `[providers]`, where its prices name it.
const SECTION: &str = "azure_speech";

const PATH: &str = "/cognitiveservices/v1";

/// The format that needs no resampling.
const FORMAT: &str = "raw-16khz-16bit-mono-pcm";

const MARKUP: &str = "application/ssml+xml";

/// Connects to nobody yet. The configuration has been checked; an error is `key: what is wrong; what to write instead`.
pub fn voice(config: &AzureConfig, section: &str) -> Result<Streamed, String> {
    let key = KeyIn(HeaderName::from_static("ocp-apim-subscription-key"), "");
    config.post(section, NAME, PATH, key, config.own.silence_ms.duration()).map(Streamed::new)
}

impl Vendor for Posted<AzureOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Ten minutes of sound are more than a text of a call.
    fn longest(&self) -> Option<usize> {
        None
    }

    fn speaker(&self, language: Language) -> Option<&str> {
        Some(self.config.own.voice(language))
    }

    /// A voice is one.
    fn model(&self, language: Language) -> &str {
        self.config.own.voice(language)
    }

    fn section(&self) -> &'static str {
        SECTION
    }

    fn account(&self) -> Option<&str> {
        Some(&self.account)
    }

    /// A Chinese character counts as two (Azure's pricing note, as read on 2026-11-21). The elements that carry a text are free.
    fn characters(&self, text: &str) -> u64 {
        super::characters_with_han_twice(text)
    }

    fn keeps_connection(&self) -> bool {
        false
    }

    fn connect(self: Arc<Self>) -> Connecting {
        Clauses::connect(self, RATE, request)
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

fn request(posted: &Posted<AzureOwn>, language: Language, text: &str) -> (HeaderMap, String) {
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(MARKUP)),
        (HeaderName::from_static("x-microsoft-outputformat"), HeaderValue::from_static(FORMAT)),
    ]);
    (headers, ssml::speak(text, language, posted.config.own.voice(language)))
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
