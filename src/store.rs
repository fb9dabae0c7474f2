//! What is kept of calls in a database: SQLite beside the records, or PostgreSQL; the same tables, statements and code for both.
//!
//! A call never waits for it. What a call leaves behind is written to its journal on disk while it goes on ([`crate::records`]); when it is over, the
//! journal is moved here in one transaction and then deleted ([`import`]). So the journals are the spool: with the database down they wait, and
//! a call that was moved already is not written again. A patient's words and numbers are sealed before they leave the process ([`keys`]).
//! A store is opened for one clinic, and no question to it is answered with another's calls; which clinics there are is known to all ([`clinics`]).

pub mod acknowledged;
pub mod at_rest;
pub mod audit;
pub(crate) mod book;
mod broken_off;
pub mod clinics;
mod closed;
mod concluded;
pub mod credentials;
mod history;
pub mod import;
mod insert;
pub mod keys;
mod known_keys;
mod lost_keys;
mod messages;
pub mod migrate;
pub mod notes;
pub mod notices;
pub mod person;
mod read;
mod record;
pub mod requests;
mod reseal;
pub mod retention;
mod schema;
mod settings;
pub mod shipping;
mod silence;
pub mod tail;
mod tenancy;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sea_orm::sea_query::Value;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, QueryResult, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use tokio::sync::OnceCell;

use crate::clinic::Tenant;
use crate::config::Secret;
use crate::records::Seal;
use crate::records::bucket::{Bucket, BucketError};
use at_rest::Sealing;
use audit::{Action, Note};
use keys::{Adding, Keys, KeysError};
use migrate::Standing;
use record::word;

pub use history::{History, HistoryError};
pub use insert::Kept;
pub use record::Record;
pub use settings::{Kind, StoreConfig};
pub(crate) use settings::{SIMPLE, is_default, is_well_known, weakness};
pub(crate) use silence::in_time;
use silence::{CONNECTING, STATEMENT, answered, commit, rollback};

/// Why something could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the database does not do what it is asked: {0}; see that it runs and can be reached, and [store] in the configuration"
    )]
    Database(#[from] DbErr),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("the store's folder {folder} cannot be used: {error}; see to the folder, or name another in records.path")]
    Folder { folder: String, error: io::Error },
    /// One of a folder that can be used.
    #[error("{file} cannot be read or taken away: {error}; see who may, and to the disk")]
    File { file: String, error: io::Error },
    #[error("the database said nothing for {0} s; see how it is")]
    Silent(u64),
    #[error("a record cannot be read: {0}; it was written by a newer release, or changed by hand")]
    Record(String),
    /// The tables are not those of this release.
    #[error("{0}")]
    Schema(String),
    #[error("the secret of the database: {0}")]
    Secret(String),
    #[error(transparent)]
    Bucket(#[from] BucketError),
}

impl StoreError {
    /// It concerns one record: others can be written.
    fn is_of_one_record(&self) -> bool {
        let Self::Database(DbErr::Exec(error) | DbErr::Query(error)) = self else {
            return matches!(self, Self::Record(_) | Self::File { .. });
        };
        let RuntimeErr::SqlxError(error) = error else { return false };
        // What breaks a rule of the tables, and what PostgreSQL calls a data exception.
        error.as_database_error().is_some_and(|error| {
            error.kind() != sqlx::error::ErrorKind::Other
                || error.code().is_some_and(|code| code.len() == 5 && code.starts_with("22"))
        })
    }
}

/// The records of one clinic. Cheap to clone: a pool of connections is behind it.
#[derive(Clone, Debug)]
pub struct Store {
    database: DatabaseConnection,
    /// From which those of each clinic are made.
    keys: Arc<Keys>,
    /// What seals this clinic's rows and recordings.
    own: Arc<Keys>,
    /// What seals files beside the database.
    sealing: Sealing,
    clinic: Tenant,
    instance: Arc<str>,
    /// Where recordings are.
    records: Arc<Path>,
    /// Where the keys are; another server's may have come there since.
    keys_file: Arc<Path>,
    /// Where recordings are once they are over, if not there.
    bucket: Option<Arc<Bucket>>,
    /// Set once the keys are known to be those of the database.
    sure: Arc<OnceCell<()>>,
}

impl Store {
    /// Reads the keys and prepares the connections; nothing is asked of the database yet, so that it may be down. `records` is the folder of records,
    /// `clinic` whose store it is. Must be called within a runtime, which looks after the connections. Of the embedded database the folder, the file and, the first time, its keys are created.
    pub fn open(settings: &StoreConfig, records: &Path, clinic: &Tenant) -> Result<Self, StoreError> {
        let keys = Arc::new(keys_of(settings, records)?);
        let sealing = Sealing::of(settings, records)?;
        let mut options = ConnectOptions::new(settings.url.clone().unwrap_or_else(|| "sqlite:attendant".to_owned()));
        options
            .max_connections(settings.connections)
            .acquire_timeout(CONNECTING)
            .connect_lazy(true)
            .sqlx_logging(false)
            .record_stmt_in_spans(false)
            .set_application_name("attendant")
            .statement_timeout(STATEMENT);
        if settings.kind() == Kind::Embedded {
            let file = embedded(settings.home(records));
            create(&file)?;
            options.map_sqlx_sqlite_opts(move |sqlite| {
                // A journal is deleted once its transaction is committed: then it must be on the disk, hence the whole synchronisation.
                // What is purged is written over.
                sqlite
                    .filename(&file)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .pragma("secure_delete", "ON")
            });
        }
        let password: Option<Secret> = settings.password().map_err(StoreError::Secret)?;
        let owner = clinic.clone();
        options.map_sqlx_postgres_opts(move |postgres| {
            let postgres = tenancy::belonging_to(postgres, &owner);
            match &password {
                Some(password) => postgres.password(password.expose()),
                None => postgres,
            }
        });
        options.map_sqlx_postgres_pool_opts(silence::giving_back);
        let database = lazily(options)?;
        let instance = crate::records::instance(records)
            .map_err(|error| StoreError::Folder { folder: records.display().to_string(), error })?;
        Ok(Self {
            database,
            own: Arc::new(keys.of_clinic(clinic)),
            keys,
            sealing,
            clinic: clinic.clone(),
            instance: instance.into(),
            records: records.into(),
            keys_file: settings.keys_file(records).into(),
            bucket: None,
            sure: Arc::default(),
        })
    }

    /// The same whose recordings are in this bucket once they are over.
    #[must_use]
    pub fn with_bucket(self, bucket: Option<Bucket>) -> Self {
        Self { bucket: bucket.map(Arc::new), ..self }
    }

    /// Where recordings are once they are over, if not on the disk.
    pub const fn bucket(&self) -> Option<&Arc<Bucket>> {
        self.bucket.as_ref()
    }

    /// Calls whose recordings are in the bucket: all, or those after this one. Without a bucket there are none.
    pub async fn in_bucket(&self, after: Option<&str>) -> Result<BTreeSet<String>, StoreError> {
        match &self.bucket {
            Some(bucket) => Ok(bucket.calls(after).await?.into_iter().collect()),
            None => Ok(BTreeSet::new()),
        }
    }

    /// Whether the tables are those of this release.
    pub async fn standing(&self) -> Result<Standing, StoreError> {
        migrate::standing(&self.database).await
    }

    /// Brings the tables up to this release; what was done, one line each.
    pub async fn migrate(&self) -> Result<Vec<&'static str>, StoreError> {
        migrate::apply(&self.database).await
    }

    /// As [`Self::migrate`], and refused to whoever has other keys than those of the database: a row that they chained to the audit would break it for good.
    pub async fn migrate_by_its_keys(&self) -> Result<Vec<&'static str>, StoreError> {
        // Of a database from before there were keys, or an empty one, they are known afterwards.
        if self.has_known_keys().await? {
            self.be_sure_of_keys().await?;
        }
        let done = self.migrate().await?;
        self.be_sure_of_keys().await?;
        Ok(done)
    }

    /// As [`Self::migrate`] for the embedded database; of PostgreSQL, which others may be using, the tables must be right already. The keys must be the
    /// database's.
    pub async fn make_ready(&self) -> Result<(), StoreError> {
        let standing = self.standing().await?;
        match &standing {
            Standing::Current => {
                if self.is_held_to_its_clinic().await? == Some(false) {
                    tracing::warn!(
                        "the database's user may see the rows of every clinic; give attendant one that is no superuser and owns its database"
                    );
                }
            }
            Standing::Behind(_) if self.is_embedded() => {
                let done = self.migrate_by_its_keys().await?;
                tracing::info!(migrations = done.len(), "the embedded database has the tables of this release");
                // One that is made now had nothing that was changed.
                if !done.is_empty() && standing != migrate::from_nothing() {
                    self.note(&Note::new("attendant", Action::TablesMigrated, &done.join("; "), "done")).await?;
                }
            }
            Standing::Behind(pending) => {
                return Err(StoreError::Schema(format!(
                    "the database lacks {} migrations of this release; make a copy of it, then run `attendant migrate` (`--dry-run` shows what it does)",
                    pending.len()
                )));
            }
        }
        self.be_sure_of_keys().await
    }

    /// Adds a key to this file, which is that of the store's keys; its version. A store that is opened anew seals with it. That `actor` has begun is in the audit
    /// before anything is changed.
    pub async fn rotate_keys(&self, file: &Path, actor: &str) -> Result<u32, StoreError> {
        if let Some(version) = self.check_keys().await?.first() {
            return Err(KeysError::Behind { version: *version, file: file.display().to_string() }.into());
        }
        let adding = Adding::begin(file)?;
        // Another rotation was over before this one had the file, and after its keys were read.
        if adding.version() != self.keys.newest() + 1 {
            return Err(KeysError::Meanwhile { file: file.display().to_string() }.into());
        }
        self.note_rotation(adding.version(), actor, "begun").await?;
        Ok(adding.finish()?)
    }

    /// How far the rotation to this version of the keys is: `begun`, `done`, or what is left.
    pub async fn note_rotation(&self, version: u32, actor: &str, outcome: &str) -> Result<(), StoreError> {
        self.note(&Note::new(actor, Action::KeysRotated, &format!("version {version}"), outcome)).await
    }

    pub fn is_embedded(&self) -> bool {
        self.database.get_database_backend() == DbBackend::Sqlite
    }

    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// What seals the recordings of this clinic, and its rows.
    pub fn recording_keys(&self) -> Arc<Keys> {
        self.own.clone()
    }

    /// What seals records of calls of this clinic as they are written.
    pub fn seal(&self) -> Seal {
        Seal::of(&self.clinic, self.own.clone())
    }

    /// What seals files beside the database, by the same keys.
    pub const fn sealing(&self) -> &Sealing {
        &self.sealing
    }

    /// Whether the keys are known to be the database's.
    pub fn is_sure_of_keys(&self) -> bool {
        self.sure.initialized()
    }

    /// What seals the rows of a clinic.
    fn keys_of(&self, clinic: &str) -> Arc<Keys> {
        if *clinic == *self.clinic { self.own.clone() } else { Arc::new(self.keys.of_clinic(clinic)) }
    }

    /// Connections that are open, and those of them that nobody uses.
    pub fn connections(&self) -> (usize, usize) {
        let (all, idle) = if self.is_embedded() {
            let pool = self.database.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        } else {
            let pool = self.database.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        };
        (all as usize, idle)
    }

    /// Closes the connections; the embedded database is then one file.
    pub async fn close(self) {
        let closing = self.database.close_by_ref();
        if let Err(error) = silence::closed(self.database.get_database_backend(), closing).await {
            tracing::warn!(%error, "the connections of the store did not close");
        }
    }

    /// What was taken away of the embedded database is in no file of it any more: SQLite's journal, which still has it, is emptied. As far as nobody reads
    /// meanwhile; the rest goes the next time.
    async fn write_over(&self) -> Result<(), StoreError> {
        if self.is_embedded() {
            self.rows("PRAGMA wal_checkpoint(TRUNCATE)", vec![]).await?;
        }
        Ok(())
    }

    /// One that writes: of the embedded database only one at a time, which the others wait for.
    async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode, ..Default::default() };
        answered(self.database.get_database_backend(), self.database.begin_with_options(options)).await
    }

    /// One that reads everything as it was at one moment, its first statement's, and keeps nobody from writing.
    async fn begin_snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        // Of SQLite every transaction is so, and it knows no other.
        let isolation_level = (!self.is_embedded()).then_some(IsolationLevel::RepeatableRead);
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Deferred);
        let options = TransactionOptions { isolation_level, sqlite_transaction_mode, ..Default::default() };
        answered(self.database.get_database_backend(), self.database.begin_with_options(options)).await
    }

    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        rows(&self.database, sql, values).await
    }
}

/// `$1` is known to both databases.
async fn rows(on: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
    let backend = on.get_database_backend();
    answered(backend, on.query_all_raw(Statement::from_sql_and_values(backend, sql, values))).await
}

async fn execute(on: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
    let backend = on.get_database_backend();
    let done = answered(backend, on.execute_raw(Statement::from_sql_and_values(backend, sql, values))).await?;
    Ok(done.rows_affected())
}

/// Nothing is waited for: with `connect_lazy` the pool is made at once.
fn lazily(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let mut connecting = std::pin::pin!(Database::connect(options));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match connecting.as_mut().poll(&mut context) {
        std::task::Poll::Ready(made) => made,
        std::task::Poll::Pending => Err(DbErr::Custom("a pool that connects lazily was not there at once".into())),
    }
}

/// The embedded database's file.
pub fn embedded(records: &Path) -> PathBuf {
    records.join("store/attendant.db")
}

/// An empty file is an empty database; SQLite gives the files beside it the same mode.
fn create(file: &Path) -> Result<(), StoreError> {
    let made = match crate::records::private_file(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    };
    made.map_err(|error| StoreError::Folder { folder: file.parent().unwrap_or(file).display().to_string(), error })
}

/// The configured keys. Those of the embedded database are made with it, unless others are named; so are those of a server without a store, whose files they seal.
/// Where something was sealed already none are made: they are lost, and others beside it would hide that.
pub(crate) fn keys_of(settings: &StoreConfig, records: &Path) -> Result<Keys, KeysError> {
    let file = settings.keys_file(records);
    let is_new = settings.keys.is_none() && !file.exists() && !embedded(settings.home(records)).exists();
    if is_new && settings.kind() != Kind::Postgres && !lost_keys::sealed_in(settings.home(records), records) {
        match keys::create(&file) {
            // Somebody was quicker.
            Err(KeysError::Exists { .. }) => {}
            made => made?,
        }
    }
    Keys::load(&file)
}

#[cfg(test)]
mod tests;
