//! `DemographicWs`: charts and searches over them, for whoever has the right to read patients.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time};

use super::{Answer, Call, page};
use crate::sim::oscar::accounts::READS_PATIENTS;
use crate::sim::oscar::refusal::Refusal;
use crate::sim::oscar::store::{Patient, Wanted};
use crate::sim::oscar::times::zoned;
use crate::sim::oscar::value::{Object, Value};

/// Columns of a search by their places among the arguments.
const PARTS: [(&str, &str); 6] = [
    ("arg0", "hin"),
    ("arg1", "firstName"),
    ("arg2", "lastName"),
    ("arg5", "city"),
    ("arg8", "email"),
    ("arg9", "alias"),
];

/// Fields that are computed or kept elsewhere; every other text is a column.
const COMPUTED: [&str; 8] = [
    "dateOfBirth",
    "displayName",
    "lastUpdateUser",
    "monthOfBirth",
    "myOscarUserName",
    "sexDesc",
    "yearOfBirth",
    "cellPhone",
];

impl Call<'_> {
    pub(super) fn demographic(&mut self, operation: &str, arguments: &Object) -> Answer {
        self.requires(READS_PATIENTS)?;
        let int = |name: &str| arguments.int(name).ok_or(Refusal::Server);
        let store = &*self.store;
        let found: Vec<&Patient> = match operation {
            "getDemographic" | "getDemographic2" => {
                let found = store.patients.get(&int("arg0")?);
                let wide = operation == "getDemographic2";
                return Ok(found.map(|patient| self.transfer(patient, wide).into()));
            }
            "getDemographics" => {
                arguments.ints("arg0").iter().filter_map(|number| store.patients.get(number)).collect()
            }
            "searchDemographicByName" => {
                let name = arguments.text("arg0").ok_or(Refusal::Server)?;
                page(store.patients_named(name), int("arg1")?, int("arg2")?)?
            }
            "searchDemographicsByAttributes" => {
                let wanted = wanted(arguments);
                if wanted.is_empty() {
                    return Err(Refusal::Exception("at least one parameter must be present".to_owned()));
                }
                page(store.patients_with(&wanted), int("arg10")?, int("arg11")?)?
            }
            "getDemographicsByHealthNum" => {
                let number = arguments.text("arg0").unwrap_or_default();
                store.patients.values().filter(|patient| patient.text("hin") == number).collect()
            }
            "getActiveDemographicsAfter" => return self.active_after(arguments),
            "addDemographic" => return self.add_demographic(arguments),
            "updateDemographic" => return self.update_demographic(arguments),
            _ => return Err(self.unserved(operation)),
        };
        Ok(Some(found.into_iter().map(|patient| self.transfer(patient, false)).collect()))
    }

    fn active_after(&self, arguments: &Object) -> Answer {
        let moment = arguments.time("lastUpdate");
        let fields: Vec<_> = arguments.text("fields").unwrap_or_default().split(',').map(str::trim).collect();
        let wants_all = fields == [""];
        let found = self.store.patients.values().filter(|patient| {
            patient.text("patientStatus") == "AC" && moment.is_none_or(|moment| patient.updated > moment)
        });
        let transfers = found.map(|patient| {
            let mut object = self.transfer(patient, false);
            // Numbers that cannot be null are there whatever is asked for.
            let always = ["activeCount", "hsAlertCount", "demographicNo"];
            object.retain(|name| wants_all || always.contains(&name) || fields.contains(&name));
            object
        });
        Ok(Some(transfers.collect()))
    }

    /// `wide`: with what Open-O added.
    fn transfer(&self, patient: &Patient, wide: bool) -> Object {
        let time = |wall: DateTime| zoned(wall, self.java_zone);
        let sex = match patient.text("sex") {
            "F" => "Female",
            "M" => "Male",
            "T" => "Transgendered",
            "O" => "Other",
            _ => "Undefined",
        };
        let object = Object::default()
            .set("activeCount", 0_i64)
            .set("hsAlertCount", 0_i64)
            .set("demographicNo", patient.number)
            .set("displayName", patient.display_name())
            .set("yearOfBirth", format!("{:04}", patient.born.year()))
            .set("monthOfBirth", format!("{:02}", patient.born.month()))
            .set("dateOfBirth", format!("{:02}", patient.born.day()))
            .set("dateJoined", time(patient.joined.to_datetime(Time::midnight())))
            .set("lastUpdateDate", time(patient.updated))
            .set("lastUpdateUser", patient.updated_by.as_str())
            .set("sexDesc", sex)
            .maybe("headRecord", patient.head_record)
            .maybe("cellPhone", patient.cell.as_deref().filter(|_| wide));
        patient.texts.iter().fold(object, |object, (name, text)| object.set(name, text.as_str()))
    }

    fn add_demographic(&mut self, arguments: &Object) -> Answer {
        let sent = arguments.object("arg0").ok_or(Refusal::Server)?;
        if sent.int("demographicNo").is_some() {
            let why = "Demographic number can not be specified on creation. It is automatically generated.";
            return Err(Refusal::Exception(why.to_owned()));
        }
        let number = self.store.patients.keys().next_back().copied().unwrap_or(0) + 1;
        let row = self.sent_patient(number, sent)?;
        self.store.patients.insert(number, row);
        Ok(Some(number.into()))
    }

    fn update_demographic(&mut self, arguments: &Object) -> Answer {
        let sent = arguments.object("arg0").ok_or(Refusal::Server)?;
        let Some(number) = sent.int("demographicNo") else {
            return Err(Refusal::Exception("You must specify a demographic number.".to_owned()));
        };
        if !self.store.patients.contains_key(&number) {
            return Err(Refusal::Exception(format!("Demographic {number} doesn't exist.")));
        }
        let row = self.sent_patient(number, sent)?;
        self.store.patients.insert(number, row);
        Ok(None)
    }

    fn sent_patient(&self, number: i64, sent: &Object) -> Result<Patient, Refusal> {
        let part = |name: &str| sent.text(name).and_then(|text| text.parse::<i16>().ok());
        let birth = (part("yearOfBirth"), part("monthOfBirth"), part("dateOfBirth"));
        let (Some(year), Some(month), Some(day)) = birth else { return Err(Refusal::Server) };
        let narrow = |part: i16| i8::try_from(part).map_err(|_| Refusal::Server);
        let born = Date::new(year, narrow(month)?, narrow(day)?).map_err(|_| Refusal::Server)?;
        let texts: BTreeMap<_, _> = sent
            .iter()
            .filter(|(name, _)| !COMPUTED.contains(name))
            .filter_map(|(name, value)| match value {
                Value::Text(text) => Some((name.to_owned(), text.clone())),
                _ => None,
            })
            .collect();
        for required in ["firstName", "lastName", "sex"] {
            if !texts.contains_key(required) {
                return Err(Refusal::Exception(format!("{required} is a required field")));
            }
        }
        Ok(Patient {
            number,
            born,
            texts,
            cell: sent.text("cellPhone").map(str::to_owned),
            head_record: sent.int("headRecord"),
            joined: self.wall().date(),
            updated: self.wall(),
            updated_by: self.caller()?.provider.clone(),
        })
    }
}

fn wanted(arguments: &Object) -> Wanted<'_> {
    let parts = PARTS.iter().filter_map(|(place, column)| arguments.text(place).map(|part| (*column, part)));
    Wanted {
        parts: parts.collect(),
        gender: arguments.text("arg3"),
        born: arguments.time("arg4").map(|time| time.date()),
        province: arguments.text("arg6"),
        phone: arguments.text("arg7"),
    }
}
