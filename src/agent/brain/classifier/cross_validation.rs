//! Ten folds within the training files: each tenth is judged by what the other nine taught.
//!
//! Sentences that differ by one word, politeness apart, stand in one fold, so that no sentence is judged by its own template. Prints
//! totals by language and what each intent was taken for (`cargo nextest run cross_validation --no-capture`). Optimistic all the same:
//! the sentences have few authors, and the word lists were written with them in view. `tests/corpus/intents.rs` measures.

use std::collections::BTreeMap;

use super::*;
use crate::agent::brain::intent::understand_by;

const FOLDS: usize = 10;

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

fn cross_validate(all: &[Example]) -> BTreeMap<Language, Confusion> {
    let groups = groups(all);
    let mut confusion = BTreeMap::<Language, Confusion>::new();
    for fold in 0..FOLDS {
        let apart = |at: &usize| groups[*at] % FOLDS == fold;
        let train: Vec<Example> = (0..all.len()).filter(|at| !apart(at)).map(|at| all[at].clone()).collect();
        let classifier = Classifier::train(&train);
        for example in (0..all.len()).filter(apart).map(|at| &all[at]) {
            let decided = understand_by(&classifier, &example.text, example.language).intent;
            let of_language = confusion.entry(example.language).or_default();
            *of_language.entry(example.intent).or_default().entry(decided).or_default() += 1;
        }
    }
    confusion
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

/// Guards what is reached. 94 and 97 % are wanted and not met by both at once (docs/decisions.md).
#[test]
fn cross_validation_on_the_training_paraphrases() {
    let examples = examples::all();
    let mut sum = [0; 4];
    for (language, confusion) in cross_validate(&examples) {
        let totals = totals(&confusion);
        println!("{language}: intents, foreign declined {totals:?}");
        report(&confusion);
        sum.iter_mut().zip(totals).for_each(|(sum, n)| *sum += n);
    }
    let [right, intents, declined, foreign] = sum;
    println!("intents {right}/{intents}, foreign declined {declined}/{foreign}");
    println!("{} sentences, {} features", examples.len(), Classifier::train(&examples).linear.features());
    assert!(right * 100 >= intents * 92, "intents {right}/{intents}");
    assert!(declined * 100 >= foreign * 96, "foreign declined {declined}/{foreign}");
}
