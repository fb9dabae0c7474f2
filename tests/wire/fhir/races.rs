//! Several who want the same time: within one process, in several, and the front desk among them.

use std::collections::BTreeMap;
use std::sync::Arc;

use attendant::emr::{Emr, EmrError, Refusal};
use attendant::sim::fhir::{Conduct, Fault, Knob};
use jiff::civil::DateTime;

use super::house::{ALL, House};
use crate::wire::emr_contract as contract;
use crate::wire::oscar::house::{CHEN, code, quarters, race as ask, wanted};

/// One of each wish, in as many as there are callers of several processes: those of one wish need the lock that instances share.
const CHARTS: [&str; 5] = ["1001", "1003", "1004", "1005", "1006"];

/// What a busy machine needs: connecting, answering, looking.
const PATIENT: [u64; 3] = [4_000, 4_000, 8_000];

/// So many callers, each of a chart, for few times, through these adapters in turn. Tells who was told yes.
async fn race(house: &House, emrs: &[Arc<dyn Emr>], callers: usize) -> BTreeMap<(DateTime, &'static str), usize> {
    let told = ask(emrs, &CHARTS, callers).await;
    assert_eq!(house.sim.overlaps(), [], "nobody stands on anybody");
    for (start, chart) in told.keys() {
        assert_eq!(house.active(CHEN, *start, chart), 1, "told yes, and it stands once");
    }
    told
}

#[tokio::test]
async fn many_callers_of_one_process_get_each_time_once() {
    for conduct in ALL {
        let house = House::open(conduct).await;
        let told = race(&house, &[house.waiting(PATIENT).1], 30).await;
        let starts: Vec<_> = told.keys().map(|(start, _)| *start).collect();
        assert_eq!(starts, quarters(), "{conduct:?}: and each time goes to somebody");
        let writes = house.asked("Appointment.create") + house.asked("Appointment.book");
        assert_eq!(writes, 3, "{conduct:?}: within a process nobody writes in vain");
    }
}

#[tokio::test]
async fn callers_of_several_processes_are_never_both_told_yes() {
    for conduct in ALL {
        let house = House::open(conduct).await;
        let emrs: Vec<Arc<dyn Emr>> = (0..4).map(|_| house.waiting(PATIENT).1).collect();
        race(&house, &emrs, 12).await;
    }
}

#[tokio::test]
async fn a_rival_of_the_front_desk_keeps_the_time_whether_it_was_first_or_not() {
    for (conduct, write) in [
        (Conduct::Blind, "Appointment.create"),
        (Conduct::Strict, "Appointment.create"),
        (Conduct::Argonaut, "Appointment.hold"),
    ] {
        for fault in [Fault::Rival, Fault::RivalAfter] {
            let house = House::open(conduct).await;
            house.turn(write, fault, 1);
            let booked = house.waiting(PATIENT).1.book(wanted(CHEN, quarters()[0], "1001")).await;
            assert_eq!(booked.unwrap_err(), EmrError::Refused(Refusal::SlotTaken), "{conduct:?} {fault}");
            assert_eq!(house.active(CHEN, quarters()[0], "1001"), 0, "{conduct:?} {fault}: ours was taken back");
            assert_eq!(house.active(CHEN, quarters()[0], "1012"), 1, "{conduct:?} {fault}");
            assert_eq!(house.sim.overlaps(), []);
        }
    }
}

#[tokio::test]
async fn a_move_onto_a_rival_is_moved_back() {
    for fault in [Fault::Rival, Fault::RivalAfter] {
        let house = House::open(Conduct::Blind).await;
        let active = |provider: &str, start, patient: &str| house.active(provider, start, patient);
        let rival = || house.turn("Appointment.update", fault, 1);
        contract::moves_back_from_a_rival(house.waiting(PATIENT).1.as_ref(), rival, active).await;
        assert_eq!(house.sim.overlaps(), []);
    }
}

#[tokio::test]
async fn a_move_back_that_was_lost_is_not_told_as_done() {
    for fault in [Fault::DropRequest, Fault::Server, Fault::Stale, Fault::Overtaken] {
        let house = House::open(Conduct::Blind).await;
        let lose = || {
            house.turn("Appointment.update", Fault::RivalAfter, 1);
            house.sim.turn(Knob::times("Appointment.update", fault, 1).after(1)).unwrap();
        };
        contract::knows_no_move_back_that_was_lost(house.adapter().1.as_ref(), lose).await;
    }
}

#[tokio::test]
async fn what_the_desk_made_for_the_same_patient_is_not_taken_back() {
    let house = House::open(Conduct::Blind).await;
    let emr = house.adapter().1;
    let start = quarters()[0];
    // Hers and a rival's, both by the desk; and ours is lost.
    for fault in [Fault::Twin, Fault::Rival, Fault::Server] {
        house.turn("Appointment.create", fault, 1);
    }
    let booked = emr.book(wanted(CHEN, start, "1001")).await;
    assert_eq!(code(&booked), "unknown", "{booked:?}");
    assert_eq!((house.active(CHEN, start, "1001"), house.asked("Appointment.update")), (1, 0), "it is the desk's");
}

#[tokio::test]
async fn two_who_move_to_one_time_are_never_both_told_yes() {
    let house = House::open(Conduct::Blind).await;
    contract::moves_one_of_two_to_a_time(house.waiting(PATIENT).1, house.waiting(PATIENT).1).await;
    assert_eq!(house.sim.overlaps(), []);
}
