//! An Appointment, with everything that came: an update writes all of it again, and what is not known here stays as it is.
//!
//! Decides what a status means and which appointments hold their time.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::super::failure::Failure;
use super::super::{Appointment, AppointmentRef, PatientRef, Place, ProviderRef, slot};
use super::answer::Answer;
use super::slots::Slot;
use super::wish::Wish;
use super::{bundle, instant, reference};
use crate::privacy::Pii;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// On its way to being booked: it holds its time, and may be moved.
    Pending,
    Booked,
    /// The patient is here or was: it holds its time, and is no longer the telephone's.
    Begun,
    /// Wished for, and holds no time.
    Wished,
    /// Cancelled, missed, or entered in error.
    Over,
}

/// Without Debug: it holds a patient's name.
pub(super) struct Row {
    pub(super) id: String,
    /// As `If-Match` wants it.
    pub(super) version: Option<String>,
    pub(super) status: Status,
    /// Of everything that holds its time, and of most of the rest.
    pub(super) start: Option<DateTime>,
    end: Option<DateTime>,
    pub(super) patient: Option<String>,
    providers: Vec<ProviderRef>,
    /// Those who will not come.
    declined: Vec<ProviderRef>,
    /// Values of its identifiers, each behind its system.
    identifiers: Vec<(String, String)>,
    whole: Value,
}

#[derive(Deserialize)]
struct Raw {
    status: String,
    start: Option<String>,
    end: Option<String>,
    #[serde(default)]
    participant: Vec<Participant>,
    #[serde(default)]
    identifier: Vec<Identifier>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Participant {
    actor: Option<Actor>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Actor {
    reference: Option<String>,
}

#[derive(Deserialize)]
struct Identifier {
    system: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    version_id: Option<String>,
}

impl Row {
    pub(super) fn of_answer(answer: Answer, base: &Url, zone: &TimeZone) -> Result<Self, Failure> {
        let mut row = Self::read(answer.body, base, zone)?;
        row.version = answer.version.or(row.version);
        Ok(row)
    }

    pub(super) fn read(appointment: Value, base: &Url, zone: &TimeZone) -> Result<Self, Failure> {
        if appointment.get("resourceType").and_then(Value::as_str) != Some("Appointment") {
            return Err(Failure::odd("something else came than an Appointment"));
        }
        let id = bundle::id(&appointment)?.to_owned();
        let raw: Raw =
            serde_json::from_value(appointment.clone()).map_err(|_| Failure::odd("an Appointment is not as one is"))?;
        let status = match raw.status.as_str() {
            "pending" => Status::Pending,
            "booked" => Status::Booked,
            "arrived" | "checked-in" | "fulfilled" => Status::Begun,
            "proposed" | "waitlist" => Status::Wished,
            "cancelled" | "noshow" | "entered-in-error" => Status::Over,
            _ => return Err(Failure::odd("an Appointment has a status that none has")),
        };
        let at = |text: Option<&str>| match text.map(|text| instant::read(text, zone)) {
            None => Ok(None),
            Some(Some(at)) => Ok(Some(at)),
            Some(None) => Err(Failure::odd("an Appointment has a time that is none")),
        };
        let (start, end) = (at(raw.start.as_deref())?, at(raw.end.as_deref())?);
        let holds = matches!(status, Status::Pending | Status::Booked | Status::Begun);
        if holds && (start.is_none() || end.is_some_and(|end| Some(end) < start)) {
            return Err(Failure::odd("an Appointment that holds its time has none"));
        }
        let has_declined = |participant: &Participant| participant.status.as_deref() == Some("declined");
        let of = |kind: &'static str, declined: bool| {
            let those = raw.participant.iter().filter(move |participant| has_declined(participant) == declined);
            let actors = those.filter_map(|participant| participant.actor.as_ref()?.reference.as_deref());
            actors.filter_map(move |actor| reference::id_of(actor, kind, base))
        };
        let providers = |declined| of("Practitioner", declined).map(|id| ProviderRef(id.to_owned())).collect();
        Ok(Self {
            version: raw.meta.and_then(|meta| meta.version_id).map(|version| format!("W/\"{version}\"")),
            patient: of("Patient", false).next().map(str::to_owned),
            providers: providers(false),
            declined: providers(true),
            identifiers: raw.identifier.into_iter().filter_map(|known| Some((known.system?, known.value?))).collect(),
            id,
            status,
            start,
            end,
            whole: appointment,
        })
    }

    /// Whether it holds its time.
    pub(super) fn is_active(&self) -> bool {
        match self.status {
            Status::Pending | Status::Booked | Status::Begun => true,
            Status::Wished | Status::Over => false,
        }
    }

    /// Whether it holds its time and nothing more is needed for that.
    pub(super) fn is_settled(&self) -> bool {
        match self.status {
            Status::Booked | Status::Begun => true,
            Status::Pending | Status::Wished | Status::Over => false,
        }
    }

    pub(super) fn is_movable(&self) -> bool {
        match self.status {
            Status::Pending | Status::Booked => true,
            Status::Begun | Status::Wished | Status::Over => false,
        }
    }

    pub(super) fn is_of(&self, patient: &str) -> bool {
        self.patient.as_deref() == Some(patient)
    }

    pub(super) fn is_with(&self, provider: &ProviderRef) -> bool {
        self.providers.contains(provider)
    }

    pub(super) fn is_declined_by(&self, provider: &ProviderRef) -> bool {
        self.declined.contains(provider)
    }

    /// Whether it holds the very place that this one did.
    pub(super) fn stands_as(&self, before: &Self) -> bool {
        self.is_active() && self.start == before.start && self.end == before.end && self.providers == before.providers
    }

    pub(super) fn is_at(&self, provider: &ProviderRef, start: DateTime) -> bool {
        self.is_with(provider) && self.start == Some(start)
    }

    pub(super) fn has(&self, (system, value): (&str, &str)) -> bool {
        self.identifiers.iter().any(|known| known.0 == system && known.1 == value)
    }

    /// One without an end, or with none after its start, takes its first second.
    pub(super) fn time(&self) -> Option<(DateTime, DateTime)> {
        let start = self.start?;
        Some((start, self.end.unwrap_or(start).max(start.saturating_add(jiff::SignedDuration::from_secs(1)))))
    }

    pub(super) fn overlaps(&self, place: &Place) -> bool {
        self.is_with(&place.provider) && self.time().is_some_and(|time| slot::overlap(time, (place.start, place.end)))
    }

    /// With the first of its providers that is listed; `None`: with nobody who is, or without a time.
    pub(super) fn appointment(&self, is_listed: impl Fn(&ProviderRef) -> bool) -> Option<Appointment> {
        let provider = self.providers.iter().find(|provider| is_listed(provider))?;
        let (start, end) = self.time()?;
        Some(Appointment {
            id: AppointmentRef(self.id.clone()),
            patient: self.patient.clone().map(|id| PatientRef(Pii::new(id))),
            provider: provider.clone(),
            start,
            end,
        })
    }

    /// All of it, as it came.
    pub(super) const fn whole(&self) -> &Value {
        &self.whole
    }

    pub(super) fn cancelled(&self) -> Value {
        let mut whole = self.whole.clone();
        whole["status"] = json!("cancelled");
        whole
    }

    /// All of it at another place, in these slots; `from`: with whom it was.
    pub(super) fn moved(&self, from: &ProviderRef, to: &Place, slots: &[&Slot], base: &Url, zone: &TimeZone) -> Value {
        let mut whole = self.whole.clone();
        put_place(&mut whole, to, slots, zone);
        if *from != to.provider {
            let participants = whole.get_mut("participant").and_then(Value::as_array_mut).into_iter().flatten();
            for participant in participants {
                let actor = participant.get("actor").and_then(|actor| actor.get("reference")).and_then(Value::as_str);
                if actor.and_then(|actor| reference::id_of(actor, "Practitioner", base)) == Some(from.0.as_str()) {
                    participant["actor"] = json!({ "reference": reference::to("Practitioner", &to.provider.0) });
                }
            }
        }
        whole
    }
}

fn put_place(whole: &mut Value, place: &Place, slots: &[&Slot], zone: &TimeZone) {
    whole["start"] = json!(instant::written(place.start, zone));
    whole["end"] = json!(instant::written(place.end, zone));
    whole["minutesDuration"] = json!(place.end.duration_since(place.start).as_mins());
    let slots: Vec<Value> = slots.iter().flat_map(|slot| slot.references()).collect();
    if !slots.is_empty() {
        whole["slot"] = Value::from(slots);
    } else if let Some(fields) = whole.as_object_mut() {
        // What was proposed need not say in which slots it is, and those of before are not its.
        fields.remove("slot");
    }
}

/// What a new appointment is written with.
pub(super) struct Wanted<'a> {
    pub(super) patient: &'a str,
    pub(super) place: &'a Place,
    pub(super) slots: &'a [&'a Slot],
    /// As the staff read it.
    pub(super) about: &'a str,
    pub(super) comment: &'a str,
    pub(super) wish: &'a Wish,
}

impl Wanted<'_> {
    pub(super) fn resource(&self, status: &str, zone: &TimeZone) -> Value {
        let identifiers: Vec<Value> =
            self.wish.identifiers().iter().map(|(system, value)| json!({ "system": system, "value": value })).collect();
        let participant = |kind: &str, id: &str| json!({ "actor": { "reference": reference::to(kind, id) }, "required": "required", "status": "accepted" });
        let mut whole = json!({
            "resourceType": "Appointment",
            "identifier": identifiers,
            "status": status,
            "description": self.about,
            "comment": self.comment,
            "participant": [participant("Patient", self.patient), participant("Practitioner", &self.place.provider.0)],
        });
        if let Some(service) = self.slots.first().and_then(|slot| slot.service.clone()) {
            whole["serviceType"] = service;
        }
        put_place(&mut whole, self.place, self.slots, zone);
        whole
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    fn base() -> Url {
        Url::parse("https://fhir.example.ca/r4").unwrap()
    }

    fn zone() -> TimeZone {
        TimeZone::get("America/Vancouver").unwrap()
    }

    fn stored() -> Value {
        json!({
            "resourceType": "Appointment", "id": "18", "meta": { "versionId": "3" }, "status": "booked",
            "start": "2026-03-03T17:00:00Z", "end": "2026-03-03T17:15:00Z", "minutesDuration": 15, "priority": 5,
            "comment": "bring forms", "slot": [{ "reference": "Slot/s1" }],
            "participant": [
                { "actor": { "reference": "Patient/42", "display": "Anne Test" }, "status": "accepted" },
                { "actor": { "reference": "https://fhir.example.ca/r4/Practitioner/101", "display": "Dr. Wei Chen" }, "status": "accepted" },
                { "actor": { "reference": "Practitioner/109" }, "status": "declined" },
                { "actor": { "reference": "Location/1" }, "status": "accepted" },
            ],
        })
    }

    fn row(whole: Value) -> Result<Row, ()> {
        Row::read(whole, &base(), &zone()).map_err(drop)
    }

    #[test]
    fn an_appointment_is_read_at_the_clinics_time_with_whom_it_is() {
        let row = row(stored()).unwrap();
        assert_eq!(
            (row.id.as_str(), row.version.as_deref(), row.patient.as_deref()),
            ("18", Some("W/\"3\""), Some("42"))
        );
        let nine = datetime(2026, 3, 3, 9, 0, 0, 0);
        let declined = ProviderRef("109".into());
        assert!(row.is_at(&ProviderRef("101".into()), nine) && !row.is_with(&declined));
        assert!(row.is_declined_by(&declined) && !row.is_declined_by(&ProviderRef("101".into())));
        let appointment = row.appointment(|_| true).unwrap();
        assert_eq!((appointment.start, appointment.end), (nine, datetime(2026, 3, 3, 9, 15, 0, 0)));
        assert_eq!(row.appointment(|_| false), None, "with nobody who is listed");
    }

    #[test]
    fn a_status_says_whether_it_holds_its_time_and_whether_it_may_be_moved() {
        for (status, active, movable) in [
            ("booked", true, true),
            ("pending", true, true),
            ("arrived", true, false),
            ("checked-in", true, false),
            ("fulfilled", true, false),
            ("proposed", false, false),
            ("waitlist", false, false),
            ("cancelled", false, false),
            ("noshow", false, false),
            ("entered-in-error", false, false),
        ] {
            let mut whole = stored();
            whole["status"] = json!(status);
            let row = row(whole).unwrap();
            assert_eq!((row.is_active(), row.is_movable()), (active, movable), "{status}");
        }
    }

    #[test]
    fn a_change_writes_everything_that_came() {
        let row = row(stored()).unwrap();
        let mut want = stored();
        want["status"] = json!("cancelled");
        assert_eq!(row.cancelled(), want);
        let to = Place {
            provider: ProviderRef("102".into()),
            start: datetime(2026, 3, 4, 10, 0, 0, 0),
            end: datetime(2026, 3, 4, 10, 30, 0, 0),
        };
        let moved = row.moved(&ProviderRef("101".into()), &to, &[], &base(), &zone());
        let mut want = stored();
        want["start"] = json!("2026-03-04T10:00:00-08:00");
        want["end"] = json!("2026-03-04T10:30:00-08:00");
        want["minutesDuration"] = json!(30);
        // Those of before are not its, and FHIR knows no empty list.
        want.as_object_mut().unwrap().remove("slot");
        want["participant"][1]["actor"] = json!({ "reference": "Practitioner/102" });
        assert_eq!(moved, want);
    }

    #[test]
    fn what_is_no_appointment_is_an_error() {
        for (key, value) in [
            ("resourceType", json!("Slot")),
            ("id", json!(18)),
            ("status", json!("asleep")),
            ("start", Value::Null),
            ("start", json!("2026-03-03T09:00:00")),
            ("end", json!("2026-03-03T16:00:00Z")),
            ("participant", json!("Jane Roe")),
        ] {
            let mut whole = stored();
            whole[key] = value;
            assert!(row(whole.clone()).is_err(), "{key} {}", whole[key]);
        }
        let mut wished = stored();
        (wished["status"], wished["start"], wished["end"]) = (json!("waitlist"), Value::Null, Value::Null);
        assert!(row(wished).unwrap().time().is_none());
    }
}
