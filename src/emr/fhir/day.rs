//! A provider's day as it is now, and as it looks whoever is booked on it.
//!
//! Who works is known for minutes, and so is what a day looks like; what is free is asked each time, of slots and of appointments, since a
//! server need not keep the one in step with the other. Slots are asked for wherever they can be searched; where they cannot, what the server
//! proposes stands for those that are free.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::try_join;
use jiff::civil::{Date, DateTime};
use serde::Deserialize;
use serde_json::Value;

use super::super::failure::Failure;
use super::super::{
    Appointment, AppointmentRef, DaySchedule, EmrError, PatientRef, Place, ProviderRef, Refusal, VisitKind, hours,
    refused,
};
use super::Inner;
use super::client::{Parameters, Service};
use super::reference;
use super::row::Row;
use super::slots::{self, Slot};
use super::wish::Wish;
use super::{bundle, instant, proposal};

/// See the module header.
pub(super) struct Day {
    pub(super) slots: Vec<Slot>,
    pub(super) rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Schedule {
    active: Option<bool>,
    actor: Vec<Actor>,
}

#[derive(Deserialize)]
struct Actor {
    reference: Option<String>,
}

impl Day {
    /// What holds time: appointments, and slots that are not free though nobody is booked in them.
    pub(super) fn taken(&self, provider: &ProviderRef) -> Vec<Appointment> {
        let active = self.rows.iter().filter(|row| row.is_active());
        let mut taken: Vec<Appointment> = active.filter_map(|row| row.appointment(|id| id == provider)).collect();
        let times: Vec<(DateTime, DateTime)> = taken.iter().map(|taken| (taken.start, taken.end)).collect();
        taken.extend(self.slots.iter().filter(|slot| slots::is_lone(slot, &times)).map(|slot| Appointment {
            id: AppointmentRef(reference::to("Slot", &slot.id)),
            patient: None,
            provider: provider.clone(),
            start: slot.start,
            end: slot.end,
        }));
        taken
    }

    /// The slots that a visit takes, if nothing but `except` stands there. `rank`: as [`slots::covering`] has it.
    pub(super) fn open(
        &self,
        place: &Place,
        except: Option<&Row>,
        rank: impl Fn(&Slot) -> Option<u8>,
    ) -> Result<Vec<&Slot>, EmrError> {
        let is_other = |row: &&Row| row.is_active() && except.is_none_or(|except| except.id != row.id);
        let others: Vec<&Row> = self.rows.iter().filter(is_other).collect();
        let times: Vec<(DateTime, DateTime)> = others.iter().filter_map(|row| row.time()).collect();
        // With another provider its old time says nothing of this one's slots.
        let own = except.filter(|row| row.is_with(&place.provider)).and_then(Row::time);
        match slots::covering(&self.slots, place, own, &times, rank) {
            Some(slots) if !others.iter().any(|row| row.overlaps(place)) => Ok(slots),
            Some(_) | None => refused(Refusal::SlotTaken),
        }
    }
}

impl Inner {
    /// Of each provider whom callers may book and who has one.
    pub(super) async fn schedules(&self) -> Result<Arc<BTreeMap<ProviderRef, Vec<String>>>, Failure> {
        if let Some(schedules) = self.schedules.get(&()) {
            return Ok(schedules);
        }
        let actors: Vec<String> = self.providers.keys().map(|id| reference::to("Practitioner", &id.0)).collect();
        let found = match self.client.search(Service::Schedule, vec![("actor", actors.join(","))]).await {
            // Whom it proposes times of is asked one by one.
            Err(refused) if self.proposes_instead(&refused).await => {
                let all: BTreeMap<_, _> = self.providers.keys().map(|id| (id.clone(), Vec::new())).collect();
                let all = Arc::new(all);
                self.schedules.put((), all.clone());
                return Ok(all);
            }
            found => found?,
        };
        let mut schedules: BTreeMap<ProviderRef, Vec<String>> = BTreeMap::new();
        for schedule in found {
            let id = bundle::id(&schedule)?.to_owned();
            let Schedule { active, actor } =
                serde_json::from_value(schedule).map_err(|_| Failure::odd("a Schedule is not as one is"))?;
            let references = actor.iter().filter_map(|actor| actor.reference.as_deref());
            let practitioners = references.filter_map(|to| reference::id_of(to, "Practitioner", &self.client.base));
            let mut ours = practitioners
                .map(|id| ProviderRef(id.to_owned()))
                .filter(|id| self.providers.contains_key(id))
                .peekable();
            if ours.peek().is_none() {
                return Err(Failure::odd("a search found a Schedule of nobody who was asked for"));
            }
            if active != Some(false) {
                ours.for_each(|provider| schedules.entry(provider).or_default().push(id.clone()));
            }
        }
        let schedules = Arc::new(schedules);
        self.schedules.put((), schedules.clone());
        Ok(schedules)
    }

    /// The slots of a day, and what it looks like.
    async fn slots(&self, provider: &ProviderRef, day: Date) -> Result<(Vec<Slot>, Option<DaySchedule>), Failure> {
        let schedules = self.schedules().await?;
        let Some(schedules) = schedules.get(provider) else { return Ok((Vec::new(), None)) };
        if self.proposes() {
            return self.proposed(provider, day).await;
        }
        let references: Vec<String> = schedules.iter().map(|id| reference::to("Schedule", id)).collect();
        let [from, to] = slots::bounds(day, &self.zone);
        let sought = vec![("schedule", references.join(",")), ("start", from), ("start", to)];
        let found = match self.client.search(Service::Slot, sought).await {
            Err(refused) if self.proposes_instead(&refused).await => return self.proposed(provider, day).await,
            found => found?,
        };
        let read = |slot: &Value| Slot::read(slot, schedules, &self.client.base, &self.zone).transpose();
        let slots: Vec<Slot> = found.iter().filter_map(read).collect::<Result<_, _>>()?;
        let look = self.template(&slots, day);
        self.looks.put((provider.clone(), day), look.clone());
        Ok((slots, look))
    }

    /// What is proposed changes with everything that is booked, so it is asked for each time.
    async fn proposed(&self, provider: &ProviderRef, day: Date) -> Result<(Vec<Slot>, Option<DaySchedule>), Failure> {
        let slots = self.proposals(provider, day).await?;
        let is_closed = hours::is_closed(self.unlike.of(day));
        let look = self.template(&slots, day).unwrap_or_else(|| proposal::nothing(is_closed));
        Ok((slots, Some(look)))
    }

    fn template(&self, slots: &[Slot], day: Date) -> Option<DaySchedule> {
        slots::template(slots, day, &self.types, self.unlike.of(day))
    }

    /// What the day looks like; `None`: the provider does not work then.
    pub(super) async fn look(&self, provider: &ProviderRef, day: Date) -> Result<Option<DaySchedule>, Failure> {
        let key = (provider.clone(), day);
        if let Some(look) = self.looks.get(&key) {
            return Ok(look);
        }
        Ok(self.slots(provider, day).await?.1)
    }

    /// The day as it is now.
    pub(super) async fn day(&self, provider: &ProviderRef, day: Date) -> Result<Day, Failure> {
        let ((slots, _), rows) = try_join(self.slots(provider, day), self.rows_with(provider, day)).await?;
        Ok(Day { slots, rows })
    }

    /// What holds time that day.
    pub(super) async fn taken(&self, provider: &ProviderRef, day: Date) -> Result<Vec<Appointment>, Failure> {
        let day = if self.proposes() {
            // What is proposed takes no time, and is asked for beside this.
            Day { slots: Vec::new(), rows: self.rows_with(provider, day).await? }
        } else {
            self.day(provider, day).await?
        };
        Ok(day.taken(provider))
    }

    async fn rows_with(&self, provider: &ProviderRef, day: Date) -> Result<Vec<Row>, Failure> {
        let [from, to] = slots::bounds(day, &self.zone);
        let actor = reference::to("Practitioner", &provider.0);
        let rows = self.rows(vec![("actor", actor), ("date", from), ("date", to)]).await?;
        // What was found and names this provider in no way that can be read would be free time.
        if rows.iter().any(|row| row.is_active() && !row.is_with(provider) && !row.is_declined_by(provider)) {
            return Err(Failure::odd(
                "a search found an Appointment that does not name the Practitioner who was asked for; see docs/fhir.md",
            ));
        }
        Ok(rows.into_iter().filter(|row| row.is_with(provider)).collect())
    }

    /// Slots that allow this visit.
    pub(super) fn rank_for(&self, kind: VisitKind) -> impl Fn(&Slot) -> Option<u8> {
        move |slot| self.codes.get(&slot.code(&self.types)?)?.visits.contains(&kind).then_some(0)
    }

    /// Slots that have a meaning, those of its own type first.
    pub(super) fn rank_like(&self, row: &Row) -> impl Fn(&Slot) -> Option<u8> {
        let service = row.whole().get("serviceType");
        move |slot| slot.code(&self.types).map(|_| u8::from(slot.service.as_ref() != service))
    }

    /// Whether the clinic is open then, whatever the server says.
    pub(super) fn is_open(&self, place: &Place) -> bool {
        let hours = self.unlike.of(place.start.date());
        let minutes = u16::try_from(place.end.duration_since(place.start).as_mins()).unwrap_or(u16::MAX);
        let is_once = !self.zone.to_ambiguous_timestamp(place.start).is_ambiguous();
        !hours::is_closed(hours) && hours::take(hours, place.start, minutes) && is_once
    }

    pub(super) async fn rows(&self, sought: Parameters) -> Result<Vec<Row>, Failure> {
        let found = self.client.search(Service::Appointment, sought).await?;
        found.into_iter().map(|row| Row::read(row, &self.client.base, &self.zone)).collect()
    }

    pub(super) async fn rows_of_wish(&self, key: &str) -> Result<Vec<Row>, Failure> {
        self.rows(Wish::search(key)).await
    }

    pub(super) async fn rows_of_patient(&self, patient: &PatientRef, from: DateTime) -> Result<Vec<Row>, EmrError> {
        let patient = patient_id(patient)?;
        let since = format!("ge{}", instant::written(from, &self.zone));
        let sought = vec![("actor", reference::to("Patient", patient)), ("date", since)];
        let rows = self.rows(sought).await.map_err(Failure::of_read)?;
        Ok(rows.into_iter().filter(|row| row.is_of(patient)).collect())
    }

    /// The appointment with its version; `None`: there is none.
    pub(super) async fn row(&self, id: &str) -> Result<Option<Row>, Failure> {
        let answer = self.client.read(Service::Appointment, id).await?;
        let row = answer.map(|answer| Row::of_answer(answer, &self.client.base, &self.zone)).transpose()?;
        if row.as_ref().is_some_and(|row| row.id != id) {
            return Err(Failure::odd("another Appointment came than was asked for"));
        }
        Ok(row)
    }
}

pub(super) fn patient_id(patient: &PatientRef) -> Result<&str, EmrError> {
    let id = patient.0.reveal().as_str();
    if reference::is_id(id) { Ok(id) } else { refused(Refusal::NotFound) }
}
