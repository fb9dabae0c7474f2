//! Which providers a name means, as callers say it.
//!
//! Those whose name has all the words said but the title: "Dr. Chen" is Dr. Wei Chen. Else those one of whose other names was said, as the clinic
//! writes them (陈医生). Where nobody's fits, "Dr. Sing" is Dr. Singh: a recogniser writes names as it hears them, and the name is said again before
//! anything is booked. Pure.

use crate::language::Language;
use crate::tokens::{Phrase, tokens};

/// `names`: the name as said in English, then others.
pub(super) fn meant<'a, T>(said: &str, all: &'a [T], names: impl Fn(&'a T) -> Vec<&'a str>) -> Vec<&'a T> {
    let words: Vec<String> = tokens(said, Language::English)
        .into_iter()
        .filter(|w| !matches!(w.as_str(), "dr" | "doctor" | "docteur" | "nurse" | "mr" | "mrs" | "ms"))
        .collect();
    let who = |same: fn(&str, &str) -> bool| -> Vec<&'a T> {
        let has = |one: &&'a T| {
            let whole = names(one).first().map(|name| tokens(name, Language::English)).unwrap_or_default();
            !words.is_empty() && words.iter().all(|word| whole.iter().any(|name| same(word, name)))
        };
        all.iter().filter(has).collect()
    };
    let exact = who(|word, name| word == name);
    if !exact.is_empty() {
        return exact;
    }
    let is_also = |one: &&'a T| {
        names(one).iter().skip(1).any(|also| {
            let also = Phrase::new(also, Language::English);
            !also.is_empty() && also.position(&words).is_some()
        })
    };
    let also: Vec<&'a T> = all.iter().filter(is_also).collect();
    if also.is_empty() { who(sounds_like) } else { also }
}

/// One letter more, less or other, and not the first of four or more.
fn sounds_like(word: &str, name: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), name.chars().collect());
    if a == b {
        return true;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    short >= 4 && head >= 1 && long - short <= 1 && head + tail + 1 >= long
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&[&str]; 3] = [&["Dr. Wei Chen", "陈医生"], &["Dr. Priya Singh"], &["Sarah MacDonald"]];

    #[test]
    fn a_name_is_known_by_its_words_by_what_else_it_is_called_and_by_its_sound() {
        for (said, wanted) in [
            ("Dr. Chen", vec![0]),
            ("wei chen", vec![0]),
            ("陳醫生", vec![0]),
            ("想睇陳醫生", vec![0]),
            ("doctor sing", vec![1]),
            ("Sarah", vec![2]),
            ("Dr. House", vec![]),
            ("doctor", vec![]),
            ("王医生", vec![]),
        ] {
            let found = meant(said, &ALL, |names| names.to_vec());
            let wanted: Vec<&&[&str]> = wanted.into_iter().map(|at: usize| &ALL[at]).collect();
            assert_eq!(found, wanted, "{said}");
        }
    }
}
