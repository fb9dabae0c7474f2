//! What somebody at the clinic has to do for a person, and how far it is: registrations, the waiting list, and writes to the book of which nobody knows whether
//! they happened, or of which their caller was not told.
//!
//! A request is a message of one of these kinds. It is pending until somebody says otherwise; each step is written down in the audit with its state, in the same
//! transaction. Who acknowledged the message is another matter: that only ends its notices.

use clap::ValueEnum;
use sea_orm::QueryResult;
use serde::{Deserialize, Serialize};

use super::audit::{Action, Note};
use super::closed::Closed;
use super::record::from_word;
use super::{Store, StoreError, commit, execute, rollback, rows};
use crate::agent::tools::{Message, MessageKind};

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has done anything yet.
    Pending,
    /// The person was spoken to.
    Contacted,
    /// They are in the EMR, or have their appointment.
    Registered,
    /// Of a write to the book: what came of it was made sure of, or its caller was told.
    Settled,
    /// Nothing is to be done any more.
    Cancelled,
}

impl State {
    /// As in JSON, in the table and in the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Contacted => "contacted",
            Self::Registered => "registered",
            Self::Settled => "settled",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether a request of this kind can come to it.
    pub const fn fits(self, kind: MessageKind) -> bool {
        match (self, kind) {
            (_, MessageKind::Message)
            | (Self::Registered, MessageKind::UnknownOutcome | MessageKind::NotTold)
            | (Self::Settled, MessageKind::Registration | MessageKind::WaitingList) => false,
            (
                Self::Pending | Self::Contacted | Self::Cancelled,
                MessageKind::Registration
                | MessageKind::WaitingList
                | MessageKind::UnknownOutcome
                | MessageKind::NotTold,
            )
            | (Self::Registered, MessageKind::Registration | MessageKind::WaitingList)
            | (Self::Settled, MessageKind::UnknownOutcome | MessageKind::NotTold) => true,
        }
    }
}

/// Which requests are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Something is to be done.
    Open,
    All,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    #[serde(flatten)]
    pub message: Message,
    pub state: State,
    /// Who said so, and when (milliseconds since 1970).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<(i64, String)>,
}

/// What came of saying how far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    Now,
    /// It was so far already.
    Before,
    /// There is no such request, or no more.
    Unknown,
    /// A request of its kind never comes to that.
    Unfit,
}

/// Something is still to be done.
pub(super) const IS_OPEN: &str = "(state IS NULL OR state IN ('pending', 'contacted'))";

pub(super) const KINDS: &str = "kind IN ('registration', 'waiting_list', 'unknown_outcome', 'not_told')";

impl Store {
    /// This clinic's requests, the oldest first: whoever waits longest. And what does not open: where it is, and why.
    pub async fn requests(&self, which: Which, limit: usize) -> Result<(Vec<Request>, Vec<String>), StoreError> {
        let open = match which {
            Which::Open => format!("AND {IS_OPEN}"),
            Which::All => String::new(),
        };
        let sql = format!(
            "SELECT id, clinic, call, at_ms, body, kind, state, state_ms, state_by FROM messages \
             WHERE clinic = $1 AND {KINDS} {open} ORDER BY at_ms, id LIMIT $2"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.rows(&sql, vec![self.clinic.to_string().into(), limit.into()]).await?;
        let (mut requests, mut closed) = (Vec::with_capacity(found.len()), Closed::default());
        for row in &found {
            requests.extend(closed.noting(self.request(row))?);
        }
        Ok((requests, closed.told()))
    }

    /// When the oldest request came for which nobody has done anything yet. Milliseconds since 1970.
    pub async fn oldest_pending(&self) -> Result<Option<i64>, StoreError> {
        let sql = format!(
            "SELECT MIN(at_ms) FROM messages WHERE clinic = $1 AND {KINDS} AND COALESCE(state, 'pending') = 'pending'"
        );
        let found = self.rows(&sql, vec![self.clinic.to_string().into()]).await?;
        Ok(found.first().map_or(Ok(None), |row| row.try_get_by_index(0))?)
    }

    fn request(&self, row: &QueryResult) -> Result<Request, StoreError> {
        let message = self.message(row)?;
        let (at_ms, by): (Option<i64>, Option<String>) = (row.try_get_by_index(7)?, row.try_get_by_index(8)?);
        Ok(Request { message, state: state(row, 6)?, said: at_ms.zip(by) })
    }

    /// Says how far a request is.
    pub async fn move_request(&self, id: &str, to: State, by: &str, now_ms: i64) -> Result<Moved, StoreError> {
        let transaction = self.begin().await?;
        let sql = format!("SELECT kind, state FROM messages WHERE clinic = $1 AND id = $2 AND {KINDS}");
        let found = rows(&transaction, &sql, vec![self.clinic.to_string().into(), id.into()]).await?;
        let before = match found.first() {
            None => Err(Moved::Unknown),
            Some(row) => {
                let kind: MessageKind = from_word(row.try_get_by_index(0)?).map_err(|_| super::messages::wrong(id))?;
                match state(row, 1)? {
                    _ if !to.fits(kind) => Err(Moved::Unfit),
                    same if same == to => Err(Moved::Before),
                    before => Ok(before),
                }
            }
        };
        let before = match before {
            Ok(before) => before,
            Err(told) => {
                rollback(transaction).await?;
                return Ok(told);
            }
        };
        let sql = "UPDATE messages SET state = $1, state_ms = $2, state_by = $3 WHERE clinic = $4 AND id = $5 \
            AND COALESCE(state, 'pending') = $6";
        let of = [
            to.word().into(),
            now_ms.into(),
            by.into(),
            self.clinic.to_string().into(),
            id.into(),
            before.word().into(),
        ];
        if execute(&transaction, sql, of.into()).await? == 0 {
            // Somebody was quicker.
            rollback(transaction).await?;
            return Ok(Moved::Before);
        }
        let note = Note { at_ms: now_ms, ..Note::new(by, Action::RequestMoved, id, to.word()) };
        self.append(&transaction, &note).await?;
        commit(transaction).await?;
        Ok(Moved::Now)
    }
}

/// Empty: nobody has said anything.
fn state(row: &QueryResult, column: usize) -> Result<State, StoreError> {
    let word: Option<String> = row.try_get_by_index(column)?;
    let wrong = |_| StoreError::Record("how far a request is".to_owned());
    word.map_or(Ok(State::Pending), |word| from_word(word).map_err(wrong))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallId;
    use crate::privacy::Pii;
    use crate::store::tests::{folder, store};

    fn message(id: &str, kind: MessageKind, at: &str) -> Message {
        let pii = |text: &str| Pii::new(text.to_owned());
        Message {
            id: id.to_owned(),
            kind,
            at: at.to_owned(),
            call: CallId::new(),
            clinic: "ours".to_owned(),
            caller: pii("+16045550177"),
            name: pii("Jane Roe"),
            number: pii("+16045550123"),
            text: pii("to be registered"),
        }
    }

    #[tokio::test]
    async fn requests_wait_in_the_order_in_which_they_came_and_each_step_of_theirs_is_in_the_audit() {
        let folder = folder();
        let (ours, theirs) = (store(folder.path(), "ours").await, store(folder.path(), "theirs").await);
        for (id, kind, at) in [
            ("a1", MessageKind::WaitingList, "2026-11-21T18:00:02Z"),
            ("a2", MessageKind::Registration, "2026-11-21T18:00:01Z"),
            ("a3", MessageKind::Message, "2026-11-21T18:00:00Z"),
            ("a4", MessageKind::UnknownOutcome, "2026-11-21T18:00:03Z"),
        ] {
            ours.keep_message(&message(id, kind, at)).await.unwrap();
        }
        let told = async |which| {
            let (found, _) = ours.requests(which, 9).await.unwrap();
            found.into_iter().map(|request| (request.message.id, request.state)).collect::<Vec<_>>()
        };
        let pending = |id: &str| (id.to_owned(), State::Pending);
        assert_eq!(told(Which::Open).await, [pending("a2"), pending("a1"), pending("a4")]);
        assert_eq!(theirs.requests(Which::All, 9).await.unwrap(), (vec![], vec![]));
        let came = |text: &str| Some(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        assert_eq!(ours.oldest_pending().await.unwrap(), came("2026-11-21T18:00:01Z"), "a message is no request");
        assert_eq!(theirs.oldest_pending().await.unwrap(), None);
        for (id, to, moved) in [
            ("a2", State::Contacted, Moved::Now),
            ("a2", State::Contacted, Moved::Before),
            ("a2", State::Settled, Moved::Unfit),
            ("a2", State::Registered, Moved::Now),
            ("a4", State::Registered, Moved::Unfit),
            ("a4", State::Settled, Moved::Now),
            ("a1", State::Pending, Moved::Before),
            ("a3", State::Cancelled, Moved::Unknown),
            ("a9", State::Cancelled, Moved::Unknown),
        ] {
            assert_eq!(ours.move_request(id, to, "user jane", 7).await.unwrap(), moved, "{id} {to:?}");
        }
        assert_eq!(theirs.move_request("a1", State::Cancelled, "user jane", 7).await.unwrap(), Moved::Unknown);
        assert_eq!(told(Which::Open).await, [pending("a1")]);
        assert_eq!(ours.oldest_pending().await.unwrap(), came("2026-11-21T18:00:02Z"));
        assert_eq!(told(Which::All).await.len(), 3);
        let (all, _) = ours.requests(Which::All, 1).await.unwrap();
        assert_eq!(all[0].said, Some((7, "user jane".to_owned())));
        let rows = ours.audited(9).await.unwrap();
        let steps: Vec<_> = rows.iter().map(|(_, _, note)| (note.subject.as_str(), note.outcome.as_str())).collect();
        assert_eq!(steps.len(), 3, "{steps:?}");
        for step in [("a2", "contacted"), ("a2", "registered"), ("a4", "settled")] {
            assert!(steps.contains(&step), "{steps:?}");
        }
    }
}
