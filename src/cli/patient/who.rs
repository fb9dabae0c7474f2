//! Who is looked for: lines of a file or of standard input. On the command line a patient's name and number would stand in the shell's history and in the
//! list of processes.
//!
//! `chart: 100100` is their chart's number in the EMR. Of all others a line with a digit in it is a telephone number, any other a name. No error repeats a line.

use std::path::Path;

use anyhow::anyhow;

use super::super::given;
use crate::emr::PatientRef;
use crate::privacy::Pii;
use crate::store::person::{Name, Phone, Unclear};

#[derive(Debug)]
pub(super) struct Who {
    pub phones: Vec<Phone>,
    pub names: Vec<Name>,
    pub charts: Vec<PatientRef>,
}

const CHART: &str = "chart:";

/// `-` is standard input.
pub(super) fn read(from: &Path) -> anyhow::Result<Who> {
    let name = from.display();
    let mend = "name a file with a telephone number or a name a line";
    let text = given::read(from, "Their telephone numbers and names, one a line", mend)?;
    lines(&text).map_err(|(line, what)| anyhow!("line {line} of {name}: {what}")).and_then(|who| {
        if who.phones.is_empty() && who.names.is_empty() && who.charts.is_empty() {
            return Err(anyhow!("nobody is named in {name}; write a telephone number or a first and last name a line"));
        }
        Ok(who)
    })
}

fn lines(text: &str) -> Result<Who, (usize, Unclear)> {
    let mut who = Who { phones: Vec::new(), names: Vec::new(), charts: Vec::new() };
    for (at, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let unclear = |what| (at, what);
        if let Some(chart) = line.trim().strip_prefix(CHART).map(str::trim).filter(|chart| !chart.is_empty()) {
            who.charts.push(PatientRef(Pii::new(chart.to_owned())));
        } else if line.contains(|c: char| c.is_ascii_digit()) {
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
        let who = lines("+1 604-555-0123\n\n  Jane Roe \n王小明\n chart: 16045550123\n").unwrap();
        assert_eq!(who.charts, [PatientRef(Pii::new("16045550123".to_owned()))], "and no telephone number");
        assert_eq!((who.phones, who.names.len()), (vec!["6045550123".parse().unwrap()], 2));
        assert_eq!(lines("Jane Roe\nRoe").unwrap_err(), (2, Unclear::Name));
        assert_eq!(lines("1001").unwrap_err(), (1, Unclear::Phone));
        assert_eq!(lines("chart:").unwrap_err(), (1, Unclear::Name));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("who");
        std::fs::write(&file, "Roe\n").unwrap();
        let told = read(&file).unwrap_err().to_string();
        assert!(told.contains("line 1 of") && told.contains("first and last name") && !told.contains("Roe"), "{told}");
        std::fs::write(&file, "\n").unwrap();
        assert!(read(&file).unwrap_err().to_string().contains("nobody is named"));
    }
}
