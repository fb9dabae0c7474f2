//! What the front desk does on OSCAR's web pages while somebody else uses the interface.

use jiff::SignedDuration;
use jiff::civil::{DateTime, Time};

use super::{Appointment, Store};

/// The front desk's login and provider.
const USER: &str = "frontdesk";
const PROVIDER: &str = "106";

impl Store {
    /// Books without a check. The pages write the last minute as the end.
    pub(in super::super) fn desk_books(
        &mut self,
        provider: &str,
        start: DateTime,
        minutes: u16,
        patient: i64,
        now: DateTime,
    ) -> u32 {
        let last = SignedDuration::from_mins(i64::from(minutes).max(1) - 1);
        self.desk_inserts(provider, start, start.saturating_add(last).time(), patient, now)
    }

    /// The same time as a request wants: an active row of somebody else. `end` is as stored.
    pub(in super::super) fn rival_books(&mut self, provider: &str, start: DateTime, end: Time, now: DateTime) {
        let last = end.with().second(0).subsec_nanosecond(0).build().unwrap_or(end);
        let patient = self.patients.keys().next_back().copied().unwrap_or_default();
        self.desk_inserts(provider, start, last, patient, now);
    }

    fn desk_inserts(&mut self, provider: &str, start: DateTime, end: Time, patient: i64, now: DateTime) -> u32 {
        let id = self.next_id();
        let name = self.patients.get(&patient).map(|patient| patient.display_name());
        let texts =
            [("status".to_owned(), "t".to_owned())].into_iter().chain(name.map(|name| ("name".to_owned(), name)));
        let row = Appointment {
            id,
            provider: Some(provider.to_owned()),
            day: start.date(),
            start: start.time(),
            end,
            patient,
            program: 0,
            texts: texts.collect(),
            creator: Some(USER.to_owned()),
            created: now,
            updated: now,
            updated_by: Some(PROVIDER.to_owned()),
        };
        self.appointments.insert(id, row);
        id
    }

    /// False: no such row.
    pub(in super::super) fn desk_sets_status(&mut self, id: u32, status: &str, now: DateTime) -> bool {
        let Some(row) = self.appointments.get_mut(&id) else { return false };
        self.archive.push(row.clone());
        row.texts.insert("status".to_owned(), status.to_owned());
        row.updated = now;
        row.updated_by = Some(PROVIDER.to_owned());
        true
    }
}
