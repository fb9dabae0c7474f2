//! Opening times in English.

use jiff::civil::{Time, Weekday};

use super::super::Span;
use super::super::calendar::{Day, Group, Hours, Near};
use super::{list, needs_date, twelve};

pub(super) fn hours(hours: &Hours<'_>) -> String {
    match hours {
        Hours::Week { groups, today } => {
            let week = week(groups);
            match today {
                Some(holiday) => {
                    let name = super::in_language(&holiday.name, crate::language::Language::English);
                    let told = if holiday.hours.is_empty() {
                        "we're closed".to_owned()
                    } else {
                        format!("we're open {}", spans(&holiday.hours))
                    };
                    format!("Today is {name}, so {told}. Otherwise: {week}")
                }
                None => week,
            }
        }
        Hours::Day(day) if day.spans.is_empty() => format!("No, we're closed {}.", on(day)),
        Hours::Day(day) => format!("Yes, {} we're open {}.", on(day), spans(day.spans)),
        Hours::Days(days) => days.iter().map(statement).collect::<Vec<_>>().join(" "),
        Hours::Now { until: Some(until), .. } => format!("Yes, we're open now, until {}.", time(*until)),
        Hours::Now { until: None, next: Some((day, opens)) } => {
            format!("We're closed right now. We open again {} at {}.", on(day), time(*opens))
        }
        Hours::Now { until: None, next: None } => "We're closed right now.".to_owned(),
        Hours::Holidays(days) if days.is_empty() => "There are no holidays coming up.".to_owned(),
        Hours::Holidays(days) => {
            let each: Vec<_> = days
                .iter()
                .map(|d| {
                    if d.spans.is_empty() {
                        format!("closed {}", on(d))
                    } else {
                        format!("open {} {}", on(d), spans(d.spans))
                    }
                })
                .collect();
            format!("Coming up, we're {}.", list(&each, "; ", "; and "))
        }
    }
}

fn statement(day: &Day<'_>) -> String {
    let mut on = on(day);
    if let Some(first) = on.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let comma = if day.near == Near::Today { "" } else { "," };
    if day.spans.is_empty() {
        format!("{on}{comma} we're closed.")
    } else {
        format!("{on}{comma} we're open {}.", spans(day.spans))
    }
}

fn week(groups: &[Group<'_>]) -> String {
    let open: Vec<_> = groups
        .iter()
        .filter(|g| !g.spans.is_empty())
        .map(|g| format!("{} {}", days(&g.days), spans(g.spans)))
        .collect();
    let mut said = format!("We're open {}.", list(&open, ", ", ", and "));
    if let Some(closed) = groups.iter().find(|g| g.spans.is_empty()) {
        said.push_str(&format!(" We're closed on {}.", days(&closed.days)));
    }
    said
}

/// "today", "tomorrow, Sunday", "on Saturday", "on Christmas Day, Friday, December 25".
fn on(day: &Day<'_>) -> String {
    let weekday = weekday(day.date.weekday());
    let holiday = day.holiday.map(|h| super::in_language(&h.name, crate::language::Language::English));
    let date = format!("{weekday}, {}", day.date.strftime("%B %-d"));
    match (day.near, holiday) {
        (Near::Today, None) => "today".to_owned(),
        (Near::Today, Some(name)) => format!("today, {name},"),
        (Near::Tomorrow, None) => format!("tomorrow, {weekday}"),
        (Near::Tomorrow, Some(name)) => format!("tomorrow, {name}"),
        (near, Some(name)) if needs_date(near) => format!("on {name}, {date}"),
        (_, Some(name)) => format!("this {weekday}, {name}"),
        (near, None) if needs_date(near) => format!("on {date}"),
        (_, None) => format!("on {weekday}"),
    }
}

fn spans(spans: &[Span]) -> String {
    let each: Vec<_> = spans.iter().map(|s| format!("from {} to {}", time(s.from), time(s.to))).collect();
    list(&each, ", ", " and ")
}

pub(super) fn time(at: Time) -> String {
    let (hour, minute, afternoon) = twelve(at);
    let half = if afternoon { "PM" } else { "AM" };
    match (hour, minute, afternoon) {
        (12, 0, true) => "noon".to_owned(),
        (_, 0, _) => format!("{hour} {half}"),
        (..) => format!("{hour}:{minute:02} {half}"),
    }
}

/// "Monday to Friday" where they follow each other.
fn days(days: &[Weekday]) -> String {
    let consecutive = days.windows(2).all(|w| w[0].next() == w[1]);
    match days {
        [first, .., last] if consecutive && days.len() > 2 => format!("{} to {}", weekday(*first), weekday(*last)),
        _ => list(&days.iter().map(|d| weekday(*d)).collect::<Vec<_>>(), ", ", " and "),
    }
}

pub(super) const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
