//! What the server's own records say of a run: a stage that no caller can hear. Reads, decides nothing.

use std::io;
use std::path::Path;

use crate::call::timeline::Entry;
use crate::records::Library;

/// The store is not asked: a server that is measured so keeps its records as files. From an answer's first words to its first clause at the voice, each turn of every call in this folder, in microseconds. Turns that a
/// draft or a hang-up cut short of either have no such stage.
pub(super) fn token_to_voice(folder: &Path) -> io::Result<Vec<u32>> {
    let calls = Library::new(folder.to_path_buf()).since("")?;
    let entries = calls.iter().flat_map(|past| &past.entries);
    Ok(entries
        .filter_map(|entry| match entry {
            Entry::Turn(turn) => turn.first_tts_us?.checked_sub(turn.first_token_us?),
            _ => None,
        })
        .map(|us| u32::try_from(us).unwrap_or(u32::MAX))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_is_read_of_every_turn_that_went_through_it() {
        let folder = tempfile::tempdir().unwrap();
        let day = folder.path().join("2026-11-22");
        std::fs::create_dir(&day).unwrap();
        let turns = [
            r#"{"entry":"turn","turn":1,"first_token_us":1000,"first_tts_us":1250,"cut":false}"#,
            r#"{"entry":"turn","turn":2,"first_token_us":5000,"cut":true}"#,
        ];
        std::fs::write(day.join("a.jsonl"), turns.join("\n")).unwrap();
        assert_eq!(token_to_voice(folder.path()).unwrap(), [250]);
    }
}
