//! Writes in the book that were begun by a process that ended in the middle of them: the audit says of each that nobody knows what came of it.
//!
//! To be asked once at each start, since only then it is certain that nobody will still write the end. The row bears the time at which the write was begun, and
//! is there once, however often a start finds it.

use std::path::Path;

use sea_orm::sea_query::Value;

use super::audit::{Detail, Note};
use super::tail::{action_of, name};
use super::{Store, StoreError, commit, execute, rows};
use crate::agent::tools::{OUTCOME_UNKNOWN, ToolName, Trace};

impl Store {
    /// Of the ledger at `path`, whose lines have been moved; only what begins before `end` (bytes) is of a process that is gone. How many rows there are more.
    pub async fn note_broken_off(&self, path: &Path, end: u64) -> Result<usize, StoreError> {
        let transaction = self.begin().await?;
        let of: [Value; 4] = [
            self.instance.to_string().into(),
            name(path).into(),
            i64::try_from(end).unwrap_or(i64::MAX).into(),
            self.clinic.to_string().into(),
        ];
        // One at a time: two that look at once would both find none.
        let hold = "UPDATE spools SET position = position WHERE instance = $1 AND file = $2";
        execute(&transaction, hold, of[..2].to_vec()).await?;
        let begun = "SELECT call, id, tool, at_ms FROM tools AS begun WHERE instance = $1 AND file = $2 AND position < $3 AND clinic = $4 \
            AND state = 'started' AND NOT EXISTS (SELECT 1 FROM tools AS ended WHERE ended.instance = $1 AND ended.file = $2 \
            AND ended.position > begun.position AND ended.call = begun.call AND ended.id = begun.id AND ended.state <> 'started') \
            ORDER BY position";
        let mut noted = 0;
        for row in rows(&transaction, begun, of.into()).await? {
            let (call, id, tool): (String, String, String) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            let Some(writes) = ToolName::named(&tool).filter(|tool| tool.writes_in_book()) else { continue };
            let note = Note {
                at_ms: row.try_get_by_index(3)?,
                actor: "attendant".to_owned(),
                action: action_of(writes),
                subject: format!("{call}/{id}"),
                outcome: OUTCOME_UNKNOWN.to_owned(),
                detail: serde_json::to_string(&Detail { tool, trace: Trace::default() }).ok(),
            };
            if !self.is_in_chain(&transaction, &note).await? {
                self.append(&transaction, &note).await?;
                noted += 1;
            }
        }
        commit(transaction).await?;
        Ok(noted)
    }
}

#[cfg(test)]
mod tests;
