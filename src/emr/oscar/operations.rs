//! The operations of OSCAR that this adapter uses, with types: what goes in, what came out.
//!
//! Times go in without offset and `useGMTTime` is false always. Nothing here decides what to do with an answer.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

use super::super::ProviderRef;
use super::super::failure::Failure;
use super::chart::Chart;
use super::envelope::{Arg, Field};
use super::http::Service;
use super::row::Row;
use super::soap::Soap;
use super::wall;
use super::xml::Element;

/// Rows of a patient that are asked for at once, newest date first.
const ROWS: usize = 50;

/// Nobody has so many of these pages to come.
const PAGES: usize = 10;

/// Charts that a search may return.
pub(super) const CHARTS: usize = 50;

/// One day of a provider's template, as it came.
pub(super) struct WorkDay {
    pub holiday: bool,
    /// None: the template that the day names is missing.
    pub slot_minutes: Option<u16>,
    pub slots: Vec<(DateTime, char)>,
    /// The server that wrote it runs in UTC.
    pub utc: bool,
}

pub(super) struct TemplateCode {
    pub code: char,
    pub description: String,
}

/// The server's clock: its own digits and its offset in minutes.
pub(super) struct ServerClock {
    pub digits: DateTime,
    pub offset_minutes: i64,
}

/// What is looked for in charts; what is none is left out.
#[derive(Default)]
pub(super) struct Search<'a> {
    /// Part of a health card's number.
    pub card: Option<&'a str>,
    pub birth_date: Option<Date>,
    pub last_name: Option<&'a str>,
    pub phone: Option<&'a str>,
}

fn text(name: &'static str, value: impl Into<String>) -> Arg {
    Arg::Text(name, value.into())
}

fn midnight(day: Date) -> String {
    wall::written(day.to_datetime(Time::midnight()))
}

/// The sign of a code point, which is how a `char` of Java comes.
fn sign(bean: &Element, name: &str) -> Option<char> {
    char::from_u32(u32::try_from(bean.number_of(name)?).ok()?)
}

fn rows(beans: &[Element]) -> Result<Vec<Row>, Failure> {
    // One that cannot be read may hold time: to leave it out could book over it.
    beans.iter().map(|bean| Row::read(bean).ok_or_else(|| Failure::odd("an appointment cannot be read"))).collect()
}

impl Soap {
    pub(super) async fn day_work_schedule(
        &self,
        provider: &ProviderRef,
        day: Date,
    ) -> Result<Option<WorkDay>, Failure> {
        let args = [text("arg0", &provider.0), text("arg1", midnight(day))];
        let returned = self.call(Service::Schedule, "getDayWorkSchedule", &args).await?;
        let Some(bean) = returned.first() else { return Ok(None) };
        let odd = || Failure::odd("a day's schedule cannot be read");
        let mut slots = Vec::new();
        let mut utc = true;
        for slot in bean.children.iter().filter(|child| child.name == "timeSlots") {
            let date = slot.text_of("date").ok_or_else(odd)?;
            utc &= wall::is_utc(date);
            slots.push((wall::read(date).ok_or_else(odd)?, sign(slot, "scheduleCode").ok_or_else(odd)?));
        }
        let minutes = bean.number_of("timeSlotDurationMin").and_then(|minutes| u16::try_from(minutes).ok());
        Ok(Some(WorkDay { holiday: bean.text_of("holiday") == Some("true"), slot_minutes: minutes, slots, utc }))
    }

    /// All of that day, cancelled ones and those without a status too: the operation for one day hides the latter.
    pub(super) async fn day_rows(&self, provider: &ProviderRef, day: Date) -> Result<Vec<Row>, Failure> {
        let next = day.saturating_add(1.day());
        let args = [
            text("arg0", midnight(day)),
            text("arg1", midnight(next)),
            text("arg2", &provider.0),
            text("arg3", "false"),
        ];
        rows(&self.call(Service::Schedule, "getAppointmentsForDateRangeAndProvider2", &args).await?)
    }

    pub(super) async fn row(&self, id: u64) -> Result<Option<Row>, Failure> {
        let args = [text("arg0", id.to_string()), text("arg1", "false")];
        let found = rows(&self.call(Service::Schedule, "getAppointment2", &args).await?)?;
        Ok(found.into_iter().next())
    }

    /// Those of the day of `from` and of all days after it, and some before. One that was left without a provider is nobody's to tell of, and hides no
    /// other.
    pub(super) async fn patient_rows(&self, patient: u64, from: DateTime) -> Result<Vec<Row>, Failure> {
        let mut found = Vec::new();
        for page in 0..PAGES {
            let args = [
                text("arg0", patient.to_string()),
                text("arg1", (page * ROWS).to_string()),
                text("arg2", ROWS.to_string()),
                text("arg3", "false"),
            ];
            let mut returned = self.call(Service::Schedule, "getAppointmentsForPatient2", &args).await?;
            let is_last = returned.len() < ROWS;
            returned.retain(|bean| bean.text_of("providerNo").is_some_and(|number| !number.is_empty()));
            found.extend(rows(&returned)?);
            // What is soonest comes last.
            if is_last || found.iter().any(|row| row.start.date() < from.date()) {
                return Ok(found);
            }
        }
        Err(Failure::odd("a patient has more appointments to come than there can be"))
    }

    /// The new row's id.
    pub(super) async fn add(&self, fields: Vec<Field>) -> Result<u64, Failure> {
        let returned = self.call(Service::Schedule, "addAppointment", &[Arg::Object("arg0", fields)]).await?;
        let id = returned.first().and_then(|id| id.text.trim().parse().ok());
        id.ok_or_else(|| Failure::odd("an appointment was added without an id"))
    }

    pub(super) async fn update(&self, fields: Vec<Field>) -> Result<(), Failure> {
        self.call(Service::Schedule, "updateAppointment", &[Arg::Object("arg0", fields)]).await.map(drop)
    }

    pub(super) async fn template_codes(&self) -> Result<Vec<TemplateCode>, Failure> {
        let returned = self.call(Service::Schedule, "getScheduleTemplateCodes", &[]).await?;
        let code = |bean: &Element| {
            let description = bean.text_of("description").unwrap_or_default().to_owned();
            Some(TemplateCode { code: sign(bean, "code")?, description })
        };
        Ok(returned.iter().filter_map(code).collect())
    }

    /// Numbers of those who are active.
    pub(super) async fn active_providers(&self) -> Result<Vec<ProviderRef>, Failure> {
        let returned = self.call(Service::Provider, "getProviders2", &[text("arg0", "true")]).await?;
        let active = returned.iter().filter(|bean| bean.text_of("status").is_none_or(|status| status == "1"));
        Ok(active.filter_map(|bean| bean.text_of("providerNo")).map(|number| ProviderRef(number.to_owned())).collect())
    }

    pub(super) async fn chart(&self, id: u64) -> Result<Option<Chart>, Failure> {
        let returned = self.call(Service::Demographic, "getDemographic", &[text("arg0", id.to_string())]).await?;
        Ok(returned.first().and_then(Chart::read))
    }

    /// At most [`CHARTS`], whatever their status.
    pub(super) async fn charts(&self, search: &Search<'_>) -> Result<Vec<Chart>, Failure> {
        let mut args = Vec::new();
        args.extend(search.card.map(|card| text("arg0", card)));
        args.extend(search.last_name.map(|name| text("arg2", name)));
        args.extend(search.birth_date.map(|date| text("arg4", midnight(date))));
        args.extend(search.phone.map(|phone| text("arg7", phone)));
        args.extend([text("arg10", "0"), text("arg11", CHARTS.to_string())]);
        let returned = self.call(Service::Demographic, "searchDemographicsByAttributes", &args).await?;
        Ok(returned.iter().filter_map(Chart::read).collect())
    }

    pub(super) async fn server_clock(&self) -> Result<ServerClock, Failure> {
        let time = self.call(Service::SystemInfo, "getServerTime", &[]).await?;
        let offset = self.call(Service::SystemInfo, "getServerTimeGmtOffset", &[]).await?;
        let digits = time.first().and_then(|time| wall::read(&time.text));
        let millis = offset.first().and_then(|offset| offset.text.trim().parse::<i64>().ok());
        match (digits, millis) {
            (Some(digits), Some(millis)) => Ok(ServerClock { digits, offset_minutes: millis / 60_000 }),
            (None, _) | (_, None) => Err(Failure::odd("the server's clock cannot be read")),
        }
    }
}
