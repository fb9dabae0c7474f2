//! One call's ears: keeps the audio of the present utterance and asks the pool for its words, in time.
//!
//! While the caller speaks: a partial every 600 ms where a thread rests, and at most half the time. When the voice stops: a final is
//! begun on suspicion, so that a flush finds it done. An utterance too long for one recognition is cut at its quietest place and
//! joined again. A pause ends an utterance: its words become final there, whether or not the call asks, so that what it has put
//! aside (an echo, an "uh-huh") never comes back as a part of what is said next.
//!
//! A partial may take long, and when the pool is full none is begun: with each one that is begun, put off or done, the call hears how
//! far the session has listened, so that it takes no slow machine for a deaf one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attendant_media::frame::{RATE, Samples};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use super::engine::Heard;
use super::pool::{Pool, Recognition, Urgency};
use super::{guard, script};
use crate::language::Language;
use crate::privacy::Pii;
use crate::provider::{ErrorKind, ProviderError};
use crate::stt::stable::agreed;
use crate::stt::tape::{Range, Tape};
use crate::stt::{Event, Input, Reports, Setup};

/// A voice is noticed a little after it began.
const PREROLL: u64 = 4_800;
/// What follows the last voiced sample: final consonants are faint.
const POSTROLL: u64 = 3_200;
/// From one partial to the next: 600 ms of audio.
const PARTIAL_EVERY: u64 = 9_600;
/// A voice after a pause of 700 ms begins an utterance of its own.
const BREAK: u64 = 11_200;
/// 2.4 s without a voice, longer than any turn waits for its flush: the utterance is over.
const SETTLED: u64 = 38_400;
/// Less voice than this is no speech (V6): 125 ms.
const SHORTEST: u64 = 2_000;

type Finished = Pin<Box<dyn Future<Output = Done> + Send>>;

struct Done {
    range: Range,
    audio: Vec<i16>,
    result: Result<Option<Heard>, String>,
    flush: Option<Samples>,
}

/// A recognition under way.
struct Job {
    range: Range,
    begun: Instant,
    words: Recognition,
}

/// The caller's present utterance.
#[derive(Clone, Copy, Debug)]
struct Utterance {
    from: u64,
    voiced: u64,
    /// Where the present voice began; none while it pauses.
    voice_since: Option<u64>,
    last_voiced: u64,
}

struct Session {
    pool: Arc<Pool>,
    reports: Reports,
    language: Language,
    tape: Tape,
    utterance: Option<Utterance>,
    /// Where the next partial may begin.
    partial_from: u64,
    /// Up to here a recognition has said what there is.
    listened: u64,
    last_partial: String,
    partial: Option<Job>,
    /// A final begun on suspicion that the utterance is over.
    guess: Option<Job>,
    guessed: Option<(Range, Heard)>,
    finals: FuturesOrdered<Finished>,
}

pub(super) async fn run(pool: Arc<Pool>, setup: Setup, mut inputs: mpsc::Receiver<Input>, reports: Reports) {
    if !reports.send(Event::Ready).await {
        return;
    }
    let mut session = Session {
        pool,
        reports,
        language: setup.language,
        tape: Tape::default(),
        utterance: None,
        partial_from: 0,
        listened: 0,
        last_partial: String::new(),
        partial: None,
        guess: None,
        guessed: None,
        finals: FuturesOrdered::new(),
    };
    loop {
        let going_on = tokio::select! {
            biased;
            Some(done) = session.finals.next() => session.finished(done).await,
            (range, words, _) = ready(&mut session.guess) => session.guessed(range, words).await,
            (range, words, took) = ready(&mut session.partial) => session.partial(range, words, took).await,
            input = inputs.recv() => match input {
                Some(input) => session.input(input).await,
                None => false,
            },
        };
        if !going_on {
            return;
        }
    }
}

/// Waits for a running job, and takes it out when it is done; also says how long it took.
async fn ready(job: &mut Option<Job>) -> (Range, Option<Heard>, Duration) {
    let Some(running) = job else { return std::future::pending().await };
    let heard = (&mut running.words).await.ok().and_then(Result::ok);
    let (range, took) = (running.range, running.begun.elapsed());
    *job = None;
    (range, heard, took)
}

impl Session {
    /// `false` when the session is over.
    async fn input(&mut self, input: Input) -> bool {
        match input {
            Input::Audio { at, frame } => {
                self.tape.take(at.0, &frame);
                self.settle_if_over();
                self.cut_if_long();
                if self.ask_for_partial() { self.tell_how_far().await } else { true }
            }
            Input::SpeechStart { at } => {
                self.voice_starts(at.0);
                true
            }
            Input::SpeechEnd { at } => {
                self.voice_ends(at.0);
                true
            }
            Input::Flush { up_to } => self.flush(up_to).await,
            Input::Hints(_) => true,
            Input::Language(language) => {
                if language != self.language {
                    // Heard with the wrong ears: the flush asks again.
                    self.guess = None;
                    self.guessed = None;
                    self.partial = None;
                }
                self.language = language;
                true
            }
        }
    }

    fn voice_starts(&mut self, at: u64) {
        let mut earliest = 0;
        if let Some(over) = self.utterance.filter(|u| u.voice_since.is_none() && at >= u.last_voiced + BREAK) {
            earliest = over.last_voiced + POSTROLL;
            self.settle();
        }
        self.guess = None;
        self.guessed = None;
        match &mut self.utterance {
            Some(utterance) => {
                utterance.voice_since.get_or_insert(at);
            }
            None => {
                let from = at.saturating_sub(PREROLL).max(earliest);
                self.utterance = Some(Utterance { from, voiced: 0, voice_since: Some(at), last_voiced: at });
                self.partial_from = at + PARTIAL_EVERY;
                self.last_partial.clear();
            }
        }
    }

    fn settle_if_over(&mut self) {
        let end = self.tape.end();
        if self.utterance.is_some_and(|u| u.voice_since.is_none() && end >= u.last_voiced + SETTLED) {
            self.settle();
        }
    }

    /// The utterance is over without a flush: what was begun on suspicion becomes its final.
    fn settle(&mut self) {
        let Some(utterance) = self.utterance.take() else { return };
        self.partial = None;
        if utterance.voiced >= SHORTEST {
            self.finish(Range { from: utterance.from, to: utterance.last_voiced + POSTROLL }, None);
        }
    }

    fn voice_ends(&mut self, at: u64) {
        let Some(utterance) = &mut self.utterance else { return };
        if let Some(since) = utterance.voice_since.take() {
            utterance.voiced += at.saturating_sub(since);
        }
        utterance.last_voiced = utterance.last_voiced.max(at);
        if utterance.voiced < SHORTEST {
            return;
        }
        let range = Range { from: utterance.from, to: at + POSTROLL };
        self.partial = None;
        self.guess = self.begin(Urgency::Final, range);
    }

    fn begin(&self, urgency: Urgency, range: Range) -> Option<Job> {
        let words = self.pool.submit(urgency, self.tape.slice(range), self.language)?;
        Some(Job { range, begun: Instant::now(), words })
    }

    /// Begins a partial if one is due; whether one was, also if no thread has time for it.
    fn ask_for_partial(&mut self) -> bool {
        let end = self.tape.end();
        let Some(utterance) = self.utterance.filter(|utterance| utterance.voice_since.is_some()) else { return false };
        if end < self.partial_from || self.partial.is_some() {
            return false;
        }
        self.partial_from = end + PARTIAL_EVERY;
        self.partial = self.begin(Urgency::Partial, Range { from: utterance.from, to: end });
        true
    }

    async fn tell_how_far(&mut self) -> bool {
        self.reports.send(Event::Listening { up_to: Samples(self.listened) }).await
    }

    /// Gives the first part of an utterance that outgrows one recognition to the pool.
    fn cut_if_long(&mut self) {
        let end = self.tape.end();
        let (longest, search_from) = script::longest(self.language);
        let Some(Utterance { from, voice_since: Some(since), .. }) = self.utterance else { return };
        if end < from + longest {
            return;
        }
        let cut = self.tape.quietest(Range { from: from + search_from, to: end });
        let range = Range { from, to: cut };
        if let Some(utterance) = &mut self.utterance {
            utterance.from = cut;
            // What follows must be voice enough by itself to be asked about.
            utterance.voiced = 0;
            utterance.voice_since = Some(since.max(cut));
        }
        self.last_partial.clear();
        self.partial = None;
        self.recognise(range, None);
    }

    async fn flush(&mut self, up_to: Samples) -> bool {
        self.partial = None;
        let Some(utterance) = self.utterance.take() else { return self.flushed_after_finals(up_to).await };
        let voiced = utterance.voiced + utterance.voice_since.map_or(0, |since| self.tape.end().saturating_sub(since));
        if voiced < SHORTEST {
            return self.flushed_after_finals(up_to).await;
        }
        let end = utterance.last_voiced.max(up_to.0) + POSTROLL;
        let end = if utterance.voice_since.is_some() { self.tape.end() } else { end };
        let range = Range { from: utterance.from, to: end };
        self.finish(range, Some(up_to));
        true
    }

    /// The final of an utterance: the one begun on suspicion if there is one, else a new one.
    fn finish(&mut self, range: Range, flush: Option<Samples>) {
        if let Some((guessed, heard)) = self.guessed.take() {
            let audio = self.tape.slice(guessed);
            let done = Done { range: guessed, audio, result: Ok(Some(heard)), flush };
            self.finals.push_back(Box::pin(std::future::ready(done)));
        } else if let Some(Job { range, words, .. }) = self.guess.take() {
            self.wait_for(range, words, flush);
        } else {
            self.recognise(range, flush);
        }
    }

    /// Nothing was said since the last final; those under way come first.
    async fn flushed_after_finals(&mut self, up_to: Samples) -> bool {
        self.guess = None;
        self.guessed = None;
        if self.finals.is_empty() {
            return self.reports.send(Event::Flushed { up_to }).await;
        }
        let range = Range { from: up_to.0, to: up_to.0 };
        let done = Done { range, audio: Vec::new(), result: Ok(None), flush: Some(up_to) };
        self.finals.push_back(Box::pin(std::future::ready(done)));
        true
    }

    fn recognise(&mut self, range: Range, flush: Option<Samples>) {
        let audio = self.tape.slice(range);
        match self.pool.submit(Urgency::Final, audio, self.language) {
            Some(words) => self.wait_for(range, words, flush),
            None => {
                let result = Err("too many recognitions are waiting".to_owned());
                let done = Done { range, audio: Vec::new(), result, flush };
                self.finals.push_back(Box::pin(std::future::ready(done)));
            }
        }
    }

    fn wait_for(&mut self, range: Range, words: Recognition, flush: Option<Samples>) {
        let audio = self.tape.slice(range);
        self.finals.push_back(Box::pin(async move {
            let result = match words.await {
                Ok(result) => result.map(Some),
                Err(_) => Err("the recogniser's thread is gone".to_owned()),
            };
            Done { range, audio, result, flush }
        }));
    }

    async fn finished(&mut self, done: Done) -> bool {
        let words = match done.result {
            Ok(heard) => heard.and_then(|heard| guard::words(&heard, &done.audio)),
            Err(what) => {
                let error = ProviderError { provider: "whisper", kind: ErrorKind::Server, what, retry_after: None };
                // The call opens another session; this one is over.
                self.reports.send(Event::Failed(error)).await;
                return false;
            }
        };
        if let Some(guard::Words { text, confidence }) = words {
            let (from, to) = (Samples(done.range.from), Samples(done.range.to));
            let text = Pii::new(text);
            if !self.reports.send(Event::Final { text, from, to, confidence, language: None }).await {
                return false;
            }
        }
        match done.flush {
            Some(up_to) => self.reports.send(Event::Flushed { up_to }).await,
            None => true,
        }
    }

    /// The final begun on suspicion is there before the flush: its words help to decide whether the caller has finished.
    async fn guessed(&mut self, range: Range, heard: Option<Heard>) -> bool {
        let Some(heard) = heard else { return true };
        self.guessed = Some((range, heard.clone()));
        self.partly(range, &heard).await
    }

    /// The next partial waits for as long as this one took: half the time a thread is there for others.
    async fn partial(&mut self, range: Range, heard: Option<Heard>, took: Duration) -> bool {
        let rest = took.as_millis() as u64 * (RATE as u64 / 1_000);
        self.partial_from = self.partial_from.max(self.tape.end() + rest);
        let Some(heard) = heard else { return true };
        if !self.partly(range, &heard).await {
            return false;
        }
        self.listened = self.listened.max(range.to);
        self.tell_how_far().await
    }

    async fn partly(&mut self, range: Range, heard: &Heard) -> bool {
        let Some(words) = guard::words(heard, &self.tape.slice(range)) else { return true };
        let text = words.text;
        let stable = agreed(&self.last_partial, &text);
        self.last_partial.clone_from(&text);
        let (from, to) = (Samples(range.from), Samples(range.to));
        self.reports.send(Event::Partial { text: Pii::new(text), stable, from, to }).await
    }
}

#[cfg(test)]
mod tests;
