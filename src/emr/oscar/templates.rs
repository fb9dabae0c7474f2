//! A provider's day as callers are offered it, and for how long what OSCAR said of it holds.
//!
//! Templates are kept for five minutes; appointments never are. Closed: holidays of OSCAR (whose slots come all the same), those of the
//! clinic's file, days without a template, and days on which the clocks change where the server counts in a zone with summer time: its
//! slots are an hour off then, and which hour is not told.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::failure::Failure;
use super::super::hours::{self, Unlike};
use super::super::kept::Kept;
use super::super::{DaySchedule, ProviderRef, TemplateSlot};
use super::operations::WorkDay;
use super::soap::Soap;
use super::wall;
use crate::clinic::{Clinic, Span};

/// Days of providers that are kept: sixty providers for a month and more.
const MOST: usize = 4_096;

/// See the module header.
#[derive(Debug)]
pub(super) struct Templates {
    zone: TimeZone,
    unlike: Unlike,
    /// A day, if the provider works on it.
    kept: Kept<(ProviderRef, Date), Option<DaySchedule>>,
}

impl Templates {
    pub(super) fn new(clinic: &Clinic) -> Self {
        Self { zone: clinic.zone.clone(), unlike: hours::unlike(clinic), kept: Kept::new(MOST) }
    }

    /// `None`: the provider does not work that day.
    pub(super) async fn of(
        &self,
        soap: &Soap,
        provider: &ProviderRef,
        day: Date,
    ) -> Result<Option<DaySchedule>, Failure> {
        let key = (provider.clone(), day);
        if let Some(schedule) = self.kept.get(&key) {
            return Ok(schedule);
        }
        let work = soap.day_work_schedule(provider, day).await?;
        let changes = wall::clocks_change(day, &self.zone);
        let schedule = work.and_then(|work| schedule(work, day, self.unlike.of(day), changes));
        self.kept.put(key, schedule.clone());
        Ok(schedule)
    }
}

fn schedule(work: WorkDay, day: Date, hours: Option<&[Span]>, clocks_change: bool) -> Option<DaySchedule> {
    let slot_minutes = work.slot_minutes.filter(|minutes| (1..=240).contains(minutes))?;
    if clocks_change && !work.utc {
        tracing::info!(%day, "the clocks change that day and OSCAR's slots are an hour off: none is offered");
        return None;
    }
    let mut slots: Vec<TemplateSlot> = work
        .slots
        .into_iter()
        .filter(|(start, _)| start.date() == day && hours::take(hours, *start, slot_minutes))
        .map(|(start, code)| TemplateSlot { start, code })
        .collect();
    slots.sort_by_key(|slot| slot.start);
    let holiday = work.holiday || hours::is_closed(hours);
    Some(DaySchedule { holiday, slot_minutes, slots })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const DAY: Date = date(2026, 3, 8);

    fn work(utc: bool) -> WorkDay {
        let slots = [10, 9, 11].iter().map(|hour| (DAY.at(*hour, 0, 0, 0), '1')).collect();
        WorkDay { holiday: false, slot_minutes: Some(15), slots, utc }
    }

    #[test]
    fn a_day_on_which_the_clocks_change_is_believed_of_a_server_in_utc_alone() {
        assert!(schedule(work(false), DAY, None, true).is_none());
        assert_eq!(schedule(work(true), DAY, None, true).unwrap().slots.len(), 3);
        assert_eq!(schedule(work(false), DAY, None, false).unwrap().slots[0].start, DAY.at(9, 0, 0, 0));
    }

    #[test]
    fn holidays_of_either_side_are_closed_and_short_days_are_short() {
        assert!(schedule(WorkDay { holiday: true, ..work(true) }, DAY, None, false).unwrap().holiday);
        assert!(schedule(work(true), DAY, Some(&[]), false).unwrap().holiday);
        let hours = [Span::try_from("08:30-10:15".to_owned()).unwrap()];
        let short = schedule(work(true), DAY, Some(&hours), false).unwrap();
        assert!(!short.holiday);
        assert_eq!(short.slots.len(), 2);
    }

    #[test]
    fn a_missing_template_is_a_day_off() {
        assert!(schedule(WorkDay { slot_minutes: None, ..work(true) }, DAY, None, false).is_none());
        assert!(schedule(WorkDay { slot_minutes: Some(0), ..work(true) }, DAY, None, false).is_none());
    }
}
