//! Days and times that are known, and whether something that was said is one of them.
//!
//! Words are less exact than data, and are matched as far as they go: a time without its half of the day is either, the 24th is that of any month.
//! Pure; the clinic's date is an argument.

use jiff::civil::{Date, Time, Weekday};
use jiff::{Span, ToSpan};

use super::mention::{Half, Mention, days_and_times};
use super::written;
use crate::language::Language;

/// Days in which a weekday is one day alone.
const WEEK: i64 = 7;

#[derive(Clone, Default)]
pub(super) struct Facts {
    times: Vec<Clock>,
    days: Vec<Day>,
    weekdays: Vec<Weekday>,
    /// From today, as it was said.
    ahead: Vec<i64>,
    /// Said without a day.
    years: Vec<i16>,
}

/// Whether this text names it too, in other words or in fewer.
pub fn names(text: &str, mention: &Mention, language: Language, today: Date) -> bool {
    let mut facts = Facts::default();
    facts.read(text, language, today);
    facts.knows(mention, today)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    hour: u8,
    minute: u8,
    half: Half,
}

/// A day, as much as is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    year: Option<i16>,
    month: Option<u8>,
    day: u8,
}

impl Facts {
    /// Everything that this text names.
    pub(super) fn read(&mut self, text: &str, language: Language, today: Date) {
        self.data(text);
        for (mention, _) in days_and_times(text, language) {
            self.add(&mention, today);
        }
    }

    /// The same of a wish: who says Tuesday means this week's or the next one's.
    pub(super) fn wish(&mut self, text: &str, language: Language, today: Date) {
        self.data(text);
        for (mention, _) in days_and_times(text, language) {
            self.add(&mention, today);
            if let Mention::Weekday(weekday) = mention {
                let next = today.saturating_add(i64::from(today.weekday().until(weekday)).days());
                self.date(next);
                self.date(next.saturating_add(7.days()));
            }
        }
    }

    /// What it names as data does.
    pub(super) fn data(&mut self, text: &str) {
        let (dates, times) = written::moments(text);
        dates.into_iter().for_each(|date| self.date(date));
        times.into_iter().for_each(|time| self.time(time));
    }

    /// What another text names.
    pub(super) fn add_all(&mut self, other: &Self) {
        other.times.iter().for_each(|time| self.clock(time.hour, time.minute, time.half));
        other.days.iter().for_each(|day| self.day(*day));
        other.weekdays.iter().for_each(|weekday| self.weekday(*weekday));
        self.ahead.extend(&other.ahead);
        self.years.extend(&other.years);
    }

    pub(super) fn date(&mut self, date: Date) {
        self.day(Day {
            year: Some(date.year()),
            month: Some(date.month().unsigned_abs()),
            day: date.day().unsigned_abs(),
        });
    }

    pub(super) fn time(&mut self, time: Time) {
        self.clock(time.hour().unsigned_abs(), time.minute().unsigned_abs(), Half::Said);
    }

    pub(super) fn weekday(&mut self, weekday: Weekday) {
        if !self.weekdays.contains(&weekday) {
            self.weekdays.push(weekday);
        }
    }

    pub(super) fn year(&mut self, year: i16) {
        self.years.push(year);
    }

    pub(super) fn clock(&mut self, hour: u8, minute: u8, half: Half) {
        let clock = Clock { hour, minute, half };
        if !self.times.contains(&clock) {
            self.times.push(clock);
        }
    }

    fn day(&mut self, day: Day) {
        if !self.days.contains(&day) {
            self.days.push(day);
        }
    }

    /// What was said names the day that it means too: the 24th is the next one.
    fn add(&mut self, mention: &Mention, today: Date) {
        match *mention {
            Mention::Time { hour, minute, half } => self.clock(hour, minute, half),
            Mention::Date { year, month, day } => {
                self.day(Day { year, month, day });
                if let Some(date) = upcoming(year, month, day, today) {
                    self.date(date);
                }
            }
            Mention::Weekday(weekday) => self.weekday(weekday),
            Mention::FromToday(days) => {
                self.ahead.push(days);
                ahead(today, days).into_iter().for_each(|date| self.date(date));
            }
            Mention::Done(_) => {}
        }
    }

    /// Whether this is one of them. What was done is no day and no time.
    pub(super) fn knows(&self, mention: &Mention, today: Date) -> bool {
        match *mention {
            Mention::Time { hour, minute, half } => self.times.iter().any(|known| known.is(hour, minute, half)),
            Mention::Date { year, month, day } => self.days.iter().any(|known| {
                known.day == day
                    && month.is_none_or(|month| known.month == Some(month))
                    && year
                        .is_none_or(|year| known.year.map_or_else(|| self.years.contains(&year), |known| known == year))
            }),
            Mention::Weekday(weekday) => {
                self.weekdays.contains(&weekday) || self.dates().any(|date| date.weekday() == weekday)
            }
            Mention::FromToday(days) => {
                let is_meant = |meant: Date| {
                    self.dates().any(|date| date == meant)
                        || (days.abs() <= WEEK && self.weekdays.contains(&meant.weekday()))
                };
                self.ahead.contains(&days) || ahead(today, days).is_some_and(is_meant)
            }
            Mention::Done(_) => false,
        }
    }

    fn dates(&self) -> impl Iterator<Item = Date> {
        let whole = |day: &Day| Date::new(day.year?, i8::try_from(day.month?).ok()?, i8::try_from(day.day).ok()?).ok();
        self.days.iter().filter_map(whole)
    }
}

impl Clock {
    fn is(self, hour: u8, minute: u8, half: Half) -> bool {
        let hours = match (self.half, half) {
            (Half::Said, Half::Said) => self.hour == hour,
            (Half::Unsaid, Half::Said | Half::Unsaid) | (Half::Said, Half::Unsaid) => self.hour % 12 == hour % 12,
        };
        hours && self.minute == minute
    }
}

/// The day so many days from today.
fn ahead(today: Date, days: i64) -> Option<Date> {
    today.checked_add(Span::new().try_days(days).ok()?).ok()
}

/// The next day that is called so.
fn upcoming(year: Option<i16>, month: Option<u8>, day: u8, today: Date) -> Option<Date> {
    let day = i8::try_from(day).ok()?;
    let months = match (year, month) {
        (Some(year), Some(month)) => return Date::new(year, i8::try_from(month).ok()?, day).ok(),
        (_, Some(month)) => {
            let month = i8::try_from(month).ok()?;
            [(today.year(), month), (today.year().saturating_add(1), month)]
        }
        (_, None) => {
            let next = today.last_of_month().saturating_add(1.day());
            [(today.year(), today.month()), (next.year(), next.month())]
        }
    };
    months.into_iter().filter_map(|(year, month)| Date::new(year, month, day).ok()).find(|date| *date >= today)
}
