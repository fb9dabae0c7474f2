//! The appointments of a book in memory, as its changes made them.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use super::journal::Entry;
use super::seed::Chart;
use crate::emr::{
    Appointment, AppointmentRef, EmrError, Held, NewAppointment, PatientRef, Place, ProviderRef, Refusal, VisitKind,
};

#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Of the last change.
    number: i64,
    pub(super) all: BTreeMap<u64, Row>,
    keys: HashMap<String, u64>,
    /// Made here, in this order, each with the digest of its wish.
    charts: Vec<(Chart, String)>,
}

/// One appointment, as among the changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) patient: Option<PatientRef>,
    pub(super) provider: ProviderRef,
    pub(super) start: DateTime,
    pub(super) end: DateTime,
    pub(super) kind: Option<VisitKind>,
    pub(super) key: String,
    #[serde(default)]
    pub(super) cancelled: bool,
}

impl Rows {
    /// Of the last change.
    pub(super) const fn number(&self) -> i64 {
        self.number
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn of_key(&self, key: &str) -> Option<&Row> {
        self.keys.get(key).and_then(|id| self.all.get(id))
    }

    /// What was applied before is passed over.
    pub(super) fn apply(&mut self, number: i64, entry: Entry) {
        if number <= self.number {
            return;
        }
        self.number = number;
        match entry {
            Entry::Booked(row) => {
                self.keys.insert(row.key.clone(), row.id);
                self.all.insert(row.id, row);
            }
            Entry::Charted { chart, key } => self.charts.push((chart, key)),
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

    /// Those that were made here.
    pub(super) fn charts(&self) -> impl Iterator<Item = &Chart> {
        self.charts.iter().map(|(chart, _)| chart)
    }

    pub(super) fn chart_of_key(&self, key: &str) -> Option<&PatientRef> {
        self.charts.iter().find(|(_, of)| of == key).map(|(chart, _)| &chart.chart)
    }

    pub(super) fn next_id(&self) -> u64 {
        self.all.last_key_value().map_or(1, |(id, _)| id + 1)
    }

    pub(super) fn active(&self) -> impl Iterator<Item = &Row> {
        self.all.values().filter(|row| !row.cancelled)
    }

    pub(super) fn on<'a>(&'a self, provider: &'a ProviderRef, day: Date) -> impl Iterator<Item = &'a Row> {
        self.active().filter(move |row| row.provider == *provider && row.start.date() == day)
    }

    pub(super) fn owned(&self, held: &Held) -> Result<&Row, EmrError> {
        let row = held.id.0.parse().ok().and_then(|id: u64| self.all.get(&id));
        row.filter(|row| row.patient.as_ref() == Some(&held.patient)).ok_or(EmrError::Refused(Refusal::NotFound))
    }
}

impl Row {
    pub(super) fn wanted(id: u64, wanted: &NewAppointment) -> Self {
        Self {
            id,
            patient: Some(wanted.patient.clone()),
            provider: wanted.place.provider.clone(),
            start: wanted.place.start,
            end: wanted.place.end,
            kind: Some(wanted.kind),
            key: wanted.key.clone(),
            cancelled: false,
        }
    }

    /// It stands there for that patient.
    pub(super) fn is_for(&self, patient: &PatientRef, place: &Place) -> bool {
        !self.cancelled && self.patient.as_ref() == Some(patient) && self.place() == *place
    }

    pub(super) fn place(&self) -> Place {
        Place { provider: self.provider.clone(), start: self.start, end: self.end }
    }

    pub(super) fn is_as_held(&self, held: &Held) -> Result<(), EmrError> {
        if self.provider == held.provider && self.start == held.start {
            Ok(())
        } else {
            Err(EmrError::Refused(Refusal::Changed))
        }
    }

    pub(super) fn appointment(&self) -> Appointment {
        Appointment {
            id: AppointmentRef(self.id.to_string()),
            patient: self.patient.clone(),
            provider: self.provider.clone(),
            start: self.start,
            end: self.end,
        }
    }
}
