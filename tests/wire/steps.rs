//! A booking, a move and a cancellation, broken off at every step that they have: each request to the EMR, before it is done and after, and each write to
//! the disk. The process is killed there, the caller hangs up there, or talks over it.
//!
//! Whatever it was: the appointment is where it was or where it was to go, never nowhere and never twice; what the caller was not told, the record or the
//! staff know; and whoever asks again for the same gets the same.

mod after;
mod disk;
mod emrs;
mod process;
mod scene;
mod script;

use attendant::sim::fhir::Conduct;
use attendant::sim::hold::When;

use emrs::Kind;
use scene::{Scene, Verb};

/// A step, counted from the caller's yes.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// The request after so many stands still, done or not.
    Request(usize, When),
    /// So many writes are on the disk, and no more come.
    Written(usize),
    /// The same, and of the last of them a half.
    Torn(usize),
}

/// How many there are when nothing breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    requests: usize,
    writes: usize,
    /// With this one the ledger says what came of it, and the caller is told; others follow.
    ended: usize,
}

async fn steps(kind: Kind, verb: Verb) -> Steps {
    let scene = Scene::set(kind, verb).await;
    let steps = scene.play_through().await;
    assert_eq!(steps.requests > 0, kind != Kind::Book, "{kind:?} {verb:?}: {steps:?}");
    assert!(steps.writes >= 5, "begun, to be told, in the ledger twice, over: {kind:?} {verb:?}: {steps:?}");
    steps
}

async fn a_process_that_is_killed(kind: Kind, verb: Verb) {
    let Steps { requests, writes, .. } = steps(kind, verb).await;
    let requests = (0..requests).flat_map(|n| [Stop::Request(n, When::Arrived), Stop::Request(n, When::Done)]);
    // What a half of a line means for an EMR elsewhere: the rest of what was done there was never done.
    let torn = if kind == Kind::Book { writes } else { 0 };
    let stops = requests.chain((1..=writes).map(Stop::Written)).chain((1..=torn).map(Stop::Torn));
    for stop in stops {
        let what = format!("{kind:?} {verb:?} killed at {stop:?}");
        let (killed, halt) = Scene::set(kind, verb).await.halted(stop, &what).await.killed(stop).await;
        after::killed(killed, halt, &what).await;
    }
}

/// Before the caller has been told.
fn while_it_runs(Steps { requests, ended, .. }: Steps) -> impl Iterator<Item = Stop> {
    (0..requests).map(|n| Stop::Request(n, When::Arrived)).chain((1..ended).map(Stop::Written))
}

async fn a_caller_who_hangs_up(kind: Kind, verb: Verb) {
    for stop in while_it_runs(steps(kind, verb).await) {
        let what = format!("{kind:?} {verb:?} hung up at {stop:?}");
        let scene = Scene::set(kind, verb).await.halted(stop, &what).await.hung_up().await;
        after::hung_up(scene, &what).await;
    }
}

async fn a_caller_who_talks_over_it(kind: Kind, verb: Verb) {
    for stop in while_it_runs(steps(kind, verb).await) {
        let what = format!("{kind:?} {verb:?} interrupted at {stop:?}");
        let (scene, heard) = Scene::set(kind, verb).await.halted(stop, &what).await.interrupted().await;
        after::interrupted(scene, &heard, &what).await;
    }
}

#[tokio::test]
async fn a_booking_in_oscar_that_the_process_was_killed_in_stands_once_or_not_at_all() {
    a_process_that_is_killed(Kind::Oscar, Verb::Book).await;
}

#[tokio::test]
async fn a_move_in_oscar_that_the_process_was_killed_in_is_done_or_not_and_nothing_between() {
    a_process_that_is_killed(Kind::Oscar, Verb::Move).await;
}

#[tokio::test]
async fn a_cancellation_in_oscar_that_the_process_was_killed_in_is_done_or_not() {
    a_process_that_is_killed(Kind::Oscar, Verb::Cancel).await;
}

#[tokio::test]
async fn a_booking_in_fhir_that_the_process_was_killed_in_stands_once_or_not_at_all() {
    a_process_that_is_killed(Kind::Fhir(Conduct::Blind), Verb::Book).await;
}

#[tokio::test]
async fn a_booking_by_hold_and_book_that_the_process_was_killed_in_stands_once_or_not_at_all() {
    a_process_that_is_killed(Kind::Fhir(Conduct::Argonaut), Verb::Book).await;
}

#[tokio::test]
async fn a_move_in_fhir_that_the_process_was_killed_in_is_done_or_not_and_nothing_between() {
    a_process_that_is_killed(Kind::Fhir(Conduct::Blind), Verb::Move).await;
}

#[tokio::test]
async fn a_cancellation_in_fhir_that_the_process_was_killed_in_is_done_or_not() {
    a_process_that_is_killed(Kind::Fhir(Conduct::Blind), Verb::Cancel).await;
}

#[tokio::test]
async fn what_the_process_was_killed_in_is_in_the_book_or_not_wherever_its_files_are_torn() {
    for verb in Verb::ALL {
        a_process_that_is_killed(Kind::Book, verb).await;
    }
}

#[tokio::test]
async fn who_hangs_up_in_the_middle_has_what_they_agreed_to_and_the_staff_know_that_they_were_not_told() {
    for kind in [Kind::Oscar, Kind::Fhir(Conduct::Blind), Kind::Book] {
        for verb in Verb::ALL {
            a_caller_who_hangs_up(kind, verb).await;
        }
    }
}

#[tokio::test]
async fn who_talks_over_it_has_it_done_once_and_is_told_when_they_ask_again() {
    for kind in [Kind::Oscar, Kind::Fhir(Conduct::Blind), Kind::Book] {
        for verb in Verb::ALL {
            a_caller_who_talks_over_it(kind, verb).await;
        }
    }
}

#[tokio::test]
async fn who_hangs_up_between_a_hold_and_its_booking_has_what_they_agreed_to() {
    a_caller_who_hangs_up(Kind::Fhir(Conduct::Argonaut), Verb::Book).await;
}

#[tokio::test]
async fn who_talks_over_a_hold_and_its_booking_has_it_done_once() {
    a_caller_who_talks_over_it(Kind::Fhir(Conduct::Argonaut), Verb::Book).await;
}
