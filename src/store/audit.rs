//! Who did what: rows that are only ever added, each chained to the one before it, a chain for each clinic and instance.
//!
//! The chain is a code by the store's keys ([`super::keys`]) over the row and the code before it; the head, which tells how long the chain is, has one of its own. So
//! a row that was changed, taken out or put in is found ([`Store::verify_audit`]), also by whoever may write to the database but has no keys. What cannot
//! be found is a whole database put back to an older copy: note the head that `attendant audit verify` prints. No row holds a
//! patient's name, number or words: subjects are ids, and charts are sealed ([`crate::agent::tools::Trace`]).

mod shown;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult};
use serde::{Deserialize, Serialize};

use super::keys::Keys;
use super::{Store, StoreError, commit, execute, rollback, rows};
use crate::agent::tools::Trace;
use crate::clock;

pub use shown::{Row, Which};

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

/// One chain, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub instance: String,
    /// Rows that it should have.
    pub rows: i64,
    /// The newest row's code, by which it can be known again.
    pub head: String,
    /// What is wrong with it, row by row.
    pub broken: Vec<String>,
}

/// Before the first row.
const BEGINNING: [u8; 32] = [0; 32];

/// Rows read at once.
const PAGE: i64 = 1_000;

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
        let head = head_code(&self.keys, key, clinic, instance, 0, &BEGINNING)?;
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
        let proof = head_code(&self.keys, key, clinic, instance, seq, &code)?;
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
            chains.push(Chain { instance: self.instance.to_string(), rows: 0, head: String::new(), broken });
        }
        Ok(chains)
    }

    /// Whether notes of this server were moved, and no clinic has a chain of its.
    async fn has_lost_its_chain(&self) -> Result<bool, StoreError> {
        let moved = "SELECT 1 FROM spools WHERE instance = $1 AND file = $2 AND position > 0";
        let moved = self.rows(moved, vec![self.instance.to_string().into(), super::notes::FILE.into()]).await?;
        let everybody = self.begin_for_everybody().await?;
        let chains = "SELECT 1 FROM audit_heads WHERE instance = $1";
        let chains = rows(&everybody, chains, vec![self.instance.to_string().into()]).await?;
        rollback(everybody).await?;
        Ok(!moved.is_empty() && chains.is_empty())
    }

    /// A head and its rows are one moment's: else what was added after the head was read would look like rows that were put in.
    async fn verify(&self, moment: &DatabaseTransaction, instance: String) -> Result<Chain, StoreError> {
        let of = || vec![self.clinic.to_string().into(), instance.clone().into()];
        let mut broken = Vec::new();
        let heads = "SELECT seq, code, key, proof FROM audit_heads WHERE clinic = $1 AND instance = $2";
        let heads = rows(moment, heads, of()).await?;
        let head = match heads.first() {
            Some(head) => Some(self.head(head, &instance, &mut broken)?),
            None => {
                broken.push("the head is gone: rows may be missing at the end".to_owned());
                None
            }
        };
        let mut before = BEGINNING.to_vec();
        let mut last = 0;
        loop {
            let page = "SELECT seq, at_ms, actor, action, subject, outcome, detail, key, code FROM audit WHERE clinic = $1 AND instance = $2 AND seq > $3 ORDER BY seq LIMIT $4";
            let values: Vec<Value> = [of(), vec![last.into(), PAGE.into()]].concat();
            let page = rows(moment, page, values).await?;
            if page.is_empty() {
                break;
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
                    broken.extend(self.fault(row, &instance, seq, &before, &code)?);
                }
                (before, last) = (code, seq);
            }
        }
        let (length, code) = head.unwrap_or_else(|| (last, before.clone()));
        if last < length {
            broken.push(format!("rows {} to {length} are gone", last + 1));
        } else if last > length {
            broken.push(format!("rows {} to {last} were put in", length + 1));
        } else if before != code {
            broken.push(format!("row {last} is not the one that was written last"));
        }
        let head = code.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Chain { instance, rows: length, head, broken })
    }

    fn head(&self, row: &QueryResult, instance: &str, broken: &mut Vec<String>) -> Result<(i64, Vec<u8>), StoreError> {
        let (seq, code, key, proof): (i64, Vec<u8>, i64, Vec<u8>) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        match head_code(&self.keys, version(key), &self.clinic, instance, seq, &code) {
            Ok(right) if proof == right => {}
            Ok(_) => broken.push("the head was changed: rows may be missing at the end".to_owned()),
            Err(error) => broken.push(format!("the head cannot be checked: {error}")),
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

fn version(key: i64) -> u32 {
    u32::try_from(key).unwrap_or_default()
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

fn head_code(
    keys: &Keys,
    key: u32,
    clinic: &str,
    instance: &str,
    seq: i64,
    code: &[u8],
) -> Result<[u8; 32], StoreError> {
    Ok(keys.code(key, &[b"head", clinic.as_bytes(), instance.as_bytes(), &seq.to_be_bytes(), code])?)
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
