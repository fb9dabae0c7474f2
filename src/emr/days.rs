//! One writer at a time for a day of a provider, among all instances.
//!
//! Not every EMR refuses a double booking, so whoever writes looks before and after, and nobody of ours writes in between. Within a process writers
//! queue, and one of them at a time asks for the lock that all instances share. The front desk is not kept out by this: that is what looking
//! afterwards is for. Where the lock cannot be had, or is not sure any more, nothing is written.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::civil::Date;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout_at};

use super::{EmrError, ProviderRef};
use crate::state::{Key, Lease, NoLease, State};

/// A day on which somebody writes.
type Day = (ProviderRef, Date);

/// A caller waits no longer for others who book the same day: a call gives a tool 20 s in all.
const PATIENCE: Duration = Duration::from_secs(6);

/// Days are forgotten when nobody holds them; looked through when there are more.
const TIDY: usize = 64;

#[derive(Debug)]
pub(super) struct Days {
    emr: String,
    state: Arc<dyn State>,
    queues: Mutex<HashMap<Day, Weak<tokio::sync::Mutex<()>>>>,
}

/// Days that are held. Dropped, they are given back as soon as may be.
#[derive(Debug)]
pub(super) struct Hold {
    // Given back before the next of this process is let go on.
    leases: Vec<Lease>,
    _queues: Vec<OwnedMutexGuard<()>>,
}

impl Hold {
    /// To be asked before every write: who stood still for too long may have lost the day to another.
    pub(super) fn check(&self) -> Result<(), EmrError> {
        if self.leases.iter().all(Lease::is_sure) {
            return Ok(());
        }
        Err(EmrError::Unavailable("the lock on the provider's day is not sure any more; nothing was written".into()))
    }

    pub(super) async fn release(self) {
        for lease in self.leases {
            lease.release().await;
        }
    }
}

impl Days {
    /// Of the EMR of this [`super::identity`].
    pub(super) fn new(emr: &str, state: Arc<dyn State>) -> Self {
        Self { emr: emr.to_owned(), state, queues: Mutex::default() }
    }

    /// Several days are always taken in one order, so that two writers never wait for each other.
    pub(super) async fn hold(&self, mut days: Vec<Day>) -> Result<Hold, EmrError> {
        days.sort();
        days.dedup();
        let until = Instant::now() + PATIENCE;
        let busy =
            || EmrError::Unavailable("too many write in this provider's day at once; nothing was written".into());
        let mut hold = Hold { leases: Vec::new(), _queues: Vec::new() };
        for day in days {
            let queue = timeout_at(until, self.queue(&day).lock_owned()).await.map_err(|_| busy())?;
            hold._queues.push(queue);
            let key = Key::day(&self.emr, &day.0.0, day.1);
            match Lease::acquire(&self.state, key, until).await {
                Ok(lease) => hold.leases.push(lease),
                Err(NoLease::Busy) => return Err(busy()),
                Err(NoLease::Lost(lost)) => {
                    return Err(EmrError::Unavailable(format!("{lost}; nothing was written")));
                }
            }
        }
        Ok(hold)
    }

    fn queue(&self, day: &Day) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = self.queues.lock();
        if let Some(queue) = queues.get(day).and_then(Weak::upgrade) {
            return queue;
        }
        if queues.len() >= TIDY {
            queues.retain(|_, queue| queue.strong_count() > 0);
        }
        let queue = Arc::new(tokio::sync::Mutex::new(()));
        queues.insert(day.clone(), Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::state::Shared;

    fn days() -> Days {
        Days::new("c", Shared::default().all().clone())
    }

    fn day(n: i8) -> Day {
        (ProviderRef("101".into()), date(2026, 3, n))
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_is_held_by_one_and_waited_for_a_while() {
        let days = days();
        let held = days.hold(vec![day(3), day(4), day(3)]).await.unwrap();
        assert_eq!(held.leases.len(), 2);
        assert_eq!(held.check(), Ok(()));
        assert!(days.hold(vec![day(5)]).await.is_ok());
        assert!(matches!(days.hold(vec![day(4)]).await, Err(EmrError::Unavailable(_))));
        held.release().await;
        assert!(days.hold(vec![day(4)]).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn moves_across_two_days_in_both_directions_never_wait_for_each_other() {
        let days = Arc::new(days());
        let moves = (0..20).map(|n| {
            let days = days.clone();
            let both = if n % 2 == 0 { vec![day(3), day(4)] } else { vec![day(4), day(3)] };
            tokio::spawn(async move {
                let held = days.hold(both).await;
                tokio::task::yield_now().await;
                held.is_ok()
            })
        });
        for done in futures_util::future::join_all(moves).await {
            assert!(done.unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_is_held_by_one_instance_and_by_nobody_who_stood_still() {
        let shared = Shared::default();
        let of_instance = || Days::new("c", shared.all().clone());
        let (one, other) = (of_instance(), of_instance());
        let held = one.hold(vec![day(3)]).await.unwrap();
        assert!(matches!(other.hold(vec![day(3)]).await, Err(EmrError::Unavailable(_))));
        assert!(Days::new("d", shared.all().clone()).hold(vec![day(3)]).await.is_ok(), "another EMR's");
        // As if the process had been stopped: nothing was renewed, and the time went by.
        held.leases.iter().for_each(Lease::stand_still);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(matches!(held.check(), Err(EmrError::Unavailable(_))));
        let next = other.hold(vec![day(3)]).await.unwrap();
        held.release().await;
        assert!(matches!(one.hold(vec![day(3)]).await, Err(EmrError::Unavailable(_))), "it is the other's now");
        next.release().await;
    }

    #[tokio::test(start_paused = true)]
    async fn days_that_nobody_holds_are_forgotten() {
        let days = days();
        for n in 0..200_i64 {
            let far = date(2026, 1, 1).saturating_add(jiff::Span::new().days(n));
            days.hold(vec![(ProviderRef("101".into()), far)]).await.unwrap();
        }
        assert!(days.queues.lock().len() <= TIDY);
    }
}
