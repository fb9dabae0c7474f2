//! What is said on a connection to OpenAI's recogniser, and what its messages mean.
//!
//! OpenAI names what it hears by items. They are begun in the order of our utterances, so the first word of a new item is of the oldest
//! utterance that has none; what is said of them may come in any order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::{RATE, Samples};
use attendant_media::resample::Resampler;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use super::config::{LIVE, OpenAiEarsOwn, code};
use super::message::{Message, Told, read};
use super::request::THEIRS;
use super::{NAME, failed, request};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::socket::{Incoming, Link};
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::stable::all_but_the_last;
use crate::stt::told::{Changed, Connecting, News, Said, Talk, Vendor, begun};
use crate::stt::{Hints, Partials, Setup};

/// OpenAI gives none unless asked for probabilities of tokens.
const CONFIDENCE: f32 = 1.0;
/// What was never made final has no confidence.
const NEVER_FINAL: f32 = 0.0;

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

    fn partials(&self) -> Partials {
        Partials::WithStable
    }

    fn knows(&self, language: Language) -> bool {
        self.config.own.is_to_hear(language)
    }

    fn silence(&self) -> Duration {
        self.config.own.silence_ms.duration()
    }

    fn connect(self: Arc<Self>, setup: Setup) -> Connecting {
        Box::pin(async move {
            let mut talk = Transcription::new(&self, &setup)?;
            Ok((connect(&self, &mut talk).await?, Box::new(talk) as Box<dyn Talk>))
        })
    }
}

async fn connect(shared: &Reached<OpenAiEarsOwn>, talk: &mut Transcription) -> Result<Link, ProviderError> {
    let patience = shared.config.own.connect_ms.duration();
    let deadline = Instant::now() + patience;
    let key = shared.key(AUTHORIZATION, "Bearer ")?;
    let mut link = shared.connector.connect(&shared.address, [key], patience).await?;
    let late = |_| failed(ErrorKind::Timeout, "connected, and not ready in time");
    let begin = async {
        loop {
            link.text(talk.session()).await?;
            match begun(&mut link, answer).await? {
                Ok(()) => return Ok(()),
                Err(error) if talk.without_likely_words() => tracing::warn!(%error, "is told no likely words"),
                Err(error) => return Err(error),
            }
        }
    };
    timeout_at(deadline, begin).await.map_err(late)??;
    Ok(link)
}

/// Whether a session that was asked for is taken, or refused and may be asked for again.
fn answer(text: &str) -> Result<Option<Result<(), ProviderError>>, ProviderError> {
    match read(text)? {
        Message::Updated => Ok(Some(Ok(()))),
        Message::Error { error } => {
            let named = error.named("an error message");
            if error.ends_session() { Err(named) } else { Ok(Some(Err(named))) }
        }
        Message::Committed { .. }
        | Message::Delta { .. }
        | Message::Completed { .. }
        | Message::Failed { .. }
        | Message::Other => Ok(None),
    }
}

fn known(language: Language) -> Result<&'static str, ProviderError> {
    code(language).ok_or_else(|| failed(ErrorKind::Request, &format!("does not know {language}")))
}

struct Transcription {
    model: String,
    code: &'static str,
    /// Words that are likely; `None`: it refused to be told any.
    likely: Option<Hints>,
    /// The language that was taken last.
    heard: &'static str,
    /// The languages of descriptions of the session that were not answered yet.
    asked: VecDeque<&'static str>,
    /// The session is to be described again, without likely words.
    is_refused: bool,
    to_theirs: Resampler,
    /// The last that was begun.
    begun: u32,
    /// Utterances that were ended, and are not known to be items yet.
    committed: VecDeque<u32>,
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
        let code = known(setup.language)?;
        Ok(Self {
            model: shared.config.own.model.clone(),
            code,
            likely: Some(setup.hints.clone()),
            heard: code,
            asked: VecDeque::new(),
            is_refused: false,
            to_theirs: Resampler::new(RATE, THEIRS).map_err(wrong)?,
            begun: 0,
            committed: VecDeque::new(),
            unnamed: VecDeque::new(),
            items: BTreeMap::new(),
            over: VecDeque::new(),
        })
    }

    fn session(&self) -> String {
        let none = Hints::default();
        request::session(&self.model, self.code, self.likely.as_ref().unwrap_or(&none))
    }

    fn update(&mut self) -> Vec<Said> {
        self.asked.push_back(self.code);
        vec![Said::Text(self.session())]
    }

    /// From now on; `false`: it was told none.
    fn without_likely_words(&mut self) -> bool {
        let is_told = |hints: &Hints| hints.phrases.iter().any(|phrase| !phrase.is_empty());
        let was_told = self.model == LIVE && self.likely.as_ref().is_some_and(is_told);
        if was_told {
            self.likely = None;
        }
        was_told
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

    /// The item is over: its utterance, and its words so far.
    fn whole(&mut self, id: String) -> Option<(u32, String)> {
        self.item(id.clone())?;
        let whole = self.items.remove(&id)?;
        if self.over.len() == REMEMBERED {
            self.over.pop_front();
        }
        self.over.push_back(id);
        // Not everybody who speaks this protocol acknowledges commits.
        self.committed.retain(|number| *number != whole.0);
        Some(whole)
    }

    /// What was heard of the item is all there will be. Nothing at all, although there was something to hear, is for another session to hear.
    fn failed(&mut self, id: String, told: &Told) -> Result<News, ProviderError> {
        let Some((number, text)) = self.whole(id) else { return Ok(News::Nothing) };
        let error = told.named("a transcription failed");
        if text.trim().is_empty() && !told.is_unintelligible() {
            return Err(error);
        }
        tracing::warn!(%error, "what was heard of it is taken");
        Ok(News::Final { number, text, confidence: NEVER_FINAL })
    }

    /// The session goes on without something that it was told, though not in another language than was asked for.
    fn refused(&mut self, told: &Told) -> Result<News, ProviderError> {
        let error = told.named("an error message");
        if told.is_empty_commit()
            && let Some(number) = self.committed.pop_front()
        {
            self.unnamed.retain(|other| *other != number);
            tracing::warn!(%error, "goes on without what was asked for");
            return Ok(News::Final { number, text: String::new(), confidence: NEVER_FINAL });
        }
        if self.asked.pop_front().is_some() {
            if self.without_likely_words() {
                self.is_refused = true;
            } else if self.asked.is_empty() && self.code != self.heard {
                return Err(error);
            }
        }
        tracing::warn!(%error, "goes on without what was asked for");
        Ok(News::Nothing)
    }
}

impl Talk for Transcription {
    fn begin(&mut self, number: u32, _at: Samples) -> Vec<Said> {
        self.to_theirs.reset();
        self.begun = number;
        self.unnamed.push_back(number);
        Vec::new()
    }

    fn audio(&mut self, samples: &[i16]) -> Vec<Said> {
        let mut theirs = vec![0; self.to_theirs.most(samples.len())];
        let made = self.to_theirs.process(samples, &mut theirs);
        vec![Said::Text(request::audio(&theirs[..made]))]
    }

    fn end(&mut self) -> Vec<Said> {
        self.committed.push_back(self.begun);
        vec![Said::Text(request::commit())]
    }

    fn hints(&mut self, hints: &Hints) -> Vec<Said> {
        let Some(likely) = &mut self.likely else { return Vec::new() };
        likely.clone_from(hints);
        self.update()
    }

    fn language(&mut self, language: Language) -> Result<Changed, ProviderError> {
        self.code = known(language)?;
        Ok(Changed::Here(self.update()))
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
                self.committed.pop_front();
                self.item(item_id);
                Some(News::Pong)
            }
            Message::Delta { item_id, delta } => self.item(item_id).map(|(number, text)| {
                text.push_str(delta.as_deref().unwrap_or_default());
                // Only appended to: what is behind another word is whole.
                News::Partial { number: *number, text: text.clone(), stable: all_but_the_last(text) }
            }),
            Message::Completed { item_id, transcript } => {
                self.whole(item_id).map(|(number, _)| News::Final { number, text: transcript, confidence: CONFIDENCE })
            }
            Message::Failed { item_id, error } => Some(self.failed(item_id, &error)?),
            Message::Error { error } if error.ends_session() => return Err(error.named("an error message")),
            Message::Error { error } => Some(self.refused(&error)?),
            Message::Updated => {
                if let Some(code) = self.asked.pop_front() {
                    self.heard = code;
                }
                None
            }
            Message::Other => None,
        };
        Ok(news.unwrap_or(News::Nothing))
    }

    fn due(&mut self) -> Vec<Said> {
        if std::mem::take(&mut self.is_refused) { self.update() } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPDATED: &str = r#"{"type":"session.updated"}"#;
    const REFUSED: &str = r#"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_value"}}"#;

    fn session(likely: &[&str]) -> Transcription {
        let phrases = likely.iter().map(|word| (*word).to_owned()).collect();
        Transcription {
            model: LIVE.to_owned(),
            code: "en",
            likely: Some(Hints { phrases, ..Hints::default() }),
            heard: "en",
            asked: VecDeque::new(),
            is_refused: false,
            to_theirs: Resampler::new(RATE, THEIRS).expect("rates that go together"),
            begun: 0,
            committed: VecDeque::new(),
            unnamed: VecDeque::new(),
            items: BTreeMap::new(),
            over: VecDeque::new(),
        }
    }

    /// What is said now that this was read.
    fn told(session: &mut Transcription, text: &str) -> Result<Vec<Said>, ProviderError> {
        session.read(Incoming::Text(text.into()))?;
        Ok(session.due())
    }

    #[test]
    fn words_behind_which_another_has_come_are_stable() {
        let mut session = session(&[]);
        session.begin(0, Samples::ZERO);
        for (delta, stable) in [("I need", "I"), (" an appoint", "I need an"), ("ment.", "I need an")] {
            let delta = serde_json::json!({"type": "conversation.item.input_audio_transcription.delta", "item_id": "a", "delta": delta});
            let news = session.read(Incoming::Text(delta.to_string().into())).expect("it goes on");
            let News::Partial { text, stable: bytes, .. } = news else { panic!("{news:?}") };
            assert_eq!(&text[..bytes], stable, "{text}");
        }
    }

    #[test]
    fn a_language_that_is_refused_without_likely_words_too_ends_the_session() {
        let mut session = session(&["Wong"]);
        session.language(Language::French).expect("it is known");
        assert_eq!(told(&mut session, REFUSED).expect("it goes on").len(), 1, "told again");
        assert_eq!(told(&mut session, REFUSED).expect_err("it hears English").kind, ErrorKind::Request);
    }

    #[test]
    fn a_language_that_is_taken_without_likely_words_is_heard() {
        let mut session = session(&["Wong"]);
        session.hints(&Hints { phrases: vec!["Kaur".to_owned()], ..Hints::default() });
        session.language(Language::French).expect("it is known");
        // Both are refused for their likely words before the third, which has none, is taken.
        assert_eq!(told(&mut session, REFUSED).expect("it goes on").len(), 1, "told again");
        assert_eq!(told(&mut session, REFUSED).expect("it goes on"), []);
        assert_eq!(told(&mut session, UPDATED).expect("it goes on"), []);
        assert_eq!(told(&mut session, REFUSED).expect("it goes on"), []);
    }

    #[test]
    fn likely_words_that_are_taken_are_no_answer_to_a_language() {
        let mut session = session(&[]);
        session.hints(&Hints::default());
        session.language(Language::French).expect("it is known");
        assert_eq!(told(&mut session, UPDATED).expect("it goes on"), []);
        assert_eq!(told(&mut session, REFUSED).expect_err("it hears English").kind, ErrorKind::Request);
    }
}
