//! Every fault of the simulator under a booking: what the caller is told, how often it was written, and what stands afterwards.

use std::time::Duration;

use attendant::emr::{EmrError, Refusal};
use attendant::sim::fhir::{Conduct, Fault};
use futures_util::future::join_all;
use jiff::civil::DateTime;

use super::house::House;
use crate::wire::emr_contract::{is_told_as_it_is, tells_the_staff_of_an_unknown_outcome};
use crate::wire::oscar::house::{CHEN, Caller, JANE, MONDAY, NOW, code, held, place, wanted};

fn nine() -> DateTime {
    MONDAY.at(9, 0, 0, 0)
}

const SLOW: Fault = Fault::Latency(Duration::from_millis(700));

#[tokio::test]
async fn a_booking_whose_answer_is_lost_is_found_by_its_identifier_and_never_sent_again() {
    let late = Fault::LateReply(Duration::from_secs(5));
    for fault in [Fault::DropReply, Fault::Reset, Fault::Malformed, Fault::DoneThenServer, late, SLOW] {
        for (conduct, write) in [(Conduct::Blind, "Appointment.create"), (Conduct::Argonaut, "Appointment.book")] {
            let house = House::open(conduct).await;
            house.turn(write, fault, 1);
            let booked = house.adapter().1.book(wanted(CHEN, nine(), JANE)).await;
            assert_eq!(code(&booked), "ok", "{write} {fault}: {booked:?}");
            assert_eq!((house.asked(write), house.active(CHEN, nine(), JANE)), (1, 1), "{write} {fault}");
        }
    }
}

#[tokio::test]
async fn a_booking_that_does_not_show_up_is_unknown_and_its_time_is_nobodys() {
    for fault in [Fault::Hang, Fault::DropRequest, Fault::Html503, Fault::Server] {
        let house = House::open(Conduct::Blind).await;
        let emr = house.adapter().1;
        house.turn("Appointment.create", fault, 1);
        assert_eq!(code(&emr.book(wanted(CHEN, nine(), JANE)).await), "unknown", "{fault}");
        assert_eq!(code(&emr.book(wanted(CHEN, nine(), JANE)).await), "unknown", "{fault}: and it is not sent again");
        assert_eq!(code(&emr.book(wanted(CHEN, nine(), "1003")).await), "refused", "{fault}: nor given to another");
        assert_eq!(house.asked("Appointment.create"), 1, "{fault}");
        // It shows up after all.
        house.sim.desk_books(CHEN, nine(), 15, JANE);
        assert_eq!(code(&emr.book(wanted(CHEN, nine(), JANE)).await), "ok", "{fault}");
        assert_eq!(code(&emr.book(wanted(CHEN, MONDAY.at(9, 15, 0, 0), "1003")).await), "ok", "{fault}");
        assert_eq!(house.asked("Appointment.create"), 2, "{fault}");
    }
}

#[tokio::test]
async fn a_hold_whose_answer_is_lost_is_no_booking_and_is_used_the_next_time() {
    for fault in [Fault::DropReply, Fault::Reset, Fault::Malformed] {
        let house = House::open(Conduct::Argonaut).await;
        let emr = house.adapter().1;
        house.turn("Appointment.hold", fault, 1);
        let booked = emr.book(wanted(CHEN, nine(), JANE)).await;
        assert!(matches!(code(&booked), "unavailable" | "invalid"), "{fault}: {booked:?}");
        assert_eq!((house.asked("Appointment.book"), house.active(CHEN, nine(), JANE)), (0, 0), "{fault}");
        assert_eq!(code(&emr.book(wanted(CHEN, nine(), "1003")).await), "refused", "{fault}: it is held");
        assert_eq!(code(&emr.book(wanted(CHEN, nine(), JANE)).await), "ok", "{fault}");
        assert_eq!((house.asked("Appointment.hold"), house.active(CHEN, nine(), JANE)), (1, 1), "{fault}");
        assert_eq!(house.sim.overlaps(), []);
    }
}

#[tokio::test]
async fn what_is_refused_at_once_is_told_and_nothing_is_looked_for() {
    for (fault, told) in [(Fault::Limited, "unavailable"), (Fault::Expired, "auth"), (Fault::Scope, "forbidden")] {
        let house = House::open(Conduct::Blind).await;
        house.turn("Appointment.create", fault, 1);
        let booked = house.adapter().1.book(wanted(CHEN, nine(), JANE)).await;
        assert_eq!(code(&booked), told, "{fault}: {booked:?}");
        assert_eq!((house.asked("Appointment.create"), house.active(CHEN, nine(), JANE)), (1, 0), "{fault}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_one() {
    let house = House::open(Conduct::Blind).await;
    let emr = house.adapter().1;
    house.turn("Appointment.create", Fault::Limited, 1);
    assert_eq!(code(&emr.book(wanted(CHEN, nine(), JANE)).await), "unavailable");
    let before = house.sim.exchanges().len();
    assert_eq!(
        code(&emr.appointments_for_provider(&attendant::emr::ProviderRef(CHEN.into()), MONDAY).await),
        "unavailable"
    );
    let asked: Vec<_> = house.sim.exchanges().split_off(before).into_iter().map(|one| one.operation).collect();
    assert!(!asked.iter().any(|operation| operation.starts_with("Appointment")), "{asked:?}");
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_found_and_one_that_came_too_late_is_refused() {
    for (fault, told) in [
        (Fault::DropReply, "ok"),
        (Fault::Reset, "ok"),
        (Fault::Malformed, "ok"),
        (Fault::DoneThenServer, "ok"),
        (SLOW, "ok"),
        (Fault::Stale, "refused"),
        (Fault::Hang, "unknown"),
        (Fault::Server, "unknown"),
        (Fault::Scope, "forbidden"),
    ] {
        let house = House::open(Conduct::Blind).await;
        let emr = house.adapter().1;
        let booked = emr.book(wanted(CHEN, nine(), JANE)).await.unwrap();
        house.turn("Appointment.update", fault, 1);
        let cancelled = emr.cancel(held(&booked)).await;
        assert_eq!(code(&cancelled), told, "{fault}: {cancelled:?}");
        assert_eq!(house.active(CHEN, nine(), JANE), usize::from(told != "ok"), "{fault}");
        let again = emr.cancel(held(&booked)).await;
        let then = if told == "unknown" { "unknown" } else { "ok" };
        assert_eq!(code(&again), then, "{fault}: {again:?}");
        assert_eq!(house.asked("Appointment.update"), if matches!(told, "ok" | "unknown") { 1 } else { 2 }, "{fault}");
    }
    for fault in [Fault::DropReply, SLOW] {
        let house = House::open(Conduct::Strict).await;
        let emr = house.adapter().1;
        let booked = emr.book(wanted(CHEN, nine(), JANE)).await.unwrap();
        house.turn("Appointment.update", fault, 1);
        let moved = emr.reschedule(held(&booked), place(CHEN, MONDAY.at(14, 0, 0, 0), 15)).await;
        assert_eq!(code(&moved), "ok", "{fault}: {moved:?}");
        assert_eq!((house.asked("Appointment.update"), house.active(CHEN, nine(), JANE)), (1, 0), "{fault}");
    }
}

#[tokio::test]
async fn an_unknown_outcome_reaches_the_caller_and_the_staff() {
    let house = House::open(Conduct::Blind).await;
    let (clinic, emr) = house.adapter();
    let lose = || house.turn("Appointment.create", Fault::Hang, 1);
    tells_the_staff_of_an_unknown_outcome(Caller::at(clinic, emr, NOW), lose).await;
    assert_eq!(house.asked("Appointment.create"), 1);
}

#[tokio::test]
async fn a_change_that_was_overtaken_is_told_as_such_whatever_status_says_it() {
    for fault in [Fault::Stale, Fault::Overtaken] {
        let house = House::open(Conduct::Strict).await;
        let emr = house.adapter().1;
        let booked = emr.book(wanted(CHEN, nine(), JANE)).await.unwrap();
        let changed = EmrError::Refused(Refusal::Changed);
        house.turn("Appointment.update", fault, 2);
        assert_eq!(emr.cancel(held(&booked)).await, Err(changed.clone()), "{fault}");
        let moved = emr.reschedule(held(&booked), place(CHEN, MONDAY.at(14, 0, 0, 0), 15)).await;
        assert_eq!(moved, Err(changed), "{fault}");
        assert_eq!(emr.cancel(held(&booked)).await, Ok(()), "{fault}");
    }
}

#[tokio::test]
async fn another_chart_than_was_asked_for_is_booked_for_nobody() {
    let house = House::open(Conduct::Blind).await;
    house.turn("Patient.read", Fault::Another, 1);
    assert_eq!(code(&house.adapter().1.book(wanted(CHEN, nine(), JANE)).await), "invalid");
    assert_eq!(house.asked("Appointment.create"), 0);
}

#[tokio::test]
async fn a_hold_that_is_refused_its_booking_is_given_back() {
    let house = House::open(Conduct::Argonaut).await;
    house.turn("Appointment.book", Fault::Scope, 1);
    assert_eq!(code(&house.adapter().1.book(wanted(CHEN, nine(), JANE)).await), "forbidden");
    assert!(house.sim.appointments().iter().all(|row| row.status != "pending"), "{:?}", house.sim.appointments());
    assert_eq!(code(&house.adapter().1.book(wanted(CHEN, nine(), "1003")).await), "ok", "it is anybody's again");
}

#[tokio::test]
async fn who_does_not_know_enough_in_time_writes_nothing() {
    let house = House::open(Conduct::Blind).await;
    // Each is soon enough for itself.
    for operation in ["Schedule.search", "Slot.search", "page"] {
        house.turn(operation, Fault::Latency(Duration::from_millis(2_600)), 1);
    }
    let booked = house.waiting([2_000, 4_000, 4_000]).1.book(wanted(CHEN, nine(), JANE)).await;
    assert_eq!((code(&booked), house.asked("Appointment.create")), ("timeout", 0), "{booked:?}");
}

/// Each fault at each operation of a booking, again and again: told yes means one appointment, told no means none, unknown means at most one.
#[tokio::test]
async fn whatever_fails_wherever_a_booking_is_told_as_it_is() {
    let faults = [
        Fault::DropRequest,
        Fault::DropReply,
        Fault::Reset,
        Fault::Html503,
        Fault::Server,
        Fault::DoneThenServer,
        Fault::Limited,
        Fault::Expired,
        Fault::Scope,
        Fault::Malformed,
        Fault::Another,
    ];
    let reads = [
        "metadata",
        "Patient.read",
        "Schedule.search",
        "Slot.search",
        "page",
        "Appointment.search",
        "Appointment.read",
    ];
    for (conduct, writes) in
        [(Conduct::Blind, &["Appointment.create"][..]), (Conduct::Argonaut, &["Appointment.hold", "Appointment.book"])]
    {
        for operation in reads.iter().chain(writes) {
            // At once: most of it is waiting.
            let all = faults.map(|fault| async move {
                let house = House::open(conduct).await;
                house.turn(operation, fault, 2);
                let booked = house.adapter().1.book(wanted(CHEN, nine(), JANE)).await;
                is_told_as_it_is(&booked, house.active(CHEN, nine(), JANE), &format!("{operation} {fault}"));
                for write in writes {
                    assert!(house.asked(write) <= 1, "{operation} {fault}");
                }
            });
            join_all(all).await;
        }
    }
}
