//! A Patient, and how the charts of a caller are found.
//!
//! Searched by birth date, which decides, and compared by whoever asked: names in charts vary in accents, case and order. Where too many were
//! born that day, names in both orders and the number called from narrow it. Only active charts count: no deceased patient's, and none that was
//! replaced by another, which is found itself.

use futures_util::future::try_join_all;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use super::super::failure::Failure;
use super::super::phone::number;
use super::super::{NewPatient, Number, Patient, PatientRef, Sought, card};
use super::bundle;
use super::client::{Client, Parameters, Service};
use super::concept::Concept;
use crate::privacy::Pii;

/// Pages of charts of one birth date; where there are more, the search is narrowed.
const PAGES: usize = 2;

/// Health cards' numbers, as v2-0203 codes them.
const CARDS: [&str; 2] = ["JHN", "HC"];

/// What is read of a Patient; without Debug.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chart {
    id: String,
    active: Option<bool>,
    deceased_boolean: Option<bool>,
    deceased_date_time: Option<String>,
    birth_date: Option<String>,
    #[serde(default)]
    name: Vec<Name>,
    #[serde(default)]
    telecom: Vec<Contact>,
    #[serde(default)]
    address: Vec<Address>,
    #[serde(default)]
    identifier: Vec<Identifier>,
    #[serde(default)]
    link: Vec<Link>,
}

#[derive(Deserialize)]
struct Name {
    #[serde(rename = "use")]
    used: Option<String>,
    family: Option<String>,
    #[serde(default)]
    given: Vec<String>,
}

#[derive(Deserialize)]
struct Contact {
    system: Option<String>,
    value: Option<String>,
    #[serde(rename = "use")]
    used: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    postal_code: Option<String>,
}

#[derive(Deserialize)]
struct Identifier {
    system: Option<String>,
    value: Option<String>,
    #[serde(rename = "type")]
    kind: Option<Concept>,
}

#[derive(Deserialize)]
struct Link {
    #[serde(rename = "type")]
    kind: String,
}

impl Chart {
    pub(super) fn read(patient: Value) -> Result<Self, Failure> {
        bundle::id(&patient)?;
        serde_json::from_value(patient).map_err(|_| Failure::odd("a Patient is not as one is"))
    }

    /// Whether new appointments may be written for it.
    pub(super) fn takes_bookings(&self) -> bool {
        let is_deceased = self.deceased_boolean == Some(true) || self.deceased_date_time.is_some();
        self.active != Some(false) && !is_deceased && !self.link.iter().any(|link| link.kind == "replaced-by")
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn has_identifier(&self, system: &str, value: &str) -> bool {
        let is_it =
            |known: &Identifier| known.system.as_deref() == Some(system) && known.value.as_deref() == Some(value);
        self.identifier.iter().any(is_it)
    }

    /// Whether it may be that of somebody who is to have one; it is of their birth date.
    pub(super) fn may_be(&self, new: &NewPatient) -> bool {
        let telephones: Vec<String> = self.telephones().collect();
        let is_of = |given: &str, family: &str| new.may_be([given, family], telephones.iter().cloned());
        self.name.iter().any(|name| {
            let family = name.family.as_deref().unwrap_or_default();
            let first = name.given.first().map(String::as_str).unwrap_or_default();
            is_of(first, family) || is_of(&name.given.concat(), family)
        }) || is_of("", "")
    }

    fn born(&self) -> Option<Date> {
        self.birth_date.as_deref()?.parse().ok()
    }

    /// Ten digits each, none of them given up.
    fn telephones(&self) -> impl Iterator<Item = String> {
        let telephones = self.telecom.iter().filter(|contact| {
            matches!(contact.system.as_deref(), Some("phone" | "sms")) && contact.used.as_deref() != Some("old")
        });
        telephones.filter_map(|contact| number(contact.value.as_deref()?))
    }

    /// Numbers of health cards, as written.
    fn cards(&self) -> impl Iterator<Item = &str> {
        let is_card = |identifier: &&Identifier| {
            identifier.kind.iter().flat_map(Concept::codes).any(|code| CARDS.contains(&code))
        };
        self.identifier.iter().filter(is_card).filter_map(|identifier| identifier.value.as_deref())
    }

    fn has(&self, wanted: &Number) -> bool {
        match wanted {
            Number::Telephone(phone) => self.telephones().any(|kept| kept == *phone.reveal()),
            Number::HealthCard(card) => self.cards().any(|kept| card::signs(kept) == *card.reveal()),
        }
    }

    /// `None`: without a name or a whole birth date it is nobody's.
    fn patient(self) -> Option<Patient> {
        let born = self.born()?;
        let rank = |name: &&Name| match name.used.as_deref() {
            Some("official") => 0,
            Some("usual") => 1,
            None => 2,
            Some("old" | "maiden" | "anonymous") => 4,
            Some(_) => 3,
        };
        let name = self.name.iter().filter(|name| name.family.is_some()).min_by_key(rank)?;
        let phones = self.telephones().map(Pii::new).collect();
        let card = self.cards().next().and_then(card::last4);
        let postal = self.address.iter().find_map(|address| card::postal_code(address.postal_code.as_deref()?));
        Some(Patient {
            first_name: Pii::new(name.given.first().cloned().unwrap_or_default()),
            last_name: Pii::new(name.family.clone()?),
            phones,
            id: PatientRef(Pii::new(self.id)),
            birth_date: Pii::new(born),
            postal_code: postal.map(Pii::new),
            card_last4: card.map(Pii::new),
        })
    }
}

impl Client {
    /// `None`: there is none.
    pub(super) async fn chart(&self, id: &str) -> Result<Option<Chart>, Failure> {
        let chart = self.read(Service::Patient, id).await?.map(|answer| Chart::read(answer.body)).transpose()?;
        if chart.as_ref().is_some_and(|chart| chart.id != id) {
            return Err(Failure::odd("another Patient came than was asked for"));
        }
        Ok(chart)
    }

    pub(super) async fn find(&self, sought: &Sought) -> Result<Vec<Patient>, Failure> {
        let born = *sought.birth_date.reveal();
        let everybody = || vec![("birthdate", born.to_string())];
        let (mut found, is_all) = self.search_within(Service::Patient, everybody(), PAGES).await?;
        if !is_all {
            let names = [sought.last_name.reveal(), sought.first_name.reveal()];
            let names = names.into_iter().filter(|name| !name.trim().is_empty()).map(|name| ("family", plain(name)));
            let number = sought.calling_from.iter().map(|number| ("phone", plain(number.reveal())));
            let searches: Vec<Parameters> = names.chain(number).map(|by| [everybody(), vec![by]].concat()).collect();
            let narrowed = try_join_all(searches.into_iter().map(|by| self.search(Service::Patient, by))).await?;
            found.extend(narrowed.into_iter().flatten());
        }
        live(found, |chart| chart.born() == Some(born))
    }

    pub(super) async fn find_by(&self, number: &Number) -> Result<Vec<Patient>, Failure> {
        let sought = match number {
            Number::Telephone(phone) => ("phone", forms(phone.reveal()).join(",")),
            Number::HealthCard(card) => ("identifier", plain(card.reveal())),
        };
        let (found, _) = self.search_within(Service::Patient, vec![sought], PAGES).await?;
        live(found, |chart| chart.has(number))
    }
}

/// Those that take bookings, each once.
fn live(found: Vec<Value>, fits: impl Fn(&Chart) -> bool) -> Result<Vec<Patient>, Failure> {
    let mut patients: Vec<Patient> = Vec::new();
    for patient in found {
        let chart = Chart::read(patient)?;
        if !chart.takes_bookings() || !fits(&chart) {
            continue;
        }
        patients.extend(chart.patient().filter(|patient| !patients.iter().any(|other| other.id == patient.id)));
    }
    Ok(patients)
}

/// How a number of ten digits may stand in a chart: servers compare it sign by sign.
fn forms(number: &str) -> Vec<String> {
    let (area, rest) = number.split_at_checked(3).unwrap_or((number, ""));
    let (office, line) = rest.split_at_checked(3).unwrap_or((rest, ""));
    let dashed = format!("{area}-{office}-{line}");
    vec![
        number.to_owned(),
        dashed.clone(),
        format!("({area}) {office}-{line}"),
        format!("+1{number}"),
        format!("+1-{dashed}"),
    ]
}

/// In a search these signs mean something.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for sign in text.trim().chars() {
        if matches!(sign, '\\' | '$' | ',' | '|') {
            plain.push('\\');
        }
        plain.push(sign);
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn jane(change: impl FnOnce(&mut Value)) -> Result<Chart, Failure> {
        let mut jane = json!({
            "resourceType": "Patient", "id": "1001", "active": true, "birthDate": "1984-03-09",
            "name": [{ "use": "maiden", "family": "Doe", "given": ["Jane"] }, { "use": "official", "family": "Roe", "given": ["Jane", "Marie"] }],
            "telecom": [{ "system": "phone", "value": "604-555-0177", "use": "mobile" }, { "system": "email", "value": "x@example.ca" },
                { "system": "phone", "value": "(778) 555-0199 x12" }, { "system": "phone", "value": "604-555-0100", "use": "old" }],
            "address": [{ "postalCode": "v6b 2k3" }],
            "identifier": [{ "value": "77", "type": { "coding": [{ "code": "MR" }] } }, { "value": "9698 658 215", "type": { "coding": [{ "code": "JHN" }] } }],
        });
        change(&mut jane);
        Chart::read(jane)
    }

    #[test]
    fn a_chart_gives_what_tells_its_owner_and_no_more() {
        let patient = jane(|_| {}).ok().unwrap().patient().unwrap();
        assert_eq!(patient.id, PatientRef(Pii::new("1001".into())));
        assert_eq!((patient.first_name.reveal().as_str(), patient.last_name.reveal().as_str()), ("Jane", "Roe"));
        assert_eq!(patient.phones, [Pii::new("6045550177".to_owned()), Pii::new("7785550199".to_owned())]);
        assert_eq!(patient.postal_code, Some(Pii::new("V6B2K3".into())));
        assert_eq!(patient.card_last4, Some(Pii::new("8215".into())));
        assert!(!format!("{patient:?}").contains("Jane"));
    }

    #[test]
    fn inactive_deceased_and_replaced_charts_take_no_bookings() {
        assert!(jane(|_| {}).ok().unwrap().takes_bookings());
        assert!(jane(|jane| jane["active"] = Value::Null).ok().unwrap().takes_bookings());
        let changes: [fn(&mut Value); 4] = [
            |jane| jane["active"] = json!(false),
            |jane| jane["deceasedBoolean"] = json!(true),
            |jane| jane["deceasedDateTime"] = json!("2025"),
            |jane| jane["link"] = json!([{ "type": "replaced-by", "other": { "reference": "Patient/2" } }]),
        ];
        for change in changes {
            assert!(!jane(change).ok().unwrap().takes_bookings());
        }
    }

    #[test]
    fn what_is_no_patient_is_an_error_and_half_a_birth_date_is_nobodys() {
        let changes: [fn(&mut Value); 4] = [
            |jane| jane["id"] = json!("../1"),
            |jane| jane["id"] = Value::Null,
            |jane| jane["name"] = json!("Jane Roe"),
            |jane| jane["telecom"] = json!([{ "value": 6 }]),
        ];
        for change in changes {
            let error = jane(change).err().unwrap().of_read().to_string();
            assert!(!error.contains("Jane"), "{error}");
        }
        for half in ["1984", "1984-03", "09/03/1984"] {
            assert!(jane(|jane| jane["birthDate"] = json!(half)).ok().unwrap().patient().is_none());
        }
    }

    #[test]
    fn signs_that_mean_something_in_a_search_do_not_when_they_are_sought() {
        assert_eq!(plain(" O'Neil,Roe|x$\\ "), "O'Neil\\,Roe\\|x\\$\\\\");
    }
}
