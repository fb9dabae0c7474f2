//! What is written down of a tool when its result is there already: the next request to a model goes out meanwhile, and no caller waits for it.
//!
//! Decides the order. Holds nothing that a process may not end without: the ledger says what came of the tool, in any case. If it ends here, a call of a tool is
//! doubtful to whoever repeats it, one booking counts against no limit, and the staff are asked about a write that is settled.

use super::limits::{self, Limited};
use super::{Session, interrupted};
use crate::state::once::Run;

/// See the module header.
#[derive(Debug)]
pub(super) enum Later {
    /// A call of a tool is over. `came`: what came of it; none if nothing was done.
    Over { run: Run, came: Option<String> },
    /// One more appointment was made or moved.
    Booked,
}

/// To be called before the next tool of the call begins.
pub(in crate::agent) async fn write_up(session: &Session) {
    for what in session.dealings.take_later() {
        match what {
            Later::Over { run, came: Some(came) } => run.finish(&came).await,
            Later::Over { run, came: None } => run.abandon().await,
            Later::Booked => limits::done(Limited::Booked, session).await,
        }
    }
    interrupted::written_down(session).await;
}
