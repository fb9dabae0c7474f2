//! When a caller wants to come: "next Tuesday afternoon", "tomorrow after three", "as soon as possible", « mardi prochain en après-midi ».
//!
//! Dates are resolved against the clinic's own. "Next Tuesday" is the one of next week, a day of the month the next one there is; what
//! was resolved is offered with weekday and date, so that a mistake is heard. Weeks begin on Monday.

mod vocabulary;

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};

use super::clock::{Clock, clocks};
use super::number::{Item, items};
use super::words::{month, weekday};
use crate::language::Language;
use crate::tokens::tokens;

use vocabulary::Vocabulary;

/// A wish; what is `None` or empty was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
    pub weekdays: Vec<Weekday>,
    pub part: Option<Part>,
    pub after: Option<Time>,
    pub before: Option<Time>,
    /// The earliest there is.
    pub soonest: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Morning,
    Afternoon,
    Evening,
}

impl When {
    pub fn names_day(&self) -> bool {
        self.from.is_some() || self.to.is_some() || !self.weekdays.is_empty()
    }

    fn names_time(&self) -> bool {
        self.part.is_some() || self.after.is_some() || self.before.is_some()
    }

    /// This wish after another: what it leaves open stays as it was.
    pub fn after_all(self, earlier: &Self) -> Self {
        if self.soonest {
            return self;
        }
        let days = if self.names_day() { &self } else { earlier };
        let times = if self.names_time() { &self } else { earlier };
        Self {
            from: days.from,
            to: days.to,
            weekdays: days.weekdays.clone(),
            part: times.part,
            after: times.after,
            before: times.before,
            soonest: false,
        }
    }
}

/// "At ten" is offered from ten on, for so many minutes.
const AROUND: i64 = 90;

/// What is wished for, if anything is. `today`: the clinic's.
pub fn when(text: &str, language: Language, today: Date) -> Option<When> {
    let words = Vocabulary::of(language);
    let said = tokens(text, language);
    let items = items(text, language);
    let mut wish = When { soonest: words.soonest.found_in(&said), ..When::default() };
    days(&mut wish, &said, &items, language, today);
    times(&mut wish, text, &said, &items, language);
    if wish.names_day() || wish.names_time() {
        // "As soon as possible on a Tuesday."
        wish.soonest = false;
    }
    (wish != When::default()).then_some(wish)
}

fn days(wish: &mut When, said: &[String], items: &[Item], language: Language, today: Date) {
    let words = Vocabulary::of(language);
    let next_monday = today.saturating_add((7 - i64::from(today.weekday().to_monday_zero_offset())).days());
    let only = |wish: &mut When, day: Date| (wish.from, wish.to) = (Some(day), Some(day));
    let next_week = words.next_week.found_in(said);
    if next_week {
        (wish.from, wish.to) = (Some(next_monday), Some(next_monday.saturating_add(6.days())));
    } else if words.this_week.found_in(said) {
        (wish.from, wish.to) = (Some(today), Some(next_monday.saturating_sub(1.day())));
    } else if words.next_month.found_in(said) {
        let first = today.last_of_month().saturating_add(1.day());
        (wish.from, wish.to) = (Some(first), Some(first.last_of_month()));
    } else if let Some(days) = ahead(items, language) {
        let from = today.saturating_add(days.days());
        (wish.from, wish.to) = (Some(from), Some(from.saturating_add(6.days())));
    }
    if words.day_after_tomorrow.found_in(said) {
        only(wish, today.saturating_add(2.days()));
    } else if words.tomorrow.found_in(said) {
        only(wish, today.saturating_add(1.day()));
    } else if words.today.found_in(said) {
        only(wish, today);
    }
    if let Some((day, bound, said)) = date(items, language, today) {
        match bound {
            // "Tuesday, the first of December": whoever looks for times asks about a Tuesday that is none.
            Bound::On => {
                only(wish, day);
                wish.weekdays.extend(said);
            }
            Bound::From => (wish.from, wish.to) = (Some(day), None),
            Bound::Until => (wish.from, wish.to) = (None, Some(day)),
            Bound::WeekOf => (wish.from, wish.to) = (Some(day), Some(day.saturating_add(6.days()))),
            Bound::Month => (wish.from, wish.to) = (Some(day.max(today)), Some(day.last_of_month())),
        }
        return;
    }
    weekdays(wish, said, language, today, next_monday, next_week);
}

fn weekdays(wish: &mut When, said: &[String], language: Language, today: Date, next_monday: Date, next_week: bool) {
    let words = Vocabulary::of(language);
    let mut not = Vec::new();
    for (at, day) in said.iter().enumerate().filter_map(|(at, token)| Some((at, weekday(token, language)?))) {
        let before = &said[..at];
        let after = &said[at + 1..];
        if words.not.ends(before) {
            not.push(day);
        } else if words.next_before.ends(before) || words.next_after.prefix(after).is_some() {
            if !next_week {
                let ahead = i64::from(day.to_monday_zero_offset());
                let day = next_monday.saturating_add(ahead.days());
                (wish.from, wish.to) = (Some(day), Some(day));
            } else {
                wish.weekdays.push(day);
            }
        } else if words.until.ends(before) {
            let ahead = i64::from(today.weekday().until(day));
            wish.to = Some(today.saturating_add(if ahead == 0 { 7 } else { ahead }.days()));
        } else if !wish.weekdays.contains(&day) {
            wish.weekdays.push(day);
        }
    }
    if words.weekend.found_in(said) {
        wish.weekdays.extend([Weekday::Saturday, Weekday::Sunday]);
    }
    if !not.is_empty() && wish.weekdays.is_empty() {
        wish.weekdays = (0..7).filter_map(|n| Weekday::from_monday_zero_offset(n).ok()).collect();
        wish.weekdays.retain(|day| !not.contains(day));
    }
}

/// "In two weeks", « dans dix jours »: days from today.
fn ahead(items: &[Item], language: Language) -> Option<i64> {
    let words = Vocabulary::of(language);
    items.windows(3).find_map(|three| {
        let into = three[0].word().is_some_and(|w| words.within.contains(&w));
        let many = match (&three[1], three[1].word()) {
            (Item::Number(number), _) if number.value() <= 26 => i64::from(number.value()),
            (_, Some("a" | "une")) => 1,
            _ => return None,
        };
        let unit = three[2].word()?;
        let days = if words.weeks.contains(&unit) {
            7
        } else if words.days.contains(&unit) {
            1
        } else {
            return None;
        };
        into.then_some(many * days)
    })
}

enum Bound {
    On,
    From,
    Until,
    WeekOf,
    /// No day of it was said.
    Month,
}

/// A date of the calendar: "December third", "the 24th", « le 3 décembre », "in January"; and the weekday right before it.
fn date(items: &[Item], language: Language, today: Date) -> Option<(Date, Bound, Option<Weekday>)> {
    let words = Vocabulary::of(language);
    let day_of = |item: Option<&Item>| -> Option<i8> {
        let number = item?.number()?;
        (number.digits.len() <= 2 && (1..=31).contains(&number.value()))
            .then(|| i8::try_from(number.value()).ok())
            .flatten()
    };
    let word = |at: usize| items.get(at).and_then(Item::word);
    let back = |at: usize, by: usize| at.checked_sub(by).and_then(|at| items.get(at));
    let named = items.iter().enumerate().find_map(|(at, item)| Some((at, month(item.word()?, language)?)));
    let (start, day, month) = if let Some((at, month)) = named {
        let of = back(at, 1).and_then(Item::word).is_some_and(|w| ["of", "de"].contains(&w));
        let day_before = day_of(back(at, 1)).map(|day| (at - 1, day));
        let day_before = day_before.or_else(|| of.then(|| day_of(back(at, 2))).flatten().map(|day| (at - 2, day)));
        let article = usize::from(word(at + 1) == Some("the"));
        let day_after = day_of(items.get(at + 1 + article)).map(|day| (at, day));
        match day_before.or(day_after) {
            Some((start, day)) => (start, day, Some(month)),
            // "May I": a month by itself must be said to be one.
            None if back(at, 1).and_then(Item::word).is_some_and(|w| words.in_month.contains(&w)) => {
                return Some((
                    upcoming(today, |year| Date::new(year, month, 28))?.first_of_month(),
                    Bound::Month,
                    None,
                ));
            }
            None => return None,
        }
    } else {
        // "The 24th", « le 24 »: a day of this month or the next.
        let found = items.iter().enumerate().find_map(|(at, item)| {
            let day = day_of(Some(item))?;
            let article = back(at, 1).and_then(Item::word).is_some_and(|w| words.article.contains(&w));
            let ordinal = item.number().is_some_and(|n| n.ordinal);
            let counts = match language {
                Language::French => !word(at + 1).is_some_and(|w| ["heure", "heures", "h"].contains(&w)),
                // Not "the first available".
                Language::English | Language::Mandarin | Language::Cantonese | Language::Punjabi => {
                    ordinal && (day > 3 || word(at + 1).is_none_or(|w| words.follows_day.contains(&w)))
                }
            };
            (article && counts).then_some((at, day))
        });
        let (at, day) = found?;
        (at, day, None)
    };
    let date = match month {
        Some(month) => upcoming(today, |year| Date::new(year, month, day))?,
        None => [today, today.last_of_month().saturating_add(1.day())]
            .iter()
            .filter_map(|in_month| Date::new(in_month.year(), in_month.month(), day).ok())
            .find(|date| *date >= today)?,
    };
    let mut before = start;
    let mut said = None;
    while let Some(word) = before.checked_sub(1).and_then(word) {
        let day = weekday(word, language);
        if day.is_none() && !words.article.contains(&word) {
            break;
        }
        said = day.or(said);
        before -= 1;
    }
    let lead = before.checked_sub(1).and_then(word).unwrap_or_default();
    let bound = if words.from.contains(&lead) || (lead == "du" && before > 1 && word(before - 2) == Some("partir")) {
        Bound::From
    } else if words.by.contains(&lead) {
        Bound::Until
    } else if ["of", "du"].contains(&lead) && before > 1 && word(before - 2).is_some_and(|w| words.weeks.contains(&w)) {
        Bound::WeekOf
    } else {
        Bound::On
    };
    Some((date, bound, said))
}

/// This year's, or next year's if that is past.
fn upcoming(today: Date, date: impl Fn(i16) -> Result<Date, jiff::Error>) -> Option<Date> {
    [today.year(), today.year() + 1].into_iter().filter_map(|year| date(year).ok()).find(|date| *date >= today)
}

fn times(wish: &mut When, text: &str, said: &[String], items: &[Item], language: Language) {
    let words = Vocabulary::of(language);
    let parts = [(&words.morning, Part::Morning), (&words.afternoon, Part::Afternoon), (&words.evening, Part::Evening)];
    wish.part = parts.into_iter().find(|(phrases, _)| phrases.found_in(said)).map(|(_, part)| part);
    let lead = |clock: &Clock| {
        let mut at = clock.from;
        while at > 0 && items[at - 1].word().is_some_and(|w| ["a", "the", "about", "around", "les"].contains(&w)) {
            at -= 1;
        }
        at.checked_sub(1).and_then(|at| items[at].word()).unwrap_or_default()
    };
    let mut told: Vec<(Clock, &str)> = Vec::new();
    for clock in clocks(text, language) {
        let (lead, near) = (lead(&clock), near(items, &clock));
        let second = told.last().is_some_and(|(_, lead)| words.between.contains(lead) || words.from.contains(lead));
        let led = words.is_lead(lead) || words.is_lead(near) || (second && ["and", "to", "et"].contains(&near));
        // « Un » is an article.
        let article = clock.hour == 1 && language == Language::French;
        if !clock.bare || (led && !article && !is_day_number(items, &clock, language)) {
            told.push((clock, lead));
        }
    }
    let likely = |clock: &Clock| match (wish.part, clock.sure) {
        // "In the morning, at six."
        (Some(Part::Morning), false) if clock.hour < 12 => Time::new(clock.hour, clock.minute, 0, 0).ok(),
        _ => Some(clock.likely()),
    };
    match told.as_slice() {
        [] => {}
        [(first, lead), (second, _), ..] if words.between.contains(lead) || words.from.contains(lead) => {
            (wish.after, wish.before) = (likely(first), likely(second));
        }
        [(clock, lead), ..] if words.by.contains(lead) => wish.before = likely(clock),
        [(clock, lead), ..] if words.from.contains(lead) => wish.after = likely(clock),
        [(clock, _), ..] => {
            wish.after = likely(clock);
            let end = wish.after.map(|at| at.saturating_add(AROUND.minutes()));
            // Not over midnight.
            wish.before = end.filter(|end| wish.after.is_some_and(|after| *end > after));
        }
    }
    if !told.is_empty() {
        // "Three in the afternoon" is three.
        wish.part = None;
    }
}

/// The word right before, "around" among them.
fn near<'a>(items: &'a [Item], clock: &Clock) -> &'a str {
    clock.from.checked_sub(1).and_then(|at| items[at].word()).unwrap_or_default()
}

/// "December ten", « le 3 décembre ».
fn is_day_number(items: &[Item], clock: &Clock, language: Language) -> bool {
    let is_month = |at: Option<usize>| {
        at.and_then(|at| items.get(at)).and_then(Item::word).is_some_and(|w| month(w, language).is_some())
    };
    clock.bare && (is_month(clock.from.checked_sub(1)) || is_month(Some(clock.to)))
}

#[cfg(test)]
mod tests;
