//! What is logged, at every level and by every library, while callers are found, booked, moved and cancelled and everything goes wrong.

use std::io;
use std::sync::Arc;

use attendant::agent::tools::ToolName;
use attendant::emr::Emr;
use attendant::sim::oscar::Fault;
use parking_lot::Mutex;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::house::{CHEN, Caller, House, JANE, MONDAY, SINGH, held, place, wanted};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_patient_and_no_secret_is_in_any_log() {
    let log = Log::default();
    // Without the time, whose fractions of a second may read like a year of birth.
    let subscriber =
        tracing_subscriber::fmt().without_time().with_max_level(tracing::Level::TRACE).with_writer(log.clone());
    let subscriber = subscriber.finish();
    // One thread runs all of this test, the simulator's side too.
    let _logging = tracing::subscriber::set_default(subscriber);
    let house = House::open().await;
    let mut caller = Caller::new(&house);
    let wish = caller.janes_wish().await;
    house.turn("addAppointment", Fault::Hang, 1);
    assert_eq!(caller.agree(ToolName::CreateAppointment, &wish).await["code"], "outcome_unknown");
    let oscar = house.adapter().1;
    for (n, fault) in [Fault::DropReply, Fault::Rival, Fault::Html403, Fault::Malformed, Fault::Server, Fault::Reset]
        .into_iter()
        .enumerate()
    {
        house.turn("addAppointment", fault, 1);
        let minute = i8::try_from(n).unwrap() * 10;
        drop(oscar.book(wanted(SINGH, MONDAY.at(14, minute / 15 * 15, 0, 0), JANE)).await);
        house.sim.mend();
    }
    house.turn("searchDemographicsByAttributes", Fault::Role, 1);
    let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
    assert_eq!(caller.call(ToolName::SearchPatient, jane).await["code"], "emr_unavailable");
    house.sim.restart();
    let booked = oscar.book(wanted(CHEN, MONDAY.at(14, 0, 0, 0), JANE)).await.unwrap();
    house.turn("updateAppointment", Fault::DropReply, 1);
    let moved = oscar.reschedule(held(&booked), place(CHEN, MONDAY.at(14, 30, 0, 0), 15)).await.unwrap();
    house.turn("updateAppointment", Fault::Server, 1);
    assert!(oscar.cancel(held(&moved)).await.is_err());
    let text = String::from_utf8_lossy(&log.0.lock()).into_owned();
    assert!(text.contains("it is looked for"), "something was logged");
    for secret in [
        "jane",
        "roe,",
        "roe<",
        "1984-03-09",
        "1984",
        "604-555-0177",
        "6045550177",
        "9698658215",
        "v6b 2k3",
        "voice-agent-2026",
        "securitytokenkey",
        "usernametoken",
        "<demographicno>",
    ] {
        let line = text.lines().find(|line| line.to_lowercase().contains(secret));
        assert!(line.is_none(), "{secret}: {line:?}");
    }
}
