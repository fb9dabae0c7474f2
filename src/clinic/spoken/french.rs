//! Opening times in Canadian French.

use jiff::civil::{Date, Time, Weekday};

use super::super::Span;
use super::super::calendar::{Day, Group, Hours, Near};
use super::{list, needs_date};
use crate::language::Language;

pub(super) fn hours(hours: &Hours<'_>) -> String {
    match hours {
        Hours::Week { groups, today } => {
            let week = week(groups);
            match today {
                Some(holiday) => format!(
                    "Aujourd'hui, c'est {}. {} En temps normal : {week}",
                    super::in_language(&holiday.name, Language::French),
                    state(&holiday.hours)
                ),
                None => week,
            }
        }
        Hours::Day(day) if day.spans.is_empty() => format!("Non, {}, nous sommes fermés.", on(day)),
        Hours::Day(day) => format!("Oui, {}, nous sommes ouverts {}.", on(day), spans(day.spans)),
        Hours::Days(days) | Hours::Holidays(days) if days.is_empty() => "Aucun jour férié n'approche.".to_owned(),
        Hours::Days(days) | Hours::Holidays(days) => {
            let each: Vec<_> = days
                .iter()
                .map(|d| {
                    if d.spans.is_empty() {
                        format!("{}, nous sommes fermés", on(d))
                    } else {
                        format!("{}, nous sommes ouverts {}", on(d), spans(d.spans))
                    }
                })
                .collect();
            format!("Voici: {}.", list(&each, "; ", "; et "))
        }
        Hours::Now { until: Some(until), .. } => format!("Oui, nous sommes ouverts, jusqu'à {}.", time(*until)),
        Hours::Now { until: None, next: Some((day, opens)) } => {
            format!("Nous sommes fermés en ce moment. Nous ouvrons {} à {}.", on(day), time(*opens))
        }
        Hours::Now { until: None, next: None } => "Nous sommes fermés en ce moment.".to_owned(),
    }
}

fn state(open: &[Span]) -> String {
    if open.is_empty() { "Nous sommes fermés.".to_owned() } else { format!("Nous sommes ouverts {}.", spans(open)) }
}

fn week(groups: &[Group<'_>]) -> String {
    let open: Vec<_> = groups
        .iter()
        .filter(|g| !g.spans.is_empty())
        .map(|g| {
            format!(
                "le {} {}",
                list(&g.days.iter().map(|d| weekday(*d)).collect::<Vec<_>>(), ", le ", " et le "),
                spans(g.spans)
            )
        })
        .collect();
    let mut said = format!("Nous sommes ouverts {}.", list(&open, "; ", "; et "));
    if let Some(closed) = groups.iter().find(|g| g.spans.is_empty()) {
        let days: Vec<_> = closed.days.iter().map(|d| weekday(*d)).collect();
        said.push_str(&format!(" Nous sommes fermés le {}.", list(&days, ", le ", " et le ")));
    }
    said
}

fn on(day: &Day<'_>) -> String {
    let weekday = weekday(day.date.weekday());
    let near = match day.near {
        Near::Today => "aujourd'hui".to_owned(),
        Near::Tomorrow => format!("demain, {weekday}"),
        near if needs_date(near) => format!("le {weekday} {}", date(day.date)),
        Near::ThisWeek | Near::Later => weekday.to_owned(),
    };
    match day.holiday {
        Some(holiday) => format!("{near}, {}", super::in_language(&holiday.name, Language::French)),
        None => near,
    }
}

pub(super) fn date(date: Date) -> String {
    const MONTHS: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    let day = if date.day() == 1 { "premier".to_owned() } else { date.day().to_string() };
    format!("{day} {}", MONTHS[usize::from(date.month().unsigned_abs()) - 1])
}

fn spans(spans: &[Span]) -> String {
    let each: Vec<_> = spans.iter().map(|s| format!("de {} à {}", time(s.from), time(s.to))).collect();
    list(&each, ", ", " et ")
}

pub(super) fn time(at: Time) -> String {
    match (at.hour(), at.minute()) {
        (12, 0) => "midi".to_owned(),
        (hour, 0) => format!("{hour} heures"),
        (hour, minute) => format!("{hour} heures {minute:02}"),
    }
}

pub(super) const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "lundi",
        Weekday::Tuesday => "mardi",
        Weekday::Wednesday => "mercredi",
        Weekday::Thursday => "jeudi",
        Weekday::Friday => "vendredi",
        Weekday::Saturday => "samedi",
        Weekday::Sunday => "dimanche",
    }
}
