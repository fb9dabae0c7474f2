//! One call's ears at such a vendor: a connection, the caller's voices on their way there, and what comes back.
//!
//! What is sent, and as which utterance, [`Voices`] decides. It gives up, and says why, when it cannot connect in time, when the vendor says nothing
//! although something is owed, or when the connection breaks. That somebody is there is asked by pings, whose answers are signs of life,
//! or, of a vendor without any, by ending the utterance in which nothing is heard.

use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::{RATE, Samples};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::{Changed, News, Said, Talk, Vendor};
use crate::costs::{Kind, Meter, Paid, Usage};
use crate::provider::socket::{Incoming, Link};
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::voices::{Step, Voices};
use crate::stt::{Event, Input, Reports, Setup};

/// Sarvam closes after a minute of nothing.
const PING_IDLE: Duration = Duration::from_secs(20);
/// While something is owed: two answers within the 3 s after which the call takes a session for deaf.
const PING_OWED: Duration = Duration::from_secs(1);

/// Who cannot be pinged is asked by then: an answer is there before the call takes the session for deaf.
const ASKED_AT_MOST: Duration = Duration::from_millis(2_400);

/// What was never made final has no confidence.
const NEVER_FINAL: f32 = 0.0;

/// Nobody is made to wait longer than 25 s of speech for its words, and one more for a pause.
const LONGEST: Samples = Samples(25 * RATE as u64);

pub(super) async fn run(vendor: Arc<dyn Vendor>, setup: Setup, mut inputs: mpsc::Receiver<Input>, reports: Reports) {
    let connected = tokio::select! {
        connected = vendor.clone().connect(setup.clone()) => connected,
        // Connecting, too, ends with the call.
        () = reports.mailbox.closed() => return,
    };
    let ended = match connected {
        Ok((link, talk)) => {
            let mut session = Session::new(vendor, setup, link, talk, reports.mailbox.meter().clone());
            session.said.push(Event::Ready);
            let ended = tokio::select! {
                ended = session.serve(&mut inputs, &reports) => ended,
                // Connecting again, too.
                () = reports.mailbox.closed() => Ok(End::NotNeeded),
            };
            session.bye(ended.is_ok());
            ended
        }
        Err(error) => Err(error),
    };
    let last = match ended {
        Ok(End::NotNeeded) => return,
        Ok(End::OtherLanguage) => Event::Left,
        Err(error) => Event::Failed(error),
    };
    // A call that is gone meanwhile need not be told.
    reports.send(last).await;
}

/// Why a session is over in which nothing has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The call needs it no more.
    NotNeeded,
    /// What it owes is to be heard in another language, on another connection.
    OtherLanguage,
}

struct Session {
    vendor: Arc<dyn Vendor>,
    /// Who hears is paid for the audio it is sent.
    meter: Meter,
    setup: Setup,
    link: Link,
    talk: Box<dyn Talk>,
    /// Whether it asks who is there.
    pings: bool,
    connected: Instant,
    voices: Voices,
    steps: Vec<Step>,
    said: Vec<Event>,
    /// Since then something is owed, and nothing at all was said.
    owing: Option<Instant>,
    pinged: Instant,
    /// How far it had been heard when the last ping left, or the last utterance of who cannot be pinged was ended.
    pinged_at: Samples,
    /// When the last utterance was ended.
    ended: Instant,
    /// Long after that the vendor was still there.
    answered: bool,
}

impl Session {
    fn new(vendor: Arc<dyn Vendor>, setup: Setup, link: Link, talk: Box<dyn Talk>, meter: Meter) -> Self {
        let now = Instant::now();
        Self {
            vendor,
            meter,
            setup,
            link,
            pings: talk.ping().is_some(),
            talk,
            connected: now,
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

    async fn serve(&mut self, inputs: &mut mpsc::Receiver<Input>, reports: &Reports) -> Result<End, ProviderError> {
        loop {
            for event in self.said.drain(..) {
                if !reports.send(event).await {
                    return Ok(End::NotNeeded);
                }
            }
            let due = self.due();
            tokio::select! {
                biased;
                incoming = self.link.next() => match incoming {
                    // That the connection is there says nothing of who hears.
                    Ok(Incoming::Alive) => {}
                    Ok(incoming) => {
                        let news = self.talk.read(incoming)?;
                        self.news(news);
                        let due = self.talk.due();
                        self.tell(due).await?;
                        self.perform().await?;
                    }
                    Err(error) => self.closed(error).await?,
                },
                input = inputs.recv() => match input {
                    Some(input) => {
                        if let Some(end) = self.input(input).await? {
                            return Ok(end);
                        }
                    }
                    None => return Ok(End::NotNeeded),
                },
                () = sleep_until(due) => self.time_passed().await?,
            }
            self.owe();
        }
    }

    async fn input(&mut self, input: Input) -> Result<Option<End>, ProviderError> {
        match input {
            Input::Audio { at, frame } => self.voices.audio(at, &frame, &mut self.steps),
            Input::SpeechStart { at } => self.voices.speech_start(at, &mut self.steps),
            Input::SpeechEnd { at } => self.voices.speech_end(at, &mut self.steps),
            Input::Flush { up_to } => self.voices.flush(up_to, &mut self.steps, &mut self.said),
            Input::Hints(hints) => {
                if hints.phrases != self.setup.hints.phrases {
                    let said = self.talk.hints(&hints);
                    self.tell(said).await?;
                }
                self.setup.hints = hints;
            }
            Input::Language(language) => {
                let before = std::mem::replace(&mut self.setup.language, language);
                if language != before {
                    match self.talk.language(language)? {
                        Changed::Here(said) => self.tell(said).await?,
                        Changed::Elsewhere if self.owes() => return Ok(Some(End::OtherLanguage)),
                        Changed::Elsewhere => self.connect_again().await?,
                    }
                }
            }
        }
        self.perform().await?;
        Ok(None)
    }

    async fn tell(&mut self, said: Vec<Said>) -> Result<(), ProviderError> {
        for said in said {
            match said {
                Said::Text(text) => self.link.text(text).await?,
                Said::Binary(bytes) => self.link.binary(bytes).await?,
            }
        }
        Ok(())
    }

    /// A connection that is closed while nothing is owed may be made again, if it has lasted.
    async fn closed(&mut self, error: ProviderError) -> Result<(), ProviderError> {
        if self.owes() || self.talk.stays() || self.connected.elapsed() < PING_IDLE {
            return Err(error);
        }
        self.connect_again().await
    }

    async fn connect_again(&mut self) -> Result<(), ProviderError> {
        let (link, talk) = self.vendor.clone().connect(self.setup.clone()).await?;
        tokio::spawn(std::mem::replace(&mut self.link, link).close());
        self.talk = talk;
        self.connected = Instant::now();
        Ok(())
    }

    async fn perform(&mut self) -> Result<(), ProviderError> {
        for step in std::mem::take(&mut self.steps) {
            match step {
                Step::Begin { number, at } => {
                    let said = self.talk.begin(number, at);
                    self.tell(said).await?;
                }
                Step::Audio(audio) => {
                    let said = self.talk.audio(&audio);
                    self.tell(said).await?;
                    let usage = Usage { audio_ms: audio.len() as u64 * 1_000 / u64::from(RATE), ..Usage::default() };
                    let paid = Paid { provider: self.vendor.name(), model: self.vendor.model() };
                    self.meter.add(Kind::Hearing, paid, usage);
                }
                Step::End => {
                    let said = self.talk.end();
                    self.tell(said).await?;
                    // Whether it is still there when its final does not come.
                    self.ended = Instant::now();
                    self.answered = false;
                    if self.pings {
                        self.ping().await?;
                    } else {
                        self.pinged_at = self.voices.heard();
                        self.owing = Some(self.ended);
                    }
                }
            }
        }
        Ok(())
    }

    fn news(&mut self, news: News) {
        self.owing = None;
        self.voices.trust();
        match news {
            News::Partial { number, text, stable } => {
                let words = text.trim_start();
                let stable = stable.saturating_sub(text.len() - words.len());
                self.voices.utterances.partial(number, words.trim_end(), stable, None, &mut self.said);
            }
            News::Settled { number, text, to, confidence } => {
                self.voices.utterances.settled(number, &text, Some(to), confidence, &mut self.said);
            }
            News::Final { number, text, confidence } => {
                if self.voices.utterances.fin(number, &text, confidence, &mut self.said) {
                    self.voices.was_ended();
                }
            }
            News::Ended { number, text } => {
                let goes_on = self.voices.again(number, &mut self.steps);
                if !goes_on && self.voices.utterances.fin(number, &text, NEVER_FINAL, &mut self.said) {
                    self.voices.was_ended();
                }
            }
            News::Pong => {
                // Only who is there now would have said its words by now.
                self.answered |= self.pinged >= self.ended + self.vendor.silence() / 2;
                if self.voices.is_sounding() {
                    self.said.push(Event::Listening { up_to: self.pinged_at });
                }
            }
            News::Nothing => {}
        }
    }

    fn failed(&self, kind: ErrorKind, what: &str) -> ProviderError {
        ProviderError { provider: self.vendor.name(), kind, what: what.to_owned(), retry_after: None }
    }

    fn owes(&self) -> bool {
        self.voices.utterances.is_open() || self.voices.utterances.is_awaiting()
    }

    /// Whoever is owed something waits from the first moment on.
    fn owe(&mut self) {
        self.owing = self.owes().then(|| self.owing.unwrap_or_else(Instant::now));
    }

    fn ping_due(&self) -> Instant {
        let every = if self.owes() && self.pings { PING_OWED.min(self.vendor.silence() / 2) } else { PING_IDLE };
        self.pinged + every
    }

    /// After this, a final that has not come from somebody who is there will not come: less than the silence that ends a session.
    fn settles(&self) -> Option<Instant> {
        let awaits = self.answered && self.voices.utterances.is_awaiting();
        awaits.then(|| self.ended + self.vendor.silence() * 3 / 4)
    }

    /// When who says nothing is given up, or, if it is not asked otherwise, is asked by ending the open utterance: longer than the time in which
    /// words come, and the answer is there within the 3 s after which the call takes a session for deaf.
    fn late(&self) -> Option<Instant> {
        let is_asked = self.pings || self.voices.utterances.is_awaiting();
        self.owing.map(|since| since + if is_asked { self.vendor.silence() } else { self.asked() })
    }

    /// After which silence who cannot be pinged is asked.
    fn asked(&self) -> Duration {
        (self.vendor.silence() * 6 / 5).min(ASKED_AT_MOST)
    }

    /// When who cannot be pinged is asked if the caller pauses: in the last 600 ms before it is asked in mid-word.
    fn doubts(&self) -> Option<Instant> {
        let is_asked = !self.pings && self.voices.is_trusted() && !self.voices.utterances.is_awaiting();
        self.owing.filter(|_| is_asked).map(|since| since + Voices::doubts_after(self.asked()))
    }

    fn due(&self) -> Instant {
        [self.late(), self.doubts(), self.settles()].into_iter().flatten().fold(self.ping_due(), Instant::min)
    }

    async fn time_passed(&mut self) -> Result<(), ProviderError> {
        let now = Instant::now();
        if self.late().is_some_and(|at| now >= at) {
            if self.pings || self.voices.utterances.is_awaiting() {
                return Err(self.failed(ErrorKind::Timeout, "says nothing although a voice is heard"));
            }
            self.voices.cut(&mut self.steps);
            return self.perform().await;
        }
        if self.doubts().is_some_and(|at| now >= at) {
            self.voices.doubt(&mut self.steps);
            self.perform().await?;
        }
        if self.settles().is_some_and(|at| now >= at) {
            self.voices.utterances.settle(&mut self.said);
        }
        if now >= self.ping_due() { self.ping().await } else { Ok(()) }
    }

    async fn ping(&mut self) -> Result<(), ProviderError> {
        self.pinged = Instant::now();
        self.pinged_at = self.voices.heard();
        match self.talk.ping() {
            Some(text) => self.link.text(text).await,
            None => self.link.ping().await,
        }
    }

    /// Nobody waits for the goodbye.
    fn bye(mut self, politely: bool) {
        if politely {
            tokio::spawn(async move {
                if let Some(text) = self.talk.bye()
                    && self.link.text(text).await.is_err()
                {
                    return;
                }
                self.link.close().await;
            });
        }
    }
}
