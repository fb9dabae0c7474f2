//! Two processes on an OSCAR, which refuses nothing, and a Redis that stands still in the middle of their race. One of them is killed in a write and comes
//! again, the other stands still too: when all are back, one is left in each time, and no two were told yes of it.

use std::pin::pin;
use std::time::Duration;

use attendant::clock::elapse;
use attendant::sim::oscar::Fault;
use tokio::time::{Instant, sleep_until};

use super::{Grounds, PATIENCE, all_admitted, judge, not_told, times, wishes};
use crate::desk::comes_within;

/// So soon after everything is back nobody is left on anybody.
const LEFT: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_redis_and_the_processes_are_back_one_is_left_in_each_time_of_oscar_and_no_two_were_told_yes() {
    let grounds = Grounds::open().await;
    let wishes = wishes().into_iter().take(times().len() * 2).collect();
    let wishes = all_admitted(&grounds.house, wishes).await;
    let (mut one, mut other, plan) = grounds.both_asked(&wishes).await;

    // The first write is the other's, and two are under way when Redis stands still; then callers of both processes meet it.
    grounds.house.turn("addAppointment", Fault::Latency(Duration::from_secs(2)), 2);
    let house = &grounds.house;
    let written = |count: usize| comes_within(PATIENCE, move || (house.asked("addAppointment") >= count).then_some(()));
    other.go().await;
    written(1).await;
    one.go().await;
    written(2).await;
    grounds.redis.freeze();
    elapse(Duration::from_millis(600)).await;
    let killed = other.kill().await;
    one.stand_still();
    let (mut other, _) = grounds.start("other", plan.book, not_told(&plan.callers, &killed));
    elapse(Duration::from_secs(1)).await;
    grounds.redis.thaw();
    one.go_on();
    let back = Instant::now();
    other.ready().await;
    other.go().await;

    let mut over = pin!(async { one.over().await.and(other.over().await) });
    let soon = tokio::select! {
        heard = &mut over => Some(heard),
        () = sleep_until(back + LEFT) => None,
    };
    assert_eq!(house.sim.active_overlaps(), [], "nobody is left on anybody");
    let heard = killed.and(match soon {
        Some(heard) => heard,
        None => over.await,
    });
    assert_eq!(house.sim.active_overlaps(), [], "and nobody comes to be");
    let standing = grounds.standing(&wishes);
    judge(&grounds, &heard, &standing, &wishes).await;
    // What was written in the middle of a kill keeps its time from others.
    assert!(standing.len() >= 16, "{} of 20 times are somebody's", standing.len());
}
