//! Numbers: counts, decimals, ranges, fractions, years and houses; what a number measures is in `unit`.

use super::tongue::{self, Sign, Tongue};
use super::{Said, address, scan, unit};

/// A number as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numeral {
    /// Digits without what parts thousands.
    pub(super) whole: String,
    pub(super) fraction: Option<String>,
    /// Bytes of it.
    pub(super) len: usize,
}

impl Numeral {
    /// The number, if it is whole, no code, and short enough to have a name.
    pub(super) fn value(&self) -> Option<u64> {
        let coded = self.whole.len() > 1 && self.whole.starts_with('0');
        (self.fraction.is_none() && !coded).then(|| scan::value(&self.whole))?
    }

    pub(super) fn is_one(&self) -> bool {
        self.value() == Some(1)
    }

    /// `after`: what is counted.
    pub(super) fn said(&self, after: &str, tongue: &dyn Tongue) -> String {
        match (&self.fraction, self.value()) {
            (Some(fraction), _) => tongue.decimal(&self.whole, fraction),
            (None, Some(value)) => tongue.count(value, after),
            (None, None) => tongue::figures(&self.whole, tongue),
        }
    }
}

/// The number that the text begins with.
pub(super) fn numeral(text: &str, tongue: &dyn Tongue) -> Option<Numeral> {
    let first = scan::digits(text);
    if first.is_empty() {
        return None;
    }
    let (mut whole, mut len) = (first.to_owned(), first.len());
    let thousands = if tongue.has_decimal_comma() { ' ' } else { ',' };
    while first.len() <= 3
        && let Some(rest) = text[len..].strip_prefix(thousands)
        && let group = scan::digits(rest)
        && group.len() == 3
    {
        whole.push_str(group);
        len += 4;
    }
    let after = &text[len..];
    let mark = after.starts_with('.') || (after.starts_with(',') && tongue.has_decimal_comma());
    let fraction = if mark { scan::digits(&after[1..]) } else { "" };
    if fraction.is_empty() {
        return Some(Numeral { whole, fraction: None, len });
    }
    len += 1 + fraction.len();
    Some(Numeral { whole, fraction: Some(fraction.to_owned()), len })
}

pub(super) fn at(before: &str, rest: &str, tongue: &dyn Tongue) -> Said {
    if let Some(said) = signed(before, rest, tongue) {
        return Some(said);
    }
    if let Some(said) = fraction(rest, tongue) {
        return Some(said);
    }
    let number = numeral(rest, tongue)?;
    let after = &rest[number.len..];
    if let Some((len, what)) = unit::at(after) {
        let end = number.len + len;
        return Some(ranged(rest, end, tongue.measure(&number, what), tongue));
    }
    let counted = after.trim_start_matches(' ');
    // "3-5 days": what is counted stands behind the second.
    if let Some(end) = scan::dash(after)
        && let Some(second) = numeral(&after[end..], tongue)
        && let (Some(low), Some(high)) = (number.value(), second.value())
        && !after[end + second.len..].starts_with('-')
    {
        let behind = &after[end..][second.len..];
        if let Some((len, what)) = unit::at(behind)
            && let Some(said) = tongue.measure_range(&number.said("", tongue), &second.said("", tongue), what)
        {
            return Some((number.len + end + second.len + len, said));
        }
        let house = address::is_house(&second.whole, before, behind);
        if !house && (low < high || high <= 12) {
            let said = tongue.count(low, behind.trim_start_matches(' '));
            return Some((number.len + end, joined(&said, tongue.sign(Sign::To))));
        }
        if house {
            return Some((number.len + end, format!("{}{}", tongue.house(low), tongue.pause())));
        }
    }
    let coded = number.whole.len() >= 3 && number.whole.len() == number.len && is_code(before);
    let Some(value) = number.value().filter(|_| !coded) else {
        let said = if coded { tongue::spell(&number.whole, tongue) } else { number.said(counted, tongue) };
        return Some((number.len, said));
    };
    let plain = number.whole.len() == number.len;
    let said = if plain && address::is_house(&number.whole, before, after) {
        tongue.house(value)
    } else if plain && tongue.has_bare_years() && (1_900..2_100).contains(&value) && !counts(counted) {
        tongue.year(value)
    } else {
        tongue.count(value, counted)
    };
    Some((number.len, said))
}

/// Digits or a code were spoken of just before: "the last four digits are 1234".
fn is_code(before: &str) -> bool {
    const CODES: [&str; 14] = [
        "digits",
        "code",
        "pin",
        "confirmation",
        "chiffres",
        "数字",
        "數字",
        "位是",
        "字係",
        "代码",
        "代碼",
        "ਅੰਕ",
        "ਕੋਡ",
        "确认码",
    ];
    let near = scan::tail(before, 32).to_lowercase();
    CODES.iter().any(|code| near.contains(code)) && !near.contains(['.', '。', '।'])
}

/// Something is counted: "2000 people", not "2026." nor "in 2026 at".
fn counts(after: &str) -> bool {
    let word = scan::letters(after);
    word.starts_with(char::is_lowercase)
        && word.len() > 3
        && (word.ends_with('s') || matches!(word, "people" | "children" | "women"))
}

/// A word behind what was said; Chinese has no blanks.
pub(super) fn joined(said: &str, word: &str) -> String {
    let blank = if word.ends_with(scan::is_han) { "" } else { " " };
    format!("{said}{}{word}{blank}", if said.is_empty() { "" } else { blank })
}

/// A range goes on: "5 mg - 10 mg", "8:30 AM - 5 PM".
pub(super) fn ranged(rest: &str, end: usize, said: String, tongue: &dyn Tongue) -> (usize, String) {
    let follows = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    match scan::dash(&rest[end..]) {
        Some(dash) if follows(&rest[end + dash..]) => (end + dash, joined(&said, tongue.sign(Sign::To))),
        Some(_) | None => (end, said),
    }
}

/// "-5", "+3", "~5", "#4".
fn signed(before: &str, rest: &str, tongue: &dyn Tongue) -> Said {
    let first = rest.chars().next()?;
    let sign = match first {
        '-' if before.chars().next_back().is_none_or(char::is_whitespace) => Sign::Minus,
        '+' => Sign::Plus,
        '~' | '≈' => Sign::About,
        '#' => Sign::Number,
        '<' => Sign::Less,
        '>' => Sign::More,
        _ => return None,
    };
    let gap = if matches!(first, '-' | '#' | '+') { 0 } else { scan::blanks(&rest[first.len_utf8()..]) };
    let follows = rest[first.len_utf8() + gap..].starts_with(|c: char| c.is_ascii_digit());
    follows.then(|| (first.len_utf8() + gap, joined("", tongue.sign(sign))))
}

/// "1/2", "120/80", "24/7"; other things with a stroke are said one after the other.
fn fraction(rest: &str, tongue: &dyn Tongue) -> Said {
    let above = scan::digits(rest);
    let below = scan::digits(rest.get(above.len()..)?.strip_prefix('/')?);
    let len = above.len() + 1 + below.len();
    if above.is_empty() || below.is_empty() || rest[len..].starts_with('/') {
        return None;
    }
    let named = match (above, below) {
        ("1", "2") => Some(Sign::Half),
        ("1", "3") => Some(Sign::Third),
        ("2", "3") => Some(Sign::TwoThirds),
        ("1", "4") => Some(Sign::Quarter),
        ("3", "4") => Some(Sign::ThreeQuarters),
        _ => None,
    };
    if let Some(sign) = named {
        return Some((len, tongue.sign(sign).to_owned()));
    }
    let (high, low) = (scan::value(above)?, scan::value(below)?);
    let name = |value| tongue.cardinal(value);
    let said = if (70..=260).contains(&high) && (30..=160).contains(&low) && low < high {
        let (over, blank) = (tongue.sign(Sign::Over), tongue.between());
        format!("{}{blank}{over}{blank}{}", name(high), name(low))
    } else {
        format!("{}{}{}", name(high), if tongue.between().is_empty() { tongue.pause() } else { " " }, name(low))
    };
    Some((len, said))
}
