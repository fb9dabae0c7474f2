//! What is logged, at every level and by every library, while callers are found, booked, moved and cancelled and everything goes wrong.

use attendant::agent::tools::ToolName;
use attendant::sim::fhir::{Conduct, Fault};
use serde_json::json;

use super::house::House;
use crate::wire::emr_contract as contract;
use crate::wire::log::Log;
use crate::wire::oscar::house::{CHEN, Caller, JANE, MONDAY, NOW, SINGH, held, place, wanted};

#[tokio::test]
async fn no_patient_and_no_secret_is_in_any_log() {
    let (log, _logging) = Log::of_this_thread();
    let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
    for (conduct, write) in [(Conduct::Blind, "Appointment.create"), (Conduct::Argonaut, "Appointment.book")] {
        let house = House::open(conduct).await;
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, house.sim.client().1).unwrap();
        let section = format!(
            "[emr.fhir.client]\nid = \"{}\"\ntoken_url = \"{}\"\nsecret = {{ file = \"{}\" }}",
            house.sim.client().0,
            house.token_url,
            secret.display()
        );
        let (clinic, emr) = house.as_whom(folder.path(), &section, [1_000, 400, 1_000]);
        let mut caller = Caller::at(clinic, emr, NOW);
        let wish = caller.janes_wish().await;
        house.turn(write, Fault::Hang, 1);
        assert_eq!(caller.agree(ToolName::CreateAppointment, &wish).await["code"], "outcome_unknown");
        let emr = house.adapter().1;
        let faults =
            [Fault::DropReply, Fault::Rival, Fault::Scope, Fault::Malformed, Fault::DoneThenServer, Fault::Expired];
        for (n, fault) in faults.into_iter().enumerate() {
            house.turn(write, fault, 1);
            let minute = i8::try_from(n % 4).unwrap() * 15;
            drop(emr.book(wanted(SINGH, MONDAY.at(14, minute, 0, 0), JANE)).await);
            house.sim.mend();
        }
        house.turn("Patient.search", Fault::Scope, 1);
        assert_eq!(caller.call(ToolName::SearchPatient, jane.clone()).await["code"], "emr_unavailable");
        house.sim.expire_tokens();
        let emr = house.adapter().1;
        let booked = emr.book(wanted(CHEN, MONDAY.at(14, 0, 0, 0), JANE)).await.unwrap();
        house.turn("Patient.create", Fault::DropReply, 1);
        emr.create_patient(contract::nova()).await.unwrap();
        house.turn("Appointment.update", Fault::DropReply, 1);
        let moved = emr.reschedule(held(&booked), place(CHEN, MONDAY.at(14, 30, 0, 0), 15)).await.unwrap();
        house.turn("Appointment.update", Fault::Overtaken, 1);
        assert!(emr.cancel(held(&moved)).await.is_err());
    }
    let secrets = [
        "client-secret-2026",
        "granted-token",
        "standing-token",
        "patient/1001",
        "authorization: b",
        "9812345687",
        "555-0187",
        "nova@example",
    ];
    log.has_only("is looked for", &secrets);
}
