//! Slot arithmetic: which times of a day a visit can have.
//!
//! Pure, in the clinic's wall-clock time. A visit takes as many adjacent slots as it needs; each must be allowed by its template code
//! and free; holidays, the past, short notice, and times that a change of the clocks skips or repeats are never offered.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use super::{Appointment, DaySchedule};

/// What is asked of a day.
#[derive(Debug)]
pub struct Wish<'a> {
    pub minutes: u16,
    /// Not before: now and the notice a clinic wants.
    pub earliest: DateTime,
    pub zone: &'a TimeZone,
}

/// The starts at which the visit fits, in order of time. `allows` tells whether a code may be used for it at that time.
pub fn free(
    day: &DaySchedule,
    busy: &[Appointment],
    wish: &Wish<'_>,
    allows: impl Fn(char, DateTime) -> bool,
) -> Vec<DateTime> {
    if day.holiday || day.slot_minutes == 0 || wish.minutes == 0 {
        return Vec::new();
    }
    let needed = usize::from(wish.minutes.div_ceil(day.slot_minutes));
    let length = i64::from(day.slot_minutes).minutes();
    let busy: Vec<_> = busy
        .iter()
        .map(|a| (a.start, exclusive_end(a.end, day.slot_minutes).max(a.start.saturating_add(1.second()))))
        .collect();
    let open = |slot: &super::TemplateSlot| {
        let end = slot.start.saturating_add(length);
        slot.start >= wish.earliest
            && allows(slot.code, slot.start)
            && !wish.zone.to_ambiguous_timestamp(slot.start).is_ambiguous()
            && !busy.iter().any(|(from, to)| *from < end && *to > slot.start)
    };
    let mut free: Vec<_> = day.slots.iter().filter(|slot| open(slot)).collect();
    // Of two codes at one time either will do.
    free.dedup_by_key(|slot| slot.start);
    free.windows(needed)
        .filter(|run| run.windows(2).all(|two| two[0].start.saturating_add(length) == two[1].start))
        // A visit never crosses midnight.
        .filter(|run| end_of(run[0].start, wish.minutes).date() == run[0].start.date())
        .map(|run| run[0].start)
        .collect()
}

/// The exclusive end of a visit.
pub fn end_of(start: DateTime, minutes: u16) -> DateTime {
    start.saturating_add(i64::from(minutes).minutes())
}

/// Two spans of time, ends exclusive, share a moment.
pub fn overlap(one: (DateTime, DateTime), other: (DateTime, DateTime)) -> bool {
    one.0 < other.1 && other.0 < one.1
}

/// The exclusive end of an appointment as stored. EMRs store it a second or a minute short (`09:14:59`, `09:14:00` for `09:15`): seconds
/// are rounded up to the minute, and an end one minute short of a slot's boundary is that boundary.
pub fn exclusive_end(stored: DateTime, slot_minutes: u16) -> DateTime {
    let second = i64::from(stored.second());
    let whole = stored.saturating_sub(SignedDuration::from_nanos(i64::from(stored.subsec_nanosecond())));
    let minute = if second > 0 || whole != stored { whole.saturating_add((60 - second).seconds()) } else { whole };
    let of_day = u16::from(minute.hour().unsigned_abs()) * 60 + u16::from(minute.minute().unsigned_abs());
    if slot_minutes > 1 && (of_day + 1) % slot_minutes == 0 { minute.saturating_add(1.minute()) } else { minute }
}

#[cfg(test)]
mod tests;
