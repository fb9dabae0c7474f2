//! `/demographics`: charts and a search, and the one place where OSCAR lets a program create a patient.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde_json::{Value, json};

use super::{No, Request};
use crate::sim::oscar::accounts::READS_PATIENTS;
use crate::sim::oscar::store::{Patient, Wanted};

/// Fields of the body that are columns under the same name.
const SAME: [&str; 10] =
    ["firstName", "lastName", "sex", "hin", "ver", "hcType", "phone", "email", "providerNo", "officialLanguage"];

/// Fields of its address.
const ADDRESS: [&str; 4] = ["address", "city", "province", "postal"];

impl Request<'_> {
    pub(super) fn demographics(&mut self, operation: &str) -> Result<Value, No> {
        self.requires(READS_PATIENTS)?;
        match operation {
            "get" => {
                let number: i64 = self.named(0).parse().map_err(|_| No::bad("no number of a chart"))?;
                Ok(self.state.store.patients.get(&number).map(|patient| self.chart(patient)).unwrap_or_default())
            }
            "search" => self.search(),
            "create" => {
                let number = self.state.store.patients.keys().next_back().copied().unwrap_or(0) + 1;
                self.write(number)
            }
            _ => {
                let number = self.int("demographicNo").ok_or_else(|| No::exception(""))?;
                let is_there = self.state.store.patients.contains_key(&number);
                if is_there { self.write(number) } else { Err(No::exception("")) }
            }
        }
    }

    fn search(&self) -> Result<Value, No> {
        let term = self.text("term").unwrap_or_default();
        let part = |column| Wanted { parts: vec![(column, term)], ..Wanted::default() };
        let store = &self.state.store;
        let found = match self.text("type").unwrap_or("Name") {
            "Name" => store.patients_named(term),
            "HIN" => store.patients_with(&part("hin")),
            "Address" => store.patients_with(&part("address")),
            "ChartNo" => store.patients_with(&part("chartNo")),
            "Phone" => store.patients_with(&Wanted { phone: Some(term), ..Wanted::default() }),
            "DOB" => {
                let born = term.parse().map_err(|_| No::exception(""))?;
                store.patients_with(&Wanted { born: Some(born), ..Wanted::default() })
            }
            _ => return Err(No::bad("no such type of search")),
        };
        let wants_active = self.body.get("active").and_then(Value::as_bool).unwrap_or(false);
        let found = found.into_iter().filter(|patient| !wants_active || patient.text("patientStatus") == "AC");
        let rows: Vec<Value> = found
            .map(|patient| {
                json!({
                    "demographicNo": patient.number,
                    "firstName": patient.text("firstName"),
                    "lastName": patient.text("lastName"),
                    "sex": patient.text("sex"),
                    "dob": self.millis(patient.born.to_datetime(Time::midnight())),
                    "formattedDOB": patient.born.to_string(),
                    "phone": patient.text("phone"),
                    "hin": patient.texts.get("hin"),
                    "providerNo": patient.texts.get("providerNo"),
                    "patientStatus": patient.text("patientStatus"),
                    "rosterStatus": patient.text("rosterStatus"),
                })
            })
            .collect();
        Ok(json!({ "content": rows, "total": rows.len() }))
    }

    fn chart(&self, patient: &Patient) -> Value {
        let mut chart = serde_json::Map::new();
        for name in SAME {
            chart.insert(name.to_owned(), json!(patient.texts.get(name)));
        }
        let address: BTreeMap<_, _> = ADDRESS.iter().map(|name| (*name, patient.texts.get(*name))).collect();
        let cell = patient.cell.iter().map(|cell| json!({ "key": "demo_cell", "value": cell }));
        let more = json!({
            "demographicNo": patient.number,
            "alternativePhone": patient.texts.get("phone2"),
            "address": address,
            "dateOfBirth": self.millis(patient.born.to_datetime(Time::midnight())),
            "dobYear": format!("{:04}", patient.born.year()),
            "dobMonth": format!("{:02}", patient.born.month()),
            "dobDay": format!("{:02}", patient.born.day()),
            "patientStatus": patient.text("patientStatus"),
            "extras": cell.collect::<Vec<_>>(),
        });
        chart.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(chart)
    }

    /// Whatever status was sent, a new chart is active; names come out in capitals. The answer repeats only part of it.
    fn write(&mut self, number: i64) -> Result<Value, No> {
        let born = self.birth_date().ok_or_else(|| No::exception(""))?;
        let mut texts: BTreeMap<String, String> =
            SAME.iter().filter_map(|name| Some(((*name).to_owned(), self.text(name)?.to_owned()))).collect();
        for name in ADDRESS {
            if let Some(text) = self.body.get("address").and_then(|address| address.get(name)).and_then(Value::as_str) {
                texts.insert(name.to_owned(), text.to_owned());
            }
        }
        if let Some(phone) = self.text("alternativePhone") {
            texts.insert("phone2".to_owned(), phone.to_owned());
        }
        for name in ["firstName", "lastName"] {
            let text = texts.get(name).map(|text| text.to_uppercase()).ok_or_else(|| No::exception(""))?;
            texts.insert(name.to_owned(), text);
        }
        texts.insert("patientStatus".to_owned(), "AC".to_owned());
        let now = self.wall();
        let old = self.state.store.patients.get(&number);
        let row = Patient {
            number,
            born,
            texts,
            cell: old.and_then(|old| old.cell.clone()),
            head_record: old.and_then(|old| old.head_record),
            joined: old.map_or_else(|| now.date(), |old| old.joined),
            updated: now,
            updated_by: self.account.provider.clone(),
        };
        let told = json!({
            "demographicNo": number,
            "firstName": row.text("firstName"),
            "lastName": row.text("lastName"),
            "dateOfBirth": self.millis(born.to_datetime(Time::midnight())),
        });
        self.state.store.patients.insert(number, row);
        Ok(told)
    }

    fn birth_date(&self) -> Option<Date> {
        let parts = (self.int("dobYear"), self.int("dobMonth"), self.int("dobDay"));
        if let (Some(year), Some(month), Some(day)) = parts {
            return Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
        }
        let at = Timestamp::from_millisecond(self.int("dateOfBirth")?).ok()?;
        Some(at.to_zoned(self.oscar.0.settings.java_zone.clone()).date())
    }
}
