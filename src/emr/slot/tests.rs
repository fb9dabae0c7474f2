use jiff::civil::{DateTime, Time, date};
use proptest::prelude::*;

use super::super::{AppointmentRef, ProviderRef, TemplateSlot};
use super::*;

fn zone() -> TimeZone {
    TimeZone::get("America/Toronto").unwrap()
}

fn day(on: jiff::civil::Date, slot_minutes: u16, codes: &str) -> DaySchedule {
    let slot = |(at, code)| {
        let minutes = i64::try_from(at).unwrap() * i64::from(slot_minutes);
        TemplateSlot { start: on.to_datetime(Time::midnight()).saturating_add(minutes.minutes()), code }
    };
    let slots = codes.chars().enumerate().map(slot).filter(|s| s.code != '_').collect();
    DaySchedule { holiday: false, slot_minutes, slots }
}

fn appointment(start: DateTime, end: DateTime) -> Appointment {
    Appointment { id: AppointmentRef("1".into()), patient: None, provider: ProviderRef("101".into()), start, end }
}

fn starts(day: &DaySchedule, busy: &[Appointment], minutes: u16, earliest: DateTime) -> Vec<DateTime> {
    free(day, busy, &Wish { minutes, earliest, zone: &zone() }, |code, _| code == '1')
}

#[test]
fn a_holidays_slots_are_closed() {
    let on = date(2026, 12, 1);
    let mut schedule = day(on, 60, "_________111");
    assert_eq!(starts(&schedule, &[], 60, on.at(0, 0, 0, 0)).len(), 3);
    schedule.holiday = true;
    assert!(starts(&schedule, &[], 60, on.at(0, 0, 0, 0)).is_empty());
}

#[test]
fn a_long_visit_needs_adjacent_slots_of_allowed_codes() {
    let on = date(2026, 12, 1);
    let schedule = day(on, 60, "_________11_1V111");
    let found = starts(&schedule, &[], 90, on.at(0, 0, 0, 0));
    assert_eq!(found, [on.at(9, 0, 0, 0), on.at(14, 0, 0, 0), on.at(15, 0, 0, 0)]);
}

#[test]
fn hours_that_the_clocks_skip_or_repeat_are_not_offered() {
    for changes in [date(2026, 3, 8), date(2026, 11, 1)] {
        let schedule = day(changes, 30, &"1".repeat(48));
        let found = starts(&schedule, &[], 30, changes.at(0, 0, 0, 0));
        // Of 48, two in the hour that the clocks change and one that would end after the day.
        assert_eq!(found.len(), 45, "{changes}");
    }
}

#[test]
fn stored_ends_are_repaired() {
    let on = date(2026, 12, 1);
    let nine = |minute, second| on.at(9, minute, second, 0);
    for (stored, end) in [
        (nine(14, 59), nine(15, 0)),
        (nine(14, 0), nine(15, 0)),
        (nine(15, 0), nine(15, 0)),
        (nine(13, 59), nine(15, 0)),
        (nine(10, 0), nine(10, 0)),
        (on.at(9, 14, 59, 999_000_000), nine(15, 0)),
    ] {
        assert_eq!(exclusive_end(stored, 15), end, "{stored}");
    }
}

#[test]
fn the_last_slot_of_a_day_does_not_cross_midnight() {
    let on = date(2026, 12, 1);
    let schedule = day(on, 30, &"1".repeat(48));
    assert_eq!(starts(&schedule, &[], 60, on.at(22, 0, 0, 0)).last(), Some(&on.at(22, 30, 0, 0)));
}

proptest! {
    /// Against a count of every minute: a start is offered exactly if all its slots are allowed, free and late enough.
    #[test]
    fn offered_exactly_when_every_slot_is_allowed_and_free(
        codes in "[1V_]{24}",
        busy in prop::collection::vec((0_i64..1_380, 0_i64..60, 0_i64..60), 0..6),
        minutes in 5_u16..150,
        from in 0_i64..1_440,
    ) {
        let on = date(2026, 12, 1);
        let midnight = on.at(0, 0, 0, 0);
        let schedule = day(on, 60, &codes);
        let busy: Vec<_> = busy
            .into_iter()
            .map(|(start, long, seconds)| {
                let start = midnight.saturating_add(start.minutes());
                appointment(start, start.saturating_add(long.minutes()).saturating_add(seconds.seconds()))
            })
            .collect();
        let earliest = midnight.saturating_add(from.minutes());
        let found = starts(&schedule, &busy, minutes, earliest);
        let codes: Vec<char> = codes.chars().collect();
        let needed = usize::from(minutes.div_ceil(60));
        for hour in 0..24 {
            let slots = hour..hour + needed;
            let start = midnight.saturating_add((i64::try_from(hour).unwrap() * 60).minutes());
            let end = start.saturating_add((i64::try_from(needed).unwrap() * 60).minutes());
            let fits = hour + needed <= 24
                && codes[slots].iter().all(|c| *c == '1')
                && start >= earliest
                && end_of(start, minutes).date() == on
                && !busy.iter().any(|a| {
                    overlap((start, end), (a.start, exclusive_end(a.end, 60).max(a.start.saturating_add(1.second()))))
                });
            prop_assert_eq!(found.contains(&start), fits, "{}", start);
        }
    }

    /// Never earlier than stored, never more than two minutes later, and settled after one repair.
    #[test]
    fn a_repaired_end_stays_repaired(minute in 0_i64..1_380, second in 0_i64..60, slot in 5_u16..61) {
        let stored = date(2026, 12, 1).at(0, 0, 0, 0).saturating_add(minute.minutes()).saturating_add(second.seconds());
        let end = exclusive_end(stored, slot);
        prop_assert!(end >= stored && end <= stored.saturating_add(2.minutes()));
        prop_assert_eq!(exclusive_end(end, slot), end);
    }
}
