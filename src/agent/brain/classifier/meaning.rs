//! What sentences mean, beside which words they have: a sentence encoder, and which intents are near what it makes of a sentence.
//!
//! Its files are fetched by `make models`; without them the brain goes by words alone, and says so once. Learning from the training
//! sentences takes 15 s (2026-11-21), so what was learnt is kept beside the model, named by a hash of all that it was learnt from; such a file
//! may be deleted at any time. Punjabi is not among the encoder's languages.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attendant_sentence::{Ridge, SentenceEncoder, Vector};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::{Example, INTENTS};
use crate::language::Language;
use crate::models::Model;

/// Says what a file was learnt by, beside the sentences: raised when the model, the text given to it or the arithmetic changes.
const LEARNT_BY: &[u8] = b"universal sentence encoder multilingual 3, ridge 1";

/// Sentences whose vectors are kept: a conversation is gone through again at each turn. 2 KB each.
const REMEMBERED: usize = 512;

/// The model, and the vectors of what it was asked last, by a keyed hash: the words themselves are not kept.
pub(super) struct Encoder {
    model: SentenceEncoder,
    most: usize,
    keys: RandomState,
    vectors: Mutex<HashMap<u64, Arc<Vector>>>,
}

pub(super) struct Meaning {
    encoder: Arc<Encoder>,
    ridge: Ridge,
}

impl Encoder {
    pub(super) fn open(most: usize) -> Option<Self> {
        if let Some(file) = Model::SentenceEncoder.missing() {
            tracing::warn!(
                "{} is missing: the rule-based brain goes by words alone and understands less; run `make models`",
                file.display()
            );
            return None;
        }
        let opened = SentenceEncoder::open(&Model::SentenceEncoder.path());
        let model = opened
            .inspect_err(|error| tracing::warn!("{error}; the rule-based brain goes by words alone; run `make models`"))
            .ok()?;
        Some(Self { model, most, keys: RandomState::new(), vectors: Mutex::default() })
    }

    /// Of many at once: four times as quick as one by one.
    pub(super) fn vectors(&self, texts: &[&str]) -> Vec<Vector> {
        self.model.encode(&texts.iter().map(|text| plain(text)).collect::<Vec<_>>())
    }

    /// Has the vectors of many ready.
    #[cfg(test)]
    pub(super) fn remember(&self, texts: &[&str]) {
        let vectors = self.vectors(texts);
        let keyed = texts.iter().map(|text| self.keys.hash_one(plain(text)));
        self.vectors.lock().extend(keyed.zip(vectors.into_iter().map(Arc::new)));
    }

    pub(super) fn vector(&self, text: &str) -> Arc<Vector> {
        let text = plain(text);
        let key = self.keys.hash_one(&text);
        if let Some(known) = self.vectors.lock().get(&key) {
            return known.clone();
        }
        let vector = Arc::new(self.model.encode(&[text])[0]);
        let mut vectors = self.vectors.lock();
        if vectors.len() >= self.most {
            vectors.clear();
        }
        vectors.insert(key, vector.clone());
        vector
    }
}

impl Meaning {
    /// Learnt from vectors and the places of their intents.
    pub(super) fn learn(encoder: Arc<Encoder>, examples: &[(Vector, usize)]) -> Option<Self> {
        Some(Self { ridge: Ridge::train(examples, INTENTS.len())?, encoder })
    }

    /// Whether nothing has to be learnt first.
    pub(super) fn is_kept(examples: &[Example]) -> bool {
        kept_in(examples).is_file()
    }

    /// As it was kept, else learnt and kept; one process learns, others wait for it.
    pub(super) fn installed(examples: &[Example]) -> Option<Self> {
        let encoder = Arc::new(Encoder::open(REMEMBERED)?);
        let path = kept_in(examples);
        let read = || std::fs::read(&path).ok().and_then(|bytes| Ridge::from_bytes(&bytes));
        if let Some(ridge) = read() {
            return Some(Self { encoder, ridge });
        }
        // Released when the process ends, however it does.
        let turn = File::create(path.with_file_name(".learning")).and_then(|file| file.lock().map(|()| file));
        if let (Ok(_), Some(ridge)) = (&turn, read()) {
            return Some(Self { encoder, ridge });
        }
        tracing::info!("the rule-based brain learns what callers' sentences mean, once: some 15 s");
        let known: Vec<&Example> = examples.iter().filter(|e| speaks(e.language)).collect();
        let vectors = encoder.vectors(&known.iter().map(|e| e.text.as_str()).collect::<Vec<_>>());
        let learnt: Vec<_> = vectors.into_iter().zip(known.iter().map(|e| e.intent as usize)).collect();
        let meaning = Self::learn(encoder, &learnt)?;
        if let Err(error) = keep(&path, &meaning.ridge.to_bytes()) {
            tracing::warn!(
                "{} cannot be written ({error}): what the brain learnt is learnt again at each start",
                path.display()
            );
        }
        Some(meaning)
    }

    /// By intent, near 1 for what the sentence means; `None` in a language that the encoder does not know.
    pub(super) fn scores(&self, text: &str, language: Language) -> Option<Vec<f32>> {
        speaks(language).then(|| self.ridge.scores(&self.encoder.vector(text)))
    }
}

pub(super) const fn speaks(language: Language) -> bool {
    !matches!(language, Language::Punjabi)
}

/// As the training sentences are written: whether a recogniser writes capitals and points must not matter.
fn plain(text: &str) -> String {
    let mark = |c: char| ".,;:?!\"，。？！、；：।…".contains(c);
    let lower: String = text.chars().flat_map(char::to_lowercase).map(|c| if mark(c) { ' ' } else { c }).collect();
    lower.replace('\u{2019}', "'").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn kept_in(examples: &[Example]) -> PathBuf {
    let mut hash = Sha256::new_with_prefix(LEARNT_BY);
    for example in examples {
        hash.update([example.intent as u8, example.language as u8]);
        hash.update((example.text.len() as u64).to_le_bytes());
        hash.update(&example.text);
    }
    let name: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    Model::SentenceEncoder.path().join(format!("learnt-{name}.ridge"))
}

/// Whole or not at all.
fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = path.with_extension(format!("{}", std::process::id()));
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_and_points_do_not_matter() {
        assert_eq!(plain("Hi, what\u{2019}s  your address?"), "hi what's your address");
        assert_eq!(plain("你们几点关门？"), "你们几点关门");
    }
}
