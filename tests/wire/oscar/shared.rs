//! Two instances that share a Redis, and an OSCAR that refuses nothing: never two appointments in a time, whatever stops, stands still or dies.

use std::collections::BTreeMap;
use std::time::Duration;

use attendant::clock::elapse;
use attendant::emr::oscar::Oscar;
use attendant::emr::{Emr, EmrError, Refusal, identity};
use attendant::sim::oscar::Fault;
use attendant::state::{Key, Owner, Shared};
use futures_util::future::join_all;
use jiff::civil::DateTime;
use tempfile::TempDir;

use super::house::{CHEN, House, MONDAY, code, wanted};
use crate::live::redis::Redis;

/// Charts that take bookings.
const CHARTS: [&str; 8] = ["1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008"];

struct Instance {
    shared: Shared,
    /// As locks name the OSCAR.
    emr: String,
    oscar: Oscar,
    _records: TempDir,
}

impl Instance {
    fn of(house: &House, redis: &Redis) -> Self {
        let records = tempfile::tempdir().expect("a temporary folder");
        let shared = redis.shared(records.path());
        let (clinic, oscar) = house.sharing(&shared);
        Self { shared, emr: identity(&clinic), oscar, _records: records }
    }
}

/// Free quarters of Dr. Chen's Monday.
fn quarters() -> [DateTime; 3] {
    [0, 15, 30].map(|minute| MONDAY.at(9, minute, 0, 0))
}

/// What so many callers were told, who came to two instances in turn, by time and chart.
async fn callers(count: usize, instances: &[Instance; 2]) -> Vec<(DateTime, &'static str, Result<(), EmrError>)> {
    let all = (0..count).map(|n| {
        let (start, chart) = (quarters()[n % 3], CHARTS[n % CHARTS.len()]);
        let oscar = instances[n % 2].oscar.clone();
        tokio::spawn(async move { (start, chart, oscar.book(wanted(CHEN, start, chart)).await.map(drop)) })
    });
    join_all(all).await.into_iter().map(|told| told.expect("no caller breaks down")).collect()
}

/// At most one chart was told yes for a time, and it stands there; nobody wrote in vain.
fn check(house: &House, told: &[(DateTime, &'static str, Result<(), EmrError>)]) -> usize {
    assert_eq!(house.sim.active_overlaps(), [], "nobody stands on anybody");
    let mut owners: BTreeMap<DateTime, &str> = BTreeMap::new();
    for (start, chart, outcome) in told {
        match outcome {
            Ok(()) => {
                assert_eq!(*owners.entry(*start).or_insert(chart), *chart, "two were told yes at {start}");
                assert_eq!(house.active(CHEN, *start, chart), 1);
            }
            Err(EmrError::Refused(Refusal::SlotTaken) | EmrError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(house.asked("addAppointment") <= 3, "between instances that share a lock nobody writes in vain");
    owners.len()
}

#[tokio::test]
async fn many_callers_of_two_instances_get_each_time_once() {
    let (house, redis) = (House::open().await, Redis::start().await);
    let instances = [Instance::of(&house, &redis), Instance::of(&house, &redis)];
    let told = callers(60, &instances).await;
    assert_eq!(check(&house, &told), 3, "and each time goes to somebody");
    assert!(told.iter().all(|(_, _, outcome)| !matches!(outcome, Err(EmrError::Unavailable(_)))), "{told:?}");
}

#[tokio::test]
async fn a_redis_that_is_frozen_or_dies_under_them_costs_bookings_and_no_one_their_time() {
    for dies in [false, true] {
        let (house, mut redis) = (House::open().await, Redis::start().await);
        let instances = [Instance::of(&house, &redis), Instance::of(&house, &redis)];
        // The first write of all meets it.
        house.turn("addAppointment", Fault::Latency(Duration::from_millis(100)), 1);
        let ((), told) = tokio::join!(
            async {
                while house.asked("getDayWorkSchedule") == 0 {
                    tokio::task::yield_now().await;
                }
                if dies {
                    redis.kill().await;
                } else {
                    redis.freeze();
                }
                elapse(Duration::from_millis(600)).await;
                if dies {
                    redis.start_again().await;
                } else {
                    redis.thaw();
                }
            },
            callers(24, &instances)
        );
        check(&house, &told);
        assert!(told.iter().any(|(_, _, outcome)| matches!(outcome, Err(EmrError::Unavailable(_)))), "{told:?}");
        // Back, and nothing was restarted: whatever was left is booked by either instance.
        let again = async {
            loop {
                let told = callers(6, &instances).await;
                if !told.iter().any(|(_, _, outcome)| matches!(outcome, Err(EmrError::Unavailable(_)))) {
                    return told;
                }
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(20), again).await.expect("it is back");
        check(&house, &told);
    }
}

#[tokio::test]
async fn a_holder_that_was_killed_is_waited_for_and_what_it_left_unsettled_binds_the_others() {
    let (house, redis) = (House::open().await, Redis::start().await);
    let [killed, other] = [Instance::of(&house, &redis), Instance::of(&house, &redis)];
    let nine = quarters()[0];
    // Sent, and neither done nor answered; then the instance is gone.
    house.turn("addAppointment", Fault::Hang, 1);
    assert_eq!(code(&killed.oscar.book(wanted(CHEN, nine, "1001")).await), "unknown");
    let lock = Key::day(&killed.emr, CHEN, MONDAY).living(Duration::from_millis(500));
    killed.shared.all().lock(&lock, Owner::new()).await.expect("it answers");
    drop(killed);
    assert_eq!(code(&other.oscar.book(wanted(CHEN, nine, "1002")).await), "refused", "its time is nobody's");
    assert_eq!(code(&other.oscar.book(wanted(CHEN, nine, "1001")).await), "unknown", "and it is not sent again");
    assert_eq!(house.asked("addAppointment"), 1);
    // It shows up after all.
    house.sim.desk_books(CHEN, nine, 15, 1_001);
    assert_eq!(code(&other.oscar.book(wanted(CHEN, nine, "1001")).await), "ok");
    assert_eq!(code(&other.oscar.book(wanted(CHEN, quarters()[1], "1002")).await), "ok");
    assert_eq!(house.asked("addAppointment"), 2);
    assert_eq!(house.sim.active_overlaps(), []);
}

#[tokio::test]
async fn two_clinics_in_one_oscar_exclude_each_other_as_two_instances_do() {
    let (house, shared) = (House::open().await, Shared::default());
    let (one, other) = (house.sharing(&shared).1, house.sharing_as("lakeside", &shared).1);
    let nine = quarters()[0];
    // What one clinic sent may yet be done: its time is nobody's at the other.
    house.turn("addAppointment", Fault::Hang, 1);
    assert_eq!(code(&one.book(wanted(CHEN, nine, "1001")).await), "unknown");
    assert_eq!(code(&other.book(wanted(CHEN, nine, "1002")).await), "refused");
    assert_eq!(house.asked("addAppointment"), 1);
    // Nobody of either writes in vain.
    let (ten, chart) = (quarters()[1], CHARTS);
    let both = (0..8).map(|n| {
        let oscar = if n % 2 == 0 { one.clone() } else { other.clone() };
        async move { oscar.book(wanted(CHEN, ten, chart[n])).await.is_ok() }
    });
    assert_eq!(join_all(both).await.into_iter().filter(|done| *done).count(), 1);
    assert_eq!(house.asked("addAppointment"), 2);
    assert_eq!(house.sim.active_overlaps(), []);
}
