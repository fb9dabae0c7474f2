//! The state within one process, on tokio's clock: all there is without Redis, and what goes on while Redis is lost.
//!
//! What must outlive a crash (calls of tools, unsettled writes, what is counted against a limit) is on the disk before it counts, if there is a folder. Bounded: when there is
//! no room, whoever asks is told so, and nothing is forgotten before its time.

mod journal;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::key::Outlives;
use super::{Begun, Key, Locked, Lost, Owner, State};
use crate::clock;
use crate::disk;
use crate::store::at_rest::Sealing;
use journal::{Journal, Stored};

/// What is over is cleared out when there are so many.
const TIDY: usize = 1_024;

/// A working day of 500 calls at once, of three minutes each: what a booking leaves for 24 h is a call of a tool and two counts. Some 100 MB.
const MOST: usize = 1 << 18;

/// See the module header. Cheap to clone.
#[derive(Clone, Default)]
pub struct Local(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Held through a change that is to be durable: disk first, then memory. Taken before `held`, never after.
    journal: Option<Arc<Mutex<Journal>>>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: HashMap<String, Entry>,
    fence: u64,
    /// How many there may be before it is looked through again.
    tidy_at: usize,
}

struct Entry {
    until: Instant,
    value: Value,
}

enum Value {
    Lock(Owner),
    Once(Once),
    Mark,
    Count(u64),
    Text(String),
    Table(BTreeMap<String, String>),
    Members(BTreeMap<String, Instant>),
}

#[derive(Clone)]
enum Once {
    Running(Owner),
    Done(String),
}

impl Local {
    /// [`Self::sealed`] without keys: in clear.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Self::sealed(folder, Sealing::default())
    }

    /// With what is durable in `<folder>/state.jsonl`; what was running there is of a process that is gone.
    pub fn sealed(folder: &Path, sealing: Sealing) -> io::Result<Self> {
        let (journal, found) = Journal::open(folder, sealing)?;
        let mut held = Held::default();
        let now = Instant::now();
        for (key, left, stored) in found {
            let value = match stored {
                Stored::Running => Value::Once(Once::Running(Owner::new())),
                Stored::Done(value) => Value::Once(Once::Done(value)),
                Stored::Table(table) => Value::Table(table),
                Stored::Count(sum) => Value::Count(sum),
                // The journal opens them all.
                Stored::Sealed(_) => continue,
            };
            held.all.insert(key, Entry { until: now + left, value });
        }
        Ok(Self(Arc::new(Inner { journal: Some(Arc::new(Mutex::new(journal))), held: Mutex::new(held) })))
    }

    /// Leaves nothing on the disk that is over: whom to call back about a write that is settled.
    pub async fn tidy(&self) -> Result<(), Lost> {
        let inner = self.0.clone();
        let done = tokio::task::spawn_blocking(move || inner.journal.as_ref().map_or(Ok(()), |own| own.lock().tidy()));
        done.await.map_err(|_| broken())?.map_err(unwritable)
    }

    /// A change of what is held; of a durable key, on the disk before it counts. `change` returns the new value, or none for what is to go.
    async fn change<T: Send + 'static>(
        &self,
        key: &Key,
        change: impl FnOnce(Option<&Value>) -> (Change, T) + Send + 'static,
    ) -> Result<T, Lost> {
        let journal = self.0.journal.as_ref().filter(|_| key.outlives() != Outlives::Nothing);
        let Some(journal) = journal else { return self.0.apply(key, None, change) };
        let (inner, key) = (self.0.clone(), key.clone());
        let done = disk::with(journal, move |journal| inner.apply(&key, Some(journal), change));
        done.await.map_err(|_| broken())?
    }
}

/// What a process before left in this folder's state that is over goes from the disk; `false`: a server has it, and does so itself in the night.
pub fn tidy(folder: &Path) -> io::Result<bool> {
    match journal::is_free(folder)? {
        Some(true) => Journal::tidy_up(folder).map(|()| true),
        Some(false) => Ok(false),
        None => Ok(true),
    }
}

fn broken() -> Lost {
    Lost("the writer of state.jsonl broke down; see the log".into())
}

fn unwritable(error: io::Error) -> Lost {
    Lost(format!("state.jsonl cannot be written: {error}; see to the disk"))
}

/// What becomes of an entry.
enum Change {
    Nothing,
    /// Its life begins now.
    Put(Value),
    /// It lives as long as it would have.
    Alter(Value),
    Remove,
}

impl Inner {
    fn apply<T>(
        &self,
        key: &Key,
        journal: Option<&mut Journal>,
        change: impl FnOnce(Option<&Value>) -> (Change, T),
    ) -> Result<T, Lost> {
        let now = Instant::now();
        let mut held = self.held.lock();
        let before = held.all.get(key.text()).filter(|entry| entry.until > now);
        let (until, is_new) = (before.map(|entry| entry.until), before.is_none());
        let (change, told) = change(before.map(|entry| &entry.value));
        let (value, until) = match change {
            Change::Nothing => return Ok(told),
            Change::Put(value) => (Some(value), now + key.life()),
            Change::Alter(value) => (Some(value), until.unwrap_or_else(|| now + key.life())),
            Change::Remove => (None, now),
        };
        if value.is_some() && is_new {
            held.make_room(now)?;
        }
        if let Some(journal) = journal {
            // Durable keys are changed by one at a time, by their journal's lock: nobody waits for the disk but they.
            drop(held);
            let stored = value.as_ref().and_then(Value::stored);
            journal.append(key, until - now, stored).map_err(unwritable)?;
            held = self.held.lock();
        }
        match value {
            Some(value) => held.all.insert(key.text().to_owned(), Entry { until, value }),
            None => held.all.remove(key.text()),
        };
        Ok(told)
    }
}

impl Held {
    fn make_room(&mut self, now: Instant) -> Result<(), Lost> {
        if self.all.len() < self.tidy_at.max(TIDY) {
            return Ok(());
        }
        self.all.retain(|_, entry| entry.until > now);
        // Not again before as many have come.
        self.tidy_at = (2 * self.all.len()).min(MOST);
        if self.all.len() < MOST {
            Ok(())
        } else {
            Err(Lost(format!("more than {MOST} things at once are remembered")))
        }
    }
}

impl Value {
    fn stored(&self) -> Option<Stored> {
        match self {
            Self::Once(Once::Running(_)) => Some(Stored::Running),
            Self::Once(Once::Done(value)) => Some(Stored::Done(value.clone())),
            Self::Table(table) => Some(Stored::Table(table.clone())),
            Self::Count(sum) => Some(Stored::Count(*sum)),
            Self::Lock(_) | Self::Mark | Self::Text(_) | Self::Members(_) => None,
        }
    }

    fn table(value: Option<&Self>) -> BTreeMap<String, String> {
        match value {
            Some(Self::Table(table)) => table.clone(),
            Some(Self::Lock(_) | Self::Once(_) | Self::Mark | Self::Count(_) | Self::Text(_) | Self::Members(_))
            | None => BTreeMap::new(),
        }
    }
}

fn is_lock_of(value: Option<&Value>, owner: Owner) -> bool {
    matches!(value, Some(Value::Lock(by)) if *by == owner)
}

fn is_run_of(value: Option<&Value>, owner: Owner) -> bool {
    matches!(value, Some(Value::Once(Once::Running(by))) if *by == owner)
}

#[async_trait::async_trait]
impl State for Local {
    async fn lock(&self, key: &Key, owner: Owner) -> Result<Locked, Lost> {
        let fence = {
            let mut held = self.0.held.lock();
            // Greater than those of the process before, too.
            let micros = u64::try_from(clock::now().as_microsecond()).unwrap_or_default();
            held.fence = micros.max(held.fence + 1);
            held.fence
        };
        self.change(key, move |value| match value {
            Some(_) if !is_lock_of(value, owner) => (Change::Nothing, Locked::Taken),
            Some(_) | None => (Change::Put(Value::Lock(owner)), Locked::Held { fence }),
        })
        .await
    }

    async fn renew(&self, key: &Key, owner: Owner) -> Result<bool, Lost> {
        self.change(key, move |value| {
            if is_lock_of(value, owner) { (Change::Put(Value::Lock(owner)), true) } else { (Change::Nothing, false) }
        })
        .await
    }

    async fn unlock(&self, key: &Key, owner: Owner) -> Result<bool, Lost> {
        self.change(
            key,
            move |value| {
                if is_lock_of(value, owner) { (Change::Remove, true) } else { (Change::Nothing, false) }
            },
        )
        .await
    }

    async fn begin(&self, key: &Key, owner: Owner) -> Result<Begun, Lost> {
        self.change(key, move |value| match value {
            Some(Value::Once(Once::Done(value))) => (Change::Nothing, Begun::Done(value.clone())),
            Some(_) if !is_run_of(value, owner) => (Change::Nothing, Begun::Running),
            Some(_) | None => (Change::Put(Value::Once(Once::Running(owner))), Begun::New),
        })
        .await
    }

    async fn finish(&self, key: &Key, owner: Owner, value: &str) -> Result<(), Lost> {
        let done = value.to_owned();
        self.change(key, move |value| {
            let may = value.is_none() || is_run_of(value, owner);
            (if may { Change::Put(Value::Once(Once::Done(done))) } else { Change::Nothing }, ())
        })
        .await
    }

    async fn abandon(&self, key: &Key, owner: Owner) -> Result<(), Lost> {
        self.change(key, move |value| (if is_run_of(value, owner) { Change::Remove } else { Change::Nothing }, ()))
            .await
    }

    async fn mark(&self, key: &Key) -> Result<bool, Lost> {
        self.change(key, |value| match value {
            Some(_) => (Change::Nothing, false),
            None => (Change::Put(Value::Mark), true),
        })
        .await
    }

    async fn count(&self, key: &Key, by: u64) -> Result<u64, Lost> {
        let add = move |value: Option<&Value>| {
            let before = if let Some(Value::Count(count)) = value { *count } else { 0 };
            let sum = before.saturating_add(by);
            (if by == 0 { Change::Nothing } else { Change::Alter(Value::Count(sum)) }, sum)
        };
        // What is only looked at waits for no disk.
        if by == 0 {
            return self.0.apply(key, None, add);
        }
        match self.change(key, add).await {
            // A disk that takes no more lifts no limit.
            Err(_) => self.0.apply(key, None, add),
            counted => counted,
        }
    }

    async fn set(&self, key: &Key, value: &str) -> Result<(), Lost> {
        let value = value.to_owned();
        self.change(key, move |_| (Change::Put(Value::Text(value)), ())).await
    }

    async fn get(&self, key: &Key) -> Result<Option<String>, Lost> {
        self.0.apply(key, None, |value| {
            let text = if let Some(Value::Text(text)) = value { Some(text.clone()) } else { None };
            (Change::Nothing, text)
        })
    }

    async fn put(&self, key: &Key, field: &str, value: &str) -> Result<(), Lost> {
        let (field, to) = (field.to_owned(), value.to_owned());
        self.change(key, move |value| {
            let mut table = Value::table(value);
            table.insert(field, to);
            (Change::Put(Value::Table(table)), ())
        })
        .await
    }

    async fn remove(&self, key: &Key, field: &str) -> Result<(), Lost> {
        let field = field.to_owned();
        self.change(key, move |value| {
            let mut table = Value::table(value);
            let change = match (table.remove(&field), table.is_empty()) {
                (None, _) => Change::Nothing,
                (Some(_), true) => Change::Remove,
                (Some(_), false) => Change::Alter(Value::Table(table)),
            };
            (change, ())
        })
        .await
    }

    async fn table(&self, key: &Key) -> Result<BTreeMap<String, String>, Lost> {
        self.0.apply(key, None, |value| (Change::Nothing, Value::table(value)))
    }

    async fn beat(&self, key: &Key, member: &str) -> Result<BTreeSet<String>, Lost> {
        let (member, life) = (member.to_owned(), key.life());
        self.change(key, move |value| {
            let mut members = match value {
                Some(Value::Members(members)) => members.clone(),
                Some(_) | None => BTreeMap::new(),
            };
            let now = Instant::now();
            members.insert(member, now + life);
            members.retain(|_, until| *until > now);
            let names = members.keys().cloned().collect();
            (Change::Put(Value::Members(members)), names)
        })
        .await
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("entries", &self.0.held.lock().all.len()).finish_non_exhaustive()
    }
}

/// Of what is durable in memory, for a record that says how long it may still live.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
