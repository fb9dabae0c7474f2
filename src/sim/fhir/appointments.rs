//! Appointments as they are created and changed, and the slots that they take.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::reply::Reply;
use super::store::{Booked, Store, version};
use super::{BASE, Conduct, Settings, check};

/// The clinic's time as an instant.
pub(super) fn written(at: DateTime, settings: &Settings) -> String {
    let zoned = settings.zone.to_ambiguous_zoned(at).compatible();
    zoned.map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

/// On the server's own pages: no check.
pub(super) fn desk_books(
    store: &mut Store,
    settings: &Settings,
    practitioner: &str,
    start: DateTime,
    minutes: i64,
    patient: &str,
) -> String {
    let end = start.saturating_add(SignedDuration::from_mins(minutes));
    let actor = |reference: String| json!({ "actor": { "reference": reference }, "status": "accepted" });
    let whole = json!({
        "resourceType": "Appointment", "status": "booked", "start": written(start, settings), "end": written(end, settings),
        "minutesDuration": minutes, "comment": "front desk",
        "participant": [actor(format!("Patient/{patient}")), actor(format!("Practitioner/{practitioner}"))],
    });
    let whole = store.insert(whole, None);
    fill(store, settings, &whole, "busy");
    whole["id"].as_str().unwrap_or_default().to_owned()
}

/// What If-None-Exist has found, if it has found anything.
pub(super) fn there_already(matching: &[Value]) -> Option<Reply> {
    match matching {
        [] => None,
        [there] => Some(place(Reply::of(200, there), there)),
        _ => Some(Reply::no(412, "multiple-matches", "If-None-Exist finds several")),
    }
}

/// Unless one that the criteria find is there.
pub(super) fn create(store: &mut Store, settings: &Settings, whole: Value, matching: &[Value]) -> Reply {
    if let Some(reply) = there_already(matching) {
        return reply;
    }
    if let Some(no) = check::appointment(store, &whole) {
        return no;
    }
    if settings.conduct.looks() && is_taken(store, settings, &whole, None) {
        return Reply::no(409, "conflict", "the time is taken");
    }
    let whole = store.insert(whole, None);
    fill(store, settings, &whole, "busy");
    place(Reply::of(201, &whole), &whole)
}

/// All of an appointment, if it is still of that version.
pub(super) fn update(store: &mut Store, settings: &Settings, id: &str, whole: Value, if_match: Option<&str>) -> Reply {
    let Some(before) = store.get("Appointment", id).cloned() else {
        return Reply::no(404, "not-found", "no such Appointment");
    };
    let Some(if_match) = if_match else { return Reply::no(400, "required", "If-Match is needed") };
    if if_match != tag(&before) && settings.conduct != Conduct::Careless {
        return Reply::no(412, "conflict", "it is of another version");
    }
    if whole["id"] != id {
        return Reply::no(400, "invalid", "the body is of another id than the address");
    }
    if let Some(no) = check::appointment(store, &whole) {
        return no;
    }
    let is_active = booked(settings, &whole).is_some_and(|new| new.is_active());
    if settings.conduct.looks() && is_active && is_taken(store, settings, &whole, Some(id)) {
        return Reply::no(409, "conflict", "the time is taken");
    }
    if booked(settings, &before).is_some_and(|before| before.is_active()) {
        fill(store, settings, &before, "free");
    }
    store.change("Appointment", id, |resource| *resource = whole);
    let Some(now) = store.get("Appointment", id).cloned() else { return Reply::page(500) };
    if is_active {
        fill(store, settings, &now, "busy");
    }
    place(Reply::of(200, &now), &now)
}

pub(super) fn tag(resource: &Value) -> String {
    format!("W/\"{}\"", version(resource))
}

pub(super) fn place(reply: Reply, whole: &Value) -> Reply {
    let text = |name: &str| whole[name].as_str().unwrap_or_default();
    let (kind, id, version) = (text("resourceType"), text("id"), version(whole));
    reply.with("etag", tag(whole)).with("location", format!("{BASE}/{kind}/{id}/_history/{version}"))
}

/// Whether somebody else holds a moment of it.
pub(super) fn is_taken(store: &Store, settings: &Settings, whole: &Value, except: Option<&str>) -> bool {
    let Some(wanted) = booked(settings, whole) else { return false };
    let stands = |other: &Booked| {
        other.is_active()
            && Some(other.id.as_str()) != except
            && other.practitioner == wanted.practitioner
            && other.start < wanted.end
            && wanted.start < other.end
    };
    store.booked(&settings.zone).iter().any(stands) || references(whole).any(|slot| is_closed(store, slot))
}

fn is_closed(store: &Store, slot: &str) -> bool {
    store.get("Slot", slot).is_some_and(|slot| slot["status"] == "busy-unavailable")
}

fn references(whole: &Value) -> impl Iterator<Item = &str> {
    let slots = whole["slot"].as_array().into_iter().flatten();
    slots.filter_map(|slot| slot["reference"].as_str()?.strip_prefix("Slot/"))
}

fn booked(settings: &Settings, whole: &Value) -> Option<Booked> {
    // As it would stand.
    let mut alone = Store::default();
    let id = whole["id"].as_str().unwrap_or("new").to_owned();
    alone.insert(whole.clone(), Some(&id));
    alone.booked(&settings.zone).into_iter().next()
}

/// A server that keeps its slots in step gives those of this time this status.
pub(super) fn fill(store: &mut Store, settings: &Settings, whole: &Value, status: &str) {
    if !settings.conduct.looks() {
        return;
    }
    let Some(at) = booked(settings, whole) else { return };
    let moment = |slot: &Value, name: &str| {
        let instant: Timestamp = slot[name].as_str()?.parse().ok()?;
        Some(instant.to_zoned(settings.zone.clone()).datetime())
    };
    let schedule = format!("Schedule/week-{}", at.practitioner);
    let is_of = |slot: &&Value| {
        slot["schedule"]["reference"] == schedule.as_str()
            && slot["status"] != "busy-unavailable"
            && moment(slot, "start").is_some_and(|start| start < at.end)
            && moment(slot, "end").is_some_and(|end| end > at.start)
    };
    let ids: Vec<String> =
        store.of_kind("Slot").filter(is_of).filter_map(|slot| Some(slot["id"].as_str()?.to_owned())).collect();
    for id in ids {
        store.change("Slot", &id, |slot| slot["status"] = json!(status));
    }
}
