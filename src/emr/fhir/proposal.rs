//! `$find` of the Argonaut scheduling guide, for servers whose slots cannot be searched: what is free is what they propose.
//!
//! A proposal is a free time and nothing more. What is not proposed may be taken, closed, or no time at all, and nobody is told which: a day
//! without proposals has nothing free, and is not closed. Proposals of another day or with anybody else are none; one that is no Appointment is
//! an error. None is kept: each says what is free at that moment. Times become the clinic's.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::super::failure::Failure;
use super::super::{DaySchedule, EmrError, ProviderRef};
use super::Inner;
use super::client::Service;
use super::offer::Times;
use super::slots::{Slot, Types};
use super::{bundle, instant, reference};

#[derive(Deserialize)]
struct Raw {
    status: String,
    start: Option<String>,
    end: Option<String>,
    #[serde(default)]
    participant: Vec<Participant>,
    #[serde(flatten)]
    types: Types,
}

#[derive(Deserialize)]
struct Participant {
    actor: Option<Actor>,
}

#[derive(Deserialize)]
struct Actor {
    reference: Option<String>,
}

/// `None`: it is no time of this practitioner's day.
fn read(
    appointment: &Value,
    provider: &ProviderRef,
    day: Date,
    base: &Url,
    zone: &TimeZone,
) -> Result<Option<Slot>, Failure> {
    let id = bundle::id(appointment)?.to_owned();
    let raw: Raw = serde_json::from_value(appointment.clone())
        .map_err(|_| Failure::odd("a proposed Appointment is not as one is"))?;
    let actors = raw.participant.iter().filter_map(|one| one.actor.as_ref()?.reference.as_deref());
    let mut practitioners = actors.filter_map(|actor| reference::id_of(actor, "Practitioner", base));
    let at = |text: Option<&String>| match text.map(|text| instant::read(text, zone)) {
        None => Ok(None),
        Some(Some(at)) => Ok(Some(at)),
        Some(None) => Err(Failure::odd("a proposed Appointment has a time that is none")),
    };
    let (Some(start), Some(end)) = (at(raw.start.as_ref())?, at(raw.end.as_ref())?) else { return Ok(None) };
    let is_one = raw.status == "proposed" && start < end && start.date() == day;
    // One with somebody else besides is a time of both.
    let is_theirs = practitioners.next() == Some(provider.0.as_str()) && practitioners.next().is_none();
    Ok((is_one && is_theirs).then(|| Slot::proposed(id, (start, end), &raw.types, appointment)))
}

/// A day of which nothing is proposed: who works then is not known, so it is not closed but by the clinic's own file.
pub(super) fn nothing(closed: bool) -> DaySchedule {
    DaySchedule { holiday: closed, slot_minutes: 1, slots: Vec::new() }
}

impl Inner {
    /// Whether it is known that the server has no slots to search, and proposes times.
    pub(super) fn proposes(&self) -> bool {
        self.offer.get(&()).is_some_and(|offer| offer.times == Times::Proposed)
    }

    /// The same, of a server that has just refused a search as not understood, asked if it is not known.
    pub(super) async fn proposes_instead(&self, refused: &Failure) -> bool {
        match refused {
            Failure::Refused(EmrError::Invalid(_)) => {
                self.offer().await.is_ok_and(|offer| offer.times == Times::Proposed)
            }
            Failure::Refused(_) | Failure::Faulted(_) | Failure::Lost(_) => false,
        }
    }

    /// What is free that day, at this moment.
    pub(super) async fn proposals(&self, provider: &ProviderRef, day: Date) -> Result<Vec<Slot>, Failure> {
        let midnight = |day: Date| instant::written(day.at(0, 0, 0, 0), &self.zone);
        let sought = vec![
            ("start", midnight(day)),
            ("end", midnight(day.saturating_add(1.day()))),
            ("practitioner", reference::to("Practitioner", &provider.0)),
        ];
        let found = self.client.search(Service::Find, sought).await?;
        let read = |one: &Value| read(one, provider, day, &self.client.base, &self.zone).transpose();
        found.iter().filter_map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    const DAY: Date = date(2026, 3, 3);

    fn read_as(change: impl FnOnce(&mut Value)) -> Result<bool, ()> {
        let with =
            |id: &str| json!({ "actor": { "reference": format!("Practitioner/{id}") }, "status": "needs-action" });
        let mut proposed = json!({
            "resourceType": "Appointment", "id": "p1", "status": "proposed",
            "start": "2026-03-03T17:00:00Z", "end": "2026-03-03T17:15:00Z",
            "participant": [with("101"), { "actor": { "display": "Napa Office" }, "status": "needs-action" }],
            "serviceType": [{ "coding": [{ "system": "urn:x", "code": "visit" }] }], "slot": [{ "reference": "Slot/7" }],
        });
        change(&mut proposed);
        let base = Url::parse("https://fhir.example.ca/r4").unwrap();
        let zone = TimeZone::get("America/Vancouver").unwrap();
        let read = read(&proposed, &ProviderRef("101".into()), DAY, &base, &zone).map_err(drop)?;
        if let Some(slot) = &read {
            assert_eq!((slot.start, slot.end), (DAY.at(9, 0, 0, 0), DAY.at(9, 15, 0, 0)));
            assert_eq!(slot.references(), [json!({ "reference": "Slot/7" })]);
        }
        Ok(read.is_some())
    }

    #[test]
    fn only_what_is_proposed_for_that_day_with_that_practitioner_alone_is_free() {
        assert_eq!(read_as(|_| {}), Ok(true));
        let other = json!({ "actor": { "reference": "Practitioner/102" }, "status": "needs-action" });
        let changes: [fn(&mut Value, Value); 7] = [
            |one, _| one["status"] = json!("pending"),
            |one, _| one["start"] = Value::Null,
            |one, _| one["end"] = json!("2026-03-03T17:00:00Z"),
            |one, _| one["start"] = json!("2026-03-02T17:00:00Z"),
            |one, other| one["participant"] = json!([other]),
            |one, other| one["participant"].as_array_mut().unwrap().push(other),
            |one, _| one["participant"] = json!([]),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            assert_eq!(read_as(|one| change(one, other.clone())), Ok(false), "{at}");
        }
    }

    #[test]
    fn what_is_no_appointment_is_an_error() {
        let changes: [fn(&mut Value); 3] = [
            |one| one["id"] = json!("a/b"),
            |one| one["participant"] = json!("Dr. Chen"),
            |one| one["start"] = json!("2026-03-03T09:00:00"),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            assert_eq!(read_as(change), Err(()), "{at}");
        }
    }
}
