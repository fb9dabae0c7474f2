//! Every fault of the simulator under a booking: what the caller is told, how often it was written, and what stands afterwards.

use std::time::Duration;

use attendant::emr::Emr;
use attendant::sim::oscar::{Dialect, Fault, Knob};
use jiff::civil::DateTime;

use super::house::{CHEN, Caller, House, JANE, MONDAY, SINGH, code, held, place, wanted};
use crate::wire::emr_contract::{is_told_as_it_is, tells_the_staff_of_an_unknown_outcome};

fn nine() -> DateTime {
    MONDAY.at(9, 0, 0, 0)
}

#[tokio::test]
async fn a_booking_whose_answer_is_lost_is_found_and_never_sent_again() {
    for fault in [Fault::DropReply, Fault::Reset, Fault::Malformed] {
        let house = House::open().await;
        house.turn("addAppointment", fault, 1);
        let booked = house.adapter().1.book(wanted(CHEN, nine(), JANE)).await;
        assert_eq!(code(&booked), "ok", "{fault}: {booked:?}");
        assert_eq!((house.asked("addAppointment"), house.active(CHEN, nine(), JANE)), (1, 1), "{fault}");
    }
}

#[tokio::test]
async fn a_server_slower_than_a_caller_waits_books_once() {
    let slow = [Fault::Latency(Duration::from_millis(700)), Fault::LateReply(Duration::from_secs(5))];
    for fault in slow {
        let house = House::open().await;
        house.turn("addAppointment", fault, 1);
        let booked = house.adapter().1.book(wanted(CHEN, nine(), JANE)).await;
        assert_eq!(code(&booked), "ok", "{fault}: {booked:?}");
        assert_eq!((house.asked("addAppointment"), house.active(CHEN, nine(), JANE)), (1, 1), "{fault}");
    }
    // Slower even than it is looked for: unknown, kept from others, and found when it has come.
    let house = House::open().await;
    let oscar = house.adapter().1;
    house.turn("addAppointment", Fault::Latency(Duration::from_secs(3)), 1);
    assert_eq!(code(&oscar.book(wanted(CHEN, nine(), JANE)).await), "unknown");
    assert_eq!(code(&oscar.book(wanted(CHEN, nine(), "1002")).await), "refused");
    let found = async {
        while code(&oscar.book(wanted(CHEN, nine(), JANE)).await) != "ok" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.unwrap();
    assert_eq!((house.asked("addAppointment"), house.active(CHEN, nine(), JANE)), (1, 1));
    assert_eq!(house.sim.active_overlaps(), []);
}

#[tokio::test]
async fn a_booking_that_may_come_yet_is_unknown_and_its_time_is_given_to_nobody() {
    for fault in [Fault::Hang, Fault::DropRequest, Fault::Html503] {
        let house = House::open().await;
        let oscar = house.adapter().1;
        house.turn("addAppointment", fault, 1);
        assert_eq!(code(&oscar.book(wanted(CHEN, nine(), JANE)).await), "unknown", "{fault}");
        // Asked again, by her or by another: nothing is sent.
        assert_eq!(code(&oscar.book(wanted(CHEN, nine(), JANE)).await), "unknown", "{fault}");
        assert_eq!(code(&oscar.book(wanted(CHEN, nine(), "1002")).await), "refused", "{fault}");
        assert_eq!(house.asked("addAppointment"), 1, "{fault}");
        // It shows up after all.
        house.sim.desk_books(CHEN, nine(), 15, 1_001);
        assert_eq!(code(&oscar.book(wanted(CHEN, nine(), JANE)).await), "ok", "{fault}");
        assert_eq!(house.asked("addAppointment"), 1, "{fault}");
        // Others are booked on.
        assert_eq!(code(&oscar.book(wanted(CHEN, MONDAY.at(9, 15, 0, 0), "1002")).await), "ok", "{fault}");
    }
}

#[tokio::test]
async fn what_was_refused_is_told_at_once_and_nothing_stands() {
    for (fault, told) in [(Fault::Html403, "forbidden"), (Fault::Server, "invalid"), (Fault::Expired, "auth")] {
        let house = House::open().await;
        let oscar = house.adapter().1;
        house.sim.turn(Knob::always("addAppointment", fault)).unwrap();
        if fault == Fault::Expired {
            house.sim.turn(Knob::always("login2", fault)).unwrap();
            assert_eq!(code(&oscar.book(wanted(CHEN, nine(), JANE)).await), told);
            continue;
        }
        assert_eq!(code(&oscar.book(wanted(CHEN, nine(), JANE)).await), told, "{fault}");
        assert_eq!((house.asked("addAppointment"), house.active(CHEN, nine(), JANE)), (1, 0), "{fault}");
        // Mended: the same wish may be sent, for it is known that it was not written.
        house.sim.mend();
        assert_eq!(code(&oscar.book(wanted(CHEN, nine(), JANE)).await), "ok", "{fault}");
    }
}

#[tokio::test]
async fn reads_that_fail_write_nothing() {
    for (operation, fault, told) in [
        ("getDemographic", Fault::Role, "forbidden"),
        ("getDemographic", Fault::Hang, "timeout"),
        ("getDayWorkSchedule", Fault::Malformed, "invalid"),
        ("getAppointmentsForDateRangeAndProvider2", Fault::Html503, "unavailable"),
        ("getAppointmentsForDateRangeAndProvider2", Fault::DropReply, "unavailable"),
        ("login2", Fault::Hang, "timeout"),
        ("login2", Fault::Expired, "auth"),
    ] {
        let house = House::open().await;
        house.sim.turn(Knob::always(operation, fault)).unwrap();
        let booked = house.adapter().1.book(wanted(CHEN, nine(), JANE)).await;
        assert_eq!(code(&booked), told, "{operation} {fault}: {booked:?}");
        assert_eq!(house.asked("addAppointment"), 0, "{operation} {fault}");
    }
}

#[tokio::test]
async fn looks_that_fail_after_a_write_are_taken_again() {
    let house = House::open().await;
    let oscar = house.adapter().1;
    for fault in [Fault::Html503, Fault::Malformed, Fault::DropReply] {
        house.turn("getAppointment2", fault, 1);
    }
    assert_eq!(code(&oscar.book(wanted(CHEN, nine(), JANE)).await), "ok");
    assert_eq!((house.asked("addAppointment"), house.active(CHEN, nine(), JANE)), (1, 1));
    // Never again readable: written, and nobody can say whether it stands alone.
    house.sim.turn(Knob::always("getAppointment2", Fault::Malformed)).unwrap();
    assert_eq!(code(&oscar.book(wanted(CHEN, MONDAY.at(9, 15, 0, 0), JANE)).await), "unknown");
    assert_eq!(house.asked("addAppointment"), 2);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_found_and_never_sent_again() {
    for fault in [Fault::DropReply, Fault::Reset, Fault::Malformed] {
        let house = House::open().await;
        let oscar = house.adapter().1;
        let booked = oscar.book(wanted(CHEN, nine(), JANE)).await.unwrap();
        house.turn("updateAppointment", fault, 1);
        let moved = oscar.reschedule(held(&booked), place(SINGH, MONDAY.at(14, 30, 0, 0), 15)).await;
        assert_eq!(code(&moved), "ok", "{fault}: {moved:?}");
        assert_eq!(house.asked("updateAppointment"), 1, "{fault}");
        house.turn("updateAppointment", fault, 1);
        let cancelled = oscar.cancel(held(&moved.unwrap())).await;
        assert_eq!(code(&cancelled), "ok", "{fault}: {cancelled:?}");
        assert_eq!(house.asked("updateAppointment"), 2, "{fault}");
        assert_eq!(house.active(SINGH, MONDAY.at(14, 30, 0, 0), JANE), 0, "{fault}");
    }
}

#[tokio::test]
async fn a_change_that_may_come_yet_is_unknown_and_no_other_is_sent_meanwhile() {
    let house = House::open().await;
    let oscar = house.adapter().1;
    let booked = oscar.book(wanted(CHEN, nine(), JANE)).await.unwrap();
    house.turn("updateAppointment", Fault::Hang, 1);
    let to = || place(SINGH, MONDAY.at(14, 30, 0, 0), 15);
    assert_eq!(code(&oscar.reschedule(held(&booked), to()).await), "unknown");
    assert_eq!(code(&oscar.reschedule(held(&booked), to()).await), "unknown");
    assert_eq!(code(&oscar.cancel(held(&booked)).await), "unknown");
    assert_eq!(code(&oscar.book(wanted(SINGH, MONDAY.at(14, 30, 0, 0), "1002")).await), "refused");
    assert_eq!(house.asked("updateAppointment"), 1);
    assert_eq!(house.active(CHEN, nine(), JANE), 1);
}

#[tokio::test]
async fn a_server_that_was_started_again_costs_one_login_even_within_a_write() {
    for dialect in [Dialect::Mcmaster, Dialect::Openo] {
        let house = House::with(dialect, None).await;
        let oscar = house.adapter().1;
        let booked = oscar.book(wanted(CHEN, nine(), JANE)).await.unwrap();
        house.sim.restart();
        assert_eq!(code(&oscar.cancel(held(&booked)).await), "ok", "{dialect}");
        assert_eq!(house.asked("login2"), 2, "{dialect}");
    }
}

#[tokio::test]
async fn an_unknown_outcome_reaches_the_caller_and_the_staff_and_no_name_leaves() {
    let house = House::open().await;
    let lose = || house.turn("addAppointment", Fault::Hang, 1);
    tells_the_staff_of_an_unknown_outcome(Caller::new(&house), lose).await;
    assert_eq!(house.asked("addAppointment"), 1);
}

/// Each fault at each operation of a booking, again and again: told yes means one row, told no means none, unknown means at most one.
#[tokio::test]
async fn whatever_fails_wherever_a_booking_is_told_as_it_is() {
    let operations = [
        "login2",
        "getDemographic",
        "getDayWorkSchedule",
        "getAppointmentsForDateRangeAndProvider2",
        "addAppointment",
        "getAppointment2",
    ];
    let faults = [
        Fault::DropRequest,
        Fault::DropReply,
        Fault::Reset,
        Fault::Html403,
        Fault::Html503,
        Fault::Malformed,
        Fault::Server,
        Fault::Role,
    ];
    let all = operations.iter().flat_map(|operation| faults.iter().map(move |fault| (*operation, *fault)));
    for (operation, fault) in all {
        let house = House::open().await;
        house.turn(operation, fault, 2);
        let booked = house.adapter().1.book(wanted(CHEN, nine(), JANE)).await;
        is_told_as_it_is(&booked, house.active(CHEN, nine(), JANE), &format!("{operation} {fault}"));
        assert!(house.asked("addAppointment") <= 1, "{operation} {fault}");
    }
}
