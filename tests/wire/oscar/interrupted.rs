//! A process that ends in the middle of a booking, and the one that comes after it: exactly one appointment or none, and it is known which.

use std::path::Path;
use std::sync::Arc;

use attendant::agent::tools::{self, MESSAGES, Messages, ToolName};
use attendant::emr::Emr;
use attendant::sim::oscar::Fault;
use attendant::state::{Shared, StateConfig};
use serde_json::json;
use tokio::runtime::Builder;

use super::house::{CHEN, Caller, House, JANE, MONDAY, NOW, code, left, wanted};

/// The state of a process; of one that was just killed, as soon as it has let go of it.
pub(super) async fn opened(folder: &Path) -> Shared {
    loop {
        match Shared::open(&StateConfig::default(), folder) {
            Ok(shared) => return shared,
            Err(error) => assert!(error.to_string().contains("another process"), "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_booking_that_the_process_ended_in_is_known_afterwards_and_never_sent_again() {
    // Done and not answered; and neither done nor answered.
    for (fault, stands) in [(Fault::LateReply(std::time::Duration::from_secs(30)), true), (Fault::Hang, false)] {
        let house = House::open().await;
        let folder = tempfile::tempdir().expect("as the test has it");
        let process = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("as the test has it");
        {
            let shared = opened(folder.path()).await;
            let (clinic, oscar) = house.sharing(&shared);
            let mut caller = Caller::at(clinic, Arc::new(oscar), NOW);
            caller.session.shared = shared;
            let jane = json!({ "first_name": "Jane", "last_name": "Roe", "birth_date": "1984-03-09" });
            let patient = caller.call(ToolName::SearchPatient, jane).await["patient"].clone();
            let find = json!({ "visit_kind": "follow_up", "provider": "Chen", "to_date": "2026-11-23", "time_after": "09:00" });
            let slots = caller.call(ToolName::FindEarliestAppointment, find).await;
            assert_eq!(slots["slots"][0]["start"], "2026-11-23T09:00", "{slots}");
            let wish = json!({ "patient": patient, "slot": slots["slots"][0]["slot"] });
            house.turn("addAppointment", fault, 1);
            process.spawn(async move { caller.agree(ToolName::CreateAppointment, &wish).await });
        }
        while house.asked("addAppointment") == 0 {
            tokio::task::yield_now().await;
        }
        process.shutdown_background();

        let shared = opened(folder.path()).await;
        let oscar = house.sharing(&shared).1;
        let messages = Arc::new(Messages::new(folder.path().join(MESSAGES)));
        tools::deliver(&shared, "harbour-street", &messages).await;
        tools::deliver(&shared, "harbour-street", &messages).await;
        let left = left(folder.path());
        assert_eq!(left.lines().count(), 1, "{left}");
        assert!(left.contains("Not certain: a booking for 2026-11-23T09:00:00") && left.contains("+16045550177"));

        let nine = MONDAY.at(9, 0, 0, 0);
        let rival = oscar.book(wanted(CHEN, nine, "1002")).await;
        assert_eq!(code(&rival), "refused", "{fault}: nobody else gets its time");
        let again = oscar.book(attendant::emr::NewAppointment { key: key(), ..wanted(CHEN, nine, JANE) }).await;
        assert_eq!(code(&again), if stands { "ok" } else { "unknown" }, "{fault}: {again:?}");
        assert_eq!(
            (house.asked("addAppointment"), house.active(CHEN, nine, JANE)),
            (1, usize::from(stands)),
            "{fault}"
        );
    }
}

/// The same wish has the same key, whoever asks.
fn key() -> String {
    attendant::state::key::digest(&["harbour-street", JANE, CHEN, "2026-11-23T09:00:00", "book"])
}
