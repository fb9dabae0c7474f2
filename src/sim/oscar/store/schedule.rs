//! A provider's day by its template: 24 hours cut into as many slots as the template has signs.

use jiff::civil::Date;

use super::Store;

/// Of these signs one means that nothing is there.
const NOTHING: char = '_';

const DAY_MINUTES: usize = 24 * 60;

/// One day of a provider's template.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct DaySchedule {
    /// A flag and no more: the slots are there all the same.
    pub(in super::super) holiday: bool,
    /// None: the template that is named does not exist.
    pub(in super::super) slots: Option<Slots>,
}

#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Slots {
    pub(in super::super) minutes: usize,
    /// Minute of the day, counted from midnight in absolute time, and code.
    pub(in super::super) filled: Vec<(usize, char)>,
}

impl Store {
    /// None: no row for that day, the provider does not work.
    pub(in super::super) fn day_schedule(&self, provider: &str, day: Date) -> Option<DaySchedule> {
        let name = self.dates.get(&(provider.to_owned(), day))?;
        let template = |owner: &str| self.templates.get(&(owner.to_owned(), name.clone()));
        let slots = template(provider).or_else(|| template("Public")).map(|timecode| {
            let minutes = DAY_MINUTES / timecode.chars().count().max(1);
            let filled = timecode.chars().enumerate().filter(|(_, code)| *code != NOTHING);
            Slots { minutes, filled: filled.map(|(n, code)| (n * minutes, code)).collect() }
        });
        Some(DaySchedule { holiday: self.holidays.contains(&day), slots })
    }
}
