//! Numbers in the middle of words, each as its digits: "nineteen oh five" is 19 and 05, « quatre-vingt-cinq » is 85, "3rd" the third.
//!
//! Unlike a telephone number, whose digits run together ([`crate::agent::digits`]), each number stands alone here.

use std::ops::Range;

use crate::agent::digits::spoken::{self, Spoken};
use crate::language::Language;
use crate::tokens;

/// A piece of an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Number(Number),
    /// A token: lower case, no accents.
    Word(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// As said: "05" is not "5".
    pub digits: String,
    /// "third", "3rd", « premier ».
    pub ordinal: bool,
}

impl Number {
    pub fn value(&self) -> u32 {
        // More digits than a date has.
        self.digits.parse().unwrap_or(u32::MAX)
    }
}

impl Item {
    pub fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Word(_) => None,
        }
    }

    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Number(_) => None,
        }
    }
}

/// Takes an utterance apart into numbers and words.
pub fn items(text: &str, language: Language) -> Vec<Item> {
    placed(text, language).into_iter().map(|(item, _)| item).collect()
}

/// The same, each with the bytes it is made from.
pub fn placed(text: &str, language: Language) -> Vec<(Item, Range<usize>)> {
    let mut words = Vec::new();
    let mut places = Vec::new();
    for (token, place) in tokens::placed(text, language) {
        // Folding may change how many bytes a letter has: the pieces of such a token stand where all of it does.
        let is_exact = token.len() == place.len();
        let mut from = place.start;
        for part in parts(&token) {
            let to = from + part.len();
            let own = is_exact && text.is_char_boundary(from) && text.is_char_boundary(to);
            places.push(if own { from..to } else { place.clone() });
            from = to;
            words.push(part);
        }
    }
    let mut items = Vec::new();
    let mut at = 0;
    while let Some(first) = words.get(at) {
        let (item, used) = match number(&words[at..], language) {
            Some((number, used)) => (Item::Number(number), used),
            None => (Item::Word(first.clone()), 1),
        };
        items.push((item, places[at].start..places[at + used - 1].end));
        at += used;
    }
    items
}

const SUFFIXES: [&str; 8] = ["st", "nd", "rd", "th", "er", "ere", "e", "eme"];

/// "10h30" is 10, h, 30; "3rd" stays whole.
fn parts(token: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for c in token.chars() {
        match parts.last_mut() {
            Some(part) if part.ends_with(|before: char| before.is_ascii_digit()) == c.is_ascii_digit() => part.push(c),
            Some(_) | None => parts.push(c.to_string()),
        }
    }
    match parts.as_slice() {
        [digits, suffix] if is_written(digits) && SUFFIXES.contains(&suffix.as_str()) => vec![token.to_owned()],
        [first, ..] if is_written(first) => parts,
        _ => vec![token.to_owned()],
    }
}

fn is_written(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit())
}

fn cardinal(value: u32, used: usize) -> (Number, usize) {
    (Number { digits: value.to_string(), ordinal: false }, used)
}

fn ordinal(value: u32, used: usize) -> (Number, usize) {
    (Number { digits: value.to_string(), ordinal: true }, used)
}

/// The number at the head of `rest`, and the tokens it takes.
fn number(rest: &[String], language: Language) -> Option<(Number, usize)> {
    let first = rest.first()?;
    if is_written(first) {
        return Some((Number { digits: first.clone(), ordinal: false }, 1));
    }
    let digits: String = first.chars().take_while(char::is_ascii_digit).collect();
    if !digits.is_empty() {
        return Some((Number { digits, ordinal: true }, 1));
    }
    // "oh five" keeps its zero.
    if let (Some(Spoken::Digit(0)), Some(Spoken::Digit(next))) = (said(rest, 0, language), said(rest, 1, language)) {
        return Some((Number { digits: format!("0{next}"), ordinal: false }, 2));
    }
    match language {
        Language::French => french(rest),
        Language::English | Language::Mandarin | Language::Cantonese | Language::Punjabi => english(rest),
    }
}

fn said(rest: &[String], at: usize, language: Language) -> Option<Spoken> {
    rest.get(at).and_then(|token| spoken::word(token, language))
}

fn is(rest: &[String], at: usize, words: &[&str]) -> bool {
    rest.get(at).is_some_and(|token| words.contains(&token.as_str()))
}

const ENGLISH: [&str; 19] = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

fn english(rest: &[String]) -> Option<(Number, usize)> {
    let nth = |at: usize| {
        let place = rest.get(at).and_then(|token| ENGLISH.iter().position(|word| word == token));
        place.and_then(|place| u32::try_from(place + 1).ok())
    };
    if let Some(value) = nth(0) {
        return Some(ordinal(value, 1));
    }
    match rest.first().map(String::as_str) {
        Some("twentieth") => return Some(ordinal(20, 1)),
        Some("thirtieth") => return Some(ordinal(30, 1)),
        Some(_) | None => {}
    }
    if let (Some(Spoken::Tens(tens)), Some(unit @ 1..=9)) = (said(rest, 0, Language::English), nth(1)) {
        return Some(ordinal(u32::from(tens) * 10 + unit, 2));
    }
    let (value, used) = small_english(rest)?;
    let and = |at: usize| usize::from(is(rest, at, &["and"]));
    let tail = |at: usize| {
        let from = at + and(at);
        rest.get(from..).and_then(small_english).map_or((0, at), |(more, used)| (more, from + used))
    };
    if value > 0 && is(rest, used, &["hundred"]) {
        let (more, used) = tail(used + 1);
        return Some(cardinal(value * 100 + more, used));
    }
    if (1..=9).contains(&value) && is(rest, used, &["thousand"]) {
        let (more, used) = tail(used + 1);
        return Some(cardinal(value * 1_000 + more, used));
    }
    Some(cardinal(value, used))
}

/// Below a hundred.
fn small_english(rest: &[String]) -> Option<(u32, usize)> {
    match said(rest, 0, Language::English)? {
        Spoken::Digit(digit) => Some((u32::from(digit), 1)),
        Spoken::Teen(value) => Some((u32::from(value), 1)),
        Spoken::Tens(tens) => match said(rest, 1, Language::English) {
            // The day and the year of "May twenty two thousand and one".
            Some(Spoken::Digit(unit)) if unit != 0 && !is(rest, 2, &["thousand"]) => {
                Some((u32::from(tens) * 10 + u32::from(unit), 2))
            }
            _ => Some((u32::from(tens) * 10, 1)),
        },
        Spoken::Repeat(_) | Spoken::Scale(_) | Spoken::Homophone(_) => None,
    }
}

const FRENCH: [(&str, u32); 9] = [
    ("premier", 1),
    ("premiere", 1),
    ("deuxieme", 2),
    ("second", 2),
    ("seconde", 2),
    ("troisieme", 3),
    ("quatrieme", 4),
    ("cinquieme", 5),
    ("sixieme", 6),
];

fn french(rest: &[String]) -> Option<(Number, usize)> {
    if let Some((_, value)) = FRENCH.iter().find(|(word, _)| rest.first().is_some_and(|token| token == word)) {
        return Some(ordinal(*value, 1));
    }
    let thousand = ["mille", "mil"];
    if is(rest, 0, &thousand) {
        let (more, used) = rest.get(1..).and_then(below_thousand).unwrap_or((0, 0));
        return Some(cardinal(1_000 + more, 1 + used));
    }
    let (value, used) = below_thousand(rest)?;
    if (2..=9).contains(&value) && is(rest, used, &thousand) {
        let (more, more_used) = rest.get(used + 1..).and_then(below_thousand).unwrap_or((0, 0));
        return Some(cardinal(value * 1_000 + more, used + 1 + more_used));
    }
    Some(cardinal(value, used))
}

/// « neuf cent quatre-vingt-cinq », and « dix-neuf cent ... » as years are said in Canada.
fn below_thousand(rest: &[String]) -> Option<(u32, usize)> {
    let (value, used) = small_french(rest)?;
    if (2..=20).contains(&value) && is(rest, used, &["cent", "cents"]) {
        let (more, more_used) = rest.get(used + 1..).and_then(small_french).unwrap_or((0, 0));
        return Some((value * 100 + more, used + 1 + more_used));
    }
    Some((value, used))
}

/// Below a hundred.
fn small_french(rest: &[String]) -> Option<(u32, usize)> {
    // 10 to 19, of which 17 to 19 are two words.
    let teen = |at: usize| match (said(rest, at, Language::French), said(rest, at + 1, Language::French)) {
        (Some(Spoken::Teen(10)), Some(Spoken::Digit(unit @ 7..=9))) => Some((10 + u32::from(unit), 2)),
        (Some(Spoken::Teen(value)), _) => Some((u32::from(value), 1)),
        _ => None,
    };
    let unit = |at: usize| match said(rest, at, Language::French) {
        Some(Spoken::Digit(digit @ 1..=9)) => Some((u32::from(digit), 1)),
        _ => None,
    };
    if is(rest, 0, &["quatre"]) && is(rest, 1, &["vingt", "vingts"]) {
        let (more, used) = teen(2).or_else(|| unit(2)).unwrap_or((0, 0));
        return Some((80 + more, 2 + used));
    }
    match said(rest, 0, Language::French)? {
        Spoken::Digit(digit) => Some((u32::from(digit), 1)),
        Spoken::Teen(_) => teen(0),
        Spoken::Tens(tens) => {
            let and = usize::from(is(rest, 1, &["et"]) && (is(rest, 2, &["un", "une"]) || is(rest, 2, &["onze"])));
            let more = if tens == 6 { teen(1 + and).or_else(|| unit(1 + and)) } else { unit(1 + and) };
            let (more, used) = more.map_or((0, 0), |(more, used)| (more, used + and));
            Some((u32::from(tens) * 10 + more, 1 + used))
        }
        Spoken::Repeat(_) | Spoken::Scale(_) | Spoken::Homophone(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, language: Language) -> String {
        let items = items(text, language);
        let each = items.iter().map(|item| match item {
            Item::Number(Number { digits, ordinal: true }) => format!("{digits}."),
            Item::Number(Number { digits, ordinal: false }) => digits.clone(),
            Item::Word(word) => word.clone(),
        });
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_stand_alone_in_english() {
        for (text, wanted) in [
            ("nineteen eighty five", "19 85"),
            ("nineteen oh five", "19 05"),
            ("two thousand and one", "2001"),
            ("May twenty two thousand twelve", "may 20 2012"),
            ("nineteen hundred and five", "1905"),
            ("the twenty-third of March", "the 23. of march"),
            ("March 3rd, 1985", "march 3. 1985"),
            ("10:30am", "10 30 am"),
            ("one nine eight four", "1 9 8 4"),
        ] {
            assert_eq!(written(text, Language::English), wanted, "{text}");
        }
    }

    #[test]
    fn numbers_stand_alone_in_french() {
        for (text, wanted) in [
            ("mille neuf cent quatre-vingt-cinq", "1985"),
            ("dix-neuf cent soixante et onze", "1971"),
            ("deux mille un", "2001"),
            ("quatre-vingt-dix-sept", "97"),
            ("le premier mai", "le 1. mai"),
            ("vingt et un", "21"),
            ("10h30", "10 h 30"),
            ("le 1er", "le 1."),
            ("dix heures et demie", "10 heures et demie"),
        ] {
            assert_eq!(written(text, Language::French), wanted, "{text}");
        }
    }
}
