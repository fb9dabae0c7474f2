//! How a simulated vendor of speech fails, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// What goes wrong at a vendor of speech. Each means what it can mean to the vendor's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// Answers, each time 1.5 s late.
    Slow,
    /// Begins to answer, and then says nothing more.
    Stalls,
    /// Connects, and never says anything.
    Deaf,
    /// Sends its error message in mid-answer.
    Errors,
    /// Breaks the connection in mid-answer.
    Breaks,
    /// Sends the parts of an answer in the wrong order.
    Disorder,
    /// Does not answer the request for last words, as it may.
    Unanswered,
    /// What was cancelled goes on.
    Late,
    /// Done without any audio, as when a quota is used up.
    Empty,
    /// Nothing but digital silence.
    Silence,
    /// Refuses the key: 401.
    Unauthorised,
    /// Refuses with 429 and Retry-After.
    Limits,
    /// Refuses with 503.
    Fails,
}

impl Fault {
    /// What recognisers can have.
    pub const OF_HEARING: [Self; 10] = [
        Self::Slow,
        Self::Stalls,
        Self::Deaf,
        Self::Errors,
        Self::Breaks,
        Self::Disorder,
        Self::Unanswered,
        Self::Unauthorised,
        Self::Limits,
        Self::Fails,
    ];

    /// What voices can have.
    pub const OF_SPEAKING: [Self; 11] = [
        Self::Slow,
        Self::Stalls,
        Self::Deaf,
        Self::Errors,
        Self::Breaks,
        Self::Late,
        Self::Empty,
        Self::Silence,
        Self::Unauthorised,
        Self::Limits,
        Self::Fails,
    ];
}

/// A fault, for so many connections or for all.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    fault: Option<Fault>,
    /// Connections that are well first.
    well: Arc<AtomicU32>,
    /// Connections that still have it; `None`: every one.
    left: Option<Arc<AtomicU32>>,
}

impl Trouble {
    /// Every connection has it.
    pub fn always(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    /// The first so many are well; all after them have it.
    pub fn after(connections: u32, fault: Fault) -> Self {
        Self { fault: Some(fault), well: Arc::new(AtomicU32::new(connections)), left: None }
    }

    /// The first so many have it; those after them are well.
    pub fn first(connections: u32, fault: Fault) -> Self {
        Self { fault: Some(fault), left: Some(Arc::new(AtomicU32::new(connections))), ..Self::default() }
    }

    /// The fault of the next connection.
    pub(super) fn strike(&self) -> Option<Fault> {
        let take = |left: &AtomicU32| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        };
        let strikes = !take(&self.well) && self.left.as_ref().is_none_or(|left| take(left));
        self.fault.filter(|_| strikes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_first_two_leaves_the_third_alone() {
        let trouble = Trouble::first(2, Fault::Deaf);
        let struck: Vec<_> = (0..3).map(|_| trouble.strike()).collect();
        assert_eq!(struck, [Some(Fault::Deaf), Some(Fault::Deaf), None]);
        assert_eq!(Trouble::always(Some(Fault::Fails)).strike(), Some(Fault::Fails));
    }
}
