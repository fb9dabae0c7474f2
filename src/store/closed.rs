//! Sealed values that do not open: noted with their places, so that one of them hides no other.

use std::collections::BTreeSet;

use super::StoreError;
use super::keys::KeysError;

/// Where each stands, and why it does not open; each once.
#[derive(Debug, Default)]
pub(super) struct Closed(BTreeSet<String>);

impl Closed {
    /// What was opened; `None` if it does not open, which is noted. What is no matter of one value is passed on.
    pub(super) fn noting<T>(&mut self, opened: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match opened {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Keys(error @ (KeysError::Tampered(_) | KeysError::Missing { .. }))) => {
                self.note(error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn note(&mut self, what: String) {
        self.0.insert(what);
    }

    pub(super) fn told(self) -> Vec<String> {
        self.0.into_iter().collect()
    }
}
