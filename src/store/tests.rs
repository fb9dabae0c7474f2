use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::*;
use crate::agent::Who;
use crate::agent::concluded::{CallOutcome, Intent};
use crate::call::CallId;
use crate::call::registry::Transport;
use crate::call::timeline::{BargeIn, Counters, EndReason, Entry, Recovery, TurnTimeline};
use crate::costs::bill::Item;
use crate::costs::{Bill, Kind as Use, Money, Usage};
use crate::language::Language;
use crate::privacy::Pii;
use crate::records::{Library, Past};

const CALLER: &str = "+16045550137";
const WORDS: &str = "please renew my insulin 处方";

pub(super) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

pub(super) async fn store(folder: &Path, clinic: &str) -> Store {
    let store = Store::open(&StoreConfig::default(), folder, &Tenant::made_up(clinic)).unwrap();
    store.make_ready().await.unwrap();
    store
}

/// What a call leaves behind, with something of everything.
pub(super) fn entries(call: CallId) -> Vec<Entry> {
    let line = |at_us, who, text: &str, turn| Entry::Line {
        at_us,
        who,
        text: Pii::new(text.to_owned()),
        cut: turn == 2,
        turn,
    };
    let usage = Usage { requests: 3, tokens_in: 900, tokens_written: 1_100, tokens_out: 60, ..Usage::default() };
    let item = |kind, provider: &str, cost: Option<u64>| Item {
        kind,
        provider: provider.to_owned(),
        model: "m".to_owned(),
        usage,
        cost: cost.map(Money),
    };
    let lines = vec![item(Use::Thinking, "openai", Some(1_200)), item(Use::Speaking, "cartesia", None)];
    let turn = TurnTimeline {
        turn: 1,
        speech_end_us: Some(2_000_000),
        first_packet_us: Some(2_900_000),
        cut: true,
        ..TurnTimeline::default()
    };
    vec![
        rang(call, "clinic-of-the-journal"),
        Entry::Planned { cheaper: true, arms: BTreeMap::from([("voice".to_owned(), "warm".to_owned())]) },
        Entry::Answered { at_us: 20_000 },
        line(1_000_000, Who::Caller, WORDS, 1),
        Entry::Turn(turn),
        line(3_000_000, Who::Agent, "of course", 2),
        Entry::BargeIn { at_us: 5, onset_us: 4, outcome: BargeIn::Resumed },
        Entry::Estimated { at_us: 5, turn: 1 },
        Entry::Recovered { at_us: 6, what: Recovery::NextVoice, detail: "azure".to_owned() },
        Entry::Key { at_us: 7 },
        Entry::Hold { at_us: 8 },
        Entry::Unhold { at_us: 9 },
        Entry::Concluded { outcome: CallOutcome::Booked, intent: Intent::Book, language: Language::Cantonese },
        Entry::Costs {
            at_us: 10,
            bill: Bill { currency: "CAD".to_owned(), lines, cached_characters: 42, total: Money(1_200) },
        },
        Entry::Ended {
            at_us: 11,
            reason: EndReason::Goodbye,
            counters: Counters { turns: 2, packets_lost: 5, ..Counters::default() },
        },
    ]
}

pub(super) fn rang(call: CallId, clinic: &str) -> Entry {
    Entry::Rang {
        call,
        at: "2026-11-21T23:59:59.123Z".to_owned(),
        clinic: clinic.to_owned(),
        transport: Transport::Sip,
        caller: Pii::new(CALLER.to_owned()),
        dialled: "+16045550100".to_owned(),
        language: Language::Mandarin,
    }
}

pub(super) fn journal(entries: &[Entry]) -> String {
    entries.iter().map(|entry| serde_json::to_string(entry).unwrap() + "\n").collect()
}

fn record(call: CallId, entries: &[Entry]) -> Record {
    Record::of(&call.to_string(), &journal(entries))
}

pub(super) async fn count(store: &Store, table: &str) -> i64 {
    store.rows(&format!("SELECT COUNT(*) FROM {table}"), vec![]).await.unwrap()[0].try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn a_call_comes_back_as_it_was_and_its_figures_without_a_word() {
    let folder = folder();
    let store = store(folder.path(), "clinic-of-the-journal").await;
    let call = CallId::new();
    let entries = entries(call);
    assert_eq!(store.keep(&record(call, &entries)).await.unwrap(), Kept::Now);
    assert_eq!(store.keep(&record(call, &entries)).await.unwrap(), Kept::Before);
    let past = Past { call: call.to_string(), entries: entries.clone(), recording: None, closed: vec![] };
    for id in [&past.call[..], &past.call[..9], &past.call[30..]] {
        assert_eq!(store.find(id).await.unwrap(), std::slice::from_ref(&past));
    }
    assert_eq!(store.find("%").await.unwrap(), []);
    let [figures] = &store.newest(10).await.unwrap()[..] else { panic!("one call") };
    let told = format!("{:?}", serde_json::to_string(&figures.entries).unwrap());
    assert!(!told.contains("insulin") && !told.contains(CALLER) && told.contains("first_packet_us"), "{told}");
    assert_eq!((store.since(0).await.unwrap().len(), store.since(i64::MAX).await.unwrap().len()), (1, 0));
    let [(id, began, bill)] = &store.bills(0).await.unwrap()[..] else { panic!("one bill") };
    assert_eq!((id, began.as_str(), bill.total), (&past.call, "2026-11-21T23:59:59.123Z", Money(1_200)));
}

#[tokio::test]
async fn a_journal_that_breaks_off_and_lines_of_a_newer_release_are_kept() {
    let folder = folder();
    let store = store(folder.path(), "sample").await;
    let call = CallId::new();
    let begun = [rang(call, ""), Entry::Answered { at_us: 1 }];
    let text = journal(&begun) + "{\"entry\":\"sang\",\"at_us\":3,\"song\":\"insulin\"}\n{\"entry\":\"ans";
    store.keep(&Record::of(&call.to_string(), &text)).await.unwrap();
    let mut found = store.find(&call.to_string()).await.unwrap().remove(0).entries;
    let Entry::Rang { clinic, .. } = &mut found[0] else { panic!("{found:?}") };
    assert_eq!(std::mem::take(clinic), "sample", "of no other clinic than the store's");
    assert_eq!(found, begun);
    assert_eq!(count(&store, "events").await, 2, "the line is there for a release that reads it");
}

#[tokio::test]
async fn no_question_is_answered_with_another_clinics_calls() {
    let folder = folder();
    let ours = store(folder.path(), "ours").await;
    let theirs = store(folder.path(), "theirs").await;
    let call = CallId::new();
    let entries: Vec<Entry> = entries(call).into_iter().skip(1).collect();
    ours.keep(&record(call, &entries)).await.unwrap();
    assert_eq!(ours.find(&call.to_string()).await.unwrap().len(), 1);
    assert_eq!(theirs.find(&call.to_string()).await.unwrap(), []);
    assert_eq!(theirs.newest(9).await.unwrap(), []);
    assert_eq!(theirs.since(i64::MIN).await.unwrap(), []);
    assert_eq!(theirs.bills(i64::MIN).await.unwrap(), []);
}

#[tokio::test]
async fn nothing_of_a_patient_stands_in_the_files_of_the_database() {
    let folder = folder();
    let store = store(folder.path(), "sample").await;
    let call = CallId::new();
    store.keep(&record(call, &entries(call))).await.unwrap();
    let files = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder.join("store")).unwrap().map(|file| file.unwrap().path()).collect()
    };
    let contain = |wanted: &str| {
        let contains =
            |file: &PathBuf| std::fs::read(file).unwrap().windows(wanted.len()).any(|part| part == wanted.as_bytes());
        files(folder.path()).iter().any(contains)
    };
    assert!(contain(&call.to_string()), "it is written");
    for secret in [&CALLER[1..], "insulin", "处方"] {
        assert!(!contain(secret), "{secret}");
    }
    for file in files(folder.path()) {
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    store.close().await;
}

#[tokio::test]
async fn a_record_is_there_whole_or_not_at_all() {
    let folder = folder();
    let store = store(folder.path(), "sample").await;
    // Costs are written last.
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON costs BEGIN SELECT RAISE(ABORT, 'no'); END";
    store.database.execute_unprepared(refuse).await.unwrap();
    let call = CallId::new();
    let record = record(call, &entries(call));
    assert!(store.keep(&record).await.is_err());
    for table in ["calls", "turns", "transcript", "events", "costs"] {
        assert_eq!(count(&store, table).await, 0, "{table}");
    }
    store.database.execute_unprepared("DROP TRIGGER refuse").await.unwrap();
    assert_eq!(store.keep(&record).await.unwrap(), Kept::Now);
    assert_eq!((count(&store, "calls").await, count(&store, "costs").await), (1, 2));
}

#[tokio::test]
async fn tables_are_brought_up_to_this_release_once_and_no_others_are_touched() {
    let folder = folder();
    let store = Store::open(&StoreConfig::default(), folder.path(), &Tenant::made_up("sample")).unwrap();
    assert_eq!(store.standing().await.unwrap(), migrate::from_nothing());
    assert!(!store.migrate().await.unwrap().is_empty());
    assert_eq!(store.standing().await.unwrap(), Standing::Current);
    assert_eq!(store.migrate().await.unwrap(), Vec::<&str>::new());
    let change = "UPDATE attendant_migrations SET checksum = 'another' WHERE version = 1";
    store.database.execute_unprepared(change).await.unwrap();
    assert!(store.migrate().await.unwrap_err().to_string().contains("not that of this release"));
    let ahead = "UPDATE attendant_migrations SET version = 4711 WHERE version = 2";
    store.database.execute_unprepared(ahead).await.unwrap();
    let error = store.make_ready().await.unwrap_err().to_string();
    assert!(error.contains("4711") && error.contains("newer release"), "{error}");
}

#[tokio::test]
async fn the_audit_says_that_a_server_changed_the_tables_of_its_embedded_database_and_not_that_it_made_them() {
    let folder = folder();
    let store = Store::open(&StoreConfig::default(), folder.path(), &Tenant::made_up("sample")).unwrap();
    store.make_ready().await.unwrap();
    assert_eq!(count(&store, "audit").await, 0);
    // As the release before the last migration left it.
    for undone in [
        "DROP TABLE audit_anchors",
        "DROP INDEX audit_by_time",
        "ALTER TABLE purges DROP COLUMN audit",
        "DELETE FROM attendant_migrations WHERE version = 17",
    ] {
        store.database.execute_unprepared(undone).await.unwrap();
    }
    store.make_ready().await.unwrap();
    store.make_ready().await.unwrap();
    let found = store.rows("SELECT action, subject FROM audit", vec![]).await.unwrap();
    let told: Vec<(String, String)> =
        found.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect();
    assert_eq!(told, [("tables_migrated".to_owned(), "anchors of the audit".to_owned())]);
    assert_eq!(store.verify_audit().await.unwrap()[0].broken, Vec::<String>::new());
}

#[tokio::test]
async fn a_database_whose_keys_are_gone_is_refused_and_gets_no_new_ones() {
    let folder = folder();
    Store::open(&StoreConfig::default(), folder.path(), &Tenant::made_up("sample")).unwrap();
    let keys = folder.path().join("store/keys.toml");
    assert!(keys.exists(), "made with it");
    std::fs::remove_file(&keys).unwrap();
    let error = Store::open(&StoreConfig::default(), folder.path(), &Tenant::made_up("sample")).unwrap_err();
    assert!(error.to_string().contains("put the file back"), "{error}");
    assert!(!keys.exists());
}

#[tokio::test]
async fn past_calls_are_found_in_the_store_and_in_journals_and_each_once() {
    let folder = folder();
    let store = store(folder.path(), "clinic-of-the-journal").await;
    let day = folder.path().join("2026-11-21");
    std::fs::create_dir_all(&day).unwrap();
    let calls: Vec<CallId> = (0..3).map(|_| CallId::new()).collect();
    // The first is kept, the second is about to be moved, the third goes on.
    for (at, call) in calls.iter().enumerate() {
        if at < 2 {
            store.keep(&record(*call, &entries(*call))).await.unwrap();
        }
        if at > 0 {
            std::fs::write(day.join(format!("{call}.jsonl")), journal(&entries(*call))).unwrap();
        }
    }
    let history = History::new(Library::new(folder.path().to_owned()), Some(store));
    let ids = |past: Vec<Past>| past.into_iter().map(|past| past.call).collect::<Vec<_>>();
    let all: Vec<String> = calls.iter().map(ToString::to_string).collect();
    assert_eq!(ids(history.newest(2).await.unwrap()), [all[2].clone(), all[1].clone()]);
    assert_eq!(ids(history.since("2026-11-21").await.unwrap()), all);
    assert_eq!(ids(history.since("2026-11-22").await.unwrap()), Vec::<String>::new());
    assert_eq!(history.bills("2026-11-20").await.unwrap().len(), 3);
    assert_eq!(ids(history.find(&all[1]).await.unwrap()), [all[1].clone()]);
}

#[tokio::test]
async fn of_journals_too_a_clinic_is_told_its_own_alone() {
    let folder = folder();
    let (ours, theirs) = (store(folder.path(), "ours").await, store(folder.path(), "theirs").await);
    let day = folder.path().join("2026-11-21");
    std::fs::create_dir_all(&day).unwrap();
    let calls = ["ours", "theirs"].map(|clinic| {
        let call = CallId::new();
        let text = journal(&entries(call)).replace("clinic-of-the-journal", clinic);
        std::fs::write(day.join(format!("{call}.jsonl")), text).unwrap();
        call.to_string()
    });
    for (store, own, other) in [(ours, &calls[0], &calls[1]), (theirs, &calls[1], &calls[0])] {
        let history = History::new(Library::new(folder.path().to_owned()), Some(store));
        // The newest is another's.
        let newest: Vec<String> = history.newest(1).await.unwrap().into_iter().map(|past| past.call).collect();
        assert_eq!(newest, std::slice::from_ref(own));
        assert_eq!(history.find(other).await.unwrap(), []);
        assert_eq!(history.since("").await.unwrap().len(), 1);
        assert_eq!(history.bills("").await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_new_key_seals_everything_anew_and_nothing_is_lost() {
    let folder = folder();
    let keys = folder.path().join("store/keys.toml");
    let before = store(folder.path(), "clinic-of-the-journal").await;
    let calls: Vec<CallId> = (0..3).map(|_| CallId::new()).collect();
    for call in &calls[..2] {
        before.keep(&record(*call, &entries(*call))).await.unwrap();
    }
    assert_eq!(keys::add(&keys).unwrap(), 2);
    let after = store(folder.path(), "clinic-of-the-journal").await;
    // A server that goes on with the key before.
    before.keep(&record(calls[2], &entries(calls[2]))).await.unwrap();
    let sealed = after.sealed_by().await.unwrap();
    assert_eq!(sealed.keys().collect::<Vec<_>>(), [&1]);
    assert_eq!(after.reseal().await.unwrap().0 as i64, sealed[&1]);
    assert_eq!(after.sealed_by().await.unwrap(), BTreeMap::from([(2, sealed[&1])]));
    assert_eq!(after.reseal().await.unwrap(), (0, vec![]));
    for call in &calls {
        assert_eq!(after.find(&call.to_string()).await.unwrap()[0].entries, entries(*call));
    }
    let closed = before.find(&calls[0].to_string()).await.unwrap().remove(0).closed;
    assert!(closed[0].contains("version 2"), "it is told what it lacks: {closed:?}");
}

#[tokio::test]
async fn a_value_that_does_not_open_is_named_and_hides_no_other() {
    let folder = folder();
    let store = store(folder.path(), "clinic-of-the-journal").await;
    let call = CallId::new();
    let entries = entries(call);
    store.keep(&record(call, &entries)).await.unwrap();
    // The caller's own words, in the fourth line of the journal.
    store.database.execute_unprepared("UPDATE transcript SET text = X'00000001' WHERE seq = 3").await.unwrap();
    let place = format!("transcript.text/{call}/3");
    let found = store.find(&call.to_string()).await.unwrap().remove(0);
    let others: Vec<Entry> = [&entries[..3], &entries[4..]].concat();
    assert_eq!(found.entries, others);
    assert!(found.closed.len() == 1 && found.closed[0].contains(&place), "{:?}", found.closed);
    let caller = person::Person { phones: vec![CALLER.parse().unwrap()], ..person::Person::default() };
    let held = store.held_about(&caller).await.unwrap();
    assert_eq!(held.calls[0].past.entries, others);
    assert!(held.closed.len() == 1 && held.closed[0].contains(&place), "{:?}", held.closed);
    keys::add(&folder.path().join("store/keys.toml")).unwrap();
    let after = self::store(folder.path(), "clinic-of-the-journal").await;
    let (rows, closed) = after.reseal().await.unwrap();
    assert!(closed.len() == 1 && closed[0].contains(&place), "{closed:?}");
    assert_eq!(after.sealed_by().await.unwrap(), BTreeMap::from([(1, 1), (2, rows as i64)]));
    assert_eq!(after.find(&call.to_string()).await.unwrap()[0].entries, others);
}

#[tokio::test]
async fn a_row_that_was_given_to_another_clinic_does_not_open_there() {
    let folder = folder();
    let (ours, theirs) = (store(folder.path(), "clinic-of-the-journal").await, store(folder.path(), "theirs").await);
    let call = CallId::new();
    ours.keep(&record(call, &entries(call))).await.unwrap();
    ours.database.execute_unprepared("UPDATE calls SET clinic = 'theirs'").await.unwrap();
    let found = theirs.find(&call.to_string()).await.unwrap().remove(0);
    let told = serde_json::to_string(&found.entries).unwrap();
    assert!(!told.contains("insulin") && !told.contains(CALLER), "{told}");
    assert!(found.closed.iter().any(|what| what.contains(&format!("calls.caller/{call}/0"))), "{:?}", found.closed);
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let at = 0_u64..1 << 40;
    let stage = proptest::option::of(0_u64..1 << 40);
    let turn = (0_u32..9_999, proptest::array::uniform11(stage), any::<bool>()).prop_map(|(turn, at, cut)| {
        Entry::Turn(TurnTimeline {
            turn,
            speech_end_us: at[0],
            endpoint_due_us: at[1],
            endpoint_us: at[2],
            stt_final_us: at[3],
            drafted_us: at[4],
            first_token_us: at[5],
            first_tts_us: at[6],
            first_audio_us: at[7],
            first_packet_us: at[8],
            filler_us: at[9],
            finished_us: at[10],
            cut,
        })
    });
    let who = prop_oneof![Just(Who::Caller), Just(Who::Agent), Just(Who::System)];
    let line = (at.clone(), who, any::<String>(), any::<bool>(), any::<u32>())
        .prop_map(|(at_us, who, text, cut, turn)| Entry::Line { at_us, who, text: Pii::new(text), cut, turn });
    let recovered = (at.clone(), any::<String>()).prop_map(|(at_us, detail)| Entry::Recovered {
        at_us,
        what: Recovery::NextModel,
        detail,
    });
    prop_oneof![
        turn,
        line,
        recovered,
        at.clone().prop_map(|at_us| Entry::Key { at_us }),
        (at.clone(), any::<u32>()).prop_map(|(at_us, turn)| Entry::Estimated { at_us, turn }),
        any::<String>().prop_map(|version| Entry::Notice { version }),
        at.prop_map(|at_us| Entry::Hold { at_us })
    ]
}

#[test]
fn whatever_happens_in_a_call_comes_back_in_its_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = folder();
    let store = runtime.block_on(store(folder.path(), "c"));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    runner
        .run(&proptest::collection::vec(any_entry(), 0..40), |middle| {
            let call = CallId::new();
            let [first, planned, ..] = &entries(call)[..] else { panic!("thirteen of them") };
            let mut whole = vec![rang(call, "c"), planned.clone()];
            assert!(matches!(first, Entry::Rang { .. }));
            whole.extend(middle);
            whole.extend(entries(call).split_off(11));
            let found = runtime.block_on(async {
                store.keep(&record(call, &whole)).await.unwrap();
                store.find(&call.to_string()).await.unwrap().remove(0)
            });
            prop_assert_eq!(found.entries, whole);
            Ok(())
        })
        .unwrap();
}
