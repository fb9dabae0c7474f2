//! When a clinic's store is purged: at 03:00 of each day at the clinic, and at the start for the night that was missed.
//!
//! Nights are named by the clinic's day. A 03:00 that its clocks leave out comes when they have passed it; of one that comes twice the first counts. The wall
//! clock is asked, again and again, since it may be set and a machine may sleep.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{PurgeError, Purged, What};

const AT: Time = Time::constant(3, 0, 0, 0);

/// The clock is looked at this often, and a purge that failed is tried again.
const LOOK: Duration = Duration::from_secs(60);

/// What is told that a night has come.
#[async_trait]
pub trait Purger: Send + Sync {
    /// Once however often it is asked for the same night.
    async fn purge(&self, night: Date) -> Result<Purged, PurgeError>;

    /// Looks how long what is still to be done has waited. Asked each minute.
    async fn watch(&self, now: Timestamp);
}

/// The newest night whose hour has come.
pub fn night(now: Timestamp, zone: &TimeZone) -> Date {
    let today = now.to_zoned(zone.clone()).date();
    if due(today, zone) <= now { today } else { today.yesterday().unwrap_or(today) }
}

/// When the purge of this night is due.
pub fn due(night: Date, zone: &TimeZone) -> Timestamp {
    night.to_datetime(AT).to_zoned(zone.clone()).map_or(Timestamp::MAX, |at| at.timestamp())
}

/// After how long whoever waits for the night after this one looks at the clock again.
pub fn next_look(night: Date, now: Timestamp, zone: &TimeZone) -> Duration {
    let next = night.tomorrow().map_or(Timestamp::MAX, |night| due(night, zone));
    Duration::try_from(next.duration_since(now)).unwrap_or_default().min(LOOK)
}

/// Until stopped: every night once, and what could not be done again each minute.
pub async fn run(
    purger: impl Purger,
    zone: TimeZone,
    now: impl Fn() -> Timestamp + Send + Sync,
    stop: CancellationToken,
) {
    let mut done = None;
    let mut told = None;
    loop {
        let tonight = night(now(), &zone);
        if done != Some(tonight) {
            let Some(purged) = stop.run_until_cancelled(purger.purge(tonight)).await else { return };
            match purged {
                Ok(Purged::Done(counts)) => {
                    done = Some(tonight);
                    for (what, count) in &counts.0 {
                        metrics::counter!("retention_purged_total", "what" => what.name()).increment(*count);
                    }
                    tracing::info!(night = %tonight, %counts, "what was past its time is purged");
                    let unfinished = counts.of(What::Unfinished);
                    if unfinished > 0 {
                        tracing::warn!(night = %tonight, unfinished, "messages or requests were past their time that nobody had acknowledged or finished; see `attendant requests` for those that are left");
                    }
                }
                Ok(Purged::Elsewhere) => {}
                Err(error) => {
                    metrics::counter!("retention_failures_total").increment(1);
                    if told != Some(tonight) {
                        tracing::error!(night = %tonight, %error, "what is past its time could not be purged; it is tried again every minute");
                    }
                    told = Some(tonight);
                }
            }
        }
        if stop.run_until_cancelled(purger.watch(now())).await.is_none() {
            return;
        }
        let look = Instant::now() + next_look(tonight, now(), &zone);
        if stop.run_until_cancelled(sleep_until(look)).await.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;
    use jiff::{SignedDuration, ToSpan};
    use parking_lot::Mutex;
    use proptest::prelude::*;

    use super::*;
    use crate::store::StoreError;
    use crate::store::retention::Counts;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn three_in_the_morning_is_the_clinics_also_in_nights_when_its_clocks_change() {
        let toronto = zone("America/Toronto");
        for (day, wanted) in [
            (date(2026, 3, 7), "2026-03-07T08:00:00Z"),
            // From 2:00 to 3:00: the first moment after.
            (date(2026, 3, 8), "2026-03-08T07:00:00Z"),
            (date(2026, 10, 31), "2026-10-31T07:00:00Z"),
            // From 2:00 back to 1:00.
            (date(2026, 11, 1), "2026-11-01T08:00:00Z"),
        ] {
            assert_eq!(due(day, &toronto), at(wanted));
        }
        // 3:00 is left out here, and comes twice here.
        let helsinki = zone("Europe/Helsinki");
        assert_eq!(due(date(2026, 3, 29), &helsinki), at("2026-03-29T01:00:00Z"));
        assert_eq!(due(date(2026, 10, 25), &helsinki), at("2026-10-25T00:00:00Z"));
        assert_eq!(night(at("2026-10-25T01:30:00Z"), &helsinki), date(2026, 10, 25), "the second time it is over");
    }

    proptest! {
        #[test]
        fn every_night_has_its_turn_and_only_after_its_hour(seconds in 0_i64..3 * 366 * 86_400, step in 1_i64..200_000) {
            for name in ["America/Vancouver", "America/St_Johns", "Europe/Helsinki", "Australia/Lord_Howe", "UTC"] {
                let zone = zone(name);
                let now = at("2025-01-01T00:00:00Z") + SignedDuration::from_secs(seconds);
                let tonight = night(now, &zone);
                prop_assert!(due(tonight, &zone) <= now && now < due(tonight.tomorrow().unwrap(), &zone));
                prop_assert!(night(now + SignedDuration::from_secs(step), &zone) >= tonight);
            }
        }
    }

    /// Writes down when it was asked, and fails as often as it is told to.
    #[derive(Clone, Default)]
    struct Book {
        asked: Arc<Mutex<Vec<(Date, Timestamp)>>>,
        answers: Arc<Mutex<Vec<Purged>>>,
        failures: Arc<Mutex<u32>>,
        watched: Arc<Mutex<Vec<Timestamp>>>,
    }

    struct Asked<N> {
        book: Book,
        now: N,
    }

    #[async_trait]
    impl<N: Fn() -> Timestamp + Send + Sync> Purger for Asked<N> {
        async fn purge(&self, night: Date) -> Result<Purged, PurgeError> {
            self.book.asked.lock().push((night, (self.now)()));
            let mut failures = self.book.failures.lock();
            if *failures > 0 {
                *failures -= 1;
                return Err(StoreError::Silent(20).into());
            }
            Ok(self.book.answers.lock().pop().unwrap_or_else(|| Purged::Done(Counts::default())))
        }

        async fn watch(&self, now: Timestamp) {
            self.book.watched.lock().push(now);
        }
    }

    /// Runs for so long from this moment on; when it was asked for which night.
    async fn asked(book: &Book, from: &str, hours: u64) -> Vec<(Date, Timestamp)> {
        let (began, from) = (Instant::now(), at(from));
        let now = move || from + SignedDuration::try_from(began.elapsed()).unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(Asked { book: book.clone(), now }, zone("America/Toronto"), now, stop.clone()));
        sleep_until(began + Duration::from_secs(hours * 3_600)).await;
        stop.cancel();
        running.await.unwrap();
        std::mem::take(&mut *book.asked.lock())
    }

    #[tokio::test(start_paused = true)]
    async fn a_week_with_a_change_of_the_clocks_has_a_purge_each_night_at_three() {
        for from in ["2026-03-05T20:00:00Z", "2026-10-29T20:00:00Z"] {
            let asked = asked(&Book::default(), from, 7 * 24).await;
            let first = asked[0].0;
            assert_eq!(asked[0].1, at(from), "the night before, at the start");
            assert_eq!(asked.len(), 8);
            for (nth, (night, at)) in (0_i64..).zip(&asked) {
                assert_eq!(*night, first.checked_add(nth.days()).unwrap());
                if nth > 0 {
                    assert_eq!(at.to_zoned(zone("America/Toronto")).datetime(), night.to_datetime(AT));
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_was_down_at_three_purges_when_it_starts_and_one_that_starts_before_waits_for_it() {
        let book = Book::default();
        let late = asked(&book, "2026-11-22T08:00:01Z", 2).await;
        assert_eq!(late, [(date(2026, 11, 22), at("2026-11-22T08:00:01Z"))]);
        let early = asked(&book, "2026-11-22T07:59:00Z", 2).await;
        let wanted =
            [(date(2026, 11, 21), at("2026-11-22T07:59:00Z")), (date(2026, 11, 22), at("2026-11-22T08:00:00Z"))];
        assert_eq!(early, wanted);
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_or_another_is_at_is_asked_for_again_every_minute_until_it_is_done() {
        let book = Book::default();
        *book.failures.lock() = 2;
        book.answers.lock().push(Purged::Elsewhere);
        let asked = asked(&book, "2026-11-22T12:00:00Z", 2).await;
        let minutes: Vec<i64> =
            asked.iter().map(|(_, when)| (*when - at("2026-11-22T12:00:00Z")).get_seconds()).collect();
        assert_eq!(minutes, [0, 60, 120, 180]);
        let watched = book.watched.lock();
        assert!(watched.len() >= 120 && (watched[1] - watched[0]).get_seconds() == 60, "each minute");
    }
}
