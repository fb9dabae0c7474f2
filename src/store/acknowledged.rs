//! Messages for the staff that somebody has seen to, and who: written once, with a row of the audit.

use std::collections::BTreeMap;

use sea_orm::QueryResult;

use super::audit::{Action, Note};
use super::{Store, StoreError, commit, execute, rollback, rows};

/// That somebody has seen to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    pub at_ms: i64,
    pub by: String,
}

/// What came of acknowledging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acknowledging {
    Now,
    /// Somebody did already.
    Before(Acknowledged),
    /// There is no such message, or no more.
    Unknown,
}

impl Store {
    /// Somebody has seen to a message: nobody is told of it any more. Written down in the audit, once.
    pub async fn acknowledge(&self, message: &str, by: &str, now_ms: i64) -> Result<Acknowledging, StoreError> {
        let transaction = self.begin().await?;
        let sql = "UPDATE messages SET acked_ms = $1, acked_by = $2 WHERE clinic = $3 AND id = $4 AND acked_ms IS NULL";
        let of = [now_ms.into(), by.into(), self.clinic.to_string().into(), message.into()];
        if execute(&transaction, sql, of.into()).await? > 0 {
            let action = Action::MessageAcknowledged;
            let note = Note { at_ms: now_ms, ..Note::new(by, action, message, "done") };
            self.append(&transaction, &note).await?;
            commit(transaction).await?;
            return Ok(Acknowledging::Now);
        }
        let sql = "SELECT acked_ms, acked_by FROM messages WHERE clinic = $1 AND id = $2";
        let found = rows(&transaction, sql, vec![self.clinic.to_string().into(), message.into()]).await?;
        let before = found.first().map(|row| acknowledged(row, 0)).transpose()?.flatten();
        rollback(transaction).await?;
        Ok(before.map_or(Acknowledging::Unknown, Acknowledging::Before))
    }

    /// Messages of this clinic that somebody has acknowledged, among these.
    pub async fn acknowledgements(&self, messages: &[&str]) -> Result<BTreeMap<String, Acknowledged>, StoreError> {
        let mut found = BTreeMap::new();
        for some in messages.chunks(500) {
            let places: Vec<String> = (2..some.len() + 2).map(|at| format!("${at}")).collect();
            let sql = format!(
                "SELECT id, acked_ms, acked_by FROM messages WHERE clinic = $1 AND acked_ms IS NOT NULL AND id IN ({})",
                places.join(", ")
            );
            let ids = some.iter().map(|id| (*id).into());
            for row in self.rows(&sql, [self.clinic.to_string().into()].into_iter().chain(ids).collect()).await? {
                let id: String = row.try_get_by_index(0)?;
                found.extend(acknowledged(&row, 1)?.map(|by| (id, by)));
            }
        }
        Ok(found)
    }
}

/// In two columns.
pub(super) fn acknowledged(row: &QueryResult, first: usize) -> Result<Option<Acknowledged>, StoreError> {
    let (at_ms, by): (Option<i64>, Option<String>) = (row.try_get_by_index(first)?, row.try_get_by_index(first + 1)?);
    Ok(at_ms.map(|at_ms| Acknowledged { at_ms, by: by.unwrap_or_default() }))
}
