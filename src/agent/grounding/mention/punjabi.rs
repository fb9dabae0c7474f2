//! Times and days in Punjabi: ਸਵੇਰੇ ਸਾਢੇ ਦਸ ਵਜੇ, ਪੌਣੇ ਚਾਰ ਵਜੇ, 10:30, 24 ਨਵੰਬਰ, ਚੌਵੀ ਨਵੰਬਰ, ਮੰਗਲਵਾਰ, ਕੱਲ੍ਹ.
//!
//! Words are compared as tokens, without their nukta. ਕੱਲ੍ਹ is yesterday too, and then nothing that must be known.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::civil::Weekday;

use super::clock::{Clock, Order, Part, am_pm, figures, in_figures, of_year};
use super::said::Said;
use super::{Found, Mention, ahead, put, walk};
use crate::clinic::calendar::WEEK;
use crate::clinic::spoken::weekday;
use crate::language::Language;
use crate::tokens::tokens;
use crate::tts::spoken::{PUNJABI_MONTHS, PUNJABI_NUMBERS};

pub(super) fn find(said: &Said<'_>) -> Vec<Found> {
    walk(said, &[dates, day, ahead::punjabi, time])
}

fn token(word: &str) -> String {
    tokens(word, Language::Punjabi).concat()
}

fn numbered<'a>(words: impl IntoIterator<Item = &'a str>, first: u8) -> impl Iterator<Item = (String, u8)> {
    words.into_iter().zip(first..).map(|(word, value)| (token(word), value))
}

/// Below a hundred, with other spellings of those that times and days have.
static NUMBERS: LazyLock<HashMap<String, u8>> = LazyLock::new(|| {
    const OTHERS: &[(&str, u8)] = &[
        ("ਇਕ", 1),
        ("ਛੇਂ", 6),
        ("ਨੌ", 9),
        ("ਗਿਆਰਾ", 11),
        ("ਬਾਰਾ", 12),
        ("ਤੇਰਾ", 13),
        ("ਚੌਦਾ", 14),
        ("ਪੰਦਰਾ", 15),
        ("ਪੰਦਰ੍ਹਾਂ", 15),
        ("ਸੋਲਾ", 16),
        ("ਸੋਲ੍ਹਾਂ", 16),
        ("ਸਤਾਰਾ", 17),
        ("ਅਠਾਰਾ", 18),
        ("ਉਨੀ", 19),
        ("ਵੀਹਾਂ", 20),
        ("ਚੌਬੀ", 24),
        ("ਪੰਝੀ", 25),
        ("ਤੀਹਾਂ", 30),
        ("ਪੈਂਤਾਲੀ", 45),
        ("ਪਚਪਨ", 55),
    ];
    let others = OTHERS.iter().map(|(word, value)| (token(word), *value));
    numbered(PUNJABI_NUMBERS, 0).chain(others).collect()
});

static MONTHS: LazyLock<HashMap<String, u8>> = LazyLock::new(|| {
    const OTHERS: &[(&str, u8)] = &[("ਅਪਰੈਲ", 4), ("ਜੁਲਾਈ", 7), ("ਸਿਤੰਬਰ", 9), ("ਅਕਤੂਬਰ", 10), ("ਦਿਸੰਬਰ", 12)];
    numbered(PUNJABI_MONTHS, 1).chain(OTHERS.iter().map(|(word, month)| (token(word), *month))).collect()
});

static WEEKDAYS: LazyLock<HashMap<String, Weekday>> = LazyLock::new(|| {
    const OTHERS: &[(&str, Weekday)] = &[
        ("ਵੀਰਵਾਰ", Weekday::Thursday),
        ("ਬੁਧਵਾਰ", Weekday::Wednesday),
        ("ਬ੍ਰਹਿਸਪਤੀਵਾਰ", Weekday::Thursday),
        ("ਸ਼ੁਕਰਵਾਰ", Weekday::Friday),
        ("ਸ਼ਨਿੱਚਰਵਾਰ", Weekday::Saturday),
        ("ਇਤਵਾਰ", Weekday::Sunday),
    ];
    let own = WEEK.into_iter().map(|day| (token(weekday(day, Language::Punjabi)), day));
    own.chain(OTHERS.iter().map(|(word, day)| (token(word), *day))).collect()
});

/// A number in figures or words.
pub(super) fn count(said: &Said<'_>, at: usize) -> Option<u8> {
    said.small(at).or_else(|| NUMBERS.get(said.word(at)?).copied())
}

fn is_count(said: &Said<'_>, at: usize) -> bool {
    said.number(at).is_some() || count(said, at).is_some()
}

fn day(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    let word = said.word(at)?;
    if let Some(day) = WEEKDAYS.get(word) {
        return put(found, Mention::Weekday(*day), at, at + 1);
    }
    let days = match word {
        "ਕੱਲ੍ਹ" | "ਕੱਲ" | "ਕਲ੍ਹ" | "ਭਲਕੇ" | "ਭਲਕ" => 1,
        "ਪਰਸੋਂ" | "ਪਰਸੋ" => 2,
        _ => return None,
    };
    // Yesterday: what was.
    let past = said.is_back(at, 1, &["ਬੀਤੇ", "ਬੀਤੀ", "ਲੰਘੇ"])
        || (at + 1..said.len().min(at + 12))
            .take_while(|at| !said.ends_sentence(*at))
            .any(|at| said.is(at, &["ਸੀ", "ਸਨ"]));
    (!past).then(|| put(found, Mention::FromToday(days), at, at + 1))?
}

fn month_at(said: &Said<'_>, at: usize) -> Option<u8> {
    said.word(at).filter(|_| said.close(at)).and_then(|word| MONTHS.get(word)).copied()
}

fn dates(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    if let Some((date, to)) = of_year(said, at).or_else(|| in_figures(said, at, Order::DayFirst)) {
        return put(found, date, at, to);
    }
    if let Some(month) = MONTHS.get(said.word(at).unwrap_or_default()).copied() {
        // ਨਵੰਬਰ 24.
        let day = count(said, at + 1).filter(|day| (1..=31).contains(day) && said.close(at + 1))?;
        let clock = figures(said, at + 1).is_some() || is_o_clock(said, at + 2) || month_at(said, at + 2).is_some();
        return (!clock).then(|| put(found, Mention::Date { year: None, month: Some(month), day }, at, at + 2))?;
    }
    let day = count(said, at).filter(|day| (1..=31).contains(day))?;
    // 24ਵੀਂ ਨਵੰਬਰ.
    let nth = usize::from(said.is(at + 1, &["ਵੀਂ", "ਵਾਂ"]));
    if let Some(month) = month_at(said, at + 1 + nth) {
        let next = at + 2 + nth;
        let year = said.year(next).filter(|_| matches!(said.gap(next).trim(), "" | ","));
        return put(found, Mention::Date { year, month: Some(month), day }, at, next + usize::from(year.is_some()));
    }
    let links = usize::from(said.is(at + 1, &["ਅਤੇ", "ਤੇ", "ਜਾਂ", "ਤੋਂ"]));
    let second = at + 1 + links;
    let month =
        month_at(said, second + 1).filter(|_| (links == 1 || said.dashed(second)) && count(said, second).is_some());
    if month.is_some() {
        return put(found, Mention::Date { year: None, month, day }, at, at + 1);
    }
    let date = said.is(at + 1, &["ਤਾਰੀਖ", "ਤਰੀਕ", "ਤਾਰੀਕ"]) && said.close(at + 1);
    date.then(|| put(found, Mention::Date { year: None, month: None, day }, at, at + 2))?
}

fn is_o_clock(said: &Said<'_>, at: usize) -> bool {
    said.is(at, &["ਵਜੇ", "ਵੱਜੇ"]) && said.close(at)
}

fn time(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    let clock = whole(said, at).or_else(|| ranged(said, at))?;
    put(found, clock.mention(), at, clock.to)
}

fn whole(said: &Said<'_>, at: usize) -> Option<Clock> {
    let part = part_near(said, at);
    if let Some(clock) = figures(said, at) {
        if let Some((part, to)) = am_pm(said, clock.to) {
            return Some(Clock { part: Some(part), to, ..clock });
        }
        let to = clock.to + usize::from(is_o_clock(said, clock.to));
        return Some(Clock { to, ..clock }.in_part(part));
    }
    if let Some(clock) = quarters(said, at) {
        return Some(clock.in_part(part));
    }
    let hour = count(said, at).filter(|hour| *hour < 24)?;
    if is_o_clock(said, at + 1) {
        return Some(Clock::new(hour, 0, at + 2).in_part(part));
    }
    // ਦਸ ਵੱਜ ਕੇ ਵੀਹ ਮਿੰਟ.
    if said.is(at + 1, &["ਵੱਜ", "ਵਜ"]) && said.is(at + 2, &["ਕੇ"]) {
        let minute = count(said, at + 3).filter(|minute| *minute < 60)?;
        let to = at + 4 + usize::from(said.is(at + 4, &["ਮਿੰਟ"]));
        return Some(Clock::new(hour, minute, to).in_part(part));
    }
    let (part, to) = am_pm(said, at + 1).filter(|_| (1..=12).contains(&hour))?;
    Some(Clock { part: Some(part), ..Clock::new(hour, 0, to) })
}

/// ਸਾਢੇ ਦਸ ਵਜੇ, ਡੇਢ ਵਜੇ.
fn quarters(said: &Said<'_>, at: usize) -> Option<Clock> {
    let own = match said.word(at)? {
        "ਡੇਢ" => Some((1, 30)),
        "ਢਾਈ" => Some((2, 30)),
        "ਸਵਾ" => Some((1, 15)),
        "ਪੌਣਾ" => Some((12, 45)),
        _ => None,
    };
    if let Some((hour, minute)) = own.filter(|_| is_o_clock(said, at + 1)) {
        return Some(Clock::new(hour, minute, at + 2));
    }
    let clock = quarter(said, at).filter(|clock| is_o_clock(said, clock.to))?;
    Some(Clock { to: clock.to + 1, ..clock })
}

/// ਸਾਢੇ ਦਸ, ਪੌਣੇ ਚਾਰ: of an hour, or of what is counted.
fn quarter(said: &Said<'_>, at: usize) -> Option<Clock> {
    let hour = count(said, at + 1).filter(|hour| (1..=12).contains(hour))?;
    match said.word(at)? {
        "ਸਾਢੇ" | "ਸਾਡੇ" => Some(Clock::new(hour, 30, at + 2)),
        "ਸਵਾ" => Some(Clock::new(hour, 15, at + 2)),
        "ਪੌਣੇ" | "ਪੌਨੇ" => Some(Clock::before(hour, 15, at + 2)),
        _ => None,
    }
}

/// The first of two: 9 ਤੋਂ 5 ਵਜੇ, ਦਸ ਜਾਂ ਗਿਆਰਾਂ ਵਜੇ.
fn ranged(said: &Said<'_>, at: usize) -> Option<Clock> {
    let hour = count(said, at).filter(|hour| (1..24).contains(hour)).map(|hour| Clock::new(hour, 0, at + 1));
    let clock = hour.or_else(|| quarter(said, at))?;
    let listed = at > 0 && is_count(said, at - 1);
    let links = usize::from(said.is(clock.to, &["ਤੋਂ", "ਜਾਂ"]));
    let second = clock.to + links;
    let second = second + usize::from(links == 1 && part(said, second).is_some());
    let goes_on = (links == 1 || said.dashed(second)) && !listed && whole(said, second).is_some();
    goes_on.then(|| clock.in_part(part_near(said, at)))
}

fn part(said: &Said<'_>, at: usize) -> Option<Part> {
    match said.word(at)? {
        "ਸਵੇਰੇ" | "ਸਵੇਰ" | "ਸੁਬਹ" => Some(Part::Morning),
        "ਦੁਪਹਿਰ" | "ਦੁਪਹਿਰੇ" => Some(Part::Noon),
        "ਸਾਮ" | "ਸਾਮੀਂ" => Some(Part::Afternoon),
        "ਰਾਤ" | "ਰਾਤੀਂ" => Some(Part::Night),
        _ => None,
    }
}

/// The part of the day before a time: ਸਵੇਰੇ, ਸ਼ਾਮ ਨੂੰ, ਬਾਅਦ ਦੁਪਹਿਰ.
fn part_near(said: &Said<'_>, at: usize) -> Option<Part> {
    let filler = usize::from(said.is_back(at, 1, &["ਦੇ", "ਨੂੰ", "ਦਾ"]));
    part(said, at.checked_sub(1 + filler)?)
}
