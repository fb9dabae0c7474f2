//! What is said on a connection to OpenAI's recogniser, and what its messages mean.
//!
//! OpenAI names what it hears by items. They are begun in the order of our utterances, so the first word of a new item is of the oldest
//! utterance that has none; what is said of them may come in any order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::{RATE, Samples};
use attendant_media::resample::Resampler;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use super::config::{OpenAiEarsOwn, code};
use super::request::THEIRS;
use super::{NAME, failed, request};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::socket::{Incoming, Link};
use crate::provider::{self, ErrorKind, ProviderError};
use crate::stt::told::{Changed, Connecting, News, Said, Talk, Vendor, begun};
use crate::stt::{Hints, Setup};

/// OpenAI gives none unless asked for probabilities of tokens.
const CONFIDENCE: f32 = 1.0;

/// Items that are remembered once they are whole.
const REMEMBERED: usize = 16;

impl Vendor for Reached<OpenAiEarsOwn> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn model(&self) -> &str {
        &self.config.own.model
    }

    fn account(&self) -> &str {
        &self.account
    }

    fn knows(&self, language: Language) -> bool {
        self.config.own.is_to_hear(language)
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }

    fn connect(self: Arc<Self>, setup: Setup) -> Connecting {
        Box::pin(async move {
            let talk = Transcription::new(&self, &setup)?;
            Ok((connect(&self, &talk).await?, Box::new(talk) as Box<dyn Talk>))
        })
    }
}

async fn connect(shared: &Reached<OpenAiEarsOwn>, talk: &Transcription) -> Result<Link, ProviderError> {
    let patience = shared.config.own.connect_ms.duration();
    let deadline = Instant::now() + patience;
    let key = shared.key(AUTHORIZATION, "Bearer ")?;
    let mut link = shared.connector.connect(&shared.address, [key], patience).await?;
    let has_begun = |text: &str| match read(text)? {
        Message::Updated => Ok(true),
        Message::Error { error } => Err(error.named("an error message")),
        Message::Committed { .. }
        | Message::Delta { .. }
        | Message::Completed { .. }
        | Message::Failed { .. }
        | Message::Other => Ok(false),
    };
    let late = |_| failed(ErrorKind::Timeout, "connected, and not ready in time");
    let begin = async {
        link.text(talk.session()).await?;
        begun(&mut link, has_begun).await
    };
    timeout_at(deadline, begin).await.map_err(late)??;
    Ok(link)
}

fn known(language: Language) -> Result<&'static str, ProviderError> {
    code(language).ok_or_else(|| failed(ErrorKind::Request, &format!("does not know {language}")))
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Message {
    #[serde(rename = "session.updated")]
    Updated,
    #[serde(rename = "input_audio_buffer.committed")]
    Committed { item_id: String },
    #[serde(rename = "conversation.item.input_audio_transcription.delta")]
    Delta {
        item_id: String,
        #[serde(default)]
        delta: Option<String>,
    },
    #[serde(rename = "conversation.item.input_audio_transcription.completed")]
    Completed { item_id: String, transcript: String },
    #[serde(rename = "conversation.item.input_audio_transcription.failed")]
    Failed { error: Told },
    #[serde(rename = "error")]
    Error { error: Told },
    /// What a session is at first, items of the conversation, and whatever is new.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Told {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
}

impl Told {
    fn named(&self, what: &str) -> ProviderError {
        let (kind, code) = (self.kind.as_deref().unwrap_or_default(), self.code.as_deref().unwrap_or_default());
        let told = provider::code(code).or_else(|| provider::code(kind)).unwrap_or("without a code");
        failed(kind_of(kind, code), &format!("{what}, {told}"))
    }
}

/// By the codes of OpenAI's page on errors; the type says the rest.
fn kind_of(kind: &str, code: &str) -> ErrorKind {
    match (kind, code) {
        (_, "invalid_api_key") | ("authentication_error", _) => ErrorKind::Unauthorised,
        (_, "rate_limit_exceeded" | "insufficient_quota") | ("rate_limit_error" | "insufficient_quota", _) => {
            ErrorKind::Limited
        }
        // After an hour.
        (_, "session_expired") => ErrorKind::Connection,
        ("invalid_request_error", _) => ErrorKind::Request,
        (_, _) => ErrorKind::Server,
    }
}

fn read(text: &str) -> Result<Message, ProviderError> {
    serde_json::from_str(text).map_err(|_| failed(ErrorKind::Server, "sent a message that cannot be read"))
}

struct Transcription {
    model: String,
    code: &'static str,
    hints: Hints,
    to_theirs: Resampler,
    /// Utterances of which no item is known yet.
    unnamed: VecDeque<u32>,
    /// The utterance of each item, and its words so far.
    items: BTreeMap<String, (u32, String)>,
    /// The latest of those that are whole: what still comes of them is nobody's.
    over: VecDeque<String>,
}

impl Transcription {
    fn new(shared: &Reached<OpenAiEarsOwn>, setup: &Setup) -> Result<Self, ProviderError> {
        let wrong = |_| failed(ErrorKind::Request, "has a rate that ours cannot be brought to");
        Ok(Self {
            model: shared.config.own.model.clone(),
            code: known(setup.language)?,
            hints: setup.hints.clone(),
            to_theirs: Resampler::new(RATE, THEIRS).map_err(wrong)?,
            unnamed: VecDeque::new(),
            items: BTreeMap::new(),
            over: VecDeque::new(),
        })
    }

    fn session(&self) -> String {
        request::session(&self.model, self.code, &self.hints)
    }

    fn item(&mut self, id: String) -> Option<&mut (u32, String)> {
        if self.over.contains(&id) {
            return None;
        }
        if !self.items.contains_key(&id) {
            let number = self.unnamed.pop_front()?;
            self.items.insert(id.clone(), (number, String::new()));
        }
        self.items.get_mut(&id)
    }
}

impl Talk for Transcription {
    fn begin(&mut self, number: u32, _at: Samples) -> Vec<Said> {
        self.to_theirs.reset();
        self.unnamed.push_back(number);
        Vec::new()
    }

    fn audio(&mut self, samples: &[i16]) -> Vec<Said> {
        let mut theirs = vec![0; self.to_theirs.most(samples.len())];
        let made = self.to_theirs.process(samples, &mut theirs);
        vec![Said::Text(request::audio(&theirs[..made]))]
    }

    fn end(&mut self) -> Vec<Said> {
        vec![Said::Text(request::commit())]
    }

    fn hints(&mut self, hints: &Hints) -> Vec<Said> {
        self.hints = hints.clone();
        vec![Said::Text(self.session())]
    }

    fn language(&mut self, language: Language) -> Result<Changed, ProviderError> {
        self.code = known(language)?;
        Ok(Changed::Here(vec![Said::Text(self.session())]))
    }

    fn ping(&self) -> Option<String> {
        None
    }

    fn bye(&self) -> Option<String> {
        None
    }

    fn read(&mut self, incoming: Incoming) -> Result<News, ProviderError> {
        let Incoming::Text(text) = incoming else { return Ok(News::Nothing) };
        let news = match read(&text)? {
            Message::Committed { item_id } => {
                self.item(item_id);
                Some(News::Pong)
            }
            Message::Delta { item_id, delta } => self.item(item_id).map(|(number, text)| {
                text.push_str(delta.as_deref().unwrap_or_default());
                News::Partial { number: *number, text: text.clone() }
            }),
            Message::Completed { item_id, transcript } => {
                let number = self.item(item_id.clone()).map(|(number, _)| *number);
                self.items.remove(&item_id);
                if self.over.len() == REMEMBERED {
                    self.over.pop_front();
                }
                self.over.push_back(item_id);
                number.map(|number| News::Final { number, text: transcript, confidence: CONFIDENCE })
            }
            Message::Failed { error } => return Err(error.named("a transcription failed")),
            Message::Error { error } => return Err(error.named("an error message")),
            Message::Updated | Message::Other => None,
        };
        Ok(news.unwrap_or(News::Nothing))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_went_wrong_keeps_its_code_and_not_its_words() {
        for (kind, code, is) in [
            ("invalid_request_error", "invalid_api_key", ErrorKind::Unauthorised),
            ("insufficient_quota", "insufficient_quota", ErrorKind::Limited),
            ("invalid_request_error", "session_expired", ErrorKind::Connection),
            ("invalid_request_error", "input_audio_buffer_commit_empty", ErrorKind::Request),
            ("server_error", "Jane Roe said", ErrorKind::Server),
        ] {
            let text = json!({"type": "error", "event_id": "e", "error": {"type": kind, "code": code, "message": "Jane Roe said"}});
            let Ok(Message::Error { error }) = read(&text.to_string()) else { panic!("{text}") };
            let error = error.named("an error message");
            assert!(error.kind == is && !error.what.contains("Jane"), "{code}: {error}");
        }
        assert_eq!(read("<html>").unwrap_err().kind, ErrorKind::Server);
    }
}
