//! A time of day, whatever the language: figures, and what a part of the day makes of an hour.

use super::said::Said;
use super::{Half, Mention};

/// A time as read, up to the item `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) part: Option<Part>,
    pub(super) to: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Morning,
    /// Around noon.
    Noon,
    /// Afternoon and evening.
    Afternoon,
    /// Around midnight.
    Night,
}

impl Clock {
    pub(super) const fn new(hour: u8, minute: u8, to: usize) -> Self {
        Self { hour, minute, part: None, to }
    }

    pub(super) const fn noon(to: usize) -> Self {
        Self { hour: 12, minute: 0, part: Some(Part::Noon), to }
    }

    pub(super) const fn midnight(to: usize) -> Self {
        Self::new(0, 0, to)
    }

    /// So many minutes before the hour.
    pub(super) const fn before(hour: u8, minutes: u8, to: usize) -> Self {
        let earlier = match hour {
            1 => 12,
            0 => 23,
            hour => hour - 1,
        };
        Self::new(earlier, 60 - minutes, to)
    }

    pub(super) fn in_part(self, part: Option<Part>) -> Self {
        Self { part: self.part.or(part), ..self }
    }

    pub(super) fn mention(self) -> Mention {
        let Self { hour, minute, part, .. } = self;
        let said = |hour| Mention::Time { hour, minute, half: Half::Said };
        match (hour, part) {
            (0 | 13.., _) => said(hour),
            (hour, None) => Mention::Time { hour, minute, half: Half::Unsaid },
            (12, Some(Part::Morning | Part::Night)) => said(0),
            (12, Some(Part::Noon | Part::Afternoon)) | (_, Some(Part::Morning)) => said(hour),
            (10 | 11, Some(Part::Noon)) | (1..=4, Some(Part::Night)) => said(hour),
            (hour, Some(Part::Noon | Part::Afternoon | Part::Night)) => said(hour + 12),
        }
    }
}

/// "10:30", "14:15:00".
pub(super) fn figures(said: &Said<'_>, at: usize) -> Option<Clock> {
    let colon = |at: usize| matches!(said.gap(at), ":" | "：");
    let hour = said.small(at).filter(|hour| *hour < 24 && !colon(at))?;
    let minute = said.minute(at + 1).filter(|_| colon(at + 1))?;
    let seconds = usize::from(said.minute(at + 2).is_some() && colon(at + 2));
    Some(Clock::new(hour, minute, at + 2 + seconds))
}

/// 2026-11-24, 2026/11/24, 2026.11.24: year, month, day, and what follows.
pub(super) fn of_year(said: &Said<'_>, at: usize) -> Option<(Mention, usize)> {
    let sign = said.gap(at + 1);
    let year = said.year(at).filter(|_| matches!(sign, "-" | "/" | "." | "\u{2011}") && said.gap(at + 2) == sign)?;
    let month = said.day(at + 1).filter(|month| *month <= 12)?;
    let day = said.day(at + 2)?;
    Some((Mention::Date { year: Some(year), month: Some(month), day }, at + 3))
}

/// Three numbers with a stroke or a hyphen, the year last. What cannot be a month is the day.
pub(super) fn in_figures(said: &Said<'_>, at: usize, order: Order) -> Option<(Mention, usize)> {
    let sign = said.gap(at + 1);
    if !matches!(sign, "/" | "-") || said.gap(at + 2) != sign {
        return None;
    }
    let (first, second, year) = (said.day(at)?, said.day(at + 1)?, said.year(at + 2)?);
    let (month, day) = match order {
        Order::MonthFirst if first <= 12 => (first, second),
        Order::DayFirst if second <= 12 => (second, first),
        Order::MonthFirst => (second, first),
        Order::DayFirst => (first, second),
    };
    (month <= 12).then_some((Mention::Date { year: Some(year), month: Some(month), day }, at + 3))
}

/// How a date is written in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    MonthFirst,
    DayFirst,
}

/// "a.m.", "PM", and the item after it.
pub(super) fn am_pm(said: &Said<'_>, at: usize) -> Option<(Part, usize)> {
    if !said.joined(at) {
        return None;
    }
    let half = |letter: &str| if letter.starts_with('a') { Part::Morning } else { Part::Afternoon };
    match said.word(at)? {
        word @ ("am" | "pm") => Some((half(word), at + 1)),
        word @ ("a" | "p") if said.is(at + 1, &["m"]) && matches!(said.gap(at + 1), "." | ". " | " ") => {
            Some((half(word), at + 2))
        }
        _ => None,
    }
}
