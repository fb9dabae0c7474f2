//! Dates in figures. Which number is the month is never guessed: 03/04/2026 is read as it stands.

use super::tongue::Tongue;
use super::{Said, number, scan};

pub(super) fn at(rest: &str, tongue: &dyn Tongue) -> Said {
    let first = scan::digits(rest);
    let sign = rest[first.len()..].chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let second = scan::digits(&rest[first.len() + 1..]);
    let third = scan::digits(rest[first.len() + 1 + second.len()..].strip_prefix(sign)?);
    let len = first.len() + second.len() + third.len() + 2;
    let lengths = (first.len(), second.len(), third.len());
    if !scan::ends_word(&rest[len..]) || rest[len..].starts_with(['-', '/']) {
        return None;
    }
    let [a, b, c] = [first, second, third].map(scan::value);
    let (a, b, c) = (a?, b?, c?);
    let is_day = |day: u64| (1..=31).contains(&day);
    let is_month = |month: u64| (1..=12).contains(&month);
    let said = match lengths {
        (4, 1 | 2, 1 | 2) if is_month(b) && is_day(c) => tongue.date(Some(a), b as usize, c),
        (1 | 2, 1 | 2, 4) if sign != '.' || a > 12 || b > 12 => match (a, b) {
            (day, month) if day > 12 && is_day(day) && is_month(month) => tongue.date(Some(c), month as usize, day),
            (month, day) if day > 12 && is_day(day) && is_month(month) => tongue.date(Some(c), month as usize, day),
            (month, day) if month == day && is_month(month) => tongue.date(Some(c), month as usize, day),
            _ => [tongue.cardinal(a), tongue.cardinal(b), tongue.year(c)].join(tongue.pause()),
        },
        _ => return None,
    };
    Some(number::ranged(rest, len, said, tongue))
}

/// The month that a word names, from 1. `names`: whole and short ones.
pub(super) fn month(word: &str, names: &[(&str, &str)]) -> Option<usize> {
    names.iter().position(|(long, short)| *long == word || *short == word).map(|place| place + 1)
}
