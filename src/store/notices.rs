//! The outbox of notices: which are still to be told to whom.
//!
//! A notice is made in the transaction that marks its message as told, so that each is made once whoever makes it, and taken for a try by moving the time of its next
//! one: a process that ends in the middle of a try, or another server, tries again then. Nothing here sends anything. What a caller left is opened only if it is asked
//! for. Times are milliseconds since 1970.

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::{Deserialize, Serialize};

use super::acknowledged::{Acknowledged, acknowledged};
use super::insert::insertion;
use super::messages::wrong;
use super::record::from_word;
use super::schema::NOTICES;
use super::{Store, StoreError, commit, execute};
use crate::agent::tools::{Message, MessageKind};
use crate::state::key::digest;

/// Who is told: those whom it concerns first, or others because nobody saw to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    First,
    Escalation,
}

impl Stage {
    /// In the table, in JSON and in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Escalation => "escalation",
        }
    }

    /// The column of a message that says when its notices of this stage were made.
    const fn column(self) -> &'static str {
        match self {
            Self::First => "told_ms",
            Self::Escalation => "escalated_ms",
        }
    }
}

/// A message of which notices may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    pub message: String,
    pub kind: MessageKind,
    pub left_ms: i64,
}

/// A notice whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub id: String,
    pub stage: Stage,
    pub address: String,
    pub made_ms: i64,
    pub due_ms: i64,
    pub tries: u32,
    pub open: Open,
    /// Only if it was asked for.
    pub whole: Option<Message>,
}

/// What a notice was about, and whether somebody has seen to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub open: Open,
    pub address: String,
    pub made_ms: i64,
    pub acknowledged: Option<Acknowledged>,
}

/// One notice of a message, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub stage: Stage,
    pub address: String,
    pub due_ms: i64,
    pub tries: u32,
    pub sent_ms: Option<i64>,
    /// What hindered the last try.
    pub trouble: Option<String>,
}

/// How the outbox stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Notices that nobody has taken yet.
    pub notices: i64,
    /// When the oldest message among theirs was left.
    pub oldest_ms: Option<i64>,
    /// Messages that somebody was to be told of and nobody has acknowledged.
    pub unacknowledged: i64,
}

/// Messages of one transaction.
const AT_ONCE: i64 = 200;

/// A notice that is worth another try.
const IS_OPEN: &str = "notices.sent_ms IS NULL AND messages.acked_ms IS NULL";

impl Store {
    /// Messages left since then whose notices of this stage were not made yet, the oldest first. Nobody is told of one that was acknowledged, nor
    /// escalated to before somebody was told.
    pub async fn untold(&self, stage: Stage, since_ms: i64) -> Result<Vec<Open>, StoreError> {
        let after = match stage {
            Stage::First => "told_ms IS NULL",
            Stage::Escalation => "told_ms IS NOT NULL AND escalated_ms IS NULL",
        };
        let sql = format!(
            "SELECT id, kind, at_ms FROM messages WHERE clinic = $1 AND at_ms >= $2 AND acked_ms IS NULL AND {after} ORDER BY at_ms, id LIMIT $3"
        );
        let of = vec![self.clinic.to_string().into(), since_ms.into(), AT_ONCE.into()];
        self.rows(&sql, of).await?.iter().map(|row| open(row, 0)).collect()
    }

    /// Makes the notices of this stage for these messages, one for each address, due at once. How many messages were told of now, and not by another before.
    pub async fn tell(
        &self,
        stage: Stage,
        messages: &[Open],
        addresses: &[String],
        now_ms: i64,
    ) -> Result<usize, StoreError> {
        let mut told = 0;
        if messages.is_empty() {
            return Ok(told);
        }
        let transaction = self.begin().await?;
        let column = stage.column();
        let mark = format!(
            "UPDATE messages SET {column} = $1 WHERE clinic = $2 AND id = $3 AND {column} IS NULL AND acked_ms IS NULL"
        );
        for Open { message, .. } in messages {
            let of = vec![now_ms.into(), self.clinic.to_string().into(), message.clone().into()];
            if execute(&transaction, &mark, of).await? > 0 {
                told += 1;
                self.make(&transaction, stage, message, addresses, now_ms).await?;
            }
        }
        commit(transaction).await?;
        Ok(told)
    }

    async fn make(
        &self,
        on: &impl ConnectionTrait,
        stage: Stage,
        message: &str,
        addresses: &[String],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let insert = format!("{} ON CONFLICT (id) DO NOTHING", insertion(NOTICES, 1));
        for address in addresses {
            let values: [Value; 8] = [
                digest(&[message, stage.word(), address]).into(),
                self.clinic.to_string().into(),
                message.into(),
                stage.word().into(),
                address.clone().into(),
                now_ms.into(),
                now_ms.into(),
                0_i64.into(),
            ];
            execute(on, &insert, values.into()).await?;
        }
        Ok(())
    }

    /// At most so many notices whose time has come, the longest due first; with what the callers left if that is wanted.
    pub async fn due(&self, now_ms: i64, most: i64, whole: Wanted) -> Result<Vec<Due>, StoreError> {
        let sql = format!(
            "SELECT notices.id, notices.stage, notices.address, notices.made_ms, notices.due_ms, notices.tries, messages.id, messages.kind, messages.at_ms \
             FROM notices JOIN messages ON messages.id = notices.message WHERE notices.clinic = $1 AND notices.due_ms <= $2 AND {IS_OPEN} \
             ORDER BY notices.due_ms, notices.id LIMIT $3"
        );
        let found = self.rows(&sql, vec![self.clinic.to_string().into(), now_ms.into(), most.into()]).await?;
        let mut due = Vec::with_capacity(found.len());
        for row in &found {
            let (open, tries): (Open, i64) = (open(row, 6)?, row.try_get_by_index(5)?);
            let whole = match whole {
                Wanted::Whole => self.whole_message(&open.message).await?,
                Wanted::Nothing => None,
            };
            due.push(Due {
                id: row.try_get_by_index(0)?,
                stage: stage(row, 1)?,
                address: row.try_get_by_index(2)?,
                made_ms: row.try_get_by_index(3)?,
                due_ms: row.try_get_by_index(4)?,
                tries: u32::try_from(tries).unwrap_or(u32::MAX),
                open,
                whole,
            });
        }
        Ok(due)
    }

    async fn whole_message(&self, message: &str) -> Result<Option<Message>, StoreError> {
        let sql = "SELECT id, clinic, call, at_ms, body, kind FROM messages WHERE clinic = $1 AND id = $2";
        let found = self.rows(sql, vec![self.clinic.to_string().into(), message.into()]).await?;
        found.first().map(|row| self.message(row)).transpose()
    }

    /// Takes a notice for a try; the next one is at `next_ms` unless something comes of this. `false`: another server was quicker.
    pub async fn take(&self, due: &Due, next_ms: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE notices SET due_ms = $1, tries = tries + 1 WHERE clinic = $2 AND id = $3 AND due_ms = $4 AND sent_ms IS NULL";
        let of = [next_ms.into(), self.clinic.to_string().into(), due.id.clone().into(), due.due_ms.into()];
        Ok(execute(&self.database, sql, of.into()).await? > 0)
    }

    /// It was taken at its address.
    pub async fn delivered(&self, notice: &str, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE notices SET sent_ms = $1, trouble = NULL WHERE clinic = $2 AND id = $3";
        execute(&self.database, sql, vec![now_ms.into(), self.clinic.to_string().into(), notice.into()]).await?;
        Ok(())
    }

    /// It was not, because of `trouble`, which names no patient: it is tried again at `next_ms`.
    pub async fn put_off(&self, notice: &str, trouble: &str, next_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE notices SET due_ms = $1, trouble = $2 WHERE clinic = $3 AND id = $4";
        let of = [next_ms.into(), trouble.into(), self.clinic.to_string().into(), notice.into()];
        execute(&self.database, sql, of.into()).await?;
        Ok(())
    }

    /// Its address is not told of anything any more: those that are, are told instead.
    pub async fn readdress(&self, due: &Due, addresses: &[String], now_ms: i64) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let of = vec![self.clinic.to_string().into(), due.id.clone().into()];
        execute(&transaction, "DELETE FROM notices WHERE clinic = $1 AND id = $2", of).await?;
        self.make(&transaction, due.stage, &due.open.message, addresses, now_ms).await?;
        commit(transaction).await?;
        Ok(())
    }

    /// How the outbox stands.
    pub async fn waiting(&self) -> Result<Waiting, StoreError> {
        let sql = format!(
            "SELECT COUNT(*), MIN(messages.at_ms) FROM notices JOIN messages ON messages.id = notices.message WHERE notices.clinic = $1 AND {IS_OPEN}"
        );
        let found = self.rows(&sql, vec![self.clinic.to_string().into()]).await?;
        let row = found.first().ok_or_else(|| StoreError::Record("a count of notices".to_owned()))?;
        let (notices, oldest_ms) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let sql = "SELECT COUNT(*) FROM messages WHERE clinic = $1 AND told_ms IS NOT NULL AND acked_ms IS NULL";
        let found = self.rows(sql, vec![self.clinic.to_string().into()]).await?;
        let unacknowledged = found.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(Waiting { notices, oldest_ms, unacknowledged })
    }

    /// What this notice was about; `None` if there is no such notice, or no more.
    pub async fn told(&self, notice: &str) -> Result<Option<Told>, StoreError> {
        let sql = "SELECT messages.id, messages.kind, messages.at_ms, notices.address, notices.made_ms, messages.acked_ms, messages.acked_by \
             FROM notices JOIN messages ON messages.id = notices.message WHERE notices.clinic = $1 AND notices.id = $2";
        let found = self.rows(sql, vec![self.clinic.to_string().into(), notice.into()]).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let acknowledged = acknowledged(row, 5)?;
        let (address, made_ms) = (row.try_get_by_index(3)?, row.try_get_by_index(4)?);
        Ok(Some(Told { open: open(row, 0)?, address, made_ms, acknowledged }))
    }

    /// Messages of this clinic whose ids begin so.
    pub async fn messages_like(&self, id: &str) -> Result<Vec<Message>, StoreError> {
        // What else there is would be a pattern.
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Ok(Vec::new());
        }
        let sql = "SELECT id, clinic, call, at_ms, body, kind FROM messages WHERE clinic = $1 AND id LIKE $2 ORDER BY id LIMIT 2";
        let found = self.rows(sql, vec![self.clinic.to_string().into(), format!("{id}%").into()]).await?;
        found.iter().map(|row| self.message(row)).collect()
    }

    /// Every notice of a message, as it stands.
    pub async fn notices_of(&self, message: &str) -> Result<Vec<Sent>, StoreError> {
        let sql = "SELECT stage, address, due_ms, tries, sent_ms, trouble FROM notices WHERE clinic = $1 AND message = $2 ORDER BY made_ms, address";
        let found = self.rows(sql, vec![self.clinic.to_string().into(), message.into()]).await?;
        let sent = |row: &QueryResult| {
            let tries: i64 = row.try_get_by_index(3)?;
            Ok(Sent {
                stage: stage(row, 0)?,
                address: row.try_get_by_index(1)?,
                due_ms: row.try_get_by_index(2)?,
                tries: u32::try_from(tries).unwrap_or(u32::MAX),
                sent_ms: row.try_get_by_index(4)?,
                trouble: row.try_get_by_index(5)?,
            })
        };
        found.iter().map(sent).collect()
    }
}

/// How much of a message is wanted with its notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Nothing,
    Whole,
}

/// In the three columns from `first` on.
fn open(row: &QueryResult, first: usize) -> Result<Open, StoreError> {
    let message: String = row.try_get_by_index(first)?;
    let kind = from_word(row.try_get_by_index(first + 1)?).map_err(|_| wrong(&message))?;
    Ok(Open { kind, left_ms: row.try_get_by_index(first + 2)?, message })
}

fn stage(row: &QueryResult, at: usize) -> Result<Stage, StoreError> {
    from_word(row.try_get_by_index(at)?).map_err(|_| StoreError::Record("the stage of a notice".to_owned()))
}

#[cfg(test)]
mod tests;
