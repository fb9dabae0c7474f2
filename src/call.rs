//! A call: the pure machine that decides, and the driver that performs.

mod arrivals;
pub mod canned;
pub mod cleaning;
mod conversation;
pub mod desk;
mod driver;
mod ears;
pub mod effect;
pub mod event;
mod fetching;
mod hearing;
pub mod machine;
pub mod marking;
mod mouth;
pub(crate) mod path;
pub mod providers;
pub mod registry;
pub mod rendering;
pub mod settings;
mod tap;
mod thought;
pub mod timeline;
pub mod turn;
mod utterance;
mod worker;

use serde::{Deserialize, Serialize};

/// Names a call in records, logs and tokens. Time-ordered (UUID v7), so files sort by when calls began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub uuid::Uuid);

impl CallId {
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7())
    }
}

impl Default for CallId {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
