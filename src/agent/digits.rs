//! Digits as callers say them: "five five five oh one", "double two", "twenty-three", 六零四, "soixante-quinze".
//!
//! Decides which words of an utterance are digits and how they run together. Homophones a recogniser may write ("for", "to",
//! "ate") count only between digits. It knows nothing of what the digits are for.

use std::ops::Range;

use crate::language::Language;
use crate::tokens::tokens;

pub(super) mod spoken;

use spoken::Spoken;

/// One run of digits: no other words inside, except those that may stand in a number ("dash", "area code", "um").
pub type Run = String;

/// The runs of digits in a text, in order.
pub fn runs(text: &str, language: Language) -> Vec<Run> {
    placed(&tokens(text, language), language).into_iter().map(|(run, _)| run).collect()
}

/// The runs of digits in these tokens, in order, and which of them each is made from: from its first digit to its last.
pub(super) fn placed(words: &[String], language: Language) -> Vec<(Run, Range<usize>)> {
    let mut runs = Vec::new();
    let mut run = (Run::new(), 0..0);
    let mut i = 0;
    while i < words.len() {
        let rest = &words[i..];
        if let Some((digits, used)) = number(rest, language, !run.0.is_empty()) {
            if run.0.is_empty() {
                run.1.start = i;
            }
            run.0.push_str(&digits);
            i += used;
            run.1.end = i;
        } else if let Some(used) = joiner(rest, language) {
            i += used;
        } else {
            if !run.0.is_empty() {
                runs.push(std::mem::replace(&mut run, (Run::new(), 0..0)));
            }
            i += 1;
        }
    }
    if !run.0.is_empty() {
        runs.push(run);
    }
    runs
}

/// The longest run of digits, or an empty text.
pub fn longest(text: &str, language: Language) -> Run {
    runs(text, language).into_iter().max_by_key(String::len).unwrap_or_default()
}

/// A North American number of ten digits, its leading 1 taken off; `None` if these digits are not one. Area code and exchange
/// begin with 2 to 9 and are not N11.
pub fn telephone(digits: &str) -> Option<String> {
    let ten = match digits.len() {
        10 => digits,
        11 => digits.strip_prefix('1')?,
        _ => return None,
    };
    let bytes = ten.as_bytes();
    let plausible = |at: usize| bytes[at] >= b'2' && &bytes[at + 1..at + 3] != b"11";
    (bytes.iter().all(u8::is_ascii_digit) && plausible(0) && plausible(3)).then(|| ten.to_owned())
}

/// A token that is digits by itself: "5", "604", "five", 五.
pub fn digit(token: &str, language: Language) -> Option<String> {
    match spoken::word(token, language) {
        Some(Spoken::Digit(d)) => Some(d.to_string()),
        Some(Spoken::Teen(n)) => Some(n.to_string()),
        Some(Spoken::Tens(n)) => Some(format!("{n}0")),
        Some(Spoken::Repeat(_) | Spoken::Scale(_) | Spoken::Homophone(_)) => None,
        None => written(token),
    }
}

fn written(token: &str) -> Option<String> {
    token.bytes().all(|b| b.is_ascii_digit()).then(|| token.to_owned())
}

/// Digits at the head of `rest` and the tokens they take. `inside`: digits came just before.
fn number(rest: &[String], language: Language, inside: bool) -> Option<(String, usize)> {
    let first = rest.first()?;
    if let Some(digits) = written(first) {
        return Some((digits, 1));
    }
    if language == Language::French && first == "quatre" && rest.get(1).is_some_and(|t| t.starts_with("vingt")) {
        let (digits, used) = tens(8, &rest[1..], language);
        return Some((digits, used + 1));
    }
    let next = rest.get(1).and_then(|t| spoken::word(t, language));
    match spoken::word(first, language)? {
        Spoken::Digit(d) => Some(scaled(d.to_string(), 1, next)),
        Spoken::Teen(n) => Some(scaled(n.to_string(), 1, next)),
        Spoken::Tens(n) => Some(tens(n, rest, language)),
        Spoken::Repeat(times) => {
            let one = rest.get(1).and_then(|t| digit(t, language)).filter(|d| d.len() == 1)?;
            Some((one.repeat(times), 2))
        }
        Spoken::Homophone(d) => {
            let before_digit = rest.get(1).is_none_or(|t| digit(t, language).is_some() || is_homophone(t, language));
            (inside && before_digit).then(|| (d.to_string(), 1))
        }
        Spoken::Scale(_) => None,
    }
}

fn is_homophone(token: &str, language: Language) -> bool {
    matches!(spoken::word(token, language), Some(Spoken::Homophone(_)))
}

/// "five hundred" is 500.
fn scaled(digits: String, used: usize, next: Option<Spoken>) -> (String, usize) {
    match next {
        Some(Spoken::Scale(zeros)) => (digits + &"0".repeat(zeros), used + 1),
        _ => (digits, used),
    }
}

/// "twenty three" is 23, "soixante et onze" 71, "quatre-vingt-dix" 90.
fn tens(n: u8, rest: &[String], language: Language) -> (String, usize) {
    let and = usize::from(language == Language::French && rest.get(1).is_some_and(|t| t == "et"));
    let unit = rest.get(1 + and).and_then(|t| spoken::word(t, language));
    match unit {
        Some(Spoken::Digit(d)) if d != 0 => (format!("{}", u32::from(n) * 10 + u32::from(d)), 2 + and),
        Some(Spoken::Teen(t)) if language == Language::French && matches!(n, 6 | 8) && t < 20 => {
            (format!("{}", u32::from(n) * 10 + u32::from(t)), 2 + and)
        }
        _ => (format!("{n}0"), 1),
    }
}

/// Words that may stand inside a number without ending it: how many tokens.
fn joiner(rest: &[String], language: Language) -> Option<usize> {
    spoken::JOINERS
        .iter()
        .filter(|(l, _)| *l == language || *l == Language::English)
        .flat_map(|(_, words)| words.iter())
        .filter(|words| rest.len() >= words.len() && rest.iter().zip(words.iter()).all(|(a, b)| a == b))
        .map(|words| words.len())
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_numbers_come_out_as_digits() {
        for (text, digits) in [
            ("my number is five five five oh one two three", "5550123"),
            ("604-555-0123", "6045550123"),
            ("(604) 555 0123.", "6045550123"),
            ("six oh four double five five oh one two three", "6045550123"),
            ("triple five one two three four", "5551234"),
            ("area code six zero four um five five five dash twenty three forty five", "6045552345"),
            ("six hundred four", "6004"),
            ("five five five twelve hundred", "5551200"),
            ("five five five for to ate one", "5554281"),
            ("i have two questions for you", "2"),
            ("plus one six o four five five five nineteen eighty", "16045551980"),
            ("no number here to give for you", ""),
        ] {
            assert_eq!(longest(text, Language::English), digits, "{text}");
        }
    }

    #[test]
    fn numbers_in_the_other_languages() {
        assert_eq!(longest("我的电话是六零四五五五零幺二三", Language::Mandarin), "6045550123");
        assert_eq!(longest("電話係六零四 五五五 零一二三", Language::Cantonese), "6045550123");
        assert_eq!(longest("ਛੇ ਸਿਫ਼ਰ ਚਾਰ ਪੰਜ ਪੰਜ ਪੰਜ ਜ਼ੀਰੋ ਇੱਕ ਦੋ ਤਿੰਨ", Language::Punjabi), "6045550123");
        assert_eq!(
            longest("cinq un quatre, cinq cinq cinq, vingt-trois quarante-cinq", Language::French),
            "5145552345"
        );
        assert_eq!(longest("soixante-quinze quatre-vingt-douze soixante et onze", Language::French), "759271");
        assert_eq!(longest("quatre-vingts trente et un", Language::French), "8031");
    }

    #[test]
    fn runs_are_parted_by_other_words() {
        assert_eq!(runs("call 604 555 0123 before 5", Language::English), ["6045550123", "5"]);
    }

    #[test]
    fn only_plausible_numbers_are_telephones() {
        assert_eq!(telephone("16045550123").as_deref(), Some("6045550123"));
        for bad in ["5550123", "1045550123", "6041550123", "6119550123", "604911555", "26045550123"] {
            assert_eq!(telephone(bad), None, "{bad}");
        }
    }
}
