//! How often and how long a book is looked in after a write whose outcome is not known.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::failure::Failure;

/// A server that only lost the connection shows the row at once; a slow one is not asked more than this.
const FIRST: Duration = Duration::from_millis(250);
const LAST: Duration = Duration::from_secs(2);
/// A process that stood still has no time left when it goes on, and must see all the same what came of what it sent.
const LEAST: Duration = Duration::from_secs(1);

/// See the module header. The first look is at once; every other waits.
#[derive(Debug)]
pub(super) struct Looks {
    until: Instant,
    next: Instant,
    pause: Duration,
}

impl Looks {
    pub(super) fn until(until: Instant) -> Self {
        Self { until: until.max(Instant::now() + LEAST), next: Instant::now(), pause: FIRST }
    }

    /// Waits for the next look; `false`: it is over.
    pub(super) async fn again(&mut self) -> bool {
        let now = Instant::now();
        let at = self.next.max(now);
        if at > self.until {
            return false;
        }
        // The runtime's timer counts whole milliseconds, rounded up: what is due already would wait for the next one.
        if at > now {
            sleep_until(at).await;
        }
        self.next = at + self.pause;
        self.pause = (self.pause * 3 / 2).min(LAST);
        true
    }

    /// What is seen; `None`: nothing, or not in time.
    pub(super) async fn see<T>(&self, read: impl Future<Output = Result<T, Failure>>) -> Option<T> {
        timeout_at(self.until, read).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn looks_become_rarer_and_end() {
        let start = Instant::now();
        let mut looks = Looks::until(start + Duration::from_secs(10));
        let mut count = 0;
        while looks.again().await {
            count += 1;
        }
        assert_eq!(count, 9);
        assert!(start.elapsed() <= Duration::from_secs(10));
        let looks = Looks::until(Instant::now() + Duration::from_secs(1));
        assert_eq!(looks.see(std::future::pending::<Result<(), Failure>>()).await, None);
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_look_waits_for_no_tick_of_the_timer() {
        tokio::time::advance(Duration::from_micros(300)).await;
        let start = Instant::now();
        assert!(Looks::until(start + Duration::from_secs(1)).again().await);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_stood_still_until_the_end_looks_for_a_moment_all_the_same() {
        let sent = Instant::now();
        tokio::time::advance(Duration::from_secs(60)).await;
        let mut looks = Looks::until(sent + Duration::from_secs(6));
        assert!(looks.again().await);
        assert_eq!(looks.see(std::future::ready(Ok(1))).await, Some(1));
    }
}
