//! The writes of a process to its folder, one after the other: counted, and stopped after one of them.
//!
//! A process whose runtime has a single thread for what blocks writes on that thread alone. This looks at the folder on the same thread between any two of
//! its writes, so none is missed, and none happens while it stands still.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use attendant::agent::tools::LEDGER;
use parking_lot::{Condvar, Mutex};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::desk::comes;

/// Between two looks; each write of the process waits for at most so long.
const PAUSE: Duration = Duration::from_millis(1);

pub struct Disk {
    folder: PathBuf,
    runtime: Handle,
    stop_after: Option<usize>,
    seen: Mutex<Seen>,
    goes_on: Condvar,
    begun: CancellationToken,
    reached: CancellationToken,
}

struct Seen {
    /// Bytes of each file.
    sizes: BTreeMap<PathBuf, u64>,
    writes: usize,
    /// The last of them that was the ledger's.
    ended: usize,
    /// The file that grew last, and its size before.
    last: Option<(PathBuf, u64)>,
    is_over: bool,
}

impl Disk {
    /// Counts from now on.
    pub async fn watch(folder: &Path, runtime: Handle, stop_after: Option<usize>) -> Arc<Self> {
        let seen = Seen { sizes: sizes(folder), writes: 0, ended: 0, last: None, is_over: false };
        let disk = Arc::new(Self {
            folder: folder.to_owned(),
            runtime,
            stop_after,
            seen: Mutex::new(seen),
            goes_on: Condvar::new(),
            begun: CancellationToken::new(),
            reached: CancellationToken::new(),
        });
        disk.look_later();
        disk.begun.cancelled().await;
        disk
    }

    fn look_later(self: &Arc<Self>) {
        let disk = self.clone();
        drop(self.runtime.spawn_blocking(move || disk.look()));
    }

    fn look(self: Arc<Self>) {
        self.begun.cancel();
        let mut seen = self.seen.lock();
        if seen.is_over {
            return;
        }
        let sizes = sizes(&self.folder);
        let before = |file: &PathBuf| seen.sizes.get(file).copied().unwrap_or_default();
        let written =
            sizes.iter().find(|(file, size)| before(file) != **size).map(|(file, _)| (file.clone(), before(file)));
        if let Some((file, size)) = written {
            (seen.sizes, seen.writes) = (sizes, seen.writes + 1);
            if file.ends_with(LEDGER) {
                seen.ended = seen.writes;
            }
            seen.last = Some((file, size));
            if Some(seen.writes) == self.stop_after {
                self.reached.cancel();
                while !seen.is_over {
                    self.goes_on.wait(&mut seen);
                }
            }
        }
        if !seen.is_over {
            // Who looks without rest keeps the calls of other tests waiting.
            self.goes_on.wait_for(&mut seen, PAUSE);
            drop(seen);
            self.look_later();
        }
    }

    /// Returns once it stands still.
    pub async fn reached(&self) {
        self.reached.cancelled().await;
    }

    /// How many there were, and which of them was the ledger's last; to be asked when there are no more.
    pub async fn writes(&self) -> (usize, usize) {
        comes(|| {
            let seen = self.seen.lock();
            (sizes(&self.folder) == seen.sizes).then_some((seen.writes, seen.ended))
        })
        .await
    }

    /// What stood still goes on, and nothing is counted any more.
    pub fn let_go(&self) {
        self.seen.lock().is_over = true;
        self.goes_on.notify_all();
    }

    /// In this copy of the folder half of the last write is missing.
    pub fn tear(&self, copy: &Path) {
        let (file, before) = self.seen.lock().last.clone().expect("it stands still after a write");
        let inside = file.strip_prefix(&self.folder).expect("a file of the folder");
        let file = fs::OpenOptions::new().write(true).open(copy.join(inside)).expect("as the test has it");
        let now = file.metadata().expect("as the test has it").len();
        file.set_len(u64::midpoint(before, now)).expect("as the test has it");
    }
}

fn sizes(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut sizes = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("as the test has it") {
        let entry = entry.expect("as the test has it");
        let about = entry.metadata().expect("nothing is written meanwhile");
        if about.is_dir() {
            sizes.append(&mut self::sizes(&entry.path()));
        } else {
            sizes.insert(entry.path(), about.len());
        }
    }
    sizes
}

/// As the disk is now.
pub fn copy(folder: &Path, to: &Path) {
    for file in sizes(folder).into_keys() {
        let beside = to.join(file.strip_prefix(folder).expect("a file of the folder"));
        fs::create_dir_all(beside.parent().expect("it is in a folder")).expect("as the test has it");
        fs::copy(&file, beside).expect("as the test has it");
    }
}
