//! Ears that report that something was said, and that it is over, after the scripted delay. They understand no word of it.

use std::collections::VecDeque;

use attendant_media::frame::Samples;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{NAME, ScriptedConfig};
use crate::language::Language;
use crate::privacy::Pii;
use crate::stt::{Capabilities, Event, Input, Partials, Recognizer, Reports, Setup};

/// Between partials: 0.3 s, as hosted recognisers do.
const PARTIAL: Samples = Samples::from_millis(300);

/// Room for one second of audio and what comes with it.
const QUEUE: usize = 64;

/// See the module header.
#[derive(Clone, Copy, Debug)]
pub struct ScriptedRecognizer(pub ScriptedConfig);

impl Recognizer for ScriptedRecognizer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { partials: Partials::Changing, end_of_turn: false })
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(QUEUE);
        let session = Session {
            settings: self.0,
            language: setup.language,
            reports,
            speech: None,
            said: None,
            partial_at: Samples::ZERO,
            answers: VecDeque::new(),
        };
        tokio::spawn(session.run(queue));
        inputs
    }
}

struct Session {
    settings: ScriptedConfig,
    language: Language,
    reports: Reports,
    /// Where the speech that is going on began.
    speech: Option<Samples>,
    /// What was spoken since the last flush.
    said: Option<(Samples, Samples)>,
    partial_at: Samples,
    answers: VecDeque<(Instant, Vec<Event>)>,
}

impl Session {
    async fn run(mut self, mut queue: mpsc::Receiver<Input>) {
        if !self.reports.send(Event::Ready).await {
            return;
        }
        loop {
            let due = self.answers.front().map(|(at, _)| *at);
            let events = tokio::select! {
                input = queue.recv() => match input {
                    Some(input) => self.take(input),
                    None => return,
                },
                () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {
                    self.answers.pop_front().map(|(_, events)| events).unwrap_or_default()
                }
            };
            for event in events {
                if !self.reports.send(event).await {
                    return;
                }
            }
        }
    }

    fn take(&mut self, input: Input) -> Vec<Event> {
        match input {
            Input::Audio { at, .. } => self.partial(at),
            Input::SpeechStart { at } => {
                self.speech = Some(at);
                self.said = Some((self.said.map_or(at, |(from, _)| from), at));
                self.partial_at = at + PARTIAL;
                Vec::new()
            }
            Input::SpeechEnd { at } => {
                self.speech = None;
                self.said = self.said.map(|(from, _)| (from, at));
                Vec::new()
            }
            Input::Flush { up_to } => {
                let delay = self.settings.stt_ms.draw(&mut rand::rng());
                let said = self.said.take().map(|(from, to)| Event::Final {
                    text: Pii::new("The caller has spoken.".into()),
                    from,
                    to: to.min(up_to),
                    confidence: 1.0,
                    language: Some(self.language),
                });
                let events = said.into_iter().chain([Event::Flushed { up_to }]).collect();
                self.answers.push_back((Instant::now() + delay, events));
                Vec::new()
            }
            Input::Language(language) => {
                self.language = language;
                Vec::new()
            }
            Input::Hints(_) => Vec::new(),
        }
    }

    fn partial(&mut self, at: Samples) -> Vec<Event> {
        let Some(from) = self.speech.filter(|_| at >= self.partial_at) else { return Vec::new() };
        self.partial_at = at + PARTIAL;
        self.said = Some((self.said.map_or(from, |(from, _)| from), at));
        vec![Event::Partial { text: Pii::new("The caller has".into()), stable: 0, from, to: at }]
    }
}
