//! In front of every voice: it is given the text as it is spoken, and the call hears of the text as it was written.
//!
//! Nothing else changes a text on its way to a voice. An utterance in which nothing can be said (a picture alone) is done with a
//! breath of silence and asks no voice: that one would report a failure that is none.

use std::sync::Arc;

use attendant_media::speech::SpeechId;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

use super::{Lexicon, Saying, say, scan};
use crate::call::event::Mailbox;
use crate::language::Language;
use crate::privacy::Pii;
use crate::provider::{ErrorKind, ProviderError};
use crate::tts::{Event, Input, Reports, Voice};

/// Texts waiting to be passed on.
const INPUTS: usize = 64;
/// What is heard of an utterance that says nothing: 20 ms at 16 kHz.
const BREATH: usize = 320;

/// The same voices, each with this in front of it.
pub fn in_front_of(voices: Vec<Arc<dyn Voice>>, lexicon: Lexicon) -> Vec<Arc<dyn Voice>> {
    let lexicon = Arc::new(lexicon);
    voices.into_iter().map(|voice| Arc::new(Spoken { voice, lexicon: lexicon.clone() }) as Arc<dyn Voice>).collect()
}

struct Spoken {
    voice: Arc<dyn Voice>,
    lexicon: Arc<Lexicon>,
}

impl Voice for Spoken {
    fn name(&self) -> &'static str {
        self.voice.name()
    }

    fn speaks(&self, language: Language) -> bool {
        self.voice.speaks(language)
    }

    fn timbre(&self, language: Language) -> String {
        self.voice.timbre(language)
    }

    fn wording(&self, text: &str, language: Language) -> String {
        self.voice.wording(&say(text, language, &self.lexicon).text, language)
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        self.stand_before(reports, |reports| self.voice.open(reports))
    }

    fn open_ahead(&self, language: watch::Receiver<Language>, reports: Reports) -> mpsc::Sender<Input> {
        self.stand_before(reports, |reports| self.voice.open_ahead(language, reports))
    }
}

impl Spoken {
    fn stand_before(&self, reports: Reports, open: impl FnOnce(Reports) -> mpsc::Sender<Input>) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        let writing = Writing::default();
        let mailbox = reports.mailbox.reading(writing.clone());
        let session = open(Reports { mailbox });
        let call = reports.mailbox;
        let lexicon = self.lexicon.clone();
        tokio::spawn(
            Session { name: self.voice.name(), session, call, lexicon, writing, language: Language::default() }
                .serve(queue),
        );
        inputs
    }
}

/// One call's texts on their way to a voice.
struct Session {
    name: &'static str,
    session: mpsc::Sender<Input>,
    call: Mailbox,
    lexicon: Arc<Lexicon>,
    writing: Writing,
    language: Language,
}

impl Session {
    async fn serve(mut self, mut inputs: mpsc::Receiver<Input>) {
        while let Some(input) = inputs.recv().await {
            let input = match input {
                Input::Begin { id, language } => {
                    self.language = language;
                    self.writing.begin(id);
                    Input::Begin { id, language }
                }
                Input::Text { id, text } => {
                    let saying = say(text.reveal(), self.language, &self.lexicon);
                    let spoken = saying.text.clone();
                    if !self.writing.add(id, saying, text.reveal().len()) {
                        continue;
                    }
                    Input::Text { id, text: Pii::new(spoken) }
                }
                Input::End { id } if self.writing.is_mute(id) => {
                    if !self.breathe(id).await {
                        return;
                    }
                    Input::Cancel { id }
                }
                other @ (Input::End { .. } | Input::Cancel { .. }) => other,
            };
            let id = match &input {
                Input::Begin { id, .. } | Input::Text { id, .. } | Input::End { id } | Input::Cancel { id } => *id,
            };
            if self.session.send(input).await.is_err() {
                let what = "the session takes no more text".to_owned();
                let error = ProviderError { provider: self.name, kind: ErrorKind::Connection, what, retry_after: None };
                // The call is gone, or asks another voice; either way this session is over.
                self.report(Event::Failed { id, error }).await;
                return;
            }
        }
    }

    async fn breathe(&self, id: SpeechId) -> bool {
        self.report(Event::Audio { id, audio: vec![0; BREATH].into() }).await
            && self.report(Event::Done { id, samples: BREATH as u64 }).await
    }

    async fn report(&self, event: Event) -> bool {
        self.call.send(crate::call::event::Event::Tts(event)).await
    }
}

/// Where the words of the utterance that a voice has stand in the text as it was written. Shared by both ways.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writing(Arc<Mutex<Pieces>>);

#[derive(Debug, Default)]
struct Pieces {
    id: SpeechId,
    pieces: Vec<Piece>,
    /// Bytes of all pieces.
    said: usize,
    written: usize,
}

#[derive(Debug)]
struct Piece {
    said: usize,
    written: usize,
    saying: Saying,
}

impl Writing {
    fn begin(&self, id: SpeechId) {
        *self.0.lock() = Pieces { id, ..Pieces::default() };
    }

    /// Whether there is anything in it for a voice.
    fn add(&self, id: SpeechId, saying: Saying, written: usize) -> bool {
        let mut present = self.0.lock();
        if present.id != id {
            return false;
        }
        let sounds = saying.text.contains(scan::is_letter);
        if sounds {
            let said = present.said;
            present.said += saying.text.len();
            let piece = Piece { said, written: present.written, saying };
            present.pieces.push(piece);
        }
        present.written += written;
        sounds
    }

    fn is_mute(&self, id: SpeechId) -> bool {
        let present = self.0.lock();
        present.id == id && present.pieces.is_empty() && present.written > 0
    }

    /// What a voice reports, in places of the text as it was written. A word of another utterance has none.
    pub(crate) fn read(&self, event: Event) -> Option<Event> {
        let Event::Word { id, at, len, from, to, exact } = event else { return Some(event) };
        let present = self.0.lock();
        let next = present.pieces.partition_point(|piece| piece.said <= at);
        let piece = present.pieces.get(next.checked_sub(1)?).filter(|_| present.id == id)?;
        let (start, len) = piece.saying.written(at - piece.said, len);
        Some(Event::Word { id, at: piece.written + start, len, from, to, exact })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::event;
    use crate::sim::{ScriptedConfig, ScriptedVoice};

    /// What the call hears of these clauses: the written bytes of each word, and whether audio came.
    async fn heard(pieces: &[&str], language: Language) -> (Vec<String>, bool) {
        let voice: Arc<dyn Voice> = Arc::new(ScriptedVoice(ScriptedConfig::default()));
        let voice = in_front_of(vec![voice], Lexicon::default()).remove(0);
        let (mailbox, mut events) = Mailbox::new();
        let session = voice.open(Reports { mailbox });
        let id = SpeechId { generation: 1, utterance: 1, attempt: 0 };
        session.send(Input::Begin { id, language }).await.unwrap();
        for piece in pieces {
            session.send(Input::Text { id, text: Pii::new((*piece).to_owned()) }).await.unwrap();
        }
        session.send(Input::End { id }).await.unwrap();
        let (text, mut words, mut sound) = (pieces.concat(), Vec::new(), false);
        while let Some(event::Event::Tts(event)) = events.recv().await {
            match event {
                Event::Word { at, len, .. } => words.push(text[at..at + len].to_owned()),
                Event::Audio { .. } => sound = true,
                Event::Done { .. } => break,
                Event::Failed { error, .. } => panic!("{error}"),
            }
        }
        (words, sound)
    }

    #[tokio::test(start_paused = true)]
    async fn a_voice_says_words_and_the_call_hears_of_the_text_as_it_was_written() {
        let (words, _) = heard(&["Call **604-555-0142**, ", "please."], Language::English).await;
        let told: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        assert_eq!(told, ["Call", "604-555-0142**, ", "please."]);
        // Of a number nothing is heard before its last digit.
        assert_eq!(words.len(), 12, "{words:?}");
        assert!(words[1..10].iter().all(String::is_empty), "{words:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_utterance_that_says_nothing_is_done() {
        assert_eq!(heard(&["😀"], Language::French).await, (Vec::new(), true));
        let (words, sound) = heard(&["😀 ", "Oui."], Language::French).await;
        assert_eq!((words.concat().trim(), sound), ("Oui.", true));
    }

    #[test]
    fn fixed_phrases_are_kept_under_what_is_said() {
        let voice: Arc<dyn Voice> = Arc::new(ScriptedVoice(ScriptedConfig::default()));
        let words = [(Language::English, [("911".to_owned() + "x", "x".to_owned())].into())].into();
        let [plain, own] = [Lexicon::default(), Lexicon::new(&words)]
            .map(|lexicon| in_front_of(vec![voice.clone()], lexicon).remove(0));
        assert_eq!(plain.wording("dial 9 1 1.", Language::English), "dial nine one one.");
        assert_ne!(plain.wording("911x", Language::English), own.wording("911x", Language::English));
        assert_eq!(plain.timbre(Language::English), voice.timbre(Language::English));
    }
}
