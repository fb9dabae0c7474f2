//! Decides whether an INVITE is one that is already being taken, come by a second way (RFC 3261 section 8.2.2.2).
//!
//! A proxy that forks may send the same call here twice, with two branches: only the first may ring. Holds one entry for each
//! INVITE that has begun a call or is being refused; it never looks at what an INVITE asks for.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use rsipstack::sip::Request;

use super::message;

/// Call-ID, the caller's tag and CSeq: the same in every copy of a request.
type Identity = (String, String, String);

/// The INVITEs being taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken(Arc<Mutex<HashSet<Identity>>>);

impl Taken {
    /// Enters an INVITE until the guard is dropped. `None`: it is there already, 482.
    pub(crate) fn enter(&self, invite: &Request) -> Option<Taking> {
        let header = |name| message::header(&invite.headers, name).unwrap_or_default();
        let tag = message::tag(header("From")).unwrap_or_default();
        let identity = (header("Call-ID").to_owned(), tag.to_owned(), header("CSeq").to_owned());
        self.0.lock().insert(identity.clone()).then(|| Taking { table: self.clone(), identity })
    }
}

/// An INVITE's place in the table.
pub(crate) struct Taking {
    table: Taken,
    identity: Identity,
}

impl Drop for Taking {
    fn drop(&mut self) {
        self.table.0.lock().remove(&self.identity);
    }
}
