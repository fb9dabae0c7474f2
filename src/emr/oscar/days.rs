//! One writer at a time for a day of a provider, within this process.
//!
//! OSCAR refuses no double booking, so whoever writes looks before and after, and nobody of ours writes in between. Other processes and
//! the front desk are not kept out by this: that is what looking afterwards is for.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::civil::Date;
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::super::{EmrError, ProviderRef};

/// A day on which somebody writes.
type Day = (ProviderRef, Date);

/// A caller waits no longer for others who book the same day: a call gives a tool 20 s in all.
const PATIENCE: Duration = Duration::from_secs(6);

/// Days are forgotten when nobody holds them; looked through when there are more.
const TIDY: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Days(Mutex<HashMap<Day, Weak<tokio::sync::Mutex<()>>>>);

impl Days {
    /// Held until dropped. Several days are always taken in one order, so that two writers never wait for each other.
    pub(super) async fn hold(&self, mut days: Vec<Day>) -> Result<Vec<OwnedMutexGuard<()>>, EmrError> {
        days.sort();
        days.dedup();
        let locks: Vec<_> = days.into_iter().map(|day| self.lock(day)).collect();
        let all = async {
            let mut held = Vec::new();
            for lock in locks {
                held.push(lock.lock_owned().await);
            }
            held
        };
        let late =
            |_| EmrError::Unavailable("too many write in this provider's day at once; nothing was written".into());
        timeout(PATIENCE, all).await.map_err(late)
    }

    fn lock(&self, day: Day) -> Arc<tokio::sync::Mutex<()>> {
        let mut days = self.0.lock();
        if let Some(lock) = days.get(&day).and_then(Weak::upgrade) {
            return lock;
        }
        if days.len() >= TIDY {
            days.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(tokio::sync::Mutex::new(()));
        days.insert(day, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn day(n: i8) -> Day {
        (ProviderRef("101".into()), date(2026, 3, n))
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_is_held_by_one_and_waited_for_a_while() {
        let days = Days::default();
        let held = days.hold(vec![day(3), day(4), day(3)]).await.unwrap();
        assert_eq!(held.len(), 2);
        assert!(days.hold(vec![day(5)]).await.is_ok());
        assert!(matches!(days.hold(vec![day(4)]).await, Err(EmrError::Unavailable(_))));
        drop(held);
        assert!(days.hold(vec![day(4)]).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn moves_across_two_days_in_both_directions_never_wait_for_each_other() {
        let days = Arc::new(Days::default());
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
    async fn days_that_nobody_holds_are_forgotten() {
        let days = Days::default();
        for n in 0..200_i64 {
            let far = date(2026, 1, 1).saturating_add(jiff::Span::new().days(n));
            days.hold(vec![(ProviderRef("101".into()), far)]).await.unwrap();
        }
        assert!(days.0.lock().len() <= TIDY);
    }
}
