//! Whose call it is, on a server of several clinics: the one whose number was dialled answers, and a number that is nobody's is refused.
//!
//! There is no clinic for calls that no number leads to. Whether a clinic takes the call, its own door decides; a call is started where it was admitted,
//! whatever is said of it in between.

use std::collections::HashMap;
use std::sync::Arc;

use super::door::Entrance;
use crate::call::registry::{Arriving, CallHandle, FrontDesk, NewCall, Refusal, Ticket};
use crate::clinic::Tenant;
use crate::clinic::number::Directory;

/// See the module header.
pub(super) struct Reception {
    pub directory: Directory,
    pub doors: HashMap<Tenant, Arc<Entrance>>,
}

impl FrontDesk for Reception {
    fn admit(&self, arriving: &Arriving) -> Result<Ticket, Refusal> {
        let dialled = self.directory.clinic(&arriving.dialled, arriving.addressed.as_deref());
        let Some((clinic, door)) = dialled.and_then(|clinic| self.doors.get_key_value(clinic)) else {
            metrics::counter!("calls_to_nobody_total").increment(1);
            tracing::warn!(transport = ?arriving.transport, "a call to a number that is no clinic's is refused; the numbers of a clinic stand in its file");
            return Err(Refusal::Nobody);
        };
        Ok(door.admit(arriving)?.of_clinic(clinic))
    }

    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle {
        match ticket.clinic().and_then(|clinic| self.doors.get(clinic)) {
            Some(door) => door.start(ticket, call),
            None => CallHandle::unanswered(ticket.call),
        }
    }
}

impl std::fmt::Debug for Reception {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reception").field("directory", &self.directory).finish_non_exhaustive()
    }
}
