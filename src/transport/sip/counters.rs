//! What the SIP side dropped, and why: one counter a reason, for metrics and for tests. Never an address or a number.

use std::sync::atomic::{AtomicU64, Ordering};

/// Why a message was dropped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// From an address that is not on the list, while no user could prove who they are.
    Stranger,
    /// From a known scanning tool.
    Scanner,
    /// Not SIP, or without the headers every message has.
    Malformed,
    /// More than one address may send.
    Flood,
    /// A stranger's stream that was of no use.
    Idle,
    /// A call's queue was full, or its mailbox would not take a signal in time; or a stream's, whose peer does not read.
    Overflow,
    /// A stream that could not be taken: the process may open no more.
    Exhausted,
}

impl Dropped {
    const ALL: [Self; 7] =
        [Self::Stranger, Self::Scanner, Self::Malformed, Self::Flood, Self::Idle, Self::Overflow, Self::Exhausted];

    /// The label in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Scanner => "scanner",
            Self::Malformed => "malformed",
            Self::Flood => "flood",
            Self::Idle => "idle",
            Self::Overflow => "overflow",
            Self::Exhausted => "exhausted",
        }
    }
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; Dropped::ALL.len()]);

impl Counters {
    pub(crate) fn count(&self, reason: Dropped) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
        metrics::counter!("sip_dropped_total", "reason" => reason.label()).increment(1);
    }

    pub fn dropped(&self, reason: Dropped) -> u64 {
        self.0[reason as usize].load(Ordering::Relaxed)
    }
}
