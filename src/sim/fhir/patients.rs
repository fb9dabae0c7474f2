//! Patients as they are created: everything that is missing, unknown or wrong is refused.

use jiff::civil::Date;
use serde_json::Value;

use super::appointments::{place, there_already};
use super::reply::Reply;
use super::store::Store;

const FIELDS: [&str; 8] = ["resourceType", "active", "identifier", "name", "telecom", "gender", "birthDate", "address"];

const GENDERS: [&str; 4] = ["male", "female", "other", "unknown"];

/// Unless one that the criteria find is there.
pub(super) fn create(store: &mut Store, whole: Value, matching: &[Value]) -> Reply {
    if let Some(reply) = there_already(matching) {
        return reply;
    }
    if let Some(words) = wrong(&whole) {
        return Reply::no(400, "invalid", &words);
    }
    let whole = store.insert(whole, None);
    place(Reply::of(201, &whole), &whole)
}

fn wrong(whole: &Value) -> Option<String> {
    let Some(fields) = whole.as_object().filter(|_| whole["resourceType"] == "Patient") else {
        return Some("no Patient".to_owned());
    };
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Some(format!("there is no field {unknown}"));
    }
    if fields.values().any(|value| value.as_array().is_some_and(Vec::is_empty)) {
        return Some("a field that is there is not empty".to_owned());
    }
    if !whole["gender"].as_str().is_some_and(|gender| GENDERS.contains(&gender)) {
        return Some("no such gender".to_owned());
    }
    if whole["birthDate"].as_str().is_none_or(|born| born.parse::<Date>().is_err()) {
        return Some("birthDate must be a date".to_owned());
    }
    let mut names = whole["name"].as_array().into_iter().flatten();
    let is_whole =
        |name: &Value| name["family"].is_string() && name["given"].as_array().is_some_and(|all| !all.is_empty());
    (!names.any(is_whole)).then(|| "a name has a family name and a given one".to_owned())
}
