//! Times of day, ranges of them, and dates. Pure.

use super::abbreviation::half_of_day;
use super::{is_digits, number, parts};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// "9:30", "9am", "14:00", "9-5", "8:30–17:00", "24/7", as the first of `rest`.
pub(super) fn clock(rest: &[&str]) -> Option<String> {
    let (opening, body, closing) = parts(rest[0]);
    let halved = rest.get(1).is_some_and(|next| half_of_day(parts(next).1).is_some());
    let said = match body.split_once(['-', '–', '—']) {
        Some((from, to)) => format!("{} to {}", point(from, true)?, point(to, halved)?),
        None if body == "24/7" => "twenty-four seven".to_owned(),
        None if is_digits(body) => return None,
        None => point(body, halved)?,
    };
    // The stop of "p.m." is not a mark around the word.
    let closing = if body.ends_with(".m") { closing.trim_start_matches('.') } else { closing };
    Some(format!("{opening}{said}{closing}"))
}

/// One time, or a number of one or two digits. `halved`: what follows says whether it is morning.
fn point(text: &str, halved: bool) -> Option<String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '.');
    let half = match &text[digits.len()..] {
        "" => None,
        "am" => Some("AM"),
        half => Some(half_of_day(half)?),
    };
    let (hour, minutes) = digits.split_once(':').map_or((digits, None), |(hour, minutes)| (hour, Some(minutes)));
    if !is_digits(hour) || hour.len() > 2 {
        return None;
    }
    let hour: u64 = hour.parse().ok()?;
    let Some(minutes) = minutes else {
        let name = number::named(hour);
        return Some(half.map_or_else(|| name.clone(), |half| format!("{name} {half}")));
    };
    let minutes: u64 = (minutes.len() == 2 && is_digits(minutes)).then(|| minutes.parse().ok())??;
    if hour > 23 || minutes > 59 {
        return None;
    }
    let implied = match hour {
        0 => Some("AM"),
        1..=12 => None,
        _ => Some("PM"),
    };
    let half = half.or_else(|| implied.filter(|_| !halved));
    let name = number::named(if hour.is_multiple_of(12) { 12 } else { hour % 12 });
    let time = match (minutes, half, halved) {
        (0, None, false) => format!("{name} o'clock"),
        (0, ..) => name,
        (1..10, ..) => format!("{name} oh {}", number::named(minutes)),
        _ => format!("{name} {}", number::named(minutes)),
    };
    Some(half.map_or_else(|| time.clone(), |half| format!("{time} {half}")))
}

/// "2026-11-21"; the day and the year after a month's name.
pub(super) fn date(before: &[&str], word: &str) -> Option<String> {
    let (opening, body, closing) = parts(word);
    let after = |back: usize| before.len().checked_sub(back).map(|place| parts(before[place]).1);
    let is_month = |word: Option<&str>| word.is_some_and(|word| MONTHS.contains(&word));
    let said = if let [year, month, day] = *body.split('-').collect::<Vec<_>>().as_slice() {
        let lengths = (year.len(), month.len(), day.len()) == (4, 2, 2);
        if !lengths || ![year, month, day].into_iter().all(is_digits) {
            return None;
        }
        let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
        let day = day.parse().ok().filter(|day| (1..=31).contains(day))?;
        format!("{month} {}, {}", number::ordinal(day), number::in_pairs(year.parse().ok()?))
    } else if !is_digits(body) || body.len() > 4 {
        return None;
    } else {
        let value: u64 = body.parse().ok()?;
        let is_year = (1_900..2_100).contains(&value);
        if is_month(after(1)) && (1..=31).contains(&value) {
            number::ordinal(value)
        } else if is_year && (is_month(after(1)) || is_month(after(2)) || after(1).is_some_and(|word| word == "since"))
        {
            number::in_pairs(value)
        } else {
            return None;
        }
    };
    Some(format!("{opening}{said}{closing}"))
}
