use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::agent::tools::LEDGER;
use crate::records::Library;
use crate::store::audit::Action;
use crate::store::import::Importer;
use crate::store::tail::Lines;
use crate::store::tests::{folder, store};

fn step(id: &str, tool: &str, state: &str) -> String {
    format!(
        "{{\"at\":\"2026-11-21T18:00:00.250Z\",\"call\":\"c1\",\"id\":\"{id}\",\"turn\":3,\"tool\":\"{tool}\",\"state\":\"{state}\"}}\n"
    )
}

async fn told(store: &Store) -> Vec<(Action, String, String)> {
    let rows = store.audited(9).await.unwrap().into_iter();
    rows.map(|(_, _, note)| (note.action, note.subject, note.outcome)).collect()
}

#[tokio::test]
async fn a_write_whose_process_was_killed_is_in_the_audit_once_and_nothing_else_is() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    let ledger = folder.path().join(LEDGER);
    let before = [
        step("a", "create_appointment", "started"),
        step("a", "create_appointment", "done"),
        // Not every model's ids are unlike.
        step("a", "create_appointment", "started"),
        // A search that broke off changed nothing.
        step("b", "search_patient", "started"),
        step("c", "cancel_appointment", "started"),
    ];
    let end = before.concat().len() as u64;
    let text = before.concat() + &step("d", "update_appointment", "started");
    std::fs::write(&ledger, text).unwrap();
    store.follow(&ledger, Lines::Tools).await.unwrap();
    assert_eq!(store.note_broken_off(&ledger, end).await.unwrap(), 2);
    let wanted = [
        (Action::AppointmentBooked, "c1/a".to_owned(), "done".to_owned()),
        (Action::AppointmentBooked, "c1/a".to_owned(), "outcome_unknown".to_owned()),
        (Action::AppointmentCancelled, "c1/c".to_owned(), "outcome_unknown".to_owned()),
    ];
    assert_eq!(told(&store).await, wanted, "what this process has begun goes on");
    assert_eq!(store.note_broken_off(&ledger, end).await.unwrap(), 0, "the next start");
    assert_eq!(told(&store).await.len(), 3);
    let (_, _, note) = store.audited(1).await.unwrap().remove(0);
    assert_eq!((note.at_ms, note.detail.as_deref()), (1_795_284_000_250, Some("{\"tool\":\"cancel_appointment\"}")));
    assert!(store.verify_audit().await.unwrap()[0].broken.is_empty());
}

#[tokio::test]
async fn the_importer_of_a_start_finds_it() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    std::fs::write(folder.path().join(LEDGER), step("a", "create_appointment", "started")).unwrap();
    let (_closed, ends) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let importer = Importer::new(store.clone(), Library::new(folder.path().to_owned()));
    let running = tokio::spawn(importer.run(ends, stop.clone()));
    while told(&store).await.is_empty() {
        crate::clock::elapse(Duration::from_millis(10)).await;
    }
    stop.cancel();
    running.await.unwrap();
    let wanted = (Action::AppointmentBooked, "c1/a".to_owned(), "outcome_unknown".to_owned());
    assert_eq!(told(&store).await, [wanted]);
}
