//! Files of lines that are only ever added to: no line stands on one with what is left of another.
//!
//! A full disk or a power cut leaves half a line behind. It is ended before the next line begins, whichever process left it, so that it costs
//! itself alone: readers pass over what they cannot read. It is never taken away, since somebody may have read on from its end already.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use serde::Serialize;

/// See the module header. One writer to a file.
#[derive(Debug)]
pub(crate) struct Lines {
    file: File,
    end: End,
}

/// What the file ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A whole line, or nothing at all.
    Whole,
    /// Perhaps half a line.
    Unknown,
}

impl Lines {
    /// Opens the file, or creates it, readable by its owner alone.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self::over(OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?))
    }

    /// Goes on in a file that can be read too, whose writing stands at its end.
    pub(crate) const fn over(file: File) -> Self {
        Self { file, end: End::Unknown }
    }

    /// Adds a line, given without its end, by one write. Blocks for the kernel's cache.
    pub(crate) fn add(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        if self.end == End::Unknown && self.is_broken()? {
            line.insert(0, b'\n');
        }
        line.push(b'\n');
        self.end = End::Unknown;
        self.file.write_all(&line)?;
        self.end = End::Whole;
        Ok(())
    }

    /// Adds a value as a line of JSON.
    pub(crate) fn add_json(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.add(serde_json::to_vec(value).map_err(io::Error::other)?)
    }

    /// Returns when everything added is on the disk. Blocks.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn is_broken(&self) -> io::Result<bool> {
        let Some(last) = self.file.metadata()?.len().checked_sub(1) else { return Ok(false) };
        let mut byte = [0];
        self.file.read_exact_at(&mut byte, last)?;
        Ok(byte != *b"\n")
    }
}

/// A disk that fills in the middle of a line.
#[cfg(test)]
pub(crate) mod full_disk {
    use std::io::Seek;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::*;

    /// Files end here while the disk is full: so late that no other file is cut, and nothing of it is on the disk.
    const END: u64 = 1 << 32;

    /// Until it is dropped.
    pub(crate) struct Full {
        before: Rlimit,
        _caught: Signal,
    }

    impl Drop for Full {
        fn drop(&mut self) {
            setrlimit(Resource::Fsize, self.before).unwrap();
        }
    }

    /// Lengthens the file with a hole that ends in a whole line, so that it takes `room` bytes more. Needs a runtime.
    pub(crate) fn fill(mut file: &File, room: u64) -> Full {
        file.set_len(END - room - 1).unwrap();
        file.seek(io::SeekFrom::End(0)).unwrap();
        file.write_all(b"\n").unwrap();
        // SIGXFSZ, which would end the process.
        let _caught = signal(SignalKind::from_raw(25)).unwrap();
        let before = getrlimit(Resource::Fsize);
        setrlimit(Resource::Fsize, Rlimit { current: Some(END), maximum: before.maximum }).unwrap();
        Full { before, _caught }
    }

    /// What the file holds from where it was full on, and `room` bytes before.
    pub(crate) fn end(path: &Path, room: u64) -> String {
        let file = File::open(path).unwrap();
        let mut bytes = vec![0; (file.metadata().unwrap().len() - END + room) as usize];
        file.read_exact_at(&mut bytes, END - room).unwrap();
        String::from_utf8(bytes).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_full_disk_took_of_a_line_costs_that_line_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut lines = Lines::open(&path).unwrap();
        let full = full_disk::fill(&lines.file, 3);
        assert_eq!(lines.add(b"first".to_vec()).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        lines.add(b"second".to_vec()).expect_err("it is still full");
        drop(full);
        lines.add(b"third".to_vec()).unwrap();
        lines.add(b"fourth".to_vec()).unwrap();
        assert_eq!(full_disk::end(&path, 3), "fir\nthird\nfourth\n");
    }

    #[test]
    fn half_a_line_of_an_earlier_process_is_ended_first_and_a_whole_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let add = |line: &str| Lines::open(&path).unwrap().add(line.into()).unwrap();
        add("first");
        std::fs::write(&path, "first\nsec").unwrap();
        add("third");
        add("fourth");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nsec\nthird\nfourth\n");
    }
}
