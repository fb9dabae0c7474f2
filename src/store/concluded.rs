//! What a call came to, with what its tools did after the caller had hung up, and of a call whose record has no end.
//!
//! The record tells what was known at hang-up ([`crate::agent::concluded`]). A write in the book goes on after that, and its end stands in the ledger of tools
//! alone; so does all that is known of a call whose process ended in the middle of it. Whichever of the two comes first, the row says the same.

use sea_orm::{ConnectionTrait, QueryResult};

use super::record::from_word;
use super::{Store, StoreError, execute, rows, word};
use crate::agent::concluded::Conclusion;
use crate::agent::tools::{State, ToolName};

impl Store {
    /// To be called when the call's record, or a line of the ledger about it, has come.
    pub(super) async fn conclude(&self, on: &impl ConnectionTrait, call: &str) -> Result<(), StoreError> {
        let found = rows(on, "SELECT clinic, outcome, intent FROM calls WHERE call = $1", vec![call.into()]).await?;
        let Some(row) = found.first() else { return Ok(()) };
        let clinic: String = row.try_get_by_index(0)?;
        let known =
            Conclusion { outcome: said(row, 1)?.unwrap_or_default(), intent: said(row, 2)?.unwrap_or_default() };
        let mut now = known;
        let steps = "SELECT tool, state FROM tools WHERE call = $1 AND clinic = $2 ORDER BY at_ms, position";
        for step in rows(on, steps, vec![call.into(), clinic.into()]).await? {
            let (tool, state): (String, String) = (step.try_get_by_index(0)?, step.try_get_by_index(1)?);
            // Of a newer release.
            let (Some(tool), Ok(state)) = (ToolName::named(&tool), from_word(state)) else { continue };
            match state {
                State::Started => now.tried(tool),
                State::Done => now.done(tool),
                State::Refused | State::NotRun => {}
            }
        }
        if now != known || said::<String>(row, 1)?.is_none() {
            let update = "UPDATE calls SET outcome = $2, intent = $3 WHERE call = $1";
            execute(on, update, vec![call.into(), word(&now.outcome).into(), word(&now.intent).into()]).await?;
        }
        Ok(())
    }
}

fn said<T: serde::de::DeserializeOwned>(row: &QueryResult, at: usize) -> Result<Option<T>, StoreError> {
    let said: Option<String> = row.try_get_by_index(at)?;
    said.map(from_word).transpose().map_err(|_| StoreError::Record("what a call came to".to_owned()))
}

#[cfg(test)]
mod tests;
