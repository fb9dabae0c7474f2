//! The embedded recogniser: Whisper on this machine's own cores, in a small pool of low priority.
//!
//! tiny.en hears English, base everything else. A session speaks of words only; when a turn ends is the call's decision.
//! Measured figures are in `benches/README.md`.

mod clean;
mod engine;
mod pool;
mod session;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Capabilities, Input, Recognizer, Reports, Setup};
use crate::language::Language;
pub use engine::LoadError;
use pool::Pool;

/// Room for the 10 s that a call may replay (500 frames) and what comes meanwhile.
const INPUTS: usize = 1_024;

/// Both models, loaded once for all calls.
#[derive(Debug)]
pub struct Whisper {
    pool: Arc<Pool>,
}

impl Whisper {
    /// Loads the models and runs each once, so that the first caller does not wait for that. Takes seconds.
    ///
    /// `threads`: cores that one recognition may use.
    pub fn load(threads: usize) -> Result<Self, LoadError> {
        Ok(Self { pool: Arc::new(Pool::start(threads)?) })
    }

    /// Recognises a whole recording at once; for tests and figures. Samples are 16 kHz.
    pub async fn transcribe(&self, audio: &[i16], language: Language) -> Option<String> {
        let job = self.pool.submit(pool::Urgency::Final, audio.to_vec(), language)?;
        job.await.ok()?.ok().and_then(|text| clean::words(&text, audio))
    }
}

impl Recognizer for Whisper {
    fn name(&self) -> &'static str {
        "whisper"
    }

    fn capabilities(&self, _language: Language) -> Option<Capabilities> {
        Some(Capabilities { partials: true, end_of_turn: false, flush: true })
    }

    fn open(&self, setup: Setup, reports: Reports) -> mpsc::Sender<Input> {
        let (inputs, queue) = mpsc::channel(INPUTS);
        tokio::spawn(session::run(self.pool.clone(), setup, queue, reports));
        inputs
    }
}
