//! Whose rows a statement may see and write, said to PostgreSQL: a connection belongs to the clinic for which its store was opened.
//!
//! So a statement that forgets its clinic finds nothing of another's, and one without any clinic finds nothing at all. What concerns every clinic (lists
//! of clinics, sealing anew) says so for one transaction. SQLite has no such rules: there each statement's own clinic is all.

use sea_orm::{DatabaseTransaction, DbBackend, DbErr};
use sqlx::postgres::PgConnectOptions;

use super::{Store, StoreError, rows};
use crate::clinic::is_id;

/// In which PostgreSQL is told the clinic; the migrations' rules read it.
pub(super) const SETTING: &str = "app.clinic";

/// Every clinic; no clinic's id, which is of letters, digits and dashes.
pub(super) const EVERYBODY: &str = "*";

/// A connection that is this clinic's from its first statement on.
pub(super) fn belonging_to(options: PgConnectOptions, clinic: &str) -> PgConnectOptions {
    options.options([(SETTING, clinic)])
}

impl Store {
    /// A transaction that sees the rows of all clinics: for whoever runs the servers, never for a call.
    pub(super) async fn begin_for_everybody(&self) -> Result<DatabaseTransaction, DbErr> {
        self.begin_as(EVERYBODY).await
    }

    /// A transaction that belongs to this clinic, as that of a journal which a server left that was another's before. The name may be out of a file: what
    /// is no clinic's is refused.
    pub(super) async fn begin_for(&self, clinic: &str) -> Result<DatabaseTransaction, StoreError> {
        if !is_id(clinic) {
            return Err(StoreError::Record("it is of a clinic whose id no clinic can have".to_owned()));
        }
        Ok(self.begin_as(clinic).await?)
    }

    async fn begin_as(&self, whose: &str) -> Result<DatabaseTransaction, DbErr> {
        let transaction = self.begin().await?;
        if self.database.get_database_backend() == DbBackend::Postgres {
            // Until the transaction ends, and no longer.
            let set = format!("SELECT set_config('{SETTING}', $1, true)");
            rows(&transaction, &set, vec![whose.into()]).await?;
        }
        Ok(transaction)
    }

    /// Whether the database's user is held to these rules; `None`: the database has none.
    pub async fn is_held_to_its_clinic(&self) -> Result<Option<bool>, DbErr> {
        if self.is_embedded() {
            return Ok(None);
        }
        let sql = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
        let found = self.rows(sql, vec![]).await?;
        let is_free = found.first().map(|row| row.try_get_by_index::<bool>(0)).transpose()?;
        Ok(Some(is_free == Some(false)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    /// Of a database or of a server, and of no clinic.
    const OF_NO_CLINIC: [&str; 8] = [
        " spools",
        " known_keys",
        " attendant_migrations",
        "sqlite_master",
        "pg_tables",
        "pg_roles",
        "SELECT pg_advisory_xact_lock(",
        "SELECT transaction_timestamp()",
    ];

    /// Statements, and parts of them, that name no clinic.
    const WITHOUT: [&str; 20] = [
        // A connection's clinic itself.
        "SELECT set_config('{SETTING}', $1, true)",
        // A server's chain, whosever.
        "SELECT 1 FROM audit_heads WHERE instance = $1",
        // A call that was written in the same transaction, and what was erased: ids are of one clinic.
        "SELECT clinic, outcome, intent FROM calls WHERE call = $1",
        "UPDATE calls SET outcome = $2, intent = $3 WHERE call = $1",
        "SELECT 1 FROM erased WHERE id = $1",
        // Calls that a question which names it has found.
        "{} WHERE call IN ({}) ORDER BY call, {}",
        // Parts that others make a question of.
        "INSERT INTO {} ({}) VALUES {}",
        "SELECT {} FROM {}",
        // Parts that name it.
        "DELETE FROM transcript WHERE {ours}",
        "DELETE FROM events WHERE {ours}",
        "SELECT MIN(began_ms) {calls} AND EXISTS (SELECT 1 FROM {table} WHERE {table}.call = calls.call)",
        "call IN (SELECT call {calls})",
        "SELECT MIN({column}) FROM {table} WHERE {which}",
        "DELETE FROM {table} WHERE {which}",
        "SELECT COUNT(*) FROM {table} WHERE {which}",
        // Every clinic's, each sealed for its own.
        "(SELECT clinic FROM calls WHERE calls.call = transcript.call)",
        "(SELECT clinic FROM calls WHERE calls.call = events.call)",
        "SELECT key, COUNT(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY key",
        "SELECT {id}, {seq}, {column}, {clinic} FROM {table} WHERE key < $1 AND ({id}, {seq}) > ($2, $3) ORDER BY {id}, {seq} LIMIT $4",
        "UPDATE {table} SET {column} = $1, key = $2 WHERE {id} = $3 AND {seq} = $4 AND {column} IS NOT DISTINCT FROM $5",
    ];

    /// Files of this folder and below, but for tests and for the migrations.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !["tests", "schema"].contains(&name.as_str()) {
                files.append(&mut self::files(&path));
            } else if path.extension().is_some_and(|end| end == "rs") && name != "tests" {
                files.push(path);
            }
        }
        files
    }

    /// What stands between quotes, each on one line.
    fn texts(source: &str) -> Vec<String> {
        let source = source.split("\n#[cfg(test)]\nmod ").next().unwrap();
        let source = source.replace("\\\"", "").replace("'\"'", "").replace("\\\n", " ");
        let quoted = source.split('"').skip(1).step_by(2);
        quoted.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// On the embedded database nothing else keeps clinics apart.
    #[test]
    fn every_statement_names_its_clinic() {
        let folder = format!("{}/src/store", env!("CARGO_MANIFEST_DIR"));
        let texts: Vec<String> =
            files(Path::new(&folder)).iter().flat_map(|file| texts(&std::fs::read_to_string(file).unwrap())).collect();
        let is_sql = |text: &&String| {
            ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WHERE "].iter().any(|word| text.contains(word))
        };
        let names_one =
            |text: &str| ["clinic = ", "clinic IN", "(clinic", ", clinic"].iter().any(|by| text.contains(by));
        let statements: Vec<&String> = texts.iter().filter(is_sql).collect();
        assert!(statements.iter().filter(|text| names_one(text)).count() > 40, "they are looked at: {statements:?}");
        for text in &statements {
            let is_known = WITHOUT.contains(&text.as_str()) || OF_NO_CLINIC.iter().any(|of| text.contains(of));
            assert!(names_one(text) || is_known, "whose rows does it see? {text}");
        }
        for known in WITHOUT {
            assert!(statements.iter().any(|text| *text == known), "no statement any more: {known}");
        }
    }
}
