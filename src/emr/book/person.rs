//! A person's appointments in a clinic's own book, and the charts that were made there: told for an access request, and taken out of it if they ask.
//!
//! Bookings hold charts alone: whose they are is looked up in the book's data file and among the charts that were made, by number or name. What is taken out leaves its change under its number, of a
//! time that is nobody's: every process that has the book goes by the numbers, and none gives the time away again. Looking changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use jiff::civil::DateTime;
use serde::Serialize;

use super::journal::{self, Entry, Journal};
use super::rows::{Row, Rows};
use super::seed::{Chart, Seed};
use crate::clinic::Clinic;
use crate::emr::{EmrKind, PatientRef, ProviderRef, VisitKind};
use crate::privacy::Pii;
use crate::store::at_rest::Sealing;
use crate::store::person::{By, Person};
use crate::store::retention::{Counts, What};
use crate::store::{Store, StoreError};

/// One appointment of theirs, as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Booked {
    pub found_by: BTreeSet<By>,
    /// `appointment-7`.
    pub id: String,
    pub chart: PatientRef,
    pub provider: ProviderRef,
    /// The clinic's own time.
    pub start: DateTime,
    pub end: DateTime,
    pub kind: Option<VisitKind>,
    pub cancelled: bool,
}

/// A chart of theirs that was made by telephone, as they said it.
#[derive(Clone, Debug, Serialize)]
pub struct Charted {
    pub found_by: BTreeSet<By>,
    /// `chart-T1`.
    pub id: String,
    #[serde(flatten)]
    chart: Chart,
}

/// What a clinic's own book holds of a person.
#[derive(Debug, Default)]
pub struct Theirs {
    pub appointments: Vec<Booked>,
    /// Made by telephone.
    pub charts: Vec<Charted>,
    /// Every chart of theirs, the data file's too.
    pub numbers: Vec<PatientRef>,
    /// Changes of the database without them, and of what, each under its number.
    pub(crate) changes: Vec<(What, i64, Vec<u8>)>,
    /// Numbers of the file's changes that hold them.
    lines: BTreeSet<i64>,
    sealing: Sealing,
    /// What could not be looked into, and why.
    pub closed: Vec<String>,
}

/// Everything in this clinic's own book that is about this person: in the database, and in its file in `folder`.
pub async fn held_about(person: &Person, clinic: &Clinic, folder: &Path, store: &Store) -> Result<Theirs, StoreError> {
    let mut theirs = Theirs { sealing: store.sealing().of_clinic(&clinic.config.id), ..Theirs::default() };
    if clinic.config.emr.as_ref().map(|emr| emr.kind) != Some(EmrKind::Book) {
        return Ok(theirs);
    }
    let seed = match Seed::of(clinic) {
        Ok(seed) => seed,
        Err(wrong) => {
            theirs.closed = wrong;
            return Ok(theirs);
        }
    };
    let (changes, closed) = store.whole_book().await?;
    theirs.closed.extend(closed);
    let mut there = BTreeMap::new();
    for (number, change) in changes {
        match serde_json::from_slice::<Entry>(&change) {
            Ok(entry) => drop(there.insert(number, entry)),
            Err(_) => theirs.closed.push(format!("change {number} of the clinic's book is of a newer release")),
        }
    }
    let file = match journal::look(folder, &clinic.config.id, &theirs.sealing) {
        Ok(file) => file,
        Err(error) => {
            theirs.closed.push(format!("{}: {error}", journal::file(folder, &clinic.config.id).display()));
            BTreeMap::new()
        }
    };
    let mut charts: Charts = BTreeMap::new();
    let made = there.values().chain(file.values()).filter_map(Entry::chart);
    for chart in seed.charts().iter().chain(made) {
        let by = chart.found_by(person);
        if !by.is_empty() {
            charts.entry(chart.chart.0.reveal().clone()).or_default().extend(by);
        }
    }
    let mut all = Found::default();
    for (number, entry) in all.look(there, &charts, person) {
        let change = serde_json::to_vec(&entry.without_anybody(number));
        let change = change.map_err(|_| StoreError::Record(format!("change {number} of the book")))?;
        theirs.changes.push((entry.what(), number, change));
    }
    theirs.lines = all.look(file, &charts, person).into_iter().map(|(number, _)| number).collect();
    let numbers = charts.into_keys().filter(|number| !person.is_except(&format!("chart-{number}")));
    theirs.numbers = numbers.map(|number| PatientRef(Pii::new(number))).collect();
    theirs.appointments = all.appointments.into_values().collect();
    theirs.charts = all.charts.into_values().collect();
    Ok(theirs)
}

/// By what each of their charts was found, by its number.
type Charts = BTreeMap<String, BTreeSet<By>>;

#[derive(Default)]
struct Found {
    appointments: BTreeMap<u64, Booked>,
    charts: BTreeMap<String, Charted>,
}

impl Found {
    /// The changes that made these charts and their bookings, as they were written; and in `self` as they stand.
    fn look(&mut self, entries: BTreeMap<i64, Entry>, charts: &Charts, person: &Person) -> Vec<(i64, Entry)> {
        let mut rows = Rows::default();
        let mut written = Vec::new();
        for (number, entry) in entries {
            match &entry {
                Entry::Booked(_) | Entry::Charted { .. } => written.push((number, entry.clone())),
                Entry::Moved { .. } | Entry::Cancelled { .. } => {}
            }
            rows.apply(number, entry);
        }
        written.retain(|(_, entry)| match entry {
            Entry::Booked(row) => rows.all.get(&row.id).is_some_and(|row| self.booked(row, charts, person)),
            Entry::Charted { chart, .. } => self.charted(chart, charts, person),
            Entry::Moved { .. } | Entry::Cancelled { .. } => false,
        });
        written
    }

    fn booked(&mut self, row: &Row, charts: &Charts, person: &Person) -> bool {
        let Some(chart) = &row.patient else { return false };
        let id = format!("appointment-{}", row.id);
        let Some(by) = charts.get(chart.0.reveal()).filter(|_| !person.is_except(&id)) else { return false };
        let booked = Booked {
            found_by: by.clone(),
            id,
            chart: chart.clone(),
            provider: row.provider.clone(),
            start: row.start,
            end: row.end,
            kind: row.kind,
            cancelled: row.cancelled,
        };
        self.appointments.insert(row.id, booked);
        true
    }

    fn charted(&mut self, chart: &Chart, charts: &Charts, person: &Person) -> bool {
        let id = format!("chart-{}", chart.chart.0.reveal());
        let Some(by) = charts.get(chart.chart.0.reveal()).filter(|_| !person.is_except(&id)) else { return false };
        self.charts.insert(id.clone(), Charted { found_by: by.clone(), id, chart: chart.clone() });
        true
    }
}

impl Entry {
    /// The chart that it made.
    const fn chart(&self) -> Option<&Chart> {
        match self {
            Self::Charted { chart, .. } => Some(chart),
            Self::Booked(_) | Self::Moved { .. } | Self::Cancelled { .. } => None,
        }
    }

    /// As what it is counted.
    const fn what(&self) -> What {
        match self {
            Self::Charted { .. } => What::Charts,
            Self::Booked(_) | Self::Moved { .. } | Self::Cancelled { .. } => What::Appointments,
        }
    }

    /// The same change, of nobody.
    fn without_anybody(&self, number: i64) -> Self {
        match self {
            Self::Booked(row) => Self::Booked(row.without_anybody(number)),
            Self::Charted { chart, .. } => {
                Self::Charted { chart: chart.without_anybody(), key: format!("erased-{number}") }
            }
            Self::Moved { .. } | Self::Cancelled { .. } => self.clone(),
        }
    }
}

impl Row {
    /// The same time, and nothing in it that leads to anybody: the key too is made of the chart.
    fn without_anybody(&self, number: i64) -> Self {
        Self { patient: None, kind: None, key: format!("erased-{number}"), ..self.clone() }
    }
}

impl Theirs {
    /// Takes them out of the book's file; how much of what. Refused while a server has it open.
    pub fn leave_file(&self, folder: &Path, clinic: &str) -> io::Result<Counts> {
        let mut counts = Counts::default();
        if self.lines.is_empty() {
            return Ok(counts);
        }
        let (mut journal, entries) = Journal::open(folder, clinic, &self.sealing)?;
        let without = (1..).zip(entries).map(|(number, entry)| {
            if !self.lines.contains(&number) {
                return entry;
            }
            counts.add(entry.what(), 1);
            entry.without_anybody(number)
        });
        let without: Vec<Entry> = without.collect();
        journal.replace(&without)?;
        Ok(counts)
    }
}

#[cfg(test)]
mod tests;
