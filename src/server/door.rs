//! The clinic's door in front of the desk: while the clinic takes no calls, they are passed on to its own line and never reach the desk.
//!
//! What is passed on costs no room and is no call of ours. Without a line to pass it on to, the caller hears that the line is busy.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::call::desk::Desk;
use crate::call::registry::{Arriving, CallHandle, FrontDesk, NewCall, Refusal, Ticket};
use crate::privacy::Pii;
use crate::store::clinics::State;

/// When a caller whom nobody can be passed on to may try again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Door {
    pub desk: Arc<Desk>,
    /// Whether the clinic takes its calls.
    pub state: watch::Receiver<State>,
    /// The clinic's own line: a number or SIP URI.
    pub line: Option<String>,
}

impl Door {
    fn passed_on(&self, why: &'static str) -> Refusal {
        metrics::counter!("calls_refused_total", "why" => why).increment(1);
        match &self.line {
            Some(line) => Refusal::Divert { to: Pii::new(line.clone()) },
            None => Refusal::Busy { retry_after: RETRY_AFTER },
        }
    }
}

impl FrontDesk for Door {
    fn admit(&self, arriving: &Arriving) -> Result<Ticket, Refusal> {
        let state = *self.state.borrow();
        match state {
            State::Active => self.desk.admit(arriving),
            State::Waiting => Err(self.passed_on("not_checked")),
            State::Disabled => Err(self.passed_on("disabled")),
        }
    }

    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle {
        self.desk.start(ticket, call)
    }
}
