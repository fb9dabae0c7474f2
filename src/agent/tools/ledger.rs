//! Which tools were called: one line before a tool runs, one after, so that what was begun is known whatever happens between.
//!
//! Holds names, ids and outcomes; never arguments or results, which are a patient's.

use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::call::CallId;

/// Appends to `<folder>/tools.jsonl`; or keeps nothing.
#[derive(Debug)]
pub struct Ledger {
    file: Option<parking_lot::Mutex<std::fs::File>>,
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
}

/// Its file in the folder of records.
pub const LEDGER: &str = "tools.jsonl";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Started,
    Done,
    Refused,
}

impl Ledger {
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(folder.join(LEDGER))?;
        Ok(Self { file: Some(parking_lot::Mutex::new(file)) })
    }

    pub const fn none() -> Self {
        Self { file: None }
    }

    /// Blocks on the disk: call it from a blocking task.
    pub fn write(&self, step: &Step<'_>) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut line = serde_json::to_vec(step).map_err(io::Error::other)?;
        line.push(b'\n');
        file.lock().write_all(&line)
    }
}
