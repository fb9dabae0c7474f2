//! One call's voice at Cartesia: the connection, and the utterance that has it.
//!
//! An utterance fails when it cannot be connected for, when nothing comes of it in time, when it is done without a sound, or when
//! Cartesia says so. Digital silence is held back until there is sound: a voice that sends only noughts has said nothing.

use std::sync::Arc;

use attendant_media::frame::RATE;
use attendant_media::speech::SpeechId;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep_until};
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use uuid::Uuid;

use super::request::{More, VERSION, cancel, speak};
use super::words::Places;
use super::{CartesiaOwn, failed};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::socket::{Incoming, Link};
use crate::provider::{ErrorKind, ProviderError, code, kind_of_status};
use crate::tts::{Event, Input, Reports};

/// Longest piece of audio in one event: 200 ms.
const CHUNK: usize = 3_200;

/// So much digital silence, and no sound: 1.5 s is more than any pause before a first word.
const SILENCE_AT_MOST: usize = RATE as usize * 3 / 2;

/// A ping keeps what stands between us and Cartesia from forgetting the connection.
const PING_EVERY: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    context_id: Option<String>,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    word_timestamps: Option<Times>,
    #[serde(default)]
    status_code: Option<u16>,
    #[serde(default)]
    error_code: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Times {
    words: Vec<String>,
    start: Vec<f64>,
    end: Vec<f64>,
}

struct Utterance {
    id: SpeechId,
    language: Language,
    context: String,
    text: String,
    places: Places,
    samples: u64,
    /// Digital silence since the last sound, or since the beginning.
    held: Vec<i16>,
    odd: Option<u8>,
    /// No more text will come.
    ended: bool,
    /// When something last came of it, or was asked of it.
    heard: Instant,
}

pub(super) async fn run(shared: Arc<Reached<CartesiaOwn>>, inputs: mpsc::Receiver<Input>, reports: Reports) {
    Session { shared, inputs, reports, link: None, utterance: None, pinged: Instant::now() }.serve().await;
}

struct Session {
    shared: Arc<Reached<CartesiaOwn>>,
    inputs: mpsc::Receiver<Input>,
    reports: Reports,
    link: Option<Link>,
    utterance: Option<Utterance>,
    pinged: Instant,
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    On,
    /// The call is gone.
    Over,
}

impl Session {
    async fn serve(mut self) {
        // A connection that fails before it is needed is tried again when it is.
        self.link = self.connect().await.ok();
        while self.step().await == Going::On {}
        if let Some(link) = self.link {
            link.close().await;
        }
    }

    async fn step(&mut self) -> Going {
        let due = self.due();
        tokio::select! {
            biased;
            input = self.inputs.recv() => match input {
                Some(input) => self.input(input).await,
                None => Going::Over,
            },
            incoming = next(&mut self.link) => match incoming {
                Ok(Incoming::Text(text)) => self.message(&text).await,
                Ok(Incoming::Binary(_) | Incoming::Alive) => Going::On,
                Err(error) => self.broken(error).await,
            },
            () = sleep_until(due) => self.time_passed().await,
        }
    }

    async fn connect(&self) -> Result<Link, ProviderError> {
        let shared = &self.shared;
        let key = shared.key(AUTHORIZATION, "Bearer ")?;
        let version = (HeaderName::from_static("cartesia-version"), HeaderValue::from_static(VERSION));
        shared.connector.connect(&shared.address, [key, version], shared.config.own.connect_ms.duration()).await
    }

    async fn input(&mut self, input: Input) -> Going {
        match input {
            Input::Begin { id, language } => {
                self.cancel().await;
                self.utterance = Some(Utterance {
                    id,
                    language,
                    context: Uuid::new_v4().to_string(),
                    text: String::new(),
                    places: Places::default(),
                    samples: 0,
                    held: Vec::new(),
                    odd: None,
                    ended: false,
                    heard: Instant::now(),
                });
                Going::On
            }
            Input::Text { id, text } => self.say(id, text.reveal(), More::Follows).await,
            Input::End { id } => self.say(id, "", More::Ends).await,
            Input::Cancel { id } => {
                if self.utterance.as_ref().is_some_and(|utterance| utterance.id == id) {
                    self.cancel().await;
                }
                Going::On
            }
        }
    }

    /// What was unfinished is not wanted any more.
    async fn cancel(&mut self) {
        let Some(utterance) = self.utterance.take() else { return };
        if utterance.text.is_empty() {
            return;
        }
        if let Some(link) = &mut self.link
            && link.text(cancel(&utterance.context)).await.is_err()
        {
            self.link = None;
        }
    }

    async fn say(&mut self, id: SpeechId, text: &str, more: More) -> Going {
        if self.utterance.as_ref().is_none_or(|utterance| utterance.id != id) {
            return Going::On;
        }
        if self.link.is_none() {
            match self.connect().await {
                Ok(link) => self.link = Some(link),
                Err(error) => return self.fail(error).await,
            }
        }
        let (Some(link), Some(utterance)) = (&mut self.link, &mut self.utterance) else { return Going::On };
        utterance.text.push_str(text);
        utterance.ended |= more == More::Ends;
        utterance.heard = Instant::now();
        let request = speak(&self.shared.config, utterance.language, &utterance.context, text, more);
        match link.text(request).await {
            Ok(()) => Going::On,
            Err(error) => self.broken(error).await,
        }
    }

    async fn broken(&mut self, error: ProviderError) -> Going {
        self.link = None;
        self.fail(error).await
    }

    /// The utterance fails, if there is one; the session goes on.
    async fn fail(&mut self, error: ProviderError) -> Going {
        let Some(utterance) = self.utterance.take() else { return Going::On };
        self.report(Event::Failed { id: utterance.id, error }).await
    }

    async fn report(&self, event: Event) -> Going {
        if self.reports.send(event).await { Going::On } else { Going::Over }
    }

    async fn message(&mut self, text: &str) -> Going {
        let Ok(message) = serde_json::from_str::<Message>(text) else {
            return self.fail(failed(ErrorKind::Server, "sent a message that cannot be read")).await;
        };
        let Some(utterance) = &mut self.utterance else { return late() };
        // An error may be about the whole connection; everything else belongs to a context.
        let is_about_us = message.context_id.as_deref().map_or(message.kind == "error", |id| id == utterance.context);
        if !is_about_us {
            return late();
        }
        utterance.heard = Instant::now();
        match message.kind.as_str() {
            "chunk" => self.chunk(message.data.unwrap_or_default()).await,
            "timestamps" => self.words(message.word_timestamps).await,
            "done" => self.done().await,
            "error" => {
                let told = message.error_code.as_deref().and_then(code).unwrap_or("without a code");
                let kind = message.status_code.map_or(ErrorKind::Server, kind_of_status);
                let what = format!("an error message, {} {told}", message.status_code.unwrap_or_default());
                self.fail(failed(kind, &what)).await
            }
            _ => Going::On,
        }
    }

    async fn chunk(&mut self, data: String) -> Going {
        let Some(utterance) = &mut self.utterance else { return Going::On };
        let Ok(bytes) = STANDARD.decode(data) else {
            return self.fail(failed(ErrorKind::Server, "sent audio that cannot be read")).await;
        };
        let bytes: Vec<u8> = utterance.odd.take().into_iter().chain(bytes).collect();
        let (samples, odd) = bytes.as_chunks::<2>();
        utterance.odd = odd.first().copied();
        utterance.held.extend(samples.iter().map(|pair| i16::from_le_bytes(*pair)));
        if utterance.samples == 0 && utterance.held.iter().all(|sample| *sample == 0) {
            if utterance.held.len() > SILENCE_AT_MOST {
                return self.fail(failed(ErrorKind::Empty, "sends silence")).await;
            }
            return Going::On;
        }
        let (id, audio) = (utterance.id, std::mem::take(&mut utterance.held));
        utterance.samples += audio.len() as u64;
        for piece in audio.chunks(CHUNK) {
            if self.report(Event::Audio { id, audio: piece.into() }).await == Going::Over {
                return Going::Over;
            }
        }
        Going::On
    }

    async fn words(&mut self, times: Option<Times>) -> Going {
        let (Some(times), Some(utterance)) = (times, &mut self.utterance) else { return Going::On };
        let id = utterance.id;
        let sample = |seconds: &f64| (seconds.max(0.0) * f64::from(RATE)).round() as u64;
        let mut events = Vec::with_capacity(times.words.len());
        for (word, (start, end)) in times.words.iter().zip(times.start.iter().zip(&times.end)) {
            if let Some((at, len)) = utterance.places.find(&utterance.text, word) {
                events.push(Event::Word { id, at, len, from: sample(start), to: sample(end), exact: true });
            }
        }
        for event in events {
            if self.report(event).await == Going::Over {
                return Going::Over;
            }
        }
        Going::On
    }

    async fn done(&mut self) -> Going {
        let Some(utterance) = self.utterance.take_if(|utterance| utterance.ended) else {
            // Cartesia gives up contexts that wait long for text; the rest of this one has nobody to say it.
            return self.fail(failed(ErrorKind::Server, "ended an utterance before its text")).await;
        };
        let (id, samples) = (utterance.id, utterance.samples);
        if samples == 0 {
            let error = failed(ErrorKind::Empty, "is done without a sound");
            return self.report(Event::Failed { id, error }).await;
        }
        self.report(Event::Done { id, samples }).await
    }

    /// Something is owed from a text to its first audio, and from the last text to the end.
    fn owed(&self) -> Option<Instant> {
        let utterance = self.utterance.as_ref()?;
        let owes = !utterance.text.is_empty() && (utterance.ended || utterance.samples == 0);
        owes.then(|| utterance.heard + self.shared.config.own.silence_ms.duration())
    }

    fn due(&self) -> Instant {
        let ping = self.pinged + PING_EVERY;
        self.owed().map_or(ping, |owed| owed.min(ping))
    }

    async fn time_passed(&mut self) -> Going {
        let now = Instant::now();
        if self.owed().is_some_and(|owed| now >= owed) {
            // What still comes of it is late; the connection may be deaf.
            self.link = None;
            return self.fail(failed(ErrorKind::Timeout, "no audio in time")).await;
        }
        if now >= self.pinged + PING_EVERY {
            self.pinged = now;
            if let Some(link) = &mut self.link
                && link.ping().await.is_err()
            {
                self.link = None;
            }
        }
        Going::On
    }
}

/// Of an utterance that nobody wants any more.
fn late() -> Going {
    metrics::counter!("cartesia_late_messages_total").increment(1);
    Going::On
}

async fn next(link: &mut Option<Link>) -> Result<Incoming, ProviderError> {
    match link {
        Some(link) => link.next().await,
        None => std::future::pending().await,
    }
}
