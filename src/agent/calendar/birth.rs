//! A birth date out of an answer: "march third nineteen eighty five", "the 3rd of March 85", « 3 mars 1985 », 03/03/1985.
//!
//! A year of two digits is the last one that was: it must be read back. Of digits alone English has the month first, unless it can only
//! be the day; French the day.

use jiff::civil::Date;

use super::number::{Item, items};
use super::words::month;
use crate::language::Language;

/// Years.
const OLDEST: i16 = 120;

/// The date, if the answer holds a whole one that a living person can be born on. `today`: the clinic's.
pub fn birth_date(text: &str, language: Language, today: Date) -> Option<Date> {
    read(text, language, &|date| date <= today && date.year() >= today.year() - OLDEST)
}

/// Whether the answer holds a whole date, of whatever year.
pub fn is_whole_date(text: &str, language: Language) -> bool {
    read(text, language, &|_| true).is_some()
}

/// Whether somebody can be born then.
type Lives<'a> = &'a dyn Fn(Date) -> bool;

fn read(text: &str, language: Language, lives: Lives<'_>) -> Option<Date> {
    let items = items(text, language);
    let named = items.iter().enumerate().find_map(|(at, item)| Some((at, month(item.word()?, language)?)));
    match named {
        Some((at, month)) => with_month(&items, at, month, lives),
        None => of_digits(&items, language, lives),
    }
}

fn with_month(items: &[Item], at: usize, month: i8, lives: Lives<'_>) -> Option<Date> {
    let numbers: Vec<(usize, &super::Number)> =
        items.iter().enumerate().filter_map(|(place, item)| Some((place, item.number()?))).collect();
    let is_day = |number: &super::Number| number.digits.len() <= 2 && (1..=31).contains(&number.value());
    let before = |place: usize| {
        place < at && items[place + 1..at].iter().all(|i| i.word().is_some_and(|w| ["of", "the", "de"].contains(&w)))
    };
    let day = numbers
        .iter()
        .find(|(_, n)| n.ordinal && is_day(n))
        .or_else(|| numbers.iter().find(|(place, n)| before(*place) && is_day(n)))
        .or_else(|| numbers.iter().find(|(place, n)| *place > at && is_day(n)))?;
    let rest: Vec<&str> = numbers.iter().filter(|(place, _)| *place != day.0).map(|(_, n)| n.digits.as_str()).collect();
    let day = i8::try_from(day.1.value()).ok()?;
    // The year may be said again another way: its first four digits count.
    let year = rest.concat();
    let year = if year.len() > 4 { &year[..4] } else { &year };
    born(year, month, day, lives)
}

fn of_digits(items: &[Item], language: Language, lives: Lives<'_>) -> Option<Date> {
    let digits: Vec<&str> = items.iter().filter_map(|item| Some(item.number()?.digits.as_str())).collect();
    let whole = digits.concat();
    if whole.len() == 8 {
        let (year, month, day) = (&whole[..4], &whole[4..6], &whole[6..]);
        if let Some(date) = ordered(year, month, day, lives) {
            return Some(date);
        }
        return month_and_day(&whole[..2], &whole[2..4], &whole[4..], language, lives);
    }
    match digits.as_slice() {
        [year, month, day] if year.len() == 4 => ordered(year, month, day, lives),
        [first, second, year @ ..] if !year.is_empty() => month_and_day(first, second, &year.concat(), language, lives),
        _ => None,
    }
}

fn month_and_day(first: &str, second: &str, year: &str, language: Language, lives: Lives<'_>) -> Option<Date> {
    let (month, day) = if language == Language::French { (second, first) } else { (first, second) };
    ordered(year, month, day, lives).or_else(|| ordered(year, day, month, lives))
}

fn ordered(year: &str, month: &str, day: &str, lives: Lives<'_>) -> Option<Date> {
    born(year, month.parse().ok()?, day.parse().ok()?, lives)
}

fn born(year: &str, month: i8, day: i8, lives: Lives<'_>) -> Option<Date> {
    let date = |year: i16| Date::new(year, month, day).ok();
    match (year.len(), year.parse::<i16>()) {
        (4, Ok(year)) => date(year).filter(|date| lives(*date)),
        (2, Ok(short)) => {
            date(2000 + short).filter(|date| lives(*date)).or_else(|| date(1900 + short).filter(|date| lives(*date)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 21);

    #[test]
    fn birth_dates_in_english() {
        for (text, wanted) in [
            ("march third nineteen eighty five", Some("1985-03-03")),
            ("the 3rd of March 85", Some("1985-03-03")),
            ("March 9th, 1984.", Some("1984-03-09")),
            ("um it's the ninth of march nineteen eighty-four", Some("1984-03-09")),
            ("9 March 1984", Some("1984-03-09")),
            ("1984 march 9", Some("1984-03-09")),
            ("may twenty two thousand and one", Some("2001-05-20")),
            ("august second two thousand one", Some("2001-08-02")),
            ("november thirtieth fifty seven", Some("1957-11-30")),
            ("january twenty five nineteen ninety", Some("1990-01-25")),
            ("april twelve one nine six two", Some("1962-04-12")),
            ("june eighteenth nineteen oh seven", Some("1907-06-18")),
            ("03/09/1984", Some("1984-03-09")),
            ("25/01/1990", Some("1990-01-25")),
            ("1984-03-09", Some("1984-03-09")),
            ("oh three oh nine nineteen eighty four", Some("1984-03-09")),
            ("three nine nineteen eighty four", Some("1984-03-09")),
            ("october first twenty four", Some("2024-10-01")),
            ("march ninth 1984, nineteen eighty four", Some("1984-03-09")),
            ("march ninth", None),
            ("february thirtieth 1984", None),
            ("march ninth 1884", None),
            ("march ninth 2031", None),
            ("nineteen eighty four", None),
            ("I would rather not say", None),
        ] {
            let found = birth_date(text, Language::English, TODAY).map(|date| date.to_string());
            assert_eq!(found.as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn birth_dates_in_french() {
        for (text, wanted) in [
            ("3 mars 1985", Some("1985-03-03")),
            ("le trois mars mille neuf cent quatre-vingt-cinq", Some("1985-03-03")),
            ("le neuf mars dix-neuf cent quatre-vingt-quatre", Some("1984-03-09")),
            ("le premier mai deux mille un", Some("2001-05-01")),
            ("le 2 août 2001", Some("2001-08-02")),
            ("né le vingt et un juin soixante et onze", Some("1971-06-21")),
            ("09/03/1984", Some("1984-03-09")),
            ("le neuf mars", None),
        ] {
            let found = birth_date(text, Language::French, TODAY).map(|date| date.to_string());
            assert_eq!(found.as_deref(), wanted, "{text}");
        }
    }
}
