//! How long it may take to learn what must be known before a write.
//!
//! A caller waits for a tool 20 s in all. Everything that is asked first (the provider's day, what is unsettled, what stands there) has one
//! deadline together, however many requests it is; who does not know by then sends nothing.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::EmrError;

/// Milliseconds, of the 18,000 that a write has (`server::wrong_times`).
pub(super) const BEFORE_MS: u64 = 6_000;

/// What is asked from now on is to be known by then.
pub(super) fn ready_by() -> Instant {
    Instant::now() + Duration::from_millis(BEFORE_MS)
}

/// What is learnt by then; nothing has been written if it is an error.
pub(super) async fn in_time<T>(
    until: Instant,
    asking: impl Future<Output = Result<T, EmrError>>,
) -> Result<T, EmrError> {
    timeout_at(until, asking).await.unwrap_or_else(|_| Err(late()))
}

/// Asked just before a write.
pub(super) fn still_in_time(until: Instant) -> Result<(), EmrError> {
    if Instant::now() < until { Ok(()) } else { Err(late()) }
}

fn late() -> EmrError {
    EmrError::Timeout(format!("not all was known within {BEFORE_MS} ms; nothing was written"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_slow_answers_have_one_deadline_together() {
        let start = Instant::now();
        let until = ready_by();
        let slow = async {
            for _ in 0..20 {
                tokio::time::sleep_until(Instant::now() + Duration::from_secs(4)).await;
            }
            Ok(())
        };
        assert!(matches!(in_time(until, slow).await, Err(EmrError::Timeout(_))));
        assert_eq!(start.elapsed(), Duration::from_millis(BEFORE_MS));
        assert_eq!(in_time(until, async { Ok(7) }).await, Ok(7), "what is known at once is known");
    }
}
