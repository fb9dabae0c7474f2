//! Messages kept for clinics: one JSON line each in `<folder>/<clinic>.jsonl`, readable by the owner alone.
//!
//! A message is on the disk (synchronised) before anyone is told it was taken. A message with an id that was kept before in
//! this process is not written again.

use std::collections::HashSet;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::call::CallId;
use crate::privacy::Pii;

/// What a caller left.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// The same for the same message of the same call.
    pub id: String,
    /// RFC 3339, UTC.
    pub at: String,
    pub call: CallId,
    pub clinic: String,
    /// The number called from, as the transport gave it.
    pub caller: Pii<String>,
    pub name: Pii<String>,
    /// E.164.
    pub number: Pii<String>,
    pub text: Pii<String>,
}

/// Where messages are kept.
#[derive(Debug)]
pub struct Messages {
    folder: PathBuf,
    /// Ids kept; also makes writers take turns, so that lines never mix.
    kept: Mutex<HashSet<String>>,
}

impl Messages {
    /// Nothing is created before the first message.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, kept: Mutex::default() }
    }

    /// Returns once it is on the disk.
    pub async fn keep(self: &Arc<Self>, message: Message) -> io::Result<()> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || this.write(&message)).await.map_err(io::Error::other)?
    }

    fn write(&self, message: &Message) -> io::Result<()> {
        let mut kept = self.kept.lock();
        if kept.contains(&message.id) {
            return Ok(());
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let file = self.folder.join(format!("{}.jsonl", message.clinic));
        let mut file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(file)?;
        let mut line = serde_json::to_vec(message).map_err(io::Error::other)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_data()?;
        kept.insert(message.id.clone());
        Ok(())
    }
}
