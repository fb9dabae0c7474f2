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
