//! When a notice is tried again, and when a message that nobody acknowledged is escalated.
//!
//! Pure: times are arguments. It never gives up: a notice ends when it was taken, or when its message was acknowledged or is gone.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};

use super::config::During;
use super::notice::Urgency;
use crate::clinic::{Clinic, calendar};

/// After the first try that failed; longer than any try takes, so that no two of the same notice overlap.
const FIRST: SignedDuration = SignedDuration::from_secs(30);

pub(super) const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// Longer closures are none.
const DAYS: usize = 60;

/// How long to wait after so many tries that failed.
pub(super) fn wait(tries: u32) -> SignedDuration {
    let doubled = 1_i32 << tries.saturating_sub(1).min(10);
    (FIRST * doubled).min(LONGEST)
}

/// When a message that was left then, and that nobody acknowledges, is escalated.
pub(super) fn escalation(
    left: Timestamp,
    (after, during): (SignedDuration, During),
    urgency: Urgency,
    clinic: &Clinic,
) -> Timestamp {
    match (during, urgency) {
        (During::OpeningHours, Urgency::Normal) => open_for(left, after, clinic),
        (During::Always, _) | (During::OpeningHours, Urgency::Urgent) => left + after,
    }
}

/// When the clinic has been open for so long since then.
fn open_for(since: Timestamp, long: SignedDuration, clinic: &Clinic) -> Timestamp {
    let mut rest = long;
    let today = clinic.local(since).date();
    for day in today.series(jiff::Span::new().days(1)).take(DAYS) {
        let mut spans: Vec<_> = calendar::on(&clinic.config, day, today).spans.to_vec();
        spans.sort_by_key(|span| span.from);
        for span in spans {
            let from = at(day, span.from, clinic).max(since);
            let open = at(day, span.to, clinic).duration_since(from);
            if open >= rest {
                return from + rest;
            }
            rest -= open.max(SignedDuration::ZERO);
        }
    }
    since + long
}

/// A time that the clinic's clocks leave out comes when they have passed it.
fn at(day: Date, time: Time, clinic: &Clinic) -> Timestamp {
    day.to_datetime(time).to_zoned(clinic.zone.clone()).map_or(Timestamp::MAX, |at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_ever_later_and_at_least_each_quarter_of_an_hour() {
        let waits: Vec<i64> = (1..=8).map(|tries| wait(tries).as_secs()).collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!((wait(0), wait(u32::MAX)), (FIRST, LONGEST));
    }

    fn escalated(left: &str, minutes: i64, during: During, urgency: Urgency) -> String {
        let patience = (SignedDuration::from_mins(minutes), during);
        let clinic = Clinic::sample();
        let at = escalation(left.parse().unwrap(), patience, urgency, &clinic);
        clinic.local(at).datetime().to_string()
    }

    #[test]
    fn minutes_count_while_the_clinic_is_open_unless_it_is_urgent() {
        use During::{Always, OpeningHours};
        use Urgency::{Normal, Urgent};
        // Friday 10:00 in Vancouver; Friday 16:50, ten minutes before it closes; Saturday night, the clinic opens on Monday at 8:30.
        let (open, closing, night) = ("2026-11-20T17:00:00Z", "2026-11-20T23:50:00Z", "2026-11-22T05:00:00Z");
        assert_eq!(escalated(open, 30, OpeningHours, Normal), "2026-11-20T10:30:00");
        assert_eq!(escalated(closing, 10, OpeningHours, Normal), "2026-11-20T17:00:00");
        assert_eq!(escalated(closing, 30, OpeningHours, Normal), "2026-11-21T09:20:00");
        assert_eq!(escalated(night, 30, OpeningHours, Normal), "2026-11-23T09:00:00");
        assert_eq!(escalated(night, 30, OpeningHours, Urgent), "2026-11-21T22:30:00");
        assert_eq!(escalated(night, 30, Always, Normal), "2026-11-21T22:30:00");
        // Christmas Eve until noon, then closed for two days and a Sunday.
        assert_eq!(escalated("2026-12-24T18:45:00Z", 60, OpeningHours, Normal), "2026-12-28T09:15:00");
    }

    #[test]
    fn a_clinic_that_is_never_open_is_told_by_the_clock() {
        let mut clinic = Clinic::sample();
        clinic.config.hours = crate::clinic::Week::default();
        clinic.config.holidays.clear();
        let left: Timestamp = "2026-11-20T18:00:00Z".parse().unwrap();
        let patience = (SignedDuration::from_mins(5), During::OpeningHours);
        assert_eq!(escalation(left, patience, Urgency::Normal, &clinic), left + SignedDuration::from_mins(5));
    }
}
