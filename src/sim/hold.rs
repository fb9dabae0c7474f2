//! One request to a simulated EMR that stands still until a test lets it go on: what happens meanwhile happens at that very step, every time.

use tokio_util::sync::{CancellationToken, DropGuard};

/// Where a request stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing of it is done yet.
    Arrived,
    /// It is done, and nobody was told.
    Done,
}

/// The test's end. Dropped, it lets the request go on.
#[derive(Debug)]
pub struct Held {
    reached: CancellationToken,
    over: CancellationToken,
    goes_on: DropGuard,
}

impl Held {
    /// Returns once the request stands still.
    pub async fn reached(&self) {
        self.reached.cancelled().await;
    }

    /// Returns once it is done.
    pub async fn let_go(self) {
        drop(self.goes_on);
        self.over.cancelled().await;
    }
}

/// The simulator's end of what is to be held.
#[derive(Debug, Default)]
pub(super) struct Holds(Option<(usize, Hold)>);

#[derive(Debug)]
struct Hold {
    when: When,
    reached: CancellationToken,
    goes_on: CancellationToken,
    _over: DropGuard,
}

/// A request on its way through the simulator.
#[derive(Debug)]
pub(super) struct Passing(Option<Hold>);

impl Holds {
    /// Holds one request, after so many more.
    pub(super) fn hold(&mut self, spared: usize, when: When) -> Held {
        let (reached, goes_on, over) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let hold = Hold { when, reached: reached.clone(), goes_on: goes_on.clone(), _over: over.clone().drop_guard() };
        self.0 = Some((spared, hold));
        Held { reached, over, goes_on: goes_on.drop_guard() }
    }

    /// A request arrives.
    pub(super) fn pass(&mut self) -> Passing {
        match self.0.take() {
            Some((0, hold)) => Passing(Some(hold)),
            Some((spared, hold)) => {
                self.0 = Some((spared - 1, hold));
                Passing(None)
            }
            None => Passing(None),
        }
    }
}

impl Passing {
    /// Stands still, if it is held here.
    pub(super) async fn at(&self, when: When) {
        if let Some(hold) = self.0.as_ref().filter(|hold| hold.when == when) {
            hold.reached.cancel();
            hold.goes_on.cancelled().await;
        }
    }
}
