//! The resources of the simulated server, each with its version. One clinic, in memory.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};

/// Statuses in which an appointment holds its time.
const HOLDING: [&str; 5] = ["pending", "booked", "arrived", "checked-in", "fulfilled"];

#[derive(Debug, Default)]
pub(super) struct Store {
    all: BTreeMap<(String, String), Value>,
    next: u64,
    left: u64,
    /// What is left of searches, by number.
    pages: BTreeMap<u64, Vec<Value>>,
}

/// An appointment, at the clinic's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Booked {
    pub id: String,
    pub status: String,
    pub practitioner: String,
    pub patient: Option<String>,
    pub start: DateTime,
    pub end: DateTime,
}

impl Booked {
    /// Whether it holds its time.
    pub fn is_active(&self) -> bool {
        HOLDING.contains(&self.status.as_str())
    }
}

impl Store {
    pub(super) fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.all.get(&(kind.to_owned(), id.to_owned()))
    }

    pub(super) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.all.iter().filter(move |((of, _), _)| of == kind).map(|(_, resource)| resource)
    }

    /// Its first version, under this id or a new one.
    pub(super) fn insert(&mut self, mut resource: Value, id: Option<&str>) -> Value {
        self.next += 1;
        let id = id.map_or_else(|| format!("a{}", 1_000 + self.next), str::to_owned);
        resource["id"] = json!(id);
        resource["meta"] = json!({ "versionId": "1" });
        let kind = resource["resourceType"].as_str().unwrap_or_default().to_owned();
        self.all.insert((kind, id), resource.clone());
        resource
    }

    /// The next version of a resource that there is.
    pub(super) fn change(&mut self, kind: &str, id: &str, change: impl FnOnce(&mut Value)) -> bool {
        let Some(resource) = self.all.get_mut(&(kind.to_owned(), id.to_owned())) else { return false };
        let version = version(resource) + 1;
        change(resource);
        resource["meta"] = json!({ "versionId": version.to_string() });
        true
    }

    /// Keeps the rest of a search; its number.
    pub(super) fn leave(&mut self, rest: Vec<Value>) -> u64 {
        self.left += 1;
        self.pages.insert(self.left, rest);
        self.left
    }

    pub(super) fn take_page(&mut self, number: u64) -> Option<Vec<Value>> {
        self.pages.remove(&number)
    }

    pub(super) fn booked(&self, zone: &TimeZone) -> Vec<Booked> {
        let mut booked: Vec<Booked> = self.of_kind("Appointment").filter_map(|whole| read(whole, zone)).collect();
        booked.sort_by(|one, other| (one.start, &one.id).cmp(&(other.start, &other.id)));
        booked
    }

    pub(super) fn overlaps(&self, zone: &TimeZone) -> Vec<(String, String)> {
        let active: Vec<Booked> = self.booked(zone).into_iter().filter(Booked::is_active).collect();
        let mut found = Vec::new();
        for (at, one) in active.iter().enumerate() {
            for other in &active[at + 1..] {
                if one.practitioner == other.practitioner && one.start < other.end && other.start < one.end {
                    found.push((one.id.clone(), other.id.clone()));
                }
            }
        }
        found
    }
}

pub(super) fn version(resource: &Value) -> u64 {
    resource["meta"]["versionId"].as_str().and_then(|version| version.parse().ok()).unwrap_or(0)
}

/// The id that a participant of this kind has, wherever it is said to be.
pub(super) fn participant<'a>(appointment: &'a Value, kind: &str) -> Option<&'a str> {
    let all = appointment["participant"].as_array()?;
    all.iter().find_map(|one| {
        let (before, id) = one["actor"]["reference"].as_str()?.rsplit_once('/')?;
        let is_it = before.strip_suffix(kind).is_some_and(|place| place.is_empty() || place.ends_with('/'));
        is_it.then_some(id)
    })
}

fn read(whole: &Value, zone: &TimeZone) -> Option<Booked> {
    let at = |name: &str| {
        let instant: Timestamp = whole[name].as_str()?.parse().ok()?;
        Some(instant.to_zoned(zone.clone()).datetime())
    };
    Some(Booked {
        id: whole["id"].as_str()?.to_owned(),
        status: whole["status"].as_str()?.to_owned(),
        practitioner: participant(whole, "Practitioner")?.to_owned(),
        patient: participant(whole, "Patient").map(str::to_owned),
        start: at("start")?,
        end: at("end")?,
    })
}
