//! What the server's Java does with times: rows hold a clock on the wall without a zone, and Java reads and writes them in its own.
//!
//! The zone of Java need not be that of the clinic: a clinic was seen whose Java ran in UTC over rows in clinic time, so that ten
//! o'clock came back as `10:00:00Z`.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The server's clock on the wall, to the second, as columns keep it.
pub(super) fn wall(now: Timestamp, java: &TimeZone) -> DateTime {
    let wall = now.to_zoned(java.clone()).datetime();
    wall.with().subsec_nanosecond(0).build().unwrap_or(wall)
}

/// Java's view of a row's time. Times that a change of the clocks skips are taken as later, as Java's lenient calendar does.
pub(super) fn zoned(wall: DateTime, java: &TimeZone) -> Zoned {
    java.to_ambiguous_zoned(wall).compatible().unwrap_or_else(|_| Timestamp::UNIX_EPOCH.to_zoned(java.clone()))
}

/// The same instant, as `useGMTTime` wants it.
pub(super) fn gmt(time: Zoned) -> Zoned {
    time.with_time_zone(TimeZone::UTC)
}

/// As XML Schema writes it, to the second.
pub(super) fn write(time: &Zoned) -> String {
    let offset = time.offset().seconds();
    let wall = time.datetime().strftime("%Y-%m-%dT%H:%M:%S");
    if offset == 0 {
        return format!("{wall}Z");
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.abs() / 60;
    format!("{wall}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `2026-03-03T09:00:00`, with or without fractions and an offset, or a date alone. Without an offset it is Java's time; with one
/// it is turned into it, which can change the day.
pub(super) fn read(text: &str, java: &TimeZone) -> Option<Zoned> {
    let (date, rest) = text.split_at_checked(10)?;
    let date: Date = date.parse().ok()?;
    let (time, offset) = match rest.strip_prefix('T') {
        Some(rest) => match rest.find(['Z', '+', '-']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        },
        None => ("00:00:00", rest),
    };
    let time: jiff::civil::Time = (time.len() >= 8).then(|| time.parse().ok()).flatten()?;
    let wall = date.to_datetime(time);
    if offset.is_empty() {
        return Some(zoned(wall, java));
    }
    let instant: Timestamp = format!("{date}T{time}{offset}").parse().ok()?;
    Some(instant.to_zoned(java.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vancouver() -> TimeZone {
        TimeZone::get("America/Vancouver").unwrap()
    }

    #[test]
    fn a_midnight_in_utc_is_the_day_before() {
        let read = |text| read(text, &vancouver()).unwrap().datetime().to_string();
        assert_eq!(read("2026-03-03T00:00:00Z"), "2026-03-02T16:00:00");
        assert_eq!(read("2026-03-03T00:00:00"), "2026-03-03T00:00:00");
        assert_eq!(read("2026-03-03"), "2026-03-03T00:00:00");
        assert_eq!(read("2026-03-03T09:00:00.000-05:00"), "2026-03-03T06:00:00");
    }

    #[test]
    fn a_row_is_written_with_the_offset_of_its_day() {
        let row = |text: &str, zone| write(&zoned(text.parse().unwrap(), &zone));
        assert_eq!(row("2026-03-03T09:00:00", vancouver()), "2026-03-03T09:00:00-08:00");
        assert_eq!(row("2026-07-03T09:00:00", vancouver()), "2026-07-03T09:00:00-07:00");
        assert_eq!(row("2026-07-03T09:00:00", TimeZone::UTC), "2026-07-03T09:00:00Z");
        assert_eq!(write(&gmt(zoned("2026-07-03T09:00:00".parse().unwrap(), &vancouver()))), "2026-07-03T16:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for wrong in ["", "today", "2026-13-01", "2026-03-03T9", "2026-03-03 09:00:00", "2026-03-03T09:00:00X"] {
            assert_eq!(read(wrong, &vancouver()), None, "{wrong}");
        }
    }
}
