//! Tells that a clinic's holidays run out, while the server runs: at the start, and each night at 03:00 at the clinic.
//!
//! Only tells ([`Ahead`]): a gauge for alerts, and a line of the log that says what to write.

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::clinic::Clinic;
use crate::clinic::holidays::Ahead;
use crate::store::retention::nightly::{next_look, night};

/// Until stopped. `tell` gets what is known, once a night.
pub(super) async fn run(
    clinic: Clinic,
    now: impl Fn() -> Timestamp + Send + Sync,
    tell: impl Fn(&Clinic, Ahead) + Send + Sync,
    stop: CancellationToken,
) {
    let mut told = None;
    loop {
        let at = now();
        let tonight = night(at, &clinic.zone);
        if told != Some(tonight) {
            tell(&clinic, Ahead::of(&clinic.config, clinic.local(at).date()));
            told = Some(tonight);
        }
        let look = Instant::now() + next_look(tonight, at, &clinic.zone);
        if stop.run_until_cancelled(sleep_until(look)).await.is_none() {
            return;
        }
    }
}

/// For who watches the server.
pub(super) fn tell(clinic: &Clinic, ahead: Ahead) {
    let id = clinic.config.id.as_str();
    metrics::gauge!("clinic_holidays_ahead_days", "clinic" => id.to_owned()).set(f64::from(ahead.days()));
    match (ahead, ahead.warning()) {
        (Ahead::Nothing, Some(warning)) => tracing::error!(clinic = id, "{warning}"),
        (Ahead::Until { .. }, Some(warning)) => tracing::warn!(clinic = id, "{warning}"),
        (Ahead::Nothing | Ahead::Until { .. }, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::SignedDuration;
    use parking_lot::Mutex;

    use super::*;

    /// What was told, and when, of the sample clinic on a server that ran from this moment for so many hours.
    async fn heard(from: &str, hours: u64) -> Vec<(i32, String)> {
        let (began, from) = (Instant::now(), from.parse::<Timestamp>().unwrap());
        let now = move || from + SignedDuration::try_from(began.elapsed()).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let told = heard.clone();
        let tell = move |clinic: &Clinic, ahead: Ahead| {
            told.lock().push((ahead.days(), clinic.local(now()).datetime().to_string()));
        };
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(Clinic::sample(), now, tell, stop.clone()));
        sleep_until(began + Duration::from_secs(hours * 3_600)).await;
        stop.cancel();
        running.await.unwrap();
        std::mem::take(&mut *heard.lock())
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_tells_at_its_start_and_each_night_how_far_ahead_holidays_are_known() {
        let from = "2027-11-10T02:00:00Z";
        let heard = heard(from, 72).await;
        // Whether clocks go back there is for the zone's data to say.
        let start = Clinic::sample().local(from.parse().unwrap()).datetime().to_string();
        let told: Vec<(i32, &str)> = heard.iter().map(|(days, at)| (*days, at.as_str())).collect();
        assert_eq!(
            told,
            [(2, start.as_str()), (1, "2027-11-10T03:00:00"), (0, "2027-11-11T03:00:00"), (0, "2027-11-12T03:00:00"),]
        );
    }

    #[test]
    fn the_gauge_has_the_days_that_are_left() {
        let recorder = crate::telemetry::metrics::recorder();
        let clinic = Clinic::sample();
        metrics::with_local_recorder(&recorder, || {
            tell(&clinic, Ahead::of(&clinic.config, jiff::civil::date(2027, 11, 1)));
        });
        let text = recorder.handle().render();
        assert!(text.contains("clinic_holidays_ahead_days{clinic=\"harbour-street\"} 10\n"), "{text}");
    }
}
