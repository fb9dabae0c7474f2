//! Whether calls are served: when several in a row are not, new ones are refused for a while, so that callers reach the clinic's own
//! line instead of another apology. A call in which nothing was asked says nothing about the next one.

use std::time::Duration;

use tokio::time::Instant;

use crate::call::machine::Service;
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
    pub(super) fn ended(&mut self, reason: EndReason, service: Service, now: Instant) {
        let service = match reason {
            // Its own code could not go on, whatever it had said before.
            EndReason::Failed | EndReason::Fault => Service::Failed,
            EndReason::Caller
            | EndReason::Goodbye
            | EndReason::Transferred
            | EndReason::CallerSilent
            | EndReason::MaxDuration
            | EndReason::MediaLost
            | EndReason::Fax
            | EndReason::SignallingLost
            | EndReason::Cancelled
            | EndReason::Drained => service,
        };
        match service {
            Service::Failed | Service::AskedAgain => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    self.paused_until = Some(now + PAUSE);
                    tracing::error!(
                        calls = FAILURES,
                        seconds = PAUSE.as_secs(),
                        "calls in a row were not served: new ones are refused for a while; the lines before say which provider failed"
                    );
                    self.failures = 0;
                }
            }
            Service::Served => self.failures = 0,
            Service::Unproven => {}
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
            health.ended(EndReason::Failed, Service::Failed, now);
        }
        health.ended(EndReason::Goodbye, Service::Served, now);
        for _ in 0..4 {
            health.ended(EndReason::Fault, Service::Served, now);
        }
        assert!(health.is_good(now));
        health.ended(EndReason::Failed, Service::Unproven, now);
        assert!(!health.is_good(now + Duration::from_secs(59)));
        assert!(health.is_good(now + PAUSE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_failed_is_a_failure_whoever_ended_it_and_one_that_asked_nothing_is_neither() {
        let mut health = Health::default();
        let now = Instant::now();
        for (reason, service) in [
            (EndReason::Caller, Service::Failed),
            (EndReason::Transferred, Service::Failed),
            (EndReason::Caller, Service::Unproven),
            (EndReason::Caller, Service::AskedAgain),
            (EndReason::Cancelled, Service::Unproven),
            (EndReason::CallerSilent, Service::Failed),
        ] {
            health.ended(reason, service, now);
        }
        assert!(health.is_good(now));
        health.ended(EndReason::SignallingLost, Service::Failed, now);
        assert!(!health.is_good(now));
    }
}
