//! What is said on a connection to Azure's recogniser, and what its messages mean.
//!
//! A connection has one turn at a time, until Azure says that it is over. A voice that begins sooner waits here, whole or as far as it is,
//! for at most as long as last words are awaited.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::{RATE, Samples};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::http::header::{HeaderName, HeaderValue};
use uuid::Uuid;

use super::config::AzureEarsOwn;
use super::{MODEL, NAME, failed, message};
use crate::clock;
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::socket::{Incoming, Link};
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::told::{Changed, Connecting, News, Said, Talk, Vendor};
use crate::stt::{Hints, Setup};

/// Azure's simple format gives none.
const CONFIDENCE: f32 = 1.0;

/// Azure counts time in 100 ns.
const A_SECOND: u64 = 10_000_000;

impl Vendor for Reached<AzureEarsOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn model(&self) -> &str {
        MODEL
    }

    fn account(&self) -> &str {
        &self.account
    }

    fn knows(&self, _language: Language) -> bool {
        true
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }

    fn connect(self: Arc<Self>, setup: Setup) -> Connecting {
        Box::pin(async move {
            let link = connect(&self, &setup).await?;
            let Setup { language, hints } = setup;
            let (turns, words) = (VecDeque::new(), String::new());
            Ok((link, Box::new(Turns { language, hints, turns, words }) as Box<dyn Talk>))
        })
    }
}

async fn connect(shared: &Reached<AzureEarsOwn>, setup: &Setup) -> Result<Link, ProviderError> {
    let mut url = shared.address.clone();
    // Else words, and names that contain one, come as asterisks.
    url.query_pairs_mut().append_pair("language", setup.language.tag()).append_pair("profanity", "raw");
    let key = shared.key(HeaderName::from_static("ocp-apim-subscription-key"), "")?;
    let connection = HeaderValue::try_from(id()).map_err(|_| failed(ErrorKind::Request, "its connection has no id"))?;
    let headers = [key, (HeaderName::from_static("x-connectionid"), connection)];
    let mut link = shared.connector.connect(&url, headers, shared.config.own.connect_ms.duration()).await?;
    link.text(message::text("speech.config", &id(), &now(), &message::config())).await?;
    Ok(link)
}

fn id() -> String {
    Uuid::new_v4().simple().to_string()
}

fn now() -> String {
    clock::stamp(clock::wall())
}

/// A voice: what it is known by, and where its audio begins.
struct Turn {
    number: u32,
    request: String,
    at: Samples,
    /// What waits until the turn before it is over; `None`: it is said as it comes.
    waits: Option<Vec<Said>>,
}

struct Turns {
    language: Language,
    hints: Hints,
    /// The first has the connection; only the last may have more audio.
    turns: VecDeque<Turn>,
    /// Of the first, not final yet.
    words: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Hypothesis {
    text: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Phrase {
    recognition_status: String,
    #[serde(default)]
    display_text: String,
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    duration: u64,
}

impl Turns {
    /// Of the last turn: at once if it has the connection.
    fn say(&mut self, said: Vec<Said>) -> Vec<Said> {
        match self.turns.back_mut().and_then(|turn| turn.waits.as_mut()) {
            Some(waits) => {
                waits.extend(said);
                Vec::new()
            }
            None => said,
        }
    }

    fn audio_of(&self, kind: Option<&str>, body: &[u8]) -> Vec<Said> {
        let last = self.turns.back();
        last.map(|turn| Said::Binary(message::audio(&turn.request, &now(), kind, body))).into_iter().collect()
    }

    fn phrase(&mut self, number: u32, at: Samples, phrase: &Phrase) -> Result<News, ProviderError> {
        let refused =
            |kind| Err(failed(kind, &format!("a recognition failed, {}", status(&phrase.recognition_status))));
        match phrase.recognition_status.as_str() {
            "Success" => {
                self.words.clear();
                let to = phrase.offset.saturating_add(phrase.duration).saturating_mul(u64::from(RATE)) / A_SECOND;
                let (text, to) = (phrase.display_text.clone(), at + Samples(to));
                Ok(News::Settled { number, text, to, confidence: CONFIDENCE })
            }
            "Error" => refused(ErrorKind::Server),
            "TooManyRequests" => refused(ErrorKind::Limited),
            "BadRequest" => refused(ErrorKind::Request),
            "Forbidden" => refused(ErrorKind::Unauthorised),
            // Nothing was said, or the end of the audio.
            _ => Ok(News::Nothing),
        }
    }
}

/// A status is one of few words; anything else may quote a caller.
fn status(text: &str) -> &str {
    crate::provider::code(text).unwrap_or("without a status")
}

fn read<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, ProviderError> {
    serde_json::from_str(body).map_err(|_| unread())
}

fn unread() -> ProviderError {
    failed(ErrorKind::Server, "sent a message that cannot be read")
}

impl Talk for Turns {
    fn begin(&mut self, number: u32, at: Samples) -> Vec<Said> {
        let waits = (!self.turns.is_empty()).then(Vec::new);
        let request = id();
        let context = message::text("speech.context", &request, &now(), &message::context(self.language, &self.hints));
        self.turns.push_back(Turn { number, request, at, waits });
        let mut said = vec![Said::Text(context)];
        said.extend(self.audio_of(Some("audio/x-wav"), &message::WAVE));
        self.say(said)
    }

    fn audio(&mut self, samples: &[i16]) -> Vec<Said> {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let said = self.audio_of(None, &bytes);
        self.say(said)
    }

    fn end(&mut self) -> Vec<Said> {
        let said = self.audio_of(None, &[]);
        self.say(said)
    }

    /// They hold from the next turn on.
    fn hints(&mut self, hints: &Hints) -> Vec<Said> {
        self.hints = hints.clone();
        Vec::new()
    }

    /// It is in the address.
    fn language(&mut self, _language: Language) -> Result<Changed, ProviderError> {
        Ok(Changed::Elsewhere)
    }

    fn ping(&self) -> Option<String> {
        None
    }

    fn bye(&self) -> Option<String> {
        None
    }

    fn read(&mut self, incoming: Incoming) -> Result<News, ProviderError> {
        let Incoming::Text(text) = incoming else { return Ok(News::Nothing) };
        let message = message::read_text(&text).ok_or_else(unread)?;
        let Some(turn) = self.turns.front().filter(|turn| turn.request.eq_ignore_ascii_case(&message.request)) else {
            return Ok(News::Nothing);
        };
        let (number, at) = (turn.number, turn.at);
        match message.path.as_str() {
            "speech.hypothesis" | "speech.fragment" => {
                let Hypothesis { text } = read(message.body)?;
                self.words.clone_from(&text);
                Ok(News::Partial { number, text, stable: 0 })
            }
            "speech.phrase" => self.phrase(number, at, &read(message.body)?),
            // It has taken all of the turn's audio.
            "speech.enddetected" => Ok(News::Pong),
            "turn.end" => {
                self.turns.pop_front();
                let text = std::mem::take(&mut self.words);
                Ok(News::Ended { number, text })
            }
            _ => Ok(News::Nothing),
        }
    }

    fn due(&mut self) -> Vec<Said> {
        self.turns.front_mut().and_then(|turn| turn.waits.take()).unwrap_or_default()
    }

    /// Azure closes a connection on which nobody has spoken for some minutes.
    fn stays(&self) -> bool {
        false
    }
}
