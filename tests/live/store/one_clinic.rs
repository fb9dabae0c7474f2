//! One clinic's rows are that clinic's alone, and PostgreSQL holds to it whatever a statement asks for.

use std::sync::Arc;

use attendant::agent::tools::{MESSAGES, Message, Messages};
use attendant::call::CallId;
use attendant::onboarding::{Finding, Gate};
use attendant::records::Library;
use attendant::store::import::{Found, Importer};
use attendant::store::keys;
use attendant::store::tail::Lines;
use attendant::store::{Kept, Record, Store, StoreError};

use super::{CLINIC, clinic, history, journal_of, message, step};
use crate::live::postgres::Postgres;

#[tokio::test]
async fn no_clinic_s_connection_ever_sees_or_changes_another_s_rows_whatever_it_asks() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = postgres.settings();
    for id in [CLINIC, "another-clinic"] {
        let store = Store::open(&settings, folder.path(), clinic(id).tenant()).unwrap();
        store.migrate().await.unwrap();
        assert_eq!(store.is_held_to_its_clinic().await.unwrap(), Some(true));
        let call = CallId::new();
        let text = journal_of(id, call);
        assert_eq!(store.keep(&Record::of(&call.to_string(), &text)).await.unwrap(), Kept::Now);
        let ledger = folder.path().join(format!("{id}.jsonl"));
        let step = step(&call.to_string());
        std::fs::write(&ledger, step).unwrap();
        assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 1);
        store.put_clinic(&clinic(id), "user jane").await.unwrap();
        let finding = Finding { gate: Gate::Facts, at: "2026-11-21T00:00:00Z".parse().unwrap(), evidence: vec![] };
        store.record_gates("f", &[finding], "user jane").await.unwrap();
        for row in [
            "clinic_passes VALUES ('ID', 'f', 1)",
            "messages VALUES ('m ID', 'ID', 'i', 'c', 1, '\\x00', 1)",
            "purges VALUES ('ID', 'r', 'i', 0, 0, 0, 0, 0, 0, 0, NULL)",
            "erased VALUES ('e ID', 'ID', 1)",
            "emr_credentials VALUES ('ID', '\\x00', 1, 1, 'u')",
            "audit_anchors VALUES ('ID', 'i', 1, '\\x00', 1, '\\x00')",
            "book_changes VALUES ('ID', 1, '\\x00', 1)",
            "notices VALUES ('n ID', 'ID', 'm ID', 'first', 'a', 1, 1, 0)",
        ] {
            postgres.as_clinic(Some(id), &format!("INSERT INTO {}", row.replace("ID", id))).unwrap();
        }
        store.close().await;
    }

    // Every table that there is has a rule, but those that hold nothing of a clinic.
    let tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    let open = format!("{tables} AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1");
    assert_eq!(postgres.as_clinic(None, &open).unwrap(), "attendant_migrations\nknown_keys\nspools");
    let ruled = postgres.as_clinic(None, &format!("{tables} AND relrowsecurity ORDER BY 1")).unwrap();
    let counts: Vec<String> = ruled.lines().map(|table| format!("SELECT '{table}', COUNT(*) FROM {table}")).collect();
    let counted = |clinic: Option<&str>| -> Vec<(String, u32)> {
        let found = postgres.as_clinic(clinic, &format!("{} ORDER BY 1", counts.join(" UNION ALL "))).unwrap();
        let row = |row: &str| row.split_once('|').map(|(table, rows)| (table.to_owned(), rows.parse().unwrap()));
        found.lines().filter_map(row).collect()
    };
    let (ours, theirs, all) = (counted(Some(CLINIC)), counted(Some("another-clinic")), counted(Some("*")));
    assert_eq!(all.len(), counts.len());
    for ((table, ours), ((_, theirs), (_, all))) in ours.iter().zip(theirs.iter().zip(&all)) {
        assert!(*ours > 0 && *theirs > 0, "{table} has rows of both, or this proves nothing: {ours}, {theirs}");
        assert_eq!(ours + theirs, *all, "{table}: everybody's are these");
    }
    for nobody in [None, Some("nobody")] {
        let seen = counted(nobody);
        assert!(seen.iter().all(|(_, rows)| *rows == 0), "a connection of no clinic sees nothing: {seen:?}");
    }
    let delete: Vec<String> = ruled.lines().map(|table| format!("DELETE FROM {table}")).collect();
    postgres.as_clinic(Some("nobody"), &delete.join("; ")).unwrap();
    assert_eq!(counted(Some("*")), all, "nothing of theirs was there for them to delete");
    let stolen = "UPDATE calls SET clinic = 'another-clinic'";
    let refused = postgres.as_clinic(Some(CLINIC), stolen).unwrap_err();
    assert!(refused.contains("row-level security"), "{refused}");
    let put = "INSERT INTO clinic_numbers VALUES ('another-clinic', '+16045550188')";
    assert!(postgres.as_clinic(Some(CLINIC), put).unwrap_err().contains("row-level security"));

    // What concerns every clinic still does, through a store of one.
    postgres
        .as_clinic(Some("*"), "DELETE FROM messages; DELETE FROM emr_credentials; DELETE FROM book_changes")
        .unwrap();
    let store = Store::open(&settings, folder.path(), clinic(CLINIC).tenant()).unwrap();
    assert_eq!(store.roster().all().await.unwrap().len(), 2);
    let sealed = store.sealed_by().await.unwrap()[&1];
    keys::add(&settings.keys_file(folder.path())).unwrap();
    let again = Store::open(&settings, folder.path(), clinic(CLINIC).tenant()).unwrap();
    assert_eq!(again.reseal().await.unwrap().0 as i64, sealed);
    let other = Store::open(&settings, folder.path(), clinic("another-clinic").tenant()).unwrap();
    let past = history(&other, folder.path());
    let [theirs] = &past.newest(9).await.unwrap()[..] else { panic!("one call is theirs") };
    assert_eq!(past.find(&theirs.call).await.unwrap().len(), 1);
    assert_eq!(history(&again, folder.path()).find(&theirs.call).await.unwrap(), []);

    // A user who passes over the rules is known, so that `serve` can warn of it.
    postgres.run("ALTER ROLE attendant BYPASSRLS");
    assert_eq!(again.is_held_to_its_clinic().await.unwrap(), Some(false));
}

#[tokio::test]
async fn what_a_server_left_of_another_clinic_is_moved_to_that_clinic_and_holds_up_nothing() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let (records, settings) = (folder.path().join("records"), postgres.settings());
    let store = Store::open(&settings, &records, clinic(CLINIC).tenant()).unwrap();
    store.migrate().await.unwrap();
    let day = records.join("2026-11-21");
    std::fs::create_dir_all(&day).unwrap();
    let left = [("0a1e", "another-clinic"), ("0a1f", CLINIC)].map(|(id, clinic)| Message {
        id: id.to_owned(),
        clinic: clinic.to_owned(),
        ..message(CallId::new())
    });
    let messages = Arc::new(Messages::new(records.join(MESSAGES)));
    for left in &left {
        messages.keep(left.clone()).await.unwrap();
    }
    for id in ["another-clinic", CLINIC] {
        let call = CallId::new();
        let text = journal_of(id, call);
        std::fs::write(day.join(format!("{call}.jsonl")), text).unwrap();
    }
    let importer = Importer::new(store.clone(), Library::new(records.clone()));
    let (found, failure) = importer.look().await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(found, Found { kept: 2, waiting: 0 });
    let theirs = Store::open(&settings, &records, clinic("another-clinic").tenant()).unwrap();
    for (store, left) in [(&theirs, &left[0]), (&store, &left[1])] {
        let past = history(store, &records);
        assert_eq!(past.messages(9).await.unwrap().0, std::slice::from_ref(left));
        assert_eq!(past.newest(9).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_journal_or_a_message_that_says_it_is_everybody_s_is_refused() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&postgres.settings(), folder.path(), clinic(CLINIC).tenant()).unwrap();
    store.migrate().await.unwrap();
    for id in ["*", ".", "a'b", "harbour street"] {
        let call = CallId::new();
        let kept = store.keep(&Record::of(&call.to_string(), &journal_of(id, call))).await;
        assert!(matches!(kept, Err(StoreError::Record(_))), "{id}: {kept:?}");
        let kept = store.keep_message(&Message { clinic: id.to_owned(), ..message(call) }).await;
        assert!(matches!(kept, Err(StoreError::Record(_))), "{id}: {kept:?}");
    }
    let counted = "SELECT (SELECT COUNT(*) FROM calls) + (SELECT COUNT(*) FROM messages)";
    assert_eq!(postgres.as_clinic(Some("*"), counted).unwrap(), "0");
}
