//! What a caller wishes, as appointments carry it: so that a server that was asked twice books once, and what became of a lost answer is found.
//!
//! Two identifiers, of digests alone: one of the wish, the same whenever it is asked for, and one of this attempt at it, since an appointment that
//! was cancelled or moved since is not the one that is wished for now.

use super::client::Parameters;
use crate::state::key::digest;

/// Made for this and used for nothing else.
const WISH: &str = "urn:uuid:5f0c1d0a-7f0b-4c53-9d34-0f3c0c6a2b11";
const ATTEMPT: &str = "urn:uuid:5f0c1d0a-7f0b-4c53-9d34-0f3c0c6a2b12";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    wish: String,
    attempt: String,
}

impl Wish {
    /// After so many appointments of this wish.
    pub(super) fn new(key: &str, before: usize) -> Self {
        let wish = digest(&["wish", key]);
        let attempt = format!("{wish}.{before}");
        Self { wish, attempt }
    }

    pub(super) fn identifiers(&self) -> [(&str, &str); 2] {
        [(WISH, self.wish.as_str()), self.attempt()]
    }

    pub(super) fn attempt(&self) -> (&str, &str) {
        (ATTEMPT, self.attempt.as_str())
    }

    /// Finds every appointment of this wish.
    pub(super) fn search(key: &str) -> Parameters {
        vec![("identifier", format!("{WISH}|{}", digest(&["wish", key])))]
    }

    /// Finds the appointment of this attempt.
    pub(super) fn search_attempt(&self) -> Parameters {
        vec![("identifier", format!("{ATTEMPT}|{}", self.attempt))]
    }
}
