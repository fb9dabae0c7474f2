//! What leads to a patient and is told to a command: from a file or standard input, never as an argument, since arguments stand in the shell's history and in
//! the list of processes. No error repeats it.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::Context;

/// `-` is standard input; who types it is asked for `what`, and `mend` says what the file is to hold.
pub(super) fn read(from: &Path, what: &str, mend: &str) -> anyhow::Result<String> {
    if from != Path::new("-") {
        return std::fs::read_to_string(from).with_context(|| format!("{} cannot be read; {mend}", from.display()));
    }
    let mut answers = std::io::stdin().lock();
    if answers.is_terminal() {
        eprintln!("{what}; then Ctrl-D:");
    }
    let mut text = String::new();
    answers.read_to_string(&mut text).context("standard input cannot be read")?;
    Ok(text)
}
