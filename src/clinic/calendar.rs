//! When a clinic is open: the week, its holidays, and the day a caller means.
//!
//! Pure: the time now is an argument, in the clinic's zone. A day that cannot be told is said to be unknown, never guessed.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time, Weekday};

use super::{ClinicConfig, Holiday, Span, Week};
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
    /// The next Saturday and Sunday, the sooner first.
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

/// Monday first.
pub const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// Answers for what a caller calls a day: nothing (the week), `now`, `today`, `tomorrow`, `weekend`, `holidays`, a weekday in
/// English, a date as 2026-12-25, or the name of a holiday in any language. A day whose hours are over is past: its weekday is the next
/// week's, and what is open today is what opens next.
pub fn hours<'a>(clinic: &'a ClinicConfig, asked: Option<&str>, now: DateTime) -> Result<Hours<'a>, UnknownDay> {
    let today = now.date();
    let day = |date: Date| on(clinic, date, today);
    let next = |weekday: Weekday| {
        let soonest = day(plus(today, i64::from(today.weekday().until(weekday))));
        if is_over(&soonest, now) { day(plus(soonest.date, 7)) } else { soonest }
    };
    let Some(asked) = asked.map(str::trim).filter(|a| !a.is_empty()) else {
        return Ok(Hours::Week { groups: groups(clinic), today: day(today).holiday });
    };
    match asked.to_lowercase().as_str() {
        "now" => return Ok(at(clinic, now)),
        "today" | "tonight" if is_over(&day(today), now) => return Ok(at(clinic, now)),
        "today" | "tonight" => return Ok(Hours::Day(day(today))),
        "tomorrow" => return Ok(Hours::Day(day(plus(today, 1)))),
        "day after tomorrow" => return Ok(Hours::Day(day(plus(today, 2)))),
        "weekend" => {
            let mut days = [Weekday::Saturday, Weekday::Sunday].map(next);
            days.sort_by_key(|day| day.date);
            return Ok(Hours::Days(days.into()));
        }
        "holidays" => return Ok(Hours::Holidays(holidays(clinic, today))),
        _ => {}
    }
    if let Some(weekday) = weekday(asked) {
        return Ok(Hours::Day(next(weekday)));
    }
    if let Ok(date) = asked.parse::<Date>() {
        let asked = day(date);
        return Ok(if is_over(&asked, now) { at(clinic, now) } else { Hours::Day(asked) });
    }
    holiday(clinic, asked, today).map(|h| Hours::Day(day(h.date))).ok_or(UnknownDay)
}

/// Whether a person can be expected at the clinic. One without hours is never closed.
pub fn is_open(clinic: &ClinicConfig, now: DateTime) -> bool {
    clinic.hours == Week::default() || matches!(at(clinic, now), Hours::Now { until: Some(_), .. })
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

/// Usual hours.
pub fn of_weekday(clinic: &ClinicConfig, weekday: Weekday) -> &[Span] {
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

/// Whether it is today, and the clinic was open and will not be again.
fn is_over(day: &Day<'_>, now: DateTime) -> bool {
    day.date == now.date() && day.spans.iter().map(|span| span.to).max().is_some_and(|closed| closed <= now.time())
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
    fn a_day_whose_hours_are_over_is_never_told_as_if_they_were_to_come() {
        let clinic = Clinic::sample();
        let told = |asked: &str, now: DateTime| hours(&clinic.config, Some(asked), now).unwrap();
        let closing = date(2026, 11, 21).at(13, 0, 0, 0);
        let Hours::Day(saturday) = told("saturday", closing) else { panic!() };
        assert_eq!((saturday.date, saturday.near), (date(2026, 11, 28), Near::Later));
        for asked in ["today", "tonight", "2026-11-21"] {
            assert_eq!(told(asked, closing), told("now", closing), "{asked}");
        }
        assert!(matches!(told("today", now()), Hours::Day(_)));
        // A day without hours is closed, not over.
        let sunday = date(2026, 11, 22).at(23, 0, 0, 0);
        assert!(matches!(told("sunday", sunday), Hours::Day(day) if day.near == Near::Today && day.spans.is_empty()));
    }

    #[test]
    fn a_weekend_is_the_saturday_and_the_sunday_that_are_still_to_come() {
        let clinic = Clinic::sample();
        let weekend =
            |day: i8, hour: i8| match hours(&clinic.config, Some("weekend"), date(2026, 11, day).at(hour, 0, 0, 0)) {
                Ok(Hours::Days(days)) => days.iter().map(|day| day.date.day()).collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            };
        assert_eq!(weekend(20, 18), [21, 22]);
        assert_eq!(weekend(21, 10), [21, 22]);
        assert_eq!(weekend(21, 18), [22, 28]);
        assert_eq!(weekend(22, 10), [22, 28]);
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
