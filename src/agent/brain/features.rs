//! A sentence as features: which words it has, what they stand for, which stand together, and how they are spelt.
//!
//! Pure. Whether the clinic itself is spoken to ("your", "there") counts apart, for the same words about another place are not ours
//! to answer. A word never met before counts as one that is rare, which speaks for a foreign question. Spelling (pieces of three and
//! four letters) carries words a recogniser got almost right. Features are named by a hash: a name is never read back.

mod vocabulary;

use attendant_linear::{Feature, hash, join};

use crate::language::Language;

use vocabulary::{Concept, Vocabulary};

/// English words that name the clinic as the one who is asked.
const OURS: &[&str] = &["you", "your", "yours", "our", "there", "here", "clinic", "clinics", "office", "place"];

/// Before another place, these make it where the caller comes from, or a landmark.
const LANDMARK_AFTER: &[&str] =
    &["from", "near", "nearby", "nearest", "closest", "beside", "behind", "across", "past", "opposite", "by"];

/// In the shape of a sentence: a word about what is none of the brain's business, a word that means nothing to it, and a name.
const ALIEN: u64 = 103;
const STRANGE: u64 = 104;
const NAME: u64 = 105;

pub(super) struct Features {
    pub all: Vec<Feature>,
    /// It speaks of something that is none of the brain's business.
    pub foreign: bool,
    /// Its words, as features: to tell what was met before.
    pub words: Vec<u64>,
    /// Words that follow each other, as features.
    pub pairs: Vec<u64>,
    /// Words that are neither plain nor part of a concept: rare if not met before.
    pub unusual: Vec<u64>,
}

struct Collector(Vec<Feature>);

impl Collector {
    /// Of hashed words.
    fn add(&mut self, kind: u64, words: &[u64], weight: f32) {
        self.0.push((named(kind, words), weight));
    }

    /// Runs of as many words as there are weights from `least` on.
    fn runs(&mut self, kind: u64, words: &[u64], least: usize, weights: &[f32]) {
        for (more, weight) in weights.iter().enumerate() {
            for run in words.windows(least + more) {
                self.add(kind, run, *weight);
            }
        }
    }
}

fn named(kind: u64, words: &[u64]) -> u64 {
    words.iter().fold(kind, |hash, word| join(hash, *word))
}

/// Kinds of features, apart from each other by their first hash.
mod kind {
    pub const WORD: u64 = 1;
    pub const RAW: u64 = 2;
    pub const SHAPE: u64 = 3;
    pub const SKIP: u64 = 4;
    pub const SORT: u64 = 5;
    pub const CONCEPT: u64 = 6;
    pub const PAIR: u64 = 7;
    pub const OURS: u64 = 8;
    pub const OTHERS: u64 = 9;
    pub const COUNT: u64 = 10;
    pub const LENGTH: u64 = 11;
    pub const OPENING: u64 = 12;
    pub const ELSEWHERE: u64 = 13;
    pub const BIAS: u64 = 14;
    pub const SPELLING: u64 = 15;
}

/// Ends of a sentence.
const START: u64 = 101;
const END: u64 = 102;

/// The features of a sentence, without the ones for rare words, which depend on what was met in training.
pub(super) fn of(text: &str, language: Language) -> Features {
    let vocabulary = Vocabulary::of(language);
    let english = language == Language::English;
    let words = vocabulary.words(text, language);
    let mut kept: Vec<&str> = words.iter().map(String::as_str).filter(|w| !vocabulary.fillers.contains(*w)).collect();
    if kept.is_empty() {
        kept = words.iter().map(String::as_str).collect();
    }
    let mut found = Collector(Vec::with_capacity(kept.len() * 32));
    let mut concepts: Vec<&Concept> = Vec::new();
    let (mut stems, mut unusual) = (Vec::new(), Vec::new());
    let mut elsewhere = false;
    // As concepts, else stems; and as sorts of words.
    let (mut shape, mut sorts) = (vec![START], vec![START]);
    for (at, word) in kept.iter().enumerate() {
        let stem = hash(0, if english { stem(word) } else { word });
        found.add(kind::WORD, &[stem], 1.0);
        stems.push(stem);
        let means = vocabulary.concepts(word);
        // The name after "doctor" is rare by nature.
        let is_name = english && at > 0 && matches!(kept[at - 1], "doctor" | "dr");
        let plain = vocabulary.plain.contains(*word) || (english && word.bytes().all(|b| b.is_ascii_digit()));
        shape.push(means.first().map_or(stem, |concept| concept.hash));
        sorts.push(match means.first() {
            Some(concept) if concept.foreign => ALIEN,
            Some(concept) => concept.hash,
            None if is_name => NAME,
            None if plain || !english => stem,
            None => STRANGE,
        });
        if means.is_empty() && !is_name && !plain {
            unusual.push(stem);
        }
        let before = &kept[at.saturating_sub(2)..at];
        elsewhere |= means.iter().any(|c| c.elsewhere) && !before.iter().any(|w| LANDMARK_AFTER.contains(w));
        concepts.extend(means);
    }
    shape.push(END);
    sorts.push(END);
    if !matches!(language, Language::Mandarin | Language::Cantonese) {
        spelling(&mut found, &kept);
    }
    found.runs(kind::SHAPE, &shape, 2, &[0.8, 0.5]);
    found.runs(kind::SORT, &sorts, 2, &[0.5, 0.5, 0.35]);
    for (i, one) in shape.iter().enumerate() {
        for other in shape.iter().skip(i + 2).take(3) {
            found.add(kind::SKIP, &[*one, *other], 0.3);
        }
    }
    let raw: Vec<u64> = std::iter::once(START).chain(words.iter().map(|w| hash(0, w))).chain([END]).collect();
    found.runs(kind::RAW, &raw, 1, &[0.5, 0.8, 0.56]);
    concepts.sort_unstable_by_key(|c| c.hash);
    concepts.dedup_by_key(|c| c.hash);
    let ours = !english || words.iter().any(|w| OURS.contains(&w.as_str()));
    for (i, one) in concepts.iter().enumerate() {
        found.add(kind::CONCEPT, &[one.hash], 2.0);
        found.add(if ours { kind::OURS } else { kind::OTHERS }, &[one.hash], 1.0);
        for other in &concepts[i + 1..] {
            found.add(kind::PAIR, &[one.hash, other.hash], 1.0);
        }
    }
    for sort in [ALIEN, STRANGE] {
        match sorts.iter().filter(|s| **s == sort).count().min(3) {
            0 => {}
            count => found.add(kind::COUNT, &[sort, count as u64], 1.0),
        }
    }
    found.add(kind::LENGTH, &[kept.len().clamp(1, 5) as u64], 0.5);
    if let [first, second, ..] = kept.as_slice() {
        found.add(kind::OPENING, &[hash(0, first), hash(0, second)], 0.7);
    }
    if english && ours {
        found.add(kind::OURS, &[], 1.5);
    }
    if elsewhere {
        found.add(kind::ELSEWHERE, &[], 1.5);
    }
    found.add(kind::BIAS, &[], 0.5);
    let foreign = concepts.iter().any(|c| c.foreign);
    let pairs = raw[1..raw.len() - 1].windows(2).map(|pair| named(kind::RAW, pair)).collect();
    Features { all: found.0, foreign, words: stems, pairs, unusual }
}

/// Pieces of the text of three and four letters, across words.
fn spelling(found: &mut Collector, words: &[&str]) {
    let mut letters = vec![u64::from(' ')];
    for word in words {
        letters.extend(word.chars().map(u64::from).chain([u64::from(' ')]));
    }
    found.runs(kind::SPELLING, &letters, 3, &[0.3, 0.3]);
}

/// The word without its usual endings.
fn stem(word: &str) -> &str {
    for (ending, least) in [("ing", 6), ("ed", 5), ("es", 6), ("s", 4)] {
        if word.len() >= least
            && let Some(stem) = word.strip_suffix(ending)
            && !stem.ends_with('s')
        {
            return stem;
        }
    }
    word
}
