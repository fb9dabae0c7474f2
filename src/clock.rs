//! The wall clock, read in this one place: for records' names and dates, and for the windows of signed webhooks.
//!
//! Never for measuring: durations come from the leg clock or from tokio's clock, which tests can pause.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Now, in UTC.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn wall() -> OffsetDateTime {
    OffsetDateTime::from(std::time::SystemTime::now())
}

/// As written in records: RFC 3339, UTC, whole milliseconds.
pub fn stamp(at: OffsetDateTime) -> String {
    let whole = at.nanosecond() / 1_000_000 * 1_000_000;
    at.replace_nanosecond(whole).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_whole_milliseconds() {
        let at = time::macros::datetime!(2026-11-21 05:06:07.123_456 UTC);
        assert_eq!(stamp(at), "2026-11-21T05:06:07.123Z");
    }
}
