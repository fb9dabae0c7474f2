//! `ScheduleWs`: templates, appointments, and writes that nobody checks. Asks for no rights beyond a login.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use super::{Answer, Call, page};
use crate::sim::oscar::Dialect;
use crate::sim::oscar::accounts::READS_APPOINTMENTS;
use crate::sim::oscar::refusal::Refusal;
use crate::sim::oscar::store::{Appointment, Author, NotWritten, TEXTS, Written, stored_end};
use crate::sim::oscar::times::{gmt, zoned};
use crate::sim::oscar::value::{Object, Value};

impl Call<'_> {
    pub(super) fn schedule(&mut self, operation: &str, arguments: &Object) -> Answer {
        let read = match operation {
            "addAppointment" => return self.add(arguments).map(|id| Some(i64::from(id).into())),
            "updateAppointment" => return self.update(arguments).map(|()| None),
            "addAppointmentValidated" => return self.add_validated(arguments),
            "cancelAppointment" => return self.cancel(arguments).map(|()| None),
            "getScheduleTemplateCodes" => return Ok(Some(self.template_codes())),
            "getAppointmentTypes" => return Ok(Some(self.appointment_types())),
            "getDayWorkSchedule" => return self.day_work_schedule(arguments),
            read => read,
        };
        let (found, in_gmt) = self.found(read, arguments)?;
        let transfers = found.into_iter().map(|row| self.appointment(row, in_gmt));
        match read {
            "getAppointment" | "getAppointment2" => Ok(transfers.map(Value::Object).next()),
            _ => Ok(Some(transfers.collect())),
        }
    }

    /// Rows that an operation finds, and whether they are to be told in GMT.
    fn found(&self, operation: &str, arguments: &Object) -> Result<(Vec<&Appointment>, bool), Refusal> {
        let day = |name: &str| arguments.time(name).map(|time| time.date()).ok_or(Refusal::Server);
        let text = |name: &str| arguments.text(name).ok_or(Refusal::Server);
        let int = |name: &str| arguments.int(name).ok_or(Refusal::Server);
        let store = &*self.store;
        let found = match operation {
            "getAppointment" | "getAppointment2" => {
                let id = u32::try_from(int("arg0")?).ok();
                let row = id.and_then(|id| store.appointments.get(&id));
                (row.into_iter().collect(), arguments.flag("arg1"))
            }
            "getAppointmentsForProvider" | "getAppointmentsForProvider2" => {
                (store.of_day(text("arg0")?, day("arg1")?), arguments.flag("arg2"))
            }
            "getAppointmentsForDateRangeAndProvider" | "getAppointmentsForDateRangeAndProvider2" => {
                (store.of_range(text("arg2")?, day("arg0")?, day("arg1")?), arguments.flag("arg3"))
            }
            "getAppointmentsForPatient" | "getAppointmentsForPatient2" => {
                let found = store.of_patient(int("arg0")?);
                (page(found, int("arg1")?, int("arg2")?)?, arguments.flag("arg3"))
            }
            "getAppointmentsUpdatedAfterDate" => {
                if self.dialect == Dialect::Openo {
                    self.requires(READS_APPOINTMENTS)?;
                }
                let moment = arguments.time("arg0").ok_or(Refusal::Server)?;
                (page(store.changed_after(moment), 0, int("arg1")?)?, arguments.flag("arg2"))
            }
            "getAppointmentsByDemographicIdAfter" => {
                let moment = arguments.time("lastUpdate").ok_or(Refusal::Server)?;
                let patient = int("demographicId")?;
                let found = store.changed_after(moment).into_iter().filter(|row| row.patient == patient);
                (found.collect(), arguments.flag("useGMTTime"))
            }
            _ => return Err(self.unserved(operation)),
        };
        Ok(found)
    }

    fn template_codes(&self) -> Value {
        let rows = self.store.codes.iter().map(|code| {
            Object::default()
                .set("bookinglimit", code.bookinglimit)
                .set("code", i64::from(u32::from(code.code)))
                .set("color", code.color.as_str())
                .set("confirm", code.confirm.as_str())
                .set("description", code.description.as_str())
                .set("duration", code.duration.as_str())
                .set("id", code.id)
        });
        rows.collect()
    }

    fn appointment_types(&self) -> Value {
        let rows = self.store.types.iter().map(|kind| {
            let object = Object::default().set("duration", kind.duration).set("id", kind.id);
            kind.texts
                .iter()
                .fold(object.set("name", kind.name.as_str()), |object, (name, text)| object.set(name, text.as_str()))
        });
        rows.collect()
    }

    /// Minutes are added to midnight in absolute time: on a day with a change of the clocks, slots after it are an hour off.
    fn day_work_schedule(&self, arguments: &Object) -> Answer {
        let provider = arguments.text("arg0").ok_or(Refusal::Server)?;
        let day: Date = arguments.time("arg1").ok_or(Refusal::Server)?.date();
        let Some(schedule) = self.store.day_schedule(provider, day) else { return Ok(None) };
        let mut object = Object::default().set("holiday", schedule.holiday);
        if let Some(slots) = schedule.slots {
            let midnight = zoned(day.to_datetime(jiff::civil::Time::midnight()), self.java_zone);
            let slot = |(minute, code): (usize, char)| {
                let later = SignedDuration::from_mins(i64::try_from(minute).unwrap_or_default());
                Object::default()
                    .set("date", midnight.saturating_add(later))
                    .set("scheduleCode", i64::from(u32::from(code)))
            };
            object = object
                .set("timeSlotDurationMin", i64::try_from(slots.minutes).unwrap_or_default())
                .set("timeSlots", slots.filled.into_iter().map(slot).collect::<Value>());
        }
        Ok(Some(object.into()))
    }

    fn appointment(&self, row: &Appointment, in_gmt: bool) -> Object {
        let time = |wall: DateTime| {
            let time = zoned(wall, self.java_zone);
            if in_gmt { gmt(time) } else { time }
        };
        let object = Object::default()
            .set("appointmentEndDateTime", time(row.day.to_datetime(row.end)))
            .set("appointmentStartDateTime", time(row.day.to_datetime(row.start)))
            .set("createDateTime", time(row.created))
            .set("demographicNo", row.patient)
            .set("id", i64::from(row.id))
            .set("programId", row.program)
            .set("updateDateTime", time(row.updated))
            .maybe("creator", row.creator.as_deref())
            .maybe("lastUpdateUser", row.updated_by.as_deref())
            .maybe("providerNo", row.provider.as_deref());
        row.texts.iter().fold(object, |object, (name, text)| object.set(name, text.as_str()))
    }

    fn add(&mut self, arguments: &Object) -> Result<u32, Refusal> {
        let mut wanted = written(arguments)?;
        if self.dialect == Dialect::Juno {
            self.complete(&mut wanted);
        }
        let caller = self.caller()?;
        let (user, provider) = (caller.user.clone(), caller.provider.clone());
        let author = Author { user: &user, provider: &provider, now: self.wall() };
        self.store.insert(wanted, author).map_err(refusal)
    }

    /// Juno takes the name from the chart, and writes nothing instead of NULL.
    fn complete(&self, wanted: &mut Written) {
        let name = self.store.patients.get(&wanted.patient).map(|patient| patient.display_name());
        if let Some(name) = name {
            wanted.texts.insert("name".to_owned(), name);
        }
        for column in ["name", "reason"] {
            wanted.texts.entry(column.to_owned()).or_default();
        }
    }

    fn update(&mut self, arguments: &Object) -> Result<(), Refusal> {
        let wanted = written(arguments)?;
        let id = arguments.object("arg0").and_then(|appointment| appointment.int("id"));
        self.overwrite(id, wanted)
    }

    fn overwrite(&mut self, id: Option<i64>, wanted: Written) -> Result<(), Refusal> {
        let id = id.and_then(|id| u32::try_from(id).ok()).ok_or(Refusal::Server)?;
        let caller = self.caller()?;
        let (user, provider) = (caller.user.clone(), caller.provider.clone());
        let author = Author { user: &user, provider: &provider, now: self.wall() };
        self.store.overwrite(id, wanted, author).map_err(refusal)
    }

    fn cancel(&mut self, arguments: &Object) -> Result<(), Refusal> {
        let id = arguments.int("arg0");
        let row = id.and_then(|id| u32::try_from(id).ok()).and_then(|id| self.store.appointments.get(&id));
        let row = row.ok_or(Refusal::Server)?;
        let mut texts = row.texts.clone();
        texts.insert("status".to_owned(), "C".to_owned());
        let wanted = Written {
            provider: row.provider.clone(),
            start: None,
            end: None,
            patient: row.patient,
            program: row.program,
            texts,
        };
        self.overwrite(id, wanted)
    }

    /// Juno's: refuses a time that is taken if the rules ask for it, and else books like any other.
    fn add_validated(&mut self, arguments: &Object) -> Answer {
        let wanted = written(arguments)?;
        let rules = arguments.text("arg1").unwrap_or_default();
        if rules.contains("AVAILABLE") && self.is_taken(&wanted) {
            let violated =
                Object::default().set("ruleViolations", "[{\"type\":\"BOOKING_AVAILABLE\"}]").set("validated", false);
            return Ok(Some(violated.into()));
        }
        let id = self.add(arguments)?;
        let row = self.store.appointments.get(&id).ok_or(Refusal::Server)?;
        let booked = Object::default()
            .set("appointmentTransfer", self.appointment(row, false))
            .set("ruleViolations", "[]")
            .set("validated", true);
        Ok(Some(booked.into()))
    }

    fn is_taken(&self, wanted: &Written) -> bool {
        let (Some(provider), Some(start), Some(end)) = (wanted.provider.as_deref(), wanted.start, wanted.end) else {
            return false;
        };
        let day = start.date();
        let rows = self.store.of_range(provider, day, day.tomorrow().unwrap_or(day));
        rows.iter().any(|row| row.is_active() && row.start <= end && start.time() <= row.end)
    }
}

/// The columns that a caller may set; the rest of what was sent is ignored.
fn written(arguments: &Object) -> Result<Written, Refusal> {
    let sent = arguments.object("arg0").ok_or(Refusal::Server)?;
    let texts = TEXTS.iter().filter_map(|(name, _)| sent.text(name).map(|text| ((*name).to_owned(), text.to_owned())));
    Ok(Written {
        provider: sent.text("providerNo").map(str::to_owned),
        start: sent.time("appointmentStartDateTime"),
        end: sent.time("appointmentEndDateTime").map(stored_end),
        patient: sent.int("demographicNo").unwrap_or_default(),
        program: sent.int("programId").unwrap_or_default(),
        texts: texts.collect(),
    })
}

fn refusal(why: NotWritten) -> Refusal {
    match why {
        NotWritten::TooLong(column) => {
            Refusal::Exception(format!("Data truncation: Data too long for column '{column}' at row 1"))
        }
        NotWritten::Missing | NotWritten::Unknown => Refusal::Server,
    }
}
