//! One connection to Deepgram and all that is true of it alone: what was sent over it, what is owed over it, and when it counts as failed.
//!
//! It never connects and never decides what is sent: that is the session's. Its clock counts the audio that it was given.

use std::time::Duration;

use attendant_media::frame::{Frame, SLOT_SAMPLES, Samples};
use tokio::time::Instant;

use super::clock::Clock;
use super::flux::Due;
use super::{Model, NAME, failed, flux, nova, request};
use crate::costs::{Kind, Meter, Paid, Usage};
use crate::provider::socket::{Incoming, Link};
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::Event;

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

enum Reading {
    Nova(nova::Reading),
    Flux(flux::Reading),
}

/// Who is told of the audio that is paid for.
pub(super) struct Bill {
    pub(super) model: &'static str,
    pub(super) meter: Meter,
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
pub(super) struct Connection {
    pub(super) link: Link,
    bill: Bill,
    reading: Reading,
    clock: Clock,
    /// Audio of the next message.
    audio: Vec<u8>,
    /// Nothing is sent for now: there is silence.
    resting: bool,
    /// Nova was sent audio since last words were asked for.
    unflushed: bool,
    pub(super) said: Vec<Event>,
    sounding: bool,
    /// Since then something is owed: words of a voice, or last words.
    owing: Option<Instant>,
    flushed: Instant,
    flushing: Option<Samples>,
    sent: Instant,
}

impl Connection {
    pub(super) fn new(link: Link, model: Model, bill: Bill) -> Self {
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
            audio: Vec::new(),
            resting: true,
            unflushed: false,
            said: Vec::new(),
            sounding: false,
            owing: None,
            flushed: now,
            flushing: None,
            sent: now,
        }
    }

    pub(super) const fn model(&self) -> Model {
        match self.reading {
            Reading::Nova(_) => Model::Nova,
            Reading::Flux(_) => Model::Flux,
        }
    }

    fn is_flushing(&self) -> bool {
        match &self.reading {
            Reading::Nova(reading) => reading.is_flushing(),
            Reading::Flux(reading) => reading.is_flushing(),
        }
    }

    /// Closed now, it would be missed by nobody.
    pub(super) fn is_idle(&self) -> bool {
        let settled = match &self.reading {
            Reading::Nova(reading) => reading.is_settled(),
            Reading::Flux(reading) => reading.is_settled(),
        };
        self.resting && settled && self.owing.is_none()
    }

    pub(super) async fn audio(&mut self, at: Samples, frame: &Frame) -> Result<(), ProviderError> {
        self.resting = false;
        self.unflushed = true;
        self.clock.take(at, frame.len() as u64);
        self.audio.extend(frame.iter().flat_map(|sample| sample.to_le_bytes()));
        let frames = match self.model() {
            Model::Nova => NOVA_FRAMES,
            Model::Flux => FLUX_FRAMES,
        };
        if self.audio.len() >= frames * 2 * SLOT_SAMPLES { self.send_audio().await } else { Ok(()) }
    }

    /// Silence is not sent: the next audio may be long in coming.
    pub(super) async fn rest(&mut self) -> Result<(), ProviderError> {
        if self.resting {
            return Ok(());
        }
        self.resting = true;
        self.send_audio().await?;
        if let Reading::Flux(reading) = &mut self.reading
            && reading.rest(&self.clock, &mut self.said) == Due::ForceEndTurn
        {
            self.link.text(request::plain("ForceEndTurn")).await?;
        }
        self.owe();
        Ok(())
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

    pub(super) fn voice(&mut self, sounding: bool) {
        self.sounding = sounding;
        self.owe();
    }

    /// Whoever is owed something waits from the first moment on.
    fn owe(&mut self) {
        let owes = self.sounding || self.is_flushing();
        self.owing = owes.then(|| self.owing.unwrap_or_else(Instant::now));
    }

    pub(super) async fn flush(&mut self, up_to: Samples) -> Result<(), ProviderError> {
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
                let due = if self.resting {
                    reading.flush_at_rest(up_to, &self.clock, &mut self.said)
                } else {
                    reading.flush(up_to, &self.clock, &mut self.said)
                };
                if due == Due::ForceEndTurn {
                    self.link.text(request::plain("ForceEndTurn")).await?;
                }
            }
        }
        self.owe();
        Ok(())
    }

    pub(super) async fn incoming(&mut self, incoming: Incoming) -> Result<(), ProviderError> {
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

    pub(super) fn due(&self, silence: Duration) -> Instant {
        let now = Instant::now();
        let keep_alive = self.sent + KEEP_ALIVE;
        let owed = self.owing.map_or(now + LONG, |since| since + silence);
        let flush = if self.is_flushing() { self.flushed + FLUSH_PATIENCE } else { now + LONG };
        keep_alive.min(owed).min(flush)
    }

    pub(super) async fn time_passed(&mut self, silence: Duration) -> Result<(), ProviderError> {
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
    pub(super) fn settle(&mut self) {
        let flushing = self.is_flushing();
        match &mut self.reading {
            Reading::Nova(reading) => reading.settle(&mut self.said),
            Reading::Flux(reading) => reading.settle(&mut self.said),
        }
        if flushing && let Some(up_to) = self.flushing {
            self.said.push(Event::Flushed { up_to });
        }
    }

    pub(super) async fn bye(mut self) {
        if self.link.text(request::plain("CloseStream")).await.is_ok() {
            self.link.close().await;
        }
    }
}
