//! One call's voice: the connection, and the utterance that has it. What is given while the connection is made waits for it, and is cancelled
//! or replaced there.
//!
//! An utterance fails when it cannot be connected for, when nothing comes of it in time, when it is done without a sound, or when
//! the vendor says so. A connection that is closed while nothing is said is made again at once, so that the next utterance need not wait for it; if
//! that one is closed too, the next utterance makes it. Digital silence is held back until there is sound: a voice that sends only noughts says nothing, and
//! one that goes on so, or that places its last word there, has failed. What it said it would say there the next voice says.

use std::ops::Range;
use std::sync::Arc;

use attendant_media::frame::RATE;
use attendant_media::speech::SpeechId;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep_until};
use uuid::Uuid;

use super::letters::Letters;
use super::sound::Sound;
use super::way::{Asker, Happened, Line, Way};
use super::words::Places;
use super::{News, Opened, Part, Timed, Vendor};
use crate::language::Language;
use crate::provider::socket::Incoming;
use crate::provider::{ErrorKind, ProviderError};
use crate::tts::pieces::CHUNK;
use crate::tts::{Event, Input, Reports};

/// So much digital silence, and no sound: 1.5 s is more than any pause before a first word, or between two.
const SILENCE_AT_MOST: usize = RATE as usize * 3 / 2;

/// A last word that begins so long after the last sound, and lasts until so long after it, was not heard: 100 and 200 ms. Times of words are a little
/// late now and then.
const NOT_BEGUN: u64 = RATE as u64 / 10;
const NOT_ENDED: u64 = RATE as u64 / 5;

/// So often a connection is kept from being forgotten, by the vendor or by what stands between.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How much of an utterance the vendor was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Nothing,
    Some,
    /// And that no more will come.
    All,
}

struct Utterance {
    id: SpeechId,
    language: Language,
    context: String,
    text: String,
    /// Texts of it that wait for the connection, and the end (`None`).
    waiting: Vec<Option<String>>,
    places: Places,
    letters: Letters,
    sound: Sound,
    samples: u64,
    /// Digital silence since the last sound, or since the beginning.
    held: Vec<i16>,
    /// Where the last word is that was told of, in samples; marks are none.
    last: Range<u64>,
    given: Given,
    /// When something last came of it, or was asked of it.
    heard: Instant,
}

impl Utterance {
    /// Its last word lies in digital silence: the voice fell silent before it.
    fn fell_silent(&self) -> bool {
        let received = self.samples + self.held.len() as u64;
        self.last.start < received
            && self.last.start >= self.samples + NOT_BEGUN
            && self.last.end.min(received) >= self.samples + NOT_ENDED
    }
}

/// Connects for this language first.
pub(super) async fn run(
    vendor: Arc<dyn Vendor>,
    (language, when): (Language, Opened),
    inputs: mpsc::Receiver<Input>,
    reports: Reports,
) {
    let kept_alive = Instant::now();
    let way = Way::default();
    let session = Session { vendor, inputs, reports, way, utterance: None, is_remade: false, kept_alive };
    session.serve(language, when).await;
}

struct Session {
    vendor: Arc<dyn Vendor>,
    inputs: mpsc::Receiver<Input>,
    reports: Reports,
    way: Way,
    utterance: Option<Utterance>,
    /// A connection was made again since something was last said.
    is_remade: bool,
    kept_alive: Instant,
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    On,
    /// The call is gone.
    Over,
}

impl Session {
    async fn serve(mut self, language: Language, when: Opened) {
        self.connect(
            language,
            match when {
                Opened::Ahead => Asker::Nobody,
                Opened::WhenNeeded => Asker::Next,
            },
        );
        while self.step().await == Going::On {}
        if let Some(line) = self.way.take() {
            line.link.close().await;
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
            happened = self.way.next() => match happened {
                Happened::Connected => self.connected().await,
                Happened::Refused(error, asker) => self.refused(error, asker).await,
                Happened::Said(Ok(Incoming::Text(text))) => self.message(&text).await,
                Happened::Said(Ok(Incoming::Binary(_) | Incoming::Alive)) => Going::On,
                Happened::Said(Err(error)) => self.broken(error).await,
            },
            () = sleep_until(due) => self.time_passed().await,
            // Connecting, too, ends with the call.
            () = self.reports.mailbox.closed() => Going::Over,
        }
    }

    fn connect(&mut self, language: Language, asker: Asker) {
        self.way.connect(self.vendor.connect(language), language, asker);
    }

    async fn connected(&mut self) -> Going {
        self.kept_alive = Instant::now();
        self.send().await
    }

    /// Nothing that is said has failed that nobody waits for; that nobody can be reached is worth knowing all the same.
    async fn refused(&mut self, error: ProviderError, asker: Asker) -> Going {
        let Some(utterance) = self.utterance.as_ref().filter(|utterance| !utterance.waiting.is_empty()) else {
            match asker {
                Asker::Nobody => self.reports.mailbox.unreached(&error),
                Asker::Next | Asker::Utterance(_) => {}
            }
            return Going::On;
        };
        if asker == Asker::Utterance(utterance.id) {
            return self.fail(error).await;
        }
        // It was made ahead, or for another that was cancelled.
        let (language, id) = (utterance.language, utterance.id);
        self.connect(language, Asker::Utterance(id));
        Going::On
    }

    async fn input(&mut self, input: Input) -> Going {
        match input {
            Input::Begin { id, language } => {
                self.cancel().await;
                self.is_remade = false;
                self.utterance = Some(Utterance {
                    id,
                    language,
                    context: Uuid::new_v4().to_string(),
                    text: String::new(),
                    waiting: Vec::new(),
                    places: Places::default(),
                    letters: Letters::default(),
                    sound: Sound::new(self.vendor.format()),
                    samples: 0,
                    held: Vec::new(),
                    last: 0..0,
                    given: Given::Nothing,
                    heard: Instant::now(),
                });
                Going::On
            }
            Input::Text { id, text } => self.say(id, Some(text.reveal())).await,
            Input::End { id } => self.say(id, None).await,
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
        if utterance.given != Given::Nothing {
            self.stop(&utterance.context, utterance.given == Given::All).await;
        }
    }

    /// The vendor is told, and the context counts until it has ended.
    async fn stop(&mut self, context: &str, ended: bool) {
        let Some(line) = self.way.line() else { return };
        line.left += 1;
        if line.left > self.vendor.most_left() {
            return self.leave();
        }
        if let Some(message) = self.vendor.cancel(context, ended)
            && line.link.text(message).await.is_err()
        {
            self.way = Way::Closed;
        }
    }

    /// Whatever the connection still says is nobody's.
    fn leave(&mut self) {
        if let Some(line) = self.way.take() {
            tokio::spawn(line.link.close());
        }
    }

    /// A text, or that none follows.
    async fn say(&mut self, id: SpeechId, text: Option<&str>) -> Going {
        let Some(utterance) = self.utterance.as_mut().filter(|utterance| utterance.id == id) else { return Going::On };
        if utterance.text.is_empty() && text.is_none() {
            let error = self.failed(ErrorKind::Empty, "was given nothing that can be spoken");
            return self.fail(error).await;
        }
        utterance.text.push_str(text.unwrap_or_default());
        utterance.waiting.push(text.map(str::to_owned));
        let language = utterance.language;
        if !self.way.language().is_some_and(|connected| self.vendor.speaks(connected, language)) {
            self.leave();
            self.connect(language, Asker::Utterance(id));
        }
        self.send().await
    }

    /// What waits, if there is a connection.
    async fn send(&mut self) -> Going {
        let (Some(line), Some(utterance)) = (self.way.line(), &mut self.utterance) else { return Going::On };
        for text in std::mem::take(&mut utterance.waiting) {
            let part = match text.as_deref() {
                Some(text) if utterance.given == Given::Nothing => Part::First(text),
                Some(text) => Part::Next(text),
                None => Part::End,
            };
            utterance.given = if part == Part::End { Given::All } else { Given::Some };
            utterance.heard = Instant::now();
            for message in self.vendor.say(utterance.language, &utterance.context, part) {
                if let Err(error) = line.link.text(message).await {
                    return self.broken(error).await;
                }
            }
        }
        Going::On
    }

    async fn broken(&mut self, error: ProviderError) -> Going {
        let line = self.way.take();
        if self.utterance.is_some() {
            return self.fail(error).await;
        }
        if let Some(Line { language, .. }) = line
            && !std::mem::replace(&mut self.is_remade, true)
        {
            self.connect(language, Asker::Nobody);
        }
        Going::On
    }

    /// The utterance fails, if there is one; the session goes on.
    async fn fail(&mut self, error: ProviderError) -> Going {
        let Some(utterance) = self.utterance.take() else { return Going::On };
        self.report(Event::Failed { id: utterance.id, error }).await
    }

    /// The same of one that the vendor may go on with.
    async fn give_up(&mut self, error: ProviderError) -> Going {
        if let Some(utterance) = &self.utterance {
            let (context, given) = (utterance.context.clone(), utterance.given);
            if given != Given::Nothing {
                self.stop(&context, given == Given::All).await;
            }
        }
        self.fail(error).await
    }

    fn failed(&self, kind: ErrorKind, what: &str) -> ProviderError {
        ProviderError { provider: self.vendor.name(), kind, what: what.to_owned(), retry_after: None }
    }

    async fn report(&mut self, event: Event) -> Going {
        if self.reports.send(event).await { Going::On } else { Going::Over }
    }

    async fn message(&mut self, text: &str) -> Going {
        let message = match self.vendor.read(text) {
            Ok(message) => message,
            Err(error) => return self.give_up(error).await,
        };
        for news in message.news {
            let is_error = matches!(news, News::Failed(_));
            let Some(utterance) = &mut self.utterance else {
                self.late(&news);
                continue;
            };
            let is_about_us = message.context.as_ref().map_or(is_error, |context| *context == utterance.context);
            if !is_about_us {
                self.late(&news);
                continue;
            }
            utterance.heard = Instant::now();
            let going = match news {
                News::Audio(bytes) => self.audio(bytes).await,
                News::Words(words) => self.words(&words).await,
                News::Letters(letters) => {
                    let received = utterance.samples + utterance.held.len() as u64;
                    let words = utterance.letters.take(received as f64 / f64::from(RATE), letters);
                    self.words(&words).await
                }
                News::Done => self.done().await,
                News::Failed(error) => self.fail(error).await,
            };
            if going == Going::Over {
                return Going::Over;
            }
        }
        Going::On
    }

    /// Of an utterance that nobody wants any more.
    fn late(&mut self, news: &News) {
        self.vendor.late();
        if let (News::Done, Some(line)) = (news, self.way.line()) {
            line.left = line.left.saturating_sub(1);
        }
    }

    async fn audio(&mut self, bytes: Vec<u8>) -> Going {
        let Some(utterance) = &mut self.utterance else { return Going::On };
        utterance.held.extend(utterance.sound.take(bytes));
        let sounding = utterance.held.iter().rposition(|sample| *sample != 0).map_or(0, |last| last + 1);
        let silence = utterance.held.split_off(sounding);
        let audio = std::mem::replace(&mut utterance.held, silence);
        let is_silent = utterance.held.len() > SILENCE_AT_MOST;
        if self.give(&audio).await == Going::Over {
            return Going::Over;
        }
        if is_silent {
            let error = self.failed(ErrorKind::Empty, "sends silence");
            return self.give_up(error).await;
        }
        Going::On
    }

    async fn give(&mut self, audio: &[i16]) -> Going {
        let Some(utterance) = &mut self.utterance else { return Going::On };
        let id = utterance.id;
        utterance.samples += audio.len() as u64;
        for piece in audio.chunks(CHUNK) {
            if self.report(Event::Audio { id, audio: piece.into() }).await == Going::Over {
                return Going::Over;
            }
        }
        Going::On
    }

    async fn words(&mut self, words: &[Timed]) -> Going {
        let Some(utterance) = &mut self.utterance else { return Going::On };
        let id = utterance.id;
        let sample = |seconds: f64| (seconds.max(0.0) * f64::from(RATE)).round() as u64;
        let mut events = Vec::with_capacity(words.len());
        for Timed { text, from, to } in words {
            if let Some((at, len)) = utterance.places.find(&utterance.text, text) {
                let (from, to) = (sample(*from), sample(*to));
                if text.chars().any(char::is_alphanumeric) {
                    utterance.last = from..to;
                }
                events.push(Event::Word { id, at, len, from, to, exact: true });
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
        let last = self.utterance.as_mut().and_then(|utterance| utterance.letters.finish());
        if self.words(last.as_slice()).await == Going::Over {
            return Going::Over;
        }
        if self.utterance.as_ref().is_some_and(|utterance| utterance.samples > 0 && utterance.fell_silent()) {
            let error = self.failed(ErrorKind::Empty, "fell silent before its last word");
            return self.fail(error).await;
        }
        // A pause at the end.
        if let Some(utterance) = self.utterance.as_mut().filter(|utterance| utterance.samples > 0) {
            let pause = std::mem::take(&mut utterance.held);
            if self.give(&pause).await == Going::Over {
                return Going::Over;
            }
        }
        let Some(utterance) = self.utterance.take_if(|utterance| utterance.given == Given::All) else {
            // Some give up contexts that wait long for text; the rest of this one has nobody to say it.
            let error = self.failed(ErrorKind::Server, "ended an utterance before its text");
            return self.fail(error).await;
        };
        let (id, samples) = (utterance.id, utterance.samples);
        if samples == 0 {
            let error = self.failed(ErrorKind::Empty, "is done without a sound");
            return self.report(Event::Failed { id, error }).await;
        }
        self.report(Event::Done { id, samples }).await
    }

    /// Something is owed from a text to its first audio, and from the last text to the end.
    fn owed(&self) -> Option<Instant> {
        let utterance = self.utterance.as_ref()?;
        let owes = match utterance.given {
            Given::Nothing => false,
            Given::Some => utterance.samples == 0,
            Given::All => true,
        };
        owes.then(|| utterance.heard + self.vendor.silence())
    }

    fn due(&self) -> Instant {
        let keep = self.kept_alive + KEEP_ALIVE;
        self.owed().map_or(keep, |owed| owed.min(keep))
    }

    async fn time_passed(&mut self) -> Going {
        let now = Instant::now();
        if self.owed().is_some_and(|owed| now >= owed) {
            // What still comes of it is late; the connection may be deaf.
            self.way = Way::Closed;
            let error = self.failed(ErrorKind::Timeout, "no audio in time");
            return self.fail(error).await;
        }
        if now >= self.kept_alive + KEEP_ALIVE {
            self.kept_alive = now;
            let context = self.utterance.as_ref().filter(|utterance| utterance.given == Given::Some);
            let message = self.vendor.keep_alive(context.map(|utterance| utterance.context.as_str()));
            if let Some(line) = self.way.line() {
                let kept = match message {
                    Some(message) => line.link.text(message).await,
                    None => line.link.ping().await,
                };
                if let Err(error) = kept {
                    return self.broken(error).await;
                }
            }
        }
        Going::On
    }
}
