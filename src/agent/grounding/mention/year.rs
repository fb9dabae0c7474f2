//! Years that callers say with or without a day: 一九八四年, 八四年, ਉੱਨੀ ਸੌ ਚੁਰਾਸੀ, 1984.
//!
//! A year of two digits is the last one that was. English and French years are read with the birth date.

use super::said::Said;
use super::{chinese, punjabi};
use crate::language::Language;

const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

pub(super) fn find(said: &Said<'_>, today: i16) -> Vec<i16> {
    let mut years = match said.language {
        Language::Mandarin | Language::Cantonese => in_characters(said, today),
        Language::Punjabi => in_words(said),
        Language::English | Language::French => Vec::new(),
    };
    years.retain(|year| YEARS.contains(year));
    years
}

/// Digits that touch are one number: of four, or of two before 年.
fn in_characters(said: &Said<'_>, today: i16) -> Vec<i16> {
    let mut years = Vec::new();
    let mut at = 0;
    while at < said.len() {
        let from = at;
        let mut digits = String::new();
        while let Some(more) = digits_at(said, at).filter(|_| at == from || said.gap(at).is_empty()) {
            digits.push_str(&more);
            at += 1;
        }
        let number = digits.parse::<i16>().ok();
        years.extend(match digits.len() {
            4 => number,
            2 if said.is(at, &["年"]) => number.and_then(|short| last(short, today)),
            _ => None,
        });
        at = at.max(from + 1);
    }
    years
}

fn digits_at(said: &Said<'_>, at: usize) -> Option<String> {
    let number = said.number(at).map(|number| number.digits.clone());
    number.or_else(|| chinese::digit(said, at).map(|digit| digit.to_string()))
}

fn last(short: i16, today: i16) -> Option<i16> {
    [2000 + short, 1900 + short].into_iter().find(|year| *year <= today)
}

fn in_words(said: &Said<'_>) -> Vec<i16> {
    let of = |at: usize| {
        let hundreds = match punjabi::count(said, at)? {
            head @ 19..=20 if said.is(at + 1, &["ਸੌ"]) => i16::from(head),
            2 if said.is(at + 1, &["ਹਜਾਰ"]) => 20,
            _ => return None,
        };
        Some(hundreds * 100 + punjabi::count(said, at + 2).map_or(0, i16::from))
    };
    (0..said.len()).filter_map(|at| said.year(at).or_else(|| of(at))).collect()
}
