//! The realtime speech-to-text protocol with `endpointing=manual`: the client begins and ends utterances; partials every 300 ms of audio, and
//! a final for each that is ended, after the scripted delay.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use url::form_urlencoded;

use crate::sim::ear::Ear;
use crate::sim::fault::Fault;
use crate::sim::pace::Pace;

/// What [`Fault::Slow`] adds to every answer.
const SLOW: Duration = Duration::from_millis(1_500);

/// Partials come so often: 300 ms of audio.
const PARTIAL: u64 = 4_800;

const LANGUAGES: [&str; 4] = ["auto", "en-IN", "hi-IN", "pa-IN"];
const MODES: [&str; 5] = ["transcribe", "translate", "verbatim", "translit", "codemix"];

/// What Sarvam would refuse in the query.
pub(super) fn asked(query: &str) -> Result<(), String> {
    let (mut language, mut v4, mut keyterms) = (false, false, false);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("language_code", code) if LANGUAGES.contains(&code) => language = true,
            ("model", "saaras:v4") => v4 = true,
            ("mode", mode) if MODES.contains(&mode) => {}
            ("model", "saaras:v3-realtime")
            | ("stream_type", "fast" | "balanced" | "simulated")
            | ("endpointing", "manual")
            | ("encoding", "linear16")
            | ("sample_rate", "16000")
            | ("prompt", _) => {}
            ("keyterms", terms) if is_terms(terms) => keyterms = true,
            _ => return Err(format!("{key}={value} is not supported")),
        }
    }
    match (language, v4 || !keyterms) {
        (false, _) => Err("language_code is required".into()),
        (true, false) => Err("keyterms are for saaras:v4".into()),
        (true, true) => Ok(()),
    }
}

fn is_terms(terms: &str) -> bool {
    serde_json::from_str::<Vec<String>>(terms)
        .is_ok_and(|terms| terms.len() <= 50 && terms.iter().all(|term| term.chars().count() <= 64))
}

/// One that the client has begun and not ended.
struct Utterance {
    number: u32,
    ear: Ear,
    words: Vec<String>,
    partial_at: u64,
}

impl Utterance {
    fn text(&self) -> String {
        self.words.join(" ")
    }

    fn partial(&self) -> Value {
        json!({"event": "transcript.partial", "utterance_idx": self.number, "text": self.text()})
    }
}

pub(super) struct Session {
    socket: WebSocket,
    pace: Pace,
    fault: Option<Fault>,
    begun: u32,
    open: Option<Utterance>,
    outbox: VecDeque<(Instant, Value)>,
    /// Answers with words; faults strike after the first.
    answered: u32,
}

impl Session {
    pub(super) const fn new(socket: WebSocket, pace: Pace, fault: Option<Fault>) -> Self {
        Self { socket, pace, fault, begun: 0, open: None, outbox: VecDeque::new(), answered: 0 }
    }

    pub(super) async fn run(mut self, asked: Result<(), String>) {
        if let Err(what) = asked {
            let refusal = error(&what, true, Some(400));
            if self.send(&refusal).await.is_continue() {
                self.close(4000).await;
            }
            return;
        }
        let hello =
            json!({"event": "session.begin", "request_id": "simulated", "config": {"turn_detection": "manual"}});
        if self.send(&hello).await.is_break() {
            return;
        }
        loop {
            let due = self.outbox.front().map(|(at, _)| *at);
            let went = tokio::select! {
                frame = self.socket.recv() => match frame {
                    Some(Ok(Frame::Text(text))) => self.message(&serde_json::from_str(text.as_str()).unwrap_or_default()).await,
                    Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => ControlFlow::Continue(()),
                    Some(Ok(Frame::Binary(_) | Frame::Close(_)) | Err(_)) | None => ControlFlow::Break(()),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => match self.outbox.pop_front() {
                    Some((_, said)) => self.perform(said).await,
                    None => ControlFlow::Continue(()),
                },
            };
            if went.is_break() {
                return;
            }
        }
    }

    async fn message(&mut self, message: &Value) -> ControlFlow<()> {
        match message["event"].as_str() {
            Some("speech_start") => {
                self.end();
                let ear = Ear::default();
                self.open = Some(Utterance { number: self.begun, ear, words: Vec::new(), partial_at: PARTIAL });
                self.begun += 1;
            }
            Some("audio_input") => {
                let bytes = message["audio"].as_str().and_then(|audio| STANDARD.decode(audio).ok());
                let Some(bytes) = bytes.filter(|bytes| bytes.len() % 2 == 0 && !bytes.is_empty()) else {
                    return self.refuse("audio cannot be read").await;
                };
                self.audio(&bytes);
            }
            Some("speech_end" | "flush") => self.end(),
            Some("config.update") => {
                let applied: Vec<&String> = message
                    .as_object()
                    .into_iter()
                    .flat_map(|fields| fields.keys())
                    .filter(|key| *key != "event")
                    .collect();
                self.plan(Duration::ZERO, json!({"event": "config.updated", "applied": applied}));
            }
            Some("ping") => self.plan(Duration::ZERO, json!({"event": "pong"})),
            Some("end") => {
                self.close(1000).await;
                return ControlFlow::Break(());
            }
            Some(_) | None => return self.refuse("no event that is known").await,
        }
        ControlFlow::Continue(())
    }

    fn audio(&mut self, bytes: &[u8]) {
        let Some(open) = &mut self.open else { return };
        open.words.extend(open.ear.hear(bytes).into_iter().map(|word| word.text));
        if open.ear.heard() >= open.partial_at && !open.words.is_empty() {
            open.partial_at = open.ear.heard() + PARTIAL;
            let partial = open.partial();
            self.plan(Duration::ZERO, partial);
        }
    }

    fn end(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        open.words.extend(open.ear.finish().map(|word| word.text));
        if self.fault == Some(Fault::Unanswered) {
            if !open.words.is_empty() {
                self.plan(Duration::ZERO, open.partial());
            }
            return;
        }
        let delay = self.pace.draw();
        let text = open.text();
        self.plan(delay, json!({"event": "transcript.final", "utterance_idx": open.number, "text": text}));
        if self.fault == Some(Fault::Disorder) && !open.words.is_empty() {
            // What was heard first is said last.
            open.words.truncate(1);
            self.plan(delay, open.partial());
        }
    }

    /// In order, whatever the delays; an answer to a ping waits for nobody.
    fn plan(&mut self, delay: Duration, said: Value) {
        let slow = if self.fault == Some(Fault::Slow) { SLOW } else { Duration::ZERO };
        let at = Instant::now() + delay + slow;
        let place = self.outbox.partition_point(|(other, _)| *other <= at);
        self.outbox.insert(place, (at, said));
    }

    async fn perform(&mut self, said: Value) -> ControlFlow<()> {
        self.answered += u32::from(said["text"].as_str().is_some_and(|text| !text.is_empty()));
        match self.fault {
            Some(Fault::Deaf) => ControlFlow::Continue(()),
            Some(Fault::Stalls) if self.answered > 1 => ControlFlow::Continue(()),
            Some(Fault::Breaks) if self.answered > 1 => ControlFlow::Break(()),
            Some(Fault::Errors) if self.answered > 1 => {
                self.send(&error("simulated", true, Some(500))).await?;
                self.close(1011).await;
                ControlFlow::Break(())
            }
            Some(_) | None => self.send(&said).await,
        }
    }

    async fn refuse(&mut self, what: &str) -> ControlFlow<()> {
        self.send(&error(what, true, Some(400))).await?;
        self.close(4000).await;
        ControlFlow::Break(())
    }

    async fn send(&mut self, said: &Value) -> ControlFlow<()> {
        if self.socket.send(Frame::Text(said.to_string().into())).await.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    async fn close(&mut self, code: u16) {
        // Whoever has left does not need it.
        self.socket.send(Frame::Close(Some(CloseFrame { code, reason: "simulated".into() }))).await.ok();
    }
}

fn error(message: &str, is_fatal: bool, status: Option<u16>) -> Value {
    json!({"event": "error", "code": "simulated", "is_fatal": is_fatal, "message": message, "status_code": status})
}
