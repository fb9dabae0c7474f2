//! New patients whose charts are made at the server: one each, none where somebody may be them, and callers hear the same either way.

use attendant::agent::tools::ToolName;
use attendant::emr::{EmrError, NewPatient, Refusal, Registrations};
use attendant::sim::fhir::{Conduct, Fault};
use serde_json::{Value, json};

use super::house::House;
use crate::wire::emr_contract::{self as contract, nova, sought};
use crate::wire::oscar::house::{Caller, NOW, code, left};

const PATIENT: [u64; 3] = [2_000, 4_000, 4_000];

/// Who calls a clinic that has charts made.
fn caller(house: &House, registrations: Registrations) -> Caller {
    let (mut clinic, emr) = house.waiting(PATIENT);
    clinic.config.emr.as_mut().expect("as the test has it").registrations = registrations;
    Caller::at(clinic, emr, NOW)
}

fn asks(first: &str, last: &str, born: &str) -> Value {
    json!({ "first_name": first, "last_name": last, "birth_date": born, "sex": "female", "number": "604-555-0123" })
}

#[tokio::test]
async fn a_new_patient_gets_a_chart_that_the_staff_are_told_of() {
    let house = House::open(Conduct::Strict).await;
    let mut caller = caller(&house, Registrations::Created);
    let told = caller.agree(ToolName::RegisterNewPatient, &asks("Nova", "Sample", "1999-02-28")).await;
    assert_eq!(told["status"], "queued", "{told}");
    let emr = caller.session.emr.clone().unwrap();
    let found = emr.find_patients(&sought(&nova())).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let id = found[0].id.0.reveal();
    let left = left(caller.folder.path());
    assert!(left.contains(&format!("Chart {id} was made for them")), "{left}");
    let whole = house.sim.resource("Patient", id).unwrap();
    assert_eq!(
        (&whole["active"], &whole["name"], &whole["gender"], &whole["telecom"]),
        (
            &json!(true),
            &json!([{ "use": "official", "family": "Sample", "given": ["Nova"] }]),
            &json!("female"),
            &json!([{ "system": "phone", "value": "604-555-0123" }])
        )
    );
    for exchange in house.sim.exchanges() {
        let open = [exchange.line, exchange.headers.join(" ")].concat();
        assert!(!["Nova", "Sample", "1999", "5550123"].iter().any(|part| open.contains(part)), "{open}");
    }
}

#[tokio::test]
async fn the_staff_make_charts_unless_the_clinic_says_otherwise() {
    let house = House::open(Conduct::Strict).await;
    let mut caller = caller(&house, Registrations::default());
    let told = caller.agree(ToolName::RegisterNewPatient, &asks("Nova", "Sample", "1999-02-28")).await;
    assert_eq!((told["status"].as_str(), house.asked("Patient.create")), (Some("queued"), 0), "{told}");
    assert!(left(caller.folder.path()).contains("No chart of this name and date of birth was found."));
}

#[tokio::test]
async fn who_may_be_there_already_gets_no_chart_and_hears_what_everybody_hears() {
    let house = House::open(Conduct::Strict).await;
    let mut first = caller(&house, Registrations::Created);
    let new = first.agree(ToolName::RegisterNewPatient, &asks("Nova", "Sample", "1999-02-28")).await;
    for (given, family, born, why) in [
        ("Jane", "Roe", "1984-03-09", "A chart of this name and date of birth is there"),
        ("Janet", "Roe", "1984-03-09", "has one of the names"),
        ("Roe", "Janet", "1984-03-09", "has one of the names"),
        ("Peter", "Former", "1979-07-07", "has one of the names"),
        ("Rose", "Late", "1931-02-14", "has one of the names"),
    ] {
        let mut caller = caller(&house, Registrations::Created);
        let told = caller.agree(ToolName::RegisterNewPatient, &asks(given, family, born)).await;
        assert_eq!(told, new, "{given} {family}");
        let left = left(caller.folder.path());
        assert!(left.contains(why), "{given} {family}: {left}");
    }
    assert_eq!(house.asked("Patient.create"), 1);
    contract::makes_none_where_somebody_may_be_them(house.waiting(PATIENT).1.as_ref()).await;
}

#[tokio::test]
async fn one_chart_is_made_whoever_asks_how_often() {
    let house = House::open(Conduct::Blind).await;
    let (one, other) = (house.waiting(PATIENT).1, house.waiting(PATIENT).1);
    let made = contract::makes_one_chart_of_a_person(one.as_ref(), other.as_ref()).await;
    let whole = house.sim.resource("Patient", made.0.reveal()).unwrap();
    assert_eq!(whole["address"], json!([{ "text": "1 Harbour Street, Vancouver", "postalCode": "V6B1A1" }]));
    // Closed by the staff: no other is made of it.
    assert!(house.sim.desk_sets("Patient", made.0.reveal(), "active", json!(false)));
    assert_eq!(one.create_patient(nova()).await, Err(EmrError::Refused(Refusal::Known)));
}

#[tokio::test]
async fn of_two_callers_who_may_be_one_person_one_gets_a_chart() {
    let (born, other_day) = (nova().birth_date.into_inner(), jiff::civil::date(1999, 2, 27));
    let with_card =
        |first: &str, last: &str, born| NewPatient { card: nova().card, ..contract::named(first, last, born) };
    for (one, other) in [
        (contract::named("Nova", "Sample", born), contract::named("Norah", "Sample", born)),
        (with_card("Nova", "Sample", born), with_card("Vera", "Muster", other_day)),
    ] {
        let house = House::open(Conduct::Strict).await;
        let emr = house.waiting(PATIENT).1;
        let both = tokio::join!(emr.create_patient(one), emr.create_patient(other));
        let made = [&both.0, &both.1].into_iter().filter(|made| made.is_ok()).count();
        let known =
            [&both.0, &both.1].into_iter().filter(|made| **made == Err(EmrError::Refused(Refusal::Known))).count();
        assert_eq!((made, known, house.asked("Patient.create")), (1, 1, 1), "{both:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_and_never_sent_again() {
    for fault in [Fault::DropReply, Fault::Malformed, Fault::DoneThenServer] {
        let house = House::open(Conduct::Strict).await;
        house.turn("Patient.create", fault, 1);
        let made = house.waiting(PATIENT).1.create_patient(nova()).await;
        assert_eq!((code(&made), house.asked("Patient.create")), ("ok", 1), "{fault}: {made:?}");
    }
    for fault in [Fault::DropRequest, Fault::Html503] {
        let house = House::open(Conduct::Strict).await;
        house.turn("Patient.create", fault, 1);
        let emr = house.adapter().1;
        for _ in 0..2 {
            assert_eq!(code(&emr.create_patient(nova()).await), "unknown", "{fault}");
        }
        assert_eq!(house.asked("Patient.create"), 1, "{fault}");
    }
}

#[tokio::test]
async fn the_staff_are_told_of_a_chart_that_may_have_been_made() {
    let house = House::open(Conduct::Strict).await;
    let (mut clinic, emr) = house.adapter();
    clinic.config.emr.as_mut().unwrap().registrations = Registrations::Created;
    let mut caller = Caller::at(clinic, emr, NOW);
    house.turn("Patient.create", Fault::DropRequest, 1);
    let told = caller.agree(ToolName::RegisterNewPatient, &asks("Nova", "Sample", "1999-02-28")).await;
    assert_eq!(told["status"], "queued", "{told}");
    assert!(left(caller.folder.path()).contains("Not certain: a chart may have been made for them just now"));
}

#[tokio::test]
async fn where_a_chart_might_be_made_twice_none_is_made() {
    let house = House::open(Conduct::Careless).await;
    let made = house.waiting(PATIENT).1.create_patient(nova()).await;
    assert!(matches!(made, Err(EmrError::Forbidden(_))), "{made:?}");
    assert_eq!(house.asked("Patient.create"), 0);
}
