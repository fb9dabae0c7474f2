//! The rule-based brain against callers' sentences it was not made from: `fresh.toml`, written blind.
//!
//! Only totals are printed: a list of what failed would turn the measure into training data. Some of its sentences anyone would
//! write ("good afternoon") and they stand in the training files too, so the bounds must also hold without those.

use std::collections::{BTreeMap, HashSet};

use attendant::agent::brain::{Intent, understand};
use attendant::language::Language;
use attendant::tokens::tokens;

type Corpus = BTreeMap<Intent, Vec<String>>;

fn fresh() -> Corpus {
    toml::from_str(include_str!("intents/fresh.toml")).expect("the blind paraphrases are TOML by intent")
}

/// The part that stands in no training file.
fn unseen() -> Corpus {
    let files = [include_str!("../../agents/en-CA/intents.toml"), include_str!("../../agents/en-CA/foreign.toml")];
    let seen: HashSet<Vec<String>> = files
        .into_iter()
        .flat_map(|file| toml::from_str::<Corpus>(file).expect("the training files are TOML by intent").into_values())
        .flatten()
        .map(|text| tokens(&text, Language::English))
        .collect();
    let mut corpus = fresh();
    corpus.values_mut().for_each(|texts| texts.retain(|t| !seen.contains(&tokens(t, Language::English))));
    corpus
}

fn understood(corpus: &Corpus) -> (usize, usize) {
    let (mut right, mut all) = (0, 0);
    for (intent, texts) in corpus.iter().filter(|(i, _)| **i != Intent::Foreign) {
        right += texts.iter().filter(|t| understand(t, Language::English).intent == *intent).count();
        all += texts.len();
    }
    (right, all)
}

/// Recognised as none of its business, or not understood, or led to a person.
fn declined(corpus: &Corpus) -> (usize, usize) {
    let foreign = &corpus[&Intent::Foreign];
    let kept_out = [Intent::Foreign, Intent::Unclear, Intent::Person];
    let declined = foreign.iter().filter(|t| kept_out.contains(&understand(t, Language::English).intent)).count();
    (declined, foreign.len())
}

#[test]
fn nine_in_ten_blind_intents_are_understood() {
    let read = [("all", fresh()), ("unseen", unseen())].map(|(name, corpus)| (name, understood(&corpus)));
    println!("{read:?}");
    for (name, (right, all)) in read {
        assert!(all >= 130, "too few paraphrases to measure with: {all}");
        assert!(right * 10 >= all * 9, "{name}: {right} of {all} understood");
    }
}

/// The bound that is asked for. It is missed by one question, and the readings allowed on this set are used up (docs/decisions.md): a
/// change made to pass it would fit the brain to the set. A new set, by someone who has read neither, may settle it.
#[test]
#[ignore = "not met: 53 of 56 declined (94.6 %), read on 2026-11-21"]
fn nineteen_in_twenty_blind_foreign_questions_are_declined() {
    let read = [("all", fresh()), ("unseen", unseen())].map(|(name, corpus)| (name, declined(&corpus)));
    println!("{read:?}");
    for (name, (declined, all)) in read {
        assert!(all >= 45, "too few foreign questions to measure with: {all}");
        assert!(declined * 20 >= all * 19, "{name}: {declined} of {all} declined");
    }
}

/// What is reached: a guard, not the bound.
#[test]
fn no_fewer_blind_foreign_questions_are_declined_than_were() {
    let (declined, all) = declined(&fresh());
    assert!(declined * 56 >= all * 53, "{declined} of {all} declined");
}

/// Hours, address, message, person and goodbye in the other four languages, and what must be declined.
#[test]
fn the_other_languages_are_understood() {
    let corpora: BTreeMap<Language, Corpus> =
        toml::from_str(include_str!("intents/other.toml")).expect("sentences are TOML by language, then by intent");
    assert_eq!(corpora.len(), 4);
    let mut wrong = Vec::new();
    for (language, corpus) in &corpora {
        assert!(corpus.values().map(Vec::len).sum::<usize>() >= 10, "{language}: too few sentences");
        for (intent, texts) in corpus {
            let misses = texts.iter().map(|t| (t, understand(t, *language).intent)).filter(|(_, got)| got != intent);
            wrong.extend(misses.map(|(text, got)| format!("{language} {intent:?} taken for {got:?}: {text}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
