//! How a request to an EMR across a network fails, told by whether it may have been carried out.
//!
//! What a server says of a failure may quote an argument, which may be a patient's: it is sorted and never passed on.

use super::EmrError;

/// See the module header. Each holds what to say of it if the request could write nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was done.
    Refused(EmrError),
    /// The server stopped with a fault: what it did until then is done, and a look tells.
    Faulted(EmrError),
    /// No answer that can be read: it may be done, or be done yet.
    Lost(EmrError),
}

impl Failure {
    /// Of a request that writes nothing.
    pub(super) fn of_read(self) -> EmrError {
        match self {
            Self::Refused(error) | Self::Faulted(error) | Self::Lost(error) => error,
        }
    }

    /// An answer that came and holds what cannot be.
    pub(super) fn odd(what: &'static str) -> Self {
        Self::Faulted(EmrError::Invalid(what.into()))
    }
}
