//! Appointments as rows: inserted blindly, overwritten whole, never removed.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use serde::Serialize;

use super::{Store, Texts};

/// Text columns, as named on the wire, with their widths in signs; strict MySQL refuses what is longer.
pub(in super::super) const TEXTS: [(&str, usize); 12] = [
    ("billing", 10),
    ("bookingSource", 32),
    ("location", 30),
    ("name", 50),
    ("notes", 255),
    ("reason", 80),
    ("remarks", 50),
    ("resources", 255),
    ("status", 2),
    ("style", 10),
    ("type", 50),
    ("urgency", 30),
];

const PROVIDER_WIDTH: usize = 6;

/// A row. Times are what is written in it: a clock on the wall without a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Appointment {
    pub id: u32,
    /// None: overwritten with nothing.
    pub provider: Option<String>,
    pub day: Date,
    pub start: Time,
    /// The last second or, from the web pages, the last minute; on the same day whatever was sent.
    pub end: Time,
    /// 0: nobody, as of blocks.
    pub patient: i64,
    pub program: i64,
    /// `status`, `reason` and so on, as on the wire; what is not there is NULL.
    pub texts: BTreeMap<String, String>,
    pub creator: Option<String>,
    pub created: DateTime,
    pub updated: DateTime,
    pub updated_by: Option<String>,
}

impl Appointment {
    /// The status column; None: NULL.
    pub fn status(&self) -> Option<&str> {
        self.texts.get("status").map(String::as_str)
    }

    /// Holds its time: anything but cancelled, NULL included.
    pub fn is_active(&self) -> bool {
        !self.status().is_some_and(|status| status.starts_with('C'))
    }

    /// Both would keep the provider at one moment. Ends are inclusive, in both ways of writing them.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.provider.is_some()
            && (&self.provider, self.day) == (&other.provider, other.day)
            && self.start <= other.end
            && other.start <= self.end
    }
}

/// What a caller wants in a row.
#[derive(Clone, Debug)]
pub(in super::super) struct Written {
    pub(in super::super) provider: Option<String>,
    /// None: the columns stay as they are.
    pub(in super::super) start: Option<DateTime>,
    /// As stored: inclusive.
    pub(in super::super) end: Option<Time>,
    pub(in super::super) patient: i64,
    pub(in super::super) program: i64,
    pub(in super::super) texts: Texts,
}

/// Who writes, and when by the server's clock.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Author<'a> {
    pub(in super::super) user: &'a str,
    pub(in super::super) provider: &'a str,
    pub(in super::super) now: DateTime,
}

/// What SOAP writes for an exclusive end: a millisecond before it, to the second, as the column keeps it. The day of the end is lost.
pub(in super::super) fn stored_end(end: DateTime) -> Time {
    let end = end.saturating_sub(SignedDuration::from_millis(1));
    end.time().with().subsec_nanosecond(0).build().unwrap_or_else(|_| end.time())
}

impl Written {
    /// The column that is too narrow, if one is.
    fn too_long(&self) -> Option<&'static str> {
        let is_long = |text: Option<&String>, width: usize| text.is_some_and(|text| text.chars().count() > width);
        if is_long(self.provider.as_ref(), PROVIDER_WIDTH) {
            return Some("provider_no");
        }
        TEXTS.iter().find(|(name, width)| is_long(self.texts.get(*name), *width)).map(|(name, _)| *name)
    }
}

/// Why the database refuses a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum NotWritten {
    /// Data too long for this column.
    TooLong(&'static str),
    /// A column that must not be NULL.
    Missing,
    /// No row of that number.
    Unknown,
}

impl Store {
    /// Rows are never removed, so the last one has the highest number.
    pub(super) fn next_id(&self) -> u32 {
        self.appointments.keys().next_back().copied().unwrap_or(0) + 1
    }

    /// Inserts whatever it is given; returns its number.
    pub(in super::super) fn insert(&mut self, wanted: Written, author: Author<'_>) -> Result<u32, NotWritten> {
        if let Some(column) = wanted.too_long() {
            return Err(NotWritten::TooLong(column));
        }
        let (Some(start), Some(end)) = (wanted.start, wanted.end) else { return Err(NotWritten::Missing) };
        let id = self.next_id();
        let row = Appointment {
            id,
            provider: wanted.provider,
            day: start.date(),
            start: start.time(),
            end,
            patient: wanted.patient,
            program: wanted.program,
            texts: wanted.texts,
            creator: Some(author.user.to_owned()),
            created: author.now,
            updated: author.now,
            updated_by: Some(author.provider.to_owned()),
        };
        self.appointments.insert(id, row);
        Ok(id)
    }

    /// Overwrites every column but the times that are not given; the row as it was goes to the archive.
    pub(in super::super) fn overwrite(
        &mut self,
        id: u32,
        wanted: Written,
        author: Author<'_>,
    ) -> Result<(), NotWritten> {
        let Some(row) = self.appointments.get_mut(&id) else { return Err(NotWritten::Unknown) };
        if let Some(column) = wanted.too_long() {
            return Err(NotWritten::TooLong(column));
        }
        self.archive.push(row.clone());
        row.provider = wanted.provider;
        if let Some(start) = wanted.start {
            (row.day, row.start) = (start.date(), start.time());
        }
        if let Some(end) = wanted.end {
            row.end = end;
        }
        row.patient = wanted.patient;
        row.program = wanted.program;
        row.texts = wanted.texts;
        row.updated = author.now;
        row.updated_by = Some(author.provider.to_owned());
        Ok(())
    }

    /// `status != 'C'`, in SQL: a NULL is neither equal nor unequal, so its row is not found. Ordered by time.
    pub(in super::super) fn of_day(&self, provider: &str, day: Date) -> Vec<&Appointment> {
        let mut found: Vec<_> = self
            .of_range(provider, day, day.tomorrow().unwrap_or(day))
            .into_iter()
            .filter(|row| row.status().is_some_and(|status| status != "C"))
            .collect();
        found.sort_by_key(|row| row.start);
        found
    }

    /// Every status; `until` is exclusive.
    pub(in super::super) fn of_range(&self, provider: &str, from: Date, until: Date) -> Vec<&Appointment> {
        self.appointments
            .values()
            .filter(|row| row.provider.as_deref() == Some(provider) && from <= row.day && row.day < until)
            .collect()
    }

    /// Every status, newest first.
    pub(in super::super) fn of_patient(&self, patient: i64) -> Vec<&Appointment> {
        let mut found: Vec<_> = self.appointments.values().filter(|row| row.patient == patient).collect();
        found.sort_by_key(|row| std::cmp::Reverse((row.day, row.start)));
        found
    }

    /// Changed after that moment, the oldest change first.
    pub(in super::super) fn changed_after(&self, moment: DateTime) -> Vec<&Appointment> {
        let mut found: Vec<_> = self.appointments.values().filter(|row| row.updated > moment).collect();
        found.sort_by_key(|row| row.updated);
        found
    }

    /// Pairs of active appointments that keep one provider at one moment.
    pub(in super::super) fn overlaps(&self) -> Vec<(u32, u32)> {
        let active: Vec<_> = self.appointments.values().filter(|row| row.is_active()).collect();
        let pairs = active.iter().enumerate().flat_map(|(n, one)| active[n + 1..].iter().map(move |two| (*one, *two)));
        pairs.filter(|(one, two)| one.overlaps(two)).map(|(one, two)| (one.id, two.id)).collect()
    }
}
