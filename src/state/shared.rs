//! The state as its users hold it: this process's own, and what all instances share.
//!
//! Decides what is done when the shared one is lost. What another instance could do at the same moment (write in a provider's day) is refused by
//! whoever asks [`Shared::all`]; everything else goes on by this process's own memory, and what was to be told is told when the other is back.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use parking_lot::Mutex;
use sha2::Sha256;

use super::local::Local;
use super::redis::{Redis, derive};
use super::{Key, Lost, Owner, State, StateConfig};
use crate::records::instance;
use crate::store::at_rest::Sealing;

/// Results that wait for Redis: a day of calls. The oldest makes room: it stays on this process's disk.
const MOST_LATE: usize = 1_024;

/// See the module header. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    here: Local,
    all: Arc<dyn State>,
    redis: Option<Redis>,
    /// What pseudonyms are made with. It is no secret where nothing is sealed either.
    secret: [u8; 32],
    late: Mutex<VecDeque<Late>>,
}

/// What came of a call, not told to the others yet.
#[derive(Clone, Debug)]
struct Late {
    key: Key,
    owner: Owner,
    /// None: nothing was done.
    value: Option<String>,
}

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Folder(#[from] io::Error),
    /// `key: what is wrong; what to write instead`.
    #[error("{0}")]
    Config(String),
}

impl Shared {
    /// [`Self::sealed`] without keys: in clear.
    pub fn open(config: &StateConfig, folder: &Path) -> Result<Self, OpenError> {
        Self::sealed(config, folder, Sealing::default())
    }

    /// What is durable is kept in `<folder>/state.jsonl`, sealed. Must be called within the shared runtime; asks nobody yet.
    pub fn sealed(config: &StateConfig, folder: &Path, sealing: Sealing) -> Result<Self, OpenError> {
        let wrong = config.check();
        if !wrong.is_empty() {
            return Err(OpenError::Config(wrong.join("\n")));
        }
        let names = sealing.secret("names of the state").unwrap_or_default();
        let here = Local::sealed(folder, sealing)?;
        let Some(source) = &config.secret else { return Ok(Self::alone(here, names)) };
        let secret = source.read().map_err(|what| OpenError::Config(format!("state.secret: {what}")))?;
        let redis = Redis::new(config, secret.expose(), &instance(folder)?).map_err(OpenError::Config)?;
        Ok(Self(Arc::new(Inner {
            here,
            all: Arc::new(redis.clone()),
            redis: Some(redis),
            secret: derive(secret.expose(), "names"),
            late: Mutex::default(),
        })))
    }

    fn alone(here: Local, secret: [u8; 32]) -> Self {
        let all = Arc::new(here.clone());
        Self(Arc::new(Inner { here, all, redis: None, secret, late: Mutex::default() }))
    }

    /// A name for what could lead to a patient or a caller, the same in every instance and of use to nobody else.
    pub fn pseudonym(&self, of: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0.secret).expect("HMAC takes keys of any length");
        mac.update(of.as_bytes());
        mac.finalize().into_bytes()[..16].iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Of this process, and durable on its own disk.
    pub fn here(&self) -> &Local {
        &self.0.here
    }

    /// Of all instances.
    pub fn all(&self) -> &Arc<dyn State> {
        &self.0.all
    }

    /// If instances share it.
    pub fn redis(&self) -> Option<&Redis> {
        self.0.redis.as_ref()
    }

    /// Whether no other instance used it before; for what this one keeps its own account of. A Redis that is lost turns nobody away.
    pub async fn is_unused_elsewhere(&self, key: &Key) -> bool {
        match self.redis() {
            Some(redis) => redis.mark(key).await.unwrap_or(true),
            None => true,
        }
    }

    /// What another instance left there, or this one.
    pub async fn left(&self, key: &Key) -> Option<String> {
        self.redis()?.get(key).await.unwrap_or(None)
    }

    pub async fn leave(&self, key: &Key, value: &str) {
        if let Some(redis) = self.redis()
            && let Err(lost) = redis.set(key, value).await
        {
            tracing::debug!(key = key.text(), %lost, "the other instances are not told");
        }
    }

    /// The sum with this, of all instances; of this one alone while Redis is lost, so that a limit stays on.
    pub async fn count(&self, key: &Key, by: u64) -> u64 {
        // What cannot be counted here is full, which is over any limit.
        let here = self.here().count(key, by).await.unwrap_or(u64::MAX);
        match self.redis() {
            Some(redis) => redis.count(key, by).await.map_or(here, |all| all.max(here)),
            None => here,
        }
    }

    /// A note that binds every instance: on this one's disk, and where all see it. It counts when both have it.
    pub async fn note(&self, key: &Key, field: &str, value: &str) -> Result<(), Lost> {
        if self.redis().is_none() {
            return self.here().put(key, field, value).await;
        }
        self.here().put(&key.known_elsewhere(), field, value).await?;
        let told = self.all().put(key, field, value).await;
        if told.is_err() {
            self.here().remove(key, field).await?;
            // It may have been taken, or will be when the server goes on: then it is taken out right after.
            let (all, key, field) = (self.all().clone(), key.clone(), field.to_owned());
            tokio::spawn(async move { all.remove(&key, &field).await });
        }
        told
    }

    /// Those of all instances, and of this one what a Redis that came back empty has forgotten.
    pub async fn notes(&self, key: &Key) -> Result<BTreeMap<String, String>, Lost> {
        let mut notes = self.here().table(key).await?;
        if self.redis().is_some() {
            notes.extend(self.all().table(key).await?);
        }
        Ok(notes)
    }

    pub async fn forget(&self, key: &Key, field: &str) -> Result<(), Lost> {
        let here = self.here().remove(key, field).await;
        if self.redis().is_some() {
            self.all().remove(key, field).await?;
        }
        here
    }

    /// Tells the others what of this instance's notes they do not have.
    pub(super) async fn restore(&self, key: &Key) -> Result<(), Lost> {
        let told = self.all().table(key).await?;
        for (field, value) in self.here().table(key).await? {
            if !told.contains_key(&field) {
                self.all().put(key, &field, &value).await?;
            }
        }
        Ok(())
    }

    /// To be told when Redis is back.
    pub(super) fn later(&self, key: &Key, owner: Owner, value: Option<&str>) {
        let mut late = self.0.late.lock();
        if late.len() >= MOST_LATE {
            late.pop_front();
            metrics::counter!("state_late_dropped_total").increment(1);
        }
        late.push_back(Late { key: key.clone(), owner, value: value.map(str::to_owned) });
    }

    /// Tells what could not be told before; stops at the first that still cannot.
    pub(super) async fn catch_up(&self) -> Result<(), Lost> {
        loop {
            let Some(Late { key, owner, value }) = self.0.late.lock().front().cloned() else { return Ok(()) };
            match value {
                Some(value) => self.all().finish(&key, owner, &value).await?,
                None => self.all().abandon(&key, owner).await?,
            }
            let mut late = self.0.late.lock();
            if late.front().is_some_and(|first| first.owner == owner) {
                late.pop_front();
            }
        }
    }
}

impl Default for Shared {
    /// Alone, in memory.
    fn default() -> Self {
        Self::alone(Local::default(), [0; 32])
    }
}
