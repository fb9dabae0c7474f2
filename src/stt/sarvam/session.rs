//! One call's ears at Sarvam: a connection, the caller's voices on their way there, and what comes back.
//!
//! What is sent, and as which utterance, [`Voices`] decides. It gives up, and says why, when it cannot connect in time, when Sarvam says nothing
//! although something is owed, or when the connection breaks. That Sarvam is there is asked by pings, whose answers are signs of life.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::{RATE, Samples};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::http::header::HeaderName;

use super::{failed, request};
use crate::costs::{Kind, Meter, Paid, Usage};
use crate::language::Language;
use crate::provider::account::Reached;
use crate::provider::sarvam::{KEY, NAME, SarvamOwn, code};
use crate::provider::socket::{Incoming, Link};
use crate::provider::{self, ErrorKind, ProviderError, kind_of_status};
use crate::stt::voices::{Step, Voices};
use crate::stt::{Event, Hints, Input, Reports, Setup};

/// Sarvam closes after a minute of nothing.
const PING_IDLE: Duration = Duration::from_secs(20);
/// While something is owed: two answers within the 3 s after which the call takes a session for deaf.
const PING_OWED: Duration = Duration::from_secs(1);

/// Nobody is made to wait longer than 25 s of speech for its words.
const LONGEST: Samples = Samples(25 * RATE as u64);

/// Sarvam gives none.
const CONFIDENCE: f32 = 1.0;

pub(super) async fn run(
    shared: Arc<Reached<SarvamOwn>>,
    setup: Setup,
    mut inputs: mpsc::Receiver<Input>,
    reports: Reports,
) {
    let connected = tokio::select! {
        connected = connect(&shared, &setup) => connected,
        // Connecting, too, ends with the call.
        () = reports.mailbox.closed() => return,
    };
    let error = match connected {
        Ok(link) => {
            let mut session = Session::new(shared, setup, link, reports.mailbox.meter().clone());
            session.said.push(Event::Ready);
            let left = session.talk(&mut inputs, &reports).await;
            session.bye(left.is_ok());
            left.err()
        }
        Err(error) => Some(error),
    };
    if let Some(error) = error {
        // A call that is gone meanwhile need not be told.
        reports.send(Event::Failed(error)).await;
    }
}

async fn connect(shared: &Reached<SarvamOwn>, setup: &Setup) -> Result<Link, ProviderError> {
    let code = known(setup.language)?;
    let patience = shared.config.own.connect_ms.duration();
    let deadline = Instant::now() + patience;
    let url = request::address(&shared.config, &shared.address, code, &setup.hints);
    let key = shared.key(HeaderName::from_static(KEY), "")?;
    let mut link = shared.connector.connect(&url, [key], patience).await?;
    let begun = async {
        loop {
            if let Incoming::Text(text) = link.next().await? {
                match read(&text)? {
                    Message::Begin => return Ok(()),
                    Message::Error(error) => return Err(error.named()),
                    Message::Partial { .. } | Message::Final { .. } | Message::Pong | Message::Other => {}
                }
            }
        }
    };
    let late = || failed(ErrorKind::Timeout, "connected, and not ready in time");
    timeout_at(deadline, begun).await.map_err(|_| late())??;
    Ok(link)
}

fn known(language: Language) -> Result<&'static str, ProviderError> {
    code(language).ok_or_else(|| failed(ErrorKind::Request, &format!("does not know {language}")))
}

#[derive(Debug, Deserialize)]
#[serde(tag = "event")]
enum Message {
    #[serde(rename = "session.begin")]
    Begin,
    #[serde(rename = "transcript.partial")]
    Partial { utterance_idx: u32, text: String },
    #[serde(rename = "transcript.final")]
    Final { utterance_idx: u32, text: String },
    #[serde(rename = "pong")]
    Pong,
    #[serde(rename = "error")]
    Error(Told),
    /// What was configured, the end of a session, and whatever is new.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
struct Told {
    code: String,
    is_fatal: bool,
    #[serde(default)]
    status_code: Option<u16>,
}

impl Told {
    fn named(&self) -> ProviderError {
        let kind = self.status_code.map_or(ErrorKind::Server, kind_of_status);
        let told = provider::code(&self.code).unwrap_or("without a code");
        failed(kind, &format!("an error message, {told}"))
    }
}

fn read(text: &str) -> Result<Message, ProviderError> {
    serde_json::from_str(text).map_err(|_| failed(ErrorKind::Server, "sent a message that cannot be read"))
}

struct Session {
    shared: Arc<Reached<SarvamOwn>>,
    /// Sarvam is paid for the audio it is sent.
    meter: Meter,
    language: Language,
    hints: Hints,
    link: Link,
    voices: Voices,
    steps: Vec<Step>,
    said: Vec<Event>,
    /// Since then something is owed, and nothing at all was said.
    owing: Option<Instant>,
    pinged: Instant,
    /// How far it had been heard when the last ping left.
    pinged_at: Samples,
    /// When the last utterance was ended.
    ended: Instant,
    /// Long after that Sarvam was still there.
    answered: bool,
}

impl Session {
    fn new(shared: Arc<Reached<SarvamOwn>>, setup: Setup, link: Link, meter: Meter) -> Self {
        let now = Instant::now();
        Self {
            shared,
            meter,
            language: setup.language,
            hints: setup.hints,
            link,
            voices: Voices::new(LONGEST),
            steps: Vec::new(),
            said: Vec::new(),
            owing: None,
            pinged: now,
            pinged_at: Samples::ZERO,
            ended: now,
            answered: false,
        }
    }

    /// Until the call needs this session no more.
    async fn talk(&mut self, inputs: &mut mpsc::Receiver<Input>, reports: &Reports) -> Result<(), ProviderError> {
        loop {
            for event in self.said.drain(..) {
                if !reports.send(event).await {
                    return Ok(());
                }
            }
            let due = self.due();
            tokio::select! {
                biased;
                incoming = self.link.next() => {
                    if let Incoming::Text(text) = incoming? {
                        self.message(read(&text)?)?;
                    }
                }
                input = inputs.recv() => match input {
                    Some(input) => self.input(input).await?,
                    None => return Ok(()),
                },
                () = sleep_until(due) => self.time_passed().await?,
            }
            self.owe();
        }
    }

    async fn input(&mut self, input: Input) -> Result<(), ProviderError> {
        match input {
            Input::Audio { at, frame } => self.voices.audio(at, &frame, &mut self.steps),
            Input::SpeechStart { at } => self.voices.speech_start(at, &mut self.steps),
            Input::SpeechEnd { at } => self.voices.speech_end(at, &mut self.steps),
            Input::Flush { up_to } => self.voices.flush(up_to, &mut self.steps, &mut self.said),
            Input::Hints(hints) => {
                if hints.phrases != self.hints.phrases {
                    self.link.text(request::likely(&hints)).await?;
                }
                self.hints = hints;
            }
            Input::Language(language) => {
                if language != self.language {
                    self.link.text(request::language(known(language)?)).await?;
                }
                self.language = language;
            }
        }
        self.perform().await
    }

    async fn perform(&mut self) -> Result<(), ProviderError> {
        for step in std::mem::take(&mut self.steps) {
            match step {
                Step::Begin { .. } => self.link.text(request::plain("speech_start")).await?,
                Step::Audio(audio) => {
                    self.link.text(request::audio(&audio)).await?;
                    let usage = Usage { audio_ms: audio.len() as u64 * 1_000 / u64::from(RATE), ..Usage::default() };
                    self.meter.add(
                        Kind::Hearing,
                        Paid { provider: NAME, model: &self.shared.config.own.stt_model },
                        usage,
                    );
                }
                Step::End => {
                    self.link.text(request::plain("speech_end")).await?;
                    // Whether it is still there when its final does not come.
                    self.ended = Instant::now();
                    self.answered = false;
                    self.ping().await?;
                }
            }
        }
        Ok(())
    }

    fn message(&mut self, message: Message) -> Result<(), ProviderError> {
        self.owing = None;
        match message {
            Message::Partial { utterance_idx, text } => {
                self.voices.utterances.partial(utterance_idx, text.trim(), None, &mut self.said);
            }
            Message::Final { utterance_idx, text } => {
                if self.voices.utterances.fin(utterance_idx, &text, CONFIDENCE, &mut self.said) {
                    self.voices.was_ended();
                }
            }
            Message::Pong => {
                // Only who is there now would have said its words by now.
                self.answered |= self.pinged >= self.ended + self.silence() / 2;
                if self.voices.is_sounding() {
                    self.said.push(Event::Listening { up_to: self.pinged_at });
                }
            }
            Message::Error(told) if told.is_fatal => return Err(told.named()),
            Message::Error(told) => {
                let error = told.named();
                tracing::warn!(%error, "goes on without what was asked for");
            }
            Message::Begin | Message::Other => {}
        }
        Ok(())
    }

    fn silence(&self) -> Duration {
        self.shared.config.own.stt_silence_ms.duration()
    }

    fn owes(&self) -> bool {
        self.voices.utterances.is_open() || self.voices.utterances.is_awaiting()
    }

    /// Whoever is owed something waits from the first moment on.
    fn owe(&mut self) {
        self.owing = self.owes().then(|| self.owing.unwrap_or_else(Instant::now));
    }

    fn ping_due(&self) -> Instant {
        let every = if self.owes() { PING_OWED.min(self.silence() / 2) } else { PING_IDLE };
        self.pinged + every
    }

    /// After this, a final that has not come from somebody who is there will not come: less than the silence that ends a session.
    fn settles(&self) -> Option<Instant> {
        let awaits = self.answered && self.voices.utterances.is_awaiting();
        awaits.then(|| self.ended + self.silence() * 3 / 4)
    }

    fn due(&self) -> Instant {
        let deaf = self.owing.map(|since| since + self.silence());
        [deaf, self.settles()].into_iter().flatten().fold(self.ping_due(), Instant::min)
    }

    async fn time_passed(&mut self) -> Result<(), ProviderError> {
        let now = Instant::now();
        if self.owing.is_some_and(|since| now >= since + self.silence()) {
            return Err(failed(ErrorKind::Timeout, "says nothing although a voice is heard"));
        }
        if self.settles().is_some_and(|at| now >= at) {
            self.voices.utterances.settle(&mut self.said);
        }
        if now >= self.ping_due() { self.ping().await } else { Ok(()) }
    }

    async fn ping(&mut self) -> Result<(), ProviderError> {
        self.pinged = Instant::now();
        self.pinged_at = self.voices.heard();
        self.link.text(request::plain("ping")).await
    }

    /// Nobody waits for the goodbye.
    fn bye(mut self, politely: bool) {
        if politely {
            tokio::spawn(async move {
                if self.link.text(request::plain("end")).await.is_ok() {
                    self.link.close().await;
                }
            });
        }
    }
}
