//! Days of the clinic that are unlike their weekday: holidays, and days with hours of their own.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};

use super::slot;
use crate::clinic::{Clinic, Span};

/// Hours of each such day; none: closed.
pub(super) type Unlike = BTreeMap<Date, Vec<Span>>;

pub(super) fn unlike(clinic: &Clinic) -> Unlike {
    clinic.config.holidays.iter().map(|h| (h.date, h.hours.clone())).collect()
}

/// Whether the day is closed.
pub(super) fn is_closed(hours: Option<&[Span]>) -> bool {
    hours.is_some_and(<[Span]>::is_empty)
}

/// Whether so many minutes from that time on are within the day's own hours, if it has any.
pub(super) fn take(hours: Option<&[Span]>, start: DateTime, minutes: u16) -> bool {
    let end = slot::end_of(start, minutes).time();
    hours.is_none_or(|spans| spans.is_empty() || spans.iter().any(|s| s.from <= start.time() && end <= s.to))
}
