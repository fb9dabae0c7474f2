//! A clinic's own words and how they are said, for each language.

use std::collections::BTreeMap;

use super::{Said, scan};
use crate::language::Language;

/// Words of a language and how each is said, as in a clinic's file.
pub type Words = BTreeMap<Language, BTreeMap<String, String>>;

/// A word or its saying may have so many characters.
const LONGEST: usize = 100;
/// Words of a language.
const MOST: usize = 1_000;

/// See the module header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lexicon {
    /// The longest first: of "St. Mary" and "St. Mary's Hospital" the second counts.
    words: BTreeMap<Language, Vec<(String, String)>>,
}

impl Lexicon {
    /// The words were checked.
    pub fn new(words: &Words) -> Self {
        let sorted = |words: &BTreeMap<String, String>| {
            let mut words: Vec<_> = words.iter().map(|(word, said)| (word.clone(), said.clone())).collect();
            words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
            words
        };
        Self { words: words.iter().map(|(language, words)| (*language, sorted(words))).collect() }
    }

    pub(super) fn at(&self, before: &str, rest: &str, language: Language) -> Said {
        let words = self.words.get(&language)?;
        let fits = |word: &str| {
            let len = length(rest, word)?;
            let whole = scan::starts_word(before, rest) && scan::ends_word_of(word, &rest[len..]);
            whole.then_some(len)
        };
        words.iter().find_map(|(word, said)| Some((fits(word)?, said.clone())))
    }
}

impl Lexicon {
    /// A name that a rule has taken as a whole.
    pub(super) fn name(&self, name: &str, language: Language) -> String {
        let mut said = String::with_capacity(name.len());
        let mut at = 0;
        while let Some(next) = name[at..].chars().next() {
            let (taken, word) =
                self.at(&name[..at], &name[at..], language).unwrap_or_else(|| (next.len_utf8(), next.to_string()));
            said.push_str(&word);
            at += taken;
        }
        said
    }
}

/// Bytes of the word at the beginning of the text. One in small letters is found in any case, one with capitals only as it is.
fn length(rest: &str, word: &str) -> Option<usize> {
    if word.chars().any(char::is_uppercase) {
        return rest.starts_with(word).then_some(word.len());
    }
    let mut chars = rest.chars();
    let mut len = 0;
    for wanted in word.chars() {
        let c = chars.next()?;
        if c != wanted && !c.to_lowercase().eq(std::iter::once(wanted)) {
            return None;
        }
        len += c.len_utf8();
    }
    Some(len)
}

/// What is wrong with the words, as `key: what is wrong; what to write instead`.
pub fn check(lexicon: &Words, section: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (language, words) in lexicon {
        if words.len() > MOST {
            wrong.push(format!("{section}.{language}: {} words; write at most {MOST}", words.len()));
        }
        for (word, said) in words {
            let key = format!("{section}.{language}.\"{word}\"");
            if word.trim() != word || !word.contains(scan::is_letter) {
                wrong.push(format!(
                    "{key}: is no word; write one that begins and ends with what is heard, with a letter in it"
                ));
            }
            if !said.contains(scan::is_letter) {
                wrong.push(format!("{key}: says nothing; write how it is said, in letters"));
            }
            if word.chars().count() > LONGEST || said.chars().count() > LONGEST {
                wrong.push(format!("{key}: is too long; write at most {LONGEST} characters"));
            }
        }
    }
    wrong
}
