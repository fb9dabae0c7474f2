//! Notes for the audit of a running server, on the disk before anything else happens: whatever becomes of the database, they are moved into its chain once.

use std::io;
use std::path::Path;

use parking_lot::Mutex;

use super::audit::Note;
use crate::records::{Lines, private_folder};

/// The file in the folder of records.
pub const FILE: &str = "audit.jsonl";

/// Appends to the file. One per process.
#[derive(Debug)]
pub struct Notes {
    lines: Mutex<Lines>,
}

impl Notes {
    pub fn open(records: &Path) -> io::Result<Self> {
        private_folder(records)?;
        Ok(Self { lines: Mutex::new(Lines::open(&records.join(FILE))?) })
    }

    /// Returns when it is on the disk. Blocks.
    pub fn write(&self, note: &Note) {
        let mut lines = self.lines.lock();
        let written = lines.add_json(note).and_then(|()| lines.sync());
        drop(lines);
        if let Err(error) = written {
            metrics::counter!("store_notes_dropped_total").increment(1);
            tracing::error!(%error, action = ?note.action, subject = note.subject, "a note for the audit could not be written; see to the disk and [records] path");
        }
    }
}
