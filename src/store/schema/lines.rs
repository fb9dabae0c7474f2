//! Lines of the ledger of tools are known by what they say, no longer by where they stood: a file that was replaced has other lines in the same places.
//!
//! Rows of before keep the place by which they are known: `@` and the position.

use sea_orm::DbBackend;

use super::{Kind, Migration, TOOLS, table, text};

pub(super) const MIGRATION: Migration =
    Migration { version: 15, name: "lines of the ledger by what they say", statements };

fn statements(backend: DbBackend) -> Vec<String> {
    if backend == DbBackend::Sqlite { anew(backend) } else { altered() }
}

/// SQLite cannot give a table another key.
fn anew(backend: DbBackend) -> Vec<String> {
    let (place, rest) = TOOLS.split_at(2);
    let columns = [place, &[("line", Kind::Text)], rest].concat();
    let rest = rest.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    vec![
        text(&table("tools_by_line", &columns, 3, false), backend),
        format!(
            "INSERT INTO tools_by_line (instance, file, line, {rest}) SELECT instance, file, '@' || CAST(position AS text), {rest} FROM tools"
        ),
        "DROP TABLE tools".to_owned(),
        "ALTER TABLE tools_by_line RENAME TO tools".to_owned(),
        "CREATE INDEX tools_by_call ON tools (call)".to_owned(),
    ]
}

/// The rows of every clinic: their owner is bound to one clinic's meanwhile no more.
fn altered() -> Vec<String> {
    [
        "ALTER TABLE tools ADD COLUMN line text",
        "ALTER TABLE tools NO FORCE ROW LEVEL SECURITY",
        "UPDATE tools SET line = '@' || CAST(position AS text)",
        "ALTER TABLE tools FORCE ROW LEVEL SECURITY",
        "ALTER TABLE tools ALTER COLUMN line SET NOT NULL",
        "ALTER TABLE tools DROP CONSTRAINT tools_pkey",
        "ALTER TABLE tools ADD PRIMARY KEY (instance, file, line)",
    ]
    .map(str::to_owned)
    .into()
}
