//! Redis is killed, frozen and started again under two instances: what needs the lock is refused, all else goes on, and nothing is restarted.

use std::sync::Arc;
use std::time::Duration;

use attendant::state::once::Once;
use attendant::state::{Emrs, Key, Lease, NoLease, Shared, Tended, tend};
use jiff::civil::date;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::redis::Redis;

const PATIENCE: Duration = Duration::from_secs(20);

async fn lease(shared: &Shared) -> Result<Lease, NoLease> {
    Lease::acquire(shared.all(), Key::day("c", "101", date(2026, 11, 23)), Instant::now()).await
}

/// As soon as it can be had.
async fn had(shared: &Shared) -> Lease {
    let had = async {
        loop {
            if let Ok(lease) = lease(shared).await {
                return lease;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, had).await.expect("it is back")
}

/// Until an instance has given a sign of life.
async fn lives(redis: &Redis) {
    while !redis.say("ZCARD attendant:instances").await.contains(":1") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_was_done_meanwhile_is_told_when_it_is_back_and_nothing_is_restarted() {
    let mut redis = Redis::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = folders.each_ref().map(|folder| redis.shared(folder.path()));
    let stop = CancellationToken::new();
    let tended = Tended { clinics: vec!["c".to_owned()], emrs: Emrs::from_iter(["c".to_owned()]) };
    let tending = tokio::spawn(tend(one.clone(), tended, "one".to_owned(), stop.clone()));
    lease(&one).await.unwrap().release().await;
    one.note(&Key::unsettled("c"), "a", "told").await.unwrap();
    timeout(PATIENCE, lives(&redis)).await.expect("it gives a sign of life");

    redis.kill().await;
    let lost = timeout(Duration::from_secs(2), lease(&one)).await.expect("a caller does not wait").unwrap_err();
    assert!(matches!(&lost, NoLease::Lost(lost) if lost.to_string().contains("Redis")), "{lost:?}");
    let key = Key::tool_call("a");
    let Once::New(run) = one.once(&key).await else { panic!("this instance knows that it is new") };
    run.finish("booked").await;
    assert!(
        one.note(&Key::unsettled("c"), "b", "not told").await.is_err(),
        "a note that others do not see does not count"
    );
    assert!(matches!(one.once(&key).await, Once::Known(value) if value == "booked"));

    redis.start_again().await;
    had(&one).await.release().await;
    let told = async {
        // What was not told yet, the other instance would find new.
        while !redis.say("GET attendant:idempotent:a").await.contains("d:")
            || !redis.say("EXISTS attendant:unsettled:c").await.contains(":1")
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, told).await.expect("it is told");
    timeout(PATIENCE, lives(&redis)).await.expect("and gives a sign of life before the next one is due");
    had(&other).await.release().await;
    assert!(matches!(other.once(&key).await, Once::Known(value) if value == "booked"));
    let notes = other.notes(&Key::unsettled("c")).await.unwrap();
    assert_eq!(notes.into_keys().collect::<Vec<_>>(), ["a"], "and it is told again");
    stop.cancel();
    timeout(PATIENCE, tending).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn a_redis_that_stands_still_keeps_nobody_waiting() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let shared = redis.shared(folder.path());
    let held = lease(&shared).await.unwrap();
    redis.freeze();
    let asked = Arc::new(shared.clone());
    let lost = timeout(Duration::from_secs(2), lease(&asked)).await.expect("a caller does not wait");
    assert!(matches!(lost, Err(NoLease::Lost(_))), "{lost:?}");
    assert!(held.is_sure(), "it has not ended yet");
    redis.thaw();
    held.release().await;
    had(&shared).await.release().await;
}

/// A limit of what a caller may do in a day.
const MOST: u64 = 4;

#[tokio::test]
async fn a_limit_counts_what_all_instances_did_and_stays_on_while_redis_is_lost_and_when_it_is_back_empty() {
    let mut redis = Redis::start().await;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = folders.each_ref().map(|folder| redis.shared(folder.path()));
    let key = Key::rate("booked", "a", Duration::from_secs(24 * 3_600), 0);
    assert_eq!((one.count(&key, 3).await, other.count(&key, 1).await), (3, MOST));
    assert_eq!(one.count(&key, 0).await, MOST, "what was done at the other counts");

    redis.kill().await;
    let counted = timeout(Duration::from_secs(2), one.count(&key, 1)).await.expect("a caller does not wait");
    assert_eq!(counted, MOST, "what it did itself it knows, and goes on counting");
    assert_eq!(other.count(&key, 0).await, 1);
    // Also when it is started again meanwhile.
    drop(one);
    let one = redis.shared(folders[0].path());
    assert_eq!(one.count(&key, 0).await, MOST);

    redis.start_again().await;
    had(&one).await.release().await;
    assert_eq!(one.count(&key, 0).await, MOST, "a Redis that forgot it lifts no limit");
    assert_eq!(one.count(&key, 1).await, MOST + 1);
}

#[tokio::test]
async fn a_limit_stays_on_while_redis_stands_still() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let shared = redis.shared(folder.path());
    let key = Key::rate("booked", "a", Duration::from_secs(24 * 3_600), 0);
    assert_eq!(shared.count(&key, MOST).await, MOST);
    redis.freeze();
    let counted = timeout(Duration::from_secs(2), shared.count(&key, 0)).await.expect("a caller does not wait");
    assert_eq!(counted, MOST);
    redis.thaw();
    had(&shared).await.release().await;
    assert_eq!(shared.count(&key, 0).await, MOST);
}
