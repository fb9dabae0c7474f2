//! What this instance owes the staff, where the other instances of the clinic find it if its machine is lost: a message for each write in the book that is
//! under way, and messages that the store has not taken yet.
//!
//! Decides whose messages another instance tells: those of one that gave no sign of life for [`Key::instances`]'s life, and are nobody's at two looks. One
//! instance at a time takes them, each under its own id, and it is on that instance's disk before it is said to be told. An instance that returns tells only
//! what nobody told for it. No caller waits for any of this, and a Redis that is lost keeps nobody from booking: the folder of records has it all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{Message, Messages};
use crate::state::redis::Redis;
use crate::state::{Key, Lease, Lost, Shared, State};

/// Between two looks, each with a sign of life. What a lost instance owes is told within 60 s and two of these.
const LOOK: Duration = Duration::from_secs(10);

/// An instance that starts waits so long for another that tells for it just then.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is left for others: a message, and whose it is to tell.
#[derive(Serialize, Deserialize)]
struct Left {
    instance: String,
    message: Message,
}

/// Looks after what instances of one clinic left behind. See the module header.
#[derive(Debug)]
pub struct LeftBehind {
    shared: Shared,
    clinic: String,
    messages: Arc<Messages>,
    /// Whether a store takes files of messages away; else they are where they belong.
    files_wait: bool,
    /// Ids that were nobody's at the last look.
    ownerless: BTreeSet<String>,
}

impl LeftBehind {
    /// `messages`: where this instance keeps those that it tells.
    pub fn new(shared: Shared, clinic: &str, messages: Arc<Messages>) -> Self {
        Self { shared, clinic: clinic.to_owned(), messages, files_wait: false, ownerless: BTreeSet::new() }
    }

    /// Whether files of messages wait for a store.
    #[must_use]
    pub fn with_files(self, files_wait: bool) -> Self {
        Self { files_wait, ..self }
    }

    /// Until stopped. Without Redis there is nothing to do.
    pub async fn run(mut self, stop: CancellationToken) {
        let Some(redis) = self.shared.redis().cloned() else { return };
        let mut due = interval(LOOK);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(due.tick()).await.is_some() {
            // A Redis that is lost is told of elsewhere.
            if let Err(lost) = self.look().await {
                tracing::debug!(clinic = self.clinic, %lost, "what other instances left behind is not looked at");
            }
        }
        // Files that wait are moved by the next start, in its own time.
        self.files_wait = false;
        if let Ok(left) = self.left(&redis).await {
            self.tell_of_own(&redis, &left).await.ok();
        }
    }

    /// One look; how many messages of lost instances this one told.
    pub async fn look(&mut self) -> Result<usize, Lost> {
        let Some(redis) = self.shared.redis().cloned() else { return Ok(0) };
        let alive = redis.beat(&Key::instances(), redis.instance()).await?;
        let left = self.left(&redis).await?;
        self.tell_of_own(&redis, &left).await?;
        let nobodys = left.iter().filter(|(_, left)| !alive.contains(&left.instance)).map(|(id, _)| id.clone());
        let nobodys: BTreeSet<String> = nobodys.collect();
        // A Redis that came back empty does not know of everybody yet.
        let lost: Vec<String> = nobodys.intersection(&self.ownerless).cloned().collect();
        self.ownerless = nobodys;
        if lost.is_empty() { Ok(0) } else { self.take(&redis, &lost).await }
    }

    async fn left(&self, redis: &Redis) -> Result<BTreeMap<String, Left>, Lost> {
        let table = redis.table(&Key::left_behind(&self.clinic)).await?;
        // What is not of this program stays for one that knows it.
        Ok(table.into_iter().filter_map(|(id, text)| Some((id, serde_json::from_str(&text).ok()?))).collect())
    }

    /// What this instance owes, and nothing else, is there in its name.
    async fn tell_of_own(&self, redis: &Redis, left: &BTreeMap<String, Left>) -> Result<(), Lost> {
        let key = Key::left_behind(&self.clinic);
        let writes = self.shared.here().table(&Key::interrupted(&self.clinic)).await?;
        let files = if self.files_wait { self.messages.waiting().await.unwrap_or_default() } else { Vec::new() };
        let mine = left.iter().filter(|(_, left)| left.instance == redis.instance()).map(|(id, _)| id);
        for id in mine.filter(|id| !writes.contains_key(*id) && !files.contains(id)) {
            redis.remove(&key, id).await?;
        }
        let mut owed = Vec::new();
        for (_, text) in writes.iter().filter(|(id, _)| !left.contains_key(*id)) {
            owed.extend(serde_json::from_str::<Message>(text));
        }
        for id in files.iter().filter(|id| !left.contains_key(*id) && !writes.contains_key(*id)) {
            // One that cannot be read is told of by whoever moves it.
            owed.extend(self.messages.message(id).await.unwrap_or_default());
        }
        for message in owed {
            put(&message, &self.clinic, redis).await?;
        }
        Ok(())
    }

    async fn take(&self, redis: &Redis, lost: &[String]) -> Result<usize, Lost> {
        // Another instance does, or will at its next look.
        let Ok(lease) = Lease::acquire(self.shared.all(), Key::telling(&self.clinic), Instant::now()).await else {
            return Ok(0);
        };
        let (still, mut told) = (self.left(redis).await?, 0);
        for (id, Left { instance, message }) in still.into_iter().filter(|(id, _)| lost.contains(id)) {
            if !lease.is_sure() {
                break;
            }
            if !is_told(&id, &instance, &self.shared).await {
                let call = message.call;
                if let Err(error) = self.messages.keep(message).await {
                    tracing::error!(%call, %error, "what a lost instance owed the staff could not be left for them");
                    continue;
                }
                told += 1;
                tracing::warn!(%call, instance, "an instance was lost; the staff have a message that it owed them");
                redis.set(&Key::told_for_another(&id), redis.instance()).await?;
            }
            redis.remove(&Key::left_behind(&self.clinic), &id).await?;
        }
        lease.release().await;
        Ok(told)
    }
}

async fn put(message: &Message, clinic: &str, redis: &Redis) -> Result<(), Lost> {
    let left = Left { instance: redis.instance().to_owned(), message: message.clone() };
    let text = serde_json::to_string(&left).map_err(|_| Lost("a message has no JSON form".into()))?;
    redis.put(&Key::left_behind(clinic), &message.id, &text).await
}

/// For the others, if there are any.
pub(super) async fn leave(message: &Message, shared: &Shared) {
    let Some(redis) = shared.redis() else { return };
    if let Err(lost) = put(message, &message.clinic, redis).await {
        tracing::debug!(call = %message.call, %lost, "other instances do not know what is owed to the staff");
    }
}

/// It is owed no longer. If that cannot be said now, the next look says it.
pub(super) async fn take_back(id: &str, clinic: &str, shared: &Shared) {
    let Some(redis) = shared.redis() else { return };
    if let Err(lost) = redis.remove(&Key::left_behind(clinic), id).await {
        tracing::debug!(clinic, %lost, "other instances still believe that the staff are owed a message");
    }
}

/// Whether another than this instance told it; not if Redis does not say so.
async fn is_told(id: &str, instance: &str, shared: &Shared) -> bool {
    shared.left(&Key::told_for_another(id)).await.is_some_and(|by| by != instance)
}

/// Whether it was told for this one.
pub(super) async fn is_told_for_this_one(id: &str, shared: &Shared) -> bool {
    match shared.redis() {
        Some(redis) => is_told(id, redis.instance(), shared).await,
        None => false,
    }
}

/// While it is held nobody else tells. `None`: nobody else is there, or knows.
pub(super) async fn one_at_a_time(shared: &Shared, clinic: &str) -> Option<Lease> {
    shared.redis()?;
    Lease::acquire(shared.all(), Key::telling(clinic), Instant::now() + PATIENCE).await.ok()
}
