//! Whether an Appointment that was sent is one: everything that is missing, unknown or wrong is refused.

use jiff::Timestamp;
use serde_json::Value;

use super::reply::Reply;
use super::store::Store;

const FIELDS: [&str; 14] = [
    "resourceType",
    "id",
    "meta",
    "identifier",
    "status",
    "serviceType",
    "description",
    "comment",
    "start",
    "end",
    "minutesDuration",
    "slot",
    "participant",
    "cancelationReason",
];

const STATUSES: [&str; 10] = [
    "proposed",
    "pending",
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
];

/// `None`: it is as it should be.
pub(super) fn appointment(store: &Store, whole: &Value) -> Option<Reply> {
    wrong(store, whole).map(|(status, words)| Reply::no(status, "invalid", &words))
}

fn wrong(store: &Store, whole: &Value) -> Option<(u16, String)> {
    let Some(fields) = whole.as_object().filter(|_| whole["resourceType"] == "Appointment") else {
        return Some((400, "no Appointment".to_owned()));
    };
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Some((400, format!("there is no field {unknown}")));
    }
    if !whole["status"].as_str().is_some_and(|status| STATUSES.contains(&status)) {
        return Some((400, "no such status".to_owned()));
    }
    let at = |name: &str| whole[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let (Some(start), Some(end)) = (at("start"), at("end")) else {
        return Some((400, "start and end must be instants".to_owned()));
    };
    if end <= start || whole["minutesDuration"].as_i64() != Some(end.duration_since(start).as_mins()) {
        return Some((422, "start, end and minutesDuration do not fit".to_owned()));
    }
    let participants = whole["participant"].as_array().map(Vec::as_slice).unwrap_or_default();
    let statuses = ["accepted", "declined", "tentative", "needs-action"];
    if participants.is_empty()
        || !participants.iter().all(|one| one["status"].as_str().is_some_and(|s| statuses.contains(&s)))
    {
        return Some((400, "every participant has a status, and there is one".to_owned()));
    }
    let slots = whole["slot"].as_array().into_iter().flatten().map(|slot| &slot["reference"]);
    let actors = participants.iter().map(|one| &one["actor"]["reference"]);
    let missing = |reference: &&Value| {
        let parts = reference.as_str().and_then(|reference| reference.split_once('/'));
        parts.is_none_or(|(kind, id)| store.get(kind, id).is_none())
    };
    let lost = slots.chain(actors).find(missing)?;
    Some((422, format!("{lost} is not here")))
}
