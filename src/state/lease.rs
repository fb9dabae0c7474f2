//! A lock that is held: had with patience, renewed while it is needed, given back by its owner alone.
//!
//! Decides until when a holder may be sure of it: from before the question that last got or renewed it, less a tenth of its life for clocks
//! that differ. Who is no longer sure writes nothing more. Whoever stops for longer than the life has lost it, and learns so here.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::{Key, Locked, Lost, Owner, State};

/// Between two tries for a lock that somebody has, drawn anew each time, so that two who wait do not always come together.
const TRIES_MS: std::ops::Range<u64> = 15..45;

/// See the module header. Dropped, it is given back as soon as may be; [`Lease::release`] waits for that.
#[derive(Debug)]
pub struct Lease {
    state: Arc<dyn State>,
    key: Key,
    owner: Owner,
    fence: u64,
    sure_until: Arc<Mutex<Instant>>,
    renewing: AbortHandle,
    /// Whether it is still to be given back.
    is_held: bool,
}

/// Why there is no lease.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoLease {
    /// Somebody else has it.
    #[error("somebody else has held it for too long")]
    Busy,
    #[error(transparent)]
    Lost(#[from] Lost),
}

impl Lease {
    /// Waits for others until `patience`; for a state that is lost it does not wait.
    pub async fn acquire(state: &Arc<dyn State>, key: Key, patience: Instant) -> Result<Self, NoLease> {
        let owner = Owner::new();
        loop {
            let asked = Instant::now();
            match state.lock(&key, owner).await {
                Ok(Locked::Held { fence }) => return Ok(Self::held(state.clone(), key, owner, fence, asked)),
                Ok(Locked::Taken) => {}
                Err(lost) => {
                    // It may have been had: others need not wait for its end.
                    give_back(state.clone(), key, owner);
                    return Err(lost.into());
                }
            }
            let again = Instant::now() + Duration::from_millis(rand::random_range(TRIES_MS));
            if again > patience {
                return Err(NoLease::Busy);
            }
            sleep_until(again).await;
        }
    }

    fn held(state: Arc<dyn State>, key: Key, owner: Owner, fence: u64, asked: Instant) -> Self {
        let sure_until = Arc::new(Mutex::new(sure(asked, &key)));
        let renewing = tokio::spawn(renew(state.clone(), key.clone(), owner, sure_until.clone())).abort_handle();
        Self { state, key, owner, fence, sure_until, renewing, is_held: true }
    }

    /// Whether nobody else can have it now.
    pub fn is_sure(&self) -> bool {
        Instant::now() < *self.sure_until.lock()
    }

    /// Greater than that of every holder before.
    pub const fn fence(&self) -> u64 {
        self.fence
    }

    /// As a process that is stopped: it renews nothing.
    #[cfg(test)]
    pub(crate) fn stand_still(&self) {
        self.renewing.abort();
    }

    /// Gives it back, and waits until that is done or cannot be.
    pub async fn release(mut self) {
        self.is_held = false;
        self.renewing.abort();
        if let Err(lost) = self.state.unlock(&self.key, self.owner).await {
            tracing::debug!(key = self.key.text(), %lost, "a lock is not given back; it ends by itself");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
        if self.is_held {
            give_back(self.state.clone(), self.key.clone(), self.owner);
        }
    }
}

/// Without waiting; what cannot be given back ends by itself.
fn give_back(state: Arc<dyn State>, key: Key, owner: Owner) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(async move { state.unlock(&key, owner).await.is_ok() });
    }
}

fn sure(asked: Instant, key: &Key) -> Instant {
    asked + key.life() - key.life() / 10
}

async fn renew(state: Arc<dyn State>, key: Key, owner: Owner, sure_until: Arc<Mutex<Instant>>) {
    let mut next = Instant::now() + key.life() / 3;
    loop {
        sleep_until(next).await;
        let asked = Instant::now();
        match state.renew(&key, owner).await {
            Ok(true) => {
                *sure_until.lock() = sure(asked, &key);
                next = asked + key.life() / 3;
            }
            Ok(false) => {
                *sure_until.lock() = asked;
                metrics::counter!("state_locks_lost_total").increment(1);
                tracing::warn!(key = key.text(), "a lock was lost while it was held; nothing more is written under it");
                return;
            }
            // It may be back before the lock has ended.
            Err(_) => next = Instant::now() + key.life() / 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::local::Local;
    use super::*;

    fn key() -> Key {
        Key::day("c", "101", jiff::civil::date(2026, 11, 23))
    }

    fn in_a(time: Duration) -> Instant {
        Instant::now() + time
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_renewed_for_as_long_as_it_is_held_and_then_anothers_at_once() {
        let state: Arc<dyn State> = Arc::new(Local::default());
        let lease = Lease::acquire(&state, key(), in_a(SECOND)).await.unwrap();
        for _ in 0..60 {
            tokio::time::advance(SECOND).await;
            tokio::task::yield_now().await;
            assert!(lease.is_sure());
        }
        assert_eq!(Lease::acquire(&state, key(), in_a(SECOND)).await.unwrap_err(), NoLease::Busy);
        let fence = lease.fence();
        lease.release().await;
        let next = Lease::acquire(&state, key(), Instant::now()).await.unwrap();
        assert!(next.fence() > fence);
        drop(next);
        assert!(Lease::acquire(&state, key(), in_a(SECOND)).await.is_ok(), "dropped, it is given back too");
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_that_was_killed_keeps_others_waiting_for_the_locks_life_and_no_longer() {
        let state: Arc<dyn State> = Arc::new(Local::default());
        state.lock(&key(), Owner::new()).await.unwrap();
        assert_eq!(Lease::acquire(&state, key(), in_a(9 * SECOND)).await.unwrap_err(), NoLease::Busy);
        assert!(Lease::acquire(&state, key(), in_a(2 * SECOND)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_that_another_replaced_is_not_sure_any_more() {
        let local = Local::default();
        let state: Arc<dyn State> = Arc::new(local.clone());
        let lease = Lease::acquire(&state, key(), in_a(SECOND)).await.unwrap();
        // As a state that forgot: its owner is gone and somebody else came.
        assert!(local.unlock(&key(), lease.owner).await.unwrap());
        let other = Lease::acquire(&state, key(), in_a(SECOND)).await.unwrap();
        tokio::time::sleep_until(in_a(4 * SECOND)).await;
        assert!(!lease.is_sure() && other.is_sure());
        drop(lease);
        tokio::task::yield_now().await;
        assert!(local.renew(&key(), other.owner).await.unwrap(), "and gives back nothing of the other's");
    }
}
