//! Where a chain begins once its old end was purged, and that purge.
//!
//! An anchor is the number and the code of the last row that is gone, proved by the keys as a head is: so what is left is checked from there on, and nobody without
//! keys can take away more. Each purge is a row itself, with the same number and code. A part that is not whole is never purged: what is wrong with it would be
//! gone with it. Times are milliseconds since 1970.

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{Action, BEGINNING, End, Note, end_code, hex};
use crate::store::{Store, StoreError, execute, rows};

/// Rows of one chain in one transaction, in which they are checked once more.
pub(in crate::store) const ROWS_AT_ONCE: u32 = 5_000;

/// How many rows from before $2 of this clinic nothing younger in their chain comes before. Goes through the chains once, and not once for each row.
pub(in crate::store) const HOW_MANY_OLD: &str = "SELECT COUNT(*) FROM audit LEFT JOIN \
    (SELECT instance, MIN(seq) AS seq FROM audit WHERE clinic = $1 AND at_ms >= $2 GROUP BY instance) AS younger \
    ON younger.instance = audit.instance \
    WHERE audit.clinic = $1 AND audit.at_ms < $2 AND (younger.seq IS NULL OR audit.seq < younger.seq)";

impl Store {
    /// Where this chain begins: the number of the last row that was purged, and its code. What is wrong with that goes into `broken`.
    pub(super) async fn anchor(
        &self,
        on: &impl ConnectionTrait,
        instance: &str,
        broken: &mut Vec<String>,
    ) -> Result<(i64, Vec<u8>), StoreError> {
        let anchors = "SELECT seq, code, key, proof FROM audit_anchors WHERE clinic = $1 AND instance = $2";
        let found = rows(on, anchors, self.chain(instance)).await?;
        let Some(row) = found.first() else { return Ok((0, BEGINNING.to_vec())) };
        let (seq, code) = self.end(End::Anchor, row, instance, broken)?;
        let again = "SELECT COUNT(*) FROM audit WHERE clinic = $1 AND instance = $2 AND seq <= $3";
        let again = number(on, again, [self.chain(instance), vec![seq.into()]].concat()).await?.unwrap_or(0);
        if again > 0 {
            broken.push(format!("{again} rows up to {seq}, which were purged, were put in"));
        }
        Ok((seq, code))
    }

    /// Takes away rows from before this moment, of each chain of this clinic from its old end up to the first row that is younger, of each at most
    /// [`ROWS_AT_ONCE`]; how many.
    pub(in crate::store) async fn purge_audit(
        &self,
        on: &DatabaseTransaction,
        before_ms: i64,
        actor: &str,
    ) -> Result<u64, StoreError> {
        let mut gone = 0;
        let chains = "SELECT instance FROM audit_heads WHERE clinic = $1 ORDER BY instance";
        for row in rows(on, chains, vec![self.clinic.to_string().into()]).await? {
            gone += self.purge_chain(on, &row.try_get_by_index::<String>(0)?, before_ms, actor).await?;
        }
        Ok(gone)
    }

    async fn purge_chain(
        &self,
        on: &DatabaseTransaction,
        instance: &str,
        before_ms: i64,
        actor: &str,
    ) -> Result<u64, StoreError> {
        let of = |rest: Vec<Value>| [self.chain(instance), rest].concat();
        // Holds the chain until the transaction ends: nobody else purges it meanwhile.
        execute(on, "UPDATE audit_heads SET seq = seq WHERE clinic = $1 AND instance = $2", of(vec![])).await?;
        let first = "SELECT MIN(seq) FROM audit WHERE clinic = $1 AND instance = $2";
        let Some(first) = number(on, first, of(vec![])).await? else { return Ok(0) };
        let end = first + i64::from(ROWS_AT_ONCE);
        let younger =
            "SELECT MIN(seq) FROM audit WHERE clinic = $1 AND instance = $2 AND seq >= $3 AND seq < $4 AND at_ms >= $5";
        let some = vec![first.into(), end.into(), before_ms.into()];
        let last = "SELECT MAX(seq) FROM audit WHERE clinic = $1 AND instance = $2 AND seq < $3";
        let until = match number(on, younger, of(some)).await? {
            Some(younger) => younger - 1,
            None => number(on, last, of(vec![end.into()])).await?.unwrap_or(0),
        };
        if until < first {
            return Ok(0);
        }
        let mut broken = Vec::new();
        let begin = self.anchor(on, instance, &mut broken).await?;
        let (reached, code) = self.walk(on, instance, begin, until, &mut broken).await?;
        if !broken.is_empty() || reached != until {
            tracing::error!(
                instance,
                until,
                ?broken,
                "rows of the audit that are past their time are not whole, and stay; see `attendant audit verify`"
            );
            return Ok(0);
        }
        let key = self.keys.newest();
        let proof = end_code(&self.keys, key, End::Anchor, self.clinic_and(instance), until, &code)?;
        let delete = "DELETE FROM audit WHERE clinic = $1 AND instance = $2 AND seq <= $3";
        let gone = execute(on, delete, of(vec![until.into()])).await?;
        let insert = "INSERT INTO audit_anchors (clinic, instance, seq, code, key, proof) VALUES ($1, $2, $3, $4, $5, $6) \
            ON CONFLICT (clinic, instance) DO UPDATE SET seq = excluded.seq, code = excluded.code, key = excluded.key, proof = excluded.proof";
        let anchor = vec![until.into(), code.clone().into(), i64::from(key).into(), proof.to_vec().into()];
        execute(on, insert, of(anchor)).await?;
        let note = Note::new(actor, Action::AuditPurged, &format!("{instance} up to {until}"), &hex(&code));
        self.append(on, &note).await?;
        Ok(gone)
    }
}

/// The one number that is asked for; `None` if there is none.
async fn number(on: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Option<i64>, StoreError> {
    Ok(rows(on, sql, values).await?.first().map_or(Ok(None), |row| row.try_get_by_index(0))?)
}

#[cfg(test)]
mod tests;
