//! Several who want the same time: within one process, in several, and the front desk among them.

use std::collections::BTreeMap;
use std::sync::Arc;

use attendant::emr::oscar::Oscar;
use attendant::emr::{Emr, EmrError, Refusal};
use attendant::sim::oscar::{Fault, Knob};
use jiff::civil::DateTime;

use super::house::{CHEN, House, MONDAY, quarters, race as ask, wanted};
use crate::wire::emr_contract as contract;

/// Charts that take bookings.
const CHARTS: [&str; 8] = ["1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008"];

/// So many callers, each of a chart, for few times, through these adapters in turn. Tells who was told yes.
async fn race(house: &House, oscars: &[Oscar], callers: usize) -> BTreeMap<(DateTime, &'static str), usize> {
    let emrs: Vec<Arc<dyn Emr>> = oscars.iter().map(|oscar| Arc::new(oscar.clone()) as Arc<dyn Emr>).collect();
    let told = ask(&emrs, &CHARTS, callers).await;
    assert_eq!(house.sim.active_overlaps(), [], "nobody stands on anybody");
    for start in quarters() {
        for (_, chart) in told.keys().filter(|(at, _)| *at == start) {
            assert_eq!(house.active(CHEN, start, chart), 1, "told yes, and it stands once");
        }
        let rows = house.sim.appointments(CHEN, start.date());
        let standing = rows.iter().filter(|row| row.is_active() && row.start == start.time()).count();
        assert!(standing <= 1);
    }
    told
}

#[tokio::test]
async fn many_callers_of_one_process_get_each_time_once() {
    let house = House::open().await;
    let told = race(&house, &[house.adapter().1], 60).await;
    let starts: Vec<_> = told.keys().map(|(start, _)| *start).collect();
    assert_eq!(starts, quarters(), "and each time goes to somebody");
    assert_eq!(house.asked("addAppointment"), 3, "within a process nobody writes in vain");
}

#[tokio::test]
async fn callers_of_several_processes_are_never_both_told_yes() {
    for _ in 0..5 {
        let house = House::open().await;
        let oscars: Vec<Oscar> = (0..6).map(|_| house.adapter().1).collect();
        race(&house, &oscars, 24).await;
    }
}

#[tokio::test]
async fn a_rival_of_the_front_desk_who_was_first_keeps_the_time() {
    let house = House::open().await;
    let oscar = house.adapter().1;
    let start = MONDAY.at(9, 0, 0, 0);
    house.turn("addAppointment", Fault::Rival, 1);
    let booked = oscar.book(wanted(CHEN, start, "1001")).await;
    assert_eq!(booked.unwrap_err(), EmrError::Refused(Refusal::SlotTaken));
    assert_eq!(house.active(CHEN, start, "1001"), 0, "ours was taken back");
    assert_eq!(house.sim.active_overlaps(), []);
    // Ours is in the book as cancelled, with all its fields.
    let rows = house.sim.appointments(CHEN, MONDAY);
    let ours = rows.iter().find(|row| row.patient == 1001).unwrap();
    assert_eq!((ours.status(), ours.texts["name"].as_str()), (Some("C"), "ROE, Jane"));
}

#[tokio::test]
async fn a_rival_of_the_front_desk_who_came_second_takes_nothing_back() {
    let house = House::open().await;
    let start = MONDAY.at(9, 0, 0, 0);
    house.turn("addAppointment", Fault::RivalAfter, 1);
    assert!(house.adapter().1.book(wanted(CHEN, start, "1001")).await.is_ok());
    assert_eq!(house.active(CHEN, start, "1001"), 1);
}

#[tokio::test]
async fn a_move_onto_a_rival_is_moved_back() {
    for fault in [Fault::Rival, Fault::RivalAfter] {
        let house = House::open().await;
        let active = |provider: &str, start, patient: &str| house.active(provider, start, patient);
        let rival = || house.turn("updateAppointment", fault, 1);
        contract::moves_back_from_a_rival(&house.adapter().1, rival, active).await;
        assert_eq!(house.sim.active_overlaps(), []);
    }
}

#[tokio::test]
async fn a_move_back_that_was_lost_is_not_told_as_done() {
    for fault in [Fault::DropRequest, Fault::Hang] {
        let house = House::open().await;
        let lose = || {
            house.turn("updateAppointment", Fault::RivalAfter, 1);
            house.sim.turn(Knob::times("updateAppointment", fault, 1).after(1)).unwrap();
        };
        contract::knows_no_move_back_that_was_lost(&house.adapter().1, lose).await;
    }
}

#[tokio::test]
async fn two_who_move_to_one_time_are_never_both_told_yes() {
    let house = House::open().await;
    let (one, other) = (house.adapter().1, house.adapter().1);
    contract::moves_one_of_two_to_a_time(Arc::new(one), Arc::new(other)).await;
    assert_eq!(house.sim.active_overlaps(), []);
}
