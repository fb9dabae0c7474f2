//! Whether an appointment is too near to be changed without a word: `late_change_hours` of the clinic's `[emr]`.
//!
//! What the clinic wants is said before the question; whoever hears it and says yes goes on.

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::agent::tools::Session;
use crate::clinic::spoken::appointment;

/// In the audit, of a change that was made after it was said.
pub(super) const LATE_CHANGE: &str = "late_change";

/// What is said before an appointment at `start`, on the clinic's clock, is cancelled or moved; `None`: it is early enough.
pub(super) fn said_before(start: DateTime, session: &Session) -> Option<String> {
    let hours = session.clinic.config.emr.as_ref()?.late_change_hours?;
    let start = session.clinic.zone.to_zoned(start).ok()?.timestamp();
    let is_late = start.duration_since(session.now) < SignedDuration::from_hours(hours.into());
    is_late.then(|| appointment::late_change(hours, session.language))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;

    use super::super::super::tests::session;
    use super::*;
    use crate::clinic::Clinic;

    #[test]
    fn hours_are_counted_as_they_pass_also_when_the_clocks_change() {
        let folder = tempfile::tempdir().unwrap();
        let mut clinic = Clinic::sample();
        let mut session = session(folder.path(), &[]);
        assert_eq!(said_before(date(2026, 11, 21).at(10, 30, 0, 0), &session), None, "the clinic wants none");
        clinic.config.emr.as_mut().unwrap().late_change_hours = Some(24);
        // In Los Angeles clocks go back in the night to November 1, 2026.
        clinic.zone = jiff::tz::TimeZone::get("America/Los_Angeles").unwrap();
        session.clinic = Arc::new(clinic);
        session.now = "2026-10-31T17:00:00Z".parse().unwrap();
        let at = |hour, minute| said_before(date(2026, 11, 1).at(hour, minute, 0, 0), &session);
        // Ten in the morning before; from nine on it is a whole day.
        assert!(at(8, 59).is_some());
        assert_eq!(at(9, 0), None);
        assert!(said_before(date(2026, 10, 31).at(9, 0, 0, 0), &session).is_some(), "past");
    }
}
