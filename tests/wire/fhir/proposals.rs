//! A server that proposes times with `$find` and has no slots to search: what is proposed is free, and nothing else is known.

use attendant::agent::tools::ToolName;
use attendant::emr::{EmrError, NewAppointment, ProviderRef, Refusal};
use attendant::sim::fhir::{Conduct, Fault};
use jiff::ToSpan;
use jiff::civil::{DateTime, date};
use serde_json::json;

use super::house::House;
use crate::wire::emr_contract as contract;
use crate::wire::oscar::house::{CHEN, Caller, JANE, MONDAY, NOW, SINGH, code, held, place, wanted};

const PATIENT: [u64; 3] = [2_000, 4_000, 4_000];

fn nine() -> DateTime {
    MONDAY.at(9, 0, 0, 0)
}

#[tokio::test]
async fn a_caller_books_moves_and_cancels_what_is_proposed() {
    let house = House::open(Conduct::Finder).await;
    let (clinic, emr) = house.waiting(PATIENT);
    let mut caller = Caller::at(clinic, emr, NOW);
    let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
    let patient = caller.call(ToolName::SearchPatient, jane).await["patient"].clone();
    // Her own until half past ten, and four that nobody may have: the same that slots would have told.
    let find =
        json!({ "visit_kind": "follow_up", "provider": "Singh", "to_date": "2026-11-23", "time_after": "10:45" });
    let slots = caller.call(ToolName::FindEarliestAppointment, find).await;
    let starts: Vec<_> = slots["slots"].as_array().unwrap().iter().map(|slot| slot["start"].clone()).collect();
    assert_eq!(starts, ["2026-11-23T10:45", "2026-11-23T11:30", "2026-11-23T11:45"], "{slots}");
    let wish = json!({ "patient": patient, "slot": slots["slots"][1]["slot"] });
    let booked = caller.agree(ToolName::CreateAppointment, &wish).await;
    assert_eq!(booked["say"], "You're booked for Monday, November 23 at 11:30 AM with Dr. Priya Singh.", "{booked}");
    assert_eq!(house.active(SINGH, MONDAY.at(11, 30, 0, 0), JANE), 1);

    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    let later = json!({ "visit_kind": "follow_up", "provider": "Chen", "from_date": "2026-11-25" });
    let later = caller.call(ToolName::FindEarliestAppointment, later).await;
    let wish = json!({ "appointment": told["appointments"][1]["appointment"], "slot": later["slots"][0]["slot"] });
    let moved = caller.agree(ToolName::UpdateAppointment, &wish).await;
    assert_eq!(moved["start"], "2026-11-25T09:00", "{moved}");
    assert_eq!(house.active(CHEN, date(2026, 11, 25).at(9, 0, 0, 0), JANE), 1);

    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    let wish = json!({ "appointment": told["appointments"][1]["appointment"] });
    let cancelled = caller.agree(ToolName::CancelAppointment, &wish).await;
    assert_eq!(cancelled["ok"], true, "{cancelled}");
    let writes = ["create", "hold", "book", "update"].map(|of| house.asked(&format!("Appointment.{of}")));
    assert_eq!(writes, [0, 0, 1, 2]);
    assert_eq!(house.sim.overlaps(), []);
}

#[tokio::test]
async fn what_is_proposed_is_asked_for_and_booked_by_its_id() {
    let house = House::open(Conduct::Finder).await;
    let emr = house.waiting(PATIENT).1;
    let first = emr.book(wanted(CHEN, nine(), JANE)).await.unwrap();
    let exchanges = house.sim.exchanges();
    let of = |operation: &str| exchanges.iter().find(|exchange| exchange.operation == operation).unwrap();
    assert_eq!(
        of("Appointment.find").line,
        "GET /fhir/Appointment/$find?start=2026-11-23T00%3A00%3A00-07%3A00&end=2026-11-24T00%3A00%3A00-07%3A00&practitioner=Practitioner%2F102&_count=100"
    );
    assert_eq!(
        of("Appointment.book").body,
        json!({ "resourceType": "Parameters", "parameter": [
            { "name": "appt-id", "valueUri": "Appointment/p-s-102-20261123-0900" },
            { "name": "patient-id", "valueUri": "Patient/1001" },
            { "name": "comment", "valueString": "Follow-up. Booked by telephone (attendant)" },
        ] })
        .to_string()
    );
    // Once, whoever asks again.
    assert_eq!(emr.book(wanted(CHEN, nine(), JANE)).await.unwrap(), first);
    assert_eq!(house.adapter().1.book(wanted(CHEN, nine(), JANE)).await.unwrap(), first);
    emr.cancel(held(&first)).await.unwrap();
    let again = emr.book(wanted(CHEN, nine(), JANE)).await.unwrap();
    assert_ne!(again.id, first.id);
    assert_eq!(house.asked("Appointment.book"), 2);
}

#[tokio::test]
async fn a_visit_longer_than_what_is_proposed_is_sent_whole() {
    let house = House::open(Conduct::Finder).await;
    let emr = house.waiting(PATIENT).1;
    let long = NewAppointment { place: place(CHEN, nine(), 30), ..wanted(CHEN, nine(), JANE) };
    let booked = emr.book(long).await.unwrap();
    assert_eq!((booked.start, booked.end), (nine(), MONDAY.at(9, 30, 0, 0)));
    assert_eq!(house.sim.resource("Appointment", &booked.id.0).unwrap().get("slot"), None, "it was not said in which");
    assert_eq!((house.asked("Appointment.hold"), house.asked("Appointment.book")), (1, 1));
}

#[tokio::test]
async fn a_day_without_proposals_has_nothing_free_and_is_not_closed() {
    let house = House::open(Conduct::Finder).await;
    let emr = house.adapter().1;
    let chen = ProviderRef(CHEN.into());
    let saturday = emr.day_schedule(&chen, date(2026, 11, 28)).await.unwrap().expect("not closed");
    assert!(saturday.slots.is_empty() && !saturday.holiday);
    let christmas = emr.day_schedule(&chen, date(2026, 12, 25)).await.unwrap().expect("of the clinic's own file");
    assert!(christmas.holiday);
    // Who works there is not told, so that those of the clinic's file are.
    assert_eq!(emr.providers().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_proposed_is_never_kept() {
    let house = House::open(Conduct::Finder).await;
    let emr = house.adapter().1;
    let chen = ProviderRef(CHEN.into());
    let starts = async || {
        let day = emr.day_schedule(&chen, MONDAY).await.unwrap().unwrap();
        day.slots.iter().map(|slot| slot.start).collect::<Vec<_>>()
    };
    assert!(starts().await.contains(&nine()));
    assert!(house.sim.desk_sets("Slot", "s-102-20261123-0900", "status", json!("busy-unavailable")));
    let now = starts().await;
    assert!(!now.contains(&nine()) && now.contains(&MONDAY.at(9, 15, 0, 0)), "{now:?}");
    let booked = emr.book(wanted(CHEN, nine(), JANE)).await;
    assert_eq!(booked, Err(EmrError::Refused(Refusal::SlotTaken)));
    assert_eq!(house.asked("Appointment.book"), 0);
}

#[tokio::test]
async fn what_the_server_does_not_propose_is_nobodys_to_give() {
    let house = House::open(Conduct::Finder).await;
    let emr = house.adapter().1;
    let times = [
        (9, 0, "an appointment of the front desk"),
        (10, 15, "the second half of another"),
        (11, 0, "a slot that nobody may have"),
        (13, 0, "a slot that somebody holds"),
        (13, 15, "a slot that is busy for nobody"),
        (7, 0, "before there are slots"),
        (9, 35, "no start of a slot"),
    ];
    contract::gives_no_time_that_is_taken(emr.as_ref(), &times).await;
    contract::books_nobody_who_is_not_there(emr.as_ref(), &["99999", "1007", "1008", "1009", "../x"]).await;
    assert_eq!(house.sim.overlaps(), []);
}

#[tokio::test]
async fn whoever_takes_the_time_meanwhile_has_it() {
    for fault in [Fault::Rival, Fault::RivalAfter] {
        let house = House::open(Conduct::Finder).await;
        house.turn("Appointment.book", fault, 1);
        let told = house.waiting(PATIENT).1.book(wanted(CHEN, nine(), JANE)).await;
        assert_eq!(told, Err(EmrError::Refused(Refusal::SlotTaken)), "{fault}");
        assert_eq!((house.asked("Appointment.book"), house.active(CHEN, nine(), JANE)), (1, 0), "{fault}");
        assert_eq!(house.sim.overlaps(), [], "{fault}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_found_by_whose_it_is_and_when_and_never_sent_again() {
    for fault in [Fault::DropReply, Fault::Malformed, Fault::DoneThenServer] {
        let house = House::open(Conduct::Finder).await;
        house.turn("Appointment.book", fault, 1);
        let booked = house.waiting(PATIENT).1.book(wanted(CHEN, nine(), JANE)).await;
        assert_eq!(code(&booked), "ok", "{fault}: {booked:?}");
        assert_eq!((house.asked("Appointment.book"), house.active(CHEN, nine(), JANE)), (1, 1), "{fault}");
    }
    let house = House::open(Conduct::Finder).await;
    let emr = house.adapter().1;
    house.turn("Appointment.book", Fault::DropRequest, 1);
    for _ in 0..2 {
        assert_eq!(code(&emr.book(wanted(CHEN, nine(), JANE)).await), "unknown");
    }
    assert_eq!(code(&emr.book(wanted(CHEN, nine(), "1003")).await), "refused", "nor given to another");
    assert_eq!((house.asked("Appointment.book"), house.active(CHEN, nine(), JANE)), (1, 0));
}

#[tokio::test]
async fn health_says_that_times_are_proposed_and_passes_whoever_is_booked_up() {
    let house = House::open(Conduct::Finder).await;
    let (clinic, emr) = house.waiting(PATIENT);
    let now = clinic.local(NOW.parse().unwrap()).datetime();
    let told = async || {
        let findings = emr.health(now).await.unwrap();
        assert!(findings.iter().all(|finding| finding.mend.is_none()), "{findings:?}");
        findings.iter().map(|finding| finding.what.as_str()).collect::<Vec<_>>().join("\n")
    };
    let all = told().await;
    for part in ["free times are those that $find proposes", "Dr. Priya Singh: the first slot that callers may book is"]
    {
        assert!(all.contains(part), "{part}:\n{all}");
    }
    for ahead in 0..7 {
        for quarter in 0..40 {
            let start = MONDAY.at(8, 0, 0, 0).saturating_add(ahead.days()).saturating_add((quarter * 15).minutes());
            let slot = format!("s-102-{}", start.strftime("%Y%m%d-%H%M"));
            house.sim.desk_sets("Slot", &slot, "status", json!("busy"));
        }
    }
    assert!(told().await.contains("Dr. Wei Chen: nothing that callers may book is free within 7 days"));
}
