//! Times: of the clinic, of a server whose Java runs in UTC, and on days that change the clocks.

use attendant::sim::oscar::{Clock, Dialect, Settings};
use jiff::tz::TimeZone;

use super::{Sim, settings};

#[tokio::test]
async fn a_server_in_utc_tells_clinic_times_as_if_they_were_utc() {
    let sim = Sim::with(Settings { java_zone: TimeZone::UTC, ..settings(Dialect::Mcmaster) }).await;
    let slots =
        sim.ask("ScheduleService", "getDayWorkSchedule", "<arg0>101</arg0><arg1>2026-11-23T00:00:00</arg1>").await;
    assert_eq!(slots.all("date")[0], "2026-11-23T09:00:00Z");
    let id = sim.book("2026-11-23T09:30:00", "2026-11-23T09:45:00", 1001).await;
    assert_eq!(sim.oscar.appointment(id).unwrap().start.to_string(), "09:30:00");
    let time = sim.ask("SystemInfoService", "getServerTime", "").await;
    assert_eq!(time.one("return"), "2026-11-22T18:00:00Z");
}

#[tokio::test]
async fn an_offset_moves_what_is_written_and_gmt_what_is_read() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let id = sim.book("2026-11-23T14:30:00Z", "2026-11-23T14:45:00Z", 1001).await;
    assert_eq!(sim.oscar.appointment(id).unwrap().start.to_string(), "09:30:00");
    let read = async |gmt: bool| {
        let arguments = format!("<arg0>{id}</arg0><arg1>{gmt}</arg1>");
        sim.ask("ScheduleService", "getAppointment2", &arguments).await.one("appointmentStartDateTime").to_owned()
    };
    assert_eq!(read(false).await, "2026-11-23T09:30:00-05:00");
    assert_eq!(read(true).await, "2026-11-23T14:30:00Z");
}

#[tokio::test]
async fn a_midnight_in_utc_asks_for_the_day_before() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let of = async |day: &str| {
        let arguments = format!("<arg0>102</arg0><arg1>{day}</arg1>");
        sim.ask("ScheduleService", "getDayWorkSchedule", &arguments).await.all("date").len()
    };
    assert_eq!(of("2026-11-29T00:00:00").await, 0, "a Sunday");
    assert_eq!(of("2026-11-29T00:00:00Z").await, 14, "a Saturday morning");
    assert_eq!(of("2026-11-28").await, 14, "a date alone");
}

#[tokio::test]
async fn slots_after_a_change_of_the_clocks_are_an_hour_off() {
    // 102 works on Saturdays and no provider on Sundays, so the zone changes its clocks on a Saturday: Asuncion once did.
    let zone = TimeZone::posix("CST6CDT,M3.2.6,M11.1.6").unwrap();
    let now = "2027-03-10T15:00:00Z".parse().unwrap();
    let sim = Sim::with(Settings::new(Dialect::Mcmaster, zone, Clock::new(move || now))).await;
    let slots =
        sim.ask("ScheduleService", "getDayWorkSchedule", "<arg0>102</arg0><arg1>2027-03-13T00:00:00</arg1>").await;
    assert_eq!(slots.all("date")[0], "2027-03-13T09:30:00-05:00", "the template says half past eight");
}

#[tokio::test]
async fn a_flagged_holiday_has_its_slots_all_the_same() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let friday =
        sim.ask("ScheduleService", "getDayWorkSchedule", "<arg0>101</arg0><arg1>2026-12-25T00:00:00</arg1>").await;
    assert_eq!((friday.one("holiday"), friday.all("date").len()), ("true", 14));
}

#[tokio::test]
async fn an_end_after_midnight_loses_its_day() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let id = sim.book("2026-11-23T23:45:00", "2026-11-24T00:15:00", 1001).await;
    let row = sim.oscar.appointment(id).unwrap();
    assert_eq!((row.day.to_string().as_str(), row.end.to_string().as_str()), ("2026-11-23", "00:14:59"));
}
