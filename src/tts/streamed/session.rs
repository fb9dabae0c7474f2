//! One call's voice: the connection, and the utterance that has it.
//!
//! An utterance fails when it cannot be connected for, when nothing comes of it in time, when a piece of it is done without a sound, or
//! when the vendor says so. Whoever fails in the middle of a piece loses the connection with it, and so does who is cancelled there, unless
//! the connection can leave a piece alone.
//!
//! Audio of the first piece leaves as it comes; that of a later one is held back while what was given is still being heard, so that a
//! voice that stalls within it can be replaced at the beginning of the piece, with no word twice.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use attendant_media::frame::Samples;
use attendant_media::speech::SpeechId;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::piece::{Piece, Placed, Rate};
use super::{Connecting, News, Vendor, Wire};
use crate::language::Language;
use crate::provider::{ErrorKind, ProviderError};
use crate::tts::pieces::CHUNK;
use crate::tts::{Event, Input, Reports};

/// Sarvam closes a connection after a minute of nothing, and asks for half of that.
const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// What a clause that somebody waits for has before the next one is asked for as well, unless it is there before.
const HEAD_START: Duration = Duration::from_millis(100);

/// When nothing is due.
const LONG: Duration = Duration::from_secs(3_600);

enum Line {
    Down,
    Coming(Connecting),
    Up(Box<dyn Wire>),
}

struct Utterance {
    id: SpeechId,
    language: Language,
    /// Bytes of its text so far.
    text: usize,
    /// Pieces not given yet, and their places.
    waiting: VecDeque<(usize, String)>,
    /// Those that were given before their turn.
    ahead: VecDeque<(usize, String)>,
    present: Option<Piece>,
    /// When another may be asked for beside the present one.
    ahead_from: Instant,
    /// Audio of the present piece that is held back.
    held: Vec<i16>,
    /// Samples given to the call, and since when.
    samples: u64,
    given: Option<Instant>,
    /// No more text will come.
    ended: bool,
    /// When something last came of it, or was asked of it.
    heard: Instant,
}

impl Utterance {
    /// When all that was given will have been heard, if nobody pauses it; `None`: nothing was given.
    fn dry(&self) -> Option<Instant> {
        self.given.map(|since| since + Samples(self.samples).as_duration())
    }

    /// Whether the present piece waits for what was given before it.
    fn holds(&self, now: Instant) -> bool {
        let is_open = self.present.as_ref().is_some_and(Piece::is_told);
        !is_open && self.dry().is_some_and(|dry| now < dry)
    }
}

/// Whether the session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Going {
    On,
    /// The call is gone.
    Over,
}

struct Session {
    vendor: Arc<dyn Vendor>,
    inputs: mpsc::Receiver<Input>,
    reports: Reports,
    line: Line,
    utterance: Option<Utterance>,
    rate: Option<(Language, Rate)>,
    kept_alive: Instant,
}

pub(super) async fn run(vendor: Arc<dyn Vendor>, inputs: mpsc::Receiver<Input>, reports: Reports) {
    let line = Line::Coming(vendor.clone().connect());
    let mut session =
        Session { vendor, inputs, reports, line, utterance: None, rate: None, kept_alive: Instant::now() };
    while session.step().await == Going::On && session.advance().await == Going::On {}
    if let Line::Up(wire) = session.line {
        wire.close().await;
    }
}

/// How fast this language is spoken, as far as is known.
fn known(rate: Option<(Language, Rate)>, language: Language) -> Rate {
    rate.filter(|(of, _)| *of == language).map_or_else(|| Rate::usual(language), |(_, rate)| rate)
}

enum Happened {
    Connected(Result<Box<dyn Wire>, ProviderError>),
    Came(Result<News, ProviderError>),
}

async fn next(line: &mut Line) -> Happened {
    match line {
        Line::Down => std::future::pending().await,
        Line::Coming(connecting) => Happened::Connected(connecting.await),
        Line::Up(wire) => Happened::Came(wire.next().await),
    }
}

impl Session {
    async fn step(&mut self) -> Going {
        let due = self.due();
        tokio::select! {
            biased;
            input = self.inputs.recv() => match input {
                Some(input) => self.input(input),
                None => return Going::Over,
            },
            happened = next(&mut self.line) => return self.happened(happened).await,
            () = sleep_until(due) => return self.time_passed().await,
        }
        Going::On
    }

    fn input(&mut self, input: Input) {
        let now = Instant::now();
        match input {
            Input::Begin { id, language } => {
                self.cancel();
                if matches!(self.line, Line::Down) {
                    self.line = self.coming();
                }
                self.utterance = Some(Utterance {
                    id,
                    language,
                    text: 0,
                    waiting: VecDeque::new(),
                    ahead: VecDeque::new(),
                    present: None,
                    ahead_from: now,
                    held: Vec::new(),
                    samples: 0,
                    given: None,
                    ended: false,
                    heard: now,
                });
            }
            Input::Text { id, text } => {
                let Some(utterance) = self.utterance.as_mut().filter(|utterance| utterance.id == id) else { return };
                let text = text.into_inner();
                if utterance.waiting.is_empty() && utterance.present.is_none() {
                    utterance.heard = now;
                }
                let at = utterance.text;
                utterance.text += text.len();
                // Marks alone have no sound.
                if text.chars().any(char::is_alphanumeric) {
                    utterance.waiting.push_back((at, text));
                }
            }
            Input::End { id } => {
                if let Some(utterance) = self.utterance.as_mut().filter(|utterance| utterance.id == id) {
                    utterance.ended = true;
                }
            }
            Input::Cancel { id } => {
                if self.utterance.as_ref().is_some_and(|utterance| utterance.id == id) {
                    self.cancel();
                }
            }
        }
    }

    /// What was unfinished is not wanted any more.
    fn cancel(&mut self) {
        if self.utterance.take().is_none_or(|utterance| utterance.present.is_none()) {
            return;
        }
        let stays = if let Line::Up(wire) = &mut self.line { wire.forget() } else { false };
        if !stays {
            let coming = self.coming();
            self.leave(coming);
        }
    }

    fn coming(&self) -> Line {
        Line::Coming(self.vendor.clone().connect())
    }

    /// Whatever the connection still says is nobody's.
    fn leave(&mut self, next: Line) {
        if let Line::Up(wire) = std::mem::replace(&mut self.line, next) {
            tokio::spawn(wire.close());
        }
    }

    /// Gives what the line takes now, or says that all is done.
    async fn advance(&mut self) -> Going {
        loop {
            let Some(utterance) = &mut self.utterance else { return Going::On };
            let language = utterance.language;
            if utterance.present.is_none()
                && let Some((at, text)) = utterance.ahead.pop_front()
            {
                self.begin(&text, at);
                continue;
            }
            let is_free = utterance.present.is_none();
            if utterance.waiting.is_empty() {
                return if is_free && utterance.ended { self.done().await } else { Going::On };
            }
            let given = usize::from(!is_free) + utterance.ahead.len();
            match &mut self.line {
                Line::Coming(_) => return Going::On,
                Line::Down => {
                    self.line = self.coming();
                    return Going::On;
                }
                Line::Up(wire) => {
                    let has_room = given < wire.at_once() && (is_free || Instant::now() >= utterance.ahead_from);
                    let takes = has_room && wire.takes(language);
                    if !takes {
                        // What is being spoken on it is not left for what comes next.
                        if is_free {
                            let coming = self.coming();
                            self.leave(coming);
                        }
                        return Going::On;
                    }
                }
            }
            let Some((at, text)) = utterance.waiting.pop_front() else { return Going::On };
            if is_free {
                utterance.ahead_from = Instant::now() + HEAD_START;
                self.begin(&text, at);
            } else {
                utterance.ahead.push_back((at, text.clone()));
            }
            let Line::Up(wire) = &mut self.line else { return Going::On };
            if let Err(error) = wire.speak(language, &text).await {
                return self.fail(error).await;
            }
        }
    }

    /// What comes from now on is this piece.
    fn begin(&mut self, text: &str, at: usize) {
        let Some(utterance) = &mut self.utterance else { return };
        let rate = known(self.rate, utterance.language);
        utterance.present = Some(Piece::new(text, at, utterance.samples, rate, utterance.language));
        utterance.heard = Instant::now();
    }

    async fn done(&mut self) -> Going {
        let Some(Utterance { id, samples, .. }) = self.utterance.take() else { return Going::On };
        self.report(if samples > 0 {
            Event::Done { id, samples }
        } else {
            Event::Failed { id, error: self.failed(ErrorKind::Empty, "was given nothing that can be spoken") }
        })
        .await
    }

    async fn happened(&mut self, happened: Happened) -> Going {
        match happened {
            Happened::Connected(Ok(wire)) => {
                self.line = Line::Up(wire);
                self.kept_alive = Instant::now();
                Going::On
            }
            Happened::Came(Ok(News::Audio(bytes))) => self.audio(&bytes).await,
            Happened::Came(Ok(News::Done)) => self.piece_done().await,
            Happened::Came(Ok(News::Nothing)) => Going::On,
            Happened::Connected(Err(error)) => {
                if self.utterance.is_none() {
                    self.reports.mailbox.unreached(&error);
                }
                self.fail(error).await
            }
            Happened::Came(Err(error)) => self.fail(error).await,
        }
    }

    async fn audio(&mut self, bytes: &[u8]) -> Going {
        let Some(utterance) = &mut self.utterance else { return Going::On };
        let Some(piece) = &mut utterance.present else { return Going::On };
        utterance.heard = Instant::now();
        utterance.ahead_from = utterance.ahead_from.min(utterance.heard);
        let Some(audio) = piece.take(bytes) else {
            let error = self.failed(ErrorKind::Empty, "sends silence");
            return self.fail(error).await;
        };
        utterance.held.extend(audio);
        if utterance.holds(utterance.heard) { Going::On } else { self.release().await }
    }

    /// Gives what there is of the present piece.
    async fn release(&mut self) -> Going {
        let Some(utterance) = &mut self.utterance else { return Going::On };
        let audio = std::mem::take(&mut utterance.held);
        let words = utterance.present.as_mut().map(Piece::spoken).unwrap_or_default();
        self.say(&words, &audio).await
    }

    async fn piece_done(&mut self) -> Going {
        let Some(utterance) = &mut self.utterance else { return Going::On };
        let Some(piece) = utterance.present.take() else { return Going::On };
        utterance.heard = Instant::now();
        if !piece.is_heard() {
            let error = self.failed(ErrorKind::Empty, "is done without a sound");
            return self.fail(error).await;
        }
        let language = utterance.language;
        if piece.fell_silent() {
            let error = self.failed(ErrorKind::Empty, "fell silent within a clause");
            return self.fail(error).await;
        }
        let mut audio = std::mem::take(&mut utterance.held);
        let (pause, words, rate) = piece.finish(known(self.rate, language));
        self.rate = Some((language, rate));
        audio.extend(pause);
        self.say(&words, &audio).await
    }

    /// Words first, then the audio that they end in.
    async fn say(&mut self, words: &[Placed], audio: &[i16]) -> Going {
        let Some(utterance) = &mut self.utterance else { return Going::On };
        let id = utterance.id;
        utterance.samples += audio.len() as u64;
        if !audio.is_empty() {
            utterance.given.get_or_insert_with(Instant::now);
        }
        for Placed { at, len, from, to } in words.iter().copied() {
            if self.report(Event::Word { id, at, len, from, to, exact: false }).await == Going::Over {
                return Going::Over;
            }
        }
        for chunk in audio.chunks(CHUNK) {
            if self.report(Event::Audio { id, audio: chunk.into() }).await == Going::Over {
                return Going::Over;
            }
        }
        Going::On
    }

    /// The utterance fails, if there is one; the session goes on, with another connection when it is needed.
    async fn fail(&mut self, error: ProviderError) -> Going {
        self.leave(Line::Down);
        match self.utterance.take() {
            Some(Utterance { id, .. }) => self.report(Event::Failed { id, error }).await,
            None => Going::On,
        }
    }

    fn failed(&self, kind: ErrorKind, what: &str) -> ProviderError {
        ProviderError { provider: self.vendor.name(), kind, what: what.to_owned(), retry_after: None }
    }

    async fn report(&mut self, event: Event) -> Going {
        if self.reports.send(event).await { Going::On } else { Going::Over }
    }

    /// Something is owed from a text to its end.
    fn owed(&self) -> Option<Instant> {
        let utterance = self.utterance.as_ref()?;
        let owes = utterance.present.is_some() || !utterance.waiting.is_empty();
        owes.then(|| utterance.heard + self.vendor.silence())
    }

    /// When audio that is held back is due.
    fn released(&self) -> Option<Instant> {
        let utterance = self.utterance.as_ref()?;
        utterance.dry().filter(|_| !utterance.held.is_empty())
    }

    /// When the next piece may be asked for beside the present one.
    fn asked_ahead(&self) -> Option<Instant> {
        let (utterance, Line::Up(wire)) = (self.utterance.as_ref()?, &self.line) else { return None };
        let given = usize::from(utterance.present.is_some()) + utterance.ahead.len();
        let waits = given > 0 && given < wire.at_once() && !utterance.waiting.is_empty();
        Some(utterance.ahead_from).filter(|from| waits && *from > Instant::now())
    }

    fn due(&self) -> Instant {
        let keep = match self.line {
            Line::Up(_) => self.kept_alive + KEEP_ALIVE,
            Line::Down | Line::Coming(_) => Instant::now() + LONG,
        };
        [self.owed(), self.released(), self.asked_ahead()].into_iter().flatten().fold(keep, Instant::min)
    }

    async fn time_passed(&mut self) -> Going {
        let now = Instant::now();
        let is_late = |owed: Instant| now >= owed;
        if self.released().is_some_and(is_late) {
            // Who has said nothing for long would stall within it.
            let stalls = self.owed().is_some_and(|owed| now + self.vendor.silence() / 2 >= owed);
            if !stalls {
                return self.release().await;
            }
            let error = self.failed(ErrorKind::Timeout, "stalls within a clause");
            return self.fail(error).await;
        }
        if self.owed().is_some_and(is_late) {
            let error = self.failed(ErrorKind::Timeout, "no audio in time");
            return self.fail(error).await;
        }
        if now >= self.kept_alive + KEEP_ALIVE {
            self.kept_alive = now;
            if let Line::Up(wire) = &mut self.line
                && let Err(error) = wire.keep_alive().await
            {
                return self.fail(error).await;
            }
        }
        Going::On
    }
}
