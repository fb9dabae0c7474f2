//! What has been seen once already, over restarts: of carriers' webhooks, which are good as often as somebody sends them.
//!
//! ```text
//! <path>/webhooks/2026-11-21     a digest of 16 bytes (hexadecimal) a line
//! ```
//!
//! Files are only ever added to, and removed whole when their day (UTC) is [`KEPT`] days past. A disk that does not take a line costs what a
//! restart would have remembered, no call. At most [`MOST`] are known; beyond that the oldest day goes.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use time::Date;
use time::macros::format_description;

use super::{Lines, private_folder};
use crate::clock;

/// Days for which what was seen is known.
const KEPT: i64 = 90;

/// About 30 MB of memory, and eleven thousand calls a day for [`KEPT`] days.
const MOST: usize = 1 << 20;

/// The first bytes of an id's SHA-256.
type Mark = [u8; 16];

/// See the module header.
#[derive(Debug)]
pub struct FirstTimes {
    /// None: nothing outlives the process.
    folder: Option<PathBuf>,
    /// The oldest first.
    days: Mutex<VecDeque<Day>>,
}

#[derive(Debug)]
struct Day {
    date: Date,
    seen: HashSet<Mark>,
    lines: Option<Lines>,
}

impl FirstTimes {
    /// Reads what earlier processes have seen. `records` is the folder of records.
    pub fn open(records: &Path) -> io::Result<Self> {
        Self::open_on(records, clock::wall().date())
    }

    /// Forgets everything when it is dropped.
    pub fn in_memory() -> Self {
        Self { folder: None, days: Mutex::default() }
    }

    fn open_on(records: &Path, today: Date) -> io::Result<Self> {
        let folder = records.join("webhooks");
        let mut days = Vec::new();
        if folder.exists() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let Some(date) = path.file_name().and_then(|name| date_of(name.to_str()?)) else { continue };
                if is_past(date, today) {
                    fs::remove_file(&path)?;
                    continue;
                }
                // What is not a whole line was cut when the process was.
                let seen = fs::read_to_string(&path)?.lines().filter_map(mark_of).collect();
                days.push(Day { date, seen, lines: None });
            }
        }
        days.sort_by_key(|day| day.date);
        Ok(Self { folder: Some(folder), days: Mutex::new(days.into()) })
    }

    /// Whether this id is seen for the first time; from now on it is not. Blocks for a line into the kernel's cache.
    pub fn first_time(&self, id: &str) -> bool {
        self.first_time_on(clock::wall().date(), id)
    }

    fn first_time_on(&self, today: Date, id: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(id).into();
        let mark: Mark = *digest.first_chunk().expect("the digest is longer");
        let mut days = self.days.lock();
        if days.iter().any(|day| day.seen.contains(&mark)) {
            return false;
        }
        if days.back().is_none_or(|day| day.date < today) {
            days.push_back(Day { date: today, seen: HashSet::new(), lines: None });
            while days.front().is_some_and(|day| is_past(day.date, today)) {
                self.forget(&mut days);
            }
        }
        if days.iter().map(|day| day.seen.len()).sum::<usize>() >= MOST && days.len() > 1 {
            self.forget(&mut days);
        }
        let day = days.back_mut().expect("today is there");
        day.seen.insert(mark);
        if let Some(folder) = &self.folder
            && let Err(error) = day.note(folder, &mark)
        {
            metrics::counter!("records_lines_dropped_total").increment(1);
            tracing::error!(%error, "a webhook that was seen cannot be noted; after a restart it would be believed again");
        }
        true
    }

    fn forget(&self, days: &mut VecDeque<Day>) {
        if let (Some(day), Some(folder)) = (days.pop_front(), &self.folder)
            && let Err(error) = fs::remove_file(folder.join(day.date.to_string()))
        {
            tracing::warn!(%error, "webhooks seen long ago stay on disk");
        }
    }
}

impl Day {
    fn note(&mut self, folder: &Path, mark: &Mark) -> io::Result<()> {
        let lines = match &mut self.lines {
            Some(lines) => lines,
            None => {
                private_folder(folder)?;
                self.lines.insert(Lines::open(&folder.join(self.date.to_string()))?)
            }
        };
        let digits: String = mark.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.add(digits.into_bytes())
    }
}

fn is_past(date: Date, today: Date) -> bool {
    (today - date).whole_days() > KEPT
}

fn date_of(name: &str) -> Option<Date> {
    Date::parse(name, format_description!("[year]-[month]-[day]")).ok()
}

fn mark_of(line: &str) -> Option<Mark> {
    let digits = line.as_bytes();
    if digits.len() != 32 {
        return None;
    }
    let mut mark = Mark::default();
    for (byte, pair) in mark.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(mark)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use time::Duration;
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 11 - 21);

    #[test]
    fn what_was_seen_is_known_over_restarts_and_forgotten_in_the_end() {
        let records = tempfile::tempdir().unwrap();
        let open = |today| FirstTimes::open_on(records.path(), today).unwrap();
        let seen = open(TODAY);
        assert!(seen.first_time_on(TODAY, "twilio CA1"));
        assert!(!seen.first_time_on(TODAY, "twilio CA1"));
        assert!(seen.first_time_on(TODAY, "telnyx CA1"));
        assert!(seen.first_time_on(TODAY + Duration::days(1), "twilio CA2"));
        drop(seen);
        let later = TODAY + Duration::days(KEPT);
        let seen = open(later);
        for id in ["twilio CA1", "telnyx CA1", "twilio CA2"] {
            assert!(!seen.first_time_on(later, id), "{id}");
        }
        // A day more, in the same process and in the next one.
        let late = later + Duration::days(1);
        assert!(seen.first_time_on(late, "twilio CA3"));
        assert!(seen.first_time_on(late, "twilio CA1"));
        assert!(!seen.first_time_on(late, "twilio CA2"));
        let mut files: Vec<_> = fs::read_dir(records.path().join("webhooks")).unwrap().collect();
        assert_eq!(files.len(), 2);
        let file = files.pop().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(open(late + Duration::days(KEPT + 1)));
        assert_eq!(fs::read_dir(records.path().join("webhooks")).unwrap().count(), 0);
    }

    #[test]
    fn a_cut_line_costs_itself_alone_and_no_id_is_written_down() {
        let records = tempfile::tempdir().unwrap();
        let seen = FirstTimes::open_on(records.path(), TODAY).unwrap();
        assert!(seen.first_time_on(TODAY, "twilio CA1") && seen.first_time_on(TODAY, "twilio CA2"));
        let path = records.path().join("webhooks").join("2026-11-21");
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("CA"), "{text}");
        fs::write(&path, &text[..text.len() - 5]).unwrap();
        let seen = FirstTimes::open_on(records.path(), TODAY).unwrap();
        assert!(!seen.first_time_on(TODAY, "twilio CA1"));
        assert!(seen.first_time_on(TODAY, "twilio CA2"), "its line was cut");
        let seen = FirstTimes::open_on(records.path(), TODAY).unwrap();
        assert!(!seen.first_time_on(TODAY, "twilio CA2"), "the line after the cut one is whole");
    }

    #[test]
    fn a_disk_that_takes_nothing_costs_no_call() {
        let records = tempfile::tempdir().unwrap();
        let seen = FirstTimes::open_on(records.path(), TODAY).unwrap();
        fs::write(records.path().join("webhooks"), "a file in its place").unwrap();
        assert!(seen.first_time_on(TODAY, "twilio CA1"));
        assert!(!seen.first_time_on(TODAY, "twilio CA1"), "this process knows it all the same");
    }
}
