//! The embedded book: a clinic's appointments in memory, each change on the disk before anyone hears of it.
//!
//! Decides who gets a slot when several want it: a check against all that stands, and a change that counts only as the next after all that were
//! checked against, so that no two active appointments of a provider ever overlap. Providers, templates and patients come from a data file; holidays
//! from the clinic's. The changes are in a file that one process locks, or in the database, where several processes write one book.

mod changes;
mod journal;
pub mod person;
mod rows;
mod seed;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use parking_lot::RwLock;
use tokio::time::{Instant, sleep_until};

use super::finish::finish;
use super::hours::{Unlike, unlike};
use super::ready::{in_time, ready_by, still_in_time};
use super::{
    Appointment, Capabilities, DaySchedule, Emr, EmrError, EmrKind, Finding, Held, NewAppointment, NewPatient, Number,
    Patient, PatientRef, Place, Provider, ProviderRef, Refusal, Registrations, Sought, in_order, slot,
};
use crate::clinic::Clinic;
use crate::privacy::Pii;
use crate::state::StateConfig;
use crate::state::key::digest;
use crate::store::at_rest::Sealing;
use crate::store::book::{Added, PAGE};
use crate::store::{Kind, Store};
use changes::{Changes, Own};
use journal::{Entry, Journal};
use rows::{Row, Rows};
use seed::{Chart, Seed};

/// The book cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    #[error("{}", .0.join("\n"))]
    Seed(Vec<String>),
    #[error("the clinic's book in {folder} cannot be used: {error}; see to the folder, and let one process use it")]
    Journal { folder: String, error: io::Error },
    #[error(
        "{clinic}: emr.kind: the book is in the database that store.url named before, and {mark} says so: name that database in store.url again; to begin another book in the folder, take {mark} away"
    )]
    Moved { clinic: String, mark: String },
    /// Each of several processes would give the same times away.
    #[error(
        "{clinic}: emr.kind: without a PostgreSQL the embedded book is one process's own, and by state.redis several answer for the clinic; name the database that they share in store.url, keep appointments in an EMR that all of them reach (kind = \"oscar\" or \"fhir\"), or take redis out of [state] and run one process"
    )]
    Several { clinic: String },
}

/// What [`Book::open`] would refuse, if the clinic has a book, without opening anything; and a book that several processes would have one of each.
pub fn check(clinic: &Clinic, state: &StateConfig, store: Kind) -> Result<(), BookError> {
    match clinic.config.emr.as_ref().map(|emr| emr.kind) {
        Some(EmrKind::Book) if !state.redis.is_empty() && store != Kind::Postgres => {
            Err(BookError::Several { clinic: clinic.config.id.clone() })
        }
        Some(EmrKind::Book) => Seed::of(clinic).map(drop).map_err(BookError::Seed),
        Some(EmrKind::Oscar | EmrKind::Fhir) | None => Ok(()),
    }
}

/// Whom callers may book, as the data file has them; nothing is opened.
pub fn providers(clinic: &Clinic) -> Result<Vec<Provider>, BookError> {
    Ok(Seed::of(clinic).map_err(BookError::Seed)?.providers())
}

/// The folder of books in the folder of records.
pub const FOLDER: &str = "book";

/// Before the number of a chart that was made here.
const MADE: &str = "T";

/// Days that are looked at for a slot of each provider.
const DAYS: i64 = 14;

/// Whether the data file has what calls need: a slot ahead that may be booked with each provider. Nothing is opened or written.
pub fn health(clinic: &Clinic, now: DateTime) -> Result<Vec<Finding>, BookError> {
    let seed = Seed::of(clinic).map_err(BookError::Seed)?;
    let closed = unlike(clinic);
    let known = |code| clinic.config.emr.as_ref().is_some_and(|emr| emr.codes.contains_key(&code));
    let finding = |provider: Provider| {
        let days = (0..DAYS).map(|ahead| now.date().saturating_add(ahead.days()));
        let schedules = days.filter_map(|day| seed.schedule(&provider.id, day, closed.of(day)));
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
    registrations: Registrations,
    /// What an empty book begins with.
    first: Vec<Entry>,
    changes: Changes,
    rows: RwLock<Rows>,
    /// One writer of this process at a time, through a whole change: check, disk, memory. Taken before `rows`, never after.
    writing: tokio::sync::Mutex<()>,
}

/// What is to be done for a wish.
enum Decided<T> {
    /// It was done before.
    Before(T),
    Now(Entry, T),
}

/// A change that the database did not answer is looked for so long: within the 20 s that a call waits for a tool.
const SETTLE: Duration = Duration::from_secs(6);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

impl Book {
    /// [`Self::sealed`] without keys: in clear.
    pub fn open(folder: &Path, clinic: &Clinic, today: Date) -> Result<Self, BookError> {
        Self::sealed(folder, clinic, today, &Sealing::default())
    }

    /// Opens `<folder>/<clinic>.jsonl`; a new book gets the appointments of the data file, counted from `today`. Refused
    /// where the book went to a database. What is written is sealed by the clinic's keys.
    pub fn sealed(folder: &Path, clinic: &Clinic, today: Date, sealing: &Sealing) -> Result<Self, BookError> {
        let seed = Seed::of(clinic).map_err(BookError::Seed)?;
        let mark = journal::moved(folder, &clinic.config.id);
        if mark.exists() {
            return Err(BookError::Moved { clinic: clinic.config.id.clone(), mark: mark.display().to_string() });
        }
        let failed = |error| BookError::Journal { folder: folder.display().to_string(), error };
        let (mut journal, mut entries) = Journal::open(folder, &clinic.config.id, sealing).map_err(failed)?;
        if entries.is_empty() {
            entries = first(&seed, &unlike(clinic), today)?;
            // At once: half of a book would offer the blocked times of the other half.
            journal.append(&entries).map_err(|error| failed(io::Error::other(error)))?;
        }
        let mut rows = Rows::default();
        for (number, entry) in (1..).zip(entries) {
            rows.apply(number, entry);
        }
        Ok(Self::over(clinic, seed, Vec::new(), Changes::own(journal), rows))
    }

    /// The book in this database, which other processes write too; nothing is asked of it yet. What is in `<folder>/<clinic>.jsonl` goes to a database that
    /// has no book of the clinic's; else the data file's appointments do.
    pub fn shared(store: Store, folder: &Path, clinic: &Clinic, today: Date) -> Result<Self, BookError> {
        let seed = Seed::of(clinic).map_err(BookError::Seed)?;
        let failed = |error| BookError::Journal { folder: folder.display().to_string(), error };
        let own = Own::of(folder, &clinic.config.id, store.sealing().of_clinic(&clinic.config.id)).map_err(failed)?;
        let first = match &own {
            Some(own) => own.entries.clone(),
            None => first(&seed, &unlike(clinic), today)?,
        };
        Ok(Self::over(clinic, seed, first, Changes::shared(store, own), Rows::default()))
    }

    fn over(clinic: &Clinic, seed: Seed, first: Vec<Entry>, changes: Changes, rows: Rows) -> Self {
        let (rows, writing) = (RwLock::new(rows), tokio::sync::Mutex::default());
        let registrations = clinic.config.emr.as_ref().map(|emr| emr.registrations).unwrap_or_default();
        Self(Arc::new(Inner { seed, closed: unlike(clinic), registrations, first, changes, rows, writing }))
    }

    /// Where the database does not answer, those that are known. It is asked only where charts are made, and once anyhow.
    async fn patients(&self, which: impl Fn(&Chart) -> bool) -> Vec<Patient> {
        let is_known = self.0.registrations == Registrations::Queued && self.0.rows.read().number() > 0;
        if !is_known && let Err(error) = self.0.catch_up().await {
            tracing::warn!(%error, "charts that were made a moment ago are not looked through");
        }
        let rows = self.0.rows.read();
        self.0.charts(&rows).filter(|chart| which(chart)).map(Chart::patient).collect()
    }

    /// Runs to its end whatever becomes of the asker.
    async fn change<T: Send + 'static>(
        &self,
        decide: impl Fn(&Inner, &Rows) -> Result<Decided<T>, EmrError> + Send + Sync + 'static,
    ) -> Result<T, EmrError> {
        let inner = self.0.clone();
        finish(async move { inner.change(decide).await }).await
    }
}

/// The appointments of the data file.
fn first(seed: &Seed, closed: &Unlike, today: Date) -> Result<Vec<Entry>, BookError> {
    let schedule = |provider: &ProviderRef, day: Date| seed.schedule(provider, day, closed.of(day));
    let rows = seed.appointments(today, &schedule).map_err(BookError::Seed)?;
    Ok(rows.into_iter().map(Entry::Booked).collect())
}

impl Inner {
    fn schedule(&self, provider: &ProviderRef, day: Date) -> Option<DaySchedule> {
        self.seed.schedule(provider, day, self.closed.of(day))
    }

    /// Knows every change that there is.
    async fn catch_up(&self) -> Result<(), EmrError> {
        loop {
            let number = self.rows.read().number();
            let found = self.changes.after(number).await?;
            let is_last = found.len() < PAGE;
            let is_empty = {
                let mut rows = self.rows.write();
                found.into_iter().for_each(|(number, entry)| rows.apply(number, entry));
                rows.number() == 0 && !self.first.is_empty()
            };
            if is_last && !is_empty {
                return self.changes.be_one(&self.first).await;
            }
            if is_empty {
                self.changes.begin(&self.first).await?;
            }
        }
    }

    /// A change counts as the next after all that were looked at, or not at all: whoever was overtaken looks again. So one that was not answered may be
    /// written again: of the two one counts. Who waited too long for others, or for the database, writes nothing.
    async fn change<T>(&self, decide: impl Fn(&Self, &Rows) -> Result<Decided<T>, EmrError>) -> Result<T, EmrError> {
        let ready = ready_by();
        let _one = in_time(ready, async { Ok(self.writing.lock().await) }).await?;
        let until = Instant::now() + SETTLE;
        let mut unanswered: Option<String> = None;
        loop {
            match &unanswered {
                None => in_time(ready, self.catch_up()).await?,
                Some(what) => {
                    if self.catch_up().await.is_err() {
                        if Instant::now() > until {
                            return Err(EmrError::Unknown(what.clone()));
                        }
                        sleep_until(Instant::now() + PAUSE).await;
                        continue;
                    }
                }
            }
            let (after, decided) = {
                let rows = self.rows.read();
                (rows.number(), decide(self, &rows)?)
            };
            let (entry, done) = match decided {
                Decided::Before(done) => return Ok(done),
                Decided::Now(entry, done) => (entry, done),
            };
            match &unanswered {
                None => still_in_time(ready)?,
                Some(what) if Instant::now() > until => return Err(EmrError::Unknown(what.clone())),
                Some(_) => {}
            }
            match self.changes.add(after, vec![entry.clone()]).await {
                Ok(Added::Now) => {
                    self.rows.write().apply(after + 1, entry);
                    return Ok(done);
                }
                Ok(Added::Overtaken) => {}
                Err(EmrError::Unknown(what)) if self.changes.may_look_again() && Instant::now() < until => {
                    unanswered = Some(what);
                    sleep_until(Instant::now() + PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn book(&self, wanted: &NewAppointment, rows: &Rows) -> Result<Decided<Appointment>, EmrError> {
        if let Some(row) = rows.of_key(&wanted.key).filter(|row| row.is_for(&wanted.patient, &wanted.place)) {
            return Ok(Decided::Before(row.appointment()));
        }
        if !self.charts(rows).any(|chart| chart.chart == wanted.patient) {
            return Err(EmrError::Refused(Refusal::NotFound));
        }
        self.check_place(rows, &wanted.place, None)?;
        let row = Row::wanted(rows.next_id(), wanted);
        let booked = row.appointment();
        Ok(Decided::Now(Entry::Booked(row), booked))
    }

    /// The data file's, and those that were made since.
    fn charts<'a>(&'a self, rows: &'a Rows) -> impl Iterator<Item = &'a Chart> {
        self.seed.charts().iter().chain(rows.charts())
    }

    fn chart(&self, new: &NewPatient, rows: &Rows) -> Result<Decided<PatientRef>, EmrError> {
        let key = digest(&["chart", &new.key()]);
        if let Some(chart) = rows.chart_of_key(&key) {
            return Ok(Decided::Before(chart.clone()));
        }
        if self.charts(rows).any(|chart| chart.may_be(new)) {
            return Err(EmrError::Refused(Refusal::Known));
        }
        // The data file's numbers are the clinic's.
        let number = |at: usize| PatientRef(Pii::new(format!("{MADE}{at}")));
        let mut at = rows.charts().count() + 1;
        while self.charts(rows).any(|chart| chart.chart == number(at)) {
            at += 1;
        }
        let entry = Entry::Charted { chart: Chart::made(number(at), new), key };
        Ok(Decided::Now(entry, number(at)))
    }

    fn reschedule(&self, held: &Held, to: &Place, rows: &Rows) -> Result<Decided<Appointment>, EmrError> {
        let row = self.owned(held, rows)?;
        if row.cancelled {
            return Err(EmrError::Refused(Refusal::Changed));
        }
        if row.place() == *to {
            return Ok(Decided::Before(row.appointment()));
        }
        row.is_as_held(held)?;
        self.check_place(rows, to, Some(row.id))?;
        let mut row = row.clone();
        (row.provider, row.start, row.end) = (to.provider.clone(), to.start, to.end);
        let moved = Entry::Moved { id: row.id, provider: to.provider.clone(), start: to.start, end: to.end };
        Ok(Decided::Now(moved, row.appointment()))
    }

    fn cancel(&self, held: &Held, rows: &Rows) -> Result<Decided<()>, EmrError> {
        let row = self.owned(held, rows)?;
        if row.cancelled {
            return Ok(Decided::Before(()));
        }
        row.is_as_held(held)?;
        Ok(Decided::Now(Entry::Cancelled { id: row.id }, ()))
    }

    /// The appointment as it stands, if it is that patient's, with somebody whom callers may book.
    fn owned<'a>(&self, held: &Held, rows: &'a Rows) -> Result<&'a Row, EmrError> {
        let row = rows.owned(held)?;
        if self.is_listed(&row.provider) { Ok(row) } else { Err(EmrError::Refused(Refusal::NotFound)) }
    }

    /// In the data file: who left it is no more the telephone's.
    fn is_listed(&self, provider: &ProviderRef) -> bool {
        self.seed.has_provider(provider)
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

#[async_trait::async_trait]
impl Emr for Book {
    fn capabilities(&self) -> Capabilities {
        Capabilities { creates_patients: true, refuses_double_booking: true }
    }

    async fn health(&self, _now: DateTime) -> Result<Vec<Finding>, EmrError> {
        self.0.catch_up().await?;
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
        self.0.catch_up().await?;
        Ok(self.0.rows.read().on(provider, day).map(Row::appointment).collect())
    }

    async fn appointments_for_patient(
        &self,
        patient: &PatientRef,
        from: DateTime,
    ) -> Result<Vec<Appointment>, EmrError> {
        self.0.catch_up().await?;
        let rows = self.0.rows.read();
        let theirs = rows.active().filter(|row| row.patient.as_ref() == Some(patient) && row.start >= from);
        let listed = theirs.filter(|row| self.0.is_listed(&row.provider));
        Ok(in_order(listed.map(Row::appointment).collect()))
    }

    async fn find_patients(&self, sought: &Sought) -> Result<Vec<Patient>, EmrError> {
        let born = *sought.birth_date.reveal();
        Ok(self.patients(|chart| chart.is_born(born)).await)
    }

    async fn find_by(&self, number: &Number) -> Result<Vec<Patient>, EmrError> {
        Ok(self.patients(|chart| chart.has(number)).await)
    }

    async fn book(&self, wanted: NewAppointment) -> Result<Appointment, EmrError> {
        self.change(move |book, rows| book.book(&wanted, rows)).await
    }

    async fn reschedule(&self, held: Held, to: Place) -> Result<Appointment, EmrError> {
        self.change(move |book, rows| book.reschedule(&held, &to, rows)).await
    }

    async fn cancel(&self, held: Held) -> Result<(), EmrError> {
        self.change(move |book, rows| book.cancel(&held, rows)).await
    }

    async fn create_patient(&self, new: NewPatient) -> Result<PatientRef, EmrError> {
        self.change(move |book, rows| book.chart(&new, rows)).await
    }
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Book").field("appointments", &self.0.rows.read().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
