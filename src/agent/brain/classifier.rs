//! English intents by comparison with paraphrases: a linear classifier trained at start from `agents/en-CA/intents.toml` and, for
//! what must be declined, `foreign.toml`.
//!
//! Deterministic: no randomness, a fixed order, the same answer on every machine with the same data. It refuses rather than
//! guesses: below a least probability the answer is `Unclear`. `tests/corpus/intents.rs` measures it on sentences written blind.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use super::Intent;
use super::features;
use crate::language::Language;
use crate::tokens::tokens;

/// Least probabilities, chosen by cross-validation within the training files (2026-11-21; see `tests` below): of an answer that
/// is no fact, of a fact, and of a fact when a word was never met before.
const SURE: f32 = 0.40;
const SURE_OF_FACT: f32 = 0.6;
const SURE_OF_FACT_WITH_RARE_WORD: f32 = 0.8;

/// The same for each half of an utterance cut at "and".
const SURE_OF_HALF: f32 = 0.6;

/// The least for a question at the end of what was unclear as a whole: "my son is driving me, what's the address".
const SURE_OF_LAST_CLAUSE: f32 = 0.9;

/// Words that open a question.
const ASKING: &[&str] = &[
    "what", "whats", "where", "wheres", "wear", "when", "whens", "which", "who", "whos", "how", "is", "are", "do",
    "does", "can", "could", "would", "may",
];

/// More change little: cross-validation reads the same within half a point from 8 to 30.
const EPOCHS: usize = 12;
const RATE: f32 = 0.5;
/// Pulls weights to zero, per example.
const DECAY: f32 = 5e-4;

pub(super) struct Classifier {
    index: HashMap<String, usize>,
    met: HashSet<String>,
    intents: Vec<Intent>,
    /// One row a feature, one column an intent.
    weights: Vec<Vec<f32>>,
}

type Example = (String, Intent);

static TRAINED: LazyLock<Classifier> = LazyLock::new(|| Classifier::train(&examples()));

/// What a sentence wants; two answers where "and" joins two questions.
pub(super) fn intents(sentence: &str) -> Vec<Intent> {
    if let Some((left, right)) = sentence.split_once(" and ") {
        let halves = [left, right].map(|half| TRAINED.rank(half));
        if halves.iter().all(|(intent, p)| intent.topic().is_some() && *p >= SURE_OF_HALF) && halves[0].0 != halves[1].0
        {
            return halves.iter().map(|(intent, _)| *intent).collect();
        }
    }
    vec![TRAINED.decide_with_last_clause(sentence)]
}

fn examples() -> Vec<Example> {
    let files =
        [include_str!("../../../agents/en-CA/intents.toml"), include_str!("../../../agents/en-CA/foreign.toml")];
    let lists: BTreeMap<Intent, Vec<String>> = files
        .into_iter()
        .flat_map(|file| {
            toml::from_str::<BTreeMap<_, _>>(file)
                .expect("the built-in paraphrases are parsed by every test of the brain")
        })
        .collect();
    // Each intent spread evenly over the whole, so that no stretch of the training is all of one kind.
    let mut placed: Vec<(f32, Example)> = Vec::new();
    for (intent, texts) in lists {
        let count = texts.len() as f32;
        placed.extend(texts.into_iter().enumerate().map(|(at, text)| ((at as f32 + 0.5) / count, (text, intent))));
    }
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    placed.into_iter().map(|(_, example)| example).collect()
}

impl Classifier {
    fn train(examples: &[Example]) -> Self {
        let taken: Vec<_> = examples.iter().map(|(text, intent)| (features::of(text), *intent)).collect();
        let mut count: HashMap<&str, usize> = HashMap::new();
        for (features, _) in &taken {
            let own: HashSet<&str> = features.unusual.iter().map(String::as_str).collect();
            for stem in own {
                *count.entry(stem).or_default() += 1;
            }
        }
        // A word of one example only is as good as never met: that is how the weight of rarity is learnt.
        let met: HashSet<String> = count.iter().filter(|(_, n)| **n > 1).map(|(stem, _)| (*stem).to_owned()).collect();
        let mut classifier = Self { index: HashMap::new(), met, intents: Vec::new(), weights: Vec::new() };
        for (_, intent) in &taken {
            if !classifier.intents.contains(intent) {
                classifier.intents.push(*intent);
            }
        }
        let rows: Vec<(Vec<(usize, f32)>, usize)> = taken
            .into_iter()
            .map(|(features, intent)| {
                let row = classifier.row(features, true);
                let class = classifier.intents.iter().position(|i| *i == intent).unwrap_or_default();
                (row, class)
            })
            .collect();
        classifier.weights = vec![vec![0.0; classifier.intents.len()]; classifier.index.len()];
        for epoch in 0..EPOCHS {
            let rate = RATE / (1.0 + epoch as f32 * 0.1);
            for (row, class) in &rows {
                classifier.learn(row, *class, rate);
            }
        }
        classifier
    }

    fn learn(&mut self, row: &[(usize, f32)], class: usize, rate: f32) {
        let p = self.probabilities(row);
        for (at, value) in row {
            for (k, weight) in self.weights[*at].iter_mut().enumerate() {
                let error = f32::from(u8::from(k == class)) - p[k];
                *weight += rate * (error * value - DECAY * *weight);
            }
        }
    }

    /// Feature numbers and values, of length 1. `new` gives numbers to features not met before; else they are left out.
    fn row(&mut self, features: features::Features, new: bool) -> Vec<(usize, f32)> {
        let with_rare = self.with_rare(features);
        let mut row = Vec::with_capacity(with_rare.len());
        for (name, value) in with_rare {
            let next = self.index.len();
            match self.index.get(&name) {
                Some(at) => row.push((*at, value)),
                None if new => {
                    self.index.insert(name, next);
                    row.push((next, value));
                }
                None => {}
            }
        }
        normalise(row)
    }

    fn with_rare(&self, features: features::Features) -> Vec<features::Feature> {
        let rare = features.unusual.iter().filter(|stem| !self.met.contains(*stem)).count();
        let mut all = features.all;
        if rare > 0 {
            all.push(("rare".to_owned(), 1.0));
            all.push((format!("rare:{}", rare.min(3)), 1.5));
        }
        all.push(("bias".to_owned(), 0.5));
        all
    }

    fn known(&self, features: features::Features) -> Vec<(usize, f32)> {
        let all = self.with_rare(features);
        normalise(all.into_iter().filter_map(|(name, value)| Some((*self.index.get(&name)?, value))).collect())
    }

    fn probabilities(&self, row: &[(usize, f32)]) -> Vec<f32> {
        let mut scores = vec![0.0_f32; self.intents.len()];
        for (at, value) in row {
            for (score, weight) in scores.iter_mut().zip(&self.weights[*at]) {
                *score += weight * value;
            }
        }
        let most = scores.iter().copied().fold(f32::MIN, f32::max);
        let parts: Vec<f32> = scores.iter().map(|s| (s - most).exp()).collect();
        let sum: f32 = parts.iter().sum();
        parts.into_iter().map(|p| p / sum).collect()
    }

    /// The likeliest intent and its probability. What speaks of medicine, bookings and the like asks for no fact, whatever the
    /// rest sounds like; and what does not is merely unclear, however strange.
    fn rank(&self, text: &str) -> (Intent, f32) {
        let features = features::of(text);
        let (foreign, forbidden, asks_desk) = (features.foreign, features.forbidden, features.asks_desk);
        let rare = features.unusual.iter().any(|stem| !self.met.contains(stem));
        let least = if rare { SURE_OF_FACT_WITH_RARE_WORD } else { SURE_OF_FACT };
        let (elsewhere, concepts) = (features.elsewhere, features.concepts.clone());
        if !self.recognises(&features) {
            return (Intent::Unclear, 0.0);
        }
        let p = self.probabilities(&self.known(features));
        let best = p.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        match best.map(|(k, p)| (self.intents[k], p)) {
            Some((intent, p)) if forbidden && !(asks_desk && matches!(intent, Intent::Message | Intent::Person)) => {
                (Intent::Foreign, p)
            }
            Some((intent, p)) if elsewhere && intent.topic().is_some() => (Intent::Foreign, p),
            Some((Intent::Foreign, p)) if !foreign => (Intent::Unclear, p),
            Some((intent, p)) if !names(intent, &concepts) => (Intent::Unclear, p),
            Some((intent, p)) if intent.topic().is_some() && p < least => (Intent::Unclear, p),
            Some(best) => best,
            None => (Intent::Unclear, 0.0),
        }
    }

    /// A word, or enough of the spelling of one, was met before.
    fn recognises(&self, features: &features::Features) -> bool {
        let known = |prefix: &str| {
            features.all.iter().filter(|(n, _)| n.starts_with(prefix) && self.index.contains_key(n)).count()
        };
        known("w:") > 0 || known("c:") > 0 || known("t:") > 2
    }

    /// Callers tell why before they ask. What is foreign in plain words stays so, whatever follows it.
    fn decide_with_last_clause(&self, text: &str) -> Intent {
        let whole = self.decide(text);
        let features = features::of(text);
        if !matches!(whole, Intent::Foreign | Intent::Unclear) || features.forbidden || features.elsewhere {
            return whole;
        }
        let words = tokens(text, Language::English);
        let opens = |at: &usize| ASKING.contains(&words[*at].as_str()) && !ASKING.contains(&words[at - 1].as_str());
        // At least two words before it, and two after.
        let Some(from) = (2..words.len().saturating_sub(2)).rev().find(opens) else { return whole };
        match self.rank(&words[from..].join(" ")) {
            (intent, p) if intent.topic().is_some() && p >= SURE_OF_LAST_CLAUSE => intent,
            _ => whole,
        }
    }

    fn decide(&self, text: &str) -> Intent {
        match self.rank(text) {
            (intent, p) if p >= SURE => intent,
            _ => Intent::Unclear,
        }
    }
}

/// Whether the subject of an intent is named at all; without it there is no understanding, only resemblance.
fn names(intent: Intent, concepts: &[&str]) -> bool {
    let subjects: &[&str] = match intent {
        Intent::Hours => &["OPEN", "HOURS", "HOLIDAY", "DAY", "VISIT", "TIME"],
        Intent::Address => &["ADDRESS", "WHERE"],
        Intent::Parking => &["PARK", "CAR"],
        Intent::Directions => &["WAY", "TRANSIT", "NEAR", "WHERE"],
        Intent::Phone => &["FAX"],
        Intent::Languages => &["LANGUAGE"],
        Intent::Providers => &["DOCTOR", "WORK", "PERSON"],
        Intent::Greeting
        | Intent::Repeat
        | Intent::Thanks
        | Intent::Robot
        | Intent::Message
        | Intent::Person
        | Intent::Goodbye
        | Intent::Yes
        | Intent::No
        | Intent::Foreign
        | Intent::Unclear => return true,
    };
    concepts.iter().any(|c| subjects.contains(c))
}

fn normalise(mut row: Vec<(usize, f32)>) -> Vec<(usize, f32)> {
    let length = row.iter().map(|(_, v)| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    // Length 3: with it the probabilities of training settle within the epochs.
    row.iter_mut().for_each(|(_, v)| *v *= 3.0 / length);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten folds within the training files: each tenth is judged by what the other nine taught.
    #[test]
    fn cross_validation_on_the_training_paraphrases() {
        let all = examples();
        let (mut right, mut intents, mut declined, mut foreign) = (0, 0, 0, 0);
        for fold in 0..10 {
            let train: Vec<Example> =
                all.iter().enumerate().filter(|(i, _)| i % 10 != fold).map(|(_, e)| e.clone()).collect();
            let classifier = Classifier::train(&train);
            for (text, intent) in all.iter().skip(fold).step_by(10) {
                let (best, p) = classifier.rank(text);
                let decided = super::super::intent::polarity(text, Language::English)
                    .unwrap_or_else(|| classifier.decide_with_last_clause(text));
                if *intent == Intent::Foreign {
                    foreign += 1;
                    declined += usize::from(matches!(decided, Intent::Foreign | Intent::Unclear));
                } else {
                    intents += 1;
                    right += usize::from(decided == *intent);
                }
                if decided != *intent {
                    println!("{intent:?} taken for {best:?} at {p:.2}: {text}");
                }
            }
        }
        println!("intents {right}/{intents}, foreign declined {declined}/{foreign}");
        assert!(right * 100 >= intents * 86, "intents {right}/{intents}");
        assert!(declined * 100 >= foreign * 95, "foreign declined {declined}/{foreign}");
    }
}
