//! What several instances of attendant share: locks, what was done already, marks, counts, and what is not settled yet.
//!
//! One contract, served within the process ([`local::Local`]) or by Redis ([`redis::Redis`]); [`shared::Shared`] is what its users hold, and decides
//! what is done when Redis is lost. Nothing here is on the path of a frame, and nothing waits longer than a caller may. Keys name no patient: see [`key`].

mod config;
pub mod key;
pub mod lease;
pub mod local;
pub mod once;
pub mod redis;
pub mod shared;
mod tending;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use config::StateConfig;
pub use key::Key;
pub use lease::{Lease, NoLease};
pub use shared::{OpenError, Shared};
pub use tending::{Emrs, Tended, tend};

/// Who holds a lock or runs a call: drawn anew for each, so that nobody gives back what is another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub u128);

impl Owner {
    pub fn new() -> Self {
        Self(rand::random())
    }
}

impl Default for Owner {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The state cannot be reached, or does not take what is brought: nothing is known of what was asked, which may have been done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shared state cannot be used: {0}")]
pub struct Lost(pub String);

/// Whether a lock was had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// `fence` is greater than that of everybody who held it before: what takes the greatest alone is fenced.
    Held {
        fence: u64,
    },
    Taken,
}

/// What is known of something that is to be done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nobody began before: it is to be done now.
    New,
    /// Somebody began and has not told what came of it. Whether they ever will, nobody knows.
    Running,
    /// What came of it.
    Done(String),
}

/// See the module header. Lives are those of the keys, counted from each write.
#[async_trait::async_trait]
pub trait State: fmt::Debug + Send + Sync + 'static {
    /// The same owner may ask again.
    async fn lock(&self, key: &Key, owner: Owner) -> Result<Locked, Lost>;

    /// `false`: it is no longer the owner's, and nothing was changed.
    async fn renew(&self, key: &Key, owner: Owner) -> Result<bool, Lost>;

    /// `false`: it was no longer the owner's, and nothing was changed.
    async fn unlock(&self, key: &Key, owner: Owner) -> Result<bool, Lost>;

    /// Begins what is to be done once; whoever gets [`Begun::New`] does it. The same owner may ask again.
    async fn begin(&self, key: &Key, owner: Owner) -> Result<Begun, Lost>;

    /// What came of it. Changes nothing that another owner began.
    async fn finish(&self, key: &Key, owner: Owner, value: &str) -> Result<(), Lost>;

    /// Nothing was done: the next one may. Changes nothing that another owner began.
    async fn abandon(&self, key: &Key, owner: Owner) -> Result<(), Lost>;

    /// `true`: nobody marked it in its life before.
    async fn mark(&self, key: &Key) -> Result<bool, Lost>;

    /// The sum with this; its life is counted from the first addition. Adding 0 only looks.
    async fn count(&self, key: &Key, by: u64) -> Result<u64, Lost>;

    async fn set(&self, key: &Key, value: &str) -> Result<(), Lost>;

    async fn get(&self, key: &Key) -> Result<Option<String>, Lost>;

    /// One field of a table. Where it leaves this machine it is sealed, if the key's values are a caller's.
    async fn put(&self, key: &Key, field: &str, value: &str) -> Result<(), Lost>;

    async fn remove(&self, key: &Key, field: &str) -> Result<(), Lost>;

    /// What cannot be opened is left out, and logged.
    async fn table(&self, key: &Key) -> Result<BTreeMap<String, String>, Lost>;

    /// A sign of life: the member stays for the key's life. Returns all who gave one within theirs.
    async fn beat(&self, key: &Key, member: &str) -> Result<BTreeSet<String>, Lost>;
}
