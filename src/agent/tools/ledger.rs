//! Which tools were called: one line before a tool runs, one after, so that what was begun is known whatever happens between.
//!
//! Holds names, ids and outcomes; never arguments or results, which are a patient's. Which charts a tool looked at stands there sealed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::Trace;
use crate::call::CallId;
use crate::disk;
use crate::records::{Lines, private_folder};
use crate::store::keys::Keys;

/// Appends to `<folder>/tools.jsonl`; or keeps nothing.
#[derive(Debug)]
pub struct Ledger {
    lines: Option<Arc<Mutex<Lines>>>,
    sealing: Option<Arc<Keys>>,
}

/// One line.
#[derive(Clone, Debug, Serialize)]
pub struct Step<'a> {
    /// RFC 3339, UTC.
    pub at: &'a str,
    pub call: CallId,
    /// Unique in the call.
    pub id: &'a str,
    pub turn: u32,
    pub tool: &'static str,
    pub state: State,
    /// Of what was refused: the code that the model was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    /// At its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<&'a Trace>,
}

/// Its file in the folder of records.
pub const LEDGER: &str = "tools.jsonl";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Started,
    Done,
    Refused,
    /// No tool ran: the model asked for one that is not there, or for another agent.
    NotRun,
}

impl Ledger {
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        private_folder(&folder)?;
        let lines = Lines::open(&folder.join(LEDGER))?;
        Ok(Self { lines: Some(Arc::new(Mutex::new(lines))), sealing: None })
    }

    /// The same whose lines say which charts a tool looked at, sealed by these keys of the clinic.
    #[must_use]
    pub fn sealing(self, keys: Option<Arc<Keys>>) -> Self {
        Self { sealing: keys, ..self }
    }

    pub fn keys(&self) -> Option<&Keys> {
        self.sealing.as_deref()
    }

    pub const fn none() -> Self {
        Self { lines: None, sealing: None }
    }

    /// Returns when the kernel has it.
    pub async fn write(&self, step: &Step<'_>) -> io::Result<()> {
        let Some(lines) = &self.lines else { return Ok(()) };
        let line = serde_json::to_vec(step).map_err(io::Error::other)?;
        disk::with(lines, move |lines| lines.add(line)).await.map_err(io::Error::other)?
    }
}
