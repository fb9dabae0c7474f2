use std::io::Write;

use super::*;
use crate::agent::concluded::{CallOutcome, Intent};
use crate::agent::tools::LEDGER;
use crate::call::CallId;
use crate::call::timeline::Entry;
use crate::language::Language;
use crate::store::tail::Lines;
use crate::store::tests::{folder, journal, rang, store};
use crate::store::{Kept, Record};

const CLINIC: &str = "c";

/// The lines of a tool that did what it is for.
fn done(call: CallId, tool: &str, second: u32) -> String {
    let line = |state: &str| {
        format!(
            "{{\"at\":\"2026-11-22T00:01:{second:02}.250Z\",\"call\":\"{call}\",\"id\":\"{tool}\",\"turn\":3,\"tool\":\"{tool}\",\"state\":\"{state}\"}}\n"
        )
    };
    line("started") + &line("done")
}

/// The record of a call that came to this, as far as was known at hang-up; `None`: it has no end.
fn record(call: CallId, concluded: Option<Conclusion>) -> Record {
    let concluded = concluded.map(|Conclusion { outcome, intent }| Entry::Concluded {
        outcome,
        intent,
        language: Language::French,
    });
    let entries: Vec<Entry> = [rang(call, CLINIC), Entry::Answered { at_us: 1 }].into_iter().chain(concluded).collect();
    Record::of(&call.to_string(), &journal(&entries))
}

async fn row(store: &Store, call: CallId) -> [Option<String>; 3] {
    let select = "SELECT outcome, intent, spoken FROM calls WHERE call = $1";
    let found = store.rows(select, vec![call.to_string().into()]).await.unwrap();
    [0, 1, 2].map(|at| found[0].try_get_by_index(at).unwrap())
}

fn words(words: [&str; 3]) -> [Option<String>; 3] {
    words.map(|word| Some(word.to_owned()).filter(|word| !word.is_empty()))
}

#[tokio::test]
async fn a_write_that_ended_after_hang_up_counts_whichever_file_is_moved_first() {
    for is_ledger_first in [false, true] {
        let folder = folder();
        let store = store(folder.path(), CLINIC).await;
        let (late, quiet) = (CallId::new(), CallId::new());
        let mut ledger = std::fs::File::create(folder.path().join(LEDGER)).unwrap();
        ledger.write_all(done(late, "create_appointment", 9).as_bytes()).unwrap();
        let tried = Conclusion { intent: Intent::Book, ..Conclusion::default() };
        let lines = async || store.follow(&folder.path().join(LEDGER), Lines::Tools).await.unwrap();
        if is_ledger_first {
            assert_eq!(lines().await, 2);
        }
        assert_eq!(store.keep(&record(late, Some(tried))).await.unwrap(), Kept::Now);
        assert_eq!(store.keep(&record(quiet, Some(Conclusion::default()))).await.unwrap(), Kept::Now);
        lines().await;
        assert_eq!(row(&store, late).await, words(["booked", "book", "fr-CA"]), "{is_ledger_first}");
        assert_eq!(row(&store, quiet).await, words(["no_action", "other", "fr-CA"]));
        let past = store.find(&late.to_string()).await.unwrap();
        let told = Entry::Concluded { outcome: CallOutcome::Booked, intent: Intent::Book, language: Language::French };
        assert_eq!(past[0].entries.last(), Some(&told));
    }
}

#[tokio::test]
async fn a_call_whose_record_has_no_end_came_to_what_its_tools_did() {
    let folder = folder();
    let store = store(folder.path(), CLINIC).await;
    let (call, quiet) = (CallId::new(), CallId::new());
    let lines = done(call, "create_appointment", 1) + &done(call, "cancel_appointment", 2);
    std::fs::write(folder.path().join(LEDGER), lines).unwrap();
    for call in [call, quiet] {
        assert_eq!(store.keep(&record(call, None)).await.unwrap(), Kept::Now);
    }
    store.follow(&folder.path().join(LEDGER), Lines::Tools).await.unwrap();
    assert_eq!(row(&store, call).await, words(["cancelled", "cancel", ""]));
    assert_eq!(row(&store, quiet).await, words(["no_action", "other", ""]));
}
