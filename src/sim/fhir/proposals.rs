//! `$find` of the Argonaut scheduling guide: free times as appointments that are proposed. None is kept: its id tells the slot that it is of.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::reply::Reply;
use super::store::Store;
use super::{Conduct, Settings, appointments};

/// Before the id of a slot.
const PROPOSED: &str = "p-";

/// What is free between `start` and `end` of any `practitioner`, soonest first; or why it is not understood.
pub(super) fn find(store: &Store, settings: &Settings, asked: &[(String, String)]) -> Result<Vec<Value>, Reply> {
    let known = ["start", "end", "practitioner", "_count"];
    if let Some((unknown, _)) = asked.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(Reply::no(400, "invalid", &format!("there is no parameter {unknown}")));
    }
    let values = |wanted: &'static str| asked.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
    let at = |name| {
        let mut all = values(name);
        let instant: Option<Timestamp> = all.next().and_then(|text| text.parse().ok());
        instant
            .filter(|_| all.next().is_none())
            .ok_or_else(|| Reply::no(400, "required", &format!("{name} must be one instant")))
    };
    let (start, end) = (at("start")?, at("end")?);
    let practitioners: Vec<&str> =
        values("practitioner").filter_map(|reference| reference.strip_prefix("Practitioner/")).collect();
    if practitioners.is_empty() {
        return Err(Reply::no(400, "required", "practitioner must be a Practitioner"));
    }
    let moment = |slot: &Value, name: &str| slot[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let mut found: Vec<(Timestamp, Value)> = Vec::new();
    for slot in store.of_kind("Slot") {
        let Some((from, id)) = moment(slot, "start").zip(slot["id"].as_str()) else { continue };
        let is_asked = from >= start && moment(slot, "end").is_some_and(|to| to <= end);
        if !is_asked || slot["status"] != "free" || !practitioners.contains(&practitioner(slot)) {
            continue;
        }
        let Some(proposed) = whole(store, settings, &format!("{PROPOSED}{id}")) else { continue };
        if !appointments::is_taken(store, settings, &proposed, None) {
            found.push((from, proposed));
        }
    }
    found.sort_by_key(|(from, _)| *from);
    Ok(found.into_iter().map(|(_, proposed)| proposed).collect())
}

/// The appointment that was proposed under this id, whatever became of its time; `None`: none was.
pub(super) fn whole(store: &Store, settings: &Settings, id: &str) -> Option<Value> {
    let slot = store.get("Slot", id.strip_prefix(PROPOSED)?)?;
    let at = |name: &str| slot[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let minutes = at("end")?.duration_since(at("start")?).as_mins();
    (settings.conduct == Conduct::Finder).then(|| {
        json!({
            "resourceType": "Appointment", "id": id, "status": "proposed", "serviceType": slot["serviceType"],
            "start": slot["start"], "end": slot["end"], "minutesDuration": minutes,
            "participant": [{
                "actor": { "reference": format!("Practitioner/{}", practitioner(slot)) }, "required": "required",
                "status": "needs-action",
            }],
        })
    })
}

/// Whose schedule a slot is of.
fn practitioner(slot: &Value) -> &str {
    slot["schedule"]["reference"].as_str().and_then(|of| of.strip_prefix("Schedule/week-")).unwrap_or_default()
}
