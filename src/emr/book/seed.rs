//! The data file of an embedded book: providers and their weeks, patients, and appointments to begin with.
//!
//! Checked whole when it is read: every mistake names its key and the mend, and never a patient.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};

use super::Row;
use crate::agent::digits;
use crate::clinic::{Clinic, Span};
use crate::emr::{
    DaySchedule, NewCard, NewPatient, Number, Patient, PatientRef, Provider, ProviderRef, TemplateSlot, card, slot,
};
use crate::privacy::Pii;
use crate::store::person::{By, Person};

/// A day on which a seeded appointment's provider works is looked for within so many days.
const SEARCH_DAYS: i64 = 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seed {
    /// Of every template; a divisor of a day.
    slot_minutes: u16,
    providers: Vec<Doctor>,
    patients: Vec<Chart>,
    #[serde(default)]
    appointments: Vec<Standing>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Doctor {
    id: ProviderRef,
    name: String,
    week: BTreeMap<DayName, Vec<Block>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DayName {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Slots of one code, one after the other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    hours: Span,
    code: char,
}

/// Of the data file, or made since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chart {
    pub(super) chart: PatientRef,
    first_name: Pii<String>,
    last_name: Pii<String>,
    birth_date: Pii<Date>,
    phones: Vec<Pii<String>>,
    postal_code: Option<Pii<String>>,
    card: Option<Card>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    province: String,
    number: Pii<String>,
}

/// An appointment that is there from the start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standing {
    /// None: nobody may be booked then.
    patient: Option<PatientRef>,
    provider: ProviderRef,
    /// The first day from then on that has this slot.
    days_ahead: i64,
    time: Time,
    minutes: u16,
}

impl Seed {
    pub(super) fn of(clinic: &Clinic) -> Result<Self, Vec<String>> {
        let file = clinic.config.emr.as_ref().and_then(|emr| emr.file.as_ref());
        let (name, text) = match file {
            Some(path) => {
                let name = path.display().to_string();
                let text = std::fs::read_to_string(path)
                    .map_err(|e| vec![format!("{name}: cannot be read: {e}; give the path of a book's TOML file")])?;
                (name, text)
            }
            None => ("sample-book.toml".to_owned(), include_str!("../../../agents/sample-book.toml").to_owned()),
        };
        // The parser's words and picture show values, which may be a patient's.
        let seed: Self = toml::from_str(&text).map_err(|e| {
            let line = e.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            vec![format!(
                "{name}: line {line} is not as it should be; see agents/sample-book.toml for keys and kinds of values"
            )]
        })?;
        let wrong: Vec<_> = seed.check().into_iter().map(|w| format!("{name}: {w}")).collect();
        if wrong.is_empty() { Ok(seed) } else { Err(wrong) }
    }

    fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !(5..=240).contains(&self.slot_minutes) || 1_440 % self.slot_minutes != 0 {
            wrong.push(format!("slot_minutes: {} does not divide a day; write 10, 15, 20 or 30", self.slot_minutes));
        }
        for (at, chart) in self.patients.iter().enumerate() {
            let mut say = |key: &str, mend: &str| wrong.push(format!("patients.{at}.{key}: {mend}"));
            if self.patients[..at].iter().any(|other| other.chart == chart.chart) {
                say("chart", "used twice; give each patient a chart number of their own");
            }
            if chart.phones.iter().any(|p| digits::telephone(p.reveal()).as_ref() != Some(p.reveal())) {
                say("phones", "no North American number; write ten digits");
            }
            if chart.postal_code.as_ref().is_some_and(|code| card::postal_code(code.reveal()).is_none()) {
                say("postal_code", "no Canadian postal code; write it as V6B 1A1");
            }
            if chart.card.as_ref().is_some_and(|c| !card::is_card(&c.province, c.number.reveal())) {
                say("card", "no number of that province's cards; write the number on the card");
            }
        }
        for (at, standing) in self.appointments.iter().enumerate() {
            if standing.patient.as_ref().is_some_and(|p| !self.has_patient(p)) {
                wrong.push(format!("appointments.{at}.patient: no such chart; add the patient"));
            }
            if !self.providers.iter().any(|p| p.id == standing.provider) {
                wrong.push(format!("appointments.{at}.provider: no such provider; add the provider"));
            }
        }
        wrong
    }

    pub(super) fn providers(&self) -> Vec<Provider> {
        self.providers.iter().map(|p| Provider { id: p.id.clone(), name: p.name.clone() }).collect()
    }

    pub(super) fn has_provider(&self, provider: &ProviderRef) -> bool {
        self.providers.iter().any(|p| p.id == *provider)
    }

    pub(super) fn has_patient(&self, patient: &PatientRef) -> bool {
        self.patients.iter().any(|p| p.chart == *patient)
    }

    pub(super) fn charts(&self) -> &[Chart] {
        &self.patients
    }

    /// `hours`: of a day that is unlike its weekday; none of them: closed.
    pub(super) fn schedule(&self, provider: &ProviderRef, day: Date, hours: Option<&[Span]>) -> Option<DaySchedule> {
        let doctor = self.providers.iter().find(|p| p.id == *provider)?;
        let blocks = doctor.week.get(&DayName::of(day.weekday())).filter(|blocks| !blocks.is_empty())?;
        let mut slots = Vec::new();
        for block in blocks {
            let last = day.to_datetime(block.hours.to);
            let mut start = day.to_datetime(block.hours.from);
            while slot::end_of(start, self.slot_minutes) <= last {
                let end = slot::end_of(start, self.slot_minutes).time();
                let open = hours.is_none_or(|spans| {
                    spans.is_empty() || spans.iter().any(|s| s.from <= start.time() && end <= s.to)
                });
                if open {
                    slots.push(TemplateSlot { start, code: block.code });
                }
                start = slot::end_of(start, self.slot_minutes);
            }
        }
        slots.sort_by_key(|slot| slot.start);
        Some(DaySchedule { holiday: hours.is_some_and(<[Span]>::is_empty), slot_minutes: self.slot_minutes, slots })
    }

    /// The appointments to begin with, on days that have their slots.
    pub(super) fn appointments(
        &self,
        today: Date,
        schedule: &dyn Fn(&ProviderRef, Date) -> Option<DaySchedule>,
    ) -> Result<Vec<Row>, Vec<String>> {
        let mut rows = Vec::new();
        for (at, standing) in self.appointments.iter().enumerate() {
            let start = (standing.days_ahead..standing.days_ahead + SEARCH_DAYS)
                .map(|days| today.saturating_add(days.days()).to_datetime(standing.time))
                .find(|start| {
                    schedule(&standing.provider, start.date())
                        .is_some_and(|day| !day.holiday && day.slots.iter().any(|slot| slot.start == *start))
                })
                .ok_or_else(|| {
                    vec![format!("appointments.{at}.time: the provider never works then; write the time of a slot")]
                })?;
            rows.push(Row {
                id: at as u64 + 1,
                patient: standing.patient.clone(),
                provider: standing.provider.clone(),
                start,
                end: slot::end_of(start, standing.minutes),
                kind: None,
                key: format!("seed-{at}"),
                cancelled: false,
            });
        }
        Ok(rows)
    }
}

impl DayName {
    const fn of(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

impl Chart {
    /// What somebody said of themselves.
    pub(super) fn made(chart: PatientRef, new: &NewPatient) -> Self {
        Self {
            chart,
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            birth_date: new.birth_date.clone(),
            phones: vec![new.phone.clone()],
            postal_code: new.postal_code.clone(),
            card: new.card.as_ref().map(|card| Card { province: card.province.clone(), number: card.number.clone() }),
        }
    }

    /// The number alone: nothing in it leads to anybody.
    pub(super) fn without_anybody(&self) -> Self {
        let nobody = Pii::new(String::new());
        Self {
            chart: self.chart.clone(),
            first_name: nobody.clone(),
            last_name: nobody,
            birth_date: Pii::new(Date::ZERO),
            phones: Vec::new(),
            postal_code: None,
            card: None,
        }
    }

    pub(super) fn is_born(&self, on: Date) -> bool {
        *self.birth_date.reveal() == on
    }

    /// Whether it may be that of somebody who is to have one.
    pub(super) fn may_be(&self, new: &NewPatient) -> bool {
        let has_card = |card: &NewCard| self.has(&Number::HealthCard(card.number.clone()));
        let names = [self.first_name.reveal().as_str(), self.last_name.reveal().as_str()];
        let phones = self.phones.iter().map(|phone| phone.reveal().clone());
        new.card.as_ref().is_some_and(has_card) || (self.is_born(*new.birth_date.reveal()) && new.may_be(names, phones))
    }

    /// By what it is found to be this person's.
    pub(super) fn found_by(&self, person: &Person) -> BTreeSet<By> {
        let name = format!("{} {}", self.first_name.reveal(), self.last_name.reveal());
        let rings = self.phones.iter().any(|phone| person.rings_from(phone.reveal()));
        [rings.then_some(By::Phone), person.is_named_in(&name).then_some(By::Name)].into_iter().flatten().collect()
    }

    pub(super) fn has(&self, number: &Number) -> bool {
        match number {
            Number::Telephone(phone) => self.phones.contains(phone),
            Number::HealthCard(card) => {
                self.card.as_ref().is_some_and(|kept| card::signs(kept.number.reveal()) == *card.reveal())
            }
        }
    }

    pub(super) fn patient(&self) -> Patient {
        Patient {
            id: self.chart.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            birth_date: self.birth_date.clone(),
            phones: self.phones.clone(),
            postal_code: self.postal_code.as_ref().and_then(|code| card::postal_code(code.reveal())).map(Pii::new),
            card_last4: self.card.as_ref().and_then(|c| card::last4(c.number.reveal())).map(Pii::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_card_is_its_last_digits_however_the_file_writes_it() {
        for (province, number, end) in [
            ("BC", "9698658215", "8215"),
            ("BC", "9698 658 215", "8215"),
            ("ON", "1234-567-897", "7897"),
            ("QC", "TREM 8061 1512", "1512"),
        ] {
            assert!(card::is_card(province, number), "{number}");
            let text = format!(
                "chart = \"1001\"\nfirst_name = \"Jane\"\nlast_name = \"Roe\"\nbirth_date = \"1984-03-09\"\nphones = []\n\
                 card = {{ province = \"{province}\", number = \"{number}\" }}\n"
            );
            let chart: Chart = toml::from_str(&text).unwrap();
            assert_eq!(chart.patient().card_last4, Some(Pii::new(end.to_owned())), "{number}");
        }
    }
}
