//! Letters and digits in one word: "B12", "COVID-19", "A1C", "AB12CD".

use super::tongue::{self, Tongue};
use super::{Said, scan, unit};

/// A word of letters and digits of at least this length, with short rows of capitals, is a code: sign by sign.
const CODE: usize = 5;
const SHORT: usize = 3;

pub(super) fn at(rest: &str, tongue: &dyn Tongue) -> Said {
    let len = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
    let word = rest[..len].trim_end_matches('-');
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    if digits == 0 || letters == 0 || !scan::ends_word(&rest[word.len()..]) {
        return None;
    }
    if word.contains('-') && !scan::letters(word).bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let leading = scan::digits(word);
    if !leading.is_empty() && unit::at(&rest[leading.len()..]).is_some() {
        return None;
    }
    let rows = rows(word);
    let short = |row: &&str| row.len() <= SHORT || row.starts_with(|c: char| c.is_ascii_digit());
    let capitals = word.bytes().all(|b| !b.is_ascii_lowercase());
    if capitals && digits + letters >= CODE && rows.len() >= 2 && rows.iter().all(short) {
        return Some((word.len(), tongue::signs(&word.replace('-', ""), tongue)));
    }
    let said: Vec<String> = rows
        .into_iter()
        .map(|row| match scan::value(row) {
            Some(value) if row.len() <= 2 && !row.starts_with('0') => tongue.cardinal(value),
            Some(_) => tongue::figures(row, tongue),
            None if row.starts_with(|c: char| c.is_ascii_digit()) => tongue::figures(row, tongue),
            None => row.to_owned(),
        })
        .collect();
    Some((word.len(), said.join(" ")))
}

/// The word in rows of letters and rows of digits.
fn rows(word: &str) -> Vec<&str> {
    let mut rows = Vec::new();
    for part in word.split('-').filter(|part| !part.is_empty()) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|c: char| c.is_ascii_digit() != first.is_ascii_digit()).unwrap_or(rest.len());
            rows.push(&rest[..end]);
            rest = &rest[end..];
        }
    }
    rows
}
