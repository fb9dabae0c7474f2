//! Which migrations a database has had, and applying those that it has not: all of them in one transaction, or none.
//!
//! Each is written down in `attendant_migrations` with a checksum of what it did. A database that is ahead of this release, or whose
//! migrations were others, is left alone.

use std::collections::BTreeMap;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, TransactionOptions, TransactionTrait};
use sha2::{Digest, Sha256};

use super::schema::{MIGRATIONS, Migration};
use super::{StoreError, execute, rows};
use crate::clock;

/// How the tables stand to this release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Current,
    /// What is still to be done: version and name, and the statements.
    Behind(Vec<(i64, &'static str, Vec<String>)>),
}

const TRACKED: &str = "CREATE TABLE IF NOT EXISTS attendant_migrations \
    (version bigint NOT NULL PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_ms bigint NOT NULL)";

/// Any number, the same in every release: who migrates a PostgreSQL waits for whoever does so already.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7204811533)";

/// A key over millions of rows takes longer than any other statement may; for who else has the table it waits no longer than they do.
const AT_LENGTH: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'";

pub(super) async fn standing(database: &DatabaseConnection) -> Result<Standing, StoreError> {
    let pending = pending(database, applied(database).await?)?;
    let backend = database.get_database_backend();
    let told = |migration: &Migration| (migration.version, migration.name, migration.statements(backend));
    Ok(if pending.is_empty() { Standing::Current } else { Standing::Behind(pending.into_iter().map(told).collect()) })
}

/// An embedded database that is not there yet.
pub fn from_nothing() -> Standing {
    let told = |migration: &Migration| (migration.version, migration.name, migration.statements(DbBackend::Sqlite));
    Standing::Behind(MIGRATIONS.iter().map(told).collect())
}

/// Applies what is pending; the names of what was.
pub(super) async fn apply(database: &DatabaseConnection) -> Result<Vec<&'static str>, StoreError> {
    if standing(database).await? == Standing::Current {
        return Ok(Vec::new());
    }
    let sqlite_transaction_mode = Some(sea_orm::SqliteTransactionMode::Immediate);
    let transaction =
        database.begin_with_options(TransactionOptions { sqlite_transaction_mode, ..Default::default() }).await?;
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Postgres {
        transaction.execute_unprepared(AT_LENGTH).await?;
        transaction.execute_unprepared(LOCK).await?;
    }
    transaction.execute_unprepared(TRACKED).await?;
    let pending = pending(database, applied(&transaction).await?)?;
    for migration in &pending {
        for statement in migration.statements(backend) {
            transaction.execute_unprepared(&statement).await?;
        }
        let now = clock::now().as_millisecond();
        let values: [Value; 4] =
            [migration.version.into(), migration.name.into(), checksum(migration, backend).into(), now.into()];
        let insert = "INSERT INTO attendant_migrations (version, name, checksum, applied_ms) VALUES ($1, $2, $3, $4)";
        execute(&transaction, insert, values.into()).await?;
    }
    transaction.commit().await?;
    Ok(pending.into_iter().map(|migration| migration.name).collect())
}

/// Versions with their checksums.
async fn applied(on: &impl ConnectionTrait) -> Result<BTreeMap<i64, String>, DbErr> {
    let there = if on.get_database_backend() == DbBackend::Sqlite {
        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'attendant_migrations'"
    } else {
        "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'attendant_migrations'"
    };
    let found: i64 = rows(on, there, Vec::new()).await?.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if found == 0 {
        return Ok(BTreeMap::new());
    }
    let rows = rows(on, "SELECT version, checksum FROM attendant_migrations", Vec::new()).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

fn pending(on: &DatabaseConnection, applied: BTreeMap<i64, String>) -> Result<Vec<&'static Migration>, StoreError> {
    let backend = on.get_database_backend();
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if let Some(ahead) = applied.keys().find(|version| **version > newest) {
        return Err(StoreError::Schema(format!(
            "the database is at version {ahead} and this release knows {newest}; run the newer release, or restore the copy from before it"
        )));
    }
    let mut pending = Vec::new();
    for migration in MIGRATIONS {
        match applied.get(&migration.version) {
            None => pending.push(migration),
            Some(sum) if *sum == checksum(migration, backend) => {}
            Some(_) => {
                return Err(StoreError::Schema(format!(
                    "migration {} of the database is not that of this release; restore a copy of the database, or name an empty one",
                    migration.version
                )));
            }
        }
    }
    Ok(pending)
}

fn checksum(migration: &Migration, backend: DbBackend) -> String {
    let mut hash = Sha256::new();
    for statement in migration.statements(backend) {
        hash.update(statement);
        hash.update(";");
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
