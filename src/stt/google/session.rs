//! One call's ears at Google: a connection, and a streaming call on it for each voice.
//!
//! It gives up, and says why, when it cannot connect in time, when last words do not come, when a call ends with a status of failure, or
//! when the connection breaks. A connection that was closed while nobody spoke is made again for the next voice. It never sends a sample to
//! two streams, but for what follows the last final words where one rolls over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::{RATE, Samples};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::messages::METHOD;
use super::news::{News, Told, read};
use super::{NAME, Shared, failed, request};
use crate::costs::{Charge, Kind, Meter, Paid, Usage};
use crate::language::Language;
use crate::provider::grpc::{Asking, Line};
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::voices::{Step, Voices};
use crate::stt::{Event, Hints, Input, Reports, Setup};

/// News of streams waiting to be reported.
const NEWS: usize = 64;

/// When nothing is due.
const LONG: Duration = Duration::from_secs(3_600);

/// Google ends a stream after 5 minutes. From so much audio on, the next final words end it here: 4 minutes.
const ROLLS_OVER: u64 = 240 * RATE as u64;
/// A voice without final words for 45 s after that is cut where it is.
const LONGEST: Samples = Samples(285 * RATE as u64);

/// Whoever is not confident enough to say so is believed.
const UNSAID: f32 = 1.0;
/// What was never made final has no confidence.
const NEVER_FINAL: f32 = 0.0;

pub(super) async fn run(shared: Arc<Shared>, setup: Setup, mut inputs: mpsc::Receiver<Input>, reports: Reports) {
    let connected = tokio::select! {
        connected = shared.channel.connect(shared.config.own.connect_ms.duration()) => connected,
        // Connecting, too, ends with the call.
        () = reports.mailbox.closed() => return,
    };
    let error = match connected {
        Ok(line) => {
            let mut session = Session::new(shared, setup, line, reports.mailbox.meter().clone());
            tokio::select! {
                ended = session.talk(&mut inputs, &reports) => ended.err(),
                // Connecting again, too.
                () = reports.mailbox.closed() => return,
            }
        }
        Err(error) => Some(error),
    };
    if let Some(error) = error {
        // A call that is gone meanwhile need not be told.
        reports.send(Event::Failed(error)).await;
    }
}

/// A streaming call: one utterance.
struct Stream {
    /// Our side of it; `None` once it takes no more.
    asking: Option<Asking>,
    reader: AbortHandle,
    /// Samples sent.
    sent: u64,
    charge: Charge,
    /// When it last said something, was begun, or was asked for its last words.
    heard: Instant,
    /// Whether it ever said anything.
    has_answered: bool,
}

impl Stream {
    /// Google bills whole seconds of each request.
    fn bill(&mut self) {
        let seconds = self.sent.div_ceil(u64::from(RATE));
        self.charge.instead(Usage { audio_ms: seconds * 1_000, ..Usage::default() });
    }
}

struct Session {
    shared: Arc<Shared>,
    meter: Meter,
    language: Language,
    hints: Hints,
    line: Line,
    voices: Voices,
    steps: Vec<Step>,
    /// Those that are not over, by the number of their utterance.
    streams: BTreeMap<u32, Stream>,
    /// The one that is given audio.
    open: Option<u32>,
    /// They end with the session.
    readers: JoinSet<()>,
    news: mpsc::Receiver<Told>,
    /// For the readers.
    tell: mpsc::Sender<Told>,
    said: Vec<Event>,
}

impl Session {
    fn new(shared: Arc<Shared>, setup: Setup, line: Line, meter: Meter) -> Self {
        let Setup { language, hints } = setup;
        let (tell, news) = mpsc::channel(NEWS);
        Self {
            shared,
            meter,
            language,
            hints,
            line,
            voices: Voices::new(LONGEST),
            steps: Vec::new(),
            streams: BTreeMap::new(),
            open: None,
            readers: JoinSet::new(),
            news,
            tell,
            said: vec![Event::Ready],
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
                Some((number, news)) = self.news.recv() => self.news(number, news)?,
                input = inputs.recv() => match input {
                    Some(input) => self.input(input),
                    None => return Ok(()),
                },
                () = sleep_until(due) => self.time_passed()?,
            }
            self.perform().await?;
            while self.readers.try_join_next().is_some() {}
        }
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Audio { at, frame } => self.voices.audio(at, &frame, &mut self.steps),
            Input::SpeechStart { at } => self.voices.speech_start(at, &mut self.steps),
            Input::SpeechEnd { at } => self.voices.speech_end(at, &mut self.steps),
            Input::Flush { up_to } => self.voices.flush(up_to, &mut self.steps, &mut self.said),
            // Both hold from the next voice on.
            Input::Hints(hints) => self.hints = hints,
            Input::Language(language) => self.language = language,
        }
    }

    async fn perform(&mut self) -> Result<(), ProviderError> {
        for step in std::mem::take(&mut self.steps) {
            match step {
                Step::Begin { number, at } => self.begin(number, at).await?,
                Step::Audio(audio) => {
                    let Some(stream) = self.open.and_then(|number| self.streams.get_mut(&number)) else { continue };
                    let Some(asking) = &mut stream.asking else { continue };
                    if asking.send(&request::audio(&audio)).await.is_ok() {
                        stream.sent += audio.len() as u64;
                        stream.bill();
                    } else {
                        // Why it takes no more, its answer says.
                        stream.asking = None;
                    }
                }
                Step::End => {
                    let Some(stream) = self.open.take().and_then(|number| self.streams.get_mut(&number)) else {
                        continue;
                    };
                    stream.heard = Instant::now();
                    if let Some(asking) = stream.asking.take() {
                        asking.end();
                    }
                }
            }
        }
        Ok(())
    }

    async fn begin(&mut self, number: u32, at: Samples) -> Result<(), ProviderError> {
        if !self.line.is_up().await {
            self.line = self.shared.channel.connect(self.shared.config.own.connect_ms.duration()).await?;
        }
        let (mut asking, answer) = self.line.call(METHOD, request::headers(&self.shared)?)?;
        let reader = self.readers.spawn(read(number, at, answer, self.tell.clone()));
        let config = &self.shared.config;
        let first = request::first(config, &self.shared.account.project, self.language, &self.hints);
        let asking = asking.send(&first).await.is_ok().then_some(asking);
        let paid = Paid { provider: NAME, model: &config.own.model };
        let charge = self.meter.charge(Kind::Hearing, paid, Usage::default());
        let stream = Stream { asking, reader, sent: 0, charge, heard: Instant::now(), has_answered: false };
        self.streams.insert(number, stream);
        self.open = Some(number);
        Ok(())
    }

    fn news(&mut self, number: u32, news: News) -> Result<(), ProviderError> {
        // One that was rolled over is not listened to any more.
        let Some(stream) = self.streams.get_mut(&number) else { return Ok(()) };
        stream.heard = Instant::now();
        if self.open == Some(number) {
            self.voices.trust();
        }
        stream.has_answered |= !matches!(news, News::Failed(_));
        let utterances = &mut self.voices.utterances;
        match news {
            News::Partial { text, stable, to } => utterances.partial(number, &text, stable, to, &mut self.said),
            News::Final { text, to, confidence } => {
                utterances.settled(number, &text, to, confidence.unwrap_or(UNSAID), &mut self.said);
                if let Some(to) = to.filter(|_| self.open == Some(number) && stream.sent >= ROLLS_OVER) {
                    self.roll_over(number, to);
                }
            }
            News::Billed(billed) => {
                stream.charge.instead(Usage { audio_ms: billed.as_millis() as u64, ..Usage::default() });
            }
            News::Over { rest } => {
                self.streams.remove(&number);
                if utterances.fin(number, &rest, NEVER_FINAL, &mut self.said) {
                    self.open = None;
                    self.voices.was_ended();
                }
            }
            News::Failed(error) => {
                // What was refused costs nothing.
                if let Some(stream) = self.streams.remove(&number).filter(|stream| !stream.has_answered) {
                    stream.charge.waive();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Everything up to there is final: the stream is cancelled, and what follows is heard by another.
    fn roll_over(&mut self, number: u32, to: Samples) {
        if self.voices.roll_over(to, &mut self.steps)
            && let Some(stream) = self.streams.remove(&number)
        {
            stream.reader.abort();
        }
    }

    fn silence(&self) -> Duration {
        self.shared.config.own.silence_ms.duration()
    }

    /// A voice in which nothing was heard for so long is asked about: longer than the time in which interim words come, and the answer is
    /// there within the 3 s after which the call takes a session for deaf.
    fn doubts(&self) -> Duration {
        self.silence() * 6 / 5
    }

    fn due(&self) -> Instant {
        let cut = if self.voices.is_trusted() { Voices::doubts_after(self.doubts()) } else { self.doubts() };
        let due = |(number, stream): (&u32, &Stream)| {
            stream.heard + if self.open == Some(*number) { cut } else { self.silence() }
        };
        self.streams.iter().map(due).min().unwrap_or_else(|| Instant::now() + LONG)
    }

    fn time_passed(&mut self) -> Result<(), ProviderError> {
        let (now, silence) = (Instant::now(), self.silence());
        let awaited = |(number, stream): (&u32, &Stream)| self.open != Some(*number) && now >= stream.heard + silence;
        if self.streams.iter().any(awaited) {
            return Err(failed(ErrorKind::Timeout, "says nothing although last words are awaited"));
        }
        let open = self.open.and_then(|number| self.streams.get(&number));
        if let Some(heard) = open.map(|stream| stream.heard) {
            if now >= heard + self.doubts() {
                self.voices.cut(&mut self.steps);
            } else if self.voices.is_trusted() && now >= heard + Voices::doubts_after(self.doubts()) {
                self.voices.doubt(&mut self.steps);
            }
        }
        Ok(())
    }
}
