//! `$hold` and `$book` of the Argonaut scheduling guide; what is booked may be held, proposed, or sent whole.

use serde_json::{Value, json};

use super::reply::Reply;
use super::store::{Store, participant};
use super::{Settings, appointments, check, proposals};

/// An operation by its name, with the parameters that were posted.
pub(super) fn run(store: &mut Store, settings: &Settings, name: &str, parameters: &Value) -> Reply {
    if !settings.conduct.operates() {
        return Reply::no(404, "not-supported", "there is no such operation");
    }
    let all = parameters["parameter"].as_array().map(Vec::as_slice).unwrap_or_default();
    if parameters["resourceType"] != "Parameters" || all.is_empty() {
        return Reply::no(400, "invalid", "no Parameters");
    }
    let known = ["appt-id", "appt-resource", "patient-id", "comment"];
    if !all.iter().all(|one| one["name"].as_str().is_some_and(|name| known.contains(&name))) {
        return Reply::no(400, "invalid", "no such parameter");
    }
    let named = |name: &str| all.iter().find(|one| one["name"] == name);
    let id = named("appt-id").and_then(|one| one["valueUri"].as_str()?.strip_prefix("Appointment/"));
    let resource = named("appt-resource").map(|one| one["resource"].clone());
    match (name, id, resource) {
        ("$hold", None, Some(whole)) => hold(store, settings, whole, "pending"),
        ("$book", None, Some(whole)) if is_of(named("patient-id"), &whole) => hold(store, settings, whole, "booked"),
        ("$book", Some(id), None) => match proposals::whole(store, settings, id) {
            Some(proposed) => {
                let comment = named("comment").map(|one| one["valueString"].clone());
                book_proposed(store, settings, proposed, named("patient-id"), comment)
            }
            None => book(store, settings, id, named("patient-id")),
        },
        (_, _, _) => Reply::no(400, "invalid", "one of appt-id and appt-resource, and for $book the patient-id"),
    }
}

fn is_of(patient: Option<&Value>, whole: &Value) -> bool {
    let named = patient.and_then(|one| one["valueUri"].as_str()?.strip_prefix("Patient/"));
    named.is_some() && named == participant(whole, "Patient")
}

fn hold(store: &mut Store, settings: &Settings, mut whole: Value, status: &str) -> Reply {
    if whole["status"] != "proposed" || !whole["id"].is_null() {
        return Reply::no(400, "invalid", "what is to be held is proposed, and not there yet");
    }
    if let Some(no) = check::appointment(store, &whole) {
        return no;
    }
    if appointments::is_taken(store, settings, &whole, None) {
        whole["status"] = json!("cancelled");
        whole["id"] = json!("refused");
        return bundle(&whole);
    }
    whole["status"] = json!(status);
    let whole = store.insert(whole, None);
    appointments::fill(store, settings, &whole, if status == "booked" { "busy" } else { "busy-tentative" });
    bundle(&whole)
}

fn book(store: &mut Store, settings: &Settings, id: &str, patient: Option<&Value>) -> Reply {
    let Some(held) = store.get("Appointment", id).cloned() else {
        return Reply::no(404, "not-found", "no such Appointment");
    };
    if held["status"] != "pending" || !is_of(patient, &held) {
        return Reply::no(422, "business-rule", "it is not held for this patient");
    }
    store.change("Appointment", id, |held| held["status"] = json!("booked"));
    appointments::fill(store, settings, &held, "busy");
    store.get("Appointment", id).map_or_else(|| Reply::page(500), bundle)
}

/// What `$find` proposed, for this patient.
fn book_proposed(
    store: &mut Store,
    settings: &Settings,
    mut whole: Value,
    patient: Option<&Value>,
    comment: Option<Value>,
) -> Reply {
    let Some(patient) = patient.and_then(|one| one["valueUri"].as_str()) else {
        return Reply::no(400, "required", "for $book the patient-id");
    };
    if let Some(all) = whole["participant"].as_array_mut() {
        all.push(json!({ "actor": { "reference": patient }, "required": "required", "status": "accepted" }));
    }
    if let Some(comment) = comment {
        whole["comment"] = comment;
    }
    if let Some(fields) = whole.as_object_mut() {
        fields.remove("id");
    }
    hold(store, settings, whole, "booked")
}

fn bundle(whole: &Value) -> Reply {
    let entry = json!([{ "fullUrl": format!("urn:x:{}", whole["id"]), "resource": whole }]);
    Reply::of(200, &json!({ "resourceType": "Bundle", "type": "searchset", "total": 1, "entry": entry }))
}
