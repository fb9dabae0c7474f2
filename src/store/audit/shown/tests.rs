use super::*;
use crate::privacy::Pii;
use crate::store::audit::Detail;
use crate::store::tests::{folder, store};

fn chart(number: &str) -> PatientRef {
    PatientRef(Pii::new(number.to_owned()))
}

/// A row of a tool that looked at these charts, at this moment.
fn look(store: &Store, run: &str, at_ms: i64, charts: &[&str]) -> Note {
    let patients = charts.iter().map(|number| store.sealed_chart(&chart(number)).unwrap()).collect();
    let detail = Detail { tool: "search_patient".to_owned(), trace: Trace { patients, ..Trace::default() } };
    let detail = serde_json::to_string(&detail).ok();
    Note { at_ms, detail, ..Note::new("attendant", Action::ToolUsed, run, "done") }
}

async fn subjects(store: &Store, which: Which) -> Vec<String> {
    store.audit_rows(&which, 99).await.unwrap().into_iter().map(|row| row.subject).collect()
}

fn of_chart(number: &str) -> Which {
    Which { chart: Some(chart(number)), ..Which::default() }
}

#[tokio::test]
async fn who_looked_at_a_chart_is_told_also_of_before_the_keys_were_rotated_and_of_nobody_elses() {
    let folder = folder();
    let first = store(folder.path(), "c").await;
    first.note(&look(&first, "c1/a", 10, &["100100", "100200"])).await.unwrap();
    first.note(&Note::new("user root", Action::CallRead, "c1", "done")).await.unwrap();
    let theirs = store(folder.path(), "another").await;
    theirs.note(&look(&theirs, "d1/a", 10, &["100100"])).await.unwrap();
    let file = crate::store::StoreConfig::default().keys_file(folder.path());
    first.rotate_keys(&file, "user root").await.unwrap();
    first.close().await;
    let store = store(folder.path(), "c").await;
    store.note(&look(&store, "c2/a", 30, &["100100"])).await.unwrap();
    store.note(&look(&store, "c3/a", 20, &["100200"])).await.unwrap();
    assert_eq!(subjects(&store, of_chart("100100")).await, ["c1/a", "c2/a"]);
    assert_eq!(subjects(&store, of_chart("100200")).await, ["c1/a", "c3/a"]);
    assert_eq!(subjects(&store, of_chart("1001")).await, Vec::<String>::new());
    let newest = store.audit_rows(&of_chart("100100"), 1).await.unwrap().remove(0);
    assert_eq!((newest.subject.as_str(), newest.number), ("c2/a", 4), "after that of the rotation");
    let told = serde_json::to_string(&newest).unwrap();
    assert!(told.contains("\"tool\":\"search_patient\"") && !told.contains("100100"), "{told}");

    // Who asks is one of those who looked.
    let sealed = store.sealed_chart(&chart("100100")).unwrap();
    store.note(&Note::of_look("user jane", "chart", 2, Some(sealed))).await.unwrap();
    let rows = store.audit_rows(&of_chart("100100"), 99).await.unwrap();
    let asked = rows.last().unwrap();
    assert_eq!(
        (asked.action, asked.actor.as_str(), asked.outcome.as_str()),
        (Action::AuditRead, "user jane", "rows 2")
    );
    assert_eq!(store.verify_audit().await.unwrap()[0].broken, Vec::<String>::new());
}

#[tokio::test]
async fn rows_of_one_call_or_since_some_moment_are_told_alone_and_together() {
    let folder = folder();
    let store = store(folder.path(), "c").await;
    for (run, at_ms) in [("c1/a", 10), ("c1/b", 20), ("c2/a", 30), ("c12", 40)] {
        store.note(&look(&store, run, at_ms, &["100100"])).await.unwrap();
    }
    let which = |call: Option<&str>, since_ms| Which { call: call.map(str::to_owned), since_ms, chart: None };
    assert_eq!(subjects(&store, which(Some("c1/"), None)).await, ["c1/a", "c1/b"]);
    assert_eq!(subjects(&store, which(None, Some(20))).await, ["c1/b", "c2/a", "c12"]);
    assert_eq!(subjects(&store, which(Some("c1"), Some(20))).await, ["c1/b", "c12"]);
    let all = Which { chart: Some(chart("100100")), ..which(Some("c2"), Some(30)) };
    assert_eq!(subjects(&store, all).await, ["c2/a"]);
}
