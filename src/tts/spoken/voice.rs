//! In front of every voice: it is given the text as it is spoken, and the call hears of the text as it was written.
//!
//! Nothing else changes a text on its way to a voice. One that is longer than the voice takes at once ([`Capabilities::longest`]) is given in pieces. An utterance in which nothing can be said (a picture alone) is done with a
//! breath of silence and asks no voice: that one would report a failure that is none.

use std::sync::Arc;

use attendant_media::speech::SpeechId;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};

use super::{Lexicon, Saying, length, say, scan};
use crate::call::event::Mailbox;
use crate::language::Language;
use crate::privacy::Pii;
use crate::provider::{ErrorKind, ProviderError};
use crate::tts::{Capabilities, Event, Input, Reports, Voice};

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

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        // Here a text may be of any length.
        self.voice.capabilities(language).map(|can| Capabilities { longest: None, ..can })
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
        let (voice, lexicon, language) = (self.voice.clone(), self.lexicon.clone(), Language::default());
        tokio::spawn(Session { voice, session, call, lexicon, writing, language, longest: None }.serve(queue));
        inputs
    }
}

/// One call's texts on their way to a voice.
struct Session {
    voice: Arc<dyn Voice>,
    session: mpsc::Sender<Input>,
    call: Mailbox,
    lexicon: Arc<Lexicon>,
    writing: Writing,
    language: Language,
    /// What whoever speaks it takes at once.
    longest: Option<usize>,
}

impl Session {
    async fn serve(mut self, mut inputs: mpsc::Receiver<Input>) {
        while let Some(input) = inputs.recv().await {
            let goes_on = match input {
                Input::Begin { id, language } => {
                    self.language = language;
                    self.longest = self.voice.capabilities(language).and_then(|can| can.longest);
                    self.writing.begin(id);
                    self.give(id, Input::Begin { id, language }).await
                }
                Input::Text { id, text } => self.write_out(id, text.reveal()).await,
                Input::End { id } if self.writing.is_mute(id) => {
                    self.breathe(id).await && self.give(id, Input::Cancel { id }).await
                }
                Input::End { id } | Input::Cancel { id } => self.give(id, input).await,
            };
            if !goes_on {
                return;
            }
        }
    }

    async fn write_out(&self, id: SpeechId, text: &str) -> bool {
        let saying = say(text, self.language, &self.lexicon);
        let spoken = saying.text.clone();
        if !self.writing.add(id, saying, text.len()) {
            return true;
        }
        for piece in length::pieces(&spoken, self.longest) {
            if !self.give(id, Input::Text { id, text: Pii::new(piece.to_owned()) }).await {
                return false;
            }
        }
        true
    }

    /// `false`: the session is over.
    async fn give(&self, id: SpeechId, input: Input) -> bool {
        if self.session.send(input).await.is_ok() {
            return true;
        }
        let (provider, what) = (self.voice.name(), "the session takes no more text".to_owned());
        let error = ProviderError { provider, kind: ErrorKind::Connection, what, retry_after: None };
        // The call is gone, or asks another voice; either way this session is over.
        self.report(Event::Failed { id, error }).await;
        false
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

    /// Takes so many characters at once, and refuses more.
    struct Short(usize);

    impl Voice for Short {
        fn name(&self) -> &'static str {
            "short"
        }

        fn capabilities(&self, language: Language) -> Option<Capabilities> {
            let can = ScriptedVoice(ScriptedConfig::default()).capabilities(language)?;
            Some(Capabilities { longest: Some(self.0), ..can })
        }

        fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
            let (inputs, mut queue) = mpsc::channel(INPUTS);
            let (longest, voice) = (self.0, ScriptedVoice(ScriptedConfig::default()).open(reports.clone()));
            tokio::spawn(async move {
                while let Some(input) = queue.recv().await {
                    if let Input::Text { id, text } = &input
                        && text.reveal().chars().count() > longest
                    {
                        let what = "the text is too long".to_owned();
                        let error =
                            ProviderError { provider: "short", kind: ErrorKind::Request, what, retry_after: None };
                        reports.send(Event::Failed { id: *id, error }).await;
                        return;
                    }
                    if voice.send(input).await.is_err() {
                        return;
                    }
                }
            });
            inputs
        }
    }

    /// What the call hears of these clauses: the written bytes of each word, and whether audio came.
    async fn heard(pieces: &[&str], language: Language) -> (Vec<String>, bool) {
        heard_of(Arc::new(ScriptedVoice(ScriptedConfig::default())), pieces, language).await
    }

    async fn heard_of(voice: Arc<dyn Voice>, pieces: &[&str], language: Language) -> (Vec<String>, bool) {
        let voice = in_front_of(vec![voice], Lexicon::default()).remove(0);
        let (mailbox, mut events) = Mailbox::new();
        let session = voice.open(Reports { mailbox });
        let id = SpeechId { generation: 1, utterance: 1, attempt: 0 };
        session.send(Input::Begin { id, language }).await.unwrap();
        for piece in pieces {
            session.send(Input::Text { id, text: Pii::new((*piece).to_owned()) }).await.unwrap();
        }
        session.send(Input::End { id }).await.unwrap();
        let (text, mut words, mut sound, mut said) = (pieces.concat(), Vec::new(), false, 0);
        while let Some(event::Event::Tts(event)) = events.recv().await {
            match event {
                Event::Word { at, len, from, to, .. } => {
                    assert!(said <= from && from < to, "one word after the other");
                    said = to;
                    words.push(text[at..at + len].to_owned());
                }
                Event::Audio { .. } => sound = true,
                Event::Done { .. } => break,
                Event::Failed { error, .. } => panic!("{error}"),
            }
        }
        (words, sound)
    }

    #[tokio::test(start_paused = true)]
    async fn a_text_that_is_longer_than_a_voice_takes_is_said_in_pieces_and_every_word_once() {
        // Written out it is five times as long.
        let number = "Please call 604-555-0142, or 604-555-0199, before 5 p.m. ";
        for (language, pieces) in [
            (
                Language::English,
                vec!["We are open from nine to five on every working day, and on Saturday until noon. ", number],
            ),
            (Language::French, vec!["Nous sommes ouverts de neuf heures à dix-sept heures tous les jours ouvrables."]),
            (Language::Punjabi, vec!["ਅਸੀਂ ਸੋਮਵਾਰ ਤੋਂ ਸ਼ੁੱਕਰਵਾਰ ਤੱਕ ਖੁੱਲ੍ਹੇ ਹਾਂ, ਅਤੇ ਸ਼ਨੀਵਾਰ ਨੂੰ ਬੰਦ ਹਾਂ।"]),
        ] {
            let whole = heard(&pieces, language).await;
            let short = heard_of(Arc::new(Short(24)), &pieces, language).await;
            assert_eq!(short, whole, "{language}");
            assert!(!whole.0.is_empty(), "{language}");
        }
        // The scripted voice takes a stretch of Chinese for one word.
        let text = "我们星期一到星期五开门，星期六中午关门，星期日休息，节日也不开门。";
        let (words, _) = heard_of(Arc::new(Short(9)), &[text], Language::Mandarin).await;
        assert_eq!((words.concat().as_str(), words.len() > 4), (text, true), "{words:?}");
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
