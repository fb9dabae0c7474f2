//! What is logged, at every level and by every library, while callers are found, booked, moved and cancelled and everything goes wrong.

use attendant::agent::tools::ToolName;
use attendant::emr::Emr;
use attendant::sim::oscar::Fault;
use serde_json::json;

use super::house::{CHEN, Caller, House, JANE, MONDAY, SINGH, held, place, wanted};
use crate::wire::log::Log;

#[tokio::test]
async fn no_patient_and_no_secret_is_in_any_log() {
    let (log, _logging) = Log::of_this_thread();
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
    let secrets = ["voice-agent-2026", "securitytokenkey", "usernametoken", "<demographicno>"];
    log.has_only("it is looked for", &secrets);
}
