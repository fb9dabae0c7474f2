//! Lines of the ledger of tools are known by where they stand and by what they say there: a file that was replaced has other lines in the same places.
//!
//! Rows of before are known by their place alone, and say nothing.

use sea_orm::DbBackend;

use super::{Kind, Migration, TOOLS, table, text};

pub(super) const MIGRATION: Migration =
    Migration { version: 15, name: "lines of the ledger by what they say", statements };

fn statements(backend: DbBackend) -> Vec<String> {
    if backend == DbBackend::Sqlite { anew(backend) } else { altered() }
}

/// SQLite cannot give a table another key.
fn anew(backend: DbBackend) -> Vec<String> {
    let (place, rest) = TOOLS.split_at(3);
    let columns = [place, &[("line", Kind::Text)], rest].concat();
    let all = TOOLS.map(|(name, _)| name).join(", ");
    vec![
        text(&table("tools_by_line", &columns, 4, false), backend),
        format!("INSERT INTO tools_by_line (line, {all}) SELECT '', {all} FROM tools"),
        "DROP TABLE tools".to_owned(),
        "ALTER TABLE tools_by_line RENAME TO tools".to_owned(),
        "CREATE INDEX tools_by_call ON tools (call)".to_owned(),
    ]
}

fn altered() -> Vec<String> {
    [
        "ALTER TABLE tools ADD COLUMN line text NOT NULL DEFAULT ''",
        "ALTER TABLE tools DROP CONSTRAINT tools_pkey",
        "ALTER TABLE tools ADD PRIMARY KEY (instance, file, position, line)",
    ]
    .map(str::to_owned)
    .into()
}
