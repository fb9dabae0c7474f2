//! The state as its users hold it: this process's own, and what all instances share.
//!
//! Decides what is done when the shared one is lost: what only this process can do twice goes on by its own memory; what another could do at
//! the same moment is refused by whoever asks [`Shared::all`].

use std::io;
use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::State;
use super::local::Local;

/// See the module header. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shared {
    here: Local,
    all: Arc<dyn State>,
    /// What pseudonyms are made with. Alone it is no secret: they stay on the disk that the records are on.
    secret: [u8; 32],
}

impl Shared {
    /// Of one instance alone; what is durable is kept in `<folder>/state.jsonl`.
    pub fn alone(folder: &Path) -> io::Result<Self> {
        Ok(Self::of(Local::open(folder)?))
    }

    fn of(here: Local) -> Self {
        let all = Arc::new(here.clone());
        Self { here, all, secret: [0; 32] }
    }

    /// A name for what could lead to a patient or a caller, the same in every instance and of use to nobody else.
    pub fn pseudonym(&self, of: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(of.as_bytes());
        mac.finalize().into_bytes()[..16].iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Of this process, and durable on its own disk.
    pub const fn here(&self) -> &Local {
        &self.here
    }

    /// Of all instances.
    pub const fn all(&self) -> &Arc<dyn State> {
        &self.all
    }
}

impl Default for Shared {
    /// In memory.
    fn default() -> Self {
        Self::of(Local::default())
    }
}
