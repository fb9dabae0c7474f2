//! The loaded Whisper models and the form in which they want their audio: a window of 10 s, padded. A window trimmed to the utterance
//! makes them say it again and again; the usual 30 s costs three times as much.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ct2rs::sys::{StorageView, Whisper, WhisperOptions};
use ct2rs::tokenizers::hf::Tokenizer;
use ct2rs::{ComputeType, Config, Tokenizer as _};
use tokio::time::Instant;

use super::mel::{BANDS, HOP, Mel};
use super::script;
use crate::language::Language;
use crate::models::Model;

/// Columns of the window, and its samples at 16 kHz.
const COLUMNS: usize = 1_000;
const WINDOW: usize = COLUMNS * HOP;

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

/// What a model made of a piece of audio, and what it thinks of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heard {
    pub(super) text: String,
    /// Mean natural logarithm of the probability of a token, the end included.
    pub(super) log_probability: f32,
    /// That nobody speaks, 0 to 1.
    pub(super) no_speech: f32,
    /// Share of the tokens that only repeat those before them, 0 to 1.
    pub(super) repeated: f32,
}

pub(super) struct Engine {
    mel: Mel,
    english: Writer,
    others: Writer,
}

struct Writer {
    model: Whisper,
    tokenizer: Tokenizer,
    /// Wants to be told the language and the task; one that knows English only has not learnt these signs.
    multilingual: bool,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Loads both and runs each once. Each of `at_once` recognitions has weights and a thread of its own, which inherits the
    /// priority of the caller's. Also says how long 20 tokens take tiny.en and base.
    pub(super) fn load(at_once: usize) -> Result<(Self, [Duration; 2]), LoadError> {
        let engine = Self {
            mel: Mel::new(),
            english: Writer::load(Model::WhisperTinyEnglish, at_once)?,
            others: Writer::load(Model::WhisperBase, at_once)?,
        };
        let pace = |language| {
            // The first run warms caches; the quickest was least disturbed.
            let runs = (0..3).map(|_| engine.pace(language)).collect::<Result<Vec<_>, _>>();
            let runs = runs.map_err(|why| LoadError::Broken { path: crate::models::folder(), why })?;
            Ok::<_, LoadError>(runs.into_iter().min().unwrap_or_default())
        };
        let paces = [pace(Language::English)?, pace(Language::French)?];
        Ok((engine, paces))
    }

    /// The words of at most 10 s of 16 kHz audio.
    pub(super) fn recognise(&self, audio: &[i16], language: Language) -> Result<Heard, String> {
        let samples: Vec<f32> = audio.iter().take(WINDOW).map(|sample| f32::from(*sample) / 32_768.0).collect();
        let most = script::tokens(samples.len(), language);
        self.writer(language).write(&mut self.mel.of(&samples, COLUMNS), code(language), &[], most)
    }

    /// How long an utterance of 20 tokens takes here and now: a dozen words of English.
    fn pace(&self, language: Language) -> Result<Duration, String> {
        let began = Instant::now();
        let mut silence = self.mel.of(&[], COLUMNS);
        self.writer(language).write(&mut silence, code(language), &["a"; 19], 1)?;
        Ok(began.elapsed())
    }

    const fn writer(&self, language: Language) -> &Writer {
        match language {
            Language::English => &self.english,
            Language::Mandarin | Language::Cantonese | Language::Punjabi | Language::French => &self.others,
        }
    }
}

const fn code(language: Language) -> &'static str {
    match language {
        Language::English => "<|en|>",
        // Cantonese is no language of this model's; as Chinese it is at least half understood.
        Language::Mandarin | Language::Cantonese => "<|zh|>",
        Language::Punjabi => "<|pa|>",
        Language::French => "<|fr|>",
    }
}

impl Writer {
    fn load(model: Model, at_once: usize) -> Result<Self, LoadError> {
        if let Some(file) = model.missing() {
            return Err(LoadError::Missing(file));
        }
        // One replica a place in the list: all on the only device there is.
        let config = Config {
            compute_type: COMPUTE,
            device_indices: vec![0; at_once],
            num_threads_per_replica: 1,
            ..Config::default()
        };
        let path = model.path();
        let broken = |why: anyhow::Error| LoadError::Broken { path: model.path(), why: why.to_string() };
        let multilingual = match model {
            Model::WhisperTinyEnglish => false,
            Model::WhisperBase | Model::Hibari | Model::OnnxRuntime | Model::SentenceEncoder => true,
        };
        let tokenizer = Tokenizer::new(&path).map_err(broken)?;
        Ok(Self { model: Whisper::new(&path, config).map_err(broken)?, tokenizer, multilingual })
    }

    /// Writes on after `written`, at most `most` tokens.
    fn write(&self, seen: &mut [f32], language: &str, written: &[&str], most: usize) -> Result<Heard, String> {
        let text = |error: anyhow::Error| error.to_string();
        let window = StorageView::new(&[1, BANDS, COLUMNS], seen, ct2rs::Device::CPU).map_err(text)?;
        let signs: &[&str] = if self.multilingual { &[language, "<|transcribe|>"] } else { &[] };
        let prompt = [&["<|startoftranscript|>"], signs, &["<|notimestamps|>"], written].concat();
        let options = WhisperOptions {
            beam_size: 1,
            // The library takes half of it for what is written.
            max_length: 2 * most,
            // The score is a sum: the mean is taken here, where the end counts too.
            length_penalty: 0.0,
            return_scores: true,
            return_no_speech_prob: true,
            ..WhisperOptions::default()
        };
        let results = self.model.generate(&window, &[prompt], &options).map_err(text)?;
        let result = results.into_iter().next().ok_or("the model gave no result")?;
        let tokens = result.sequences.into_iter().next().unwrap_or_default();
        let sum = result.scores.first().copied().ok_or("the model gave no score")?;
        Ok(Heard {
            log_probability: sum / (tokens.len() + 1) as f32,
            no_speech: result.no_speech_prob,
            repeated: repeated(&tokens),
            text: self.tokenizer.decode(tokens).map_err(text)?,
        })
    }
}

/// The share of tokens that stand where the same ones stood one period before, for the period for which it is largest.
fn repeated<T: PartialEq>(tokens: &[T]) -> f32 {
    /// A sentence said over and over.
    const LONGEST: usize = 16;
    let same = |period: usize| tokens.iter().zip(&tokens[period..]).filter(|(before, now)| before == now).count();
    let most = (1..=LONGEST.min(tokens.len() / 2)).map(same).max().unwrap_or(0);
    most as f32 / tokens.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_repeats_itself_and_a_sentence_does_not() {
        let sentence: Vec<&str> = "he might even have been made amiable himself".split(' ').collect();
        assert!(repeated(&sentence) < 0.1);
        assert!(repeated(&sentence.repeat(5)) >= 0.8);
        assert!(repeated(&[1; 30]) > 0.9);
        assert!(repeated::<u8>(&[]) < 0.1);
    }
}
