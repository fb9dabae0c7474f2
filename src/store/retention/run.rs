//! One purge: its row of counts, what it takes away, and its proof.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, QueryResult};

use super::files::Files;
use super::{Counts, What};
use crate::clinic::retention::Cutoffs;
use crate::clock;
use crate::store::audit::{Action, HOW_MANY_OLD, Note, ROWS_AT_ONCE};
use crate::store::requests::{IS_OPEN, KINDS};
use crate::store::{Store, StoreError, commit, execute, rollback, rows};

/// Rows of one table that go.
struct Rows {
    /// As what they are counted.
    what: &'static [What],
    table: &'static str,
    /// Of what is past its time (before $2), the oldest.
    oldest: String,
    /// Which rows go: those before $2.
    which: String,
    cutoff: fn(&Cutoffs) -> i64,
}

/// Calls last: turns and costs go with them, and what is left of the others.
fn all_rows() -> [Rows; 8] {
    let messages = |what, which: &str, cutoff| by_time(what, "messages", "at_ms", which, cutoff);
    [
        of_calls(&[What::Lines], "transcript"),
        of_calls(&[What::Events], "events"),
        messages(&[What::Messages], &format!(" AND NOT {KINDS} AND acked_ms IS NOT NULL"), |cutoffs| cutoffs.messages),
        messages(&[What::Messages, What::Unfinished], &format!(" AND NOT {KINDS} AND acked_ms IS NULL"), |cutoffs| {
            cutoffs.messages
        }),
        messages(&[What::Messages], &format!(" AND {KINDS} AND NOT {IS_OPEN}"), |cutoffs| cutoffs.messages),
        messages(&[What::Messages, What::Unfinished], &format!(" AND {KINDS} AND {IS_OPEN}"), |cutoffs| {
            cutoffs.open_requests
        }),
        by_time(&[What::Tools], "tools", "at_ms", "", |cutoffs| cutoffs.calls),
        by_time(&[What::Calls], "calls", "began_ms", "", |cutoffs| cutoffs.calls),
    ]
}

/// What was said or happened in calls, by when they began.
fn of_calls(what: &'static [What], table: &'static str) -> Rows {
    let calls = "FROM calls WHERE clinic = $1 AND began_ms < $2";
    Rows {
        what,
        table,
        oldest: format!(
            "SELECT MIN(began_ms) {calls} AND EXISTS (SELECT 1 FROM {table} WHERE {table}.call = calls.call)"
        ),
        which: format!("call IN (SELECT call {calls})"),
        cutoff: |cutoffs| cutoffs.transcripts,
    }
}

/// Rows that say themselves when they came, in this column, and of which this is true too.
fn by_time(what: &'static [What], table: &'static str, column: &str, and: &str, cutoff: fn(&Cutoffs) -> i64) -> Rows {
    let which = format!("clinic = $1 AND {column} < $2{and}");
    Rows { what, table, oldest: format!("SELECT MIN({column}) FROM {table} WHERE {which}"), which, cutoff }
}

/// So much goes in one transaction, which others wait for: a day.
const AT_ONCE_MS: i64 = 24 * 3_600 * 1_000;

/// Files of one transaction.
const FILES_AT_ONCE: usize = 100;

/// What a purge is known by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    Night(Date),
    /// Somebody asked for it at this moment.
    Asked(Timestamp),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Night(night) => write!(f, "{night}"),
            Self::Asked(at) => f.write_str(&clock::stamp_of(*at)),
        }
    }
}

/// A purge: of the database if `instance` is empty, else of that server's files.
pub(super) struct Run<'a> {
    store: &'a Store,
    name: Name,
    instance: &'a str,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begun,
    /// Its proof is written.
    Done,
}

impl<'a> Run<'a> {
    /// Begins it, or goes on with it.
    pub(super) async fn open(store: &'a Store, name: Name, instance: &'a str) -> Result<Self, StoreError> {
        let mut purge = Self { store, name, instance, state: State::Begun };
        let columns: Vec<&str> = What::PURGED.map(What::name).into();
        let insert = format!(
            "INSERT INTO purges (clinic, instance, run, {}) VALUES ($1, $2, $3, {}) ON CONFLICT (clinic, run, instance) DO NOTHING",
            columns.join(", "),
            ["0"; What::PURGED.len()].join(", ")
        );
        execute(&store.database, &insert, purge.of(vec![])).await?;
        let done = "SELECT done_ms FROM purges WHERE clinic = $1 AND instance = $2 AND run = $3";
        let found = store.rows(done, purge.of(vec![])).await?;
        let done: Option<i64> = found.first().map_or(Ok(None), |row| row.try_get_by_index(0))?;
        if done.is_some() {
            purge.state = State::Done;
        }
        Ok(purge)
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn of(&self, rest: Vec<Value>) -> Vec<Value> {
        let clinic = self.store.clinic.to_string();
        [vec![clinic.into(), self.instance.to_owned().into(), self.name.to_string().into()], rest].concat()
    }

    /// `false`: the proof is written already, by another that took over.
    async fn count(&self, on: &impl ConnectionTrait, what: What, count: u64) -> Result<bool, StoreError> {
        let column = what.name();
        let update = format!(
            "UPDATE purges SET {column} = {column} + $4 WHERE clinic = $1 AND instance = $2 AND run = $3 AND done_ms IS NULL"
        );
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Ok(execute(on, &update, self.of(vec![count.into()])).await? > 0)
    }

    /// Takes away the rows that are past their time, the oldest first, a day at a time.
    pub(super) async fn rows(&self, cutoffs: &Cutoffs) -> Result<(), StoreError> {
        for Rows { what, table, oldest, which, cutoff } in &all_rows() {
            let cutoff = cutoff(cutoffs);
            let before = |at: i64| -> Vec<Value> { vec![self.store.clinic.to_string().into(), at.into()] };
            loop {
                let found = self.store.rows(oldest, before(cutoff)).await?;
                let oldest: Option<i64> = found.first().map_or(Ok(None), |row| row.try_get_by_index(0))?;
                let Some(oldest) = oldest else { break };
                let until = oldest.saturating_add(AT_ONCE_MS).min(cutoff);
                let transaction = self.store.begin().await?;
                let gone = execute(&transaction, &format!("DELETE FROM {table} WHERE {which}"), before(until)).await?;
                for what in *what {
                    if !self.count(&transaction, *what, gone).await? {
                        rollback(transaction).await?;
                        return Ok(());
                    }
                }
                commit(transaction).await?;
            }
        }
        Ok(())
    }

    /// Takes away what of the audit is past its time, some rows at a time.
    pub(super) async fn audit(&self, cutoffs: &Cutoffs, actor: &str) -> Result<(), StoreError> {
        loop {
            let transaction = self.store.begin().await?;
            let gone = self.store.purge_audit(&transaction, cutoffs.audit, actor).await?;
            if gone == 0 || !self.count(&transaction, What::Audit, gone).await? {
                rollback(transaction).await?;
                return Ok(());
            }
            commit(transaction).await?;
            // What was taken is noted in the same audit: by a clock that is ahead that would be past its time too, again and again.
            if gone < u64::from(ROWS_AT_ONCE) {
                return Ok(());
            }
        }
    }

    /// Deletes these files. One that is counted is gone; of those at which the process ends some are gone and not counted. One that cannot be deleted
    /// keeps no other.
    pub(super) async fn files(&self, what: What, files: Files) -> Result<(), StoreError> {
        let mut stayed = Ok(());
        for some in files.chunks(FILES_AT_ONCE) {
            let (gone, all) = super::files::delete(self.store, some).await;
            self.count(&self.store.database, what, gone).await?;
            stayed = stayed.and(all);
        }
        stayed
    }

    /// Takes the recordings of these calls out of the bucket. One that is counted is gone; one that cannot be taken away keeps no other there.
    pub(super) async fn bucket(&self, calls: Vec<String>) -> Result<(), StoreError> {
        let Some(bucket) = self.store.bucket() else { return Ok(()) };
        let mut stayed = Ok(());
        for call in calls {
            match bucket.remove(&call).await {
                Ok(()) => {
                    self.count(&self.store.database, What::Recordings, 1).await?;
                }
                Err(error) if error.may_be_of_one() => stayed = stayed.and(Err(error.into())),
                Err(error) => return Err(error.into()),
            }
        }
        stayed
    }

    /// Writes the proof: of this purge and, if it is a night's, of those before it that broke off. What this one took away.
    pub(super) async fn finish(self, actor: &str) -> Result<Counts, StoreError> {
        let names: Vec<&str> = What::PURGED.map(What::name).into();
        let open = format!(
            "SELECT run, {} FROM purges WHERE clinic = $1 AND instance = $2 AND run {} $3 AND done_ms IS NULL ORDER BY run",
            names.join(", "),
            match self.name {
                Name::Night(_) => "<=",
                Name::Asked(_) => "=",
            }
        );
        let transaction = self.store.begin().await?;
        let mut own = Counts::default();
        for row in rows(&transaction, &open, self.of(vec![])).await? {
            let (run, counts) = counts(&row)?;
            let close =
                "UPDATE purges SET done_ms = $4 WHERE clinic = $1 AND instance = $2 AND run = $3 AND done_ms IS NULL";
            let of: Vec<Value> = vec![
                self.store.clinic.to_string().into(),
                self.instance.to_owned().into(),
                run.clone().into(),
                clock::now().as_millisecond().into(),
            ];
            if execute(&transaction, close, of).await? == 0 {
                continue;
            }
            let what = if self.instance.is_empty() { "database" } else { "files" };
            let note = Note::new(actor, Action::Purged, &format!("{what} {run}"), &counts.to_string());
            self.store.append(&transaction, &note).await?;
            if run == self.name.to_string() {
                own = counts;
            }
        }
        commit(transaction).await?;
        Ok(own)
    }
}

fn counts(row: &QueryResult) -> Result<(String, Counts), StoreError> {
    let mut counts = Counts::default();
    for (at, what) in What::PURGED.into_iter().enumerate() {
        let count: i64 = row.try_get_by_index(at + 1)?;
        counts.add(what, count.unsigned_abs());
    }
    Ok((row.try_get_by_index(0)?, counts))
}

impl Store {
    /// How many rows are past their time.
    pub(super) async fn past_their_time(&self, cutoffs: &Cutoffs) -> Result<Counts, StoreError> {
        let mut counts = Counts::default();
        for Rows { what, table, which, cutoff, .. } in &all_rows() {
            let of = vec![self.clinic.to_string().into(), cutoff(cutoffs).into()];
            let found = self.rows(&format!("SELECT COUNT(*) FROM {table} WHERE {which}"), of).await?;
            let count: i64 = found.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
            what.iter().for_each(|what| counts.add(*what, count.unsigned_abs()));
        }
        let of = vec![self.clinic.to_string().into(), cutoffs.audit.into()];
        let found = self.rows(HOW_MANY_OLD, of).await?;
        let count: i64 = found.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        counts.add(What::Audit, count.unsigned_abs());
        Ok(counts)
    }
}
