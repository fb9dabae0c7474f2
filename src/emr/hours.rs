//! Days that are unlike what the template says: holidays, days with hours of their own, and weekdays on which the clinic is closed.
//!
//! A template that offers times on a weekday without `[hours]` is not believed: whoever came would stand before a closed door. Within an open day the template
//! alone says when. A day with hours of its own is as they say, whatever the weekday.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};

use super::slot;
use crate::clinic::calendar::{WEEK, of_weekday};
use crate::clinic::{Clinic, Span};

/// See the module header.
#[derive(Clone, Debug)]
pub(super) struct Unlike {
    /// Hours of each such day; none: closed.
    days: BTreeMap<Date, Vec<Span>>,
    /// From Monday: 0.
    closed: BTreeSet<i8>,
}

impl Unlike {
    /// Hours of that day, if it is unlike; none of them: closed.
    pub(super) fn of(&self, day: Date) -> Option<&[Span]> {
        let is_closed = || self.closed.contains(&day.weekday().to_monday_zero_offset());
        self.days.get(&day).map(Vec::as_slice).or_else(|| is_closed().then_some::<&[Span]>(&[]))
    }
}

pub(super) fn unlike(clinic: &Clinic) -> Unlike {
    let config = &clinic.config;
    let closed = WEEK.into_iter().filter(|weekday| of_weekday(config, *weekday).is_empty());
    Unlike {
        days: config.holidays.iter().map(|h| (h.date, h.hours.clone())).collect(),
        closed: closed.map(|weekday| weekday.to_monday_zero_offset()).collect(),
    }
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_weekday_without_hours_is_closed_and_a_day_with_hours_of_its_own_is_open_on_any() {
        let sample = include_str!("../../agents/sample-clinic.toml");
        let sunday =
            "[[holidays]]\ndate = \"2026-11-29\"\nname = { \"en-CA\" = \"Flu shots\" }\nhours = [\"10:00-14:00\"]\n";
        let clinic = Clinic::of(&sample.replacen("[[holidays]]", &format!("{sunday}\n[[holidays]]"), 1), "c").unwrap();
        let unlike = unlike(&clinic);
        let closed: Vec<bool> = (22..=29).map(|day| is_closed(unlike.of(date(2026, 11, day)))).collect();
        // From one Sunday to the next.
        assert_eq!(closed, [true, false, false, false, false, false, false, false]);
        assert!(unlike.of(date(2026, 11, 23)).is_none(), "the template alone");
        assert!(take(unlike.of(date(2026, 11, 29)), date(2026, 11, 29).at(13, 45, 0, 0), 15));
        assert!(!take(unlike.of(date(2026, 11, 29)), date(2026, 11, 29).at(14, 0, 0, 0), 15));
        assert!(is_closed(unlike.of(date(2026, 12, 25))));
    }
}
