//! Hours, dates with a month in words, and ordinals.

use super::super::unit::goes_on;
use super::super::{Said, date, number, scan};
use super::French;
use crate::tts::spoken::tongue::Tongue;

pub(super) const MONTHS: [(&str, &str); 12] = [
    ("janvier", "janv"),
    ("février", "févr"),
    ("mars", "mars"),
    ("avril", "avr"),
    ("mai", "mai"),
    ("juin", "juin"),
    ("juillet", "juill"),
    ("août", "août"),
    ("septembre", "sept"),
    ("octobre", "oct"),
    ("novembre", "nov"),
    ("décembre", "déc"),
];

/// "8 h 30", "17 h", "8h30", "8 heures 05"; a count of hours is said the same way.
pub(super) fn hour(rest: &str) -> Said {
    let digits = scan::digits(rest);
    let hour = scan::value(digits).filter(|hour| *hour < 24 && digits.len() <= 2)?;
    let mut len = digits.len();
    len += scan::blanks(&rest[len..]);
    let word = ["heures", "heure", "h"].into_iter().find(|word| rest[len..].starts_with(word))?;
    len += word.len();
    let after = &rest[len..];
    let gap = scan::blanks(after);
    let minute = scan::digits(&after[gap..]);
    let behind = &after[gap + minute.len()..];
    let unit = ["min", "minutes", "jours"].iter().any(|unit| behind.trim_start().starts_with(unit));
    let said = if minute.len() == 2 && scan::ends_word(behind) && gap <= 1 && !unit {
        len += gap + 2;
        French.hour(hour, scan::value(minute).filter(|minute| *minute < 60)?)
    } else if scan::ends_word(after) {
        // "dans 0 h" would be midnight.
        if hour == 0 { "zéro heure".to_owned() } else { French.hour(hour, 0) }
    } else {
        return None;
    };
    Some(number::ranged(rest, len, said, &French))
}

/// "21 novembre 2026", "1er mars", "24-26 déc."
pub(super) fn written(rest: &str) -> Said {
    let digits = scan::digits(rest);
    let day = scan::value(digits).filter(|day| (1..=31).contains(day) && digits.len() <= 2)?;
    let mut len = digits.len() + if rest[digits.len()..].starts_with("er") { 2 } else { 0 };
    let gap = scan::blanks(&rest[len..]);
    let word = scan::letters(&rest[len + gap..]);
    let month = date::month(word, &MONTHS).filter(|_| gap == 1)?;
    len += gap + word.len();
    let short = MONTHS[month - 1].0 != word;
    if short && rest[len..].starts_with('.') && goes_on(&rest[len + 1..]) {
        len += 1;
    }
    let mut said = French.date(None, month, day);
    let digits = rest[len..].strip_prefix(' ').map_or("", scan::digits);
    if digits.len() == 4
        && scan::ends_word(&rest[len + 5..])
        && let Some(year) = scan::value(digits)
    {
        said = format!("{said} {}", French.cardinal(year));
        len += 5;
    }
    Some((len, said))
}

/// "1er", "1re", "2e", "21e", "3ième", "2nd", "2nde".
pub(super) fn ordinal(rest: &str) -> Said {
    let digits = scan::digits(rest);
    let value = scan::value(digits)?;
    let end = scan::letters(&rest[digits.len()..]);
    let plural = end.ends_with('s');
    let said = match (value, end) {
        (1, "er" | "ers") => "premier".to_owned(),
        (1, "re" | "ère" | "res" | "ères") => "première".to_owned(),
        (2, "nd" | "nds") => "second".to_owned(),
        (2, "nde" | "ndes") => "seconde".to_owned(),
        (_, "e" | "ème" | "ième" | "es" | "èmes" | "ièmes") => {
            let name = French.cardinal(value);
            let stem = name.strip_suffix('e').map_or(name.as_str(), |stem| stem);
            let stem = if name.ends_with("ts") && value % 100 == 80 { &name[..name.len() - 1] } else { stem };
            match stem.strip_suffix('f') {
                _ if stem.ends_with("cinq") => format!("{stem}uième"),
                Some(short) => format!("{short}vième"),
                None => format!("{stem}ième"),
            }
        }
        _ => return None,
    };
    Some((digits.len() + end.len(), if plural { format!("{said}s") } else { said }))
}
