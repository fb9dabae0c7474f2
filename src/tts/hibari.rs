//! The English voice: a neural network of 8 MB, forty times faster than speech on one core.
//!
//! espeak-ng turns text into phonemes, the network turns phonemes into spectra, and [`wave`] turns spectra into sound.

mod network;
mod symbols;
mod wave;

use std::path::PathBuf;
use std::sync::Arc;

use attendant_media::frame::RATE;
use attendant_media::resample;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::pieces::{self, Speaker, Speaking};
use super::{Capabilities, Input, Reports, Times, Voice, espeak};
use crate::language::Language;
use crate::provider::{ErrorKind, ProviderError};
use network::Network;
use symbols::Symbols;

/// The voice cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{0}: the file is missing; run `make models`")]
    Missing(PathBuf),
    #[error("the English voice cannot be loaded: {0}; delete its files and run `make models`")]
    Broken(String),
}

#[derive(Debug)]
pub struct Hibari {
    speaker: Arc<Synthesis>,
}

impl Hibari {
    pub fn load() -> Result<Self, LoadError> {
        let speaker = Synthesis { symbols: Symbols::load()?, network: Mutex::new(Network::load()?) };
        Ok(Self { speaker: Arc::new(speaker) })
    }
}

impl Voice for Hibari {
    fn name(&self) -> &'static str {
        "hibari"
    }

    fn capabilities(&self, language: Language) -> Option<Capabilities> {
        (language == Language::English).then_some(Capabilities { words: Times::Estimated, longest: None })
    }

    fn open(&self, reports: Reports) -> mpsc::Sender<Input> {
        pieces::open(Arc::new(OneSpeaker(self.speaker.clone())), reports)
    }
}

#[derive(Debug)]
struct Synthesis {
    symbols: Symbols,
    /// One sentence at a time: on two cores a second one beside it would only make both late.
    network: Mutex<Network>,
}

#[derive(Debug)]
struct OneSpeaker(Arc<Synthesis>);

impl Speaker for OneSpeaker {
    fn name(&self) -> &'static str {
        "hibari"
    }

    fn speak(&self, text: String, _language: Language) -> Speaking {
        let synthesis = self.0.clone();
        Box::pin(async move {
            let ipa = espeak::phonemes(&text).await?;
            let ids = synthesis.symbols.of(&text, &ipa);
            let work = tokio::task::spawn_blocking(move || synthesis.sound(&ids));
            work.await.map_err(|_| failed("the synthesis ended in a fault"))?
        })
    }
}

impl Synthesis {
    fn sound(&self, ids: &[i64]) -> Result<Vec<i16>, ProviderError> {
        // Two pads and nothing between them: punctuation alone.
        if ids.len() <= 2 {
            return Ok(Vec::new());
        }
        let spectra = self.network.lock().run(ids).map_err(|error| failed(&error))?;
        let sound = wave::synthesise(&spectra);
        let samples: Vec<i16> = sound.iter().map(|s| (s.clamp(-1.0, 1.0) * 32_767.0) as i16).collect();
        resample::whole(&samples, wave::RATE, RATE).map_err(|bad| failed(&bad.to_string()))
    }
}

fn failed(what: &str) -> ProviderError {
    ProviderError { provider: "hibari", kind: ErrorKind::Server, what: what.to_owned(), retry_after: None }
}
