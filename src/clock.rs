//! The wall clock, read in this one place: for records' names and dates, and for the windows of signed webhooks.
//!
//! Never for measuring: durations come from the leg clock or from tokio's clock, which tests can pause.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Now, in UTC.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn wall() -> OffsetDateTime {
    OffsetDateTime::from(std::time::SystemTime::now())
}

/// Lets so much time pass on purpose: a deadline that stands alone, a simulated provider's delay. Never to wait for something else.
#[expect(clippy::disallowed_methods, reason = "the one place that sleeps, under a name that says why")]
pub async fn elapse(time: Duration) {
    tokio::time::sleep(time).await;
}

/// As written in records: RFC 3339, UTC, whole milliseconds.
pub fn stamp(at: OffsetDateTime) -> String {
    let whole = at.nanosecond() / 1_000_000 * 1_000_000;
    at.replace_nanosecond(whole).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

/// Now, for the calendar of a clinic.
pub fn now() -> jiff::Timestamp {
    timestamp(wall())
}

/// The same time, for a calendar.
pub fn timestamp(at: OffsetDateTime) -> jiff::Timestamp {
    jiff::Timestamp::new(at.unix_timestamp(), at.nanosecond().cast_signed()).unwrap_or_default()
}

/// [`stamp`] of a calendar's time.
pub fn stamp_of(at: jiff::Timestamp) -> String {
    let nanos = i128::from(at.as_second()) * 1_000_000_000 + i128::from(at.subsec_nanosecond());
    OffsetDateTime::from_unix_timestamp_nanos(nanos).map(stamp).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_whole_milliseconds() {
        let at = time::macros::datetime!(2026-11-21 05:06:07.123_456 UTC);
        assert_eq!(stamp(at), "2026-11-21T05:06:07.123Z");
    }

    #[test]
    fn both_calendars_write_the_same_stamp() {
        assert_eq!(stamp_of("2026-11-21T05:06:07.123456Z".parse().unwrap()), "2026-11-21T05:06:07.123Z");
    }
}
