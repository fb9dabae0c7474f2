//! The rows of the simulated database: appointments, patients, providers, templates. One clinic, in memory.
//!
//! Keeps what OSCAR keeps and checks as little: whoever inserts an appointment gets it inserted.

mod appointments;
mod desk;
mod like;
mod patients;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;

pub use appointments::Appointment;
pub(super) use appointments::{Author, NotWritten, TEXTS, Written, stored_end};
pub(super) use patients::{Patient, Wanted};

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) appointments: BTreeMap<u32, Appointment>,
    /// What was overwritten, oldest first.
    pub(super) archive: Vec<Appointment>,
    pub(super) patients: BTreeMap<i64, Patient>,
    pub(super) providers: Vec<Provider>,
    pub(super) codes: Vec<TemplateCode>,
    pub(super) types: Vec<AppointmentType>,
    /// Time codes by owner ("Public" or a provider) and name.
    pub(super) templates: BTreeMap<(String, String), String>,
    /// Names of templates by provider and day: `scheduledate`.
    pub(super) dates: BTreeMap<(String, Date), String>,
    pub(super) holidays: BTreeSet<Date>,
}

/// Texts by their names on the wire; what is not there is null.
pub(super) type Texts = BTreeMap<String, String>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    pub(super) number: String,
    pub(super) texts: Texts,
}

impl Provider {
    pub(super) fn is_active(&self) -> bool {
        self.texts.get("status").is_some_and(|status| status == "1")
    }
}

/// A row of `scheduletemplatecode`; codes are not unique.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateCode {
    pub(super) id: i64,
    pub(super) code: char,
    pub(super) description: String,
    /// Minutes as a text; may be empty.
    pub(super) duration: String,
    pub(super) color: String,
    pub(super) confirm: String,
    pub(super) bookinglimit: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppointmentType {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) duration: i64,
    #[serde(default)]
    pub(super) texts: Texts,
}
