//! Times and days in English: "ten thirty", "half past ten", "3 p.m.", "from nine to five", "November 24th", "the 24th", "tomorrow".
//!
//! A number alone is an hour only behind "at" and its like, and before what may follow an hour: never "at 10 Main Street".

use super::clock::{Clock, Order, Part, am_pm, figures, in_figures, of_year};
use super::said::Said;
use super::{FAR, Found, Mention, ahead, ends_time, put, walk};
use crate::agent::calendar::{month, weekday};

pub(super) fn find(said: &Said<'_>) -> Vec<Found> {
    walk(said, &[dates, day, ahead::english, time])
}

const TITLES: [&str; 7] = ["dr", "doctor", "mr", "mrs", "ms", "miss", "nurse"];

/// Days of the week, and tomorrow.
fn day(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    let word = said.word(at)?;
    if word == "tomorrow" || word == "tomorrows" {
        let days = if said.is_back(at, 1, &["after"]) && said.is_back(at, 2, &["day"]) { 2 } else { 1 };
        return put(found, Mention::FromToday(days), at, at + 1);
    }
    let named = said.is_back(at, 1, &TITLES) || said.is_back(at, 1, &["good", "easter", "ash", "palm"]);
    let day = weekday(word, said.language).or_else(|| short_weekday(said, at)).filter(|_| !named)?;
    put(found, Mention::Weekday(day), at, at + 1)
}

/// "Tue." and the like, before a date, a time or a stop.
fn short_weekday(said: &Said<'_>, at: usize) -> Option<jiff::civil::Weekday> {
    use jiff::civil::Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    let day = match said.raw(at) {
        "Mon" => Monday,
        "Tue" | "Tues" => Tuesday,
        "Wed" => Wednesday,
        "Thu" | "Thur" | "Thurs" => Thursday,
        "Fri" => Friday,
        "Sat" => Saturday,
        "Sun" => Sunday,
        _ => return None,
    };
    let dated = said.gap(at + 1).starts_with(['.', ',']) || said.close(at + 1);
    let next = said.word(at + 1).and_then(|word| month(word, said.language)).is_some() || said.number(at + 1).is_some();
    (dated && next).then_some(day)
}

fn month_at(said: &Said<'_>, at: usize) -> Option<u8> {
    let word = said.word(at)?;
    // The verbs.
    let is_name = !matches!(word, "may" | "march" | "mar") || said.raw(at).starts_with(char::is_uppercase);
    month(word, said.language).filter(|_| is_name).and_then(|month| u8::try_from(month).ok())
}

/// A year behind a date: ", 2026", "twenty twenty-six".
fn year_behind(said: &Said<'_>, at: usize) -> Option<(i16, usize)> {
    if !matches!(said.gap(at).trim(), "" | ",") {
        return None;
    }
    if let Some(year) = said.year(at) {
        return Some((year, at + 1));
    }
    let short =
        said.small(at + 1).filter(|_| said.small(at) == Some(20) && !said.is_figure(at) && said.close(at + 1))?;
    let named = said.number(at + 1)?.digits.len() == 2 && (20..=60).contains(&short);
    named.then_some((2000 + i16::from(short), at + 2))
}

/// Dates of the calendar, one or several of a month.
fn dates(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    if let Some((date, to)) = of_year(said, at).or_else(|| in_figures(said, at, Order::MonthFirst)) {
        return put(found, date, at, to);
    }
    if let Some(month) = month_at(said, at) {
        return after_month(said, at, month, found);
    }
    let day = said.day(at)?;
    // "24 November", "the 24th of November".
    let of = usize::from(said.is(at + 1, &["of"]));
    if let Some(month) = month_at(said, at + 1 + of).filter(|_| said.close(at + 1) && said.close(at + 1 + of)) {
        let (year, to) = with_year(said, at + 2 + of);
        return put(found, Mention::Date { year, month: Some(month), day }, at, to);
    }
    if let Some(month) = same_month(said, at) {
        return put(found, Mention::Date { year: None, month: Some(month), day }, at, at + 1);
    }
    let another =
        found.last().is_some_and(|last| last.to + 1 == at && matches!(last.mention, Mention::Date { month: None, .. }));
    let led = said.is_back(at, 1, &["the"]) || (another && said.is_back(at, 1, &["and", "or", "to"]));
    let alone = led && said.is_ordinal(at) && stands_alone(said, at, day);
    alone.then(|| put(found, Mention::Date { year: None, month: None, day }, at, at + 1))?
}

fn with_year(said: &Said<'_>, at: usize) -> (Option<i16>, usize) {
    year_behind(said, at).map_or((None, at), |(year, to)| (Some(year), to))
}

/// "November 24", "Nov. the 24th, 2026", "December 24 to 26".
fn after_month(said: &Said<'_>, at: usize, month: u8, found: &mut Vec<Found>) -> Option<usize> {
    let stop = matches!(said.gap(at + 1), ". " | ".") && said.raw(at).len() <= 4;
    if !(said.close(at + 1) || stop) || year_behind(said, at + 1).is_some() {
        return None;
    }
    let first = at + 1 + usize::from(said.is(at + 1, &["the"]));
    let day = said.day(first).filter(|_| figures(said, first).is_none())?;
    let (year, mut to) = with_year(said, first + 1);
    put(found, Mention::Date { year, month: Some(month), day }, at, to);
    // The others of the same month.
    loop {
        let links = said.is(to, &["to", "and", "or", "through"]);
        let next = to + usize::from(links) + usize::from(links && said.is(to + 1, &["the"]));
        let more = said.day(next).filter(|_| (links || said.dashed(next)) && ends_date(said, next));
        let Some(day) = more else { return Some(to) };
        put(found, Mention::Date { year, month: Some(month), day }, next, next + 1);
        to = next + 1;
    }
}

/// Another day of a month, and not the hour or the count of something.
fn ends_date(said: &Said<'_>, at: usize) -> bool {
    let clock = figures(said, at).is_some() || am_pm(said, at + 1).is_some() || said.is(at + 1, &["oclock"]);
    !clock && (said.is_ordinal(at) || said.stops(at + 1) || said.is(at + 1, &["and", "or", "at", "is", "are"]))
}

/// The month that is said behind another day: "the 24th and 25th of November".
fn same_month(said: &Said<'_>, at: usize) -> Option<u8> {
    let links = usize::from(said.is(at + 1, &["and", "or", "to"]));
    let second = at + 1 + links + usize::from(links == 1 && said.is(at + 2, &["the"]));
    if links == 0 && !said.dashed(second) {
        return None;
    }
    let of = usize::from(said.is(second + 1, &["of"]));
    said.day(second)?;
    month_at(said, second + 1 + of).filter(|_| said.close(second + 1))
}

/// "The 24th", and not "the fifth floor", "the first one".
fn stands_alone(said: &Said<'_>, at: usize, day: u8) -> bool {
    let of_weekday =
        [2, 3].iter().any(|back| said.back(at, *back).is_some_and(|word| weekday(word, said.language).is_some()));
    let led = said.is_back(at, 2, &["on", "for", "until", "by", "from", "before", "after"]);
    let is_place = day <= 3 || !said.is_figure(at);
    (!is_place || of_weekday || (led && day > 3)) && ends_ordinal(said, at + 1)
}

/// What may stand behind a day by itself.
fn ends_ordinal(said: &Said<'_>, mut at: usize) -> bool {
    let far = at + FAR;
    while at < far && said.is(at, &["and", "or", "to"]) {
        let next = at + 1 + usize::from(said.is(at + 1, &["the"]));
        if !said.is_ordinal(next) {
            return true;
        }
        at = next + 1;
    }
    if said.is(at, &["of"]) {
        return said.is(at + 1, &["next", "this"]) || (said.is(at + 1, &["the"]) && said.is(at + 2, &["month"]));
    }
    said.stops(at) || said.is(at, &["at", "with", "is", "works", "for", "if", "in", "that", "would", "from"])
}

const AT: [&str; 6] = ["at", "until", "till", "by", "before", "after"];
const NEAR: [&str; 4] = ["around", "about", "exactly", "roughly"];

/// A word before this item says that a time follows.
fn is_led(said: &Said<'_>, at: usize) -> bool {
    let near = usize::from(said.is_back(at, 1, &NEAR));
    said.is_back(at, 1 + near, &AT) && said.close(at) && (near == 0 || said.close(at - 1))
}

fn time(said: &Said<'_>, at: usize, found: &mut Vec<Found>) -> Option<usize> {
    let clock = whole(said, at).or_else(|| pair(said, at, found)).or_else(|| alone(said, at, found))?;
    put(found, clock.mention(), at, clock.to)
}

/// A time that is nothing else.
fn whole(said: &Said<'_>, at: usize) -> Option<Clock> {
    if said.is(at, &["noon", "midday"]) && !is_half(said, at) {
        return Some(Clock::noon(at + 1));
    }
    if said.is(at, &["midnight"]) {
        return Some(Clock::midnight(at + 1));
    }
    if let Some(clock) = past(said, at).or_else(|| figures(said, at)) {
        return Some(in_part(said, at, clock));
    }
    let hour = said.small(at).filter(|hour| (1..=12).contains(hour))?;
    if hour == 12 && said.close(at + 1) && said.is(at + 1, &["noon", "midnight"]) {
        let noon = said.is(at + 1, &["noon"]);
        return Some(if noon { Clock::noon(at + 2) } else { Clock::midnight(at + 2) });
    }
    if said.close(at + 1) && said.is(at + 1, &["oclock"]) {
        return Some(in_part(said, at, Clock::new(hour, 0, at + 2)));
    }
    if said.small(at + 1) == Some(0) && said.is(at + 2, &["clock"]) && said.close(at + 1) {
        return Some(in_part(said, at, Clock::new(hour, 0, at + 3)));
    }
    let minute = said.minute(at + 1).filter(|_| said.joined(at + 1) || said.gap(at + 1) == ".");
    let clock = minute.map_or_else(|| Clock::new(hour, 0, at + 1), |minute| Clock::new(hour, minute, at + 2));
    let (part, to) = am_pm(said, clock.to)?;
    Some(Clock { part: Some(part), to, ..clock })
}

/// "Before noon or after noon", "before or after noon": the halves of a day.
fn is_half(said: &Said<'_>, at: usize) -> bool {
    let first = said.is_back(at, 1, &["before"]) && said.is(at + 1, &["or"]) && said.is(at + 2, &["after"]);
    let second = said.is_back(at, 1, &["after"]) && said.is_back(at, 2, &["or"]);
    first || (second && [3, 4].iter().any(|back| said.is_back(at, *back, &["before"])))
}

/// "Half past ten", "a quarter to four", "ten past three".
fn past(said: &Said<'_>, at: usize) -> Option<Clock> {
    let first = at + usize::from(said.is(at, &["a"]) && said.is(at + 1, &["quarter"]));
    let in_words = said.is(first, &["half", "quarter"]);
    let minutes = match said.word(first) {
        Some("half") => 30,
        Some("quarter") => 15,
        _ => said.small(first).filter(|minutes| (1..30).contains(minutes))?,
    };
    let named = usize::from(!in_words && said.is(first + 1, &["minutes"]));
    let (link, hour) = (first + 1 + named, first + 2 + named);
    let is_close = (first + 1..=hour).all(|at| said.close(at));
    let round = in_words || named == 1 || matches!(minutes, 5 | 10 | 20 | 25);
    let hour_said = said.small(hour).filter(|hour| (1..=12).contains(hour) && is_close && round)?;
    if said.is(link, &["past"]) || (said.is(link, &["after"]) && minutes == 15 && in_words) {
        return Some(Clock::new(hour_said, minutes, hour + 1));
    }
    // Not "open from ten to four", "after five to ten minutes".
    let sure = in_words || named == 1 || is_led(said, at);
    let to = said.is(link, &["to", "till"]) || (said.is(link, &["of"]) && minutes == 15 && in_words);
    let counts = said.is(hour + 1, UNITS);
    (to && sure && minutes != 30 && !counts).then(|| Clock::before(hour_said, minutes, hour + 1))
}

fn in_part(said: &Said<'_>, at: usize, clock: Clock) -> Clock {
    if let Some((part, to)) = am_pm(said, clock.to).or_else(|| in_the(said, clock.to)) {
        return Clock { part: Some(part), to, ..clock };
    }
    clock.in_part(part_near(said, at, clock.to))
}

/// "In the morning", "at night".
fn in_the(said: &Said<'_>, at: usize) -> Option<(Part, usize)> {
    if said.is(at, &["in"]) && said.is(at + 1, &["the"]) {
        return part(said, at + 2).map(|part| (part, at + 3));
    }
    (said.is(at, &["at"]) && said.is(at + 1, &["night"])).then_some((Part::Night, at + 2))
}

fn part(said: &Said<'_>, at: usize) -> Option<Part> {
    match said.word(at)? {
        "morning" | "mornings" => Some(Part::Morning),
        "afternoon" | "afternoons" | "evening" | "evenings" | "tonight" => Some(Part::Afternoon),
        _ => None,
    }
}

/// "Tuesday afternoon at 3", "3:30 tomorrow afternoon".
fn part_near(said: &Said<'_>, at: usize, to: usize) -> Option<Part> {
    let lead = (1..=2).take_while(|back| said.is_back(at, *back, &AT) || said.is_back(at, *back, &NEAR)).count();
    let before = at.checked_sub(lead + 1).and_then(|at| part(said, at));
    let on = usize::from(said.is(to, &["on"]));
    let is_day = said.is(to, &["this", "tomorrow"])
        || said.word(to + on).is_some_and(|word| weekday(word, said.language).is_some());
    let after = if is_day { part(said, to + on + 1) } else { part(said, to).filter(|_| said.is(to, &["tonight"])) };
    after.or(before)
}

/// What is counted by minutes, streets and the like.
const UNITS: &[&str] = &[
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "percent",
    "dollars",
    "dollar",
    "cents",
    "people",
    "patients",
    "times",
    "blocks",
    "street",
    "st",
    "avenue",
    "ave",
    "road",
    "rd",
    "drive",
    "boulevard",
    "blvd",
    "way",
    "lane",
    "mg",
    "milligrams",
    "appointments",
];

/// Before a number that is a name.
const NAMED: &[&str] = &[
    "suite",
    "unit",
    "room",
    "floor",
    "number",
    "press",
    "dial",
    "extension",
    "ext",
    "box",
    "line",
    "bus",
    "route",
    "option",
    "highway",
    "page",
    "level",
    "is",
    "are",
    "code",
    "call",
];

/// "Ten thirty": in words, or led.
fn pair(said: &Said<'_>, at: usize, found: &[Found]) -> Option<Clock> {
    let hour = said.small(at).filter(|hour| (1..=12).contains(hour))?;
    let dot = said.gap(at + 1) == "." && is_led(said, at);
    let minute = said.minute(at + 1).filter(|minute| minute % 5 == 0 && (said.joined(at + 1) || dot))?;
    let in_words = !said.is_figure(at) && !said.is_figure(at + 1);
    let to = at + 2;
    let listed = ends_time(found, at);
    let after_number = at.checked_sub(1).is_some_and(|before| said.number(before).is_some()) && !listed;
    let is_name = said.is_back(at, 1, NAMED) && !said.is_back(at, 1, &["is", "are"]);
    let before_number = said.number(to).is_some() && !said.is_ordinal(to) && !said.stops(to);
    let street = (to..to + 3).take_while(|at| *at == to || said.close(*at)).any(|at| said.is(at, UNITS));
    let ok = (in_words || is_led(said, at)) && !after_number && !before_number && !is_name && !street;
    (ok && said.gap(to).chars().all(|c| !matches!(c, '%' | '$' | '°' | '/')))
        .then(|| in_part(said, at, Clock::new(hour, minute, to)))
}

/// An hour by itself: "at ten", "from nine to five", "nine to 5 p.m.", "10:30 or 11".
fn alone(said: &Said<'_>, at: usize, found: &[Found]) -> Option<Clock> {
    let hour = said.small(at).filter(|hour| (1..=12).contains(hour))?;
    if at.checked_sub(1).is_some_and(|before| said.number(before).is_some()) || said.gap(at).ends_with(['$', '#', '.'])
    {
        return None;
    }
    let clock = Clock::new(hour, 0, at + 1);
    let links = usize::from(said.is(at + 1, &["to", "until", "till", "or", "through", "and"]));
    let ranged = (links == 1 && !said.is(at + 1, &["and"])) || said.dashed(at + 1) || said.is_back(at, 1, &["between"]);
    if ranged && !said.is_back(at, 1, NAMED) && whole(said, at + 1 + links).is_some() {
        return Some(clock);
    }
    let is_one = hour == 1 && !said.is_figure(at);
    let opens = said.is_back(at, 1, &["from", "between"]) && links == 1 && speaks_of_hours(said, at);
    if opens && said.small(at + 2).is_some_and(|hour| (1..=12).contains(&hour)) && ends_hour(said, at + 3, false) {
        return Some(clock);
    }
    let linked = at > 0 && ends_time(found, at - 1);
    let linked = linked && said.is_back(at, 1, &["or", "and", "to", "until", "till", "through"]);
    let offered = !is_one && said.is_back(at, 1, &["about"]) && said.is_back(at, 2, &["how", "what"]) && said.close(at);
    let led = is_led(said, at) || offered;
    let in_the = in_the(said, at + 1).filter(|_| led || (linked && !is_one));
    if let Some((part, to)) = in_the {
        return Some(Clock { part: Some(part), to, ..clock });
    }
    let goes_on = led || (linked && !is_one);
    (goes_on && ends_hour(said, at + 1, is_one)).then(|| clock.in_part(part_near(said, at, at + 1)))
}

/// In the same sentence, shortly before.
fn speaks_of_hours(said: &Said<'_>, at: usize) -> bool {
    const HOURS: [&str; 7] = ["open", "opens", "hours", "closed", "available", "here", "works"];
    (at.saturating_sub(FAR)..at).rev().take_while(|at| !said.ends_sentence(at + 1)).any(|at| said.is(at, &HOURS))
}

/// What may stand behind an hour. `one`: it may be the pronoun.
fn ends_hour(said: &Said<'_>, mut at: usize, mut one: bool) -> bool {
    const ENDS: &[&str] = &[
        "on", "tomorrow", "today", "tonight", "this", "next", "if", "please", "sharp", "because", "so", "but", "every",
        "daily", "each", "until", "till", "then", "when", "through",
    ];
    // "Ten or eleven": what stands behind the last one counts.
    let far = at + FAR;
    while at < far && said.is(at, &["or", "and", "to"]) && said.close(at) {
        if said.number(at + 1).is_none() {
            return !one;
        }
        if said.small(at + 1).is_none() || whole(said, at + 1).is_some() {
            return true;
        }
        (at, one) = (at + 2, false);
    }
    if said.number(at).is_some() {
        return said.stops(at) && whole(said, at).is_some();
    }
    let named = said.word(at).is_some_and(|word| weekday(word, said.language).is_some());
    let with = !one && said.is(at, &["with", "for", "is"]);
    said.stops(at) || (said.close(at) && (said.is(at, ENDS) || with || named))
}
