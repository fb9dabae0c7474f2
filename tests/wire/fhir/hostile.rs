//! Servers that answer badly or not at all: each becomes an error that says whether something may have been written, and names nobody.

use std::sync::Arc;
use std::time::Duration;

use attendant::emr::{self, Emr, EmrError, ProviderRef};
use attendant::state::Shared;
use jiff::civil::date;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::house::clinic;
use crate::wire::emr_contract as contract;

/// Milliseconds in which an answer of a busy machine has come.
const PATIENT: u64 = 4_000;

fn fhir(resource: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(resource.to_string(), "application/fhir+json")
}

fn bundle(resources: &[Value]) -> Value {
    let entry: Vec<Value> = resources.iter().map(|resource| json!({ "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entry })
}

fn schedule() -> Value {
    json!({ "resourceType": "Schedule", "id": "a", "actor": [{ "reference": "Practitioner/101" }] })
}

/// A server whose slots and appointments answer so, and who waits this many milliseconds for them.
async fn server(slots: ResponseTemplate, appointments: ResponseTemplate, read_ms: u64) -> (MockServer, Arc<dyn Emr>) {
    let server = MockServer::start().await;
    Mock::given(path("/fhir/Schedule")).respond_with(fhir(&bundle(&[schedule()]))).mount(&server).await;
    Mock::given(path("/fhir/Slot")).respond_with(slots).mount(&server).await;
    Mock::given(method("POST")).and(path("/fhir/Appointment/_search")).respond_with(appointments).mount(&server).await;
    let folder = tempfile::tempdir().expect("as the test has it");
    let token = folder.path().join("token");
    std::fs::write(&token, "mK3-vq09-Zp-xx71").expect("as the test has it");
    let account = format!("token = {{ file = \"{}\" }}", token.display());
    let clinic = clinic(folder.path(), &format!("{}/fhir", server.uri()), &account, [2_000, read_ms, 2_000]);
    let emr = emr::across(&clinic, &Shared::default()).expect("as the test has it").expect("as the test has it");
    (server, emr)
}

async fn ask(emr: &Arc<dyn Emr>) -> EmrError {
    emr.appointments_for_provider(&ProviderRef("101".into()), date(2026, 3, 3)).await.expect_err("an error")
}

#[tokio::test]
async fn what_is_no_answer_is_told_by_kind_and_never_quoted() {
    type Is = fn(&EmrError) -> bool;
    let unavailable: Is = |error| matches!(error, EmrError::Unavailable(_));
    let invalid: Is = |error| matches!(error, EmrError::Invalid(_));
    let forbidden: Is = |error| matches!(error, EmrError::Forbidden(_));
    let auth: Is = |error| matches!(error, EmrError::Auth(_));
    let timeout: Is = |error| matches!(error, EmrError::Timeout(_));
    let html = |status| ResponseTemplate::new(status).set_body_raw("<html>Jane Roe</html>", "text/html");
    let raw = |body: &str| ResponseTemplate::new(200).set_body_raw(body.to_owned(), "application/fhir+json");
    let outcome =
        json!({ "resourceType": "OperationOutcome", "issue": [{ "code": "invalid", "diagnostics": "Jane Roe" }] });
    let next = |url: &str| {
        let mut page = bundle(&[]);
        page["link"] = json!([{ "relation": "next", "url": url }]);
        fhir(&page)
    };
    let appointment = |change: Value| {
        let mut whole = json!({
            "resourceType": "Appointment", "id": "1", "status": "booked", "start": "2026-03-03T17:00:00Z", "end": "2026-03-03T17:15:00Z",
            "comment": "Jane Roe", "participant": [{ "actor": { "reference": "Practitioner/101" }, "status": "accepted" }],
        });
        for (field, value) in change.as_object().unwrap() {
            whole[field] = value.clone();
        }
        fhir(&bundle(&[whole]))
    };
    let long = format!("\"{}\"", "Jane Roe ".repeat(500_000));
    let deep = "[".repeat(100_000);
    let cases: Vec<(&str, ResponseTemplate, Is)> = vec![
        ("a proxy's 503", html(503), unavailable),
        ("a firewall", html(403), forbidden),
        ("no such resource", html(404), invalid),
        ("a redirect", ResponseTemplate::new(302).insert_header("location", "/login"), unavailable),
        ("a page with 200", html(200), invalid),
        ("a token that is not taken", ResponseTemplate::new(401), auth),
        ("too often", ResponseTemplate::new(429), unavailable),
        ("not understood", ResponseTemplate::new(400).set_body_json(&outcome), invalid),
        ("half of it", raw("{\"resourceType\":\"Bundle\",\"entry\":[{\"Jane Roe\""), invalid),
        ("too much", raw(&long), invalid),
        ("too deep", raw(&deep), invalid),
        ("no bundle", fhir(&outcome), invalid),
        ("a bundle of something else", fhir(&bundle(&[json!({ "resourceType": "Patient", "id": "1" })])), invalid),
        ("a page at another server", next("https://elsewhere.example/fhir?page=2"), invalid),
        ("a page without encryption's account", next("http://me:you@127.0.0.1/fhir"), invalid),
        ("pages without an end", next("?page=2"), invalid),
        ("an appointment without a time", appointment(json!({ "start": null })), invalid),
        ("one of an unknown status", appointment(json!({ "status": "Jane Roe" })), invalid),
        ("one with an id that is an address", appointment(json!({ "id": "../Patient/1" })), invalid),
        (
            "one of a practitioner elsewhere",
            appointment(
                json!({ "participant": [{ "actor": { "reference": "https://elsewhere.example/fhir/Practitioner/101" }, "status": "accepted" }] }),
            ),
            invalid,
        ),
        (
            "one of nobody",
            appointment(json!({ "participant": [{ "actor": { "reference": "Location/1" }, "status": "accepted" }] })),
            invalid,
        ),
        ("one whose participants are a text", appointment(json!({ "participant": "Jane Roe" })), invalid),
        ("silence", fhir(&bundle(&[])).set_delay(Duration::from_secs(60)), timeout),
    ];
    for (name, response, is) in cases {
        let read_ms = if name == "silence" { 300 } else { PATIENT };
        let (_server, emr) = server(fhir(&bundle(&[])), response, read_ms).await;
        let error = ask(&emr).await;
        assert!(is(&error), "{name}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("Jane"), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_slot_that_was_not_asked_for_is_an_error() {
    let slot = |change: Value| {
        let mut slot = json!({
            "resourceType": "Slot", "id": "s", "schedule": { "reference": "Schedule/a" }, "status": "free",
            "start": "2026-03-03T17:00:00Z", "end": "2026-03-03T17:15:00Z",
        });
        for (field, value) in change.as_object().unwrap() {
            slot[field] = value.clone();
        }
        fhir(&bundle(&[slot]))
    };
    for change in [
        json!({ "schedule": { "reference": "Schedule/b" } }),
        json!({ "schedule": { "reference": "https://elsewhere.example/fhir/Schedule/a" } }),
        json!({ "start": "2026-03-03T09:00:00" }),
        json!({ "status": "open" }),
    ] {
        let (_server, emr) = server(slot(change.clone()), fhir(&bundle(&[])), PATIENT).await;
        assert!(matches!(ask(&emr).await, EmrError::Invalid(_)), "{change}");
    }
}

#[tokio::test]
async fn pages_are_followed_and_counted_once() {
    let server = server(fhir(&bundle(&[])), ResponseTemplate::new(500), PATIENT).await;
    let row = |id: &str, minute: i64| {
        json!({
            "resourceType": "Appointment", "id": id, "status": "booked",
            "start": format!("2026-03-03T17:{minute:02}:00Z"), "end": format!("2026-03-03T17:{:02}:00Z", minute + 15),
            "participant": [{ "actor": { "reference": "Practitioner/101" }, "status": "accepted" }],
        })
    };
    for (next, at) in [
        ("/fhir?page=2", "/fhir"),
        ("?page=2", "/fhir"),
        ("Appointment?page=2", "/fhir/Appointment"),
        ("./Appointment/_search?page=2", "/fhir/Appointment/_search"),
    ] {
        let mut first = bundle(&[row("1", 0), row("2", 15)]);
        first["link"] = json!([{ "relation": "next", "url": next }]);
        server.0.reset().await;
        Mock::given(path("/fhir/Schedule")).respond_with(fhir(&bundle(&[schedule()]))).mount(&server.0).await;
        Mock::given(path("/fhir/Slot")).respond_with(fhir(&bundle(&[]))).mount(&server.0).await;
        let second = fhir(&bundle(&[row("2", 15), row("3", 30)]));
        Mock::given(method("GET")).and(path(at)).respond_with(second).mount(&server.0).await;
        Mock::given(method("POST"))
            .and(path("/fhir/Appointment/_search"))
            .respond_with(fhir(&first))
            .mount(&server.0)
            .await;
        let taken = server.1.appointments_for_provider(&ProviderRef("101".into()), date(2026, 3, 3)).await.unwrap();
        assert_eq!(taken.iter().map(|taken| taken.id.0.as_str()).collect::<Vec<_>>(), ["1", "2", "3"], "{next}");
    }
}

#[tokio::test]
async fn pages_that_come_slowly_one_by_one_have_the_time_of_one_answer_together() {
    let mut page = bundle(&[]);
    page["link"] = json!([{ "relation": "next", "url": "?page=2" }]);
    let slow = fhir(&page).set_delay(Duration::from_millis(500));
    let (server, emr) = server(fhir(&bundle(&[])), slow.clone(), 1_900).await;
    Mock::given(method("GET")).and(path("/fhir")).respond_with(slow).mount(&server).await;
    // With a deadline of its own each of twenty pages would be in time.
    let error = ask(&emr).await;
    assert!(matches!(&error, EmrError::Timeout(what) if what.contains("3900 ms")), "{error:?}");
}

#[tokio::test]
async fn a_service_that_fails_five_times_is_not_asked_for_a_while_and_the_others_are() {
    let broken = ResponseTemplate::new(503).set_body_raw("<html/>", "text/html");
    let (server, emr) = server(fhir(&bundle(&[])), broken, PATIENT).await;
    for _ in 0..8 {
        assert!(matches!(ask(&emr).await, EmrError::Unavailable(_)));
    }
    let requests = server.received_requests().await.unwrap();
    let of = |at: &str| requests.iter().filter(|request| request.url.path() == at).count();
    assert_eq!((of("/fhir/Appointment/_search"), of("/fhir/Schedule")), (5, 1));
}

#[tokio::test]
async fn a_chart_and_an_appointment_that_are_listed_twice_are_one() {
    let participant = |reference: &str| json!({ "actor": { "reference": reference }, "status": "accepted" });
    let row = json!({
        "resourceType": "Appointment", "id": "18", "status": "booked", "start": "2026-03-03T17:00:00Z", "end": "2026-03-03T17:15:00Z",
        "participant": [participant("Patient/42"), participant("Practitioner/101")],
    });
    let anne = json!({
        "resourceType": "Patient", "id": "42", "birthDate": "1984-03-09", "name": [{ "family": "Test", "given": ["Anne"] }],
        "telecom": [{ "system": "phone", "value": "905-555-1234" }],
        "identifier": [{ "value": "1234 567 897", "type": { "coding": [{ "code": "JHN" }] } }],
    });
    let (server, emr) = server(fhir(&bundle(&[])), fhir(&bundle(&[row.clone(), row])), PATIENT).await;
    let charts = fhir(&bundle(&[anne.clone(), anne]));
    Mock::given(method("POST")).and(path("/fhir/Patient/_search")).respond_with(charts).mount(&server).await;
    contract::takes_what_is_listed_twice_for_one(emr.as_ref()).await;
}
