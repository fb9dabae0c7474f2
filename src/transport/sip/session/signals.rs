//! Where a session's signals go, and what becomes of one that nobody takes in time: dropped and counted, never waited for.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::call::event::{Event, Mailbox, Signal};
use crate::transport::sip::counters::Dropped;
use crate::transport::sip::stack::Stack;

/// How long a signal may wait for room in a call's mailbox before it is dropped and counted.
const SIGNAL_PATIENCE: Duration = Duration::from_secs(2);

/// Where signals go.
pub(crate) enum Signals {
    /// To a call on a media worker.
    Call(Mailbox),
    /// To whoever dialled.
    Dialler(mpsc::Sender<Signal>),
}

impl Signals {
    pub(crate) async fn send(&self, stack: &Stack, signal: Signal) {
        let sending = async {
            match self {
                Self::Call(mailbox) => mailbox.send(Event::Signal(signal)).await,
                Self::Dialler(signals) => signals.send(signal).await.is_ok(),
            }
        };
        // `false` means that nobody listens any more, which `closed` reports as well.
        if tokio::time::timeout(SIGNAL_PATIENCE, sending).await.is_err() {
            stack.count(Dropped::Overflow);
        }
    }

    pub(crate) async fn closed(&self) {
        match self {
            Self::Call(mailbox) => mailbox.closed().await,
            Self::Dialler(signals) => signals.closed().await,
        }
    }
}
