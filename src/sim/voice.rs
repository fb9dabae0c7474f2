//! A voice that speaks words as tones ([`super::code`]): after the scripted delay, then as fast as it is listened to.

use std::collections::VecDeque;
use std::sync::Arc;

use attendant_media::speech::SpeechId;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::code::{WORD_SAMPLES, speak, words as words_of};
use super::{NAME, ScriptedConfig};
use crate::language::Language;
use crate::tts::{Capabilities, Event, Input, Reports, Times, Voice};

/// Inputs are few and small: a clause each.
const QUEUE: usize = 16;

/// See the module header.
#[derive(Clone, Copy, Debug)]
pub struct ScriptedVoice(pub ScriptedConfig);

impl Voice for ScriptedVoice {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { words: Times::Exact, longest: None })
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(QUEUE);
        let session = Session { settings: self.0, reports, speaking: None, outbox: VecDeque::new() };
        tokio::spawn(session.run(queue));
        inputs
    }
}

struct Session {
    settings: ScriptedConfig,
    reports: Reports,
    speaking: Option<Utterance>,
    outbox: VecDeque<Event>,
}

struct Utterance {
    id: SpeechId,
    /// Nothing of it is sent before this; unset until its first text.
    from: Option<Instant>,
    /// Bytes of text and samples of audio made so far.
    bytes: usize,
    samples: u64,
}

impl Session {
    async fn run(mut self, mut queue: mpsc::Receiver<Input>) {
        loop {
            let next = self.outbox.front().cloned();
            let from = self.speaking.as_ref().and_then(|utterance| utterance.from).unwrap_or_else(Instant::now);
            let reports = &self.reports;
            let send = async {
                sleep_until(from).await;
                match next {
                    Some(event) => reports.send(event).await,
                    None => true,
                }
            };
            tokio::select! {
                input = queue.recv() => match input {
                    Some(input) => self.take(input),
                    None => return,
                },
                there = send, if !self.outbox.is_empty() => {
                    if !there {
                        return;
                    }
                    self.outbox.pop_front();
                }
            }
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Begin { id, .. } => {
                self.outbox.clear();
                self.speaking = Some(Utterance { id, from: None, bytes: 0, samples: 0 });
            }
            Input::Text { id, text } => {
                let Some(utterance) = self.speaking.as_mut().filter(|utterance| utterance.id == id) else { return };
                if utterance.from.is_none() {
                    utterance.from = Some(Instant::now() + self.settings.tts_ms.draw(&mut rand::rng()));
                }
                self.outbox.extend(utterance.words(text.reveal()));
            }
            Input::End { id } => {
                let Some(utterance) = self.speaking.as_ref().filter(|utterance| utterance.id == id) else { return };
                self.outbox.push_back(Event::Done { id, samples: utterance.samples });
            }
            Input::Cancel { id } => {
                if self.speaking.as_ref().is_some_and(|utterance| utterance.id == id) {
                    self.speaking = None;
                    self.outbox.clear();
                }
            }
        }
    }
}

impl Utterance {
    fn words(&mut self, text: &str) -> Vec<Event> {
        let start = text.as_ptr() as usize;
        let mut events = Vec::new();
        for word in words_of(text) {
            let at = self.bytes + (word.as_ptr() as usize - start);
            let (from, to) = (self.samples, self.samples + WORD_SAMPLES as u64);
            events.push(Event::Word { id: self.id, at, len: word.len(), from, to, exact: true });
            events.push(Event::Audio { id: self.id, audio: Arc::from(speak(word)) });
            self.samples = to;
        }
        self.bytes += text.len();
        events
    }
}

#[cfg(test)]
mod tests {
    use super::super::Delay;
    use super::*;
    use crate::call::event::{self, Mailbox};
    use crate::privacy::Pii;

    #[tokio::test(start_paused = true)]
    async fn words_come_with_their_times_after_the_delay() {
        let settings = ScriptedConfig { tts_ms: Delay::Fixed(150), ..ScriptedConfig::default() };
        let (mailbox, mut events) = Mailbox::new();
        let voice = ScriptedVoice(settings).open(Reports { mailbox });
        let id = SpeechId { generation: 1, utterance: 0, attempt: 0 };
        let began = Instant::now();
        for input in [
            Input::Begin { id, language: Language::English },
            Input::Text { id, text: Pii::new("Marker alfa. ".into()) },
            Input::Text { id, text: Pii::new("bravo".into()) },
            Input::End { id },
        ] {
            voice.send(input).await.unwrap();
        }
        let mut words = Vec::new();
        let mut samples = 0;
        loop {
            match events.recv().await.unwrap() {
                event::Event::Tts(Event::Word { at, len, from, to, .. }) => words.push((at, len, from, to)),
                event::Event::Tts(Event::Audio { audio, .. }) => {
                    if samples == 0 {
                        assert_eq!(began.elapsed().as_millis(), 150);
                    }
                    samples += audio.len() as u64;
                }
                event::Event::Tts(Event::Done { samples: all, .. }) => {
                    assert_eq!(all, samples);
                    break;
                }
                other => panic!("unexpected {other:?}"),
            }
        }
        assert_eq!(words, [(0, 6, 0, 1_600), (7, 5, 1_600, 3_200), (13, 5, 3_200, 4_800)]);
    }
}
