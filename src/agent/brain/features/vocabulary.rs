//! What the words of a language stand for: fillers that carry nothing, words too common to be rare, phrases that count as one word,
//! and concepts, shared by words that mean the same to a clinic's callers.
//!
//! English has `agents/en-CA/features.toml`; the concepts of the other languages are the phrases of their `brain.toml`. Read once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use attendant_linear::hash;
use serde::Deserialize;

use crate::agent::brain::lexicon::Lexicon;
use crate::language::Language;
use crate::tokens::tokens;

/// `agents/en-CA/features.toml`, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fillers: HashSet<String>,
    #[serde(default)]
    plain: HashSet<String>,
    #[serde(default)]
    split: HashMap<String, String>,
    #[serde(default)]
    together: BTreeMap<String, Vec<String>>,
    /// Concepts that are none of the brain's business.
    foreign: HashSet<String>,
    /// The concept, then its words.
    concepts: Vec<Vec<String>>,
}

#[derive(Default)]
pub(super) struct Vocabulary {
    pub fillers: HashSet<String>,
    pub plain: HashSet<String>,
    /// Contractions, and what they are short for.
    split: HashMap<String, Vec<String>>,
    /// Phrases by their first word, longest first, each with the word it stands for.
    together: HashMap<String, Vec<(Vec<String>, String)>>,
    /// What each word stands for, the first concept of the file first.
    concepts: HashMap<String, Vec<Concept>>,
}

/// What a word stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Concept {
    pub hash: u64,
    /// It is none of the brain's business.
    pub foreign: bool,
    /// It is another place.
    pub elsewhere: bool,
}

static ALL: [LazyLock<Vocabulary>; 4] = [
    LazyLock::new(|| parse(include_str!("../../../../agents/en-CA/features.toml"), &[Language::English])),
    LazyLock::new(|| {
        parse(include_str!("../../../../agents/zh-CN/features.toml"), &[Language::Mandarin, Language::Cantonese])
    }),
    LazyLock::new(|| parse(include_str!("../../../../agents/pa-IN/features.toml"), &[Language::Punjabi])),
    LazyLock::new(|| parse(include_str!("../../../../agents/fr-CA/features.toml"), &[Language::French])),
];

impl Vocabulary {
    pub(super) fn of(language: Language) -> &'static Self {
        let place = match language {
            Language::English => 0,
            Language::Mandarin | Language::Cantonese => 1,
            Language::Punjabi => 2,
            Language::French => 3,
        };
        &ALL[place]
    }

    /// The words of a text, contractions taken apart and phrases put together.
    pub(super) fn words(&self, text: &str, language: Language) -> Vec<String> {
        let said = self.taken_apart(text, language);
        self.joined(said)
    }

    fn taken_apart(&self, text: &str, language: Language) -> Vec<String> {
        let mut said = Vec::new();
        for word in tokens(text, language) {
            match self.split.get(&word) {
                Some(parts) => said.extend(parts.iter().cloned()),
                None => said.push(word),
            }
        }
        said
    }

    pub(super) fn concepts(&self, word: &str) -> &[Concept] {
        self.concepts.get(word).map_or(&[], Vec::as_slice)
    }

    fn joined(&self, said: Vec<String>) -> Vec<String> {
        let mut joined = Vec::with_capacity(said.len());
        let mut rest = said.as_slice();
        while let Some(first) = rest.first() {
            let phrases = self.together.get(first).map_or(&[][..], Vec::as_slice);
            match phrases.iter().find(|(phrase, _)| rest.starts_with(phrase)) {
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

    fn put_together(&mut self, phrase: &str, one: &str, language: Language) {
        // Written as it is said; compared as it is taken apart.
        let phrase = self.taken_apart(phrase, language);
        if let Some(first) = phrase.first() {
            self.together.entry(first.clone()).or_default().push((phrase.clone(), one.to_owned()));
        }
    }

    /// A word of several becomes one.
    fn means(&mut self, word: &str, concept: &Concept, language: Language) {
        let parts = tokens(word, language);
        let one = parts.concat();
        if parts.len() > 1 {
            self.put_together(word, &one, language);
        }
        let means = self.concepts.entry(one).or_default();
        if !means.contains(concept) {
            means.push(concept.clone());
        }
    }
}

fn parse(text: &str, languages: &[Language]) -> Vocabulary {
    let file: File = toml::from_str(text).expect("the built-in word lists are parsed by every test of the brain");
    let mut vocabulary = Vocabulary { fillers: file.fillers, plain: file.plain, ..Vocabulary::default() };
    let concept = |name: &str| Concept {
        hash: hash(0, name),
        foreign: file.foreign.contains(name) || name == "Foreign",
        elsewhere: name == "ELSEWHERE",
    };
    let spaced = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    vocabulary.split = file.split.iter().map(|(short, long)| (short.clone(), spaced(long))).collect();
    for (one, phrases) in &file.together {
        for phrase in phrases {
            vocabulary.put_together(phrase, one, languages[0]);
        }
    }
    for list in &file.concepts {
        if let Some((name, words)) = list.split_first() {
            words.iter().for_each(|word| vocabulary.means(word, &concept(name), languages[0]));
        }
    }
    // In the other languages a phrase of the lexicon counts as a word that means its intent.
    for language in languages.iter().filter(|l| **l != Language::English) {
        let lexicon = Lexicon::of(*language);
        for (phrase, intent) in &lexicon.intents {
            vocabulary.means(&phrase.tokens().join(" "), &concept(&format!("{intent:?}")), *language);
        }
        for (phrase, day) in lexicon.days() {
            let day = concept(if day == "now" { "NOW" } else { "DAY" });
            vocabulary.means(&phrase.tokens().join(" "), &day, *language);
        }
    }
    for phrases in vocabulary.together.values_mut() {
        phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
        phrases.dedup();
    }
    vocabulary
}
