//! A person's appointments in a clinic's own book: told for an access request, and taken out of it if they ask.
//!
//! Changes hold charts alone: whose they are is looked up in the book's data file, by number or name. What is taken out leaves its change under its number, of a
//! time that is nobody's: every process that has the book goes by the numbers, and none gives the time away again. Looking changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use jiff::civil::DateTime;
use serde::Serialize;

use super::journal::{self, Entry, Journal};
use super::rows::{Row, Rows};
use super::seed::Seed;
use crate::clinic::Clinic;
use crate::emr::{EmrKind, PatientRef, ProviderRef, VisitKind};
use crate::store::at_rest::Sealing;
use crate::store::person::{By, Person};
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

/// What a clinic's own book holds of a person.
#[derive(Debug, Default)]
pub struct Theirs {
    pub appointments: Vec<Booked>,
    /// Changes of the database without them, each under its number.
    pub(crate) changes: Vec<(i64, Vec<u8>)>,
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
    let mut charts: BTreeMap<&str, BTreeSet<By>> = BTreeMap::new();
    for (chart, by) in seed.charts_of(person) {
        charts.entry(chart.0.reveal().as_str()).or_default().insert(by);
    }
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
    let mut all = BTreeMap::new();
    for (number, row) in found(there, &charts, person, &mut all) {
        let change = serde_json::to_vec(&Entry::Booked(row.without_anybody(number)));
        theirs.changes.push((number, change.map_err(|_| StoreError::Record(format!("change {number} of the book")))?));
    }
    theirs.lines = found(file, &charts, person, &mut all).into_iter().map(|(number, _)| number).collect();
    theirs.appointments = all.into_values().collect();
    Ok(theirs)
}

/// The bookings of these charts, as they were written; and in `all` as they stand, by their ids.
fn found(
    entries: BTreeMap<i64, Entry>,
    charts: &BTreeMap<&str, BTreeSet<By>>,
    person: &Person,
    all: &mut BTreeMap<u64, Booked>,
) -> Vec<(i64, Row)> {
    let mut rows = Rows::default();
    let mut written = Vec::new();
    for (number, entry) in entries {
        if let Entry::Booked(row) = &entry {
            written.push((number, row.clone()));
        }
        rows.apply(number, entry);
    }
    written.retain(|(_, row)| {
        let Some((row, chart)) = rows.all.get(&row.id).and_then(|row| Some((row, row.patient.as_ref()?))) else {
            return false;
        };
        let id = format!("appointment-{}", row.id);
        let Some(by) = charts.get(chart.0.reveal().as_str()).filter(|_| !person.is_except(&id)) else { return false };
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
        all.insert(row.id, booked);
        true
    });
    written
}

impl Row {
    /// The same time, and nothing in it that leads to anybody: the key too is made of the chart.
    fn without_anybody(&self, number: i64) -> Self {
        Self { patient: None, kind: None, key: format!("erased-{number}"), ..self.clone() }
    }
}

impl Theirs {
    /// Takes them out of the book's file; how many bookings. Refused while a server has it open.
    pub fn leave_file(&self, folder: &Path, clinic: &str) -> io::Result<usize> {
        if self.lines.is_empty() {
            return Ok(0);
        }
        let (mut journal, entries) = Journal::open(folder, clinic, &self.sealing)?;
        let without = (1..).zip(entries).map(|(number, entry)| match entry {
            Entry::Booked(row) if self.lines.contains(&number) => Entry::Booked(row.without_anybody(number)),
            Entry::Booked(_) | Entry::Moved { .. } | Entry::Cancelled { .. } => entry,
        });
        journal.replace(&without.collect::<Vec<_>>())?;
        Ok(self.lines.len())
    }
}

#[cfg(test)]
mod tests;
