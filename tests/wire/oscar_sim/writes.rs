//! Writes as OSCAR does them: blind, whole, with ends that drift.

use attendant::sim::oscar::{Dialect, Knob};
use jiff::civil::date;

use super::{Sim, appointment};

const START: &str = "2026-11-23T09:30:00";
const END: &str = "2026-11-23T09:45:00";

#[tokio::test]
async fn two_bookings_of_one_time_are_both_taken() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let first = sim.book(START, END, 1001).await;
    assert_eq!(sim.oscar.active_overlaps(), []);
    let second = sim.book(START, END, 1004).await;
    assert_eq!(sim.oscar.active_overlaps(), [(first, second)]);
    let unknown = sim.book("2026-11-25T03:00:00", "2026-11-25T03:15:00", 4711).await;
    assert!(unknown > second, "neither the patient nor the provider's hours are looked at");
}

#[tokio::test]
async fn an_end_is_written_a_second_short_and_drifts_when_written_back() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let id = sim.book(START, END, 1001).await;
    let read = format!("<arg0>{id}</arg0><arg1>false</arg1>");
    let row = sim.ask("ScheduleService", "getAppointment2", &read).await;
    assert_eq!(row.one("appointmentEndDateTime"), "2026-11-23T09:44:59-05:00");
    assert_eq!(row.one("creator"), "attendant");
    let back = appointment(&format!("<id>{id}</id>"), START, row.one("appointmentEndDateTime"), 1001, "t");
    sim.ask("ScheduleService", "updateAppointment", &back).await;
    assert_eq!(sim.oscar.appointment(id).unwrap().end.to_string(), "09:44:58");
}

#[tokio::test]
async fn an_update_overwrites_everything_and_keeps_the_old_row_in_the_archive() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let id = sim.book(START, END, 1001).await;
    let sparse = format!(
        "<arg0><demographicNo>1001</demographicNo><id>{id}</id><programId>0</programId><providerNo>101</providerNo></arg0>"
    );
    let updated = sim.ask("ScheduleService", "updateAppointment", &sparse).await;
    assert!(updated.body.contains("<ns2:updateAppointmentResponse xmlns:ns2=\"http://ws.oscarehr.org/\"/>"));
    let row = sim.oscar.appointment(id).unwrap();
    assert_eq!((row.status(), row.texts.get("reason"), row.start.to_string().as_str()), (None, None, "09:30:00"));
    let old = &sim.oscar.archive()[0];
    assert_eq!((old.id, old.status(), old.texts["reason"].as_str()), (id, Some("t"), "cough"));
    let nobody = appointment("<id>999999</id>", START, END, 1001, "t");
    assert_eq!(
        sim.ask("ScheduleService", "updateAppointment", &nobody).await.fault(),
        "soap:Server: Fault occurred while processing."
    );
}

#[tokio::test]
async fn a_day_hides_cancelled_rows_and_those_without_a_status() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let day = date(2026, 11, 23);
    let rows = sim.oscar.appointments("101", day);
    let hidden = |row: &&attendant::sim::oscar::Appointment| row.status().is_none_or(|status| status == "C");
    assert_eq!(rows.iter().filter(hidden).count(), 2, "the sample has one of each");
    let arguments = "<arg0>101</arg0><arg1>2026-11-23T00:00:00</arg1><arg2>false</arg2>";
    let seen = sim.ask("ScheduleService", "getAppointmentsForProvider2", arguments).await;
    assert_eq!(seen.all("id").len(), rows.len() - 2);
    let arguments =
        "<arg0>2026-11-23T15:00:00</arg0><arg1>2026-11-24T00:00:00</arg1><arg2>101</arg2><arg3>false</arg3>";
    let range = sim.ask("ScheduleService", "getAppointmentsForDateRangeAndProvider2", arguments).await;
    assert_eq!(range.all("id").len(), rows.len(), "a range is one of days, and hides nothing");
    let same_day = arguments.replace("2026-11-24", "2026-11-23");
    let none = sim.ask("ScheduleService", "getAppointmentsForDateRangeAndProvider2", &same_day).await;
    assert_eq!(none.all("id").len(), 0, "the end is exclusive");
}

#[tokio::test]
async fn a_patients_rows_come_newest_first_and_by_pages() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let page = async |from: u32, items: u32| {
        let arguments = format!("<arg0>1003</arg0><arg1>{from}</arg1><arg2>{items}</arg2><arg3>false</arg3>");
        let reply = sim.ask("ScheduleService", "getAppointmentsForPatient2", &arguments).await;
        reply.all("appointmentStartDateTime").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let all = page(0, 50).await;
    assert!(all.len() == 3 && all.is_sorted_by(|one, two| one >= two), "{all:?}");
    assert_eq!(page(1, 1).await, all[1..2]);
}

#[tokio::test]
async fn changes_are_found_from_the_oldest_on() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let id = sim.book(START, END, 1001).await;
    let arguments = "<arg0>2026-11-22T09:00:00</arg0><arg1>50</arg1><arg2>false</arg2>";
    let changed = sim.ask("ScheduleService", "getAppointmentsUpdatedAfterDate", arguments).await;
    assert_eq!(changed.all("id"), [id.to_string()]);
    let arguments =
        "<lastUpdate>2026-11-22T09:00:00</lastUpdate><demographicId>1004</demographicId><useGMTTime>false</useGMTTime>";
    let of_another = sim.ask("ScheduleService", "getAppointmentsByDemographicIdAfter", arguments).await;
    assert_eq!(of_another.all("id").len(), 0);
}

#[tokio::test]
async fn the_front_desk_books_with_last_minutes_and_meets_nobodys_check() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let ours = sim.book(START, END, 1001).await;
    let theirs = sim.oscar.desk_books("101", START.parse().unwrap(), 15, 1004);
    assert_eq!(sim.oscar.active_overlaps(), [(ours, theirs)]);
    assert_eq!(sim.oscar.appointment(theirs).unwrap().end.to_string(), "09:44:00");
    assert!(sim.oscar.desk_sets_status(theirs, "C"));
    assert_eq!(sim.oscar.active_overlaps(), []);
    assert!(!sim.oscar.desk_sets_status(4711, "C"));
}

#[tokio::test]
async fn a_rival_has_the_lower_number_or_the_higher_one() {
    for (knob, rival_is_lower) in [("addAppointment=rival", true), ("addAppointment=rival-after", false)] {
        let sim = Sim::start(Dialect::Mcmaster).await;
        sim.oscar.turn(knob.parse::<Knob>().unwrap()).unwrap();
        let ours = sim.book(START, END, 1001).await;
        let [(first, second)] = sim.oscar.active_overlaps()[..] else { panic!("one overlap") };
        assert_eq!(if rival_is_lower { second } else { first }, ours);
    }
}

#[tokio::test]
async fn juno_cancels_and_fills_in_the_name() {
    let sim = Sim::start(Dialect::Juno).await;
    let id = sim.book(START, END, 1004).await;
    assert_eq!(sim.oscar.appointment(id).unwrap().texts["name"], "Sandhu, Gurpreet");
    let taken = appointment("", START, END, 1001, "t") + "<arg1>[{\"type\":\"BOOKING_AVAILABLE\"}]</arg1>";
    let refused = sim.ask("ScheduleService", "addAppointmentValidated", &taken).await;
    assert_eq!(refused.one("validated"), "false");
    sim.ask("ScheduleService", "cancelAppointment", &format!("<arg0>{id}</arg0>")).await;
    assert_eq!(sim.oscar.appointment(id).unwrap().status(), Some("C"));
    assert_eq!(sim.ask("ScheduleService", "addAppointmentValidated", &taken).await.one("validated"), "true");
}
