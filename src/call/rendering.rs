//! Renders the fixed phrases before the first call, each with the first voice that can, or takes what it said at an earlier start. What
//! must be heard although no voice speaks is said by one of last resort if the others cannot, whoever is to speak in the language.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::speech::SpeechId;
use tokio::time::timeout;

use super::canned::{Canned, Line, Phrase};
use super::event::{Event, Mailbox};
use crate::costs::Meter;
use crate::language::Language;
use crate::privacy::Pii;
use crate::tts::cache::{Key, PhraseCache};
use crate::tts::{self, Input, Reports, Voice};

/// A phrase that takes longer is left to the voice at the time of the call.
const AT_MOST: Duration = Duration::from_secs(20);

/// Gives every phrase its audio. Returns those that no voice could say: calls will try again with a voice, but for those that need audio.
/// What a voice is paid for it is counted on `meter`; what was kept costs nothing.
pub async fn render(
    canned: &mut Canned,
    voices: &[Arc<dyn Voice>],
    last_resort: &[Arc<dyn Voice>],
    kept: Option<&PhraseCache>,
    meter: &Meter,
) -> Vec<(Language, Phrase)> {
    let mut failed = Vec::new();
    let unspoken: Vec<_> = canned.unspoken().collect();
    for (language, phrase, text) in unspoken {
        let mut audio = recall_or_speak(voices, language, &text, kept, meter).await;
        if audio.is_none() && phrase.needs_audio() {
            audio = recall_or_speak(last_resort, language, &text, kept, meter).await;
        }
        match audio {
            Some(audio) => canned.insert(language, phrase, Line { text, audio: Some(audio) }),
            None => failed.push((language, phrase)),
        }
    }
    failed
}

/// The text as the first voice says it that can; `None` if none can.
pub async fn speak(voices: &[Arc<dyn Voice>], language: Language, text: &str) -> Option<Arc<[i16]>> {
    recall_or_speak(voices, language, text, None, &Meter::default()).await
}

async fn recall_or_speak(
    voices: &[Arc<dyn Voice>],
    language: Language,
    text: &str,
    kept: Option<&PhraseCache>,
    meter: &Meter,
) -> Option<Arc<[i16]>> {
    for voice in voices.iter().filter(|voice| voice.speaks(language)) {
        let timbre = voice.timbre(language);
        let wording = voice.wording(text, language);
        let key = Key { timbre: &timbre, language, text: &wording };
        if let Some(audio) = kept.and_then(|kept| kept.get(key)) {
            return Some(audio);
        }
        let Ok(Some(audio)) = timeout(AT_MOST, say(voice.as_ref(), language, text, meter)).await else { continue };
        if let Some(Err(error)) = kept.map(|kept| kept.put(key, &audio)) {
            tracing::warn!(%error, "a fixed phrase cannot be kept on disk; it is rendered again at the next start");
        }
        return Some(audio);
    }
    None
}

async fn say(voice: &dyn Voice, language: Language, text: &str, meter: &Meter) -> Option<Arc<[i16]>> {
    let (mailbox, mut events) = Mailbox::metered(meter.clone());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phrases::Emergency;
    use crate::sim::{ScriptedConfig, ScriptedVoice};
    use crate::tts::Capabilities;

    /// Speaks as the scripted voice, and then no more.
    #[derive(Debug)]
    struct Silent;

    impl Voice for Silent {
        fn name(&self) -> &'static str {
            "scripted"
        }

        fn capabilities(&self, language: Language) -> Option<Capabilities> {
            ScriptedVoice(ScriptedConfig::default()).capabilities(language)
        }

        fn open(&self, _reports: Reports) -> tokio::sync::mpsc::Sender<Input> {
            tokio::sync::mpsc::channel(1).0
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_start_needs_no_voice() {
        let folder = tempfile::tempdir().unwrap();
        let kept = PhraseCache::open(folder.path()).unwrap();
        let mut first = Canned::texts();
        let voice: Arc<dyn Voice> = Arc::new(ScriptedVoice(ScriptedConfig::default()));
        assert_eq!(render(&mut first, &[voice], &[], Some(&kept), &Meter::default()).await, []);
        let mut second = Canned::texts();
        assert_eq!(render(&mut second, &[Arc::new(Silent)], &[], Some(&kept), &Meter::default()).await, []);
        for language in Language::ALL {
            assert_eq!(second.get(language, Phrase::Apology), first.get(language, Phrase::Apology));
        }
        let mut third = Canned::texts();
        assert_ne!(render(&mut third, &[Arc::new(Silent)], &[], None, &Meter::default()).await, []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_must_be_heard_though_no_voice_speaks_is_said_by_the_voice_of_last_resort() {
        let mut canned = Canned::texts();
        canned.insert(Language::French, Phrase::Greeting, Line { text: "Bonjour.".into(), audio: None });
        let last: Arc<dyn Voice> = Arc::new(ScriptedVoice(ScriptedConfig::default()));
        let failed = render(&mut canned, &[Arc::new(Silent)], &[last], None, &Meter::default()).await;
        assert!(
            failed.contains(&(Language::French, Phrase::Greeting)),
            "the voice itself greets, once it speaks again"
        );
        for language in Language::ALL {
            let has_audio = |phrase| canned.get(language, phrase).is_some_and(|line| line.audio.is_some());
            assert!(has_audio(Phrase::Filler(0)) && has_audio(Phrase::Filler(1)) && has_audio(Phrase::Apology));
            assert!(has_audio(Phrase::Transfer) && has_audio(Phrase::SilenceGoodbye) && !has_audio(Phrase::StillThere));
            assert!(has_audio(Phrase::Farewell), "{language}");
            let whom_to_dial = [Emergency::Medical, Emergency::Crisis].map(Phrase::Emergency);
            assert!(whom_to_dial.into_iter().all(has_audio), "{language}");
        }
    }
}
