use std::sync::Arc;

use serde_json::Value;

use super::super::tests::{self as tools, Ailing, Ails, left, session, then, with_book};
use super::super::{ToolName, run as run_tool, write_up};
use super::*;
use crate::emr::Registrations;
use crate::privacy::Pii;

async fn call(tool: ToolName, arguments: &Value, session: &Session) -> Outcome {
    run_tool(tool, &Pii::new(arguments.to_string()), session).await
}

fn nova() -> Value {
    json!({
        "first_name": "Nova", "last_name": "Sample", "birth_date": "1999-02-28", "sex": "female", "number": "604-555-0123",
        "postal_code": "v6b 1a1", "email": "nova@example.org",
    })
}

async fn asked_and_answered(arguments: &Value, answer: &str, session: &Session) -> Outcome {
    tools::asked_and_answered(ToolName::RegisterNewPatient, arguments, answer, session).await
}

#[tokio::test]
async fn a_card_and_a_telephone_that_the_model_never_saw_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let session = with_book(folder.path());
    let session = then(&session, "And your health card's number?", "nine eight one two, 345 687, and 604 555 0123");
    let session = then(&session, "Your card number again, please?", "9812 345 687");
    let card = json!({ "province": "BC", "number": "[card 1]" });
    let card = call(ToolName::ValidateHealthCard, &card, &session).await;
    let mut arguments = nova();
    arguments["card"] = card.result["card"].clone();
    // Nobody asked for a telephone: it was taken for a card.
    arguments["number"] = json!("[card 2]");
    let outcome = asked_and_answered(&arguments, "yes that's right", &session).await;
    assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
    let kept = left(folder.path());
    for part in ["Health card: BC 9812345687", "+16045550123"] {
        assert!(kept.contains(part), "{part}: {kept}");
    }
}

#[tokio::test]
async fn a_new_patient_is_left_for_the_staff_once_after_a_yes() {
    let folder = tempfile::tempdir().unwrap();
    let session = with_book(folder.path());
    let card = json!({ "province": "BC", "number": "9812 345 687" });
    let card = call(ToolName::ValidateHealthCard, &card, &session).await;
    let mut arguments = nova();
    arguments["card"] = card.result["card"].clone();
    let outcome = asked_and_answered(&arguments, "yes that's right", &session).await;
    assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
    assert!(!outcome.result.to_string().contains("9812"), "{}", outcome.result);
    assert_eq!(call(ToolName::RegisterNewPatient, &arguments, &session).await, outcome, "asked for again");
    let kept = left(folder.path());
    for part in [
        "\"kind\":\"registration\"",
        "Nova Sample",
        "+16045550123",
        "Date of birth: 1999-02-28",
        "Health card: BC 9812345687",
        "Postal code: V6B1A1",
        "E-mail: nova@example.org",
        "No chart of this name",
    ] {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    assert_eq!(kept.lines().count(), 1);
}

#[tokio::test]
async fn what_is_added_to_a_registration_reaches_the_staff_after_another_yes() {
    let folder = tempfile::tempdir().unwrap();
    let session = with_book(folder.path());
    let mut arguments = nova();
    arguments.as_object_mut().unwrap().remove("email");
    let first = asked_and_answered(&arguments, "yes", &session).await;
    assert_eq!(first.result["status"], "queued", "{}", first.result);
    arguments["email"] = json!("nova@example.org");
    let added = call(ToolName::RegisterNewPatient, &arguments, &session).await;
    assert_eq!(added.result["code"], "not_confirmed", "{}", added.result);
    let added = asked_and_answered(&arguments, "yes", &session).await;
    assert_eq!(added.result["status"], "queued", "{}", added.result);
    let kept = left(folder.path());
    let with_it = kept.lines().filter(|line| line.contains("E-mail: nova@example.org")).count();
    assert_eq!(with_it, 1, "{kept}");
    assert_eq!(kept.lines().count(), 2);
}

#[tokio::test]
async fn nobody_is_registered_without_a_yes_to_what_was_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let session = with_book(folder.path());
    for answer in ["no", "yes but it's Novak", "what for"] {
        let outcome = asked_and_answered(&nova(), answer, &session).await;
        assert_eq!(outcome.result["code"], "not_confirmed", "{answer}");
    }
    assert_eq!(left(folder.path()), "");
}

#[tokio::test]
async fn the_staff_are_told_of_a_chart_that_is_there_and_the_caller_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let session = with_book(folder.path());
    let new = asked_and_answered(&nova(), "yes", &session).await;
    let jane = json!({
        "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09", "sex": "female", "number": "caller",
    });
    let known = asked_and_answered(&jane, "yes", &session).await;
    assert_eq!(known, new, "one answer for both");
    assert!(left(folder.path()).contains("is there: look at it before"));
}

/// The same at a clinic that has charts made.
fn that_makes_charts(session: &Session) -> Session {
    let mut clinic = crate::clinic::Clinic::sample();
    clinic.config.emr.as_mut().unwrap().registrations = Registrations::Created;
    Session { clinic: Arc::new(clinic), ..session.clone() }
}

#[tokio::test]
async fn a_new_patient_gets_a_chart_where_the_clinic_has_them_made_and_may_be_booked() {
    let folder = tempfile::tempdir().unwrap();
    let session = that_makes_charts(&with_book(folder.path()));
    let mut mine = nova();
    mine["number"] = "caller".into();
    let search = json!({ "first_name": "Nova", "last_name": "Sample", "birth_date": "1999-02-28" });
    let before = call(ToolName::SearchPatient, &search, &session).await;
    assert_eq!(before.result["status"], "need_factor");
    let outcome = asked_and_answered(&mine, "yes", &session).await;
    let kept = left(folder.path());
    assert!(kept.contains("Chart T1 was made for them, from what they said"), "{kept}");
    let after = call(ToolName::SearchPatient, &search, &session).await;
    assert_eq!(after.result["status"], "verified", "{}", after.result);
    let theirs = call(ToolName::CheckAppointments, &json!({ "patient": after.result["patient"] }), &session).await;
    assert!(theirs.is_ok(), "{}", theirs.result);
    // Whoever may be there already hears the same.
    let other = that_makes_charts(&Session { dealings: Arc::default(), ..session.clone() });
    let mut twin = mine.clone();
    twin["first_name"] = "Vera".into();
    assert_eq!(asked_and_answered(&twin, "yes", &other).await, outcome);
    let kept = left(folder.path());
    assert!(kept.contains("No chart was made: somebody of this date of birth") && !kept.contains("T2"), "{kept}");
}

#[tokio::test]
async fn the_staff_are_told_when_nobody_knows_whether_a_chart_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = that_makes_charts(&with_book(folder.path()));
    let book = session.emr.take().unwrap();
    session.emr = Some(Arc::new(Ailing { book, ails: Ails::Charts }));
    let outcome = asked_and_answered(&nova(), "yes", &session).await;
    assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
    assert!(left(folder.path()).contains("Not certain: a chart may have been made"));
}

#[tokio::test]
async fn a_process_that_ends_while_a_chart_is_made_leaves_the_registration_to_the_staff() {
    use crate::state::{Key, State as _};
    let folder = tempfile::tempdir().unwrap();
    let session = that_makes_charts(&with_book(folder.path()));
    let here = session.shared.here();
    let laid_by = async || here.table(&Key::interrupted("harbour-street")).await.unwrap();
    asked_and_answered(&nova(), "yes", &session).await;
    let [text] = &laid_by().await.into_values().collect::<Vec<_>>()[..] else { panic!("one message") };
    assert!(text.contains("Nova Sample") && text.contains("a chart may have been made"), "{text}");
    // The ledger has it now.
    write_up(&session).await;
    assert!(laid_by().await.is_empty());
    assert!(!left(folder.path()).contains("may have been made"));
}

#[tokio::test]
async fn no_chart_is_made_of_a_card_that_is_of_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let session = that_makes_charts(&with_book(folder.path()));
    let card = json!({ "province": "QC", "number": "GAGE 0158 0212" });
    let card = call(ToolName::ValidateHealthCard, &card, &session).await.result["card"].clone();
    let mut married = nova();
    married["card"] = card;
    assert_eq!(call(ToolName::RegisterNewPatient, &married, &session).await.result["code"], "card_mismatch");
    asked_and_answered(&married, "yes", &session).await;
    let kept = left(folder.path());
    assert!(kept.contains("The card's number is not of this name") && !kept.contains("was made for them"), "{kept}");
}

#[tokio::test]
async fn a_chart_is_found_by_the_card_whatever_name_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let session = with_book(folder.path());
    // Jane Roe's.
    let card = json!({ "province": "BC", "number": "9698658215" });
    let card = call(ToolName::ValidateHealthCard, &card, &session).await;
    let mut arguments = nova();
    arguments["card"] = card.result["card"].clone();
    let outcome = asked_and_answered(&arguments, "yes", &session).await;
    assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
    let kept = left(folder.path());
    assert!(kept.contains("A chart with this health card's number is there") && !kept.contains("Jane"), "{kept}");
}

#[tokio::test]
async fn an_emr_that_does_not_search_by_cards_is_searched_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = with_book(folder.path());
    let book = session.emr.take().unwrap();
    session.emr = Some(Arc::new(Ailing { book, ails: Ails::Numbers }));
    let card = json!({ "province": "BC", "number": "9698658215" });
    let card = call(ToolName::ValidateHealthCard, &card, &session).await;
    let jane = json!({
        "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09", "sex": "female", "number": "caller",
        "card": card.result["card"],
    });
    let outcome = asked_and_answered(&jane, "yes", &session).await;
    assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
    let kept = left(folder.path());
    assert!(kept.contains("A chart of this name and date of birth is there"), "{kept}");
}

#[tokio::test]
async fn a_card_of_quebec_that_is_of_another_name_is_asked_about_once_and_then_left_to_the_staff() {
    let folder = tempfile::tempdir().unwrap();
    let session = with_book(folder.path());
    let card = json!({ "province": "QC", "number": "GAGE 0158 0212" });
    let card = call(ToolName::ValidateHealthCard, &card, &session).await.result["card"].clone();
    let elise = json!({
        "first_name": "Élise", "last_name": "Gagnon", "birth_date": "2001-08-02", "sex": "female", "number": "caller", "card": card,
    });
    assert_eq!(call(ToolName::RegisterNewPatient, &elise, &session).await.result["code"], "not_confirmed");
    for (key, value) in [("first_name", "Marie"), ("last_name", "Roy"), ("birth_date", "2001-08-03"), ("sex", "male")] {
        let mut other = elise.clone();
        other[key] = value.into();
        let told = call(ToolName::RegisterNewPatient, &other, &session).await;
        assert_eq!(told.result["code"], "card_mismatch", "{key}: {}", told.result);
        assert!(!told.result.to_string().contains("GAGE"), "{}", told.result);
    }
    assert!(!left(folder.path()).contains("GAGE"));
    let mut married = elise.clone();
    married["last_name"] = "Roy".into();
    let outcome = asked_and_answered(&married, "yes", &session).await;
    assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
    assert!(left(folder.path()).contains("The card's number is not of this name"), "{}", left(folder.path()));
}

#[tokio::test]
async fn what_cannot_be_right_is_asked_for_again_without_repeating_it() {
    let folder = tempfile::tempdir().unwrap();
    let session = session(folder.path(), &[]);
    for (key, value, code) in [
        ("last_name", "604", "invalid_name"),
        ("birth_date", "2030-01-01", "invalid_birth_date"),
        ("number", "911", "invalid_number"),
        ("card", "card_123456", "unknown_card"),
        ("postal_code", "D1D 1D1", "invalid_postal_code"),
        ("email", "nova at example", "invalid_email"),
        ("email", "a@b", "invalid_email"),
        ("sex", "yes", "invalid"),
    ] {
        let mut arguments = nova();
        arguments[key] = value.into();
        let outcome = call(ToolName::RegisterNewPatient, &arguments, &session).await;
        assert_eq!(outcome.result["code"], code, "{key}: {}", outcome.result);
        assert!(!outcome.result.to_string().contains("Nova"), "{}", outcome.result);
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_without_an_answer_keeps_a_registration_from_the_staff_for_six_seconds_and_no_chart_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = that_makes_charts(&with_book(folder.path()));
    let book = session.emr.take().unwrap();
    session.emr = Some(Arc::new(Ailing { book, ails: Ails::Searches }));
    let began = tokio::time::Instant::now();
    let outcome = asked_and_answered(&nova(), "yes that's right", &session).await;
    assert_eq!(outcome.result["status"], "queued", "{}", outcome.result);
    assert_eq!(began.elapsed().as_secs(), 6);
    let kept = left(folder.path());
    assert!(kept.contains("Not looked up: there may be a chart already."), "{kept}");
}
