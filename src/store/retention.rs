//! Purging what is past its time: what a clinic's `[retention]` no longer allows to be kept, taken out of the database and its bucket, and off this server's disk.
//!
//! Each purge has a name (the night it is for, or the moment at which somebody asked for it) and leaves proof of it in the audit: how much of what kind, never of
//! whom. What was taken away is counted in the transaction that takes it away, and the proof is written once, by whoever ends the purge: so a purge that
//! broke off is gone on with, and several servers that try do no harm. Of the audit itself the old ends of its chains go, and what is left is still proved.

mod files;
pub mod nightly;
mod run;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use super::import::Importer;
use super::{Store, StoreError, in_time};
use crate::clinic::Clinic;
use crate::clinic::retention::{Cutoffs, RetentionConfig};
use crate::records::Library;
use crate::state::{Key, Lease, NoLease, Shared};
pub(super) use files::{delete, recorded, sound_of};
use nightly::Purger;
use run::{Name, Run};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    Calls,
    /// Of transcripts.
    Lines,
    Events,
    /// Steps of tools.
    Tools,
    Messages,
    /// Of those messages: what nobody had acknowledged and, of requests, what nobody had finished.
    Unfinished,
    Recordings,
    /// Journals that never fitted into the store.
    Journals,
    /// Rows of the audit, from the old ends of its chains.
    Audit,
    /// Of the clinic's own book: no purge takes them.
    Appointments,
    /// The same.
    Charts,
}

impl What {
    /// What a purge takes: columns of `purges`.
    pub const PURGED: [Self; 9] = [
        Self::Calls,
        Self::Lines,
        Self::Events,
        Self::Tools,
        Self::Messages,
        Self::Unfinished,
        Self::Recordings,
        Self::Journals,
        Self::Audit,
    ];

    /// Of its column, and in proofs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Lines => "lines",
            Self::Events => "events",
            Self::Tools => "tools",
            Self::Messages => "messages",
            Self::Unfinished => "unfinished",
            Self::Recordings => "recordings",
            Self::Journals => "journals",
            Self::Audit => "audit",
            Self::Appointments => "appointments",
            Self::Charts => "charts",
        }
    }
}

/// How much of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(pub BTreeMap<What, u64>);

impl Counts {
    pub fn of(&self, what: What) -> u64 {
        self.0.get(&what).copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, what: What, count: u64) {
        *self.0.entry(what).or_default() += count;
    }

    fn and(mut self, more: Self) -> Self {
        more.0.into_iter().for_each(|(what, count)| self.add(what, count));
        self
    }
}

impl fmt::Display for Counts {
    /// `calls 3, lines 40`: what there was something of; else `nothing`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some: Vec<String> = (self.0.iter())
            .filter(|(_, count)| **count > 0)
            .map(|(what, count)| format!("{} {count}", what.name()))
            .collect();
        f.write_str(if some.is_empty() { "nothing" } else { "" })?;
        f.write_str(&some.join(", "))
    }
}

/// What came of a try to purge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Now, or before.
    Done(Counts),
    /// Another server is at it.
    Elsewhere,
}

/// Why nothing was purged, or not everything.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    State(#[from] crate::state::Lost),
}

/// Purges one clinic's store, and this server's files.
#[derive(Debug)]
pub struct Retention {
    store: Store,
    config: RetentionConfig,
    zone: TimeZone,
    actor: String,
    /// Among several servers one at a time; none: whoever asks.
    shared: Option<Shared>,
}

impl Retention {
    /// For the server, at night.
    pub fn nightly(store: Store, clinic: &Clinic, shared: Shared) -> Self {
        Self { shared: Some(shared), ..Self::by_hand(store, clinic, "attendant") }
    }

    /// For `actor`, now.
    pub fn by_hand(store: Store, clinic: &Clinic, actor: &str) -> Self {
        let (config, zone) = (clinic.config.retention, clinic.zone.clone());
        Self { store, config, zone, actor: actor.to_owned(), shared: None }
    }

    /// What is past its time, as of the newest night.
    pub fn cutoffs(&self, now: Timestamp) -> Cutoffs {
        self.config.cutoffs(nightly::night(now, &self.zone), &self.zone)
    }

    /// How much a purge would take away now. What waited as files is in the store afterwards.
    pub async fn due(&self, now: Timestamp) -> Result<Counts, PurgeError> {
        self.import().await?;
        let cutoffs = self.cutoffs(now);
        let mut counts = self.store.past_their_time(&cutoffs).await?;
        for (what, files) in files::past_their_time(&self.store, &cutoffs).await? {
            counts.add(what, files.len() as u64);
        }
        counts.add(What::Recordings, files::in_bucket(&self.store, &cutoffs).await?.len() as u64);
        Ok(counts)
    }

    /// Purges what is past its time now, whatever the night has done; proof of it is in the audit when it returns.
    pub async fn purge_now(&self, now: Timestamp) -> Result<Counts, PurgeError> {
        let (name, cutoffs) = (Name::Asked(now), self.cutoffs(now));
        // One that fails keeps nobody from the other.
        let files = self.files(name, &cutoffs).await;
        let rows = self.database(name, &cutoffs).await;
        Ok(files?.and(rows?))
    }

    async fn database(&self, name: Name, cutoffs: &Cutoffs) -> Result<Counts, PurgeError> {
        let purge = Run::open(&self.store, name, "").await?;
        if purge.is_done() {
            return Ok(Counts::default());
        }
        purge.rows(cutoffs).await?;
        purge.audit(cutoffs, &self.actor).await?;
        // Every server's: without the bucket there is no proof, and it is tried again.
        purge.bucket(files::in_bucket(&self.store, cutoffs).await?).await?;
        let counts = purge.finish(&self.actor).await?;
        self.store.write_over().await?;
        Ok(counts)
    }

    async fn files(&self, name: Name, cutoffs: &Cutoffs) -> Result<Counts, PurgeError> {
        let purge = Run::open(&self.store, name, &self.store.instance).await?;
        if purge.is_done() {
            return Ok(Counts::default());
        }
        self.import().await?;
        let mut stayed = Ok(());
        for (what, files) in files::past_their_time(&self.store, cutoffs).await? {
            stayed = stayed.and(purge.files(what, files).await);
        }
        // What stays is tried again, and proved when it is gone.
        stayed?;
        Ok(purge.finish(&self.actor).await?)
    }

    /// A journal that is still a file after this never fitted.
    async fn import(&self) -> Result<(), StoreError> {
        let importer = Importer::new(self.store.clone(), Library::new(self.store.records.to_path_buf()));
        importer.look().await.1.map_or(Ok(()), Err)
    }
}

#[async_trait::async_trait]
impl Purger for Retention {
    async fn watch(&self, now: Timestamp) {
        // While the store is away others say so, and the figure stays what it was.
        if let Ok(oldest) = in_time(self.store.oldest_pending()).await {
            let waits = oldest.map_or(0, |left| now.as_millisecond().saturating_sub(left).max(0));
            let clinic = self.store.clinic.to_string();
            metrics::gauge!("requests_oldest_seconds", "clinic" => clinic).set(waits as f64 / 1e3);
        }
    }

    async fn purge(&self, night: Date) -> Result<Purged, PurgeError> {
        let (name, cutoffs) = (Name::Night(night), self.config.cutoffs(night, &self.zone));
        let mut files = self.files(name, &cutoffs).await;
        if let Some(shared) = &self.shared {
            let tidied = shared.here().tidy().await;
            files = files.and_then(|files| tidied.map(|()| files).map_err(PurgeError::from));
        }
        let lease = match &self.shared {
            None => None,
            Some(shared) => {
                match Lease::acquire(shared.all(), Key::retention(&self.store.clinic), Instant::now()).await {
                    Ok(lease) => Some(lease),
                    Err(NoLease::Busy) => return files.map(|_| Purged::Elsewhere),
                    Err(NoLease::Lost(lost)) => return Err(lost.into()),
                }
            }
        };
        let rows = self.database(name, &cutoffs).await;
        if let Some(lease) = lease {
            lease.release().await;
        }
        Ok(Purged::Done(files?.and(rows?)))
    }
}

#[cfg(test)]
mod tests;
