//! Everything that a store does, the same on SQLite and on PostgreSQL.

use std::path::Path;

use attendant::agent::Who;
use attendant::agent::tools::Message;
use attendant::call::CallId;
use attendant::call::timeline::Entry;
use attendant::clinic::Clinic;
use attendant::emr::PatientRef;
use attendant::privacy::Pii;
use attendant::records::Past;
use attendant::store::audit::{Action, Note, Which};
use attendant::store::keys;
use attendant::store::migrate::Standing;
use attendant::store::person::Person;
use attendant::store::retention::{Retention, What};
use attendant::store::tail::Lines;
use attendant::store::{Kept, Record, Store, StoreConfig};

use super::{CLINIC, attendant, clinic, history, journal, message, step};
use crate::live::postgres::Postgres;

fn ids(past: &[Past]) -> Vec<&str> {
    past.iter().map(|past| past.call.as_str()).collect()
}

/// Everything that a store does, on an empty database.
async fn everything(settings: &StoreConfig, records: &Path) {
    let store = Store::open(settings, records, clinic(CLINIC).tenant()).expect("as the test has it");
    assert!(matches!(store.standing().await.expect("as the test has it"), Standing::Behind(_)));
    store.migrate().await.expect("as the test has it");
    assert_eq!(store.standing().await.expect("as the test has it"), Standing::Current);
    store.make_ready().await.expect("as the test has it");

    let (first, second) = (CallId::new(), CallId::new());
    let record = Record::of(&first.to_string(), &journal(first));
    assert_eq!(store.keep(&record).await.expect("as the test has it"), Kept::Now);
    assert_eq!(store.keep(&record).await.expect("as the test has it"), Kept::Before);
    // Two at once, of which one is told that the other was quicker.
    let record = Record::of(&second.to_string(), &journal(second));
    let (one, other) = tokio::join!(store.keep(&record), store.keep(&record));
    let told = [one.expect("as the test has it"), other.expect("as the test has it")];
    assert!(told.contains(&Kept::Now) && told.contains(&Kept::Before), "{told:?}");

    let past = history(&store, records);
    let (first, second) = (first.to_string(), second.to_string());
    assert_eq!(ids(&past.newest(9).await.expect("as the test has it")), [second.as_str(), &first]);
    assert_eq!(ids(&past.newest(1).await.expect("as the test has it")), [second.as_str()]);
    assert_eq!(ids(&past.since("2026-11-21").await.expect("as the test has it")), [first.as_str(), &second]);
    assert_eq!(ids(&past.since("2026-11-22").await.expect("as the test has it")), [""; 0]);
    let bills = past.bills("2026-11-21").await.expect("as the test has it");
    assert_eq!(bills.iter().map(|(_, bill)| bill.total.0).collect::<Vec<_>>(), [1_200, 1_200]);
    let [whole] = &past.find(&first).await.expect("as the test has it")[..] else { panic!("one has this id") };
    let written: Vec<Entry> = journal(first.parse::<uuid::Uuid>().map(CallId).expect("as the test has it"))
        .lines()
        .map(|line| serde_json::from_str(line).expect("as the test has it"))
        .collect();
    assert_eq!(whole.entries, written);
    let words = Entry::Line {
        at_us: 2, who: Who::Caller, text: Pii::new("ਮੇਰੀ ਦਵਾਈ".to_owned()), cut: false, turn: 1
    };
    assert!(whole.entries.contains(&words));

    let note = Note::new("user jane", Action::CallRead, &first, "done");
    let (one, other) = tokio::join!(store.note(&note), store.note(&note));
    one.and(other).expect("as the test has it");
    let ledger = records.join("tools.jsonl");
    let step = step(&first);
    std::fs::create_dir_all(records).expect("as the test has it");
    std::fs::write(&ledger, step).expect("as the test has it");
    assert_eq!(store.follow(&ledger, Lines::Tools).await.expect("as the test has it"), 1);
    assert_eq!(store.follow(&ledger, Lines::Tools).await.expect("as the test has it"), 0);
    assert_eq!(store.tool_steps().await.expect("as the test has it").len(), 1);
    let left = message(first.parse::<uuid::Uuid>().map(CallId).expect("as the test has it"));
    let (one, other) = tokio::join!(store.keep_message(&left), store.keep_message(&left));
    let told = [one.expect("as the test has it"), other.expect("as the test has it")];
    assert!(told.contains(&Kept::Now) && told.contains(&Kept::Before), "{told:?}");
    assert_eq!(past.messages(9).await.expect("as the test has it").0, std::slice::from_ref(&left));
    let chains = store.verify_audit().await.expect("as the test has it");
    assert_eq!((chains.len(), chains[0].rows, chains[0].broken.clone()), (1, 3, vec![]));
    assert_eq!(store.audited(9).await.expect("as the test has it").len(), 3);
    let chart = Some(PatientRef(Pii::new("100100".to_owned())));
    let looked = Which { chart, call: Some(first.clone()), since_ms: Some(0) };
    assert_eq!(store.audit_rows(&looked, 9).await.expect("as the test has it"), [], "nobody did");
    let of_call = Which { chart: None, ..looked };
    assert!(!store.audit_rows(&of_call, 9).await.expect("as the test has it").is_empty());

    let keys = settings.keys_file(records);
    assert_eq!(keys::add(&keys).expect("as the test has it"), 2);
    let again = Store::open(settings, records, clinic(CLINIC).tenant()).expect("as the test has it");
    let sealed = again.sealed_by().await.expect("as the test has it");
    assert_eq!(again.reseal().await.expect("as the test has it").0 as i64, sealed[&1]);
    assert_eq!(again.sealed_by().await.expect("as the test has it"), [(2, sealed[&1])].into());
    assert_eq!(history(&again, records).find(&first).await.expect("as the test has it")[0].entries, written);
    again.note(&note).await.expect("as the test has it");
    assert_eq!(
        again.verify_audit().await.expect("as the test has it")[0].broken,
        Vec::<String>::new(),
        "keys of before are still known"
    );

    let other = Store::open(settings, records, clinic("another-clinic").tenant()).expect("as the test has it");
    let theirs = history(&other, records);
    assert_eq!(
        (theirs.find(&first).await.expect("as the test has it"), theirs.newest(9).await.expect("as the test has it")),
        (vec![], vec![])
    );
    assert!(theirs.messages(9).await.expect("as the test has it").0.is_empty());
    assert_eq!(history(&again, records).messages(9).await.expect("as the test has it").0, [left], "sealed anew");
    assert!(theirs.bills("2026-01-01").await.expect("as the test has it").is_empty());
    assert!(
        other.verify_audit().await.expect("as the test has it").is_empty()
            && other.tool_steps().await.expect("as the test has it").is_empty()
    );
    store.close().await;
    gone(&again, records, &record).await;
    again.close().await;
}

/// What a person has erased, and what is past its time.
async fn gone(store: &Store, records: &Path, record: &Record) {
    let phone = || "604-555-0137".parse().expect("as the test has it");
    let person = Person { phones: vec![phone()], ..Person::default() };
    let held = store.held_about(&person).await.expect("as the test has it");
    assert_eq!((held.calls.len(), held.messages.len(), held.calls[0].tools.len()), (2, 1, 1));
    let named = Person { names: vec!["ਅਮਨ Roe".parse().expect("as the test has it")], ..Person::default() };
    assert_eq!(store.held_about(&named).await.expect("as the test has it").messages.len(), 1);
    let counts = store.erase(&held, "request-1", "user jane").await.expect("as the test has it");
    assert_eq!(counts.to_string(), "calls 2, lines 2, events 2, tools 1, messages 1");
    assert_eq!(store.keep(record).await.expect("as the test has it"), Kept::Before, "it does not come back");
    assert!(history(store, records).newest(9).await.expect("as the test has it").is_empty());

    let call = CallId::new();
    store.keep(&Record::of(&call.to_string(), &journal(call))).await.expect("as the test has it");
    store.keep_message(&Message { id: "0a1c".to_owned(), ..message(call) }).await.expect("as the test has it");
    let retention = Retention::by_hand(store.clone(), &Clinic::sample(), "user jane");
    for (now, due) in [
        ("2026-11-23T12:00:00Z", "nothing"),
        ("2027-06-01T12:00:00Z", "lines 1, events 1, messages 1, unfinished 1"),
        ("2028-01-01T12:00:00Z", "calls 1"),
    ] {
        let now = now.parse().expect("as the test has it");
        assert_eq!(retention.due(now).await.expect("as the test has it").to_string(), due);
        assert_eq!(retention.purge_now(now).await.expect("as the test has it").to_string(), due);
    }
    let purged = retention.purge_now("2036-01-01T12:00:00Z".parse().expect("as the test has it")).await;
    assert!(purged.expect("as the test has it").of(What::Audit) > 3, "all of it, and what is left is proved");
    assert!(history(store, records).newest(9).await.expect("as the test has it").is_empty());
    let chains = store.verify_audit().await.expect("as the test has it");
    assert!(chains.iter().all(|chain| chain.broken.is_empty()), "{chains:?}");
}

#[tokio::test]
async fn everything_a_store_does_it_does_on_sqlite() {
    let records = tempfile::tempdir().unwrap();
    everything(&StoreConfig::default(), records.path()).await;
}

#[tokio::test]
async fn everything_a_store_does_it_does_on_postgresql() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let settings = postgres.settings();

    // Nobody changes a database that others may be using, unless told to.
    let store = Store::open(&settings, &records, clinic(CLINIC).tenant()).unwrap();
    assert!(store.make_ready().await.unwrap_err().to_string().contains("attendant migrate"));
    let shown = attendant(folder.path(), &settings, &["migrate", "--dry-run"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("CREATE TABLE \"calls\"") && text.contains("bytea"), "{text}{shown:?}");
    assert!(matches!(store.standing().await.unwrap(), Standing::Behind(_)), "nothing was changed");
    everything(&settings, &records).await;
}
