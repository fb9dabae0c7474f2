//! Who did what: rows that are only ever added, each chained to the one before it, a chain for each clinic and instance.
//!
//! The chain is a code by the store's keys ([`super::keys`]) over the row and the code before it; the head, which tells how long the chain is, has one of its own. So
//! a row that was changed, taken out or put in is found ([`Store::verify_audit`]), also by whoever may write to the database but has no keys. What cannot
//! be found is a whole database put back to an older copy: note the head that `attendant audit verify` prints. No row holds a
//! patient's name, number or words: subjects are ids, and charts are sealed ([`crate::agent::tools::Trace`]).

mod anchor;
mod shown;
mod verify;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::{Deserialize, Serialize};

use super::keys::Keys;
use super::{Store, StoreError, commit, execute, rows};
use crate::agent::tools::Trace;
use crate::clock;

pub(super) use anchor::{HOW_MANY_OLD, ROWS_AT_ONCE};
pub use shown::{Row, Which};
pub use verify::Chain;

/// What is done and worth a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A call's transcript was shown.
    CallRead,
    /// A call's recording was given out.
    RecordingRead,
    /// Messages for the staff were shown.
    MessagesRead,
    /// Somebody has seen to a message for the staff.
    MessageAcknowledged,
    /// Somebody has said how far a request is; the outcome is its state.
    RequestMoved,
    /// A caller refused to be recorded, or hung up before hearing of it: the recording was deleted.
    RecordingDeleted,
    AppointmentBooked,
    AppointmentMoved,
    AppointmentCancelled,
    /// Any other tool was run in a call: the detail says which.
    ToolUsed,
    ServerStarted,
    TablesMigrated,
    KeysRotated,
    /// What was past its time was taken away.
    Purged,
    /// Rows of the audit itself: the subject is the chain and the number of the last one that is gone, the outcome its code.
    AuditPurged,
    /// It was looked up what is held about a person; the outcome is how much of what.
    PersonSought,
    /// Rows of the audit that tell of one chart or one call were shown; the outcome is how many, and the detail which chart, sealed.
    AuditRead,
    /// Everything held about a person was given out, for them.
    PersonExported,
    /// It was erased.
    PersonErased,
    /// A clinic's file was put into the store; the outcome is how its fingerprint begins.
    ClinicAdded,
    ClinicChanged,
    /// A file of a clinic has passed all its gates.
    ClinicPassed,
    ClinicDisabled,
    ClinicEnabled,
    /// The account at a clinic's EMR was put into the store, or taken out.
    CredentialsSet,
    CredentialsRemoved,
}

/// One row to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// Who did it: `attendant`, or `user NAME` of the machine.
    pub actor: String,
    pub action: Action,
    /// What it was done to: the id of a call, or of a tool's run in it.
    pub subject: String,
    /// `done`, or the code of what hindered it.
    pub outcome: String,
    /// Of a tool: JSON of a [`Detail`]; of a look-up of one chart: of its [`Trace`] alone. As it is in the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a tool did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    pub tool: String,
    #[serde(flatten)]
    pub trace: Trace,
}

impl Note {
    /// As of now.
    pub fn new(actor: &str, action: Action, subject: &str, outcome: &str) -> Self {
        let at_ms = clock::now().as_millisecond();
        let (actor, subject, outcome) = (actor.to_owned(), subject.to_owned(), outcome.to_owned());
        Self { at_ms, actor, action, subject, outcome, detail: None }
    }
}

impl Note {
    /// When it was done: RFC 3339.
    pub fn at(&self) -> String {
        super::record::stamp(self.at_ms)
    }
}

/// Before the first row.
const BEGINNING: [u8; 32] = [0; 32];

impl Store {
    /// Adds one row of this clinic and instance.
    pub async fn note(&self, note: &Note) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.append(&transaction, note).await?;
        commit(transaction).await?;
        Ok(())
    }

    /// Adds a row within a transaction of the caller's. Others that add to the same chain wait for it.
    pub(super) async fn append(&self, on: &impl ConnectionTrait, note: &Note) -> Result<(), StoreError> {
        let (clinic, instance) = (&*self.clinic, &*self.instance);
        let key = self.keys.newest();
        let of = |rest: Vec<Value>| [vec![clinic.into(), instance.into()], rest].concat();
        let head = end_code(&self.keys, key, End::Head, (clinic, instance), 0, &BEGINNING)?;
        let insert = "INSERT INTO audit_heads (clinic, instance, seq, code, key, proof) VALUES ($1, $2, 0, $3, $4, $5) ON CONFLICT (clinic, instance) DO NOTHING";
        execute(on, insert, of(vec![BEGINNING.to_vec().into(), i64::from(key).into(), head.to_vec().into()])).await?;
        // Holds the chain until the transaction ends.
        execute(on, "UPDATE audit_heads SET seq = seq + 1 WHERE clinic = $1 AND instance = $2", of(vec![])).await?;
        let found =
            rows(on, "SELECT seq, code FROM audit_heads WHERE clinic = $1 AND instance = $2", of(vec![])).await?;
        let found = found.first().ok_or_else(|| StoreError::Record("the head of the audit chain".to_owned()))?;
        let (seq, before): (i64, Vec<u8>) = (found.try_get_by_index(0)?, found.try_get_by_index(1)?);
        let code = row_code(&self.keys, key, &before, clinic, instance, seq, note)?;
        let values = [
            seq.into(),
            note.at_ms.into(),
            note.actor.clone().into(),
            word(note.action).into(),
            note.subject.clone().into(),
            note.outcome.clone().into(),
            note.detail.clone().into(),
            i64::from(key).into(),
            code.to_vec().into(),
        ];
        let insert = "INSERT INTO audit (clinic, instance, seq, at_ms, actor, action, subject, outcome, detail, key, code) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        execute(on, insert, of(values.into())).await?;
        let proof = end_code(&self.keys, key, End::Head, (clinic, instance), seq, &code)?;
        let update = "UPDATE audit_heads SET code = $3, key = $4, proof = $5 WHERE clinic = $1 AND instance = $2";
        execute(on, update, of(vec![code.to_vec().into(), i64::from(key).into(), proof.to_vec().into()])).await?;
        Ok(())
    }

    /// Whether this very note is in the chain of this clinic and instance.
    pub(super) async fn is_in_chain(&self, on: &impl ConnectionTrait, note: &Note) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM audit WHERE clinic = $1 AND instance = $2 AND at_ms = $3 AND actor = $4 AND action = $5 \
            AND subject = $6 AND outcome = $7";
        let values: [Value; 7] = [
            self.clinic.to_string().into(),
            self.instance.to_string().into(),
            note.at_ms.into(),
            note.actor.clone().into(),
            word(note.action).into(),
            note.subject.clone().into(),
            note.outcome.clone().into(),
        ];
        Ok(!rows(on, sql, values.into()).await?.is_empty())
    }

    fn clinic_and<'a>(&'a self, instance: &'a str) -> (&'a str, &'a str) {
        (&*self.clinic, instance)
    }

    /// The values that name a chain.
    fn chain(&self, instance: &str) -> Vec<Value> {
        vec![self.clinic.to_string().into(), instance.into()]
    }
}

/// The note in the six columns from `first` on; `None` if its action is none of ours.
fn note_in(row: &QueryResult, first: usize) -> Result<Option<Note>, StoreError> {
    let action: String = row.try_get_by_index(first + 2)?;
    let Ok(action) = serde_json::from_value(action.into()) else { return Ok(None) };
    Ok(Some(Note {
        at_ms: row.try_get_by_index(first)?,
        actor: row.try_get_by_index(first + 1)?,
        action,
        subject: row.try_get_by_index(first + 3)?,
        outcome: row.try_get_by_index(first + 4)?,
        detail: row.try_get_by_index(first + 5)?,
    }))
}

fn row_code(
    keys: &Keys,
    key: u32,
    before: &[u8],
    clinic: &str,
    instance: &str,
    seq: i64,
    note: &Note,
) -> Result<[u8; 32], StoreError> {
    let Note { at_ms, actor, action, subject, outcome, detail } = note;
    let parts: [&[u8]; 10] = [
        b"row",
        before,
        clinic.as_bytes(),
        instance.as_bytes(),
        &seq.to_be_bytes(),
        &at_ms.to_be_bytes(),
        actor.as_bytes(),
        word(*action).as_bytes(),
        subject.as_bytes(),
        outcome.as_bytes(),
    ];
    // Rows without one have the code that older releases gave them.
    let detail = detail.as_deref().map(str::as_bytes);
    let parts: Vec<&[u8]> = parts.into_iter().chain(detail).collect();
    Ok(keys.code(key, &parts)?)
}

/// One end of a chain.
#[derive(Clone, Copy)]
enum End {
    /// The newest row.
    Head,
    /// The last row that was purged.
    Anchor,
}

impl End {
    const fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Anchor => "anchor",
        }
    }

    const fn place(self) -> &'static str {
        match self {
            Self::Head => "end",
            Self::Anchor => "beginning",
        }
    }
}

fn end_code(
    keys: &Keys,
    key: u32,
    end: End,
    (clinic, instance): (&str, &str),
    seq: i64,
    code: &[u8],
) -> Result<[u8; 32], StoreError> {
    let parts: [&[u8]; 5] = [end.word().as_bytes(), clinic.as_bytes(), instance.as_bytes(), &seq.to_be_bytes(), code];
    Ok(keys.code(key, &parts)?)
}

fn hex(code: &[u8]) -> String {
    code.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As it stands in a row.
pub(super) fn word(action: Action) -> &'static str {
    match action {
        Action::CallRead => "call_read",
        Action::RecordingRead => "recording_read",
        Action::MessagesRead => "messages_read",
        Action::MessageAcknowledged => "message_acknowledged",
        Action::RequestMoved => "request_moved",
        Action::RecordingDeleted => "recording_deleted",
        Action::AppointmentBooked => "appointment_booked",
        Action::AppointmentMoved => "appointment_moved",
        Action::AppointmentCancelled => "appointment_cancelled",
        Action::ToolUsed => "tool_used",
        Action::ServerStarted => "server_started",
        Action::TablesMigrated => "tables_migrated",
        Action::KeysRotated => "keys_rotated",
        Action::Purged => "purged",
        Action::AuditPurged => "audit_purged",
        Action::PersonSought => "person_sought",
        Action::AuditRead => "audit_read",
        Action::PersonExported => "person_exported",
        Action::PersonErased => "person_erased",
        Action::ClinicAdded => "clinic_added",
        Action::ClinicChanged => "clinic_changed",
        Action::ClinicPassed => "clinic_passed",
        Action::ClinicDisabled => "clinic_disabled",
        Action::ClinicEnabled => "clinic_enabled",
        Action::CredentialsSet => "credentials_set",
        Action::CredentialsRemoved => "credentials_removed",
    }
}

#[cfg(test)]
mod tests;
