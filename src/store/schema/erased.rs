//! What was erased: calls and messages by their ids, which say nothing of whom.

use sea_orm::DbBackend;

use super::{Kind, Migration, table, text};

pub(super) const MIGRATION: Migration = Migration { version: 5, name: "erased", statements };

/// One row a call or message that must not come back, from a file that another server still has or from a copy of the folder of records.
fn statements(backend: DbBackend) -> Vec<String> {
    use Kind::{Number, Text};
    let columns = [("id", Text), ("clinic", Text), ("at_ms", Number)];
    vec![text(&table("erased", &columns, 1, false), backend)]
}
