//! Whether chains are whole: every row is checked against the code of the one before it, from where the chain begins to its head.
//!
//! It changes nothing, and mends nothing: what is wrong is told, row by row.

use sea_orm::sea_query::Value;
use sea_orm::{DatabaseTransaction, QueryResult};

use super::{End, end_code, hex, note_in, row_code};
use crate::store::{Store, StoreError, notes, rollback, rows};

/// One chain, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub instance: String,
    /// Rows that it should have.
    pub rows: i64,
    /// So many of them, the oldest, are gone because they were past their time.
    pub purged: i64,
    /// The newest row's code, by which it can be known again.
    pub head: String,
    /// What is wrong with it, row by row.
    pub broken: Vec<String>,
}

/// Rows read at once.
const PAGE: i64 = 1_000;

impl Store {
    /// Every chain of this clinic, gone through row by row, as all of them were at one moment: servers may add to them meanwhile.
    pub async fn verify_audit(&self) -> Result<Vec<Chain>, StoreError> {
        let instances = "SELECT instance FROM audit_heads WHERE clinic = $1 UNION SELECT instance FROM audit WHERE clinic = $1 ORDER BY 1";
        let mut chains = Vec::new();
        let moment = self.begin_snapshot().await?;
        for row in rows(&moment, instances, vec![self.clinic.to_string().into()]).await? {
            chains.push(self.verify(&moment, row.try_get_by_index(0)?).await?);
        }
        rollback(moment).await?;
        if chains.iter().all(|chain| *chain.instance != *self.instance) && self.has_lost_its_chain().await? {
            let broken = vec!["the whole chain is gone: notes of this server were moved into it".to_owned()];
            chains.push(Chain { instance: self.instance.to_string(), rows: 0, purged: 0, head: String::new(), broken });
        }
        Ok(chains)
    }

    /// Whether notes of this server were moved, and no clinic has a chain of its.
    async fn has_lost_its_chain(&self) -> Result<bool, StoreError> {
        let moved = "SELECT 1 FROM spools WHERE instance = $1 AND file = $2 AND position > 0";
        let moved = self.rows(moved, vec![self.instance.to_string().into(), notes::FILE.into()]).await?;
        let everybody = self.begin_for_everybody().await?;
        let chains = "SELECT 1 FROM audit_heads WHERE instance = $1";
        let chains = rows(&everybody, chains, vec![self.instance.to_string().into()]).await?;
        rollback(everybody).await?;
        Ok(!moved.is_empty() && chains.is_empty())
    }

    /// A head and its rows are one moment's: else what was added after the head was read would look like rows that were put in.
    pub(super) async fn verify(&self, moment: &DatabaseTransaction, instance: String) -> Result<Chain, StoreError> {
        let mut broken = Vec::new();
        let heads = "SELECT seq, code, key, proof FROM audit_heads WHERE clinic = $1 AND instance = $2";
        let heads = rows(moment, heads, self.chain(&instance)).await?;
        let head = match heads.first() {
            Some(head) => Some(self.end(End::Head, head, &instance, &mut broken)?),
            None => {
                broken.push("the head is gone: rows may be missing at the end".to_owned());
                None
            }
        };
        let begin = self.anchor(moment, &instance, &mut broken).await?;
        let purged = begin.0;
        let (last, before) = self.walk(moment, &instance, begin, i64::MAX, &mut broken).await?;
        let (length, code) = head.unwrap_or_else(|| (last, before.clone()));
        if last < length {
            broken.push(format!("rows {} to {length} are gone", last + 1));
        } else if last > length {
            broken.push(format!("rows {} to {last} were put in", length + 1));
        } else if before != code {
            broken.push(format!("row {last} is not the one that was written last"));
        }
        Ok(Chain { instance, rows: length, purged, head: hex(&code), broken })
    }

    /// Goes through the rows after that with this number and code, up to `until`; number and code of the last one.
    pub(super) async fn walk(
        &self,
        moment: &DatabaseTransaction,
        instance: &str,
        (mut last, mut before): (i64, Vec<u8>),
        until: i64,
        broken: &mut Vec<String>,
    ) -> Result<(i64, Vec<u8>), StoreError> {
        loop {
            let page = "SELECT seq, at_ms, actor, action, subject, outcome, detail, key, code FROM audit WHERE clinic = $1 AND instance = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5";
            let values: Vec<Value> = [self.chain(instance), vec![last.into(), until.into(), PAGE.into()]].concat();
            let page = rows(moment, page, values).await?;
            if page.is_empty() {
                return Ok((last, before));
            }
            for row in &page {
                let seq: i64 = row.try_get_by_index(0)?;
                match seq - last {
                    1 => {}
                    2 => broken.push(format!("row {} is gone", last + 1)),
                    _ => broken.push(format!("rows {} to {} are gone", last + 1, seq - 1)),
                }
                let code: Vec<u8> = row.try_get_by_index(8)?;
                // After a gap nobody knows the code before it; what follows is checked again from here.
                if seq - last == 1 {
                    broken.extend(self.fault(row, instance, seq, &before, &code)?);
                }
                (before, last) = (code, seq);
            }
        }
    }

    /// Number and code in the row of an end, which is proved by the keys.
    pub(super) fn end(
        &self,
        end: End,
        row: &QueryResult,
        instance: &str,
        broken: &mut Vec<String>,
    ) -> Result<(i64, Vec<u8>), StoreError> {
        let (seq, code, key, proof): (i64, Vec<u8>, i64, Vec<u8>) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        match end_code(&self.keys, version(key), end, self.clinic_and(instance), seq, &code) {
            Ok(right) if proof == right => {}
            Ok(_) => broken.push(format!("the {} was changed: rows may be missing at the {}", end.word(), end.place())),
            Err(error) => broken.push(format!("the {} cannot be checked: {error}", end.word())),
        }
        Ok((seq, code))
    }

    /// What is wrong with a row, given the code of the one before it.
    fn fault(
        &self,
        row: &QueryResult,
        instance: &str,
        seq: i64,
        before: &[u8],
        code: &[u8],
    ) -> Result<Option<String>, StoreError> {
        let changed = || Some(format!("row {seq} is not what was written there"));
        let Some(note) = note_in(row, 1)? else { return Ok(changed()) };
        let key: i64 = row.try_get_by_index(7)?;
        Ok(match row_code(&self.keys, version(key), before, &self.clinic, instance, seq, &note) {
            Ok(right) if code == right => None,
            Ok(_) => changed(),
            Err(error) => Some(format!("row {seq} cannot be checked: {error}")),
        })
    }
}

fn version(key: i64) -> u32 {
    u32::try_from(key).unwrap_or_default()
}
