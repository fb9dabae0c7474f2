//! Sealing anew, by the newest key, what older keys sealed: in small transactions, so that it can be broken off and gone on with at any time.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use sea_orm::sea_query::Value;

use super::record::place;
use super::{Store, StoreError, execute, rows};
use crate::records::Library;
use crate::records::sealed::{self, Resealed};

/// Rows of one transaction: others wait for it with SQLite.
const AT_ONCE: i64 = 200;

/// A column whose values are sealed, and the columns by which its rows are known.
#[derive(Clone, Copy)]
struct Sealed {
    table: &'static str,
    column: &'static str,
    id: &'static str,
    /// Tells rows of one id apart.
    seq: Option<&'static str>,
}

const SEALED: [Sealed; 4] = [
    Sealed { table: "calls", column: "caller", id: "call", seq: None },
    Sealed { table: "transcript", column: "text", id: "call", seq: Some("seq") },
    Sealed { table: "events", column: "body", id: "call", seq: Some("seq") },
    Sealed { table: "messages", column: "body", id: "id", seq: None },
];

impl Store {
    /// Seals anew what is not sealed by the newest key; how many rows.
    pub async fn reseal(&self) -> Result<u64, StoreError> {
        let mut done = 0;
        for column in SEALED {
            loop {
                let some = self.some_of(column).await?;
                done += some;
                if some == 0 {
                    break;
                }
            }
        }
        Ok(done)
    }

    /// The same of recordings on this server's disk: how many, and those that keep their key, which are not over, broke off, or were changed.
    pub async fn reseal_recordings(&self) -> Result<(u64, Vec<PathBuf>), StoreError> {
        let (records, keys) = (self.records.to_path_buf(), Arc::new(self.recording_keys()));
        let folder = records.display().to_string();
        let resealed = tokio::task::spawn_blocking(move || {
            let (mut done, mut left) = (0, Vec::new());
            for path in Library::new(records).files()? {
                if path.extension().is_none_or(|ending| ending != sealed::SEALED) {
                    continue;
                }
                match sealed::reseal(&path, &keys) {
                    Ok(Resealed::Now) => done += 1,
                    Ok(Resealed::Before) => {}
                    Ok(Resealed::Unfinished) | Err(_) => left.push(path),
                }
            }
            Ok((done, left))
        });
        let resealed = resealed.await.map_err(io::Error::other).and_then(|done| done);
        resealed.map_err(|error| StoreError::Folder { folder, error })
    }

    /// Rows that each version of the keys has sealed, of every clinic.
    pub async fn sealed_by(&self) -> Result<std::collections::BTreeMap<u32, i64>, StoreError> {
        let mut found = std::collections::BTreeMap::new();
        let everybody = self.begin_for_everybody().await?;
        for Sealed { table, column, .. } in SEALED {
            let sql = format!("SELECT key, COUNT(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY key");
            for row in rows(&everybody, &sql, vec![]).await? {
                let (key, rows): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                *found.entry(u32::try_from(key).unwrap_or_default()).or_default() += rows;
            }
        }
        everybody.rollback().await?;
        Ok(found)
    }

    async fn some_of(&self, Sealed { table, column, id, seq }: Sealed) -> Result<u64, StoreError> {
        let newest = i64::from(self.keys.newest());
        let transaction = self.begin_for_everybody().await?;
        let (line, order) = seq.map_or_else(|| ("0", id.to_owned()), |seq| (seq, format!("{id}, {seq}")));
        let sql = format!("SELECT {id}, {line}, {column}, key FROM {table} WHERE key < $1 ORDER BY {order} LIMIT $2");
        let found = rows(&transaction, &sql, vec![newest.into(), AT_ONCE.into()]).await?;
        for row in &found {
            let (of, line, key): (String, i64, i64) =
                (row.try_get_by_index(0)?, number(row, 1)?, row.try_get_by_index(3)?);
            // A call that began without a number has none sealed.
            let sealed: Option<Vec<u8>> = row.try_get_by_index(2)?;
            let place = place(&format!("{table}.{column}"), &of, line);
            let anew = sealed.map(|sealed| self.keys.open(&place, &sealed)).transpose()?;
            let anew = anew.map(|plain| self.keys.seal(&place, &plain));
            let mut values: Vec<Value> = vec![Value::Bytes(anew), newest.into(), of.into(), key.into()];
            let mut sql = format!("UPDATE {table} SET {column} = $1, key = $2 WHERE {id} = $3 AND key = $4");
            if let Some(seq) = seq {
                sql.push_str(&format!(" AND {seq} = $5"));
                values.push(line.into());
            }
            execute(&transaction, &sql, values).await?;
        }
        transaction.commit().await?;
        Ok(found.len() as u64)
    }
}

/// PostgreSQL's `0` is a smaller integer than its columns.
fn number(row: &sea_orm::QueryResult, at: usize) -> Result<i64, sea_orm::DbErr> {
    row.try_get_by_index::<i64>(at).or_else(|_| row.try_get_by_index::<i32>(at).map(i64::from))
}
