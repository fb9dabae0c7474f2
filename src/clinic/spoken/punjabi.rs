//! Opening times in Punjabi.

use jiff::civil::{Date, Time, Weekday};

use super::super::Span;
use super::super::calendar::{Day, Group, Hours, Near};
use super::{list, needs_date, twelve};
use crate::language::Language;

pub(super) fn hours(hours: &Hours<'_>) -> String {
    match hours {
        Hours::Week { groups, today } => {
            let week = week(groups);
            match today {
                Some(holiday) => format!(
                    "ਅੱਜ {} ਹੈ, ਅਸੀਂ {}। {week}",
                    super::in_language(&holiday.name, Language::Punjabi),
                    state(&holiday.hours)
                ),
                None => week,
            }
        }
        Hours::Day(day) => format!("{} ਅਸੀਂ {}।", on(day), state(day.spans)),
        Hours::Days(days) | Hours::Holidays(days) if days.is_empty() => "ਨੇੜੇ ਕੋਈ ਛੁੱਟੀ ਨਹੀਂ ਹੈ।".to_owned(),
        Hours::Days(days) | Hours::Holidays(days) => {
            days.iter().map(|d| format!("{} ਅਸੀਂ {}।", on(d), state(d.spans))).collect::<Vec<_>>().join(" ")
        }
        Hours::Now { until: Some(until), .. } => format!("ਹਾਂਜੀ, ਅਸੀਂ ਹੁਣ {} ਵਜੇ ਤੱਕ ਖੁੱਲ੍ਹੇ ਹਾਂ।", time(*until)),
        Hours::Now { until: None, next: Some((day, opens)) } => {
            format!("ਅਸੀਂ ਹੁਣ ਬੰਦ ਹਾਂ। ਅਸੀਂ {} {} ਵਜੇ ਖੁੱਲ੍ਹਾਂਗੇ।", on(day), time(*opens))
        }
        Hours::Now { until: None, next: None } => "ਅਸੀਂ ਹੁਣ ਬੰਦ ਹਾਂ।".to_owned(),
    }
}

fn state(open: &[Span]) -> String {
    if open.is_empty() {
        "ਬੰਦ ਹਾਂ".to_owned()
    } else {
        format!("{} ਖੁੱਲ੍ਹੇ ਹਾਂ", spans(open))
    }
}

fn week(groups: &[Group<'_>]) -> String {
    groups
        .iter()
        .map(|g| {
            let days = list(&g.days.iter().map(|d| weekday(*d)).collect::<Vec<_>>(), ", ", " ਅਤੇ ");
            format!("{days} ਨੂੰ ਅਸੀਂ {}।", state(g.spans))
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn on(day: &Day<'_>) -> String {
    let weekday = weekday(day.date.weekday());
    let near = match day.near {
        Near::Today => "ਅੱਜ".to_owned(),
        Near::Tomorrow => format!("ਕੱਲ੍ਹ {weekday} ਨੂੰ"),
        near if needs_date(near) => format!("{} {weekday} ਨੂੰ", date(day.date)),
        Near::ThisWeek | Near::Later => format!("{weekday} ਨੂੰ"),
    };
    match day.holiday {
        Some(holiday) => format!("{near}, {},", super::in_language(&holiday.name, Language::Punjabi)),
        None => near,
    }
}

pub(super) fn date(date: Date) -> String {
    const MONTHS: [&str; 12] =
        ["ਜਨਵਰੀ", "ਫਰਵਰੀ", "ਮਾਰਚ", "ਅਪ੍ਰੈਲ", "ਮਈ", "ਜੂਨ", "ਜੁਲਾਈ", "ਅਗਸਤ", "ਸਤੰਬਰ", "ਅਕਤੂਬਰ", "ਨਵੰਬਰ", "ਦਸੰਬਰ"];
    format!("{} {}", date.day(), MONTHS[usize::from(date.month().unsigned_abs()) - 1])
}

fn spans(spans: &[Span]) -> String {
    let each: Vec<_> = spans.iter().map(|s| format!("{} ਵਜੇ ਤੋਂ {} ਵਜੇ ਤੱਕ", time(s.from), time(s.to))).collect();
    list(&each, ", ", " ਅਤੇ ")
}

pub(super) fn time(at: Time) -> String {
    let (hour, minute, _) = twelve(at);
    let part = match at.hour() {
        0..=11 => "ਸਵੇਰੇ",
        12..=15 => "ਦੁਪਹਿਰ",
        _ => "ਸ਼ਾਮ",
    };
    if minute == 0 { format!("{part} {hour}") } else { format!("{part} {hour}:{minute:02}") }
}

pub(super) const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "ਸੋਮਵਾਰ",
        Weekday::Tuesday => "ਮੰਗਲਵਾਰ",
        Weekday::Wednesday => "ਬੁੱਧਵਾਰ",
        Weekday::Thursday => "ਵੀਰਵਾਰ",
        Weekday::Friday => "ਸ਼ੁੱਕਰਵਾਰ",
        Weekday::Saturday => "ਸ਼ਨੀਵਾਰ",
        Weekday::Sunday => "ਐਤਵਾਰ",
    }
}
