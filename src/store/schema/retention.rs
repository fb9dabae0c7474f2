//! What each purge took away: the counts behind the proof in the audit.

use sea_orm::DbBackend;

use super::{Kind, Migration, table, text};

pub(super) const MIGRATION: Migration = Migration { version: 4, name: "purges", statements };

pub(super) const UNFINISHED: Migration =
    Migration { version: 16, name: "how much of what was purged was not finished", statements: unfinished };

/// Of purges before nobody counted.
fn unfinished(_: DbBackend) -> Vec<String> {
    vec!["ALTER TABLE purges ADD COLUMN unfinished bigint NOT NULL DEFAULT 0".to_owned()]
}

/// One row a purge of the database (`instance` empty), and one of each server's own files. `done_ms` is empty until its proof is written.
fn statements(backend: DbBackend) -> Vec<String> {
    use Kind::{MaybeNumber, Number, Text};
    let columns = [
        ("clinic", Text),
        ("run", Text),
        ("instance", Text),
        ("calls", Number),
        ("lines", Number),
        ("events", Number),
        ("tools", Number),
        ("messages", Number),
        ("recordings", Number),
        ("journals", Number),
        ("done_ms", MaybeNumber),
    ];
    vec![text(&table("purges", &columns, 3, false), backend)]
}
