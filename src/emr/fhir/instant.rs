//! Instants on the wire and the clinic's wall clock. Pure.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// What the clinic's clock shows at this `instant`; `None`: it is none, a time without an offset for one.
pub(super) fn read(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let instant: Timestamp = text.parse().ok()?;
    Some(instant.to_zoned(zone.clone()).datetime())
}

/// A time of the clinic's clock as an `instant`; of two that a change of the clocks makes, the first.
pub(super) fn written(at: DateTime, zone: &TimeZone) -> String {
    zone.to_ambiguous_zoned(at)
        .compatible()
        .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::{date, datetime};
    use proptest::prelude::*;

    use super::*;

    fn vancouver() -> TimeZone {
        TimeZone::get("America/Vancouver").unwrap()
    }

    #[test]
    fn whatever_zone_a_server_writes_in_the_clinics_clock_is_read() {
        let nine = datetime(2026, 3, 3, 9, 0, 0, 0);
        for text in ["2026-03-03T17:00:00Z", "2026-03-03T09:00:00-08:00", "2026-03-03T12:00:00.000-05:00"] {
            assert_eq!(read(text, &vancouver()), Some(nine), "{text}");
        }
        for text in ["", "2026-03-03", "2026-03-03T09:00:00", "2026-13-03T09:00:00Z", "nine", "é"] {
            assert_eq!(read(text, &vancouver()), None, "{text}");
        }
        assert_eq!(written(nine, &vancouver()), "2026-03-03T09:00:00-08:00");
        assert_eq!(written(datetime(2026, 7, 3, 9, 0, 0, 0), &vancouver()), "2026-07-03T09:00:00-07:00");
    }

    proptest! {
        /// Also on the days on which the clocks change, but for the hour that is skipped or comes twice.
        #[test]
        fn what_is_written_is_read(minutes in 0_i64..2_000_000) {
            let at = date(2025, 1, 1).at(0, 0, 0, 0).saturating_add(minutes.minutes());
            let zone = vancouver();
            if !zone.to_ambiguous_timestamp(at).is_ambiguous() {
                prop_assert_eq!(read(&written(at, &zone), &zone), Some(at));
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,24}|[-0-9TZ:+.]{0,30}") {
            read(&text, &vancouver());
        }
    }
}
