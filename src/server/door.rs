//! The clinic's door in front of the desk: while the clinic takes no calls, they are passed on to its own line and never reach the desk.
//!
//! What is passed on costs no room and is no call of ours. Without a line to pass it on to, the caller hears that the line is busy.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::watch;

use crate::call::desk::Desk;
use crate::call::registry::{Arriving, CallHandle, FrontDesk, NewCall, Refusal, Ticket};
use crate::privacy::Pii;
use crate::store::clinics::State;

/// When a caller whom nobody can be passed on to may try again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// Where calls to a clinic come in, whatever door is behind it. It leads to another one only while the one before takes no calls.
pub(super) struct Entrance(RwLock<Arc<dyn FrontDesk>>);

impl Entrance {
    pub(super) fn to(door: Arc<dyn FrontDesk>) -> Self {
        Self(RwLock::new(door))
    }

    /// Where it led before.
    pub(super) fn lead_to(&self, door: Arc<dyn FrontDesk>) -> Arc<dyn FrontDesk> {
        std::mem::replace(&mut *self.0.write(), door)
    }

    fn door(&self) -> Arc<dyn FrontDesk> {
        self.0.read().clone()
    }
}

impl FrontDesk for Entrance {
    fn admit(&self, arriving: &Arriving) -> Result<Ticket, Refusal> {
        self.door().admit(arriving)
    }

    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle {
        self.door().start(ticket, call)
    }
}

/// Where calls go that the clinic does not take.
#[derive(Debug)]
pub(super) struct Line {
    pub clinic: String,
    /// Its own: a number or SIP URI.
    pub to: Option<String>,
}

impl Line {
    fn passed_on(&self, why: &'static str) -> Refusal {
        metrics::counter!("calls_refused_total", "clinic" => self.clinic.clone(), "why" => why).increment(1);
        match &self.to {
            Some(to) => Refusal::Divert { to: Pii::new(to.clone()) },
            None => Refusal::Busy { retry_after: RETRY_AFTER },
        }
    }
}

#[derive(Debug)]
pub(super) struct Door {
    pub desk: Arc<Desk>,
    /// Whether the clinic takes its calls.
    pub state: watch::Receiver<State>,
    pub line: Line,
}

impl FrontDesk for Door {
    fn admit(&self, arriving: &Arriving) -> Result<Ticket, Refusal> {
        let state = *self.state.borrow();
        match state {
            State::Active => self.desk.admit(arriving),
            State::Waiting => Err(self.line.passed_on("not_checked")),
            State::Disabled => Err(self.line.passed_on("disabled")),
        }
    }

    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle {
        self.desk.start(ticket, call)
    }
}

/// The door of a clinic that could not be started: there is no desk behind it.
#[derive(Debug)]
pub(super) struct Shut(pub Line);

impl FrontDesk for Shut {
    fn admit(&self, _arriving: &Arriving) -> Result<Ticket, Refusal> {
        Err(self.0.passed_on("broken"))
    }

    fn start(&self, ticket: Ticket, _call: NewCall) -> CallHandle {
        CallHandle::unanswered(ticket.call)
    }
}
