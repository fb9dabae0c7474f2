//! espeak's IPA as the network's symbols: it writes diphthongs and affricates as one sign each, r-coloured vowels as two, and
//! keeps the punctuation that espeak drops.

use std::collections::HashMap;

use super::LoadError;
use crate::models::Model;

/// Before and after each sentence.
const PAD: i64 = 0;

/// Longest first: a part of a longer one must not be taken for itself.
const SIGNS: [(&str, &str); 30] = [
    ("ɜːɹ", "ɜɹ"),
    ("aɪɚ", "Iəɹ"),
    ("aɪə", "Iə"),
    ("oːɹ", "ɔɹ"),
    ("ɔːɹ", "ɔɹ"),
    ("ɑːɹ", "ɑɹ"),
    ("n̩", "ᵊn"),
    ("l̩", "ᵊl"),
    ("əl", "ᵊl"),
    ("eɪ", "A"),
    ("aɪ", "I"),
    ("oʊ", "O"),
    ("əʊ", "O"),
    ("aʊ", "W"),
    ("ɔɪ", "Y"),
    ("tʃ", "ʧ"),
    ("dʒ", "ʤ"),
    ("ɪə", "iə"),
    ("ɜː", "ɜɹ"),
    ("ɚ", "əɹ"),
    ("ɝ", "ɜɹ"),
    ("ɐ", "ə"),
    ("ɾ", "T"),
    ("ʔ", "t"),
    ("x", "k"),
    ("ç", "k"),
    ("r", "ɹ"),
    ("g", "ɡ"),
    ("ː", ""),
    ("\u{361}", ""),
];

#[derive(Debug)]
pub(super) struct Symbols(HashMap<char, i64>);

impl Symbols {
    pub(super) fn load() -> Result<Self, LoadError> {
        let file = Model::Hibari.path().join("vocab.json");
        let text = std::fs::read_to_string(&file).map_err(|_| LoadError::Missing(file.clone()))?;
        let table: HashMap<String, i64> =
            serde_json::from_str(&text).map_err(|error| LoadError::Broken(format!("{}: {error}", file.display())))?;
        Ok(Self(table.into_iter().filter_map(|(sign, number)| Some((sign.chars().next()?, number))).collect()))
    }

    /// The numbers of a text that espeak has written as `ipa`, a line a clause.
    pub(super) fn of(&self, text: &str, ipa: &str) -> Vec<i64> {
        let signs = with_marks(text, ipa);
        let signs = SIGNS.iter().fold(signs, |signs, (from, to)| signs.replace(from, to));
        let numbers = signs.chars().filter_map(|sign| self.0.get(&sign).copied());
        std::iter::once(PAD).chain(numbers).chain(std::iter::once(PAD)).collect()
    }
}

/// Puts the punctuation back between the clauses: they are as many as the text has marks, or else each gets a comma.
fn with_marks(text: &str, ipa: &str) -> String {
    let clauses: Vec<&str> = ipa.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_mark = |c: char| matches!(c, ',' | '.' | ';' | ':' | '?' | '!');
    let marks: Vec<char> = text
        .char_indices()
        .filter(|(at, c)| is_mark(*c) && text[at + c.len_utf8()..].chars().next().is_none_or(char::is_whitespace))
        .map(|(_, c)| c)
        .collect();
    let last = marks.last().copied().unwrap_or('.');
    let mark = |n: usize| match (n + 1 == clauses.len(), marks.len() >= clauses.len()) {
        (true, _) => last,
        (false, true) => marks[n],
        (false, false) => ',',
    };
    let marked: Vec<String> = clauses.iter().enumerate().map(|(n, clause)| format!("{clause}{}", mark(n))).collect();
    marked.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_comes_back_between_clauses() {
        assert_eq!(with_marks("Hello, you. Bye", "həlˈoʊ\njuː\nbˈaɪ"), "həlˈoʊ, juː, bˈaɪ.");
        assert_eq!(with_marks("Are you there?", "ɑːɹ juː ðˈɛɹ\n"), "ɑːɹ juː ðˈɛɹ?");
    }
}
