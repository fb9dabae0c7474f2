//! Who is looked for: lines of a file or of standard input. On the command line a patient's name and number would stand in the shell's history and in the
//! list of processes.
//!
//! A line with a digit in it is a telephone number, any other a name. No error repeats a line.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::store::person::{Name, Phone, Unclear};

#[derive(Debug)]
pub(super) struct Who {
    pub phones: Vec<Phone>,
    pub names: Vec<Name>,
}

/// `-` is standard input.
pub(super) fn read(from: &Path) -> anyhow::Result<Who> {
    let name = from.display();
    let mut text = String::new();
    if from == Path::new("-") {
        let mut answers = std::io::stdin().lock();
        if answers.is_terminal() {
            eprintln!("Their telephone numbers and names, one a line; then Ctrl-D:");
        }
        answers.read_to_string(&mut text).context("standard input cannot be read")?;
    } else {
        text = std::fs::read_to_string(from)
            .with_context(|| format!("{name} cannot be read; name a file with a telephone number or a name a line"))?;
    }
    lines(&text).map_err(|(line, what)| anyhow!("line {line} of {name}: {what}")).and_then(|who| {
        if who.phones.is_empty() && who.names.is_empty() {
            return Err(anyhow!("nobody is named in {name}; write a telephone number or a first and last name a line"));
        }
        Ok(who)
    })
}

fn lines(text: &str) -> Result<Who, (usize, Unclear)> {
    let mut who = Who { phones: Vec::new(), names: Vec::new() };
    for (at, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let unclear = |what| (at, what);
        if line.contains(|c: char| c.is_ascii_digit()) {
            who.phones.push(line.parse().map_err(unclear)?);
        } else {
            who.names.push(line.parse().map_err(unclear)?);
        }
    }
    Ok(who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_number_or_a_name_and_what_is_neither_is_told_without_repeating_it() {
        let who = lines("+1 604-555-0123\n\n  Jane Roe \n王小明\n").unwrap();
        assert_eq!((who.phones, who.names.len()), (vec!["6045550123".parse().unwrap()], 2));
        assert_eq!(lines("Jane Roe\nRoe").unwrap_err(), (2, Unclear::Name));
        assert_eq!(lines("1001").unwrap_err(), (1, Unclear::Phone));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("who");
        std::fs::write(&file, "Roe\n").unwrap();
        let told = read(&file).unwrap_err().to_string();
        assert!(told.contains("line 1 of") && told.contains("first and last name") && !told.contains("Roe"), "{told}");
        std::fs::write(&file, "\n").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("nobody is named"));
    }
}
