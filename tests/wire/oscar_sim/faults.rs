//! What each knob does: on the wire, in the store and in the record of envelopes.

use std::time::Duration;

use attendant::sim::oscar::{Dialect, Fault, Knob};

use super::{Reply, Sim, appointment};

const START: &str = "2026-11-23T09:30:00";
const END: &str = "2026-11-23T09:45:00";

/// One booking under a fault: what came back, and whether a row was written.
async fn booking(fault: &str) -> (Sim, Result<Reply, reqwest::Error>, bool) {
    let sim = Sim::start(Dialect::Mcmaster).await;
    sim.oscar.turn(format!("addAppointment={fault}/1").parse::<Knob>().expect("a knob")).expect("an operation");
    let new = appointment("", START, END, 1011, "t");
    let reply = sim.try_ask("ScheduleService", "addAppointment", &new).await;
    let is_written = !sim.oscar.appointments_of(1011).is_empty();
    let envelope = sim.oscar.envelopes().pop().expect("it was recorded");
    assert_eq!((envelope.operation.as_str(), envelope.struck), ("addAppointment", vec![fault.to_owned()]));
    // It was the one request: the next is well.
    let next = sim.ask("ScheduleService", "getAppointment2", "<arg0>1</arg0><arg1>false</arg1>").await;
    assert_eq!(next.status, 200);
    (sim, reply, is_written)
}

/// Waits until that patient has an appointment.
async fn booked(sim: &Sim, patient: i64) {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let is_there = async {
        while sim.oscar.appointments_of(patient).is_empty() {
            look.tick().await;
        }
    };
    tokio::time::timeout(super::PATIENCE, is_there).await.expect("a booking");
}

#[tokio::test]
async fn a_dropped_request_did_nothing_and_a_dropped_reply_did_everything() {
    let (_, reply, is_written) = booking("drop-request").await;
    assert!(reply.is_err() && !is_written);
    let (sim, reply, is_written) = booking("drop-reply").await;
    assert!(reply.is_err() && is_written);
    let recorded = sim.oscar.envelopes();
    let dropped = recorded.iter().find(|envelope| envelope.operation == "addAppointment").unwrap();
    assert!(dropped.reply.as_ref().unwrap().contains("<return>"), "what would have been answered");
}

#[tokio::test]
async fn a_reset_breaks_the_answer_in_its_middle() {
    let (_, reply, is_written) = booking("reset").await;
    let error = reply.unwrap_err();
    assert!(error.is_body() || error.is_decode() || error.is_request(), "{error:?}");
    assert!(is_written);
}

#[tokio::test]
async fn pages_of_others_come_as_html_and_nothing_is_done() {
    for (fault, status) in [("html403", 403), ("html503", 503)] {
        let (_, reply, is_written) = booking(fault).await;
        let reply = reply.unwrap();
        assert_eq!((reply.status, is_written), (status, false));
        assert!(reply.body.to_lowercase().contains("<html"), "{}", reply.body);
    }
}

#[tokio::test]
async fn a_malformed_answer_ends_too_soon() {
    let (_, reply, is_written) = booking("malformed").await;
    let reply = reply.unwrap();
    assert!(reply.status == 200 && is_written && !reply.body.contains("</soap:Envelope>"), "{}", reply.body);
}

#[tokio::test]
async fn faults_of_the_server_and_of_the_account_do_nothing() {
    for (fault, words) in [
        ("server", "soap:Server: Fault occurred while processing."),
        ("expired", "ns1:FailedAuthentication: The security token could not be authenticated or authorized"),
    ] {
        let (_, reply, is_written) = booking(fault).await;
        assert_eq!((reply.unwrap().fault().as_str(), is_written), (words, false));
    }
    let sim = Sim::start(Dialect::Mcmaster).await;
    sim.oscar.turn(Knob::always("login2", Fault::Expired)).unwrap();
    sim.oscar.turn(Knob::always("getDemographic", Fault::Role)).unwrap();
    let login = sim.ask("LoginService", "login2", "<arg0>attendant</arg0><arg1>voice-agent-2026</arg1>").await;
    assert_eq!(login.fault(), "soap:Server: Invalid Username/Password");
    let chart = sim.ask("DemographicService", "getDemographic", "<arg0>1001</arg0>").await;
    assert_eq!(chart.fault(), "soap:Server: missing required security object (_demographic)");
    sim.oscar.mend();
    assert_eq!(sim.ask("DemographicService", "getDemographic", "<arg0>1001</arg0>").await.status, 200);
}

#[tokio::test]
async fn a_hang_outlasts_the_clients_patience() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    sim.oscar.turn(Knob::always("*", Fault::Hang)).unwrap();
    let asked = sim.try_ask("SystemInfoService", "isAlive", "");
    assert!(tokio::time::timeout(Duration::from_millis(300), asked).await.is_err());
    assert_eq!(sim.oscar.envelopes()[0].reply, None);
}

#[tokio::test]
async fn a_caller_who_does_not_wait_finds_the_booking_later() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    sim.oscar.turn(Knob::always("addAppointment", Fault::Latency(Duration::from_secs(2)))).unwrap();
    let new = appointment("", START, END, 1011, "t");
    let asked = sim.try_ask("ScheduleService", "addAppointment", &new);
    assert!(tokio::time::timeout(Duration::from_millis(100), asked).await.is_err());
    assert_eq!(sim.oscar.appointments_of(1011).len(), 0);
    booked(&sim, 1011).await;
}

#[tokio::test]
async fn a_late_reply_was_done_at_once() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    sim.oscar.turn(Knob::always("addAppointment", Fault::LateReply(Duration::from_secs(30)))).unwrap();
    let new = appointment("", START, END, 1011, "t");
    let asked = sim.try_ask("ScheduleService", "addAppointment", &new);
    assert!(tokio::time::timeout(Duration::from_millis(300), asked).await.is_err());
    // Within less than the reply takes.
    booked(&sim, 1011).await;
}

#[tokio::test]
async fn latency_and_wrong_passwords_take_their_time() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    sim.oscar.turn(Knob::always("isAlive", Fault::Latency(Duration::from_millis(120)))).unwrap();
    let began = tokio::time::Instant::now();
    sim.ask("SystemInfoService", "isAlive", "").await;
    assert!(began.elapsed() >= Duration::from_millis(120));
    let began = tokio::time::Instant::now();
    sim.ask("LoginService", "login", "<arg0>attendant</arg0><arg1>guess</arg1>").await;
    assert!(began.elapsed() >= Duration::from_millis(250));
}

#[tokio::test]
async fn people_see_the_same_as_json_and_turn_the_same_knobs() {
    let sim = Sim::start(Dialect::Mcmaster).await;
    let id = sim.book(START, END, 1001).await;
    sim.oscar.desk_books("101", START.parse().unwrap(), 15, 1004);
    let root = sim.base_url.replace("/oscar/ws", "/_sim");
    let get = async |path: &str| -> serde_json::Value {
        let text = sim.http.get(format!("{root}{path}")).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    };
    assert_eq!(get("/overlaps").await, serde_json::json!([[id, id + 1]]));
    let rows = get("/appointments?provider=101&day=2026-11-23").await;
    assert!(rows.as_array().unwrap().iter().any(|row| row["id"] == id && row["texts"]["reason"] == "cough"));
    assert_eq!(get("/envelopes").await[0]["operation"], "addAppointment");
    let post = async |path: &str| sim.http.post(format!("{root}{path}")).send().await.unwrap().status().as_u16();
    assert_eq!(post("/faults/isAlive=html503").await, 204);
    assert_eq!(sim.ask("SystemInfoService", "isAlive", "").await.status, 503);
    assert_eq!(post("/faults/isAlive=tired").await, 400);
    assert_eq!(sim.http.delete(format!("{root}/faults")).send().await.unwrap().status(), 204);
    assert_eq!(sim.ask("SystemInfoService", "isAlive", "").await.status, 200);
    assert_eq!(post("/restart").await, 204);
    assert!(get("/archive").await.as_array().unwrap().is_empty());
    assert!(get("/").await.is_object());
}
