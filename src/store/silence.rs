//! How long PostgreSQL is waited for: one that stands still, or whose machine is gone without a word, ends nothing by itself.
//!
//! Decides each wait: for a connection, a statement, the end of a transaction, whatever is asked for with several of them, and a connection that is given back
//! in the middle of a statement. No call waits so long: those whose clinic's book is in the database wait for less (`emr::book`). SQLite is a file of
//! this machine's, which answers, and is waited for. Whoever gives up leaves nobody a connection in the middle of a transaction.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Error, Executor, Row, raw_sql};
use tokio::time::timeout;

use super::StoreError;

/// A connection is waited for so long, also while the database is away.
pub(super) const CONNECTING: Duration = Duration::from_secs(5);

/// One statement, by PostgreSQL's own clock.
pub(super) const STATEMENT: Duration = Duration::from_secs(10);

/// The same by ours, with the connection, and a second for the way.
const SILENT: Duration = Duration::from_secs(16);

/// Several statements that are asked for at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that is given back answers within this, or is closed: a pool of those that are lost would serve nobody until TCP gives them up, after a
/// quarter of an hour.
const GIVING_BACK: Duration = Duration::from_secs(3);

/// Who stops waits so long for the connections to close.
const CLOSING: Duration = Duration::from_secs(5);

/// What a database that says nothing is asked for fails too.
pub(crate) async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(PATIENCE, asked).await.unwrap_or(Err(StoreError::Silent(PATIENCE.as_secs())))
}

/// One statement, or what ends a transaction.
pub(super) async fn answered<T>(by: DbBackend, asked: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    within(SILENT, by, asked).await
}

/// Every connection of a pool.
pub(super) async fn closed(by: DbBackend, closing: impl Future<Output = Result<(), DbErr>>) -> Result<(), DbErr> {
    within(CLOSING, by, closing).await
}

async fn within<T>(most: Duration, by: DbBackend, asked: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    if by != DbBackend::Postgres {
        return asked.await;
    }
    let silent = || DbErr::Custom(format!("it said nothing for {} s", most.as_secs()));
    timeout(most, asked).await.unwrap_or_else(|_| Err(silent()))
}

pub(super) async fn commit(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    answered(transaction.get_database_backend(), transaction.commit()).await
}

pub(super) async fn rollback(transaction: DatabaseTransaction) -> Result<(), DbErr> {
    answered(transaction.get_database_backend(), transaction.rollback()).await
}

/// Whether a connection is in no transaction: one that was begun before is older than this statement, which must be asked without being prepared.
const IS_FREE: &str = "SELECT transaction_timestamp() = statement_timestamp()";

/// Those that nobody waits for any more in the middle of a statement are tried before others get them. One whose BEGIN was given up is in a transaction of which
/// sqlx knows nothing, and which nobody would end: what others wrote by it would be lost.
pub(super) fn giving_back(pool: PgPoolOptions) -> PgPoolOptions {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            let answers = timeout(GIVING_BACK, connection.fetch_one(raw_sql(IS_FREE))).await;
            answers.unwrap_or(Err(Error::PoolTimedOut))?.try_get(0)
        })
    })
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::Instant;

    use super::*;
    use crate::clock::elapse;

    #[tokio::test(start_paused = true)]
    async fn a_postgresql_that_says_nothing_has_failed_and_a_file_is_waited_for() {
        let began = Instant::now();
        let told = answered(DbBackend::Postgres, pending::<Result<(), DbErr>>()).await.unwrap_err();
        assert_eq!((told.to_string().contains("nothing for 16 s"), began.elapsed()), (true, SILENT));
        let began = Instant::now();
        assert!(closed(DbBackend::Postgres, pending()).await.is_err());
        assert_eq!(began.elapsed(), CLOSING);
        let told = in_time(pending::<Result<(), StoreError>>()).await;
        assert!(matches!(told, Err(StoreError::Silent(20))), "{told:?}");
        let slow = async {
            elapse(SILENT * 2).await;
            Ok(7)
        };
        assert_eq!(answered(DbBackend::Sqlite, slow).await.unwrap(), 7);
    }

    #[test]
    fn what_postgresql_ends_itself_is_not_given_up_before() {
        let statement = CONNECTING + STATEMENT;
        assert_eq!((statement < SILENT, SILENT < PATIENCE, GIVING_BACK < CONNECTING), (true, true, true));
    }
}
