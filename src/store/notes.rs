//! Notes for the audit of a running server, on the disk before anything else happens: whatever becomes of the database, they are moved into its chain once.

use std::io::{self, Write};
use std::path::Path;

use parking_lot::Mutex;

use super::audit::Note;

/// The file in the folder of records.
pub const FILE: &str = "audit.jsonl";

/// Appends to the file. One per process.
#[derive(Debug)]
pub struct Notes {
    file: Mutex<std::fs::File>,
}

impl Notes {
    pub fn open(records: &Path) -> io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        crate::records::private_folder(records)?;
        let file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(records.join(FILE))?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Returns when it is on the disk. Blocks.
    pub fn write(&self, note: &Note) {
        let written = serde_json::to_vec(note).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            let mut file = self.file.lock();
            file.write_all(&line)?;
            file.sync_data()
        });
        if let Err(error) = written {
            metrics::counter!("store_notes_dropped_total").increment(1);
            tracing::error!(%error, action = ?note.action, subject = note.subject, "a note for the audit could not be written; see to the disk and [records] path");
        }
    }
}
