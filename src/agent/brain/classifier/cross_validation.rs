//! Five folds within the training files: each fifth is judged by what the other four taught. And one writer's sentences by what the
//! others' taught.
//!
//! Sentences that differ by one word, politeness apart, stand in one fold, so that no sentence is judged by its own template. Prints
//! totals by language and what each intent was taken for (`cargo nextest run cross_validation --no-capture`). Optimistic all the same:
//! the sentences have few authors, and the word lists were written with them in view. `tests/corpus/intents.rs` measures. Both need the
//! sentence encoder's model (`make models`).

use std::collections::BTreeMap;
use std::sync::Arc;

use attendant_sentence::Vector;

use super::meaning::{Encoder, speaks};
use super::*;
use crate::agent::brain::intent::understand_by;

const FOLDS: usize = 5;

/// What a sentence may have more or less of and be the same.
const POLITENESS: &[&str] = &[
    "um", "uh", "so", "well", "please", "just", "ok", "okay", "oh", "and", "the", "a", "hey", "hi", "hello", "yeah",
    "dear", "sorry", "guys", "euh", "bonjour", "sil", "plait", "vous", "ਜੀ",
];

/// Below so many words another word makes another sentence.
const TEMPLATE: usize = 4;

/// What was decided, how often, by intent.
type Confusion = BTreeMap<Intent, BTreeMap<Intent, usize>>;

/// The group of each sentence: that of the first one it equals, or differs from by a word.
fn groups(all: &[Example]) -> Vec<usize> {
    let mut by_key: HashMap<Vec<String>, usize> = HashMap::new();
    let mut next = 0;
    let group = |example: &Example| {
        let said = tokens(&example.text, example.language);
        let kept: Vec<String> = said.iter().filter(|w| !POLITENESS.contains(&w.as_str())).cloned().collect();
        let words = if kept.is_empty() { said } else { kept };
        let without = |at: usize| [&words[..at], &words[at + 1..]].concat();
        let mut keys = vec![words.clone()];
        if words.len() >= TEMPLATE {
            keys.extend((0..words.len()).map(without));
        }
        if let Some(found) = keys.iter().find_map(|key| by_key.get(key)) {
            return *found;
        }
        next += 1;
        by_key.extend(keys.into_iter().map(|key| (key, next)));
        next
    };
    all.iter().map(group).collect()
}

/// All sentences, and once and for all their vectors.
struct Known {
    examples: Vec<Example>,
    groups: Vec<usize>,
    encoder: Arc<Encoder>,
    vectors: Vec<Arc<Vector>>,
}

impl Known {
    fn new() -> Self {
        let examples = examples::all();
        let encoder = Arc::new(Encoder::open(usize::MAX).expect("`make models` has fetched the sentence encoder"));
        let texts: Vec<&str> = examples.iter().map(|e| e.text.as_str()).collect();
        encoder.remember(&texts);
        let vectors = texts.iter().map(|text| encoder.vector(text)).collect();
        Self { groups: groups(&examples), examples, encoder, vectors }
    }

    /// By all but some of the sentences.
    fn trained_without(&self, apart: impl Fn(usize) -> bool) -> Classifier {
        let kept: Vec<usize> = (0..self.examples.len()).filter(|at| !apart(*at)).collect();
        let train: Vec<Example> = kept.iter().map(|at| self.examples[*at].clone()).collect();
        let spoken = kept.iter().filter(|at| speaks(self.examples[**at].language));
        let vectors: Vec<_> = spoken.map(|at| (*self.vectors[*at], self.examples[*at].intent as usize)).collect();
        let mut classifier = Classifier::train(&train);
        classifier.meaning = OnceLock::from(Meaning::learn(self.encoder.clone(), &vectors));
        classifier
    }

    fn judge(&self, classifier: &Classifier, at: usize, confusion: &mut BTreeMap<Language, Confusion>) {
        let example = &self.examples[at];
        let decided = understand_by(classifier, &example.text, example.language).intent;
        let of_language = confusion.entry(example.language).or_default();
        *of_language.entry(example.intent).or_default().entry(decided).or_default() += 1;
    }

    fn cross_validate(&self) -> BTreeMap<Language, Confusion> {
        let mut confusion = BTreeMap::new();
        for fold in 0..FOLDS {
            let apart = |at| self.groups[at] % FOLDS == fold;
            let classifier = self.trained_without(apart);
            (0..self.examples.len()).filter(|at| apart(*at)).for_each(|at| self.judge(&classifier, at, &mut confusion));
        }
        confusion
    }
}

fn report(confusion: &Confusion) {
    for (intent, decided) in confusion {
        let all: usize = decided.values().sum();
        let right = decided.get(intent).copied().unwrap_or_default();
        let mut wrong: Vec<_> = decided.iter().filter(|(other, _)| *other != intent).collect();
        wrong.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        println!("  {:<12}{right:>5} of {all:<5} {wrong:?}", format!("{intent:?}"));
    }
}

/// Intents right and all, foreign declined and all: as `tests/corpus/intents.rs` counts.
fn totals(confusion: &Confusion) -> [usize; 4] {
    let mut totals = [0; 4];
    for (intent, decided) in confusion {
        let all: usize = decided.values().sum();
        let of = |intents: &[Intent]| intents.iter().filter_map(|i| decided.get(i)).sum::<usize>();
        let (right, from) = match intent {
            Intent::Foreign => (of(&[Intent::Foreign, Intent::Unclear, Intent::Person]), 2),
            intent => (of(&[*intent]), 0),
        };
        totals[from] += right;
        totals[from + 1] += all;
    }
    totals
}

/// Guards what is reached (docs/decisions.md).
#[test]
fn cross_validation_on_the_training_paraphrases() {
    let known = Known::new();
    let mut sum = [0; 4];
    for (language, confusion) in known.cross_validate() {
        let totals = totals(&confusion);
        println!("{language}: intents, foreign declined {totals:?}");
        report(&confusion);
        sum.iter_mut().zip(totals).for_each(|(sum, n)| *sum += n);
    }
    let [right, intents, declined, foreign] = sum;
    println!("intents {right}/{intents}, foreign declined {declined}/{foreign}");
    println!("{} sentences", known.examples.len());
    assert!(right * 100 >= intents * 93, "intents {right}/{intents}");
    assert!(declined * 1000 >= foreign * 965, "foreign declined {declined}/{foreign}");
}

/// Sentences near one of the other writers' are left out: they would be known.
#[test]
fn cross_validation_between_writers() {
    let known = Known::new();
    let other: BTreeMap<Intent, Vec<String>> = toml::from_str(examples::OTHER_WRITER).unwrap();
    let theirs: HashSet<&str> = other.values().flatten().map(String::as_str).collect();
    let is_theirs = |at: usize| {
        known.examples[at].language == Language::English && theirs.contains(known.examples[at].text.as_str())
    };
    let ours: HashSet<usize> =
        (0..known.groups.len()).filter(|at| !is_theirs(*at)).map(|at| known.groups[at]).collect();
    let classifier = known.trained_without(is_theirs);
    let mut confusion = BTreeMap::new();
    for at in (0..known.examples.len()).filter(|at| is_theirs(*at) && !ours.contains(&known.groups[*at])) {
        known.judge(&classifier, at, &mut confusion);
    }
    let confusion = &confusion[&Language::English];
    let [right, intents, declined, foreign] = totals(confusion);
    println!("of another writer: intents {right}/{intents}, foreign declined {declined}/{foreign}");
    report(confusion);
    assert!(right * 100 >= intents * 86, "intents {right}/{intents}");
    assert!(declined * 100 >= foreign * 95, "foreign declined {declined}/{foreign}");
}
