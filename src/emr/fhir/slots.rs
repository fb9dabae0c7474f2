//! Slots of a provider's schedules: what a day looks like, and what of it is free.
//!
//! A slot has the code whose types the clinic's file names, and none if it names none of the slot's. A day has slots of one length: the one that
//! most of its slots have; others are not offered. What a server without slots proposes is taken for a slot that is free.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::super::failure::Failure;
use super::super::hours;
use super::super::{DaySchedule, Place, TemplateSlot, slot};
use super::concept::Concept;
use super::{bundle, instant, reference};
use crate::clinic::Span;

/// A slot of any type that no other line of the clinic's file names.
const ANY: &str = "*";

/// Minutes.
const LONGEST: i64 = 240;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Free,
    /// Somebody has it.
    Busy,
    /// Somebody is about to have it.
    Held,
    /// Nobody may have it.
    Closed,
}

/// A slot of one day.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) id: String,
    pub(super) start: DateTime,
    pub(super) end: DateTime,
    pub(super) state: State,
    /// The id of the schedule that it is of.
    schedule: String,
    /// Codes of its types, each alone and behind its system.
    types: Vec<String>,
    /// As an appointment in it says what it is for.
    pub(super) service: Option<Value>,
    pub(super) source: Source,
}

/// Whose word a slot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A Slot.
    Slot,
    /// An Appointment that was proposed, in slots to which these refer, if it says in which.
    Proposal(Vec<Value>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schedule: Reference,
    status: String,
    start: String,
    end: String,
    #[serde(flatten)]
    types: Types,
}

/// What a Slot or an Appointment says that it is for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Types {
    #[serde(default)]
    service_category: Vec<Concept>,
    #[serde(default)]
    service_type: Vec<Concept>,
    #[serde(default)]
    specialty: Vec<Concept>,
    appointment_type: Option<Concept>,
}

impl Types {
    /// Codes, each alone and behind its system.
    pub(super) fn names(&self) -> Vec<String> {
        let all = self.service_type.iter().chain(&self.service_category).chain(&self.specialty);
        all.chain(&self.appointment_type).flat_map(Concept::names).collect()
    }
}

#[derive(Deserialize)]
struct Reference {
    reference: String,
}

impl Slot {
    /// `None`: entered in error. One of another schedule than those asked for is no answer.
    pub(super) fn read(
        slot: &Value,
        schedules: &[String],
        base: &Url,
        zone: &TimeZone,
    ) -> Result<Option<Self>, Failure> {
        let id = bundle::id(slot)?.to_owned();
        let raw: Raw = serde_json::from_value(slot.clone()).map_err(|_| Failure::odd("a Slot is not as one is"))?;
        let of = reference::id_of(&raw.schedule.reference, "Schedule", base);
        let Some(of) = of.filter(|of| schedules.iter().any(|schedule| schedule == of)) else {
            return Err(Failure::odd("a search found a Slot of a schedule that was not asked for"));
        };
        let schedule = of.to_owned();
        let state = match raw.status.as_str() {
            "free" => State::Free,
            "busy" => State::Busy,
            "busy-tentative" => State::Held,
            "busy-unavailable" => State::Closed,
            "entered-in-error" => return Ok(None),
            _ => return Err(Failure::odd("a Slot has a status that none has")),
        };
        let at = |text: &str| instant::read(text, zone).ok_or_else(|| Failure::odd("a Slot has a time that is none"));
        let (start, end) = (at(&raw.start)?, at(&raw.end)?);
        if start >= end {
            return Err(Failure::odd("a Slot ends before it begins"));
        }
        let types = raw.types.names();
        let service = slot.get("serviceType").cloned();
        Ok(Some(Self { id, start, end, state, schedule, types, service, source: Source::Slot }))
    }

    /// References to it, as an appointment in it has them.
    pub(super) fn references(&self) -> Vec<Value> {
        match &self.source {
            Source::Slot => vec![json!({ "reference": reference::to("Slot", &self.id) })],
            Source::Proposal(slots) => slots.clone(),
        }
    }

    /// What a server without slots proposes.
    pub(super) fn proposed(id: String, (start, end): (DateTime, DateTime), types: &Types, proposal: &Value) -> Self {
        let slots = proposal.get("slot").and_then(Value::as_array).cloned().unwrap_or_default();
        Self {
            id,
            start,
            end,
            state: State::Free,
            schedule: String::new(),
            types: types.names(),
            service: proposal.get("serviceType").cloned(),
            source: Source::Proposal(slots),
        }
    }

    fn minutes(&self) -> i64 {
        self.end.duration_since(self.start).as_mins()
    }

    pub(super) fn overlaps(&self, place: &Place) -> bool {
        slot::overlap((self.start, self.end), (place.start, place.end))
    }

    pub(super) fn code(&self, types: &BTreeMap<char, Vec<String>>) -> Option<char> {
        let has = |wanted: &&Vec<String>| wanted.iter().any(|kind| self.types.contains(kind));
        let named = types.iter().find(|(_, wanted)| has(wanted));
        let any = || types.iter().find(|(_, wanted)| wanted.iter().any(|kind| kind == ANY));
        named.or_else(any).map(|(code, _)| *code)
    }
}

/// What the day looks like, whoever is booked on it; `None`: nobody works then.
pub(super) fn template(
    slots: &[Slot],
    day: Date,
    types: &BTreeMap<char, Vec<String>>,
    hours: Option<&[Span]>,
) -> Option<DaySchedule> {
    let length = length(slots, day)?;
    let slot_minutes = u16::try_from(length).ok()?;
    let of_length = slots.iter().filter(|slot| slot.start.date() == day && slot.minutes() == length);
    let mut found: Vec<TemplateSlot> = of_length
        .filter(|slot| hours::take(hours, slot.start, slot_minutes))
        .filter_map(|slot| Some(TemplateSlot { start: slot.start, code: slot.code(types)? }))
        .collect();
    found.sort_by_key(|slot| (slot.start, slot.code));
    // Of two schedules at one time; two codes are two offers.
    found.dedup_by_key(|slot| (slot.start, slot.code));
    Some(DaySchedule { holiday: hours::is_closed(hours), slot_minutes, slots: found })
}

/// Minutes that most slots of the day have, the shorter of two; `None`: it has no slots.
fn length(slots: &[Slot], day: Date) -> Option<i64> {
    let today = |slot: &&Slot| slot.start.date() == day && (1..=LONGEST).contains(&slot.minutes());
    let mut lengths: BTreeMap<i64, usize> = BTreeMap::new();
    for slot in slots.iter().filter(today) {
        *lengths.entry(slot.minutes()).or_default() += 1;
    }
    let most = lengths.values().max().copied()?;
    lengths.into_iter().find(|(_, count)| *count == most).map(|(length, _)| length)
}

/// The slots that a visit takes, in order of time, if they are free, of the day's length, without a hole and from its very start on, and nothing
/// else closes that time. `own`: the time of the appointment that is to be moved, of the same provider; `taken`: what others have; `rank`: which
/// of two slots is rather taken, the lower one; `None`: it is not for this visit.
pub(super) fn covering<'a>(
    slots: &'a [Slot],
    place: &Place,
    own: Option<(DateTime, DateTime)>,
    taken: &[(DateTime, DateTime)],
    rank: impl Fn(&Slot) -> Option<u8>,
) -> Option<Vec<&'a Slot>> {
    let is_own = |slot: &Slot| match slot.state {
        State::Busy | State::Held => own.is_some_and(|own| slot::overlap(own, (slot.start, slot.end))),
        State::Free | State::Closed => false,
    };
    let closes = |slot: &Slot| slot.overlaps(place) && is_lone(slot, taken) && !is_own(slot);
    if place.start >= place.end || slots.iter().any(closes) {
        return None;
    }
    let length = length(slots, place.start.date())?;
    let mut found: Vec<&Slot> = Vec::new();
    let mut until = place.start;
    while until < place.end {
        let open = slots.iter().filter(|slot| {
            slot.start == until && slot.minutes() == length && (slot.state == State::Free || is_own(slot))
        });
        // Of several it stays with the schedule that it began in.
        let is_elsewhere = |slot: &Slot| found.last().is_some_and(|last| last.schedule != slot.schedule);
        let ranked = open.filter_map(|slot| Some(((rank(slot)?, is_elsewhere(slot)), slot)));
        let (_, next) = ranked.min_by_key(|(rank, _)| *rank)?;
        until = next.end;
        found.push(next);
    }
    Some(found)
}

/// The instants between which a day begins, for a search.
pub(super) fn bounds(day: Date, zone: &TimeZone) -> [String; 2] {
    let midnight = |day: Date| instant::written(day.at(0, 0, 0, 0), zone);
    [format!("ge{}", midnight(day)), format!("lt{}", midnight(day.saturating_add(1.day())))]
}

/// A slot that nobody is booked in and that is not free holds its time all the same.
pub(super) fn is_lone(slot: &Slot, taken: &[(DateTime, DateTime)]) -> bool {
    match slot.state {
        State::Free => false,
        State::Held | State::Closed => true,
        State::Busy => !taken.iter().any(|(from, to)| {
            let to = (*to).max(from.saturating_add(SignedDuration::from_secs(1)));
            slot::overlap((*from, to), (slot.start, slot.end))
        }),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::super::ProviderRef;
    use super::*;

    const DAY: Date = date(2026, 3, 3);

    fn base() -> Url {
        Url::parse("https://fhir.example.ca/r4").unwrap()
    }

    fn zone() -> TimeZone {
        TimeZone::get("America/Vancouver").unwrap()
    }

    fn slot(minute: i64, length: i64, status: &str, code: &str) -> Slot {
        let at = |minutes: i64| instant::written(DAY.at(9, 0, 0, 0).saturating_add(minutes.minutes()), &zone());
        let slot = json!({
            "resourceType": "Slot", "id": format!("s{minute}"), "schedule": { "reference": "Schedule/a" }, "status": status,
            "start": at(minute), "end": at(minute + length), "serviceType": [{ "coding": [{ "system": "urn:x", "code": code }] }],
        });
        Slot::read(&slot, &["a".to_owned()], &base(), &zone()).ok().unwrap().unwrap()
    }

    fn types() -> BTreeMap<char, Vec<String>> {
        BTreeMap::from([('1', vec!["urn:x|visit".into()]), ('P', vec!["phone".into()]), ('z', vec!["*".into()])])
    }

    #[test]
    fn a_slot_has_the_code_whose_types_it_has() {
        for (code, sign) in [("visit", '1'), ("phone", 'P'), ("other", 'z')] {
            assert_eq!(slot(0, 15, "free", code).code(&types()), Some(sign));
        }
        let some = BTreeMap::from([('1', vec!["urn:y|visit".to_owned()])]);
        assert_eq!(slot(0, 15, "free", "visit").code(&some), None);
    }

    #[test]
    fn a_day_has_slots_of_the_length_that_most_of_them_have() {
        let slots = [slot(30, 15, "busy", "visit"), slot(0, 15, "free", "visit"), slot(45, 30, "free", "visit")];
        let day = template(&slots, DAY, &types(), None).unwrap();
        assert_eq!((day.slot_minutes, day.holiday), (15, false));
        let starts: Vec<_> = day.slots.iter().map(|slot| slot.start).collect();
        assert_eq!(starts, [DAY.at(9, 0, 0, 0), DAY.at(9, 30, 0, 0)], "whoever is booked");
        assert!(template(&slots, DAY, &types(), Some(&[])).unwrap().holiday);
        let short = [Span::try_from("08:00-09:20".to_owned()).unwrap()];
        assert_eq!(template(&slots, DAY, &types(), Some(&short)).unwrap().slots.len(), 1);
        assert!(template(&[], DAY, &types(), None).is_none());
    }

    #[test]
    fn a_visit_takes_free_slots_without_a_hole() {
        let place = |from: i64, minutes: i64| {
            let start = DAY.at(9, 0, 0, 0).saturating_add(from.minutes());
            Place { provider: ProviderRef("101".into()), start, end: start.saturating_add(minutes.minutes()) }
        };
        let slots = [
            slot(0, 15, "free", "v"),
            slot(15, 15, "free", "v"),
            slot(30, 15, "busy", "v"),
            slot(60, 15, "busy-tentative", "v"),
        ];
        let covering = |place: &Place, own| covering(&slots, place, own, &[], |_| Some(0)).map(|slots| slots.len());
        let taken = |from, minutes| covering(&place(from, minutes), None);
        assert_eq!((taken(0, 15), taken(0, 30), taken(15, 10)), (Some(1), Some(2), Some(1)));
        for (from, minutes) in [(0, 45), (5, 10), (30, 15), (45, 15), (60, 15), (0, 0)] {
            assert_eq!(taken(from, minutes), None, "{from} {minutes}");
        }
        let own = Some((DAY.at(9, 30, 0, 0), DAY.at(9, 45, 0, 0)));
        assert_eq!(covering(&place(15, 30), own), Some(2));
    }

    #[test]
    fn slots_of_two_lengths_and_two_kinds_at_one_time_are_told_apart() {
        let place = |from: i64, minutes: i64| {
            let start = DAY.at(9, 0, 0, 0).saturating_add(from.minutes());
            Place { provider: ProviderRef("101".into()), start, end: start.saturating_add(minutes.minutes()) }
        };
        let kinds = |minute| [slot(minute, 15, "free", "phone"), slot(minute, 15, "free", "visit")];
        let mut slots: Vec<Slot> = [0, 15, 30].into_iter().flat_map(kinds).collect();
        slots.push(slot(0, 30, "free", "visit"));
        let day = template(&slots, DAY, &types(), None).unwrap();
        let both: Vec<char> = day.slots.iter().map(|slot| slot.code).collect();
        assert_eq!((day.slot_minutes, both), (15, vec!['1', 'P', '1', 'P', '1', 'P']));
        for code in ['1', 'P'] {
            let rank = |slot: &Slot| (slot.code(&types()) == Some(code)).then_some(0);
            let taken = covering(&slots, &place(15, 30), None, &[], rank).unwrap();
            let taken: Vec<_> = taken.iter().map(|slot| (slot.start.minute(), slot.code(&types()))).collect();
            assert_eq!(taken, [(15, Some(code)), (30, Some(code))]);
        }
        // What is closed of the other length closes its time.
        slots.push(slot(15, 30, "busy-unavailable", "visit"));
        assert!(covering(&slots, &place(15, 15), None, &[], |_| Some(0)).is_none());
        assert!(covering(&slots, &place(0, 15), None, &[], |_| Some(0)).is_some());
    }

    #[test]
    fn what_is_busy_for_nobody_holds_its_time() {
        let nine = [(DAY.at(9, 0, 0, 0), DAY.at(9, 15, 0, 0))];
        assert!(!is_lone(&slot(0, 15, "busy", "v"), &nine) && is_lone(&slot(15, 15, "busy", "v"), &nine));
        assert!(is_lone(&slot(0, 15, "busy-unavailable", "v"), &nine) && !is_lone(&slot(15, 15, "free", "v"), &nine));
    }

    #[test]
    fn what_is_no_slot_of_ours_is_an_error() {
        let good = json!({
            "resourceType": "Slot", "id": "s", "schedule": { "reference": "Schedule/a" }, "status": "free",
            "start": "2026-03-03T17:00:00Z", "end": "2026-03-03T17:15:00Z",
        });
        let read = |slot: &Value| {
            Slot::read(slot, &["a".to_owned()], &base(), &zone()).map(|slot| slot.is_some()).map_err(drop)
        };
        assert_eq!(read(&good), Ok(true));
        for (key, value, read_as) in [
            ("status", json!("entered-in-error"), Ok(false)),
            ("status", json!("asleep"), Err(())),
            ("status", json!(1), Err(())),
            ("id", json!("a/b"), Err(())),
            ("schedule", json!({ "reference": "Schedule/b" }), Err(())),
            ("schedule", json!({ "reference": "https://elsewhere.example/Schedule/a" }), Err(())),
            ("start", json!("2026-03-03T09:00:00"), Err(())),
            ("end", json!("2026-03-03T16:00:00Z"), Err(())),
        ] {
            let mut slot = good.clone();
            slot[key] = value;
            assert_eq!(read(&slot), read_as, "{key} {}", slot[key]);
        }
    }
}
