//! The changes of a clinic's own book, in their order: what several processes that share the database write one book with.
//!
//! Each change has the number after the one before, and the number is the key: who has not seen every change cannot write one, however long it stood still
//! and whatever it believed to hold. A write is one statement, so that nobody who stands still in the middle of it keeps the others waiting.

use sea_orm::sea_query::Value;
use sea_orm::{QueryResult, SqlErr};

use super::record::place;
use super::{Store, StoreError, execute};

/// Changes read at once.
pub(crate) const PAGE: usize = 500;

/// Whether changes were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    Now,
    /// Somebody else wrote after the same change, and nothing was written.
    Overtaken,
}

impl Store {
    /// Changes of this clinic's book after this number, in order, at most [`PAGE`].
    pub(crate) async fn book_after(&self, number: i64) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let sql =
            format!("SELECT seq, body FROM book_changes WHERE clinic = $1 AND seq > $2 ORDER BY seq LIMIT {PAGE}");
        let change = |row: &QueryResult| {
            let (seq, sealed): (i64, Vec<u8>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            Ok((seq, self.own.open(&self.change_place(seq), &sealed)?))
        };
        let found = self.rows(&sql, vec![self.clinic.to_string().into(), number.into()]).await?;
        found.iter().map(change).collect()
    }

    /// Writes these changes after this number, all or none.
    pub(crate) async fn add_to_book(&self, after: i64, changes: &[Vec<u8>]) -> Result<Added, StoreError> {
        let (mut values, mut rows) = (Vec::<Value>::new(), Vec::new());
        for (seq, change) in (after + 1..).zip(changes) {
            let first = values.len() + 1;
            rows.push(format!("(${first}, ${}, ${}, ${})", first + 1, first + 2, first + 3));
            values.extend([
                self.clinic.to_string().into(),
                seq.into(),
                self.own.seal(&self.change_place(seq), change).into(),
                i64::from(self.keys.newest()).into(),
            ]);
        }
        if rows.is_empty() {
            return Ok(Added::Now);
        }
        let sql = format!("INSERT INTO book_changes (clinic, seq, body, key) VALUES {}", rows.join(", "));
        match execute(&self.database, &sql, values).await {
            Ok(_) => Ok(Added::Now),
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(Added::Overtaken),
            Err(error) => Err(error.into()),
        }
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
