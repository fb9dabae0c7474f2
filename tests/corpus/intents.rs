//! The rule-based brain against callers' sentences it was not made from: every `intents/aside-*.toml`, and the file that
//! `ATTENDANT_INTENTS_ASIDE` names.
//!
//! Such a file lists sentences by intent (English), or tables of them by language; it is written by someone who has not read the
//! training files and measured before anyone of the brain's authors reads it. Only totals are printed: a list of what failed would
//! turn the measure into training data. Some sentences anyone would write ("good afternoon") stand in the training files too, so the
//! bounds must also hold without those. A set once trained on or looked at loses its `aside-`: `fresh.toml`, `third.toml` and
//! `other.toml` only guard.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use attendant::agent::brain::{Intent, understand};
use attendant::language::Language;
use attendant::tokens::tokens;

type Corpus = BTreeMap<Intent, Vec<String>>;

/// A list that measures: by language, then by intent.
type Set = BTreeMap<Language, Corpus>;

const TRAINING: &[(Language, &str)] = &[
    (Language::English, include_str!("../../agents/en-CA/intents.toml")),
    (Language::English, include_str!("../../agents/en-CA/foreign.toml")),
    (Language::English, include_str!("../../agents/en-CA/callers.toml")),
    (Language::English, include_str!("../../agents/en-CA/writers/unusual-1.toml")),
    (Language::English, include_str!("../../agents/en-CA/writers/unusual-2.toml")),
    (Language::English, include_str!("../../agents/en-CA/writers/unusual-3.toml")),
    (Language::English, include_str!("../../agents/en-CA/writers/unusual-4.toml")),
    (Language::English, include_str!("../../agents/en-CA/writers/unusual-5.toml")),
    (Language::English, include_str!("../../agents/en-CA/writers/ordinary-1.toml")),
    (Language::English, include_str!("../../agents/en-CA/writers/ordinary-2.toml")),
    (Language::English, include_str!("../../agents/en-CA/writers/ordinary-3.toml")),
    (Language::Mandarin, include_str!("../../agents/zh-CN/intents.toml")),
    (Language::Cantonese, include_str!("../../agents/zh-HK/intents.toml")),
    (Language::Punjabi, include_str!("../../agents/pa-IN/intents.toml")),
    (Language::French, include_str!("../../agents/fr-CA/intents.toml")),
];

fn parse(text: &str) -> Set {
    toml::from_str::<Set>(text).unwrap_or_else(|_| {
        let english = toml::from_str(text).expect("sentences are TOML by intent, or by language and then by intent");
        Set::from([(Language::English, english)])
    })
}

fn aside() -> Vec<(String, Set)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/intents");
    let kept = std::fs::read_dir(folder).expect("the folder of sentences").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = kept
        .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("aside-")))
        .chain(std::env::var_os("ATTENDANT_INTENTS_ASIDE").map(PathBuf::from))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "a measure without a set measures nothing");
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, parse(&std::fs::read_to_string(&path).expect("the set aside can be read")))
    };
    paths.into_iter().map(read).collect()
}

/// The part that stands in no training file.
fn unseen(set: &Set) -> Set {
    let seen: HashSet<Vec<String>> = TRAINING
        .iter()
        .flat_map(|(language, file)| {
            let corpus: Corpus = toml::from_str(file).expect("the training files are TOML by intent");
            corpus.into_values().flatten().map(|text| tokens(&text, *language))
        })
        .collect();
    let mut set = set.clone();
    for (language, corpus) in &mut set {
        corpus.values_mut().for_each(|texts| texts.retain(|t| !seen.contains(&tokens(t, *language))));
    }
    set
}

fn understood(set: &Set) -> (usize, usize) {
    let (mut right, mut all) = (0, 0);
    for (language, corpus) in set {
        for (intent, texts) in corpus.iter().filter(|(i, _)| **i != Intent::Foreign) {
            right += texts.iter().filter(|t| understand(t, *language).intent == *intent).count();
            all += texts.len();
        }
    }
    (right, all)
}

/// Recognised as none of its business, or not understood, or led to a person.
fn declined(set: &Set) -> (usize, usize) {
    let kept_out = [Intent::Foreign, Intent::Unclear, Intent::Person];
    let (mut declined, mut all) = (0, 0);
    for (language, corpus) in set {
        let foreign = corpus.get(&Intent::Foreign).map_or(&[][..], Vec::as_slice);
        declined += foreign.iter().filter(|t| kept_out.contains(&understand(t, *language).intent)).count();
        all += foreign.len();
    }
    (declined, all)
}

/// By language, when there are several; never which sentences.
fn show(name: &str, part: &str, set: &Set, count: fn(&Set) -> (usize, usize)) {
    println!("{name}, {part}: {:?}", count(set));
    for (language, corpus) in set.iter().filter(|_| set.len() > 1) {
        println!("  {language}: {:?}", count(&Set::from([(*language, corpus.clone())])));
    }
}

#[test]
fn nine_in_ten_intents_set_aside_are_understood() {
    for (name, set) in aside() {
        for (part, set) in [("all", set.clone()), ("unseen", unseen(&set))] {
            show(&name, part, &set, understood);
            let (right, all) = understood(&set);
            assert!(all >= 100, "{name}, {part}: too few paraphrases to measure with: {all}");
            assert!(right * 10 >= all * 9, "{name}, {part}: {right} of {all} understood");
        }
    }
}

#[test]
fn nineteen_in_twenty_foreign_questions_set_aside_are_declined() {
    for (name, set) in aside() {
        for (part, set) in [("all", set.clone()), ("unseen", unseen(&set))] {
            show(&name, part, &set, declined);
            let (declined, all) = declined(&set);
            assert!(all >= 40, "{name}, {part}: too few foreign questions to measure with: {all}");
            assert!(declined * 20 >= all * 19, "{name}, {part}: {declined} of {all} declined");
        }
    }
}

/// A set that is part of the training by now: what was learnt stays learnt. Measures nothing.
#[test]
fn what_was_trained_on_is_understood() {
    let set = parse(include_str!("intents/fresh.toml"));
    let ((right, all), (declined, foreign)) = (understood(&set), declined(&set));
    assert!(right * 100 >= all * 96, "{right} of {all} understood");
    assert!(declined * 100 >= foreign * 98, "{declined} of {foreign} declined");
}

/// A writer's set that is not part of the training, but was looked at when the way to decide was chosen: it was 142 of 164 and 74 of 80
/// before eight further writers were trained on.
#[test]
fn another_writer_is_understood() {
    let set = parse(include_str!("intents/third.toml"));
    let ((right, all), (declined, foreign)) = (understood(&set), declined(&set));
    println!("{right} of {all} understood, {declined} of {foreign} declined");
    assert!(right * 100 >= all * 93, "{right} of {all} understood");
    assert!(declined * 100 >= foreign * 92, "{declined} of {foreign} declined");
}

/// Hours, address, message, person and goodbye in the other four languages, and what must be declined.
#[test]
fn the_other_languages_are_understood() {
    let corpora = parse(include_str!("intents/other.toml"));
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
