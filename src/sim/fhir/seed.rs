//! The sample clinic: two doctors with their weeks, patients, and a Monday that has a bit of everything. Days are counted from the day on which
//! the simulator is started.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use super::Settings;
use super::appointments::{desk_books, written};
use super::store::Store;

/// Days that have slots.
const DAYS: i64 = 28;

/// Minutes of a slot.
const LENGTH: i64 = 15;

/// What slots are for, by the hour at which they begin: same-day visits first, calls last.
const HOURS: [(i8, &str); 7] =
    [(8, "same-day"), (9, "visit"), (10, "visit"), (11, "visit"), (13, "visit"), (14, "visit"), (15, "phone")];

pub(super) const TYPES: &str = "urn:oid:1.2.3.4.5";

pub(super) fn clinic(today: Date, settings: &Settings) -> Store {
    let mut store = Store::default();
    for (id, given, family) in [("101", "Priya", "Singh"), ("102", "Wei", "Chen"), ("103", "Martin", "Tremblay")] {
        let name = json!([{ "family": family, "given": [given], "prefix": ["Dr."] }]);
        store.insert(json!({ "resourceType": "Practitioner", "active": true, "name": name }), Some(id));
        let actor = json!([{ "reference": format!("Practitioner/{id}") }, { "reference": "Location/1" }]);
        // Dr. Tremblay has left.
        let schedule = json!({ "resourceType": "Schedule", "active": id != "103", "actor": actor });
        store.insert(schedule, Some(&format!("week-{id}")));
    }
    let days = (0..DAYS).map(|ahead| today.saturating_add(ahead.days()));
    for day in days.filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)) {
        for provider in ["101", "102"] {
            hours(&mut store, settings, provider, day);
        }
    }
    people(&mut store);
    let mut monday = today.saturating_add(1.day());
    while monday.weekday() != Weekday::Monday {
        monday = monday.saturating_add(1.day());
    }
    let at = |hour, minute| monday.at(hour, minute, 0, 0);
    desk_books(&mut store, settings, "101", at(9, 0), 15, "1002");
    desk_books(&mut store, settings, "101", at(10, 0), 30, "1001");
    desk_books(&mut store, settings, "102", at(10, 30), 30, "1002");
    let gone = desk_books(&mut store, settings, "101", at(14, 0), 15, "1003");
    store.change("Appointment", &gone, |gone| gone["status"] = json!("cancelled"));
    for (provider, start, status) in [
        ("101", at(11, 0), "busy-unavailable"),
        ("101", at(11, 15), "busy-unavailable"),
        ("101", at(13, 0), "busy-tentative"),
        ("101", at(13, 15), "busy"),
    ] {
        store.change("Slot", &slot_id(provider, start), |slot| slot["status"] = json!(status));
    }
    for minute in [0, 15] {
        store.change("Slot", &slot_id("101", at(14, minute)), |slot| slot["status"] = json!("free"));
    }
    store
}

pub(super) fn slot_id(provider: &str, start: DateTime) -> String {
    format!("s-{provider}-{}", start.strftime("%Y%m%d-%H%M"))
}

fn hours(store: &mut Store, settings: &Settings, provider: &str, day: Date) {
    for (hour, kind) in HOURS {
        for quarter in 0..4 {
            let start = day.at(hour, 0, 0, 0).saturating_add(SignedDuration::from_mins(quarter * LENGTH));
            let slot = slot(settings, &format!("week-{provider}"), start, LENGTH, kind);
            store.insert(slot, Some(&slot_id(provider, start)));
        }
    }
}

/// A free one.
pub(super) fn slot(settings: &Settings, schedule: &str, start: DateTime, minutes: i64, kind: &str) -> Value {
    let end = start.saturating_add(SignedDuration::from_mins(minutes));
    json!({
        "resourceType": "Slot", "schedule": { "reference": format!("Schedule/{schedule}") }, "status": "free",
        "serviceType": [{ "coding": [{ "system": TYPES, "code": kind }] }],
        "start": written(start, settings), "end": written(end, settings),
    })
}

fn people(store: &mut Store) {
    let mut person = |id: &str, [given, family, born, phone]: [&str; 4], more: Value| {
        let mut patient = json!({
            "resourceType": "Patient", "active": true, "birthDate": born,
            "name": [{ "use": "official", "family": family, "given": [given] }],
            "telecom": [{ "system": "phone", "value": phone, "use": "mobile" }],
        });
        for (field, value) in more.as_object().into_iter().flatten() {
            patient[field] = value.clone();
        }
        store.insert(patient, Some(id));
    };
    let card = json!([{ "type": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "JHN" }] }, "value": "9698658215" }]);
    let home = json!([{ "line": ["1 Harbour Street"], "city": "Vancouver", "postalCode": "V6B 2K3" }]);
    person("1001", ["Jane", "Roe", "1984-03-09", "604-555-0177"], json!({ "identifier": card, "address": home }));
    person("1002", ["Harpreet", "Gill", "1971-11-30", "(604) 555-0142"], json!({}));
    person("1003", ["Mei", "Lin", "1990-01-25", "+1 604 555 0163"], json!({}));
    person("1004", ["Élise", "Gagné", "2001-08-02", "604.555.0158"], json!({}));
    person("1005", ["Ann", "Twin", "1962-04-12", "604-555-0111"], json!({}));
    person("1006", ["Amy", "Twin", "1962-04-12", "604-555-0111"], json!({}));
    person("1007", ["Peter", "Former", "1979-07-07", "604-555-0112"], json!({ "active": false }));
    person("1008", ["Rose", "Late", "1931-02-14", "604-555-0113"], json!({ "deceasedDateTime": "2025-05-01" }));
    let replaced = json!({ "link": [{ "type": "replaced-by", "other": { "reference": "Patient/1003" } }] });
    person("1009", ["Mei", "Lin", "1990-01-25", "604-555-0163"], replaced);
    person("1012", ["Walter", "Counter", "1950-06-01", "604-555-0114"], json!({}));
}
