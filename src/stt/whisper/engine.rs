//! One loaded Whisper model and the form in which it wants its audio: a window of 10 s, padded. A window trimmed to the utterance
//! breaks it; the usual 30 s costs three times as much.

use std::fmt;
use std::path::PathBuf;

use ct2rs::{ComputeType, Config, WhisperOptions};

use crate::language::Language;
use crate::models::Model;

/// Samples at 16 kHz in a window: what `preprocessor_config.json` says beside the weights.
pub(super) const WINDOW: usize = 160_000;

/// Eight-bit weights: quicker than 32-bit floats at the same word errors (benches/README.md).
const COMPUTE: ComputeType = ComputeType::INT8;

/// A model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{0}: the file is missing; run `make models`")]
    Missing(PathBuf),
    #[error("{path}: the model cannot be loaded: {why}; delete it and run `make models`")]
    Broken { path: PathBuf, why: String },
    #[error("the recogniser's threads cannot be started: {0}")]
    Threads(#[from] std::io::Error),
}

pub(super) struct Engine {
    english: ct2rs::Whisper,
    others: ct2rs::Whisper,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Loads both and runs each once. The threads of the models inherit the priority of the caller's.
    pub(super) fn load(threads: usize) -> Result<Self, LoadError> {
        let engine =
            Self { english: model(Model::WhisperTinyEnglish, threads)?, others: model(Model::WhisperBase, threads)? };
        // Noise, not silence: a model given silence may think for a long time about nothing.
        let noise: Vec<i16> = (0..16_000_i32).map(|n| ((n * 7_919) % 601 - 300) as i16).collect();
        for language in [Language::English, Language::French] {
            engine
                .recognise(&noise, language)
                .map_err(|why| LoadError::Broken { path: crate::models::folder(), why })?;
        }
        Ok(engine)
    }

    /// The words of at most 10 s of 16 kHz audio.
    pub(super) fn recognise(&self, audio: &[i16], language: Language) -> Result<String, String> {
        let samples: Vec<f32> = audio.iter().take(WINDOW).map(|sample| f32::from(*sample) / 32_768.0).collect();
        let options =
            WhisperOptions { beam_size: 1, max_length: 2 * tokens(audio, language), ..WhisperOptions::default() };
        let (model, code) = match language {
            Language::English => (&self.english, "en"),
            // Cantonese is no language of this model's; as Chinese it is at least half understood.
            Language::Mandarin | Language::Cantonese => (&self.others, "zh"),
            Language::Punjabi => (&self.others, "pa"),
            Language::French => (&self.others, "fr"),
        };
        let texts = model.generate(&samples, Some(code), false, &options).map_err(|error| error.to_string())?;
        Ok(texts.join(" "))
    }
}

/// The most tokens that so much speech can need; the library takes half of its `max_length` for them. A model that has lost its way
/// goes on until it is stopped, at 30 ms a token for base (2026-11-21): the call would no longer wait for the words of others.
fn tokens(audio: &[i16], language: Language) -> usize {
    const MOST: usize = 80;
    const A_SECOND: usize = 12;
    const AT_LEAST: usize = 16;
    match language {
        // Gurmukhi is spelt byte by byte.
        Language::Punjabi => MOST,
        Language::English | Language::Mandarin | Language::Cantonese | Language::French => {
            MOST.min(AT_LEAST + A_SECOND * audio.len() / 16_000)
        }
    }
}

fn model(model: Model, threads: usize) -> Result<ct2rs::Whisper, LoadError> {
    if let Some(file) = model.missing() {
        return Err(LoadError::Missing(file));
    }
    let config = Config { compute_type: COMPUTE, num_threads_per_replica: threads, ..Config::default() };
    let path = model.path();
    ct2rs::Whisper::new(&path, config).map_err(|why| LoadError::Broken { path, why: why.to_string() })
}
