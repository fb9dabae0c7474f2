//! The clinic's wall clock as OSCAR writes it: naive times, whatever zone its server runs in.
//!
//! Decides that an offset in an answer is dropped and its digits are kept, and that none is ever sent: servers have been seen to run in
//! UTC with the clinic's own times, so that ten o'clock came back as `10:00:00Z`. Pure.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

/// Visits last whole multiples of so many minutes.
const STEP: i64 = 5;

/// As arguments: no offset, no fraction.
pub(super) fn written(at: DateTime) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The digits of an `xs:dateTime`, or of an `xs:date` at midnight.
pub(super) fn read(text: &str) -> Option<DateTime> {
    let text = text.trim();
    if !text.is_ascii() {
        return None;
    }
    match text.split_once('T') {
        Some((date, time)) => {
            let digits = time.find(['Z', '+', '-']).map_or(time, |at| &time[..at]);
            format!("{date}T{digits}").parse().ok()
        }
        None => text.get(..10)?.parse::<Date>().ok().map(|date| date.to_datetime(jiff::civil::Time::midnight())),
    }
}

/// Whether an `xs:dateTime` was written by a server that runs in UTC.
pub(super) fn is_utc(text: &str) -> bool {
    let text = text.trim();
    ["Z", "+00:00", "-00:00"].iter().any(|zone| text.ends_with(zone))
}

/// The exclusive end of an appointment as stored: a second or two short (`09:14:59` for `09:15`) as this interface leaves it, or a minute
/// short (`09:14`) as the web pages do.
pub(super) fn exclusive_end(start: DateTime, stored: DateTime) -> DateTime {
    let over = SignedDuration::from_secs(i64::from(stored.second()))
        + SignedDuration::from_nanos(i64::from(stored.subsec_nanosecond()));
    let end = if over.is_zero() {
        let minutes = stored.duration_since(start).as_mins();
        if (minutes + 1) % STEP == 0 { stored.saturating_add(1.minute()) } else { stored }
    } else {
        stored.saturating_add(SignedDuration::from_mins(1) - over)
    };
    end.max(start)
}

/// Whether the clocks change on that day: a server in the clinic's zone adds a template's minutes to midnight in absolute time, so its
/// slots are an hour off from then on.
pub(super) fn clocks_change(day: Date, zone: &TimeZone) -> bool {
    let length = |date: Date| date.to_zoned(zone.clone()).ok();
    let next = day.saturating_add(1.day());
    match (length(day), length(next)) {
        (Some(from), Some(to)) => from.duration_until(&to) != SignedDuration::from_hours(24),
        (None, _) | (Some(_), None) => true,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, datetime};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_are_dropped_and_digits_kept() {
        let ten = datetime(2026, 3, 3, 10, 0, 0, 0);
        for text in [
            "2026-03-03T10:00:00Z",
            "2026-03-03T10:00:00-05:00",
            "2026-03-03T10:00:00+05:30",
            " 2026-03-03T10:00:00 ",
            "2026-03-03T10:00:00.000-08:00",
        ] {
            assert_eq!(read(text), Some(ten), "{text}");
        }
        assert_eq!(read("1984-03-09"), Some(date(1984, 3, 9).at(0, 0, 0, 0)));
        assert_eq!(read("1984-03-09-05:00"), Some(date(1984, 3, 9).at(0, 0, 0, 0)));
        for text in
            ["", "T", "2026-13-03T10:00:00", "2026-03-03Tten", "2026-03-03", "é"].iter().filter(|t| **t != "2026-03-03")
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(written(ten), "2026-03-03T10:00:00");
    }

    #[test]
    fn ends_of_both_writers_are_mended() {
        let at = |h, m, s| datetime(2026, 3, 3, h, m, s, 0);
        for (start, stored, end) in [
            (at(9, 0, 0), at(9, 14, 59), at(9, 15, 0)),
            // Written back once by somebody else: a second more is lost.
            (at(9, 0, 0), at(9, 14, 58), at(9, 15, 0)),
            (at(11, 30, 0), at(11, 44, 0), at(11, 45, 0)),
            (at(11, 33, 0), at(11, 47, 0), at(11, 48, 0)),
            (at(9, 0, 0), at(9, 15, 0), at(9, 15, 0)),
            (at(9, 0, 0), at(8, 0, 0), at(9, 0, 0)),
        ] {
            assert_eq!(exclusive_end(start, stored), end, "{stored}");
        }
    }

    #[test]
    fn days_of_23_and_25_hours_are_known() {
        let zone = TimeZone::get("America/Vancouver").unwrap();
        assert!(clocks_change(date(2026, 3, 8), &zone) && clocks_change(date(2025, 11, 2), &zone));
        assert!(!clocks_change(date(2026, 3, 7), &zone) && !clocks_change(date(2026, 3, 9), &zone));
        let regina = TimeZone::get("America/Regina").unwrap();
        assert!(!clocks_change(date(2026, 3, 8), &regina));
    }

    proptest! {
        /// Whoever wrote it, and however often a second was lost, the end is the one that was meant.
        #[test]
        fn the_end_that_was_meant_is_found(start in 0_i64..1_200, steps in 1_i64..24, lost in 0_i64..30) {
            let start = date(2026, 3, 3).at(0, 0, 0, 0).saturating_add(start.minutes());
            let end = start.saturating_add((steps * STEP).minutes());
            for stored in [end, end.saturating_sub(lost.seconds()), end.saturating_sub(1.minute())] {
                prop_assert_eq!(exclusive_end(start, stored), end);
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,24}|[-0-9TZ:+.]{0,30}") {
            read(&text);
        }

        #[test]
        fn what_is_written_is_read_in_every_zone(minutes in 0_i64..2_000_000, zone in "|Z|-08:00|\\+13:45") {
            let at = date(2025, 1, 1).at(0, 0, 0, 0).saturating_add(minutes.minutes());
            prop_assert_eq!(read(&format!("{}{zone}", written(at))), Some(at));
        }
    }
}
