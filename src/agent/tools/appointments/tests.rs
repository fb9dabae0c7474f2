use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use serde_json::{Value, json};

use super::super::once::run_once;
use super::super::tests::{Ailing, Ails, left, with_book};
use super::super::{Dealings, Found, Messages, Trace, messages, run, write_up};
use super::*;
use crate::agent::{Line, Who};
use crate::clinic::Clinic;
use crate::emr::ForOthers;
use crate::emr::book::Book;
use crate::language::Language;
use crate::state::{Key, Shared, State, StateConfig};
use crate::store::at_rest;
use crate::store::keys::{self, Keys};

struct Caller {
    session: Session,
    folder: tempfile::TempDir,
}

impl Caller {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Five past ten in Vancouver, which keeps summer time.
        let now = "2026-11-21T17:05:00Z".parse().unwrap();
        Self { session: Session { now, ..with_book(folder.path()) }, folder }
    }

    fn hears(&mut self, who: Who, text: &str) {
        let line = Line { who, text: Pii::new(text.to_owned()), cut: false };
        self.session.said = self.session.said.iter().cloned().chain([line]).collect();
    }

    async fn call(&self, tool: ToolName, arguments: Value) -> Value {
        run(tool, &Pii::new(arguments.to_string()), &self.session).await.result
    }

    /// The number called from is on Jane Roe's chart.
    async fn jane(&self) -> String {
        let found = self.call(ToolName::SearchPatient, jane("1984-03-09")).await;
        assert_eq!(found["status"], "verified", "{found}");
        found["patient"].as_str().unwrap().to_owned()
    }

    async fn slots(&self, arguments: Value) -> Vec<(String, String)> {
        let found = self.call(ToolName::FindEarliestAppointment, arguments).await;
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let slots = found["slots"].as_array().unwrap_or_else(|| panic!("{found}"));
        slots.iter().map(|s| (text(&s["slot"]), text(&s["start"]))).collect()
    }

    /// Asks, hears the question and says yes to it.
    async fn agree(&mut self, tool: ToolName, arguments: &Value) -> Value {
        let asked = self.call(tool, arguments.clone()).await;
        assert_eq!(asked["code"], "not_confirmed", "{asked}");
        self.hears(Who::Agent, asked["say"].as_str().unwrap());
        self.hears(Who::Caller, "yes please");
        self.call(tool, arguments.clone()).await
    }
}

fn jane(born: &str) -> Value {
    json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": born })
}

fn follow_up() -> Value {
    json!({ "visit_kind": "follow_up", "provider": "Dr. Chen" })
}

#[tokio::test]
async fn a_caller_books_hears_of_it_moves_and_cancels() {
    let mut caller = Caller::new();
    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    // Saturday, 2026-11-21, with an hour's notice: Dr. Chen works until one.
    assert_eq!(slots[0].1, "2026-11-21T11:15");
    let wish = json!({ "patient": patient, "slot": slots[0].0 });
    let booked = caller.agree(ToolName::CreateAppointment, &wish).await;
    assert_eq!(booked["say"], "You're booked for Saturday, November 21 at 11:15 AM with Dr. Wei Chen.");
    // Asked for again: the same, once.
    assert_eq!(caller.call(ToolName::CreateAppointment, wish).await, booked);
    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    assert_eq!(told["say"], "You have Saturday, November 21 at 11:15 AM with Dr. Wei Chen.");
    let appointment = &told["appointments"][0]["appointment"];

    let later = caller.slots(json!({ "visit_kind": "follow_up", "provider": "Chen", "weekdays": ["wednesday"] })).await;
    assert_eq!(later[0].1, "2026-11-25T10:00");
    let wish = json!({ "appointment": appointment, "slot": later[0].0 });
    let moved = caller.agree(ToolName::UpdateAppointment, &wish).await;
    assert_eq!(moved["start"], "2026-11-25T10:00", "{moved}");

    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    let wish = json!({ "appointment": told["appointments"][0]["appointment"] });
    let cancelled = caller.agree(ToolName::CancelAppointment, &wish).await;
    assert_eq!(cancelled["say"], "Your appointment on Wednesday, November 25 at 10 AM is cancelled.");
    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    assert_eq!(told["say"], "I see no upcoming appointment for you.");
}

/// A process that ends in between leaves the staff a message, and not nothing.
#[tokio::test]
async fn the_staff_would_be_told_of_a_write_until_the_ledger_says_what_came_of_it() {
    let mut caller = Caller::new();
    let (patient, slots) = (caller.jane().await, caller.slots(json!({ "visit_kind": "follow_up" })).await);
    let wish = json!({ "patient": patient, "slot": slots[0].0 });
    assert_eq!(caller.agree(ToolName::CreateAppointment, &wish).await["ok"], true);
    let kept = async |caller: &Caller| caller.session.shared.here().table(&Key::interrupted("harbour-street")).await;
    assert_eq!(kept(&caller).await.unwrap().len(), 1);
    write_up(&caller.session).await;
    assert!(kept(&caller).await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_written_without_a_yes_heard_after_the_offer() {
    let mut caller = Caller::new();
    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    let wish = json!({ "patient": patient, "slot": slots[0].0 });
    caller.hears(Who::Caller, "yes yes book it");
    for answer in ["no", "what is your address"] {
        let asked = caller.call(ToolName::CreateAppointment, wish.clone()).await;
        assert_eq!(asked["code"], "not_confirmed", "{asked}");
        caller.hears(Who::Agent, asked["say"].as_str().unwrap());
        caller.hears(Who::Caller, answer);
    }
    let other = json!({ "patient": patient, "slot": slots[1].0 });
    let asked = caller.call(ToolName::CreateAppointment, other.clone()).await;
    assert_eq!(asked["code"], "not_confirmed");
    // A yes to the other time is none to this one.
    caller.hears(Who::Agent, asked["say"].as_str().unwrap());
    caller.hears(Who::Caller, "yes");
    assert_eq!(caller.call(ToolName::CreateAppointment, wish).await["code"], "not_confirmed");
    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    assert_eq!(told["appointments"], json!([]));
}

#[tokio::test]
async fn a_date_of_another_weekday_is_asked_about_before_any_time_is_offered() {
    let mut caller = Caller::new();
    let day = |weekdays: Value| json!({ "visit_kind": "follow_up", "from_date": "2026-11-24", "to_date": "2026-11-24", "weekdays": weekdays });
    let other = caller.call(ToolName::FindEarliestAppointment, day(json!(["wednesday"]))).await;
    assert_eq!(other["code"], "weekday_mismatch", "{other}");
    assert_eq!(other["say"], "November 24 is a Tuesday, not a Wednesday. Which day do you mean?");
    assert_eq!(caller.call(ToolName::FindEarliestAppointment, day(json!(["tuesday"]))).await["ok"], true);
    // A model that passes the date alone: what the caller said counts.
    caller.hears(Who::Caller, "could I come on Wednesday the 24th");
    let heard = caller.call(ToolName::FindEarliestAppointment, day(Value::Null)).await;
    assert_eq!(heard["say"], other["say"], "{heard}");
    caller.hears(Who::Caller, "the 24th then");
    assert_eq!(caller.call(ToolName::FindEarliestAppointment, day(Value::Null)).await["ok"], true);
    caller.session.language = Language::French;
    let french = caller.call(ToolName::FindEarliestAppointment, day(json!(["monday"]))).await;
    assert_eq!(french["say"], "Le 24 novembre est un mardi, pas un lundi. De quel jour parlez-vous?");
}

#[tokio::test]
async fn a_second_appointment_of_a_day_is_warned_of() {
    let mut caller = Caller::new();
    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    caller.agree(ToolName::CreateAppointment, &json!({ "patient": patient, "slot": slots[0].0 })).await;
    let asked = caller.call(ToolName::CreateAppointment, json!({ "patient": patient, "slot": slots[2].0 })).await;
    let say = asked["say"].as_str().unwrap();
    assert!(say.starts_with("You already have an appointment on Saturday, November 21 at 11:15 AM."), "{say}");
}

#[tokio::test]
async fn a_time_taken_meanwhile_is_said_to_be_taken() {
    let mut caller = Caller::new();
    let mut rival = Caller::new();
    rival.session.emr = caller.session.emr.clone();
    let (mine, theirs) = (caller.jane().await, rival.jane().await);
    let (first, same) = (caller.slots(follow_up()).await, rival.slots(follow_up()).await);
    // The rival is another patient: her twin by name.
    let twin = rival.call(ToolName::SearchPatient, jane("1962-04-12")).await["patient"].clone();
    let factor = json!({ "patient": twin, "factor": "postal_code", "value": "V6G 1C8" });
    assert_eq!(rival.call(ToolName::VerifyIdentity, factor).await["status"], "verified");
    assert_ne!(mine, theirs);
    let wish = json!({ "patient": mine, "slot": first[0].0 });
    let asked = caller.call(ToolName::CreateAppointment, wish.clone()).await;
    caller.hears(Who::Agent, asked["say"].as_str().unwrap());
    caller.hears(Who::Caller, "yes");
    let booked = rival.agree(ToolName::CreateAppointment, &json!({ "patient": twin, "slot": same[0].0 })).await;
    assert_eq!(booked["ok"], true, "{booked}");
    assert_eq!(caller.call(ToolName::CreateAppointment, wish).await["code"], "slot_taken");
}

#[tokio::test]
async fn the_appointments_of_one_day_are_told_and_no_past_ones() {
    let mut caller = Caller::new();
    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    caller.agree(ToolName::CreateAppointment, &json!({ "patient": patient, "slot": slots[0].0 })).await;
    let check = async |caller: &Caller, more: Value| {
        let mut asked = json!({ "patient": patient });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        caller.call(ToolName::CheckAppointments, asked).await
    };
    let there = check(&caller, json!({ "when": "date", "date": "2026-11-21" })).await;
    assert_eq!(there["say"], "You have Saturday, November 21 at 11:15 AM with Dr. Wei Chen.", "{there}");
    let none = check(&caller, json!({ "date": "2026-11-24" })).await;
    assert_eq!((&none["appointments"], &none["ok"]), (&json!([]), &json!(true)));
    assert_eq!(none["say"], "I see no appointment for you on Tuesday, November 24.");
    assert_eq!(check(&caller, json!({ "when": "upcoming" })).await["say"], there["say"]);
    for (more, code) in [
        (json!({ "when": "date" }), "invalid"),
        (json!({ "when": "upcoming", "date": "2026-11-24" }), "invalid"),
        (json!({ "date": "tuesday" }), "invalid"),
        (json!({ "date": "2026-11-20" }), "out_of_range"),
        (json!({ "date": "2026-11-24", "weekday": "friday" }), "weekday_mismatch"),
    ] {
        let told = check(&caller, more.clone()).await;
        assert_eq!(told["code"], code, "{more}: {told}");
    }
}

#[tokio::test]
async fn why_it_is_cancelled_is_in_the_audit_and_what_a_visit_is_about_must_be_short() {
    let mut caller = Caller::new();
    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    let mut wish = json!({ "patient": patient, "slot": slots[0].0, "reason_short": "x".repeat(81) });
    let long = caller.call(ToolName::CreateAppointment, wish.clone()).await;
    assert_eq!(long["code"], "invalid_reason", "{long}");
    wish["reason_short"] = "knee, again".into();
    let booked = caller.agree(ToolName::CreateAppointment, &wish).await;
    assert!(booked["ok"] == true && !booked.to_string().contains("knee"), "{booked}");
    // Written in other words, it is the same wish.
    wish["reason_short"] = "his knee".into();
    assert_eq!(caller.call(ToolName::CreateAppointment, wish).await, booked);
    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    assert!(!told.to_string().contains("knee"), "{told}");
    let mut cancel = json!({ "appointment": told["appointments"][0]["appointment"], "reason": "measles" });
    assert_eq!(caller.call(ToolName::CancelAppointment, cancel.clone()).await["code"], "invalid");
    cancel["reason"] = "transport".into();
    caller.session.dealings.trace(None, Duration::ZERO);
    assert_eq!(caller.agree(ToolName::CancelAppointment, &cancel).await["ok"], true);
    let trace = caller.session.dealings.trace(None, Duration::ZERO);
    assert_eq!(trace.reason.as_deref(), Some("transport"));
}

/// With a clinic that asks for so many hours.
fn asks_for(hours: u16) -> Arc<crate::clinic::Clinic> {
    let mut clinic = crate::clinic::Clinic::sample();
    clinic.config.emr.as_mut().unwrap().late_change_hours = Some(hours);
    Arc::new(clinic)
}

#[tokio::test]
async fn who_changes_an_appointment_later_than_the_clinic_asks_hears_so_goes_on_and_the_audit_knows() {
    const LATE: &str =
        "The clinic asks for at least 24 hours' notice to cancel or move an appointment, and this is later.";
    let mut caller = Caller::new();
    caller.session.clinic = asks_for(24);
    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    caller.agree(ToolName::CreateAppointment, &json!({ "patient": patient, "slot": slots[0].0 })).await;
    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    let appointment = told["appointments"][0]["appointment"].clone();
    let later = caller.slots(json!({ "visit_kind": "follow_up", "provider": "Chen", "weekdays": ["wednesday"] })).await;
    let wish = json!({ "appointment": appointment, "slot": later[0].0 });
    let asked = caller.call(ToolName::UpdateAppointment, wish.clone()).await;
    let say = asked["say"].as_str().unwrap().to_owned();
    assert!(say.starts_with(&format!("{LATE} I'd move your appointment")), "{say}");
    // A model that leaves it out has no yes to it.
    caller.hears(Who::Agent, say.strip_prefix(LATE).unwrap());
    caller.hears(Who::Caller, "yes");
    assert_eq!(caller.call(ToolName::UpdateAppointment, wish.clone()).await["code"], "not_confirmed");
    caller.session.dealings.trace(None, Duration::ZERO);
    let moved = caller.agree(ToolName::UpdateAppointment, &wish).await;
    assert_eq!(moved["start"], "2026-11-25T10:00", "{moved}");
    let trace = caller.session.dealings.trace(None, Duration::ZERO);
    assert_eq!(trace.warned.as_deref(), Some("late_change"));

    // What is four days off is not late; with a week's notice it is.
    let told = caller.call(ToolName::CheckAppointments, json!({ "patient": patient })).await;
    let wish = json!({ "appointment": told["appointments"][0]["appointment"] });
    let early = caller.call(ToolName::CancelAppointment, wish.clone()).await;
    assert!(early["say"].as_str().unwrap().starts_with("I'd cancel your appointment"), "{early}");
    caller.session.clinic = asks_for(168);
    let late = caller.call(ToolName::CancelAppointment, wish.clone()).await;
    assert!(late["say"].as_str().unwrap().starts_with("The clinic asks for at least 168 hours' notice"), "{late}");
    assert_eq!(caller.agree(ToolName::CancelAppointment, &wish).await["ok"], true);
    assert_eq!(caller.session.dealings.trace(None, Duration::ZERO).warned.as_deref(), Some("late_change"));
}

#[tokio::test]
async fn handles_of_another_call_of_five_minutes_ago_or_made_up_mean_nothing() {
    let mut caller = Caller::new();
    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    let wish = json!({ "patient": patient, "slot": slots[0].0 });
    let of_this_call = caller.session.dealings.clone();
    caller.session.dealings = Arc::new(Dealings::default());
    assert_eq!(caller.call(ToolName::CreateAppointment, wish.clone()).await["code"], "unknown_patient");
    let made_up = json!({ "patient": "1001", "slot": "slot_101" });
    assert_eq!(caller.call(ToolName::CreateAppointment, made_up).await["code"], "unknown_patient");
    caller.session.dealings = of_this_call;
    caller.session.now = caller.session.now.checked_add(6.minutes()).unwrap();
    assert_eq!(caller.call(ToolName::CreateAppointment, wish).await["code"], "slot_expired");
    let cancel = json!({ "appointment": "1" });
    assert_eq!(caller.call(ToolName::CancelAppointment, cancel).await["code"], "unknown_appointment");
}

#[tokio::test]
async fn who_is_a_patient_is_told_to_nobody() {
    let caller = Caller::new();
    let nobody = json!({ "first_name": "Nobody", "last_name": "Known", "birth_date": "1962-04-12" });
    let nobody = caller.call(ToolName::SearchPatient, nobody).await;
    let twins = caller.call(ToolName::SearchPatient, jane("1962-04-12")).await;
    for (key, value) in nobody.as_object().unwrap().iter().filter(|(key, _)| *key != "patient") {
        assert_eq!(&twins[key], value);
    }
    let check = json!({ "patient": twins["patient"] });
    assert_eq!(caller.call(ToolName::CheckAppointments, check).await["code"], "need_verification");
    let wrong = |patient: &Value| json!({ "patient": patient, "factor": "postal_code", "value": "V6B 1A1" });
    let no_such = caller.call(ToolName::VerifyIdentity, wrong(&nobody["patient"])).await;
    let not_hers = caller.call(ToolName::VerifyIdentity, wrong(&twins["patient"])).await;
    assert_eq!(no_such, not_hers);
    assert_eq!(caller.call(ToolName::VerifyIdentity, wrong(&twins["patient"])).await["code"], "too_many_failures");
    // From then on even what is right.
    let right = json!({ "patient": twins["patient"], "factor": "postal_code", "value": "V6G 1C8" });
    assert_eq!(caller.call(ToolName::VerifyIdentity, right).await["code"], "too_many_failures");
}

#[tokio::test]
async fn the_audit_hears_which_chart_was_looked_at_by_what_and_which_appointment_was_written() {
    let mut caller = Caller::new();
    let file = caller.folder.path().join("keys.toml");
    keys::create(&file).unwrap();
    let keys = Keys::load(&file).unwrap();
    let trace = |caller: &Caller| caller.session.dealings.trace(Some(&keys), Duration::from_millis(7));
    let twins = caller.call(ToolName::SearchPatient, jane("1962-04-12")).await;
    let searched = trace(&caller);
    assert_eq!(
        (searched.read.concat(), searched.patients.len(), searched.ms),
        ("birth_datenamephone".to_owned(), 2, Some(7))
    );
    assert_eq!(searched.found, Some(Found::NeedFactor));
    let wrong = json!({ "patient": twins["patient"], "factor": "postal_code", "value": "V6B 1A1" });
    assert_eq!(caller.call(ToolName::VerifyIdentity, wrong).await["code"], "no_match");
    let failed = trace(&caller);
    assert_eq!((failed.read.concat(), failed.patients.len()), ("postal_code".to_owned(), 2));
    assert_eq!(failed.found, Some(Found::NeedFactor));
    // The model hears of nobody what it hears of somebody; the audit tells them apart.
    let nobody = json!({ "first_name": "Nobody", "last_name": "Known", "birth_date": "1962-04-12" });
    let nobody = caller.call(ToolName::SearchPatient, nobody).await;
    assert_eq!((&nobody["status"], trace(&caller).found), (&json!("need_factor"), Some(Found::NotFound)));
    let factor = json!({ "patient": nobody["patient"], "factor": "postal_code", "value": "V6B 1A1" });
    assert_eq!(caller.call(ToolName::VerifyIdentity, factor).await["code"], "no_match");
    assert_eq!(trace(&caller).found, Some(Found::NotFound));
    let patient = caller.jane().await;
    assert_eq!(trace(&caller).found, Some(Found::Verified));
    let slots = caller.slots(follow_up()).await;
    trace(&caller);
    let booked = caller.agree(ToolName::CreateAppointment, &json!({ "patient": patient, "slot": slots[0].0 })).await;
    assert_eq!(booked["ok"], true, "{booked}");
    let written = trace(&caller);
    assert!(written.patients.len() == 1 && written.patients[0].is("1001", &keys), "{written:?}");
    assert_eq!(written.patients[0].open(&keys).unwrap().reveal(), "1001");
    assert!(written.appointment.is_some());
    assert_eq!(trace(&caller), Trace { ms: Some(7), ..Trace::default() }, "each tool's own");
}

#[tokio::test]
async fn a_chart_and_a_number_that_failed_for_three_calls_go_to_a_person_for_the_rest_of_the_day() {
    let mut caller = Caller::new();
    let right = json!({ "factor": "postal_code", "value": "V6G 1C8" });
    let verify = async |caller: &mut Caller, value: &str| {
        caller.session.dealings = Arc::new(Dealings::default());
        let twins = caller.call(ToolName::SearchPatient, jane("1962-04-12")).await["patient"].clone();
        let mut told = Value::Null;
        for _ in 0..3 {
            let factor = json!({ "patient": twins, "factor": "postal_code", "value": value });
            told = caller.call(ToolName::VerifyIdentity, factor).await;
        }
        told
    };
    // Another number each time: the charts are the same.
    for number in ["+16045550111", "+16045550112", "+16045550113"] {
        caller.session.call.caller = Pii::new(number.to_owned());
        assert_eq!(verify(&mut caller, "V6B 1A1").await["code"], "too_many_failures");
    }
    caller.session.call.caller = Pii::new("+16045550114".to_owned());
    let value = right["value"].as_str().unwrap();
    assert_eq!(verify(&mut caller, value).await["code"], "too_many_failures", "even what is right");
    caller.session.now = caller.session.now.saturating_add(24.hours()).unwrap();
    assert_eq!(verify(&mut caller, value).await["status"], "verified", "until the next day");
}

#[tokio::test]
async fn the_end_of_a_card_number_names_accents_and_order_are_understood() {
    let mut caller = Caller::new();
    caller.session.call.caller = Pii::new("anonymous".into());
    let swapped = json!({ "first_name": "GAGNON", "last_name": "Elise", "birth_date": "2001-08-02" });
    let found = caller.call(ToolName::SearchPatient, swapped).await;
    assert_eq!(found["status"], "need_factor");
    let factor = json!({ "patient": found["patient"], "factor": "health_card_last4", "value": "zero two one two" });
    assert_eq!(caller.call(ToolName::VerifyIdentity, factor).await["status"], "verified");
}

#[tokio::test]
async fn only_what_the_clinic_allows_is_offered() {
    let caller = Caller::new();
    let starts = |slots: Vec<(String, String)>| slots.into_iter().map(|(_, start)| start).collect::<Vec<_>>();
    // Kept for the same day and the next: Monday's are not offered on Saturday, Sunday has none.
    let sick = json!({ "visit_kind": "sick_visit", "provider": "Sarah MacDonald", "to_date": "2026-11-23", "part_of_day": "morning" });
    assert_eq!(caller.call(ToolName::FindEarliestAppointment, sick).await["code"], "no_availability");
    let phone = starts(caller.slots(json!({ "visit_kind": "phone" })).await);
    assert_eq!(phone, ["2026-11-24T15:00", "2026-11-24T15:15", "2026-11-24T15:30"]);
    // Blocked from eleven to twelve, an appointment at nine, half an hour needed.
    let long =
        json!({ "visit_kind": "checkup", "provider": "Singh", "from_date": "2026-11-23", "time_after": "10:30" });
    assert_eq!(starts(caller.slots(long).await), ["2026-11-23T10:30", "2026-11-23T13:00", "2026-11-23T13:15"]);
    // As a recogniser may hear Dr. Chen.
    let misheard = json!({ "visit_kind": "follow_up", "provider": "doctor Chan" });
    assert_eq!(starts(caller.slots(misheard).await)[0], "2026-11-21T11:15");
    for (arguments, code) in [
        (json!({ "visit_kind": "checkup", "from_date": "2027-06-01" }), "out_of_range"),
        (json!({ "visit_kind": "checkup", "to_date": "2026-11-01" }), "out_of_range"),
        (json!({ "visit_kind": "checkup", "from_date": "next week" }), "invalid"),
        (json!({ "visit_kind": "surgery" }), "invalid"),
        (json!({ "visit_kind": "checkup", "clinic": "other" }), "invalid"),
        (json!({ "visit_kind": "checkup", "provider": "Dr. House" }), "unknown_provider"),
    ] {
        let answer = caller.call(ToolName::FindEarliestAppointment, arguments).await;
        assert_eq!(answer["code"], code, "{answer}");
    }
}

#[tokio::test]
async fn a_clinic_without_a_book_says_so() {
    let mut caller = Caller::new();
    caller.session.emr = None;
    assert_eq!(caller.call(ToolName::SearchPatient, jane("1984-03-09")).await["code"], "no_book");
}

#[test]
fn schemas_allow_nothing_else_and_follow_no_references() {
    for tool in ToolName::ALL {
        let schema = tool.spec().parameters;
        assert_eq!(schema["type"], "object", "{schema}");
        assert_eq!(schema["additionalProperties"], false, "{schema}");
        assert!(schema["properties"].is_object() && !schema.to_string().contains("$ref"), "{schema}");
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_said_left_for_the_staff_and_never_sent_again() {
    let mut caller = Caller::new();
    let book = caller.session.emr.take().unwrap();
    caller.session.emr = Some(Arc::new(Ailing { book, ails: Ails::Bookings }));
    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    let wish = json!({ "patient": patient, "slot": slots[0].0 });
    let told = caller.agree(ToolName::CreateAppointment, &wish).await;
    assert_eq!(told["code"], "outcome_unknown");
    assert_eq!(told["say"], Remark::Unknown.words(Language::English));
    assert_eq!(caller.call(ToolName::CreateAppointment, wish).await, told);
    let left = left(caller.folder.path());
    assert_eq!(left.lines().count(), 1);
    assert!(left.contains("2026-11-21T11:15"), "{left}");
}

/// Every file under this folder, one after the other.
fn everything(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all += &if path.is_dir() { everything(&path) } else { std::fs::read_to_string(&path).unwrap() };
    }
    all
}

#[tokio::test]
async fn nothing_of_the_caller_is_in_clear_in_the_folder_after_a_call_that_books_and_leaves_a_message() {
    let mut caller = Caller::new();
    let sealing = at_rest::fresh(caller.folder.path());
    let records = caller.folder.path().join("records");
    let (clinic, today) = (Clinic::sample(), jiff::civil::date(2026, 11, 21));
    let book = Book::sealed(&records.join("book"), &clinic, today, &sealing.of_clinic("harbour-street")).unwrap();
    let shared = Shared::sealed(&StateConfig::default(), &records, sealing.clone()).unwrap();
    let messages = Arc::new(Messages::new(records.join("messages")).sealing(sealing.clone()));
    caller.session = Session { emr: Some(Arc::new(book)), shared, messages, ..caller.session };

    let patient = caller.jane().await;
    let slots = caller.slots(follow_up()).await;
    let wish = json!({ "patient": patient, "slot": slots[0].0 });
    let asked = caller.call(ToolName::CreateAppointment, wish.clone()).await;
    caller.hears(Who::Agent, asked["say"].as_str().unwrap());
    caller.hears(Who::Caller, "yes please");
    let booked = run_once(ToolName::CreateAppointment, 3, &Pii::new(wish.to_string()), &caller.session).await;
    assert!(booked.is_ok(), "{:?}", booked.result);
    let left = json!({ "name": "Jane Roe", "number": "604-555-0123", "text": "please call me" });
    assert_eq!(caller.agree(ToolName::TakeMessage, &left).await["ok"], true);

    let all = everything(&records);
    for file in ["state.jsonl", "book/harbour-street.jsonl", "messages"] {
        assert!(std::fs::metadata(records.join(file)).unwrap().len() > 0, "{file}");
    }
    // Each has something in it that base64 never has by chance.
    for secret in ["Jane Roe", "\"Jane", "\"1001\"", "5550177", "5550123", "1984-03-09", "call me", "Wei Chen"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
    let [file] = &messages::waiting(&records).unwrap()[..] else { panic!("one message") };
    assert_eq!(messages::read(file, &sealing).unwrap().unwrap().name.reveal(), "Jane Roe");
}

#[tokio::test]
async fn who_is_too_young_to_call_is_not_looked_up_unless_the_clinic_books_for_others() {
    // Fourteen on the day, and on the day after.
    let (old_enough, too_young) = ("2012-11-21", "2012-11-22");
    let mut caller = Caller::new();
    for (for_others, next) in [
        (ForOthers::Transfer, Some("transfer_to_person")),
        (ForOthers::Message, Some("take_message")),
        (ForOthers::Book, None),
    ] {
        let mut clinic = Clinic::sample();
        clinic.config.emr.as_mut().unwrap().for_others = for_others;
        caller.session.clinic = Arc::new(clinic);
        caller.session.dealings = Arc::default();
        assert_eq!(caller.call(ToolName::SearchPatient, jane(old_enough)).await["status"], "need_factor");
        let mut said = std::collections::BTreeSet::new();
        for language in Language::ALL {
            let asked = Session { language, ..caller.session.clone() };
            let found = run(ToolName::SearchPatient, &Pii::new(jane(too_young).to_string()), &asked).await.result;
            match next {
                Some(next) => {
                    assert_eq!((&found["code"], &found["next"]), (&json!("not_allowed"), &json!([next])), "{found}");
                    assert!(found["patient"].is_null(), "{found}");
                    said.insert(found["say"].to_string());
                }
                None => assert_eq!(found["status"], "need_factor", "as any other patient"),
            }
        }
        assert_eq!(said.len(), if next.is_some() { Language::ALL.len() } else { 0 });
    }
}

#[tokio::test]
async fn who_calls_for_a_child_is_offered_a_message_where_nobody_would_take_the_call() {
    let mut caller = Caller::new();
    let mut closed = Clinic::sample();
    closed.config.transfer_always = false;
    let mut without_number = Clinic::sample();
    without_number.config.transfer_to = None;
    // Saturday in Vancouver: 18:05, when the clinic is closed, and 10:05.
    for (clinic, now) in [(closed, "2026-11-22T02:05:00Z"), (without_number, "2026-11-21T18:05:00Z")] {
        caller.session.clinic = Arc::new(clinic);
        caller.session.now = now.parse().unwrap();
        for language in Language::ALL {
            let asked = Session { language, ..caller.session.clone() };
            let found = run(ToolName::SearchPatient, &Pii::new(jane("2020-03-09").to_string()), &asked).await.result;
            assert_eq!((&found["code"], &found["next"]), (&json!("not_allowed"), &json!(["take_message"])), "{found}");
            let message = crate::clinic::spoken::refusal::for_child(ForOthers::Message, language);
            assert_eq!(found["say"], message, "{language}");
        }
    }
}
