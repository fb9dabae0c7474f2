//! Sealing anew, by the newest key, what older keys sealed: in small transactions, so that it can be broken off and gone on with at any time.

use std::io;

use sea_orm::sea_query::Value;

use super::closed::Closed;
use super::person::is_erased;
use super::record::place;
use super::{Store, StoreError, commit, execute, rollback, rows};
use crate::records::Library;
use crate::records::bucket::{Bucket, BucketError, nameless};
use crate::records::sealed::{self, Ending, Resealed};

/// Rows of one transaction: others wait for it with SQLite.
const AT_ONCE: i64 = 200;

/// A column whose values are sealed, and by what its rows are known.
#[derive(Clone, Copy)]
struct Sealed {
    table: &'static str,
    column: &'static str,
    id: &'static str,
    /// Tells rows of one id apart.
    seq: &'static str,
    /// Whose it is.
    clinic: &'static str,
}

/// Of rows that are alone with their id.
const ALONE: &str = "CAST(0 AS bigint)";

const SEALED: [Sealed; 6] = [
    Sealed { table: "calls", column: "caller", id: "call", seq: ALONE, clinic: "clinic" },
    Sealed {
        table: "transcript",
        column: "text",
        id: "call",
        seq: "seq",
        clinic: "(SELECT clinic FROM calls WHERE calls.call = transcript.call)",
    },
    Sealed {
        table: "events",
        column: "body",
        id: "call",
        seq: "seq",
        clinic: "(SELECT clinic FROM calls WHERE calls.call = events.call)",
    },
    Sealed { table: "messages", column: "body", id: "id", seq: ALONE, clinic: "clinic" },
    Sealed { table: "emr_credentials", column: "body", id: "clinic", seq: ALONE, clinic: "clinic" },
    Sealed { table: "book_changes", column: "body", id: "clinic", seq: "seq", clinic: "clinic" },
];

impl Store {
    /// Seals anew what is not sealed by the newest key: how many rows, and those that do not open and stay as they are.
    pub async fn reseal(&self) -> Result<(u64, Vec<String>), StoreError> {
        let (mut done, mut closed) = (0, Closed::default());
        for column in SEALED {
            let mut after = (String::new(), -1);
            while let Some(some) = self.some_of(column, &mut after, &mut closed).await? {
                done += some;
            }
        }
        Ok((done, closed.told()))
    }

    /// The same of recordings on this server's disk and in the bucket: how many, and those that keep their key, which are not over, broke off, or were changed.
    pub async fn reseal_recordings(&self) -> Result<(u64, Vec<String>), StoreError> {
        let (records, keys) = (self.records.to_path_buf(), self.recording_keys());
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
                    Ok(Resealed::Unfinished) | Err(_) => left.push(path.display().to_string()),
                }
            }
            Ok((done, left))
        });
        let resealed = resealed.await.map_err(io::Error::other).and_then(|done| done);
        let (mut done, mut left) = resealed.map_err(|error| StoreError::Folder { folder, error })?;
        // After the disk, from which one may have come there meanwhile.
        if let Some(bucket) = self.bucket() {
            for call in bucket.calls(None).await? {
                match self.reseal_in(bucket, &call).await {
                    Ok(Resealed::Now) => done += 1,
                    Ok(Resealed::Before) => {}
                    Ok(Resealed::Unfinished) => left.push(format!("the recording of call {call} in the bucket")),
                    // As one that is locked: it keeps no other by its old key.
                    Err(StoreError::Bucket(error)) if error.may_be_of_one() => {
                        left.push(format!("the recording of call {call} in the bucket ({error})"));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok((done, left))
    }

    /// Fetches a recording, seals it anew and puts it back; on the disk it is sealed all the time, and has no name.
    async fn reseal_in(&self, bucket: &Bucket, call: &str) -> Result<Resealed, StoreError> {
        let keys = self.recording_keys();
        match bucket.begin(call, sealed::BEGIN).await? {
            // Taken away meanwhile.
            None => return Ok(Resealed::Before),
            Some(begin) => match sealed::is_newest_of(&begin, &keys) {
                Ok(true) => return Ok(Resealed::Before),
                Ok(false) => {}
                Err(_) => return Ok(Resealed::Unfinished),
            },
        }
        let Some(from) = bucket.get(call, &self.records).await? else { return Ok(Resealed::Before) };
        let (of, folder) = (call.to_owned(), self.records.to_path_buf());
        let resealed = tokio::task::spawn_blocking(move || {
            let to = nameless(&folder)?;
            let ending = sealed::reseal_of(&of, from, to.try_clone()?, &keys);
            Ok((to, ending))
        });
        let resealed = resealed.await.map_err(io::Error::other).and_then(|done| done);
        let (to, ending) = resealed.map_err(BucketError::Disk)?;
        if !matches!(ending, Ok(Ending::Whole)) {
            return Ok(Resealed::Unfinished);
        }
        bucket.put(call, &to).await?;
        // Else it would be there again until the next night.
        if is_erased(&self.database, call).await? {
            bucket.remove(call).await?;
        }
        Ok(Resealed::Now)
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
        rollback(everybody).await?;
        Ok(found)
    }

    /// The next rows after this one; `None`: there are no more.
    async fn some_of(
        &self,
        what: Sealed,
        after: &mut (String, i64),
        closed: &mut Closed,
    ) -> Result<Option<u64>, StoreError> {
        let Sealed { table, column, id, seq, clinic } = what;
        let newest = i64::from(self.keys.newest());
        let transaction = self.begin_for_everybody().await?;
        let sql = format!(
            "SELECT {id}, {seq}, {column}, {clinic} FROM {table} WHERE key < $1 AND ({id}, {seq}) > ($2, $3) ORDER BY {id}, {seq} LIMIT $4"
        );
        let values = vec![newest.into(), after.0.clone().into(), after.1.into(), AT_ONCE.into()];
        let found = rows(&transaction, &sql, values).await?;
        let mut done = 0;
        for row in &found {
            let (of, line): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            // A call that began without a number has none sealed.
            let (sealed, clinic): (Option<Vec<u8>>, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
            let (place, keys) = (place(&format!("{table}.{column}"), &of, line), self.keys_of(&clinic));
            *after = (of.clone(), line);
            let opened = sealed.as_ref().map(|sealed| keys.open(&place, sealed)).transpose();
            let Some(plain) = closed.noting(opened.map_err(StoreError::from))? else { continue };
            let anew = plain.map(|plain| keys.seal(&place, &plain));
            let values = [Value::Bytes(anew), newest.into(), of.into(), line.into(), Value::Bytes(sealed)];
            done += execute(&transaction, &update(what), values.into()).await?;
        }
        commit(transaction).await?;
        Ok((!found.is_empty()).then_some(done))
    }
}

/// Puts a value in the place of the one that was opened; none in that of one which somebody, who may have erased a person, has written meanwhile.
fn update(Sealed { table, column, id, seq, .. }: Sealed) -> String {
    format!(
        "UPDATE {table} SET {column} = $1, key = $2 WHERE {id} = $3 AND {seq} = $4 AND {column} IS NOT DISTINCT FROM $5"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::emr::Login;
    use crate::store::tests::{folder, store};

    #[tokio::test]
    async fn what_was_written_while_what_stood_there_was_sealed_anew_stays() {
        let folder = folder();
        let store = store(folder.path(), "ours").await;
        let login = |password: &str| Login {
            user: Secret::new("attendant".to_owned()),
            password: Secret::new(password.to_owned()),
        };
        store.set_login(&login("hidden-Zp-xx71"), "user jane").await.unwrap();
        let read = store.login().await.unwrap().unwrap().sealed;
        // By the same key, as of a server that was not started again since the rotation.
        store.set_login(&login("hidden-Zp-xx72"), "user jane").await.unwrap();
        let column = *SEALED.iter().find(|sealed| sealed.table == "emr_credentials").unwrap();
        let replaced = async |read: Vec<u8>| {
            let anew = Value::Bytes(Some(b"anew".to_vec()));
            let values = vec![anew, 2_i64.into(), "ours".into(), 0_i64.into(), Value::Bytes(Some(read))];
            execute(&store.database, &update(column), values).await.unwrap()
        };
        assert_eq!(replaced(read).await, 0);
        let stands = store.login().await.unwrap().unwrap().sealed;
        assert_eq!(store.open_login(&stands).unwrap(), login("hidden-Zp-xx72"));
        assert_eq!(replaced(stands).await, 1);
    }
}
