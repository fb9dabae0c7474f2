//! Renders the fixed phrases before the first call, each with the first voice that can.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::speech::SpeechId;
use tokio::time::timeout;

use super::canned::{Canned, Line};
use super::event::{Event, Mailbox};
use crate::language::Language;
use crate::privacy::Pii;
use crate::tts::{self, Input, Reports, Voice};

/// A phrase that takes longer is left to the voice at the time of the call.
const AT_MOST: Duration = Duration::from_secs(20);

/// Gives every phrase its audio. Returns those that no voice could say: calls will try again with a voice.
pub async fn render(canned: &mut Canned, voices: &[Arc<dyn Voice>]) -> Vec<(Language, Arc<str>)> {
    let mut failed = Vec::new();
    let unspoken: Vec<_> = canned.unspoken().collect();
    for (language, phrase, text) in unspoken {
        let audio = speak(voices, language, &text).await;
        match audio {
            Some(audio) => canned.insert(language, phrase, Line { text, audio: Some(audio) }),
            None => failed.push((language, text)),
        }
    }
    failed
}

/// The text as the first voice says it that can; `None` if none can.
pub async fn speak(voices: &[Arc<dyn Voice>], language: Language, text: &str) -> Option<Arc<[i16]>> {
    for voice in voices.iter().filter(|voice| voice.capabilities(language).is_some()) {
        if let Ok(Some(audio)) = timeout(AT_MOST, say(voice.as_ref(), language, text)).await {
            return Some(audio);
        }
    }
    None
}

async fn say(voice: &dyn Voice, language: Language, text: &str) -> Option<Arc<[i16]>> {
    let (mailbox, mut events) = Mailbox::new();
    let session = voice.open(Reports { mailbox });
    let id = SpeechId::default();
    session.send(Input::Begin { id, language }).await.ok()?;
    session.send(Input::Text { id, text: Pii::new(text.to_owned()) }).await.ok()?;
    session.send(Input::End { id }).await.ok()?;
    let mut all = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Tts(tts::Event::Audio { audio, .. }) => all.extend_from_slice(&audio),
            Event::Tts(tts::Event::Done { .. }) => return Some(all.into()),
            Event::Tts(tts::Event::Failed { .. }) => return None,
            Event::Tts(tts::Event::Word { .. }) | Event::Signal(_) | Event::Stt { .. } | Event::Agent { .. } => {}
        }
    }
    None
}
