//! What sentences mean, beside which words they have: a sentence encoder, and which intents are near what it makes of a sentence.
//!
//! Its files are fetched by `make models`; without them the brain goes by words alone, and says so once. Learning from the training
//! sentences takes 20 s of CPU (2026-11-21), so what was learnt is kept beside the model, named by a hash of all that it was learnt from; such a file
//! may be deleted at any time. Punjabi is not among the encoder's languages.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attendant_linear::{CLASSES, Row};
use attendant_sentence::{Landmarks, Lesson, Lessons, Ridge, SentenceEncoder, Vector};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::{Example, INTENTS};
use crate::language::Language;
use crate::models::Model;

/// Says what a file was learnt by, beside the sentences: raised when the model, the text given to it or the arithmetic changes.
const LEARNT_BY: &[u8] = b"universal sentence encoder multilingual 3, ridge 2";

/// Sentences whose scores are kept: a conversation is gone through again at each turn. 100 bytes each.
const REMEMBERED: usize = 512;

/// Examples that others are compared with. Of the English writers' many, for they say the most different things; of the others' as many as
/// are left: with 500 less the other languages lose a point.
const LANDMARKS: usize = 3000;
const OF_WRITERS: usize = 1000;

/// A sentence of one of the writers counts as so many others: one reads a point less of other writers', six no more.
const OF_A_WRITER: f32 = 3.0;

/// What sentences mean, once learnt, and what was said of those asked last, by a keyed hash: the words themselves are not kept.
pub(super) struct Meaning {
    encoder: Arc<SentenceEncoder>,
    ridge: Ridge,
    keys: RandomState,
    known: Mutex<HashMap<u64, Row>>,
}

/// The encoder, if its model is installed.
pub(super) fn encoder() -> Option<SentenceEncoder> {
    if let Some(file) = Model::SentenceEncoder.missing() {
        tracing::warn!(
            "{} is missing: the rule-based brain goes by words alone and understands less; run `make models`",
            file.display()
        );
        return None;
    }
    SentenceEncoder::open(&Model::SentenceEncoder.path())
        .inspect_err(|error| tracing::warn!("{error}; the rule-based brain goes by words alone; run `make models`"))
        .ok()
}

/// Of many at once, in two threads: each four times as quick as one by one.
pub(super) fn vectors(encoder: &SentenceEncoder, texts: &[&str]) -> Vec<Vector> {
    let encode = |texts: &[&str]| encoder.encode(&texts.iter().map(|text| plain(text)).collect::<Vec<_>>());
    let (these, those) = texts.split_at(texts.len() / 2);
    let [these, those] = both_at_once(|| encode(these), || encode(those));
    [these, those].concat()
}

/// What lessons teach, in two threads.
pub(super) fn learnt(landmarks: &Landmarks, lessons: &[Lesson<'_>]) -> Lessons {
    let learn = |lessons| landmarks.learn(lessons, INTENTS.len());
    let (these, those) = lessons.split_at(lessons.len() / 2);
    let [mut all, rest] = both_at_once(|| learn(these), || learn(those));
    all += &rest;
    all
}

fn both_at_once<T: Send>(one: impl FnOnce() -> T + Send, other: impl FnOnce() -> T) -> [T; 2] {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        [one.join().expect("arithmetic over what was read whole does not panic"), other]
    })
}

/// What is learnt from: sentences of the languages that the encoder knows.
pub(super) fn lesson<'a>(example: &Example, vector: &'a Vector) -> Option<Lesson<'a>> {
    let weight = if example.writer.is_some() { OF_A_WRITER } else { 1.0 };
    speaks(example.language).then_some(Lesson { vector, class: example.intent as usize, weight })
}

/// Places of the examples that all are compared with.
pub(super) fn landmarks(examples: &[Example]) -> Vec<usize> {
    let of = |writers: bool| {
        let kind = |at: &usize| speaks(examples[*at].language) && examples[*at].writer.is_some() == writers;
        (0..examples.len()).filter(kind).collect::<Vec<_>>()
    };
    let evenly = |all: &[usize], count: usize| {
        let count = count.min(all.len());
        (0..count).map(|n| all[n * all.len() / count]).collect::<Vec<_>>()
    };
    [evenly(&of(true), OF_WRITERS), evenly(&of(false), LANDMARKS - OF_WRITERS)].concat()
}

impl Meaning {
    pub(super) fn new(encoder: Arc<SentenceEncoder>, ridge: Ridge) -> Self {
        Self { encoder, ridge, keys: RandomState::new(), known: Mutex::default() }
    }

    /// Whether nothing has to be learnt first.
    pub(super) fn is_kept(examples: &[Example]) -> bool {
        kept_in(examples).is_file()
    }

    /// As it was kept, else learnt and kept; one process learns, others wait for it.
    pub(super) fn installed(examples: &[Example]) -> Option<Self> {
        let encoder = encoder()?;
        let path = kept_in(examples);
        let read = || std::fs::read(&path).ok().and_then(|bytes| Ridge::from_bytes(&bytes));
        if let Some(ridge) = read() {
            return Some(Self::new(Arc::new(encoder), ridge));
        }
        // Released when the process ends, however it does.
        let turn = File::create(path.with_file_name(".learning")).and_then(|file| file.lock().map(|()| file));
        if let (Ok(_), Some(ridge)) = (&turn, read()) {
            return Some(Self::new(Arc::new(encoder), ridge));
        }
        tracing::info!("the rule-based brain learns what callers' sentences mean, once: some 20 s");
        let ridge = learn(&encoder, examples)?;
        if let Err(error) = keep(&path, &ridge.to_bytes()) {
            tracing::warn!(
                "{} cannot be written ({error}): what the brain learnt is learnt again at each start",
                path.display()
            );
        }
        Some(Self::new(Arc::new(encoder), ridge))
    }

    /// By intent, near 1 for what the sentence means; `None` in a language that the encoder does not know.
    pub(super) fn scores(&self, text: &str, language: Language) -> Option<Row> {
        if !speaks(language) {
            return None;
        }
        let text = plain(text);
        let key = self.keys.hash_one(&text);
        if let Some(scores) = self.known.lock().get(&key) {
            return Some(*scores);
        }
        let scores = row(&self.ridge.scores(&self.encoder.encode(&[text])[0]));
        let mut known = self.known.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, scores);
        Some(scores)
    }

    /// Has the scores of many ready, more than are remembered otherwise.
    #[cfg(test)]
    pub(super) fn foresee(&self, texts: &[(&str, &Vector)]) {
        let scores = self.ridge.scores_of(&texts.iter().map(|(_, vector)| *vector).collect::<Vec<_>>());
        let keyed = texts.iter().map(|(text, _)| self.keys.hash_one(plain(text)));
        self.known.lock().extend(keyed.zip(scores.iter().map(|scores| row(scores))));
    }
}

fn learn(encoder: &SentenceEncoder, examples: &[Example]) -> Option<Ridge> {
    let vectors = vectors(encoder, &examples.iter().map(|e| e.text.as_str()).collect::<Vec<_>>());
    let lessons: Vec<_> = examples.iter().zip(&vectors).filter_map(|(e, vector)| lesson(e, vector)).collect();
    let chosen: Vec<_> = landmarks(examples).into_iter().map(|at| &vectors[at]).collect();
    let landmarks = Landmarks::new(&chosen);
    landmarks.solve(&learnt(&landmarks, &lessons), &(0..chosen.len()).collect::<Vec<_>>())
}

/// With nothing for the classes that there are not.
fn row(scores: &[f32]) -> Row {
    let mut row = [0.0; CLASSES];
    row.iter_mut().zip(scores).for_each(|(place, score)| *place = *score);
    row
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
        hash.update([example.intent as u8, example.language as u8, u8::from(example.writer.is_some())]);
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
