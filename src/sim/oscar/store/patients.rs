//! Charts, and the two searches over them: by the beginning of a name, and by parts of columns.
//!
//! Cell numbers are kept in another table (`demographicExt`) and no search sees them. Searches find whoever is there: inactive,
//! deceased and merged charts too.

use jiff::civil::{Date, DateTime};

use super::like::{like, same};
use super::{Store, Texts};

#[derive(Clone, Debug)]
pub(in super::super) struct Patient {
    pub(in super::super) number: i64,
    pub(in super::super) born: Date,
    /// Columns as named on the wire: `lastName`, `phone2`, `patientStatus` and so on.
    pub(in super::super) texts: Texts,
    /// In another table: `demo_cell`.
    pub(in super::super) cell: Option<String>,
    /// The chart that this one was merged into.
    pub(in super::super) head_record: Option<i64>,
    pub(in super::super) joined: Date,
    pub(in super::super) updated: DateTime,
    pub(in super::super) updated_by: String,
}

impl Patient {
    pub(in super::super) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }

    /// "Last, First".
    pub(in super::super) fn display_name(&self) -> String {
        format!("{}, {}", self.text("lastName"), self.text("firstName"))
    }
}

/// What a search by attributes asks for. Parts of columns, except where noted.
#[derive(Debug, Default)]
pub(in super::super) struct Wanted<'a> {
    /// By the names of columns.
    pub(in super::super) parts: Vec<(&'a str, &'a str)>,
    /// The whole of the column.
    pub(in super::super) gender: Option<&'a str>,
    pub(in super::super) born: Option<Date>,
    /// The whole of the column.
    pub(in super::super) province: Option<&'a str>,
    /// Part of either telephone.
    pub(in super::super) phone: Option<&'a str>,
}

impl Wanted<'_> {
    pub(in super::super) fn is_empty(&self) -> bool {
        let Self { parts, gender, born, province, phone } = self;
        parts.is_empty() && gender.is_none() && born.is_none() && province.is_none() && phone.is_none()
    }

    fn fits(&self, patient: &Patient) -> bool {
        let has = |column: &str, part: &str| like(patient.text(column), &format!("%{part}%"));
        self.parts.iter().all(|(column, part)| has(column, part))
            && self.gender.is_none_or(|gender| same(patient.text("sex"), gender))
            && self.born.is_none_or(|born| patient.born == born)
            && self.province.is_none_or(|province| same(patient.text("province"), province))
            && self.phone.is_none_or(|phone| has("phone", phone) || has("phone2", phone))
    }
}

impl Store {
    /// `LAST,FIRST` or `LAST`: how each begins.
    pub(in super::super) fn patients_named(&self, name: &str) -> Vec<&Patient> {
        let (last, first) = name.split_once(',').unwrap_or((name, ""));
        let begins = |text: &str, with: &str| like(text, &format!("{}%", with.trim()));
        let mut found: Vec<_> = self
            .patients
            .values()
            .filter(|patient| begins(patient.text("lastName"), last) && begins(patient.text("firstName"), first))
            .collect();
        found.sort_by_key(|patient| patient.display_name());
        found
    }

    pub(in super::super) fn patients_with(&self, wanted: &Wanted<'_>) -> Vec<&Patient> {
        self.patients.values().filter(|patient| wanted.fits(patient)).collect()
    }
}
