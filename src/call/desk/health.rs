//! Whether calls end well: when several in a row do not, new ones are refused for a while, so that callers reach the clinic's own
//! line instead of another apology.

use std::time::Duration;

use tokio::time::Instant;

use crate::call::timeline::EndReason;

/// So many calls in a row end in failure...
const FAILURES: u32 = 5;
/// ...and for so long none is taken.
const PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Health {
    failures: u32,
    paused_until: Option<Instant>,
}

impl Health {
    pub(super) fn ended(&mut self, reason: EndReason, now: Instant) {
        match reason {
            EndReason::Failed | EndReason::Fault => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    self.paused_until = Some(now + PAUSE);
                    self.failures = 0;
                }
            }
            EndReason::Caller
            | EndReason::Goodbye
            | EndReason::Transferred
            | EndReason::CallerSilent
            | EndReason::MaxDuration
            | EndReason::MediaLost
            | EndReason::Fax
            | EndReason::SignallingLost
            | EndReason::Cancelled
            | EndReason::Drained => self.failures = 0,
        }
    }

    pub(super) fn is_good(&self, now: Instant) -> bool {
        self.paused_until.is_none_or(|until| now >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_pause_for_a_minute() {
        let mut health = Health::default();
        let now = Instant::now();
        for _ in 0..4 {
            health.ended(EndReason::Failed, now);
        }
        health.ended(EndReason::Goodbye, now);
        for _ in 0..4 {
            health.ended(EndReason::Fault, now);
        }
        assert!(health.is_good(now));
        health.ended(EndReason::Failed, now);
        assert!(!health.is_good(now + Duration::from_secs(59)));
        assert!(health.is_good(now + PAUSE));
    }
}
