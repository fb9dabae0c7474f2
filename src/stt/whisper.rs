//! The embedded recogniser: Whisper on this machine's own cores, in a small pool of low priority.
//!
//! tiny.en hears English, base everything else. A session speaks of words only; when a turn ends is the call's decision.
//! Measured figures are in `benches/README.md`.

mod clean;
mod engine;
mod guard;
mod mel;
mod pool;
mod script;
mod session;

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::seats::Seats;
use super::{Capabilities, Event, Input, Partials, Recognizer, Reports, Setup};
use crate::language::Language;
use crate::provider::{ErrorKind, ProviderError};
use engine::Engine;
pub use engine::LoadError;
use pool::Pool;

/// Room for the 10 s that a call may replay (500 frames) and what comes meanwhile.
const INPUTS: usize = 1_024;

/// Both models, loaded once for all calls.
#[derive(Debug)]
pub struct Whisper {
    pool: Arc<Pool>,
    threads: usize,
    /// How long 20 tokens took while nothing else went on: tiny.en, base.
    pace: Pace,
    /// Calls at once, if somebody has decided.
    calls: Option<usize>,
    seats: Seats,
}

#[derive(Clone, Copy, Debug)]
struct Pace {
    english: Duration,
    others: Duration,
}

/// A thread carries as many calls as utterances of 20 tokens go into this: if all its callers stop speaking at once, the last still has
/// its words within the 2.5 s of a flush, with 0.5 s for what is longer or was begun before.
const A_CALL: Duration = Duration::from_millis(2_000);

/// Half the cores, at least one: the rest is for media and for what else a call needs.
pub fn usual_threads() -> usize {
    (std::thread::available_parallelism().map_or(1, NonZero::get) / 2).max(1)
}

impl Whisper {
    /// Loads the models and runs each once, so that the first caller does not wait for that. Takes seconds.
    ///
    /// `threads`: recognitions at once, each on a core of its own; not 0.
    pub fn load(threads: usize) -> Result<Self, LoadError> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let pool = Pool::start(threads, move || {
            let (engine, pace) = Engine::load(threads)?;
            // Somebody waits for it: the lines below.
            tell.send(pace).ok();
            Ok(move |audio: &[i16], language| engine.recognise(audio, language))
        })?;
        let gone = |_| LoadError::Threads(std::io::Error::other("the thread ended while loading"));
        let [english, others] = told.recv().map_err(gone)?;
        Ok(Self { pool: Arc::new(pool), threads, pace: Pace { english, others }, calls: None, seats: Seats::default() })
    }

    /// Takes so many calls at once; 0: as many as were measured.
    pub fn for_calls(self, calls: usize) -> Self {
        Self { calls: (calls > 0).then_some(calls), ..self }
    }

    fn carried(&self, language: Language) -> usize {
        let pace = match language {
            Language::English => self.pace.english,
            Language::Mandarin | Language::Cantonese | Language::Punjabi | Language::French => self.pace.others,
        };
        let each = A_CALL.as_millis() / pace.as_millis().max(1);
        self.calls.unwrap_or_else(|| (each as usize * self.threads).max(1))
    }

    /// Recognises at most 10 s at once; for tests and figures. Samples are 16 kHz. `None` if nobody spoke.
    pub async fn transcribe(&self, audio: &[i16], language: Language) -> Option<String> {
        let job = self.pool.submit(pool::Urgency::Final, audio.to_vec(), language)?;
        job.await.ok()?.ok().and_then(|heard| guard::words(&heard, audio)).map(|words| words.text)
    }
}

impl Recognizer for Whisper {
    fn name(&self) -> &'static str {
        "whisper"
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { partials: Partials::WithStable, end_of_turn: false })
    }

    fn capacity(&self, language: Language) -> Option<usize> {
        Some(self.carried(language))
    }

    fn room(&self, language: Language) -> Option<usize> {
        Some(self.seats.free(self.carried(language)))
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        let (pool, seats, carried) = (self.pool.clone(), self.seats.clone(), self.carried(setup.language));
        tokio::spawn(async move {
            match seats.take(carried).await {
                Some(_seat) => session::run(pool, setup, queue, reports).await,
                // A call that is gone meanwhile need not be told.
                None => drop(reports.send(Event::Failed(full())).await),
            }
        });
        inputs
    }
}

fn full() -> ProviderError {
    metrics::counter!("whisper_sessions_refused_total").increment(1);
    let what = "has as many calls as this machine carries; see speech.calls".to_owned();
    ProviderError { provider: "whisper", kind: ErrorKind::Full, what, retry_after: None }
}
