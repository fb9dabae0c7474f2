//! Dates with a month in words, ordinals, and "24/7".

use super::super::{Said, date, scan};
use super::English;
use crate::tts::spoken::tongue::Tongue;

pub(super) const MONTHS: [(&str, &str); 12] = [
    ("January", "Jan"),
    ("February", "Feb"),
    ("March", "Mar"),
    ("April", "Apr"),
    ("May", "May"),
    ("June", "Jun"),
    ("July", "Jul"),
    ("August", "Aug"),
    ("September", "Sept"),
    ("October", "Oct"),
    ("November", "Nov"),
    ("December", "Dec"),
];

/// A year behind ", " or " ", and its bytes.
fn year(after: &str) -> Option<(u64, usize)> {
    let gap = after.len() - after.trim_start_matches([',', ' ']).len();
    let digits = scan::digits(&after[gap..]);
    let ends =
        scan::ends_word(&after[gap + digits.len()..]) && !after[gap + digits.len()..].starts_with([':', '-', '/']);
    (gap > 0 && gap <= 2 && digits.len() == 4 && ends).then(|| Some((scan::value(digits)?, gap + digits.len())))?
}

/// A day of the month, with or without "th".
fn day(text: &str) -> Option<(u64, usize)> {
    let digits = scan::digits(text);
    let value = scan::value(digits).filter(|day| (1..=31).contains(day) && digits.len() <= 2)?;
    let after = &text[digits.len()..];
    let end = ["st", "nd", "rd", "th"].into_iter().find(|end| after.starts_with(end)).map_or(0, str::len);
    let rest = &after[end..];
    let whole = scan::ends_word(rest)
        && !rest.starts_with([':', '/', '%'])
        && !rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    whole.then_some((value, digits.len() + end))
}

/// A month's name, with or without its stop.
fn month(text: &str) -> Option<(usize, usize)> {
    let word = scan::letters(text);
    let month = date::month(word, &MONTHS).or_else(|| (word == "Sep").then_some(9))?;
    let stop = usize::from(word.len() <= 4 && text[word.len()..].starts_with(". "));
    Some((month, word.len() + stop))
}

/// "November 21, 2026", "Nov. 21", "21 November", "the 3rd of May 2006", "Dec 24-26".
pub(super) fn written(rest: &str) -> Said {
    if let Some((month, len)) = month(rest) {
        let gap = scan::blanks(&rest[len..]);
        let start = len + gap;
        if gap == 1
            && let Some((day, more)) = day(&rest[start..])
        {
            let mut end = start + more;
            let mut said = English.date(None, month, day);
            if let Some(dash) = scan::dash(&rest[end..])
                && let Some((last, more)) = self::day(&rest[end + dash..])
            {
                said = format!("{said} to {}", English.ordinal(last));
                end += dash + more;
            }
            if let Some((year, more)) = year(&rest[end..]) {
                said = format!("{said}, {}", English.in_pairs(year));
                end += more;
            }
            return Some((end, said));
        }
        let dotted = rest[..len].ends_with('.');
        let short = MONTHS[month - 1].0 != MONTHS[month - 1].1 && rest.starts_with(MONTHS[month - 1].1) && dotted;
        if let Some((year, more)) = year(&rest[len..]) {
            return Some((len + more, format!("{} {}", MONTHS[month - 1].0, English.in_pairs(year))));
        }
        return short.then(|| (len, MONTHS[month - 1].0.to_owned()));
    }
    let (day, len) = day(rest)?;
    let of = if rest[len..].starts_with(" of ") { 4 } else { scan::blanks(&rest[len..]) };
    let (month, more) = month(&rest[len + of..]).filter(|_| of > 0)?;
    let mut end = len + of + more;
    let mut said = if of == 4 {
        format!("{} of {}", English.ordinal(day), MONTHS[month - 1].0)
    } else {
        English.date(None, month, day)
    };
    if let Some((year, more)) = year(&rest[end..]) {
        let pause = if of == 4 { " " } else { ", " };
        said = format!("{said}{pause}{}", English.in_pairs(year));
        end += more;
    }
    Some((end, said))
}

/// "21st".
pub(super) fn ordinal(rest: &str) -> Said {
    let digits = scan::digits(rest);
    let end = ["st", "nd", "rd", "th"].into_iter().find(|end| rest[digits.len()..].starts_with(end))?;
    let len = digits.len() + end.len();
    let value = scan::value(digits)?;
    scan::ends_word(&rest[len..]).then(|| (len, English.ordinal(value)))
}

pub(super) fn round_the_clock(rest: &str) -> Said {
    (rest.starts_with("24/7") && scan::ends_word(&rest[4..])).then(|| (4, "twenty-four seven".to_owned()))
}
