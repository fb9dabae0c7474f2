//! Whose data it is, as a value that cannot be made up: it comes with a clinic whose file was read and checked, or with the store's row of one, and with
//! nothing else.
//!
//! A call's clinic is that of the server which its number leads to. No text of a client, a caller or a model becomes one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A clinic's id. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tenant(Arc<str>);

impl Tenant {
    /// For [`super::Clinic`] alone.
    pub(super) fn of(id: &str) -> Self {
        Self(id.into())
    }

    /// Of no clinic: for questions that concern all of them. No row is theirs.
    pub(crate) fn nobody() -> Self {
        Self(".".into())
    }

    /// For the store alone, of a clinic that it knows: its file was checked when it was put there.
    pub(crate) fn known(id: &str) -> Self {
        Self(id.into())
    }

    /// For tests of what does not concern clinics' files.
    #[cfg(test)]
    pub(crate) fn made_up(id: &str) -> Self {
        Self(id.into())
    }
}

impl Deref for Tenant {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tenant({})", self.0)
    }
}
