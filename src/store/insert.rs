//! Writing a call's record: one transaction, and nothing if the call is there already.

use sea_orm::DatabaseTransaction;
use sea_orm::sea_query::Value;

use super::person::is_erased;
use super::schema::{CALLS, COSTS, Columns, EVENTS, TRANSCRIPT, TURNS};
use super::{Record, Store, StoreError, commit, execute, rollback};

/// Whether a record was written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Now,
    /// By an earlier try whose answer was lost, or before the process ended; or it was erased since.
    Before,
}

/// Values of one statement: under SQLite's 32,766 and PostgreSQL's 65,535.
pub(super) const MOST_VALUES: usize = 30_000;

impl Store {
    /// Writes the record of a call that is over, whole or not at all. The call's id is the key: however often it is tried, it is there once.
    pub async fn keep(&self, record: &Record) -> Result<Kept, StoreError> {
        let clinic = record.clinic.as_deref().unwrap_or(&self.clinic);
        let rows = record.rows(clinic, &self.instance, &self.keys_of(clinic));
        let transaction = self.begin_for(clinic).await?;
        if is_erased(&transaction, &record.call).await? {
            rollback(transaction).await?;
            return Ok(Kept::Before);
        }
        let call = format!("{} ON CONFLICT (call) DO NOTHING", insertion(CALLS, 1));
        if execute(&transaction, &call, rows.call).await? == 0 {
            rollback(transaction).await?;
            return Ok(Kept::Before);
        }
        insert(&transaction, TURNS, rows.turns).await?;
        insert(&transaction, TRANSCRIPT, rows.transcript).await?;
        insert(&transaction, EVENTS, rows.events).await?;
        insert(&transaction, COSTS, rows.costs).await?;
        self.conclude(&transaction, &record.call).await?;
        commit(transaction).await?;
        Ok(Kept::Now)
    }
}

pub(super) async fn insert(on: &DatabaseTransaction, into: Columns, rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
    for some in rows.chunks(MOST_VALUES / into.columns.len()) {
        execute(on, &insertion(into, some.len()), some.concat()).await?;
    }
    Ok(())
}

/// `INSERT INTO table (columns) VALUES ($1, ...), ...` for so many rows.
pub(super) fn insertion(into: Columns, rows: usize) -> String {
    let width = into.columns.len();
    let row = |row: usize| {
        let places: Vec<String> = (1..=width).map(|at| format!("${}", row * width + at)).collect();
        format!("({})", places.join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {} ({}) VALUES {}", into.table, into.columns.join(", "), values.join(", "))
}
