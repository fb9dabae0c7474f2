//! The embedded ears and voices, as one choice: Whisper; the neural English voice, and espeak for every other language and when
//! the first fails.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::models::Model;
use crate::stt::Recognizer;
use crate::stt::whisper::{Whisper, usual_threads};
use crate::tts::Voice;
use crate::tts::espeak::Espeak;
use crate::tts::hibari::Hibari;
use crate::tts::routing::ByLanguage;

/// `[speech]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeechConfig {
    /// Recognitions at once, each on a core of its own, at low priority; 0: half the cores, at least one.
    pub threads: usize,
    /// Calls that the recogniser may have at once; 0: as many as this machine was measured to carry at start.
    pub calls: usize,
    /// The neural English voice; without it espeak speaks English too.
    pub neural_voice: bool,
}

impl Default for SpeechConfig {
    fn default() -> Self {
        Self { threads: 0, calls: 0, neural_voice: true }
    }
}

impl SpeechConfig {
    /// What is wrong, as `key: what is wrong; what to write instead`.
    pub fn check(&self) -> Vec<String> {
        let most = 64;
        (self.threads > most)
            .then(|| format!("speech.threads: {} is more than any machine needs; write 0 to {most}", self.threads))
            .into_iter()
            .collect()
    }

    fn threads(&self) -> usize {
        match self.threads {
            0 => usual_threads(),
            count => count,
        }
    }

    /// Files and programs that the embedded speech needs and this machine has not: what is missing, and what to do.
    pub fn missing(&self) -> Vec<String> {
        let models = Model::ALL.into_iter().filter(|model| match model {
            Model::Hibari | Model::OnnxRuntime => self.neural_voice,
            Model::WhisperTinyEnglish | Model::WhisperBase => true,
            // The brain's, which does without.
            Model::SentenceEncoder => false,
        });
        let files =
            models.filter_map(Model::missing).map(|file| format!("{} is missing; run `make models`", file.display()));
        files.chain(Espeak::check().err()).collect()
    }
}

/// Ears and voices in the order they are fallen back on.
pub struct Embedded {
    pub recognisers: Vec<Arc<dyn Recognizer>>,
    pub voices: Vec<Arc<dyn Voice>>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded")
    }
}

/// The models cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Ears(#[from] crate::stt::whisper::LoadError),
    #[error(transparent)]
    Voice(#[from] crate::tts::hibari::LoadError),
}

/// Loads everything; takes seconds.
pub fn load(config: &SpeechConfig) -> Result<Embedded, LoadError> {
    let whisper = Whisper::load(config.threads())?.for_calls(config.calls);
    Ok(Embedded { recognisers: vec![Arc::new(whisper)], voices: voices(config)? })
}

/// The voices alone.
pub fn voices(config: &SpeechConfig) -> Result<Vec<Arc<dyn Voice>>, LoadError> {
    let espeak: Arc<dyn Voice> = Arc::new(Espeak::default());
    Ok(if config.neural_voice {
        let first = ByLanguage::new(vec![Arc::new(Hibari::load()?), espeak.clone()]);
        vec![Arc::new(first), espeak]
    } else {
        vec![espeak]
    })
}
