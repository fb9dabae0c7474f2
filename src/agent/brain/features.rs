//! English text as features: what words stand for, which words they are, which stand together, and how they are spelt.
//!
//! Pure. Whether the clinic itself is spoken to ("your", "there") counts apart, for the same words about another place are not ours
//! to answer. Words that mean the same to a clinic's callers share a concept; a word never met before counts as one that is rare, which
//! speaks for a foreign question. Spelling (letter triples) carries words a recogniser got almost right.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::language::Language;
use crate::tokens::tokens;

/// A feature and its weight.
pub(super) type Feature = (String, f32);

/// `agents/en-CA/features.toml`, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fillers: HashSet<String>,
    plain: HashSet<String>,
    together: BTreeMap<String, Vec<String>>,
    /// The concept, then its words.
    concepts: Vec<Vec<String>>,
}

struct Words {
    fillers: HashSet<String>,
    plain: HashSet<String>,
    /// Phrases as words, longest first, each with the word it stands for.
    together: Vec<(Vec<String>, String)>,
    /// What each word stands for, the first concept of the file first.
    concepts: HashMap<String, Vec<String>>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../../../agents/en-CA/features.toml"))
        .expect("the built-in word lists are parsed by every test of the brain");
    let split = |phrase: &String| phrase.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut together: Vec<_> =
        file.together.iter().flat_map(|(one, phrases)| phrases.iter().map(move |p| (split(p), one.clone()))).collect();
    together.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
    let mut concepts: HashMap<String, Vec<String>> = HashMap::new();
    for list in file.concepts {
        let mut list = list.into_iter();
        let concept = list.next().unwrap_or_default();
        for word in list {
            let means = concepts.entry(word).or_default();
            if !means.contains(&concept) {
                means.push(concept.clone());
            }
        }
    }
    Words { fillers: file.fillers, plain: file.plain, together, concepts }
});

/// Concepts that are none of the brain's business.
const FOREIGN: &[&str] = &[
    "BOOK",
    "MEDICINE",
    "MONEY",
    "INSURANCE",
    "ILL",
    "TEST",
    "REFER",
    "VACCINE",
    "PATIENT",
    "WAIT",
    "OFFTOPIC",
    "UPDATE",
    "ELSEWHERE",
];

/// Of these, the ones that no question about a fact of the clinic holds.
const FORBIDDEN: &[&str] = &["BOOK", "MEDICINE", "INSURANCE", "ILL", "TEST", "REFER", "VACCINE", "OFFTOPIC", "UPDATE"];

/// Words that name the clinic as the one who is asked.
const OURS: &[&str] =
    &["you", "your", "yours", "youre", "u", "r", "our", "there", "here", "clinic", "clinics", "office", "place"];

/// Before another place, these make it where the caller comes from, or a landmark.
const LANDMARK_AFTER: &[&str] =
    &["from", "near", "nearby", "nearest", "closest", "beside", "behind", "across", "past", "opposite", "by"];

/// What is asked of the people at the desk.
const DESK: &[&str] = &["MESSAGE", "TELL", "CALLBACK", "PERSON", "SPEAK"];

pub(super) struct Features {
    pub all: Vec<Feature>,
    /// It speaks of something that is none of the brain's business.
    pub foreign: bool,
    /// So plainly that no fact can be meant.
    pub forbidden: bool,
    /// It speaks of messages or people: then it may be about anything.
    pub asks_desk: bool,
    /// It is about another place: the bank's hours, the way to the airport.
    pub elsewhere: bool,
    /// What it speaks of.
    pub concepts: Vec<&'static str>,
    /// Stems that are neither plain nor part of a concept: rare if not met before.
    pub unusual: Vec<String>,
}

/// The features of a sentence, without the ones for rare words, which depend on what was met in training.
pub(super) fn of(text: &str) -> Features {
    let words = together(tokens(text, Language::English));
    let mut kept: Vec<&str> = words.iter().map(String::as_str).filter(|w| !WORDS.fillers.contains(*w)).collect();
    if kept.is_empty() {
        kept = words.iter().map(String::as_str).collect();
    }
    let mut all = Vec::new();
    let mut add = |name: String, weight: f32| all.push((name, weight));
    let mut concepts: Vec<&'static str> = Vec::new();
    let mut unusual = Vec::new();
    let mut elsewhere = false;
    let mut shape: Vec<String> = vec!["^".to_owned()];
    for (at, word) in kept.iter().enumerate() {
        let stem = stem(word);
        add(format!("w:{stem}"), 1.0);
        let means: &'static [String] = WORDS.concepts.get(*word).map_or(&[], Vec::as_slice);
        match means.first() {
            Some(first) => shape.push(first.clone()),
            None => {
                shape.push(stem.clone());
                // The name after "doctor" is rare by nature.
                let is_name = at > 0 && ["doctor", "dr"].contains(&kept[at - 1]);
                if !is_name && !WORDS.plain.contains(*word) && !word.bytes().all(|b| b.is_ascii_digit()) {
                    unusual.push(stem.clone());
                }
            }
        }
        let before = &kept[at.saturating_sub(2)..at];
        elsewhere |= means.iter().any(|c| c == "ELSEWHERE") && !before.iter().any(|w| LANDMARK_AFTER.contains(w));
        concepts.extend(means.iter().map(String::as_str));
        if word.len() >= 5 {
            let letters: Vec<char> = format!("<{word}>").chars().collect();
            for triple in letters.windows(3) {
                add(format!("t:{}", triple.iter().collect::<String>()), 0.2);
            }
        }
    }
    shape.push("$".to_owned());
    let speaks_of = |set: &[&str]| concepts.iter().any(|c| set.contains(c));
    let foreign = speaks_of(FOREIGN);
    let asks_desk = speaks_of(DESK);
    // "Holiday schedule" and the like are no bookings.
    let schedule =
        kept.iter().any(|w| ["schedule", "hours"].contains(w)) && !kept.iter().any(|w| w.starts_with("appointment"));
    let forbidden = speaks_of(FORBIDDEN) && !schedule;
    concepts.sort_unstable();
    concepts.dedup();
    for (i, one) in concepts.iter().enumerate() {
        add(format!("c:{one}"), 2.0);
        for other in &concepts[i + 1..] {
            add(format!("p:{one}+{other}"), 1.0);
        }
    }
    for pair in shape.windows(2) {
        add(format!("b:{}_{}", pair[0], pair[1]), 0.8);
    }
    for triple in shape.windows(3) {
        add(format!("s:{}_{}_{}", triple[0], triple[1], triple[2]), 0.5);
    }
    for manners in
        words.iter().filter(|w| ["hello", "hi", "hey", "yes", "yeah", "okay", "ok"].contains(&w.as_str())).take(1)
    {
        add(format!("m:{manners}"), if kept.len() <= 2 { 1.0 } else { 0.2 });
    }
    add(format!("n:{}", kept.len().min(5)), 0.5);
    if let [first, second, ..] = kept.as_slice() {
        add(format!("f:{first}_{second}"), 0.7);
    }
    let ours = words.iter().any(|w| OURS.contains(&w.as_str()));
    if ours {
        add("ours".to_owned(), 1.5);
    }
    for one in &concepts {
        add(format!("{}:{one}", if ours { "ours" } else { "others" }), 1.0);
    }
    if elsewhere {
        add("elsewhere".to_owned(), 1.5);
    }
    Features { all, foreign, forbidden, asks_desk, elsewhere, concepts, unusual }
}

/// Words that belong together, as one.
fn together(words: Vec<String>) -> Vec<String> {
    let mut joined = Vec::with_capacity(words.len());
    let mut rest = words.as_slice();
    while let Some(first) = rest.first() {
        match WORDS.together.iter().find(|(phrase, _)| rest.starts_with(phrase)) {
            Some((phrase, one)) => {
                joined.push(one.clone());
                rest = &rest[phrase.len()..];
            }
            None => {
                joined.push(first.clone());
                rest = &rest[1..];
            }
        }
    }
    joined
}

/// The word without its usual endings.
fn stem(word: &str) -> String {
    for (ending, least) in [("ing", 6), ("ed", 5), ("es", 6), ("s", 4)] {
        if word.len() >= least
            && let Some(stem) = word.strip_suffix(ending)
            && !stem.ends_with('s')
        {
            return stem.to_owned();
        }
    }
    word.to_owned()
}
