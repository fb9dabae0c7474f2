//! The tables of clinics: what is true of each, the evidence of its gates, and which of its files have passed.
//!
//! `facts` is the fingerprint of a clinic's file. Everything but the file itself is there to be looked for; it is written anew with the file.

use sea_orm::DbBackend;

use super::Kind::{MaybeNumber, MaybeText, Number, Text};
use super::{Columns, Migration, table, text};

pub(super) const MIGRATION: Migration =
    Migration { version: 6, name: "clinics, their gates and which files have passed", statements: clinics };

/// One row a clinic.
pub(in crate::store) const CLINICS: Columns = Columns {
    table: "clinics",
    columns: &[
        "clinic",
        "name",
        "timezone",
        "province",
        "phone",
        "fax",
        "transfer_to",
        "officer",
        "officer_email",
        "officer_phone",
        "facts",
        "file",
        "changed_ms",
    ],
};

/// Numbers that lead to it.
pub(in crate::store) const NUMBERS: Columns = Columns { table: "clinic_numbers", columns: &["clinic", "number"] };

pub(in crate::store) const LANGUAGES: Columns = Columns { table: "clinic_languages", columns: &["clinic", "language"] };

/// Usual hours: 1 is Monday; `opens` and `closes` as 08:30.
pub(in crate::store) const HOURS: Columns =
    Columns { table: "clinic_hours", columns: &["clinic", "weekday", "opens", "closes"] };

/// Days that differ: `hours` as 08:30-12:00, several with blanks between them, none for a day that is closed.
pub(in crate::store) const HOLIDAYS: Columns =
    Columns { table: "clinic_holidays", columns: &["clinic", "day", "name", "hours"] };

/// `languages` with blanks between them.
pub(in crate::store) const PROVIDERS: Columns =
    Columns { table: "clinic_providers", columns: &["clinic", "place", "name", "role", "languages"] };

fn clinics(backend: DbBackend) -> Vec<String> {
    let clinics = [
        ("clinic", Text),
        ("name", Text),
        ("timezone", Text),
        ("province", Text),
        ("phone", Text),
        ("fax", MaybeText),
        ("transfer_to", MaybeText),
        ("officer", MaybeText),
        ("officer_email", MaybeText),
        ("officer_phone", MaybeText),
        ("facts", Text),
        ("file", Text),
        ("changed_ms", Number),
        ("disabled_ms", MaybeNumber),
        ("disabled_by", MaybeText),
    ];
    let numbers = [("clinic", Text), ("number", Text)];
    let languages = [("clinic", Text), ("language", Text)];
    let hours = [("clinic", Text), ("weekday", Number), ("opens", Text), ("closes", Text)];
    let holidays = [("clinic", Text), ("day", Text), ("name", Text), ("hours", Text)];
    let providers = [("clinic", Text), ("place", Number), ("name", Text), ("role", Text), ("languages", Text)];
    // What was seen, as JSON.
    let gates = [("clinic", Text), ("gate", Text), ("facts", Text), ("at_ms", Number), ("evidence", Text)];
    let passes = [("clinic", Text), ("facts", Text), ("at_ms", Number)];
    let tables = [
        table(CLINICS.table, &clinics, 1, false),
        table(NUMBERS.table, &numbers, 2, false),
        table(LANGUAGES.table, &languages, 2, false),
        table(HOURS.table, &hours, 3, false),
        table(HOLIDAYS.table, &holidays, 2, false),
        table(PROVIDERS.table, &providers, 2, false),
        table("clinic_gates", &gates, 2, false),
        table("clinic_passes", &passes, 2, false),
    ];
    tables.iter().map(|table| text(table, backend)).collect()
}
