//! Messages for the staff.

use sea_orm::DbBackend;

use super::{Columns, Kind, Migration, table, text};

/// One row a message; `body` is who left it, whom to call back, and what it says. Not of its call: it is kept for its own time.
pub(in crate::store) const MESSAGES: Columns =
    Columns { table: "messages", columns: &["id", "clinic", "instance", "call", "at_ms", "body", "key", "kind"] };

pub(super) const MIGRATION: Migration = Migration { version: 3, name: "messages", statements };

fn statements(backend: DbBackend) -> Vec<String> {
    use Kind::{Number, Sealed, Text};
    let columns = [
        ("id", Text),
        ("clinic", Text),
        ("instance", Text),
        ("call", Text),
        ("at_ms", Number),
        ("body", Sealed),
        ("key", Number),
    ];
    vec![
        text(&table(MESSAGES.table, &columns, 1, false), backend),
        "CREATE INDEX messages_by_time ON messages (clinic, at_ms)".to_owned(),
    ]
}
