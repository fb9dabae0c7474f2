//! When a clinic is open: the week, its holidays, and the day a caller means.
//!
//! Pure: the time now is an argument, in the clinic's zone. A day that cannot be told is said to be unknown, never guessed.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};

use super::{ClinicConfig, Holiday, Span};
use crate::language::Language;
use crate::tokens::tokens;

/// The answer to a question about opening times.
#[derive(Clone, Debug, PartialEq)]
pub enum Hours<'a> {
    /// Days with equal hours, Monday first, together; and today's holiday, if it is one.
    Week {
        groups: Vec<Group<'a>>,
        today: Option<&'a Holiday>,
    },
    Day(Day<'a>),
    /// Saturday and Sunday.
    Days(Vec<Day<'a>>),
    /// Open now until, or the next opening.
    Now {
        until: Option<Time>,
        next: Option<(Day<'a>, Time)>,
    },
    /// The holidays to come, soonest first; at most three.
    Holidays(Vec<Day<'a>>),
}

/// Weekdays with the same hours.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<'a> {
    pub days: Vec<Weekday>,
    pub spans: &'a [Span],
}

/// One date.
#[derive(Clone, Debug, PartialEq)]
pub struct Day<'a> {
    pub date: Date,
    pub near: Near,
    pub holiday: Option<&'a Holiday>,
    pub spans: &'a [Span],
}

/// How to call the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near {
    Today,
    Tomorrow,
    /// Within the week: its weekday tells it.
    ThisWeek,
    Later,
}

/// No such day is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownDay;

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// Answers for what a caller calls a day: nothing (the week), `now`, `today`, `tomorrow`, `weekend`, `holidays`, a weekday in
/// English, a date as 2026-12-25, or the name of a holiday in any language.
pub fn hours<'a>(clinic: &'a ClinicConfig, asked: Option<&str>, now: DateTime) -> Result<Hours<'a>, UnknownDay> {
    let today = now.date();
    let day = |date: Date| on(clinic, date, today);
    let Some(asked) = asked.map(str::trim).filter(|a| !a.is_empty()) else {
        return Ok(Hours::Week { groups: groups(clinic), today: day(today).holiday });
    };
    match asked.to_lowercase().as_str() {
        "now" => return Ok(at(clinic, now)),
        "today" | "tonight" => return Ok(Hours::Day(day(today))),
        "tomorrow" => return Ok(Hours::Day(day(plus(today, 1)))),
        "day after tomorrow" => return Ok(Hours::Day(day(plus(today, 2)))),
        "weekend" => {
            let saturday = coming(today, Weekday::Saturday);
            return Ok(Hours::Days(vec![day(saturday), day(plus(saturday, 1))]));
        }
        "holidays" => return Ok(Hours::Holidays(holidays(clinic, today))),
        _ => {}
    }
    if let Some(weekday) = weekday(asked) {
        return Ok(Hours::Day(day(coming(today, weekday))));
    }
    if let Ok(date) = asked.parse::<Date>() {
        return Ok(Hours::Day(day(date)));
    }
    holiday(clinic, asked, today).map(|h| Hours::Day(day(h.date))).ok_or(UnknownDay)
}

/// What holds on this date.
pub fn on(clinic: &ClinicConfig, date: Date, today: Date) -> Day<'_> {
    let holiday = clinic.holidays.iter().find(|h| h.date == date);
    let spans = holiday.map_or_else(|| of_weekday(clinic, date.weekday()), |h| h.hours.as_slice());
    let ahead = (date - today).get_days();
    let near = match ahead {
        0 => Near::Today,
        1 => Near::Tomorrow,
        2..=6 => Near::ThisWeek,
        _ => Near::Later,
    };
    Day { date, near, holiday, spans }
}

fn at(clinic: &ClinicConfig, now: DateTime) -> Hours<'_> {
    let today = on(clinic, now.date(), now.date());
    let time = now.time();
    let until = today.spans.iter().find(|s| s.from <= time && time < s.to).map(|s| s.to);
    if until.is_some() {
        return Hours::Now { until, next: None };
    }
    // Two weeks ahead: longer closures have no next opening worth naming.
    let next = (0..14).find_map(|ahead| {
        let day = on(clinic, plus(now.date(), ahead), now.date());
        let opens = day.spans.iter().map(|s| s.from).find(|from| ahead > 0 || *from > time)?;
        Some((day, opens))
    });
    Hours::Now { until: None, next }
}

fn holidays(clinic: &ClinicConfig, today: Date) -> Vec<Day<'_>> {
    let mut coming: Vec<_> =
        clinic.holidays.iter().filter(|h| h.date >= today).map(|h| on(clinic, h.date, today)).collect();
    coming.sort_by_key(|d| d.date);
    coming.truncate(3);
    coming
}

/// The next holiday of this name: the whole name, or one of its other names.
fn holiday<'a>(clinic: &'a ClinicConfig, asked: &str, today: Date) -> Option<&'a Holiday> {
    let wanted = tokens(asked, Language::English);
    let named = |h: &Holiday| h.name.values().chain(&h.also).any(|name| tokens(name, Language::English) == wanted);
    clinic.holidays.iter().filter(|h| h.date >= today && named(h)).min_by_key(|h| h.date)
}

fn groups(clinic: &ClinicConfig) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for weekday in WEEK {
        let spans = of_weekday(clinic, weekday);
        match groups.iter_mut().find(|g| g.spans == spans) {
            Some(group) => group.days.push(weekday),
            None => groups.push(Group { days: vec![weekday], spans }),
        }
    }
    // Open days first.
    groups.sort_by_key(|g| g.spans.is_empty());
    groups
}

fn of_weekday(clinic: &ClinicConfig, weekday: Weekday) -> &[Span] {
    let week = &clinic.hours;
    match weekday {
        Weekday::Monday => &week.monday,
        Weekday::Tuesday => &week.tuesday,
        Weekday::Wednesday => &week.wednesday,
        Weekday::Thursday => &week.thursday,
        Weekday::Friday => &week.friday,
        Weekday::Saturday => &week.saturday,
        Weekday::Sunday => &week.sunday,
    }
}

/// The next such weekday; today counts.
fn coming(today: Date, weekday: Weekday) -> Date {
    plus(today, i64::from(today.weekday().until(weekday)))
}

fn plus(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}

fn weekday(name: &str) -> Option<Weekday> {
    let name = name.to_lowercase();
    let position = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        .iter()
        .position(|n| *n == name)?;
    Some(WEEK[position])
}

#[cfg(test)]
mod tests {
    use super::super::Clinic;
    use super::*;
    use jiff::civil::{date, time};

    /// A Saturday.
    fn now() -> DateTime {
        date(2026, 11, 21).at(10, 5, 0, 0)
    }

    #[test]
    fn the_week_is_told_in_groups_open_days_first() {
        let clinic = Clinic::sample();
        let Ok(Hours::Week { groups, today: None }) = hours(&clinic.config, None, now()) else { panic!() };
        let days: Vec<_> = groups.iter().map(|g| g.days.len()).collect();
        assert_eq!(days, [4, 1, 1, 1]);
        assert!(groups[3].spans.is_empty());
    }

    #[test]
    fn a_weekday_is_the_next_one_and_a_holiday_beats_it() {
        let clinic = Clinic::sample();
        let day = |asked: &str, now: DateTime| match hours(&clinic.config, Some(asked), now) {
            Ok(Hours::Day(day)) => day,
            other => panic!("{other:?}"),
        };
        assert_eq!(day("Saturday", now()).near, Near::Today);
        assert_eq!(day("sunday", now()).date, date(2026, 11, 22));
        assert_eq!(day("christmas", now()).date, date(2026, 12, 25));
        assert!(day("圣诞节", now()).spans.is_empty());
        let week_of_christmas = date(2026, 12, 21).at(9, 0, 0, 0);
        assert!(day("friday", week_of_christmas).spans.is_empty());
        assert_eq!(day("thursday", week_of_christmas).spans[0].to, time(12, 0, 0, 0));
    }

    #[test]
    fn an_unknown_day_is_said_to_be_unknown() {
        let clinic = Clinic::sample();
        assert_eq!(hours(&clinic.config, Some("pancake day"), now()), Err(UnknownDay));
        assert_eq!(hours(&clinic.config, Some("2026-02-30"), now()), Err(UnknownDay));
    }

    #[test]
    fn closed_now_tells_the_next_opening_across_a_weekend() {
        let clinic = Clinic::sample();
        let evening = date(2026, 11, 21).at(18, 0, 0, 0);
        let Ok(Hours::Now { until: None, next: Some((day, opens)) }) = hours(&clinic.config, Some("now"), evening)
        else {
            panic!()
        };
        assert_eq!((day.date, opens), (date(2026, 11, 23), time(8, 30, 0, 0)));
        assert_eq!(
            hours(&clinic.config, Some("now"), now()),
            Ok(Hours::Now { until: Some(time(13, 0, 0, 0)), next: None })
        );
    }
}
