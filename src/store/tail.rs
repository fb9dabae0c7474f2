//! Lines of files that grow while the server runs, moved into tables: the ledger of tools, and notes for the audit.
//!
//! How far a file was read is written in the same transaction as its lines, so that each line is moved once however the process ends. A file that is shorter
//! than it was is read from its beginning, and what of it is new is moved. The files stay: they are what is read while the database is down.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use sea_orm::sea_query::Value;
use sea_orm::{ConnectionTrait, QueryResult};
use serde::Deserialize;

use super::audit::{Action, Detail, Note};
use super::person::is_erased;
use super::record::from_word;
use super::{Store, StoreError, commit, execute, in_time, rows};
use crate::agent::tools::{LEDGER, State, ToolName, Trace};
use crate::state::key::digest;

/// Moved in one transaction, some 600 lines: with ten statements to a line and 2 ms to the database and back that is done in time, and what waited
/// while it was down is moved piece by piece.
const MOST: u64 = 1 << 17;

/// What the lines of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// [`crate::agent::tools::Step`].
    Tools,
    /// [`Note`].
    Notes,
}

/// A line of the ledger.
#[derive(Debug, Deserialize)]
struct Step {
    at: jiff::Timestamp,
    call: String,
    id: String,
    turn: u32,
    tool: String,
    state: State,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    trace: Option<Trace>,
}

impl Store {
    /// Moves the lines that this file has grown by; how many. One that breaks off waits for its end.
    pub async fn follow(&self, path: &Path, lines: Lines) -> Result<usize, StoreError> {
        let mut moved = 0;
        loop {
            let some = in_time(self.some(path, lines)).await?;
            moved += some;
            if some == 0 {
                return Ok(moved);
            }
        }
    }

    async fn some(&self, path: &Path, lines: Lines) -> Result<usize, StoreError> {
        // Mostly nothing was added, and nobody is to wait for that.
        if self.position(path).await? == std::fs::metadata(path).ok().map(|file| file.len()) {
            return Ok(0);
        }
        let name = name(path);
        let of = |position: u64| -> Vec<Value> {
            let position = i64::try_from(position).unwrap_or(i64::MAX);
            vec![self.instance.to_string().into(), name.clone().into(), position.into()]
        };
        let folder = |error: io::Error| StoreError::Folder { folder: path.display().to_string(), error };
        let transaction = self.begin().await?;
        let insert =
            "INSERT INTO spools (instance, file, position) VALUES ($1, $2, $3) ON CONFLICT (instance, file) DO NOTHING";
        execute(&transaction, insert, of(0)).await?;
        // Holds it until the transaction ends.
        let hold = "UPDATE spools SET position = position + $3 WHERE instance = $1 AND file = $2";
        execute(&transaction, hold, of(0)).await?;
        let select = "SELECT position FROM spools WHERE instance = $1 AND file = $2 AND position >= $3";
        let found = rows(&transaction, select, of(0)).await?;
        let position: i64 = found.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let (mut position, text) = grown(path, position.unsigned_abs()).map_err(folder)?;
        let mut moved = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            match lines {
                Lines::Tools => self.step(&transaction, (&name, position), line).await?,
                Lines::Notes => self.noted(&transaction, path, line).await?,
            }
            position += line.len() as u64;
            moved += 1;
        }
        let update = "UPDATE spools SET position = $3 WHERE instance = $1 AND file = $2";
        execute(&transaction, update, of(position)).await?;
        commit(transaction).await?;
        Ok(moved)
    }

    /// Every step of a tool in this clinic's calls: the call, and what became of it.
    pub async fn tool_steps(&self) -> Result<Vec<(String, State)>, StoreError> {
        let found = self.rows("SELECT call, state FROM tools WHERE clinic = $1", vec![self.clinic.to_string().into()]);
        let step = |row: &QueryResult| {
            let state: String = row.try_get_by_index(1)?;
            let state = from_word(state).map_err(|_| StoreError::Record("a step of a tool".to_owned()))?;
            Ok((row.try_get_by_index(0)?, state))
        };
        found.await?.iter().map(step).collect()
    }

    /// How far this file was moved, in bytes; `None` if nothing of it was.
    pub async fn position(&self, path: &Path) -> Result<Option<u64>, StoreError> {
        let of = vec![self.instance.to_string().into(), name(path).into()];
        let found = self.rows("SELECT position FROM spools WHERE instance = $1 AND file = $2", of).await?;
        Ok(found.first().map(|row| row.try_get_by_index::<i64>(0)).transpose()?.map(i64::unsigned_abs))
    }

    /// One note, and not again if the file was put back to an older copy.
    async fn noted(&self, on: &impl ConnectionTrait, path: &Path, line: &[u8]) -> Result<(), StoreError> {
        let Ok(note) = serde_json::from_slice::<Note>(line) else {
            unreadable(path);
            return Ok(());
        };
        if self.is_in_chain(on, &note).await? { Ok(()) } else { self.append(on, &note).await }
    }

    /// One line of the ledger at its place (file and position), and its row of the audit if it is the end of a tool's run. The same line in the same place is not
    /// moved again, as when an older copy of the file was put back; another line in that place is, as of a shorter file.
    async fn step(&self, on: &impl ConnectionTrait, place: (&str, u64), line: &[u8]) -> Result<(), StoreError> {
        let Ok(Step { at, call, id, turn, tool, state, code, trace }) = serde_json::from_slice(line) else {
            unreadable(Path::new(LEDGER));
            return Ok(());
        };
        // A model's own word, which PostgreSQL would refuse with one of these, and all that comes after it.
        let id = id.replace('\0', "\u{fffd}");
        // Only if the place in the file was lost: what was moved in its time is erased with its call.
        if is_erased(on, &call).await? {
            return Ok(());
        }
        let ((file, position), said) = (place, String::from_utf8_lossy(line));
        let values: [Value; 12] = [
            self.instance.to_string().into(),
            file.into(),
            i64::try_from(position).unwrap_or(i64::MAX).into(),
            digest(&[said.trim_end()]).into(),
            call.clone().into(),
            id.clone().into(),
            word(state).into(),
            self.clinic.to_string().into(),
            at.as_millisecond().into(),
            i64::from(turn).into(),
            tool.clone().into(),
            code.clone().into(),
        ];
        // A row of a release before says nothing of its line: it may be this very step.
        let insert = "INSERT INTO tools (instance, file, position, line, call, id, state, clinic, at_ms, turn, tool, code) \
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 WHERE NOT EXISTS (SELECT 1 FROM tools \
            WHERE instance = $1 AND file = $2 AND position = $3 AND line = '' AND call = $5 AND id = $6 AND state = $7 AND at_ms = $9) \
            ON CONFLICT (instance, file, position, line) DO NOTHING";
        let is_new = execute(on, insert, values.into()).await? > 0;
        if is_new {
            self.conclude(on, &call).await?;
        }
        let outcome = match (state, code) {
            (State::Started, _) => None,
            (State::Done, _) | (State::NotRun, None) => Some("done".to_owned()),
            (State::NotRun, Some(code)) => Some(code),
            // The question that comes before a write is none.
            (State::Refused, Some(code)) => Some(code).filter(|code| code != "not_confirmed"),
            (State::Refused, None) => Some("refused".to_owned()),
        };
        if let Some(outcome) = outcome.filter(|_| is_new) {
            let action = ToolName::named(&tool).map_or(Action::ToolUsed, action_of);
            let detail = Detail { tool, trace: trace.unwrap_or_default() };
            let note = Note {
                at_ms: at.as_millisecond(),
                actor: "attendant".to_owned(),
                action,
                subject: format!("{call}/{id}"),
                outcome,
                detail: serde_json::to_string(&detail).ok(),
            };
            self.append(on, &note).await?;
        }
        Ok(())
    }
}

/// A write to the book has a name of its own.
pub(super) const fn action_of(tool: ToolName) -> Action {
    match tool {
        ToolName::CreateAppointment => Action::AppointmentBooked,
        ToolName::UpdateAppointment => Action::AppointmentMoved,
        ToolName::CancelAppointment => Action::AppointmentCancelled,
        ToolName::ClinicInfo
        | ToolName::GetProviders
        | ToolName::SearchPatientByPhone
        | ToolName::SearchPatient
        | ToolName::VerifyIdentity
        | ToolName::FindEarliestAppointment
        | ToolName::CheckAppointments
        | ToolName::TakeMessage
        | ToolName::ValidateHealthCard
        | ToolName::RegisterNewPatient
        | ToolName::AddToWaitlist
        | ToolName::TransferToPerson
        | ToolName::EndCall => Action::ToolUsed,
    }
}

pub(super) const fn word(state: State) -> &'static str {
    match state {
        State::Started => "started",
        State::Done => "done",
        State::Refused => "refused",
        State::NotRun => "not_run",
    }
}

/// Whole lines from this place on, and where they begin: at 0 if the file is shorter than it was.
fn grown(path: &Path, position: u64) -> io::Result<(u64, Vec<u8>)> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, Vec::new())),
        opened => opened?,
    };
    let position = if file.metadata()?.len() < position { 0 } else { position };
    file.seek(SeekFrom::Start(position))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    bytes.truncate(whole);
    Ok((position, bytes))
}

/// In this server's folder of records, wherever that is.
pub(super) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn unreadable(path: &Path) {
    tracing::error!(path = %path.display(), "a line of this file is not in the store, for it cannot be read; it stays in the file");
}

#[cfg(test)]
mod tests;
