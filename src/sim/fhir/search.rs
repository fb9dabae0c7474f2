//! Searches: what is asked for must be understood whole, and what is found comes in pages.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::reply::Reply;
use super::store::{Store, participant};

/// Resources of a page, whatever is asked for: less than a day of slots.
const PAGE: usize = 20;

type Parameters = [(String, String)];

/// What these find, or why they are not understood.
pub(super) fn find(store: &Store, kind: &str, sought: &Parameters) -> Result<Vec<Value>, Reply> {
    let asked: Vec<&(String, String)> = sought.iter().filter(|(name, _)| !name.starts_with('_')).collect();
    if asked.is_empty() {
        return Err(Reply::no(400, "required", "a search without parameters finds too much"));
    }
    let mut found = Vec::new();
    for resource in store.of_kind(kind) {
        let mut fits = true;
        for (name, value) in &asked {
            fits &= matches(resource, kind, name, value)
                .ok_or_else(|| Reply::no(400, "invalid", &format!("{kind}.{name} is not understood so")))?;
        }
        if fits {
            found.push(resource.clone());
        }
    }
    Ok(found)
}

/// `None`: there is no such parameter, or its value is none.
fn matches(resource: &Value, kind: &str, name: &str, value: &str) -> Option<bool> {
    let any = |one: &dyn Fn(&str) -> bool| value.split(',').any(one);
    match (kind, name) {
        ("Schedule", "actor") => Some(any(&|wanted| {
            resource["actor"].as_array().into_iter().flatten().any(|actor| actor["reference"] == wanted)
        })),
        ("Slot", "schedule") => Some(any(&|wanted| resource["schedule"]["reference"] == wanted)),
        ("Slot", "start") | ("Appointment", "date") => {
            let start: Timestamp = resource["start"].as_str()?.parse().ok()?;
            let (how, at) = value.split_at_checked(2)?;
            let at: Timestamp = at.parse().ok()?;
            match how {
                "ge" => Some(start >= at),
                "lt" => Some(start < at),
                _ => None,
            }
        }
        ("Appointment", "actor") => {
            let (kind, id) = value.split_once('/')?;
            Some(participant(resource, kind) == Some(id))
        }
        ("Appointment", "identifier") => {
            let (system, value) = value.split_once('|')?;
            let mut all = resource["identifier"].as_array().into_iter().flatten();
            Some(all.any(|known| known["system"] == system && known["value"] == value))
        }
        ("Patient", "identifier") => {
            let is_it = |known: &Value, wanted: &str| match wanted.split_once('|') {
                Some((system, value)) => known["system"] == system && known["value"] == value,
                None => known["value"] == wanted,
            };
            let mut known = resource["identifier"].as_array().into_iter().flatten();
            Some(known.any(|known| any(&|wanted| is_it(known, wanted))))
        }
        ("Patient", "birthdate") => Some(resource["birthDate"] == value),
        ("Patient", "family") => {
            let wanted = value.to_lowercase();
            let names = resource["name"].as_array().into_iter().flatten();
            Some(
                names
                    .filter_map(|name| name["family"].as_str())
                    .any(|family| family.to_lowercase().starts_with(&wanted)),
            )
        }
        ("Patient", "phone") => {
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let numbers = resource["telecom"].as_array().into_iter().flatten();
            let numbers: Vec<String> = numbers.filter_map(|number| number["value"].as_str()).map(digits).collect();
            Some(any(&|wanted| numbers.iter().any(|number| number.ends_with(&digits(wanted)))))
        }
        _ => None,
    }
}

/// The first page of what was found; `base`: as the client knows it.
pub(super) fn page(store: &mut Store, mut found: Vec<Value>, base: &str) -> Reply {
    let total = found.len();
    let rest = found.split_off(total.min(PAGE));
    let entry: Vec<Value> = found.iter().map(|one| json!({ "resource": one, "search": { "mode": "match" } })).collect();
    let mut bundle = json!({ "resourceType": "Bundle", "type": "searchset", "entry": entry, "link": [{ "relation": "self", "url": base }] });
    if !rest.is_empty() {
        let number = store.leave(rest);
        bundle["link"] = json!([{ "relation": "self", "url": base }, { "relation": "next", "url": format!("{base}?_page={number}") }]);
    }
    Reply::of(200, &bundle)
}
