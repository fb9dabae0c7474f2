//! Intents by comparison with paraphrases: one linear classifier for the five languages, trained when first asked for (a quarter of a
//! second, 2026-11-21) from `agents/<language>/intents.toml` and, in English, `foreign.toml`: what callers say and what must be declined.
//! One for all, because what words stand for is shared between them: what English teaches of parking is known in Punjabi. It goes by
//! words; beside it stands what the sentence means, by a sentence encoder (`meaning`), where its model is installed.
//!
//! Deterministic: no randomness, a fixed order, the same answer on every machine with the same data. It refuses rather than
//! guesses: below a least probability the answer is `Unclear`. `tests/corpus/intents.rs` measures it on sentences written blind.

mod examples;
mod meaning;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, OnceLock};

use attendant_linear::{CLASSES, Feature, Linear, Row, hash};

use super::Intent;
use super::features::{self, Features};
use crate::language::Language;
use crate::models::Model;
use crate::priority;
use crate::tokens::tokens;

use meaning::Meaning;

/// What the meaning says is added to the logarithm of what the words say, as so many times its score (0 to 1). Chosen on sentences of
/// other writers (2026-11-21, docs/decisions.md): 5 and 12 read within a point of it.
const OF_MEANING: f32 = 8.0;

/// Least probabilities of an answer, and of a fact. Both low: `LEAN` and not they decide between an answer and declining.
const SURE: f32 = 0.2;
const SURE_OF_FACT: f32 = 0.3;

/// Least probability of a sentence none of whose words was ever met, only pieces of their spelling.
const SURE_OF_UNMET: f32 = 0.6;

/// Foreign counts so much more than its probability: a wrong fact costs a caller more than being asked again, and foreign questions
/// come in more kinds than any training holds. Chosen on sentences of other writers (2026-11-21, docs/decisions.md): 1 reads a point and
/// a half more of intents and two points less of foreign questions declined.
const LEAN: f32 = 2.6;

/// The least for each half of an utterance cut at "and".
const SURE_OF_HALF: f32 = 0.6;

/// The least for a question at the end of what was unclear as a whole: "my son is driving me, what's the address".
const SURE_OF_LAST_CLAUSE: f32 = 0.9;

/// Words that open a question.
const ASKING: &[&str] = &[
    "what", "whats", "where", "wheres", "wear", "when", "whens", "which", "who", "whos", "how", "is", "are", "do",
    "does", "can", "could", "would", "may",
];

pub(super) struct Classifier {
    linear: Linear,
    /// Words of more than one example. A word of one only is as good as never met: that is how the weight of rarity is learnt.
    met: HashSet<u64>,
    /// None inside: its model is not installed.
    meaning: OnceLock<Option<Meaning>>,
}

#[derive(Clone)]
struct Example {
    text: String,
    intent: Intent,
    language: Language,
}

static TRAINED: LazyLock<Classifier> = LazyLock::new(|| Classifier::train(&examples::all()));

/// Learning what sentences mean, without anybody waiting for it.
static LEARNING: AtomicBool = AtomicBool::new(false);

/// The one trained on all; what it has to load is loaded now, unless [`prepare`] has put that off.
pub(super) fn trained() -> &'static Classifier {
    if !LEARNING.load(Ordering::Relaxed) {
        TRAINED.meaning.get_or_init(|| Meaning::installed(&examples::all()));
    }
    &TRAINED
}

/// Trains and loads, so that no caller waits for it. What takes longer (learning what sentences mean, once) goes on afterwards, and until it
/// is done words alone decide.
pub(super) fn prepare() {
    let examples = examples::all();
    if Model::SentenceEncoder.missing().is_some() || Meaning::is_kept(&examples) {
        trained();
        return;
    }
    LazyLock::force(&TRAINED);
    if LEARNING.swap(true, Ordering::Relaxed) {
        return;
    }
    let learn = move || {
        priority::shared();
        TRAINED.meaning.get_or_init(|| Meaning::installed(&examples));
    };
    if let Err(error) = std::thread::Builder::new().name("brain".to_owned()).spawn(learn) {
        tracing::warn!("no thread could be started ({error}): the rule-based brain goes by words alone");
    }
}

impl Classifier {
    /// What a sentence wants; two answers where "and" joins two questions.
    pub(super) fn intents(&self, sentence: &str, language: Language) -> Vec<Intent> {
        if let Some((left, right)) = sentence.split_once(" and ") {
            let halves = [left, right].map(|half| self.rank(half, language));
            if halves.iter().all(|(intent, p)| intent.topic().is_some() && *p >= SURE_OF_HALF)
                && halves[0].0 != halves[1].0
            {
                return halves.iter().map(|(intent, _)| *intent).collect();
            }
        }
        vec![self.decide_with_last_clause(sentence, language)]
    }

    fn train(examples: &[Example]) -> Self {
        let taken: Vec<_> = examples.iter().map(|e| (features::of(&e.text, e.language), e.intent)).collect();
        let mut count: HashMap<u64, u32> = HashMap::new();
        for word in taken.iter().flat_map(|(features, _)| &features.words) {
            *count.entry(*word).or_default() += 1;
        }
        let met: HashSet<u64> = count.into_iter().filter(|(_, n)| *n > 1).map(|(word, _)| word).collect();
        let rows: Vec<_> =
            taken.into_iter().map(|(features, intent)| (with_rare(&met, features), intent as usize)).collect();
        Self { linear: Linear::train(&rows, INTENTS.len()), met, meaning: OnceLock::new() }
    }

    /// The likeliest intent and its probability. What is foreign only for holding nothing that was ever met is unclear.
    fn rank(&self, text: &str, language: Language) -> (Intent, f32) {
        let features = features::of(text, language);
        let met = features.words.iter().any(|word| self.met.contains(word));
        let familiar = self.is_familiar(&features);
        let mut p = self.linear.probabilities(&with_rare(&self.met, features));
        if let Some(scores) = self.meaning.get().and_then(|m| m.as_ref()?.scores(text, language)) {
            p = both(&p, &scores);
        }
        p[Intent::Foreign as usize] *= LEAN;
        let sum: f32 = p.iter().sum();
        let (at, p) = p.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
        let (intent, p) = (INTENTS[at.min(INTENTS.len() - 1)], p / sum);
        match intent {
            _ if !met && p < SURE_OF_UNMET => (Intent::Unclear, 0.0),
            Intent::Foreign if !familiar => (Intent::Unclear, p),
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

    /// Callers tell why before they ask.
    fn decide_with_last_clause(&self, text: &str, language: Language) -> Intent {
        let whole = self.decide(text, language);
        if !matches!(whole, Intent::Foreign | Intent::Unclear) || language != Language::English {
            return whole;
        }
        let words = tokens(text, Language::English);
        let opens = |at: &usize| ASKING.contains(&words[*at].as_str()) && !ASKING.contains(&words[at - 1].as_str());
        // At least two words before it, and two after.
        let Some(from) = (2..words.len().saturating_sub(2)).rev().find(opens) else { return whole };
        match self.rank(&words[from..].join(" "), language) {
            (intent, p) if intent.topic().is_some() && p >= SURE_OF_LAST_CLAUSE => intent,
            _ => whole,
        }
    }

    fn decide(&self, text: &str, language: Language) -> Intent {
        match self.rank(text, language) {
            (intent, p) if p >= SURE => intent,
            _ => Intent::Unclear,
        }
    }
}

/// The probabilities by words and meaning together.
fn both(words: &Row, meaning: &[f32]) -> Row {
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
fn with_rare(met: &HashSet<u64>, features: Features) -> Vec<Feature> {
    let rare = features.unusual.iter().filter(|word| !met.contains(*word)).count();
    let mut all = features.all;
    if rare > 0 {
        all.push((hash(0, ["one rare", "two rare", "more rare"][rare.min(3) - 1]), 2.0));
    }
    all
}

#[cfg(test)]
mod cross_validation;
