//! `/schedule`: the day as the web pages show it, and bookings with the name filled in and the last minute as the end.

use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{No, Request};
use crate::sim::oscar::accounts::READS_APPOINTMENTS;
use crate::sim::oscar::fault::Fault;
use crate::sim::oscar::store::{Appointment, Author, NotWritten, TEXTS, Texts, Written};
use crate::sim::oscar::times::zoned;

/// Of the table `appointment_status`.
const STATUSES: [(&str, &str); 8] = [
    ("t", "To Do"),
    ("T", "Daysheet Printed"),
    ("H", "Here"),
    ("P", "Picked"),
    ("E", "Empty Room"),
    ("N", "No Show"),
    ("C", "Cancelled"),
    ("B", "Billed"),
];

impl Request<'_> {
    pub(super) fn schedule(&mut self, operation: &str) -> Result<Value, No> {
        self.requires(READS_APPOINTMENTS)?;
        match operation {
            "day" => self.day(),
            "add" => self.add(),
            "getAppointment" => {
                let id = self.int("id").unwrap_or_default();
                Ok(json!({ "appointment": self.found(id).map(|row| self.told(row)).unwrap_or_default() }))
            }
            "updateAppointment" => self.update(),
            "updateStatus" => self.update_status(),
            "statuses" => {
                let rows: Vec<_> =
                    STATUSES.iter().map(|(status, words)| json!({ "status": status, "description": words })).collect();
                Ok(json!({ "content": rows, "total": rows.len() }))
            }
            "types" => {
                let rows = self.state.store.types.iter();
                let rows: Vec<_> =
                    rows.map(|row| json!({ "id": row.id, "name": row.name, "duration": row.duration })).collect();
                Ok(json!({ "types": rows }))
            }
            _ => {
                let rows = self.state.store.codes.iter().map(|row| {
                    json!({
                        "id": row.id, "code": row.code, "description": row.description, "duration": row.duration,
                        "color": row.color, "confirm": row.confirm, "bookinglimit": row.bookinglimit,
                    })
                });
                Ok(rows.collect())
            }
        }
    }

    fn day(&self) -> Result<Value, No> {
        let day = match self.named(1) {
            "today" => self.wall().date(),
            day => day.parse::<Date>().map_err(|_| No::exception("Invalid Date sent, use yyyy-MM-dd format"))?,
        };
        let provider = match self.named(0) {
            "me" => &self.account.provider,
            provider => provider,
        };
        let rows = self.state.store.of_day(provider, day).into_iter().map(|row| {
            let minutes = row.start.duration_until(row.end).as_mins() + 1;
            json!({
                "appointmentNo": row.id,
                "demographicNo": row.patient,
                "name": self.name(row.patient).or_else(|| row.texts.get("name").cloned()),
                "startTime": row.start.strftime("%I:%M %p").to_string(),
                "date": self.millis(row.day.to_datetime(row.start)),
                "duration": minutes,
                "status": row.status(),
                "reason": row.texts.get("reason"),
                "type": row.texts.get("type"),
                "notes": row.texts.get("notes"),
            })
        });
        Ok(rows.collect())
    }

    fn add(&mut self) -> Result<Value, No> {
        let unreadable = || No::exception("Could not parse date/times of appointment. please check format");
        let day: Date = self.text("appointmentDate").and_then(|day| day.parse().ok()).ok_or_else(unreadable)?;
        let time = self.text("startTime").and_then(|time| Time::strptime("%H:%M", time).ok()).ok_or_else(unreadable)?;
        let start = day.to_datetime(time);
        let minutes = self.int("duration").ok_or_else(unreadable)?;
        let patient = self.int("demographicNo").unwrap_or_default();
        let name = self.name(patient).ok_or_else(|| No::exception("Unable to find patient"))?;
        let mut texts = self.texts();
        texts.insert("name".to_owned(), name);
        texts.insert("remarks".to_owned(), String::new());
        let provider = self.text("providerNo").map(str::to_owned);
        let end = start.saturating_add(SignedDuration::from_mins(minutes - 1)).time();
        let (start, end) = (Some(start), Some(end));
        let wanted = Written { provider, start, end, patient, program: 0, texts };
        self.rival(Fault::Rival, &wanted);
        // Not the login's name, as over SOAP, but the provider's number.
        let author = Author { user: &self.account.provider, provider: &self.account.provider, now: self.wall() };
        let id = self.state.store.insert(wanted.clone(), author).map_err(refusal)?;
        self.rival(Fault::RivalAfter, &wanted);
        Ok(json!({ "appointment": self.state.store.appointments.get(&id).map(|row| self.told(row)) }))
    }

    fn rival(&mut self, fault: Fault, wanted: &Written) {
        if let (true, Some(provider), Some(start), Some(end)) =
            (self.struck.contains(&fault), wanted.provider.as_deref(), wanted.start, wanted.end)
        {
            let now = self.wall();
            self.state.store.rival_books(provider, start, end, now);
        }
    }

    fn update(&mut self) -> Result<Value, No> {
        let id = self.int("id").unwrap_or_default();
        let moment = |name: &str| {
            let at = Timestamp::from_millisecond(self.int(name)?).ok()?;
            Some(at.to_zoned(self.oscar.0.settings.java_zone.clone()).datetime())
        };
        let start =
            moment("startTime").map(|time| moment("appointmentDate").unwrap_or(time).date().to_datetime(time.time()));
        let wanted = Written {
            provider: self.text("providerNo").map(str::to_owned),
            start,
            end: moment("endTime").map(|end| end.time()),
            patient: self.int("demographicNo").unwrap_or_default(),
            program: self.int("programId").unwrap_or_default(),
            texts: self.texts(),
        };
        self.overwrite(id, wanted)
    }

    fn update_status(&mut self) -> Result<Value, No> {
        let id = self.named(0).parse().map_err(|_| No::bad("no number of an appointment"))?;
        let row = self.found(id).ok_or_else(|| No::exception(""))?;
        let mut texts = row.texts.clone();
        let (provider, patient, program) = (row.provider.clone(), row.patient, row.program);
        let status = self.text("status").ok_or_else(|| No::exception(""))?;
        texts.insert("status".to_owned(), status.to_owned());
        self.overwrite(id, Written { provider, start: None, end: None, patient, program, texts })
    }

    fn overwrite(&mut self, id: i64, wanted: Written) -> Result<Value, No> {
        let id = u32::try_from(id).map_err(|_| No::exception(""))?;
        let author = Author { user: &self.account.provider, provider: &self.account.provider, now: self.wall() };
        self.state.store.overwrite(id, wanted, author).map_err(refusal)?;
        Ok(json!({ "appointment": self.state.store.appointments.get(&id).map(|row| self.told(row)) }))
    }

    fn found(&self, id: i64) -> Option<&Appointment> {
        self.state.store.appointments.get(&u32::try_from(id).ok()?)
    }

    /// Columns that are texts, as the body has them.
    fn texts(&self) -> Texts {
        let sent = TEXTS.iter().filter_map(|(name, _)| Some(((*name).to_owned(), self.text(name)?.to_owned())));
        sent.collect()
    }

    fn told(&self, row: &Appointment) -> Value {
        let mut told = json!(row.texts);
        told["id"] = json!(row.id);
        told["providerNo"] = json!(row.provider);
        told["demographicNo"] = json!(row.patient);
        told["programId"] = json!(row.program);
        told["creator"] = json!(row.creator);
        told["lastUpdateUser"] = json!(row.updated_by);
        told["appointmentDate"] = self.millis(row.day.to_datetime(Time::midnight()));
        told["startTime"] = self.millis(row.day.to_datetime(row.start));
        told["endTime"] = self.millis(row.day.to_datetime(row.end));
        told["createDateTime"] = self.millis(row.created);
        told["updateDateTime"] = self.millis(row.updated);
        told
    }

    fn name(&self, patient: i64) -> Option<String> {
        self.state.store.patients.get(&patient).map(|patient| patient.display_name())
    }

    pub(super) fn wall(&self) -> DateTime {
        self.oscar.0.settings.java_now()
    }

    /// Java's milliseconds since 1970.
    pub(super) fn millis(&self, wall: DateTime) -> Value {
        json!(zoned(wall, &self.oscar.0.settings.java_zone).timestamp().as_millisecond())
    }
}

fn refusal(why: NotWritten) -> No {
    match why {
        NotWritten::TooLong(column) => {
            No::exception(&format!("Data truncation: Data too long for column '{column}' at row 1"))
        }
        NotWritten::Missing | NotWritten::Unknown => No::exception(""),
    }
}
