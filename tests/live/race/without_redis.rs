//! Two processes on an OSCAR, which refuses nothing, and a Redis that stands still in the middle of their race, or dies and comes back empty. One of them is
//! killed in a write and comes again, the other stands still too: when all are back, one is left in each time, and no two were told yes of it.

use std::pin::pin;
use std::time::Duration;

use attendant::clock::elapse;
use attendant::sim::oscar::Fault;
use tokio::time::{Instant, sleep_until};

use super::started::Started;
use super::{Grounds, PATIENCE, all_admitted, judge, not_told, times, wishes};
use crate::desk::comes_within;

/// So soon after everything is back nobody is left on anybody.
const LEFT: Duration = Duration::from_secs(15);

/// What becomes of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    StandsStill,
    /// It has no file.
    ComesBackEmpty,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_redis_and_the_processes_are_back_one_is_left_in_each_time_of_oscar_and_no_two_were_told_yes() {
    race_over_a_redis_that(Fate::StandsStill).await;
}

/// Locks and notes are gone with it: the time that the killed process wrote in is free to the other until OSCAR has done what was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_redis_comes_back_empty_one_is_left_in_each_time_of_oscar_and_no_two_were_told_yes() {
    race_over_a_redis_that(Fate::ComesBackEmpty).await;
}

async fn race_over_a_redis_that(fate: Fate) {
    let mut grounds = Grounds::open().await;
    let wishes = wishes().into_iter().take(times().len() * 2).collect();
    let wishes = all_admitted(&grounds.house, wishes).await;
    let (mut one, mut other, plan) = grounds.both_asked(&wishes).await;

    // The first write is the other's, and two are under way when Redis stands still; then callers of both processes meet it.
    grounds.house.turn("addAppointment", Fault::Latency(Duration::from_secs(2)), 2);
    written(&grounds, 1, &mut other).await;
    written(&grounds, 2, &mut one).await;
    match fate {
        Fate::StandsStill => grounds.redis.freeze(),
        Fate::ComesBackEmpty => grounds.redis.kill().await,
    }
    elapse(Duration::from_millis(600)).await;
    let killed = other.kill().await;
    one.stand_still();
    let (mut other, _) = grounds.start("other", plan.book, not_told(&plan.callers, &killed));
    elapse(Duration::from_secs(1)).await;
    match fate {
        Fate::StandsStill => grounds.redis.thaw(),
        Fate::ComesBackEmpty => grounds.redis.start_again().await,
    }
    one.go_on();
    let back = Instant::now();
    other.ready().await;
    other.go().await;

    let house = &grounds.house;
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

/// Gives a process the word, and returns when so many appointments were sent in all.
async fn written(grounds: &Grounds, count: usize, by: &mut Started) {
    by.go().await;
    comes_within(PATIENCE, || (grounds.house.asked("addAppointment") >= count).then_some(())).await;
}
