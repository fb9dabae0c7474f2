//! The changes of a clinic's own book, in their order: what several processes that share the database write one book with.
//!
//! Each change has the number after the one before, and the number is the key: who has not seen every change cannot write one, however long it stood still
//! and whatever it believed to hold. A write is one statement, so that nobody who stands still in the middle of it keeps the others waiting; a whole book
//! that is too long for one goes in one transaction. Nothing is read or sealed before the keys are known to be the database's.

use std::collections::BTreeMap;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, QueryResult, SqlErr};

use super::closed::Closed;
use super::insert::{MOST_VALUES, insert, insertion};
use super::keys::{Keys, KeysError};
use super::record::place;
use super::schema::Columns;
use super::{Store, StoreError, commit, execute};

/// Changes read at once.
pub(crate) const PAGE: usize = 500;

const BOOK: Columns = Columns { table: "book_changes", columns: &["clinic", "seq", "body", "key"] };

/// Whether changes were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    Now,
    /// Somebody else wrote after the same change, and nothing was written.
    Overtaken,
}

impl Store {
    /// Changes of this clinic's book after this number, in order, at most [`PAGE`]. One that a server started again since has sealed by a new key opens once the
    /// file has that key.
    pub(crate) async fn book_after(&self, number: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        self.be_sure_of_keys().await?;
        let sql =
            format!("SELECT seq, body FROM book_changes WHERE clinic = $1 AND seq > $2 ORDER BY seq LIMIT {PAGE}");
        let mut newer: Option<Keys> = None;
        let change = |row: &QueryResult| {
            let (seq, sealed): (i64, Vec<u8>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            let at = self.change_place(seq);
            let opened = match (self.own.open(&at, &sealed), &newer) {
                (Err(KeysError::Missing { .. }), None) => {
                    newer.insert(Keys::load(&self.keys_file)?.of_clinic(&self.clinic)).open(&at, &sealed)
                }
                (Err(KeysError::Missing { .. }), Some(keys)) => keys.open(&at, &sealed),
                (opened, _) => opened,
            };
            Ok((seq, opened?))
        };
        let found = self.rows(&sql, vec![self.clinic.to_string().into(), number.into()]).await?;
        found.iter().map(change).collect()
    }

    /// Every change of this clinic's book that opens; of the others where they stand, and why.
    pub(crate) async fn whole_book(&self) -> Result<(BTreeMap<i64, Vec<u8>>, Vec<String>), StoreError> {
        self.be_sure_of_keys().await?;
        let sql =
            format!("SELECT seq, body FROM book_changes WHERE clinic = $1 AND seq > $2 ORDER BY seq LIMIT {PAGE}");
        let (mut all, mut closed, mut last) = (BTreeMap::new(), Closed::default(), 0);
        loop {
            let found = self.rows(&sql, vec![self.clinic.to_string().into(), last.into()]).await?;
            for row in &found {
                let (seq, sealed): (i64, Vec<u8>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                let opened = self.own.open(&self.change_place(seq), &sealed).map_err(StoreError::from);
                all.extend(closed.noting(opened)?.map(|change| (seq, change)));
                last = seq;
            }
            if found.len() < PAGE {
                return Ok((all, closed.told()));
            }
        }
    }

    /// Puts this in the place of a change, under its number: the numbers are what all who have the book go by, and none may be missing. How many there were.
    pub(super) async fn replace_in_book(
        &self,
        on: &impl ConnectionTrait,
        number: i64,
        change: &[u8],
    ) -> Result<u64, StoreError> {
        let update = "UPDATE book_changes SET body = $3, key = $4 WHERE clinic = $1 AND seq = $2";
        let values: Vec<Value> = vec![
            self.clinic.to_string().into(),
            number.into(),
            self.own.seal(&self.change_place(number), change).into(),
            i64::from(self.keys.newest()).into(),
        ];
        Ok(execute(on, update, values).await?)
    }

    /// Writes these changes after this number, all or none.
    pub(crate) async fn add_to_book(&self, after: i64, changes: &[Vec<u8>]) -> Result<Added, StoreError> {
        if changes.is_empty() {
            return Ok(Added::Now);
        }
        self.be_sure_of_keys().await?;
        let row = |(seq, change): (i64, &Vec<u8>)| -> Vec<Value> {
            vec![
                self.clinic.to_string().into(),
                seq.into(),
                self.own.seal(&self.change_place(seq), change).into(),
                i64::from(self.keys.newest()).into(),
            ]
        };
        match self.write_changes((after + 1..).zip(changes).map(row).collect()).await {
            Ok(()) => Ok(Added::Now),
            Err(StoreError::Database(error))
                if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
            {
                Ok(Added::Overtaken)
            }
            Err(error) => Err(error),
        }
    }

    async fn write_changes(&self, rows: Vec<Vec<Value>>) -> Result<(), StoreError> {
        if rows.len() <= MOST_VALUES / BOOK.columns.len() {
            execute(&self.database, &insertion(BOOK, rows.len()), rows.concat()).await?;
            return Ok(());
        }
        let transaction = self.begin_for(&self.clinic).await?;
        insert(&transaction, BOOK, rows).await?;
        Ok(commit(transaction).await?)
    }

    /// As sealing anew knows it.
    fn change_place(&self, seq: i64) -> String {
        place("book_changes.body", &self.clinic, seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{folder, store};

    #[tokio::test]
    async fn a_change_is_written_after_the_last_or_not_at_all_and_is_its_clinic_s_alone() {
        let folder = folder();
        let (ours, theirs) = (store(folder.path(), "ours").await, store(folder.path(), "theirs").await);
        let change = |text: &str| text.as_bytes().to_vec();
        assert_eq!(ours.add_to_book(0, &[change("a"), change("b")]).await.unwrap(), Added::Now);
        assert_eq!(ours.add_to_book(1, &[change("c"), change("d")]).await.unwrap(), Added::Overtaken);
        assert_eq!(ours.add_to_book(2, &[change("e")]).await.unwrap(), Added::Now);
        assert_eq!(ours.book_after(1).await.unwrap(), [(2, change("b")), (3, change("e"))]);
        assert_eq!(theirs.book_after(0).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_book_of_many_years_is_written_whole_or_not_at_all() {
        let folder = folder();
        let ours = store(folder.path(), "ours").await;
        let all = vec![b"a".to_vec(); MOST_VALUES / 4 + 1];
        ours.add_to_book(all.len() as i64 - 1, &[b"b".to_vec()]).await.unwrap();
        assert_eq!(ours.add_to_book(0, &all).await.unwrap(), Added::Overtaken);
        assert_eq!(ours.book_after(0).await.unwrap().len(), 1);
        let theirs = store(folder.path(), "theirs").await;
        assert_eq!(theirs.add_to_book(0, &all).await.unwrap(), Added::Now);
        assert_eq!(theirs.book_after(all.len() as i64 - 1).await.unwrap(), [(all.len() as i64, b"a".to_vec())]);
    }

    #[tokio::test]
    async fn what_a_server_started_again_has_sealed_by_a_new_key_is_read_by_those_that_still_run() {
        let folder = folder();
        let running = store(folder.path(), "ours").await;
        running.add_to_book(0, &[b"a".to_vec()]).await.unwrap();
        crate::store::keys::add(&folder.path().join("store/keys.toml")).unwrap();
        let again = store(folder.path(), "ours").await;
        again.add_to_book(1, &[b"b".to_vec()]).await.unwrap();
        assert_eq!(running.book_after(0).await.unwrap(), [(1, b"a".to_vec()), (2, b"b".to_vec())]);
    }

    #[tokio::test]
    async fn a_new_key_seals_changes_anew() {
        let folder = folder();
        let before = store(folder.path(), "ours").await;
        before.add_to_book(0, &[b"a".to_vec(), b"b".to_vec()]).await.unwrap();
        crate::store::keys::add(&folder.path().join("store/keys.toml")).unwrap();
        let after = store(folder.path(), "ours").await;
        assert_eq!((after.reseal().await.unwrap().0, after.sealed_by().await.unwrap()), (2, [(2, 2)].into()));
        assert_eq!(after.book_after(0).await.unwrap(), [(1, b"a".to_vec()), (2, b"b".to_vec())]);
    }
}
