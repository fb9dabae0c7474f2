//! Whole dealings of a caller through the tools, with the simulator's store as the witness.

use std::sync::Arc;

use attendant::agent::tools::ToolName;
use attendant::emr::{AppointmentRef, Emr, EmrError, PatientRef, ProviderRef, Refusal, Sought};
use attendant::privacy::Pii;
use attendant::sim::oscar::Dialect;
use attendant::state::Shared;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, date};
use serde_json::json;

use super::house::{CHEN, Caller, House, JANE, MONDAY, SINGH, wanted};
use crate::wire::emr_contract as contract;

/// Finds, books, moves and cancels, and looks after each step at what stands in OSCAR.
async fn books_moves_and_cancels(house: &House) {
    let mut caller = Caller::new(house);
    let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
    let found = caller.call(ToolName::SearchPatient, jane).await;
    assert_eq!(found["status"], "verified", "{found}");
    let patient = &found["patient"];
    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    assert_eq!(told["say"], "You have Monday, November 23 at 10 AM with Dr. Priya Singh.");

    // An appointment at nine, Jane's own from ten to half past, a block from eleven to twelve, lunch, and a row without a status at one.
    let find =
        json!({ "visit_kind": "follow_up", "provider": "Singh", "to_date": "2026-11-23", "time_after": "10:45" });
    let slots = caller.call(ToolName::FindEarliestAppointment, find).await;
    let starts: Vec<_> =
        slots["slots"].as_array().expect("as the test has it").iter().map(|slot| slot["start"].clone()).collect();
    assert_eq!(starts, ["2026-11-23T10:45", "2026-11-23T13:15", "2026-11-23T13:30"], "{slots}");
    let wish = json!({ "patient": patient, "slot": slots["slots"][1]["slot"] });
    let booked = caller.agree(ToolName::CreateAppointment, &wish).await;
    assert_eq!(booked["say"], "You're booked for Monday, November 23 at 1:15 PM with Dr. Priya Singh.", "{booked}");
    let at = |time: DateTime| house.sim.appointments(SINGH, MONDAY).into_iter().find(|row| row.start == time.time());
    let row = at(MONDAY.at(13, 15, 0, 0)).expect("as the test has it");
    assert_eq!((row.patient, row.status(), row.end), (1001, Some("t"), jiff::civil::time(13, 29, 59, 0)));
    assert_eq!(row.texts["name"], "ROE, Jane");
    assert_eq!(row.creator.as_deref(), Some("attendant"));

    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    assert_eq!(told["appointments"].as_array().expect("as the test has it").len(), 2, "{told}");
    let later = json!({ "visit_kind": "follow_up", "provider": "Chen", "from_date": "2026-11-25" });
    let later = caller.call(ToolName::FindEarliestAppointment, later).await;
    assert_eq!(later["slots"][0]["start"], "2026-11-25T10:00", "{later}");
    let wish = json!({ "appointment": told["appointments"][1]["appointment"], "slot": later["slots"][0]["slot"] });
    let moved = caller.agree(ToolName::UpdateAppointment, &wish).await;
    assert_eq!(moved["start"], "2026-11-25T10:00", "{moved}");
    let wednesday = date(2026, 11, 25);
    let now = house.sim.appointment(row.id).expect("as the test has it");
    assert_eq!((now.provider.as_deref(), now.day, now.start), (Some(CHEN), wednesday, jiff::civil::time(10, 0, 0, 0)));
    assert_eq!((now.end, &now.texts), (jiff::civil::time(10, 14, 59, 0), &row.texts), "every other field stays");

    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    let wish = json!({ "appointment": told["appointments"][1]["appointment"] });
    let cancelled = caller.agree(ToolName::CancelAppointment, &wish).await;
    assert_eq!(cancelled["say"], "Your appointment on Wednesday, November 25 at 10 AM is cancelled.", "{cancelled}");
    let now = house.sim.appointment(row.id).expect("as the test has it");
    assert_eq!((now.status(), now.end), (Some("C"), jiff::civil::time(10, 14, 59, 0)), "no second is lost");
    assert_eq!(now.texts["name"], "ROE, Jane");
    assert_eq!((house.asked("addAppointment"), house.asked("updateAppointment")), (1, 2));
    assert!(house.sim.envelopes().iter().all(|envelope| envelope.refused.is_none()), "nothing was refused");
}

#[tokio::test]
async fn a_caller_books_moves_and_cancels_in_every_dialect() {
    for dialect in [Dialect::Mcmaster, Dialect::Openo, Dialect::Juno] {
        books_moves_and_cancels(&House::with(dialect, None).await).await;
    }
}

#[tokio::test]
async fn a_server_in_utc_with_the_clinics_times_is_read_and_written_alike() {
    books_moves_and_cancels(&House::with(Dialect::Mcmaster, Some("UTC")).await).await;
}

#[tokio::test]
async fn a_day_on_which_the_clocks_change_is_believed_of_a_server_in_utc_alone() {
    // There the clocks go forward on a Friday, on which Dr. Singh works from half past eight.
    let friday = date(2028, 3, 24);
    for (java, offered) in [(None, None), (Some("UTC"), Some(friday.at(8, 30, 0, 0)))] {
        let house = House::at(Dialect::Mcmaster, java, "Asia/Jerusalem", "2028-03-22T06:00:00Z").await;
        let oscar = house.adapter().1;
        let provider = ProviderRef(SINGH.into());
        let schedule = oscar.day_schedule(&provider, friday).await.unwrap();
        assert_eq!(schedule.map(|day| day.slots[0].start), offered, "{java:?}");
        let booked = oscar.book(wanted(SINGH, friday.at(9, 0, 0, 0), JANE)).await;
        match (booked, offered) {
            (Ok(booked), Some(_)) => assert_eq!(booked.start, friday.at(9, 0, 0, 0)),
            (Err(EmrError::Refused(Refusal::SlotTaken)), None) => {}
            (booked, _) => panic!("{java:?}: {booked:?}"),
        }
        // The days after it are right again, and what is written then is read then.
        let monday = date(2028, 3, 27);
        let schedule = oscar.day_schedule(&provider, monday).await.unwrap().unwrap();
        assert_eq!(schedule.slots[0].start, monday.at(9, 0, 0, 0));
        let booked = oscar.book(wanted(SINGH, monday.at(9, 15, 0, 0), JANE)).await.unwrap();
        assert_eq!(booked.start, monday.at(9, 15, 0, 0));
    }
}

#[tokio::test]
async fn what_the_staff_put_in_the_book_holds_its_time() {
    let house = House::open().await;
    let oscar = house.adapter().1;
    let times = [
        (9, 0, "an appointment of the front desk, to its last minute"),
        (10, 15, "the second half of another"),
        (11, 30, "a block"),
        (13, 0, "a row without a status"),
        (8, 0, "before the template begins"),
        (9, 5, "no start of a slot"),
    ];
    contract::gives_no_time_that_is_taken(&oscar, &times).await;
    contract::books_nobody_who_is_not_there(&oscar, &["99999", "1009", "1010", "1011", "x"]).await;
    assert_eq!(house.asked("addAppointment"), 1);
    assert_eq!(house.sim.active_overlaps(), []);
}

#[tokio::test]
async fn the_same_wish_is_one_appointment() {
    let house = House::open().await;
    contract::books_one_wish_once(&house.adapter().1, &house.adapter().1).await;
    assert_eq!(house.asked("addAppointment"), 1);
}

#[tokio::test]
async fn only_its_owner_changes_an_appointment_and_only_while_it_is_as_told() {
    let house = House::open().await;
    let set = |id: &AppointmentRef, status: &str| {
        assert!(house.sim.desk_sets_status(id.0.parse().expect("a number"), status));
    };
    // Here, picked up, billed, missed.
    let begun = ["H", "P", "B", "N", "E"];
    contract::lets_only_its_owner_change_an_appointment(&house.adapter().1, &begun, "C", set).await;
    assert_eq!(house.asked("updateAppointment"), 0);
}

#[tokio::test]
async fn callers_hear_of_nobody_and_change_nothing_with_a_provider_who_is_not_listed() {
    let house = House::open().await;
    let desk_books = |provider: &str, start: DateTime| {
        AppointmentRef(house.sim.desk_books(provider, start, 15, JANE.parse().expect("a number")).to_string())
    };
    let active = |provider: &str, start: DateTime, patient: &str| house.active(provider, start, patient);
    contract::keeps_to_the_providers_of_the_list(&house.patient(&Shared::default()).1, desk_books, active).await;
    assert_eq!(house.asked("updateAppointment"), 0);
}

#[tokio::test]
async fn whoever_has_a_hundred_appointments_to_come_hears_of_the_next_one() {
    let house = House::open().await;
    for week in 1..=120_i64 {
        house.sim.desk_books(CHEN, MONDAY.saturating_add(week.weeks()).at(9, 0, 0, 0), 15, 1_001);
    }
    let jane = PatientRef(Pii::new(JANE.to_owned()));
    let oscar = house.patient(&Shared::default()).1;
    let told = oscar.appointments_for_patient(&jane, MONDAY.at(0, 0, 0, 0)).await.unwrap();
    assert_eq!((told.len(), told[0].start), (121, MONDAY.at(10, 0, 0, 0)));
    assert!(told.is_sorted_by_key(|appointment| appointment.start));
    // Only as far as today: what was before is asked for by nobody.
    let late = MONDAY.saturating_add(100.weeks()).at(0, 0, 0, 0);
    let before = house.asked("getAppointmentsForPatient2");
    assert_eq!(oscar.appointments_for_patient(&jane, late).await.unwrap().len(), 21);
    assert_eq!((before, house.asked("getAppointmentsForPatient2")), (3, 4));
}

#[tokio::test]
async fn charts_are_found_however_they_are_written_and_only_live_ones() {
    let house = House::open().await;
    let oscar = house.adapter().1;
    let born: [(Date, &[&str]); 8] = [
        (date(1984, 3, 9), &["1001"]),
        (date(2001, 8, 2), &["1005"]),
        (date(1962, 4, 12), &["1006", "1007"]),
        // One of the two was merged into the other.
        (date(1990, 1, 25), &["1004"]),
        // Deceased, inactive, moved away, nobody.
        (date(1931, 2, 14), &[]),
        (date(1979, 7, 7), &[]),
        (date(1995, 5, 5), &[]),
        (date(1950, 1, 1), &[]),
    ];
    contract::finds_live_charts(&oscar, &born).await;
    let elise = Sought {
        birth_date: Pii::new(date(2001, 8, 2)),
        first_name: Pii::new("x".into()),
        last_name: Pii::new("y".into()),
        calling_from: None,
    };
    let elise = oscar.find_patients(&elise).await.unwrap().remove(0);
    assert_eq!(elise.phones, [Pii::new("6045550158".to_owned())]);
    assert_eq!(elise.card_last4, Some(Pii::new("0212".to_owned())));
}

#[tokio::test]
async fn charts_are_found_by_number_each_once() {
    let house = House::open().await;
    let phones: [(&str, &[&str]); 6] = [
        ("6045550177", &["1001"]),
        // With blanks in between; and its copy, which was merged into it.
        ("6045550145", &["1004"]),
        ("6045550168", &["1008"]),
        // Deceased, a mobile number, nobody's.
        ("6045550170", &[]),
        ("7785550131", &[]),
        ("7785550177", &[]),
    ];
    let cards: [(&str, &[&str]); 3] = [("9698658215", &["1001"]), ("GAGE01580212", &["1005"]), ("96986582", &[])];
    contract::finds_charts_by_number(&house.adapter().1, &phones, &cards).await;
}

#[tokio::test]
async fn the_staff_read_what_a_visit_is_about() {
    let house = House::open().await;
    let about = |id: &AppointmentRef| {
        let row = house.sim.appointment(id.0.parse().expect("a number")).expect("as the test has it");
        row.texts["reason"].clone()
    };
    contract::writes_what_a_visit_is_about(&house.adapter().1, about).await;
}

#[tokio::test]
async fn health_tells_what_is_right_and_what_is_not() {
    for (java, clock) in [(None, "11:00, as the clinic's"), (Some("UTC"), "(UTC+00:00), another zone")] {
        let house = House::with(Dialect::Mcmaster, java).await;
        let (clinic, oscar) = house.adapter();
        let now = clinic.local(super::house::NOW.parse().unwrap()).datetime();
        let findings = oscar.health(now).await.unwrap();
        let all = findings.iter().map(|finding| finding.what.as_str()).collect::<Vec<_>>().join("\n");
        assert!(findings.iter().all(|finding| finding.mend.is_none()), "{findings:?}");
        for part in [
            clock,
            "the account is taken",
            "charts may be searched",
            "`P` twice",
            "2 (30 Minute Appointment)",
            "Dr. Priya Singh: the first slot that callers may book is Monday, November 23 at 09:00 with code 1",
        ] {
            assert!(all.contains(part), "{part}:\n{all}");
        }
        // What was asked is warm: a search for times asks for no template of this week again.
        let before = house.asked("getDayWorkSchedule");
        let caller = Caller::at(clinic, Arc::new(oscar), super::house::NOW);
        let find = json!({ "visit_kind": "follow_up", "to_date": "2026-11-28" });
        assert_eq!(caller.call(ToolName::FindEarliestAppointment, find).await["ok"], true);
        assert_eq!(house.asked("getDayWorkSchedule"), before);
    }
    let house = House::open().await;
    let (clinic, oscar) = house.as_user("booking-only", "booking-only-2026");
    let now = clinic.local(super::house::NOW.parse().unwrap()).datetime();
    let findings = oscar.health(now).await.unwrap();
    let wrong: Vec<_> = findings.iter().filter(|finding| finding.mend.is_some()).collect();
    assert!(wrong.len() == 1 && wrong[0].what.contains("lacks _demographic"), "{findings:?}");
    let (_, expired) = house.as_user("former", "former-2026");
    assert!(matches!(expired.health(now).await, Err(EmrError::Auth(_))));
}
