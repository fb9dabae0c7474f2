//! Whole dealings of a caller through the tools, with the simulator's store as the witness.

use attendant::agent::tools::ToolName;
use attendant::emr::{AppointmentRef, EmrError, NewAppointment, ProviderRef, Refusal};
use attendant::sim::fhir::Conduct;
use jiff::civil::{Date, DateTime, date};
use serde_json::json;

use super::house::{ALL, House};
use crate::wire::emr_contract as contract;
use crate::wire::oscar::house::{CHEN, Caller, JANE, MONDAY, NOW, SINGH, held, place, wanted};

#[tokio::test]
async fn a_caller_books_moves_and_cancels_whatever_the_server_checks() {
    for conduct in ALL {
        let house = House::open(conduct).await;
        let (clinic, emr) = house.waiting([2_000, 4_000, 4_000]);
        let mut caller = Caller::at(clinic, emr, NOW);
        let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
        let found = caller.call(ToolName::SearchPatient, jane).await;
        assert_eq!(found["status"], "verified", "{found}");
        let patient = &found["patient"];
        let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
        assert_eq!(told["say"], "You have Monday, November 23 at 10 AM with Dr. Priya Singh.");

        // Her own until half past ten, two slots that nobody may have, one that somebody holds and one that is busy for nobody.
        let find =
            json!({ "visit_kind": "follow_up", "provider": "Singh", "to_date": "2026-11-23", "time_after": "10:45" });
        let slots = caller.call(ToolName::FindEarliestAppointment, find).await;
        let starts: Vec<_> = slots["slots"].as_array().unwrap().iter().map(|slot| slot["start"].clone()).collect();
        assert_eq!(starts, ["2026-11-23T10:45", "2026-11-23T11:30", "2026-11-23T11:45"], "{slots}");
        let wish = json!({ "patient": patient, "slot": slots["slots"][1]["slot"] });
        let booked = caller.agree(ToolName::CreateAppointment, &wish).await;
        assert_eq!(
            booked["say"], "You're booked for Monday, November 23 at 11:30 AM with Dr. Priya Singh.",
            "{booked}"
        );
        let start = MONDAY.at(11, 30, 0, 0);
        let row = house.sim.appointments().into_iter().find(|row| row.start == start).unwrap();
        assert_eq!((row.status.as_str(), row.patient.as_deref()), ("booked", Some(JANE)));
        let whole = house.sim.resource("Appointment", &row.id).unwrap();
        assert_eq!(
            (&whole["description"], &whole["slot"][0]["reference"]),
            (&json!("Follow-up"), &json!("Slot/s-101-20261123-1130"))
        );

        let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
        let later = json!({ "visit_kind": "follow_up", "provider": "Chen", "from_date": "2026-11-25" });
        let later = caller.call(ToolName::FindEarliestAppointment, later).await;
        assert_eq!(later["slots"][0]["start"], "2026-11-25T09:00", "{later}");
        let wish = json!({ "appointment": told["appointments"][1]["appointment"], "slot": later["slots"][0]["slot"] });
        let moved = caller.agree(ToolName::UpdateAppointment, &wish).await;
        assert_eq!(moved["start"], "2026-11-25T09:00", "{moved}");
        assert_eq!(house.active(CHEN, date(2026, 11, 25).at(9, 0, 0, 0), JANE), 1);
        let now = house.sim.resource("Appointment", &row.id).unwrap();
        assert_eq!(
            (&now["comment"], &now["identifier"]),
            (&whole["comment"], &whole["identifier"]),
            "every other field stays"
        );

        let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
        let wish = json!({ "appointment": told["appointments"][1]["appointment"] });
        let cancelled = caller.agree(ToolName::CancelAppointment, &wish).await;
        assert_eq!(cancelled["say"], "Your appointment on Wednesday, November 25 at 9 AM is cancelled.", "{cancelled}");
        assert_eq!(house.sim.resource("Appointment", &row.id).unwrap()["status"], "cancelled");
        let writes = ["create", "hold", "book", "update"].map(|of| house.asked(&format!("Appointment.{of}")));
        let expected = if conduct == Conduct::Argonaut { [0, 1, 1, 2] } else { [1, 0, 0, 2] };
        assert_eq!(writes, expected, "{conduct:?}");
        assert!(house.sim.exchanges().iter().all(|exchange| exchange.refused.is_none()), "nothing was refused");
        assert!(
            house.sim.exchanges().iter().all(|exchange| !exchange.line.contains("1984")),
            "nobody's birth date in an address"
        );
    }
}

#[tokio::test]
async fn what_the_server_has_in_its_book_holds_its_time() {
    for conduct in ALL {
        let house = House::open(conduct).await;
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
        let start = MONDAY.at(11, 45, 0, 0);
        let across = NewAppointment { place: place(SINGH, start, 30), ..wanted(SINGH, start, JANE) };
        let booked = emr.book(across).await;
        assert_eq!(booked, Err(EmrError::Refused(Refusal::SlotTaken)), "into the lunch break");
        assert_eq!(house.sim.overlaps(), []);
    }
}

#[tokio::test]
async fn the_same_wish_is_one_appointment_until_it_is_cancelled() {
    for conduct in ALL {
        let house = House::open(conduct).await;
        let start = MONDAY.at(9, 0, 0, 0);
        let wish = || wanted(CHEN, start, JANE);
        let emr = house.adapter().1;
        contract::books_one_wish_once(emr.as_ref(), house.adapter().1.as_ref()).await;
        let first = emr.book(wish()).await.unwrap();
        emr.cancel(held(&first)).await.unwrap();
        let again = emr.book(wish()).await.unwrap();
        assert_ne!(again.id, first.id);
        assert_eq!(house.active(CHEN, start, JANE), 1);
    }
}

#[tokio::test]
async fn only_its_owner_changes_an_appointment_and_only_while_it_is_as_told() {
    let house = House::open(Conduct::Blind).await;
    let set = |id: &AppointmentRef, status: &str| {
        assert!(house.sim.desk_sets("Appointment", &id.0, "status", json!(status)));
    };
    let begun = ["arrived", "checked-in", "fulfilled"];
    let emr = house.adapter().1;
    contract::lets_only_its_owner_change_an_appointment(emr.as_ref(), &begun, "cancelled", set).await;
    assert_eq!(house.asked("Appointment.update"), 0);
}

#[tokio::test]
async fn callers_hear_of_nobody_and_change_nothing_with_a_provider_who_is_not_listed() {
    let house = House::open(Conduct::Blind).await;
    let desk_books = |provider: &str, start: DateTime| AppointmentRef(house.sim.desk_books(provider, start, 15, JANE));
    let active = |provider: &str, start: DateTime, patient: &str| house.active(provider, start, patient);
    let emr = house.waiting([2_000, 4_000, 4_000]).1;
    contract::keeps_to_the_providers_of_the_list(emr.as_ref(), desk_books, active).await;
    assert_eq!(house.asked("Appointment.update"), 0);
}

#[tokio::test]
async fn a_visit_may_be_moved_into_its_own_time() {
    for conduct in [Conduct::Blind, Conduct::Strict] {
        let house = House::open(conduct).await;
        let emr = house.adapter().1;
        let start = MONDAY.at(9, 0, 0, 0);
        let long = NewAppointment { place: place(CHEN, start, 30), ..wanted(CHEN, start, JANE) };
        let booked = emr.book(long).await.unwrap();
        let moved = emr.reschedule(held(&booked), place(CHEN, MONDAY.at(9, 15, 0, 0), 30)).await.unwrap();
        assert_eq!((moved.id, moved.start), (booked.id, MONDAY.at(9, 15, 0, 0)), "{conduct:?}");
        assert_eq!(house.sim.overlaps(), []);
    }
}

#[tokio::test]
async fn a_move_to_another_provider_at_the_same_time_takes_nothing_that_is_closed_there() {
    let start = MONDAY.at(14, 30, 0, 0);
    for status in ["busy-tentative", "busy", "busy-unavailable"] {
        let house = House::open(Conduct::Blind).await;
        let emr = house.adapter().1;
        let booked = emr.book(wanted(CHEN, start, JANE)).await.unwrap();
        assert!(house.sim.desk_sets("Slot", "s-101-20261123-1430", "status", json!(status)));
        let moved = emr.reschedule(held(&booked), place(SINGH, start, 15)).await;
        assert_eq!(moved, Err(EmrError::Refused(Refusal::SlotTaken)), "{status}");
        assert_eq!(house.asked("Appointment.update"), 0, "{status}");
    }
}

#[tokio::test]
async fn an_appointment_whose_practitioner_cannot_be_told_frees_no_time() {
    let house = House::open(Conduct::Blind).await;
    let start = MONDAY.at(14, 30, 0, 0);
    let rival = house.sim.desk_books(CHEN, start, 15, "1002");
    let named = |reference: &str, status: &str| json!([{ "actor": { "reference": reference }, "status": status }]);
    let set = |value| assert!(house.sim.desk_sets("Appointment", &rival, "participant", value));
    // Behind a proxy, with another address.
    set(named("https://proxy.example.ca/r4/Practitioner/102", "accepted"));
    let booked = house.adapter().1.book(wanted(CHEN, start, JANE)).await;
    assert!(matches!(booked, Err(EmrError::Invalid(_))), "{booked:?}");
    let told = house.adapter().1.appointments_for_provider(&ProviderRef(CHEN.into()), MONDAY).await;
    assert!(matches!(told, Err(EmrError::Invalid(_))), "{told:?}");
    // Who declined is not there.
    set(named("Practitioner/102", "declined"));
    house.adapter().1.book(wanted(CHEN, start, JANE)).await.unwrap();
}

#[tokio::test]
async fn slots_of_two_lengths_and_two_kinds_at_one_time_are_told_apart() {
    let house = House::open(Conduct::Strict).await;
    let half = MONDAY.at(9, 15, 0, 0);
    house.sim.desk_opens("week-102", MONDAY.at(9, 0, 0, 0), 30, "visit");
    let phone = house.sim.desk_opens("week-102", half, 15, "phone");
    let (clinic, emr) = house.waiting([2_000, 4_000, 4_000]);
    let mut caller = Caller::at(clinic, emr, NOW);
    let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
    let patient = caller.call(ToolName::SearchPatient, jane).await["patient"].clone();
    for (kind, slot) in [("phone", phone.as_str()), ("sick_visit", "s-102-20261123-0930")] {
        let find = json!({ "visit_kind": kind, "provider": "Chen", "to_date": "2026-11-23", "time_after": "09:15" });
        let slots = caller.call(ToolName::FindEarliestAppointment, find).await;
        let wish = json!({ "patient": patient, "slot": slots["slots"][0]["slot"] });
        let booked = caller.agree(ToolName::CreateAppointment, &wish).await;
        assert_eq!(booked["ok"], true, "{kind}: {slots} {booked}");
        let taken = house.sim.appointments().into_iter().filter(|row| row.patient.as_deref() == Some(JANE));
        let newest = taken.max_by_key(|row| row.id.clone()).unwrap();
        let whole = house.sim.resource("Appointment", &newest.id).unwrap();
        assert_eq!(whole["slot"], json!([{ "reference": format!("Slot/{slot}") }]), "{kind}");
        let of = if kind == "phone" { "phone" } else { "visit" };
        assert_eq!(whole["serviceType"][0]["coding"][0]["code"], of);
    }
    assert_eq!(house.sim.overlaps(), []);
}

#[tokio::test]
async fn charts_are_found_by_birth_date_and_only_live_ones() {
    let house = House::open(Conduct::Blind).await;
    let born: [(Date, &[&str]); 7] = [
        (date(1984, 3, 9), &["1001"]),
        (date(2001, 8, 2), &["1004"]),
        (date(1962, 4, 12), &["1005", "1006"]),
        // Replaced, deceased, inactive, nobody.
        (date(1990, 1, 25), &["1003"]),
        (date(1931, 2, 14), &[]),
        (date(1979, 7, 7), &[]),
        (date(1950, 1, 1), &[]),
    ];
    contract::finds_live_charts(house.adapter().1.as_ref(), &born).await;
}

#[tokio::test]
async fn charts_are_found_by_number_each_once() {
    let house = House::open(Conduct::Blind).await;
    let phones: [(&str, &[&str]); 5] = [
        ("6045550177", &["1001"]),
        // And the one that it replaced.
        ("6045550163", &["1003"]),
        ("6045550111", &["1005", "1006"]),
        // Inactive, nobody's.
        ("6045550112", &[]),
        ("7785550177", &[]),
    ];
    let cards: [(&str, &[&str]); 2] = [("9698658215", &["1001"]), ("96986582", &[])];
    contract::finds_charts_by_number(house.adapter().1.as_ref(), &phones, &cards).await;
}

#[tokio::test]
async fn the_staff_read_what_a_visit_is_about() {
    for conduct in ALL {
        let house = House::open(conduct).await;
        let about = |id: &AppointmentRef| {
            let whole = house.sim.resource("Appointment", &id.0).expect("as the test has it");
            whole["description"].as_str().expect("a text").to_owned()
        };
        contract::writes_what_a_visit_is_about(house.waiting([2_000, 4_000, 4_000]).1.as_ref(), about).await;
    }
}

#[tokio::test]
async fn health_tells_what_is_right_and_what_is_not() {
    for (conduct, how) in
        [(Conduct::Blind, "created, on the condition"), (Conduct::Argonaut, "held by $hold and booked by $book")]
    {
        let house = House::open(conduct).await;
        let (clinic, emr) = house.waiting([2_000, 4_000, 4_000]);
        let now = clinic.local(NOW.parse().unwrap()).datetime();
        let findings = emr.health(now).await.unwrap();
        let all = findings.iter().map(|finding| finding.what.as_str()).collect::<Vec<_>>().join("\n");
        assert!(findings.iter().all(|finding| finding.mend.is_none()), "{findings:?}");
        let first = "Dr. Priya Singh: the first slot that callers may book is Monday, November 23 at 08:00 with code s";
        for part in [how, "the token is taken", "charts may be searched", first] {
            assert!(all.contains(part), "{part}:\n{all}");
        }
        assert!(house.sim.desk_sets("Schedule", "week-102", "active", json!(false)));
        let careless = House::open(Conduct::Careless).await.waiting([2_000, 4_000, 4_000]).1.health(now).await.unwrap();
        let wrong: Vec<_> = careless.iter().filter(|finding| finding.mend.is_some()).collect();
        assert!(wrong.len() == 1 && wrong[0].what.contains("versioned-update of Appointment"), "{wrong:?}");
        let findings = house.waiting([2_000, 4_000, 4_000]).1.health(now).await.unwrap();
        let wrong: Vec<_> = findings.iter().filter(|finding| finding.mend.is_some()).collect();
        assert!(wrong[0].what.contains("provider 102 (Dr. Wei Chen) has no active Schedule"), "{wrong:?}");
        let known = emr.providers().await.unwrap();
        assert_eq!(
            known.iter().map(|provider| provider.id.clone()).collect::<Vec<_>>(),
            [ProviderRef(SINGH.into()), ProviderRef(CHEN.into())]
        );
    }
}
