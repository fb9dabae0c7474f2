//! Halves of what is counted: "1/2 tablet" is half a tablet, "un demi-comprimé", 半片, and "2 1/2" is two and a half.
//!
//! A half of nothing that is named is left to the rule for fractions.

use super::{Said, scan};

/// How a half is written.
const WRITTEN: [&str; 2] = ["1/2", "½"];

/// Behind a half without an article: "half of them", "half full".
const NO_NOUNS: [&str; 18] = [
    "of", "a", "an", "the", "and", "or", "is", "was", "to", "in", "at", "on", "full", "empty", "price", "way", "off",
    "done",
];

/// Of which there is "une demi-": what a pharmacy or a calendar counts.
const UNE_DEMI: [&str; 9] =
    ["heure", "journée", "dose", "tasse", "pilule", "cuillère", "cuillerée", "bouteille", "page"];

/// The bytes of a half, and what stands behind it.
fn half(rest: &str) -> Option<(usize, &str)> {
    let len = WRITTEN.iter().find(|half| rest.starts_with(**half))?.len();
    let after = &rest[len..];
    (!after.starts_with(['/', '.', ',']) && !after.starts_with(|c: char| c.is_ascii_digit())).then_some((len, after))
}

/// The one blank behind it, and the word that is halved.
fn halved(after: &str) -> Option<&str> {
    let word = scan::letters(after.strip_prefix(' ')?);
    word.starts_with(char::is_lowercase).then_some(word)
}

/// A whole number stands before it: "2 1/2".
fn is_more(before: &str) -> bool {
    before.trim_end_matches(' ').ends_with(|c: char| c.is_ascii_digit())
}

pub(super) fn english(before: &str, rest: &str) -> Said {
    let (len, after) = half(rest)?;
    if is_more(before) {
        return Some((len, "and a half".to_owned()));
    }
    let word = halved(after)?;
    let article = if NO_NOUNS.contains(&word) || word.ends_with('s') {
        ""
    } else if word.starts_with(['a', 'e', 'i', 'o', 'u']) || word.starts_with("hour") {
        " an"
    } else {
        " a"
    };
    Some((len, format!("half{article}")))
}

pub(super) fn french(before: &str, rest: &str) -> Said {
    let (len, after) = half(rest)?;
    if is_more(before) {
        return Some((len, "et demi".to_owned()));
    }
    let word = halved(after).filter(|word| !matches!(*word, "de" | "des" | "du" | "d"))?;
    let article = if UNE_DEMI.contains(&word) { "une" } else { "un" };
    // The blank goes: a hyphen joins the two.
    Some((len + 1, format!("{article} demi-")))
}

/// Before a measure word.
pub(super) fn chinese(before: &str, rest: &str, measures: &[&str]) -> Said {
    let (len, after) = half(rest)?;
    let gap = scan::blanks(after);
    let is_counted = measures.iter().any(|measure| after[gap..].starts_with(measure));
    (is_counted && !is_more(before)).then(|| (len + gap, "半".to_owned()))
}
