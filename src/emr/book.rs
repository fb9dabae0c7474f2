//! The embedded book: a clinic's appointments in memory, each change on the disk before anyone hears of it.
//!
//! Decides who gets a slot when several want it: one writer at a time, and a check against all that stands, so that no two active
//! appointments of a provider ever overlap. Providers, templates and patients come from a data file; holidays from the clinic's.
//! One process per book: the journal is locked.

mod journal;
mod seed;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};

use super::hours::{Unlike, unlike};
use super::{
    Appointment, AppointmentRef, Capabilities, DaySchedule, Emr, EmrError, EmrKind, Finding, Held, NewAppointment,
    Patient, PatientRef, Place, Provider, ProviderRef, Refusal, Sought, VisitKind, slot,
};
use crate::clinic::Clinic;
use crate::state::StateConfig;
use journal::{Entry, Journal};
use seed::Seed;

/// The book cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error("{}", .0.join("\n"))]
    Seed(Vec<String>),
    #[error("the clinic's book in {folder} cannot be used: {error}; see to the folder, and let one process use it")]
    Journal { folder: String, error: io::Error },
    /// Each of several processes would give the same times away.
    #[error(
        "{clinic}: emr.kind: the embedded book is one process's own, and by state.redis several answer for the clinic; keep its appointments in an EMR that all of them reach (kind = \"oscar\" or \"fhir\"), or take redis out of [state] and run one process"
    )]
    Several { clinic: String },
}

/// What [`Book::open`] would refuse, if the clinic has a book, without opening anything; and a book that several processes would have one of each.
pub fn check(clinic: &Clinic, state: &StateConfig) -> Result<(), BookError> {
    match clinic.config.emr.as_ref().map(|emr| emr.kind) {
        Some(EmrKind::Book) if !state.redis.is_empty() => Err(BookError::Several { clinic: clinic.config.id.clone() }),
        Some(EmrKind::Book) => Seed::of(clinic).map(drop).map_err(BookError::Seed),
        Some(EmrKind::Oscar | EmrKind::Fhir) | None => Ok(()),
    }
}

/// Whom callers may book, as the data file has them; nothing is opened.
pub fn providers(clinic: &Clinic) -> Result<Vec<Provider>, BookError> {
    Ok(Seed::of(clinic).map_err(BookError::Seed)?.providers())
}

/// Days that are looked at for a slot of each provider.
const DAYS: i64 = 14;

/// Whether the data file has what calls need: a slot ahead that may be booked with each provider. Nothing is opened or written.
pub fn health(clinic: &Clinic, now: DateTime) -> Result<Vec<Finding>, BookError> {
    let seed = Seed::of(clinic).map_err(BookError::Seed)?;
    let closed = unlike(clinic);
    let known = |code| clinic.config.emr.as_ref().is_some_and(|emr| emr.codes.contains_key(&code));
    let finding = |provider: Provider| {
        let days = (0..DAYS).map(|ahead| now.date().saturating_add(ahead.days()));
        let schedules = days.filter_map(|day| seed.schedule(&provider.id, day, closed.get(&day).map(Vec::as_slice)));
        let mut slots = schedules.filter(|day| !day.holiday).flat_map(|day| day.slots);
        match slots.find(|slot| slot.start > now && known(slot.code)) {
            Some(slot) => Finding {
                what: format!(
                    "{}: the first slot is {} with code {}",
                    provider.name,
                    slot.start.strftime("%A, %B %-d at %H:%M"),
                    slot.code
                ),
                mend: None,
            },
            None => Finding {
                what: format!("{}: no slot within {DAYS} days has a code that callers may book", provider.name),
                mend: Some("write the provider's week in the book's file, and its codes into [emr.codes]".to_owned()),
            },
        }
    };
    Ok(seed.providers().into_iter().map(finding).collect())
}

/// See the module header. Cheap to clone.
#[derive(Clone)]
pub struct Book(Arc<Inner>);

struct Inner {
    seed: Seed,
    closed: Unlike,
    rows: RwLock<Rows>,
    /// Held through a whole change: check, disk, memory. Taken before `rows`, never after.
    journal: Mutex<Journal>,
}

#[derive(Debug, Default)]
struct Rows {
    all: BTreeMap<u64, Row>,
    keys: HashMap<String, u64>,
}

/// One appointment, as in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    id: u64,
    patient: Option<PatientRef>,
    provider: ProviderRef,
    start: DateTime,
    end: DateTime,
    kind: Option<VisitKind>,
    key: String,
    #[serde(default)]
    cancelled: bool,
}

impl Book {
    /// Opens `<folder>/<clinic>.jsonl`; a new book gets the appointments of the data file, counted from `today`.
    pub fn open(folder: &Path, clinic: &Clinic, today: Date) -> Result<Self, BookError> {
        let seed = Seed::of(clinic).map_err(BookError::Seed)?;
        let closed = unlike(clinic);
        let failed = |error| BookError::Journal { folder: folder.display().to_string(), error };
        let (journal, entries) = Journal::open(folder, &clinic.config.id).map_err(failed)?;
        let is_new = entries.is_empty();
        let mut rows = Rows::default();
        for entry in entries {
            rows.apply(entry);
        }
        let book = Self(Arc::new(Inner { seed, closed, rows: RwLock::new(rows), journal: Mutex::new(journal) }));
        if is_new {
            let rows = book.0.seed.appointments(today, &|p, day| book.0.schedule(p, day)).map_err(BookError::Seed)?;
            // At once: half of a book would offer the blocked times of the other half.
            book.0
                .write(rows.into_iter().map(Entry::Booked).collect())
                .map_err(|error| failed(io::Error::other(error)))?;
        }
        Ok(book)
    }

    /// Changes run where waiting for the disk is allowed, and to their end whatever becomes of the asker.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Inner) -> Result<T, EmrError> + Send + 'static,
    ) -> Result<T, EmrError> {
        let inner = self.0.clone();
        tokio::task::spawn_blocking(move || change(&inner))
            .await
            .map_err(|_| EmrError::Unknown("the writer of the book broke down; see the log".into()))?
    }
}

impl Inner {
    fn schedule(&self, provider: &ProviderRef, day: Date) -> Option<DaySchedule> {
        self.seed.schedule(provider, day, self.closed.get(&day).map(Vec::as_slice))
    }

    fn write(&self, entries: Vec<Entry>) -> Result<(), EmrError> {
        let mut journal = self.journal.lock();
        self.commit(&mut journal, entries)
    }

    fn commit(&self, journal: &mut Journal, entries: Vec<Entry>) -> Result<(), EmrError> {
        journal.append(&entries)?;
        let mut rows = self.rows.write();
        entries.into_iter().for_each(|entry| rows.apply(entry));
        Ok(())
    }

    fn book(&self, wanted: NewAppointment) -> Result<Appointment, EmrError> {
        let mut journal = self.journal.lock();
        let row = {
            let rows = self.rows.read();
            let before = rows.keys.get(&wanted.key).and_then(|id| rows.all.get(id));
            let stands =
                |r: &&Row| !r.cancelled && r.patient.as_ref() == Some(&wanted.patient) && r.place() == wanted.place;
            if let Some(row) = before.filter(stands) {
                return Ok(row.appointment());
            }
            if !self.seed.has_patient(&wanted.patient) {
                return Err(EmrError::Refused(Refusal::NotFound));
            }
            self.check_place(&rows, &wanted.place, None)?;
            Row {
                id: rows.next_id(),
                patient: Some(wanted.patient),
                provider: wanted.place.provider,
                start: wanted.place.start,
                end: wanted.place.end,
                kind: Some(wanted.kind),
                key: wanted.key,
                cancelled: false,
            }
        };
        let booked = row.appointment();
        self.commit(&mut journal, vec![Entry::Booked(row)])?;
        Ok(booked)
    }

    fn reschedule(&self, held: &Held, to: Place) -> Result<Appointment, EmrError> {
        let mut journal = self.journal.lock();
        let mut row = {
            let rows = self.rows.read();
            let row = rows.owned(held)?;
            if row.cancelled {
                return Err(EmrError::Refused(Refusal::Changed));
            }
            if row.place() == to {
                return Ok(row.appointment());
            }
            row.is_as_held(held)?;
            self.check_place(&rows, &to, Some(row.id))?;
            row.clone()
        };
        (row.provider, row.start, row.end) = (to.provider.clone(), to.start, to.end);
        self.commit(
            &mut journal,
            vec![Entry::Moved { id: row.id, provider: to.provider, start: to.start, end: to.end }],
        )?;
        Ok(row.appointment())
    }

    fn cancel(&self, held: &Held) -> Result<(), EmrError> {
        let mut journal = self.journal.lock();
        let id = {
            let rows = self.rows.read();
            let row = rows.owned(held)?;
            if row.cancelled {
                return Ok(());
            }
            row.is_as_held(held)?;
            row.id
        };
        self.commit(&mut journal, vec![Entry::Cancelled { id }])
    }

    /// The provider works then, and nothing but `except` stands there.
    fn check_place(&self, rows: &Rows, place: &Place, except: Option<u64>) -> Result<(), EmrError> {
        let Some(day) = self.schedule(&place.provider, place.start.date()).filter(|day| !day.holiday) else {
            return Err(EmrError::Refused(Refusal::SlotTaken));
        };
        let in_template = place.start < place.end && day.slots.iter().any(|slot| slot.start == place.start);
        let taken = rows
            .on(&place.provider, place.start.date())
            .any(|row| Some(row.id) != except && slot::overlap((row.start, row.end), (place.start, place.end)));
        if in_template && !taken { Ok(()) } else { Err(EmrError::Refused(Refusal::SlotTaken)) }
    }
}

impl Rows {
    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Booked(row) => {
                self.keys.insert(row.key.clone(), row.id);
                self.all.insert(row.id, row);
            }
            Entry::Moved { id, provider, start, end } => {
                if let Some(row) = self.all.get_mut(&id) {
                    (row.provider, row.start, row.end) = (provider, start, end);
                }
            }
            Entry::Cancelled { id } => {
                if let Some(row) = self.all.get_mut(&id) {
                    row.cancelled = true;
                }
            }
        }
    }

    fn next_id(&self) -> u64 {
        self.all.last_key_value().map_or(1, |(id, _)| id + 1)
    }

    fn active(&self) -> impl Iterator<Item = &Row> {
        self.all.values().filter(|row| !row.cancelled)
    }

    fn on<'a>(&'a self, provider: &'a ProviderRef, day: Date) -> impl Iterator<Item = &'a Row> {
        self.active().filter(move |row| row.provider == *provider && row.start.date() == day)
    }

    fn owned(&self, held: &Held) -> Result<&Row, EmrError> {
        let row = held.id.0.parse().ok().and_then(|id: u64| self.all.get(&id));
        row.filter(|row| row.patient.as_ref() == Some(&held.patient)).ok_or(EmrError::Refused(Refusal::NotFound))
    }
}

impl Row {
    fn place(&self) -> Place {
        Place { provider: self.provider.clone(), start: self.start, end: self.end }
    }

    fn is_as_held(&self, held: &Held) -> Result<(), EmrError> {
        if self.provider == held.provider && self.start == held.start {
            Ok(())
        } else {
            Err(EmrError::Refused(Refusal::Changed))
        }
    }

    fn appointment(&self) -> Appointment {
        Appointment {
            id: AppointmentRef(self.id.to_string()),
            patient: self.patient.clone(),
            provider: self.provider.clone(),
            start: self.start,
            end: self.end,
        }
    }
}

#[async_trait::async_trait]
impl Emr for Book {
    fn capabilities(&self) -> Capabilities {
        Capabilities { creates_patients: false, refuses_double_booking: true }
    }

    async fn health(&self, _now: DateTime) -> Result<Vec<Finding>, EmrError> {
        let providers = self.0.seed.providers().len();
        Ok(vec![Finding { what: format!("the embedded book is open, with {providers} providers"), mend: None }])
    }

    async fn providers(&self) -> Result<Vec<Provider>, EmrError> {
        Ok(self.0.seed.providers())
    }

    async fn day_schedule(&self, provider: &ProviderRef, day: Date) -> Result<Option<DaySchedule>, EmrError> {
        Ok(self.0.schedule(provider, day))
    }

    async fn appointments_for_provider(&self, provider: &ProviderRef, day: Date) -> Result<Vec<Appointment>, EmrError> {
        Ok(self.0.rows.read().on(provider, day).map(Row::appointment).collect())
    }

    async fn appointments_for_patient(
        &self,
        patient: &PatientRef,
        from: DateTime,
    ) -> Result<Vec<Appointment>, EmrError> {
        let rows = self.0.rows.read();
        let theirs = rows.active().filter(|row| row.patient.as_ref() == Some(patient) && row.start >= from);
        let mut found: Vec<_> = theirs.map(Row::appointment).collect();
        found.sort_by_key(|a| a.start);
        Ok(found)
    }

    async fn find_patients(&self, sought: &Sought) -> Result<Vec<Patient>, EmrError> {
        Ok(self.0.seed.patients_born(*sought.birth_date.reveal()))
    }

    async fn book(&self, wanted: NewAppointment) -> Result<Appointment, EmrError> {
        self.change(|book| book.book(wanted)).await
    }

    async fn reschedule(&self, held: Held, to: Place) -> Result<Appointment, EmrError> {
        self.change(move |book| book.reschedule(&held, to)).await
    }

    async fn cancel(&self, held: Held) -> Result<(), EmrError> {
        self.change(move |book| book.cancel(&held)).await
    }
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("appointments", &self.0.rows.read().all.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
