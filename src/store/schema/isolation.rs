//! PostgreSQL shows and takes a clinic's rows only to connections that are that clinic's, whatever a statement asks for. SQLite has nothing like it.
//!
//! A table that is new has its own rule in its migration: [`own`] or [`of_call`]. A test finds the one that has none.

use sea_orm::DbBackend;

use super::Migration;
use crate::store::tenancy::{EVERYBODY, SETTING};

pub(super) const MIGRATION: Migration =
    Migration { version: 7, name: "a clinic's rows for that clinic alone (PostgreSQL)", statements: isolation };

fn isolation(backend: DbBackend) -> Vec<String> {
    let tables = [
        "calls",
        "tools",
        "audit",
        "audit_heads",
        "messages",
        "purges",
        "erased",
        "clinics",
        "clinic_numbers",
        "clinic_languages",
        "clinic_hours",
        "clinic_holidays",
        "clinic_providers",
        "clinic_gates",
        "clinic_passes",
    ];
    let parts = ["turns", "transcript", "events", "costs"];
    let own = tables.into_iter().flat_map(|table| own(table, backend));
    own.chain(parts.into_iter().flat_map(|table| of_call(table, backend))).collect()
}

/// A table with a column `clinic`. The owner of the tables is bound too; whoever may pass over such rules (a superuser) is not.
pub(super) fn own(table: &str, backend: DbBackend) -> Vec<String> {
    rule(table, &format!("current_setting('{SETTING}', true) IN (clinic, '{EVERYBODY}')"), backend)
}

/// A table whose rows belong to a call: they are seen with it.
pub(super) fn of_call(table: &str, backend: DbBackend) -> Vec<String> {
    rule(table, &format!("EXISTS (SELECT 1 FROM calls WHERE calls.call = {table}.call)"), backend)
}

fn rule(table: &str, condition: &str, backend: DbBackend) -> Vec<String> {
    if backend == DbBackend::Sqlite {
        return Vec::new();
    }
    vec![
        format!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"),
        format!("ALTER TABLE {table} FORCE ROW LEVEL SECURITY"),
        format!("CREATE POLICY of_clinic ON {table} USING ({condition})"),
    ]
}
