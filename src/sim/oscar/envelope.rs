//! Every envelope that came and what was answered, for assertions. The last ten thousand are kept.

use std::collections::VecDeque;

use serde::Serialize;

const KEPT: usize = 10_000;

/// One request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Envelope {
    /// Counted from 1 in the order of arrival.
    pub number: u64,
    /// Stamp of the simulator's clock, UTC.
    pub at: String,
    pub service: String,
    /// The name of the body's element; empty if there was none to be read.
    pub operation: String,
    /// Whom the security header named, if it was right.
    pub security_id: Option<i64>,
    pub request: String,
    /// HTTP status of the answer; None while there is none.
    pub status: Option<u16>,
    /// What was answered, or would have been if no fault had struck.
    pub reply: Option<String>,
    /// `faultcode: faultstring`.
    pub refused: Option<String>,
    /// The faults that struck.
    pub struck: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Envelopes {
    last: VecDeque<Envelope>,
    count: u64,
}

impl Envelopes {
    /// Gives it its number.
    pub(super) fn arrived(&mut self, mut envelope: Envelope) -> u64 {
        self.count += 1;
        envelope.number = self.count;
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(envelope);
        self.count
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Envelope> {
        self.last.iter_mut().rev().find(|envelope| envelope.number == number)
    }

    pub(super) fn all(&self) -> Vec<Envelope> {
        self.last.iter().cloned().collect()
    }
}
