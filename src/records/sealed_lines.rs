//! Lines of journals as they lie on the disk where there are keys: each sealed by the clinic's key as it is written (AES-256-GCM), on the writer's thread.
//!
//! ```text
//! {"clinic":"harbour-street","line":3,"sealed":"AAAAAfdq"}     base64, as crate::store::at_rest seals
//! ```
//!
//! A line is bound to its call and its number: none can be changed, moved or taken out of the middle unnoticed. The end can be cut off, as a process that is
//! killed leaves it. What does not open is named and hides no other line. A journal without one sealed line is of a release before, or of a server without
//! a store, and is read as it is; beside sealed lines none in clear counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Lines, locked_file};
use crate::store::at_rest::{Sealing, sealed_text};
use crate::store::keys::{Keys, KeysError};

/// By what one clinic's records are sealed as they are written.
#[derive(Clone, Debug)]
pub struct Seal {
    clinic: String,
    keys: Arc<Keys>,
}

impl Seal {
    /// `keys` are the clinic's own.
    pub fn of(clinic: &str, keys: Arc<Keys>) -> Self {
        Self { clinic: clinic.to_owned(), keys }
    }

    pub(super) const fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    fn line(&self, call: &str, number: u64, plain: &[u8]) -> io::Result<Vec<u8>> {
        let sealed = sealed_text(&self.keys, &place(call, number), plain);
        serde_json::to_vec(&Line { clinic: self.clinic.clone(), line: number, sealed }).map_err(io::Error::other)
    }
}

/// A sealed line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    clinic: String,
    /// From 1.
    line: u64,
    sealed: String,
}

/// A journal that is being written; without a seal its lines are in clear.
#[derive(Debug)]
pub(super) struct Sheet {
    lines: Lines,
    seal: Option<Seal>,
    call: String,
    /// Of the line that was tried last.
    number: u64,
}

impl Sheet {
    pub(super) fn create(path: &Path, seal: Option<&Seal>) -> io::Result<Self> {
        Ok(Self::over(locked_file(path)?, path, seal))
    }

    pub(super) fn over(file: File, path: &Path, seal: Option<&Seal>) -> Self {
        let call = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self { lines: Lines::over(file), seal: seal.cloned(), call, number: 0 }
    }

    /// Adds a line, given without its end. The number of one that could not be written is used up, so that readers name it.
    pub(super) fn add(&mut self, line: Vec<u8>) -> io::Result<()> {
        self.number += 1;
        match &self.seal {
            Some(seal) => self.lines.add(seal.line(&self.call, self.number, &line)?),
            None => self.lines.add(line),
        }
    }
}

/// What a journal says.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Its lines in the order in which they were written, each with its end; the last may break off.
    pub text: String,
    /// Whose its sealed lines are.
    pub clinic: Option<String>,
    /// What does not open or is not there, and why; nothing of what it says.
    pub closed: Vec<String>,
    /// A key that is not there: once it is back, more can be read.
    pub lacking: Option<KeysError>,
}

/// Opens the journal of this call. `sealing` is that of every clinic.
pub(crate) fn read(call: &str, journal: &[u8], sealing: &Sealing) -> Said {
    let text = String::from_utf8_lossy(journal);
    let mut reading = Reading::default();
    for (at, line) in (1..).zip(text.split_inclusive('\n')) {
        match serde_json::from_str(line) {
            Ok(sealed) => reading.open(call, sealed, sealing),
            // What breaks off at the end was never a line.
            Err(_) if line.ends_with('\n') && !line.trim().is_empty() => reading.foreign.push(at),
            Err(_) => {}
        }
    }
    match reading.claimed.take() {
        None => Said { text: text.into_owned(), ..Said::default() },
        Some(claimed) => reading.said(call, claimed),
    }
}

/// A journal as far as it was read.
#[derive(Default)]
struct Reading {
    /// By their numbers.
    opened: BTreeMap<u64, String>,
    /// By the numbers that they claim.
    unopened: BTreeSet<u64>,
    /// Places in the file of what is no sealed line.
    foreign: Vec<usize>,
    /// Whose a sealed line says that it is.
    claimed: Option<String>,
    /// Whose a line that opened is.
    proven: Option<String>,
    closed: Vec<String>,
    lacking: Option<KeysError>,
}

impl Reading {
    fn open(&mut self, call: &str, line: Line, sealing: &Sealing) {
        let Line { clinic, line, sealed } = line;
        match sealing.of_clinic(&clinic).open(&place(call, line), &sealed) {
            Ok((plain, _)) => {
                self.opened.insert(line, String::from_utf8_lossy(&plain).into_owned());
                self.proven.get_or_insert_with(|| clinic.clone());
            }
            Err(error) => {
                self.unopened.insert(line);
                let lacks = matches!(error, KeysError::Missing { .. });
                // Of a key that is missing one line is told of.
                if !lacks || self.lacking.is_none() {
                    self.closed.push(error.to_string());
                }
                if lacks {
                    self.lacking.get_or_insert(error);
                }
            }
        }
        self.claimed.get_or_insert(clinic);
    }

    fn said(mut self, call: &str, claimed: String) -> Said {
        let foreign = self.foreign.iter().map(|at| {
            format!("line {at} of the journal of {call} is half a line, or not of this program: it was not read")
        });
        let lost = gaps(&self.opened, &self.unopened).into_iter().map(|gap| {
            let (first, last) = gap.into_inner();
            format!("lines {first} to {last} of the journal of {call} are not there: they could not be written, or were taken out")
        });
        self.closed.extend(foreign.chain(lost));
        Said {
            text: self.opened.into_values().map(|line| line + "\n").collect(),
            clinic: Some(self.proven.unwrap_or(claimed)),
            closed: self.closed,
            lacking: self.lacking,
        }
    }
}

/// Numbers that are missing before the last line that opened.
fn gaps(opened: &BTreeMap<u64, String>, unopened: &BTreeSet<u64>) -> Vec<RangeInclusive<u64>> {
    let Some(last) = opened.last_key_value().map(|(last, _)| *last) else { return Vec::new() };
    let there: BTreeSet<u64> = opened.keys().chain(unopened.range(..last)).copied().collect();
    let mut next = 1;
    let mut gaps = Vec::new();
    for number in there {
        if number > next {
            gaps.push(next..=number - 1);
        }
        next = number + 1;
    }
    gaps
}

/// Where a line stands.
fn place(call: &str, number: u64) -> String {
    format!("journal/{call}/{number}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::at_rest::fresh;
    use crate::store::keys;

    const CALL: &str = "01a1fcab-967b-719c-9572-05f0e2d44319";

    struct House {
        folder: tempfile::TempDir,
        sealing: Sealing,
    }

    impl House {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let sealing = fresh(folder.path());
            Self { folder, sealing }
        }

        fn seal(&self, clinic: &str) -> Seal {
            let keys = Keys::load(&self.folder.path().join("keys.toml")).unwrap();
            Seal::of(clinic, Arc::new(keys.of_clinic(clinic)))
        }

        /// Lines of the file of a journal with these lines.
        fn written(&self, lines: &[&str]) -> Vec<String> {
            let path = self.folder.path().join(format!("{CALL}.jsonl"));
            let mut sheet = Sheet::create(&path, Some(&self.seal("ours"))).unwrap();
            lines.iter().for_each(|line| sheet.add(line.as_bytes().to_vec()).unwrap());
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(path).unwrap();
            assert!(lines.iter().all(|line| !text.contains(line)), "{text}");
            text.split_inclusive('\n').map(str::to_owned).collect()
        }

        fn read(&self, lines: &[String]) -> Said {
            read(CALL, lines.concat().as_bytes(), &self.sealing)
        }
    }

    #[test]
    fn lines_are_sealed_as_they_are_written_and_come_back_as_they_were() {
        let house = House::new();
        let mut lines = house.written(&["Jane Roe", "処方", "third"]);
        let said = house.read(&lines);
        assert_eq!(said.text, "Jane Roe\n処方\nthird\n");
        assert_eq!((said.clinic.as_deref(), said.closed, said.lacking.is_none()), (Some("ours"), vec![], true));
        // A process that was killed while it wrote the third.
        lines[2].truncate(40);
        let said = house.read(&lines);
        assert_eq!((said.text.as_str(), said.closed), ("Jane Roe\n処方\n", vec![]));
    }

    #[test]
    fn a_journal_of_a_release_before_is_read_as_it_is() {
        let house = House::new();
        let clear = "{\"entry\":\"answered\",\"at_us\":1}\n{\"entry\":\"sang\"}\n{\"entry\":\"ans";
        for sealing in [&house.sealing, &Sealing::default()] {
            let said = read(CALL, clear.as_bytes(), sealing);
            assert_eq!((said.text.as_str(), said.clinic, said.closed), (clear, None, vec![]));
        }
    }

    #[test]
    fn a_line_that_was_changed_moved_or_taken_out_is_named_and_hides_no_other() {
        let house = House::new();
        let lines = house.written(&["first", "second", "third", "fourth"]);
        let changed = |at: usize, line: String| {
            let mut lines = lines.clone();
            lines[at] = line;
            lines
        };
        let other_call = house.seal("ours").line("another", 3, b"third").unwrap();
        let text = |line: Vec<u8>| String::from_utf8(line).unwrap() + "\n";
        let tag = lines[2].len() - 8;
        let bit = lines[2].split_at(tag);
        let flipped = if bit.1.starts_with('A') { "B" } else { "A" };
        for (lines, named) in [
            (changed(2, bit.0.to_owned() + flipped + &bit.1[1..]), "journal/01a1fcab-967b-719c-9572-05f0e2d44319/3"),
            (changed(2, lines[2].replace("ours", "theirs")), "/3 does not open"),
            (changed(2, lines[2].replace("\"line\":3", "\"line\":18446744073709551615")), "551615 does not open"),
            (changed(2, text(other_call)), "/3 does not open"),
            (changed(2, String::new()), "lines 3 to 3"),
            (changed(2, "half a li\n".to_owned()), "line 3 of the journal"),
            (changed(2, "{\"entry\":\"answered\",\"at_us\":1}\n".to_owned()), "line 3 of the journal"),
        ] {
            let said = house.read(&lines);
            assert_eq!(said.text, "first\nsecond\nfourth\n", "{named}");
            assert!(said.closed.iter().any(|what| what.contains(named)), "{named}: {:?}", said.closed);
            assert_eq!((said.clinic.as_deref(), said.lacking.is_none()), (Some("ours"), true));
        }
        let moved = [&lines[3], &lines[1], &lines[0], &lines[2], &lines[1]].map(Clone::clone);
        let said = house.read(&moved);
        assert_eq!(
            (said.text.as_str(), said.closed),
            ("first\nsecond\nthird\nfourth\n", vec![]),
            "in their order again"
        );
    }

    #[test]
    fn a_key_that_is_missing_is_named_once_and_older_ones_open() {
        let house = House::new();
        let lines = house.written(&["first", "second"]);
        keys::add(&house.folder.path().join("keys.toml")).unwrap();
        let after = Sealing::of_file(&house.folder.path().join("keys.toml")).unwrap();
        assert_eq!(read(CALL, lines.concat().as_bytes(), &after).text, "first\nsecond\n");
        let said = read(CALL, lines.concat().as_bytes(), &Sealing::default());
        assert!(matches!(said.lacking, Some(KeysError::Missing { version: 1, .. })), "{said:?}");
        assert_eq!((said.text.as_str(), said.closed.len()), ("", 1));
    }

    #[tokio::test]
    async fn a_line_that_a_full_disk_took_is_named_by_its_number() {
        use super::super::lines::full_disk;
        let house = House::new();
        let path = house.folder.path().join(format!("{CALL}.jsonl"));
        let file = super::super::private_file(&path).unwrap();
        let full = full_disk::fill(&file, 8);
        let mut sheet = Sheet::over(file, &path, Some(&house.seal("ours")));
        sheet.add(b"first".to_vec()).expect_err("the disk is full");
        drop(full);
        sheet.add(b"second".to_vec()).unwrap();
        let said = read(CALL, full_disk::end(&path, 8).as_bytes(), &house.sealing);
        assert_eq!(said.text, "second\n");
        assert!(said.closed.iter().any(|what| what.contains("lines 1 to 1")), "{:?}", said.closed);
    }
}
