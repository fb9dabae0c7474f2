//! One call's ears at Deepgram: a connection, the caller's audio on its way there, and what comes back.
//!
//! It gives up, and says why, when it cannot connect in time, when Deepgram says nothing although a voice is heard, or when the
//! connection breaks. The audio that arrives while it connects waits in the session's queue. A change of language is a new connection.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::{Frame, SLOT_SAMPLES, Samples};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, HeaderValue};

use super::clock::Clock;
use super::flux::Due;
use super::{Model, NAME, Shared, failed, flux, nova, request};
use crate::costs::{Kind, Meter, Paid, Usage};
use crate::language::Language;
use crate::provider::socket::{Incoming, Link};
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::gate::Gate;
use crate::stt::{Event, Hints, Input, Reports, Setup};

/// Frames a message: 40 ms for nova; 80 ms for Flux, as its page advises.
const NOVA_FRAMES: usize = 2;
const FLUX_FRAMES: usize = 4;

/// Deepgram closes v1 after 10 s without audio or a KeepAlive; every 3 to 5 s is its advice.
const KEEP_ALIVE: Duration = Duration::from_secs(4);

/// Finalize or ForceEndTurn without an answer: after this, what was heard counts as all there is.
const FLUSH_PATIENCE: Duration = Duration::from_millis(800);

/// Of 16 kHz linear PCM.
const BYTES_A_MS: u64 = 32;

/// When nothing is due.
const LONG: Duration = Duration::from_secs(3_600);

pub(super) async fn run(shared: Arc<Shared>, setup: Setup, inputs: mpsc::Receiver<Input>, reports: Reports) {
    let Setup { language, hints } = setup;
    let session = Session { shared, language, hints, inputs, reports };
    session.serve().await;
}

struct Session {
    shared: Arc<Shared>,
    language: Language,
    hints: Hints,
    inputs: mpsc::Receiver<Input>,
    reports: Reports,
}

/// Why a connection was left without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// The call needs this session no more.
    Over,
    /// Another language is spoken from now on.
    OtherLanguage,
}

impl Session {
    async fn serve(mut self) {
        if let Some(error) = self.connections().await {
            // A call that is gone meanwhile need not be told.
            self.reports.send(Event::Failed(error)).await;
        }
    }

    async fn connections(&mut self) -> Option<ProviderError> {
        let mut told = false;
        loop {
            let connected = tokio::select! {
                connected = self.connect() => connected,
                // Connecting, too, ends with the call.
                () = self.reports.mailbox.closed() => return None,
            };
            let mut connection = match connected {
                Ok(connection) => connection,
                Err(error) => return Some(error),
            };
            if !told && !self.reports.send(Event::Ready).await {
                return None;
            }
            told = true;
            let left = self.talk(&mut connection).await;
            match left {
                Ok(Left::Over) => {
                    connection.bye().await;
                    return None;
                }
                Ok(Left::OtherLanguage) => {
                    // Its words are reported; the vendor need not be waited for.
                    tokio::spawn(connection.bye());
                }
                Err(error) => return Some(error),
            }
        }
    }

    async fn connect(&self) -> Result<Connection, ProviderError> {
        let shared = &self.shared;
        let Some(model) = shared.config.model.of(self.language) else {
            let what = format!("flux does not know {}; write model = \"auto\" or \"nova-3\"", self.language);
            return Err(failed(ErrorKind::Request, &what));
        };
        let deadline = Instant::now() + shared.config.connect();
        let url = request::address(&shared.config, &shared.base, model, self.language, &self.hints);
        let mut key = HeaderValue::try_from(format!("Token {}", shared.key.expose()))
            .map_err(|_| failed(ErrorKind::Unauthorised, "the key has characters that no key has"))?;
        key.set_sensitive(true);
        let mut link = shared.connector.connect(&url, [(AUTHORIZATION, key)], shared.config.connect()).await?;
        if model == Model::Flux {
            let ready = async {
                let mut reading = flux::Reading::default();
                loop {
                    if let Incoming::Text(text) = link.next().await?
                        && reading.read(&text, &Clock::default(), &mut Vec::new())? == Due::Ready
                    {
                        return Ok(());
                    }
                }
            };
            timeout_at(deadline, ready)
                .await
                .map_err(|_| failed(ErrorKind::Timeout, "connected, and not ready in time"))??;
        }
        let meter = self.reports.mailbox.meter().clone();
        Ok(Connection::new(link, model, Bill { model: model.name(self.language), meter }))
    }

    async fn talk(&mut self, connection: &mut Connection) -> Result<Left, ProviderError> {
        let silence = self.shared.config.silence();
        loop {
            let due = connection.due(silence);
            tokio::select! {
                biased;
                incoming = connection.link.next() => connection.incoming(incoming?).await?,
                input = self.inputs.recv() => match input {
                    Some(input) => {
                        if let Some(left) = self.input(input, connection).await? {
                            self.report(connection).await;
                            return Ok(left);
                        }
                    }
                    None => return Ok(Left::Over),
                },
                () = sleep_until(due) => connection.time_passed(silence).await?,
            }
            if !self.report(connection).await {
                return Ok(Left::Over);
            }
        }
    }

    /// `false` once the call is gone.
    async fn report(&self, connection: &mut Connection) -> bool {
        for event in connection.said.drain(..) {
            if !self.reports.send(event).await {
                return false;
            }
        }
        true
    }

    /// Why the connection is to be left, if it is.
    async fn input(&mut self, input: Input, connection: &mut Connection) -> Result<Option<Left>, ProviderError> {
        match input {
            Input::Audio { at, frame } => connection.audio(at, &frame).await?,
            Input::SpeechStart { .. } => connection.voice(true),
            Input::SpeechEnd { .. } => connection.voice(false),
            Input::Flush { up_to } => connection.flush(up_to).await?,
            Input::Hints(hints) => {
                // Nova takes them only when it is connected to: the next session has them.
                if hints != self.hints && connection.model() == Model::Flux {
                    connection.link.text(request::configure(&self.shared.config, &hints)).await?;
                }
                self.hints = hints;
            }
            Input::Language(language) if language != self.language => {
                self.language = language;
                connection.settle();
                return Ok(Some(Left::OtherLanguage));
            }
            Input::Language(_) => {}
        }
        Ok(None)
    }
}

enum Reading {
    Nova(nova::Reading),
    Flux(flux::Reading),
}

/// Who is told of the audio that is paid for.
struct Bill {
    model: &'static str,
    meter: Meter,
}

impl Bill {
    fn sent(&self, bytes: usize) {
        let audio_ms = bytes as u64 / BYTES_A_MS;
        self.meter.add(
            Kind::Hearing,
            Paid { provider: NAME, model: self.model },
            Usage { audio_ms, ..Usage::default() },
        );
    }
}

/// A connection and all that is true of it alone.
struct Connection {
    link: Link,
    bill: Bill,
    reading: Reading,
    clock: Clock,
    /// What nova is sent of it.
    gate: Gate,
    /// Audio of the next message.
    audio: Vec<u8>,
    /// Nova was sent audio since last words were asked for.
    unflushed: bool,
    said: Vec<Event>,
    sounding: bool,
    /// Since then something is owed: words of a voice, or last words.
    owing: Option<Instant>,
    flushed: Instant,
    flushing: Option<Samples>,
    sent: Instant,
}

impl Connection {
    fn new(link: Link, model: Model, bill: Bill) -> Self {
        let reading = match model {
            Model::Nova => Reading::Nova(nova::Reading::default()),
            Model::Flux => Reading::Flux(flux::Reading::default()),
        };
        let now = Instant::now();
        Self {
            link,
            bill,
            reading,
            clock: Clock::default(),
            gate: Gate::default(),
            audio: Vec::new(),
            unflushed: false,
            said: Vec::new(),
            sounding: false,
            owing: None,
            flushed: now,
            flushing: None,
            sent: now,
        }
    }

    const fn model(&self) -> Model {
        match self.reading {
            Reading::Nova(_) => Model::Nova,
            Reading::Flux(_) => Model::Flux,
        }
    }

    const fn is_flushing(&self) -> bool {
        match &self.reading {
            Reading::Nova(reading) => reading.is_flushing(),
            Reading::Flux(reading) => reading.is_flushing(),
        }
    }

    async fn audio(&mut self, at: Samples, frame: &Frame) -> Result<(), ProviderError> {
        let frames = match &mut self.reading {
            Reading::Nova(_) => {
                for (at, frame) in self.gate.take(at, frame) {
                    take(&mut self.clock, &mut self.audio, at, &frame);
                    self.unflushed = true;
                }
                NOVA_FRAMES
            }
            // Flux hears by silence that a turn is over, and knows no KeepAlive.
            Reading::Flux(_) => {
                take(&mut self.clock, &mut self.audio, at, frame);
                FLUX_FRAMES
            }
        };
        if self.audio.len() >= frames * 2 * SLOT_SAMPLES { self.send_audio().await } else { Ok(()) }
    }

    async fn send_audio(&mut self) -> Result<(), ProviderError> {
        if self.audio.is_empty() {
            return Ok(());
        }
        let room = self.audio.len();
        let audio = std::mem::replace(&mut self.audio, Vec::with_capacity(room));
        self.sent = Instant::now();
        let bytes = audio.len();
        self.link.binary(audio).await?;
        // Deepgram is paid for the audio it is sent, silence included; a KeepAlive is none.
        self.bill.sent(bytes);
        Ok(())
    }

    fn voice(&mut self, sounding: bool) {
        self.gate.voice(sounding);
        self.sounding = sounding;
        self.owe();
    }

    /// Whoever is owed something waits from the first moment on.
    fn owe(&mut self) {
        let owes = self.sounding || self.is_flushing();
        self.owing = owes.then(|| self.owing.unwrap_or_else(Instant::now));
    }

    async fn flush(&mut self, up_to: Samples) -> Result<(), ProviderError> {
        self.send_audio().await?;
        self.flushed = Instant::now();
        self.flushing = Some(up_to);
        match &mut self.reading {
            // Nothing was worth sending since the last words: there are none to wait for.
            Reading::Nova(reading) if !reading.is_flushing() && !std::mem::take(&mut self.unflushed) => {
                self.said.push(Event::Flushed { up_to });
            }
            Reading::Nova(reading) => {
                reading.flush(up_to, &self.clock);
                self.unflushed = false;
                self.link.text(request::plain("Finalize")).await?;
            }
            Reading::Flux(reading) => {
                if reading.flush(up_to, &self.clock, &mut self.said) == Due::ForceEndTurn {
                    self.link.text(request::plain("ForceEndTurn")).await?;
                }
            }
        }
        self.owe();
        Ok(())
    }

    async fn incoming(&mut self, incoming: Incoming) -> Result<(), ProviderError> {
        let Incoming::Text(text) = incoming else { return Ok(()) };
        let due = match &mut self.reading {
            Reading::Nova(reading) => {
                reading.read(&text, &self.clock, &mut self.said)?;
                Due::Nothing
            }
            Reading::Flux(reading) => reading.read(&text, &self.clock, &mut self.said)?,
        };
        if due == Due::ForceEndTurn {
            self.link.text(request::plain("ForceEndTurn")).await?;
        }
        self.owing = None;
        self.owe();
        Ok(())
    }

    fn due(&self, silence: Duration) -> Instant {
        let now = Instant::now();
        let keep_alive = self.sent + KEEP_ALIVE;
        let owed = self.owing.map_or(now + LONG, |since| since + silence);
        let flush = if self.is_flushing() { self.flushed + FLUSH_PATIENCE } else { now + LONG };
        keep_alive.min(owed).min(flush)
    }

    async fn time_passed(&mut self, silence: Duration) -> Result<(), ProviderError> {
        let now = Instant::now();
        if self.owing.is_some_and(|since| now >= since + silence) {
            return Err(failed(ErrorKind::Timeout, "says nothing although a voice is heard"));
        }
        if self.is_flushing() && now >= self.flushed + FLUSH_PATIENCE {
            self.flushed = now;
            match &mut self.reading {
                Reading::Nova(reading) => reading.flush_late(&mut self.said),
                Reading::Flux(reading) => reading.flush_late(&mut self.said),
            }
            self.owe();
        }
        if now >= self.sent + KEEP_ALIVE {
            self.sent = now;
            match self.reading {
                Reading::Nova(_) => self.link.text(request::plain("KeepAlive")).await?,
                // Flux knows no KeepAlive.
                Reading::Flux(_) => self.link.ping().await?,
            }
        }
        Ok(())
    }

    /// What was heard is all that this connection will say.
    fn settle(&mut self) {
        let flushing = self.is_flushing();
        match &mut self.reading {
            Reading::Nova(reading) => reading.settle(&mut self.said),
            Reading::Flux(reading) => reading.settle(&mut self.said),
        }
        if flushing && let Some(up_to) = self.flushing {
            self.said.push(Event::Flushed { up_to });
        }
    }

    async fn bye(mut self) {
        if self.link.text(request::plain("CloseStream")).await.is_ok() {
            self.link.close().await;
        }
    }
}

fn take(clock: &mut Clock, audio: &mut Vec<u8>, at: Samples, frame: &Frame) {
    clock.take(at, frame.len() as u64);
    audio.extend(frame.iter().flat_map(|sample| sample.to_le_bytes()));
}
