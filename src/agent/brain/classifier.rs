//! Intents by comparison with paraphrases: linear classifiers over words, trained when first asked for (a quarter of a second each,
//! 2026-11-21) from `agents/<language>/intents.toml` and, in English, `foreign.toml` and what other writers say: what callers want and what
//! must be declined. English goes by English; the four other languages learn from each other and from English, because what words stand
//! for is shared: what English teaches of parking is known in Punjabi. Beside the words stands what a sentence means, by a sentence
//! encoder (`meaning`), where its model is installed.
//!
//! Deterministic: no randomness, a fixed order, the same answer on every machine with the same data. It refuses rather than
//! guesses: below a least probability the answer is `Unclear`. `tests/corpus/intents.rs` measures it on sentences written blind.

mod examples;
mod meaning;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use attendant_linear::{CLASSES, Feature, Linear, Row, hash};

use super::Intent;
use super::features::{self, Features};
use crate::language::Language;
use crate::models::Model;
use crate::priority;

use examples::Example;
use meaning::Meaning;

/// What the meaning says is added to the logarithm of what the words say, as so many times its score (0 to 1). Chosen on sentences of
/// other writers (2026-11-21, docs/decisions.md): 5 and 12 read within a point of it.
const OF_MEANING: f32 = 8.0;

/// Least probabilities of an answer, and of a fact. Both low: `lean` and not they decide between an answer and declining.
const SURE: f32 = 0.2;
const SURE_OF_FACT: f32 = 0.3;

/// Least probability of a sentence none of whose words was ever met, only pieces of their spelling.
const SURE_OF_UNMET: f32 = 0.6;

/// The least for each half of an utterance cut at "and".
const SURE_OF_HALF: f32 = 0.6;

/// A sentence of one of the writers counts as so many of the others when words are learnt: four times as many of the others' are one
/// hand's, and many differ by a word. More reads writers better and foreign questions of the others' kind worse.
const OF_A_WRITER: f32 = 2.0;

/// Who learns together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum School {
    English,
    /// All languages, without the English writers: with them the others read a point less.
    Others,
}

impl School {
    const fn of(language: Language) -> Self {
        match language {
            Language::English => Self::English,
            Language::Mandarin | Language::Cantonese | Language::Punjabi | Language::French => Self::Others,
        }
    }

    const fn teaches(self, example: &Example) -> bool {
        match self {
            Self::English => matches!(example.language, Language::English),
            Self::Others => example.writer.is_none(),
        }
    }

    /// Foreign counts so much more than its probability: a wrong fact costs a caller more than being asked again, and foreign questions
    /// come in more kinds than any training holds. Chosen on sentences of other writers (2026-11-21, docs/decisions.md): in English, 2.6
    /// reads a point more of what writers want who were asked for unusual wording, and a point less of the foreign questions of
    /// `foreign.toml` declined.
    const fn lean(self) -> f32 {
        match self {
            Self::English => 7.5,
            Self::Others => 2.6,
        }
    }
}

pub(super) struct Classifier {
    school: School,
    linear: Linear,
    /// Words of more than one example. A word of one only is as good as never met: that is how the weight of rarity is learnt.
    met: HashSet<u64>,
    /// None inside: its model is not installed. One for all languages.
    meaning: Arc<OnceLock<Option<Meaning>>>,
}

/// A sentence to learn words from.
struct Taught<'a> {
    features: &'a Features,
    intent: Intent,
    weight: f32,
}

static ENGLISH: LazyLock<Classifier> = LazyLock::new(|| Classifier::of(School::English));
static OTHERS: LazyLock<Classifier> = LazyLock::new(|| Classifier::of(School::Others));
static MEANING: LazyLock<Arc<OnceLock<Option<Meaning>>>> = LazyLock::new(Arc::default);

/// Learning what sentences mean, without anybody waiting for it.
static LEARNING: AtomicBool = AtomicBool::new(false);

/// The one trained on all that its school teaches; what it has to load is loaded now, unless [`prepare`] has put that off.
pub(super) fn trained(language: Language) -> &'static Classifier {
    if !LEARNING.load(Ordering::Relaxed) {
        MEANING.get_or_init(|| Meaning::installed(examples::all()));
    }
    match School::of(language) {
        School::English => &ENGLISH,
        School::Others => &OTHERS,
    }
}

/// Trains and loads, so that no caller waits for it. What takes longer (learning what sentences mean, once) goes on afterwards, and until it
/// is done words alone decide.
pub(super) fn prepare() {
    std::thread::scope(|scope| {
        scope.spawn(|| LazyLock::force(&OTHERS));
        LazyLock::force(&ENGLISH);
    });
    if Model::SentenceEncoder.missing().is_some() || Meaning::is_kept(examples::all()) {
        trained(Language::English);
        return;
    }
    if LEARNING.swap(true, Ordering::Relaxed) {
        return;
    }
    let learn = move || {
        priority::shared();
        MEANING.get_or_init(|| Meaning::installed(examples::all()));
    };
    if let Err(error) = std::thread::Builder::new().name("brain".to_owned()).spawn(learn) {
        tracing::warn!("no thread could be started ({error}): the rule-based brain goes by words alone");
    }
}

impl Classifier {
    /// What a sentence wants; two answers where "and" joins two questions.
    pub(super) fn intents(&self, sentence: &str, language: Language) -> Vec<Intent> {
        if let Some(halves) = halves(sentence) {
            let halves = halves.map(|half| self.rank(half, language));
            if halves.iter().all(|(intent, p)| intent.topic().is_some() && *p >= SURE_OF_HALF)
                && halves[0].0 != halves[1].0
            {
                return halves.iter().map(|(intent, _)| *intent).collect();
            }
        }
        match self.rank(sentence, language) {
            (intent, p) if p >= SURE => vec![intent],
            _ => vec![Intent::Unclear],
        }
    }

    /// By all that its school teaches.
    fn of(school: School) -> Self {
        let examples = examples::all().iter().filter(|example| school.teaches(example));
        let taken: Vec<_> = examples.map(|e| (features::of(&e.text, e.language), e)).collect();
        let taught: Vec<_> = taken.iter().map(|(features, example)| example.taught(features)).collect();
        Self::train(school, &taught, MEANING.clone())
    }

    fn train(school: School, examples: &[Taught<'_>], meaning: Arc<OnceLock<Option<Meaning>>>) -> Self {
        let mut count: HashMap<u64, u32> = HashMap::new();
        for word in examples.iter().flat_map(|example| &example.features.words) {
            *count.entry(*word).or_default() += 1;
        }
        let met: HashSet<u64> = count.into_iter().filter(|(_, n)| *n > 1).map(|(word, _)| word).collect();
        let rows = examples.iter().map(|e| (with_rare(&met, e.features), e.intent as usize, e.weight));
        Self { school, linear: Linear::train(&rows.collect::<Vec<_>>(), INTENTS.len()), met, meaning }
    }

    /// The likeliest intent and its probability. What is foreign only for holding nothing that was ever met is unclear.
    fn rank(&self, text: &str, language: Language) -> (Intent, f32) {
        let features = features::of(text, language);
        let met = features.words.iter().any(|word| self.met.contains(word));
        let mut p = self.linear.probabilities(&with_rare(&self.met, &features));
        if let Some(scores) = self.meaning.get().and_then(|m| m.as_ref()?.scores(text, language)) {
            p = both(&p, &scores);
        }
        p[Intent::Foreign as usize] *= self.school.lean();
        let sum: f32 = p.iter().sum();
        let (at, p) = p.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
        let (intent, p) = (INTENTS[at.min(INTENTS.len() - 1)], p / sum);
        match intent {
            _ if !met && p < SURE_OF_UNMET => (Intent::Unclear, 0.0),
            Intent::Foreign if !self.is_familiar(&features) => (Intent::Unclear, p),
            intent if intent.topic().is_some() && p < SURE_OF_FACT => (Intent::Unclear, p),
            intent => (intent, p),
        }
    }

    /// It speaks of something known to be foreign, or at least in words most of which were met, and met together.
    fn is_familiar(&self, features: &Features) -> bool {
        let met = features.unusual.iter().filter(|word| self.met.contains(*word)).count();
        let together = features.pairs.iter().any(|pair| self.linear.knows(*pair));
        features.foreign || (met * 2 > features.unusual.len() && together)
    }
}

/// Perhaps two questions.
fn halves(sentence: &str) -> Option<[&str; 2]> {
    sentence.split_once(" and ").map(|(left, right)| [left, right])
}

/// The probabilities by words and meaning together.
fn both(words: &Row, meaning: &Row) -> Row {
    let mut both = [0.0; CLASSES];
    for ((both, p), score) in both.iter_mut().zip(words).zip(meaning) {
        *both = p * (OF_MEANING * score).exp();
    }
    let sum: f32 = both.iter().sum();
    both.map(|part| part / sum)
}

/// By column.
const INTENTS: [Intent; 17] = [
    Intent::Hours,
    Intent::Address,
    Intent::Parking,
    Intent::Directions,
    Intent::Message,
    Intent::Person,
    Intent::Goodbye,
    Intent::Greeting,
    Intent::Repeat,
    Intent::Yes,
    Intent::No,
    Intent::Thanks,
    Intent::Phone,
    Intent::Languages,
    Intent::Providers,
    Intent::Robot,
    Intent::Foreign,
];

/// All features, with how many words were never met among them.
fn with_rare(met: &HashSet<u64>, features: &Features) -> Vec<Feature> {
    let rare = features.unusual.iter().filter(|word| !met.contains(*word)).count();
    let mut all = features.all.clone();
    if rare > 0 {
        all.push((hash(0, ["one rare", "two rare", "more rare"][rare.min(3) - 1]), 2.0));
    }
    all
}

#[cfg(test)]
mod cross_validation;
