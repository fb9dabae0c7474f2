//! How many sessions at once a recogniser carries that works on this machine: one more would make all of them late.
//!
//! A session takes a part of the whole, as large as its language is slow. It waits for it only as long as the session before it in the
//! same call needs to end; then it is refused, and its call goes elsewhere at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// In parts so small that rounding takes no seat of the first thousand.
const WHOLE: u32 = 1_000_000;

/// A call that opens its next session has just dropped the one before: its task ends when it runs next.
const OVERLAP: Duration = Duration::from_millis(100);

/// See the module header. Clones are of the same seats.
#[derive(Clone, Debug)]
pub(crate) struct Seats(Arc<Semaphore>);

/// Given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat(#[expect(dead_code, reason = "held, not used")] OwnedSemaphorePermit);

impl Default for Seats {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WHOLE as usize)))
    }
}

impl Seats {
    /// Further sessions that fit now, of a language of which `carried` fit at once.
    pub(crate) fn free(&self, carried: usize) -> usize {
        self.0.available_permits() / part(carried) as usize
    }

    /// A seat that is free now.
    pub(crate) fn try_take(&self, carried: usize) -> Option<Seat> {
        self.0.clone().try_acquire_many_owned(part(carried)).ok().map(Seat)
    }

    /// `None`: every seat is taken.
    pub(crate) async fn take(&self, carried: usize) -> Option<Seat> {
        let seat = self.0.clone().acquire_many_owned(part(carried));
        timeout(OVERLAP, seat).await.ok()?.ok().map(Seat)
    }
}

/// What one of so many takes.
fn part(carried: usize) -> u32 {
    u32::try_from(carried).map_or(1, |carried| WHOLE / carried.clamp(1, WHOLE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn as_many_as_fit_are_seated_and_a_slow_language_takes_the_place_of_several() {
        let seats = Seats::default();
        for carried in [1, 3, 7, 100, 1_000] {
            assert_eq!(seats.free(carried), carried);
        }
        let mut seated = vec![seats.take(3).await.expect("room"), seats.take(6).await.expect("room")];
        assert_eq!((seats.free(6), seats.free(3), seats.free(2)), (3, 1, 1));
        seated.push(seats.take(2).await.expect("room"));
        assert_eq!(seats.free(6), 0);
        assert!(seats.take(6).await.is_none());
        seated.clear();
        assert_eq!(seats.free(6), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_waits_for_the_one_before_it_to_end() {
        let seats = Seats::default();
        let before = seats.take(1).await.expect("room");
        let (next, ()) = tokio::join!(seats.take(1), async {
            crate::clock::elapse(OVERLAP / 2).await;
            drop(before);
        });
        assert!(next.is_some());
    }
}
