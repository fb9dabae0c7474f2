//! The store on both databases: the same test over everything that it does, and a PostgreSQL that goes down and comes back.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use attendant::agent::Who;
use attendant::agent::tools::{MESSAGES, Message, MessageKind, Messages, messages};
use attendant::call::CallId;
use attendant::call::timeline::Entry;
use attendant::clinic::Clinic;
use attendant::onboarding::{Finding, Gate};
use attendant::privacy::Pii;
use attendant::records::{Library, Past};
use attendant::store::audit::{Action, Note};
use attendant::store::import::{Found, Importer};
use attendant::store::keys;
use attendant::store::migrate::Standing;
use attendant::store::person::Person;
use attendant::store::retention::Retention;
use attendant::store::tail::Lines;
use attendant::store::{History, Kept, Record, Store, StoreConfig};

use super::postgres::Postgres;

const CLINIC: &str = "harbour-street";

/// A clinic's file.
fn file(id: &str) -> String {
    let sample = include_str!("../../agents/sample-clinic.toml");
    sample
        .replace("id = \"harbour-street\"", &format!("id = \"{id}\""))
        .replace("[emr]\n", "[emr]\nfile = \"b.toml\"\n")
}

fn clinic(id: &str) -> Clinic {
    Clinic::of(&file(id), "clinic.toml").expect("it is in order")
}

/// The journal of a call, in the words of its file.
pub(super) fn journal(call: CallId) -> String {
    format!(
        "{{\"entry\":\"rang\",\"call\":\"{call}\",\"at\":\"2026-11-21T18:00:00.255Z\",\"clinic\":\"{CLINIC}\",\"transport\":\"sip\",\
           \"caller\":\"+16045550137\",\"dialled\":\"+16045550100\",\"language\":\"pa-IN\"}}\n\
         {{\"entry\":\"planned\",\"cheaper\":false,\"arms\":{{\"model\":\"small\"}}}}\n\
         {{\"entry\":\"answered\",\"at_us\":1}}\n\
         {{\"entry\":\"line\",\"at_us\":2,\"who\":\"caller\",\"text\":\"ਮੇਰੀ ਦਵਾਈ\",\"cut\":false,\"turn\":1}}\n\
         {{\"entry\":\"turn\",\"turn\":1,\"speech_end_us\":5,\"endpoint_us\":null,\"stt_final_us\":null,\"first_token_us\":null,\
           \"first_tts_us\":null,\"first_audio_us\":null,\"first_packet_us\":9,\"filler_us\":null,\"finished_us\":null,\"cut\":true}}\n\
         {{\"entry\":\"costs\",\"at_us\":10,\"bill\":{{\"currency\":\"CAD\",\"lines\":[{{\"kind\":\"thinking\",\"provider\":\"openai\",\
           \"model\":\"m\",\"requests\":2,\"cost\":\"0.0012\"}}],\"cached_characters\":3,\"total\":\"0.0012\"}}}}\n"
    )
}

/// The same of another clinic.
fn journal_of(clinic: &str, call: CallId) -> String {
    journal(call).replace(&format!("\"clinic\":\"{CLINIC}\""), &format!("\"clinic\":\"{clinic}\""))
}

/// A line of the ledger: an appointment that was moved in this call.
fn step(call: &str) -> String {
    format!(
        "{{\"at\":\"2026-11-21T18:00:00.250Z\",\"call\":\"{call}\",\"id\":\"1\",\"turn\":1,\"tool\":\"update_appointment\",\"state\":\"done\"}}\n"
    )
}

fn message(call: CallId) -> Message {
    let pii = |text: &str| Pii::new(text.to_owned());
    Message {
        id: "0a1b".to_owned(),
        kind: MessageKind::UnknownOutcome,
        at: "2026-11-21T18:00:00.255Z".to_owned(),
        call,
        clinic: CLINIC.to_owned(),
        caller: pii("+16045550137"),
        name: pii("ਅਮਨ Roe"),
        number: pii("+16045550123"),
        text: pii("please call me"),
    }
}

fn history(store: &Store, records: &Path) -> History {
    History::new(Library::new(records.to_owned()), Some(store.clone()))
}

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
        ("2027-06-01T12:00:00Z", "lines 1, events 1, messages 1"),
        ("2028-01-01T12:00:00Z", "calls 1"),
    ] {
        let now = now.parse().expect("as the test has it");
        assert_eq!(retention.due(now).await.expect("as the test has it").to_string(), due);
        assert_eq!(retention.purge_now(now).await.expect("as the test has it").to_string(), due);
    }
    assert!(history(store, records).newest(9).await.expect("as the test has it").is_empty());
    let chains = store.verify_audit().await.expect("as the test has it");
    assert!(chains.iter().all(|chain| chain.broken.is_empty()), "{chains:?}");
}

#[tokio::test]
async fn everything_a_store_does_it_does_on_sqlite() {
    let records = tempfile::tempdir().unwrap();
    everything(&StoreConfig::default(), records.path()).await;
}

/// What the program says with this configuration.
fn attendant(folder: &Path, settings: &StoreConfig, arguments: &[&str]) -> Output {
    let file = folder.join("attendant.toml");
    let mut config = toml::Table::new();
    config.insert("store".to_owned(), toml::Value::try_from(settings).expect("as the test has it"));
    let records = toml::Table::from_iter([("path".to_owned(), folder.join("records").display().to_string().into())]);
    config.insert("records".to_owned(), records.into());
    let clinic = folder.join("clinic.toml");
    if clinic.exists() {
        let clinic = toml::Table::from_iter([("file".to_owned(), clinic.display().to_string().into())]);
        config.insert("clinic".to_owned(), clinic.into());
    }
    std::fs::write(&file, toml::to_string(&config).expect("as the test has it")).expect("as the test has it");
    let (command, rest) = arguments.split_first().expect("a command");
    let mut program = Command::new(env!("CARGO_BIN_EXE_attendant"));
    program.arg(command).arg("--config").arg(file).args(rest).output().expect("it is built")
}

#[tokio::test]
async fn everything_a_store_does_it_does_on_postgresql_which_may_go_down_and_come_back() {
    let mut postgres = Postgres::start();
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

    // It goes down with a call and a message in the folder, and they are written when it is back.
    let call = CallId::new();
    let day = records.join("2026-11-21");
    std::fs::create_dir_all(&day).unwrap();
    let path = day.join(format!("{call}.jsonl"));
    std::fs::write(&path, journal(call)).unwrap();
    let importer = Importer::new(store.clone(), Library::new(records.clone()));
    postgres.stop();
    let left = Message { id: "0a1d".to_owned(), ..message(call) };
    Arc::new(Messages::new(records.join(MESSAGES))).keep(left).await.unwrap();
    let (found, failure) = importer.look().await;
    assert_eq!((found, failure.is_some(), path.exists()), (Found { kept: 0, waiting: 2 }, true, true));
    let told = attendant(folder.path(), &settings, &["calls"]);
    assert_eq!(told.status.code(), Some(69), "{told:?}");
    postgres.again();
    let (found, failure) = importer.look().await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!((found, path.exists()), (Found { kept: 1, waiting: 0 }, false));
    assert!(messages::waiting(&records).unwrap().is_empty());
    let told = attendant(folder.path(), &settings, &["messages"]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(text.contains("ਅਮਨ Roe") && text.contains("please call me") && text.lines().count() == 3, "{text}{told:?}");
    let shown = attendant(folder.path(), &settings, &["calls", "show", &call.to_string()]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("ਦਵਾਈ"), "{shown:?}");

    // Who read it is noted, and the command tells of a row that was taken out.
    let shown = attendant(folder.path(), &settings, &["audit", "show"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        text.lines().last().is_some_and(|row| row.contains("call_read") && row.contains(&call.to_string())),
        "{text}"
    );
    assert_eq!(attendant(folder.path(), &settings, &["audit", "verify"]).status.code(), Some(0));

    // Who rang gets what is held about them, and has it erased.
    let recording = path.with_extension("wav");
    std::fs::write(&recording, "RIFF").unwrap();
    let out = folder.path().join("export");
    let who = folder.path().join("who");
    std::fs::write(&who, "+16045550137\n").unwrap();
    let of = ["--clinic", CLINIC, "--who", who.to_str().unwrap()];
    let folder_of = out.display().to_string();
    let exported =
        attendant(folder.path(), &settings, &[&["patient", "export"], &of[..], &["--out", &folder_of]].concat());
    assert_eq!(exported.status.code(), Some(0), "{exported:?}");
    let text = std::fs::read_to_string(out.join("export.json")).unwrap();
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["calls"][0]["call"], call.to_string());
    assert_eq!(told["calls"][0]["entries"][3]["text"], "ਮੇਰੀ ਦਵਾਈ");
    assert_eq!(told["calls"][0]["recording"], format!("{call}.wav"));
    assert_eq!(told["calls"][0]["audit"][0]["action"], "call_read");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&out), mode(&out.join("export.json")), mode(&out.join(format!("{call}.wav")))),
        (0o700, 0o600, 0o600)
    );
    let again =
        attendant(folder.path(), &settings, &[&["patient", "export"], &of[..], &["--out", &folder_of]].concat());
    assert_eq!(again.status.code(), Some(64), "what is there is not written over");
    let asked = attendant(folder.path(), &settings, &[&["patient", "erase"], &of[..]].concat());
    assert_eq!((asked.status.code(), recording.exists()), (Some(64), true), "nobody is there to be asked");
    let erased = attendant(folder.path(), &settings, &[&["patient", "erase"], &of[..], &["--yes"]].concat());
    let text = String::from_utf8_lossy(&erased.stdout).into_owned();
    assert!(text.contains("erased: calls 1, lines 1, events 1, messages 1, recordings 1"), "{text}{erased:?}");
    assert!(!recording.exists());
    let purged = attendant(folder.path(), &settings, &["retention", "run"]);
    assert_eq!(purged.status.code(), Some(0), "{purged:?}");
    let shown = attendant(folder.path(), &settings, &["audit", "show"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    for proof in ["person_exported", "person_erased", "purged"] {
        assert!(text.contains(proof), "{text}");
    }
    assert!(!text.contains("5550137"), "and nobody is named");
    assert_eq!(attendant(folder.path(), &settings, &["audit", "verify"]).status.code(), Some(0));
    postgres.run("DELETE FROM audit WHERE seq = 2");
    let told = attendant(folder.path(), &settings, &["audit", "verify"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("BROKEN: row 2 is gone"), "{told:?}");
    assert_eq!(told.status.code(), Some(1));
    let rotated = attendant(folder.path(), &settings, &["keys", "rotate"]);
    assert!(String::from_utf8_lossy(&rotated.stdout).contains("version 3"), "{rotated:?}");
}

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
    postgres.as_clinic(Some("*"), "DELETE FROM messages; DELETE FROM emr_credentials").unwrap();
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
async fn servers_of_one_machine_that_share_a_database_move_their_own_files_each_once() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = postgres.settings();
    let servers = ["one", "other"].map(|server| folder.path().join(server));
    for (at, records) in servers.iter().enumerate() {
        let store = Store::open(&settings, records, clinic(CLINIC).tenant()).unwrap();
        store.migrate().await.unwrap();
        let ledger = records.join("tools.jsonl");
        let call = CallId::new();
        let step = step(&call.to_string());
        std::fs::write(&ledger, step).unwrap();
        assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 1);
        assert_eq!(store.follow(&ledger, Lines::Tools).await.unwrap(), 0);
        assert_eq!(store.tool_steps().await.unwrap().len(), at + 1);
        let chains = store.verify_audit().await.unwrap();
        assert_eq!(chains.len(), at + 1, "a chain each");
        assert!(chains.iter().all(|chain| chain.broken.is_empty()), "{chains:?}");
        let moved = "SELECT COUNT(*) FROM audit WHERE action = 'appointment_moved'";
        assert_eq!(postgres.as_clinic(Some(CLINIC), moved).unwrap(), (at + 1).to_string());
        // Each proves what it took off its own disk.
        let retention = Retention::by_hand(store, &Clinic::sample(), "user jane");
        retention.purge_now("2026-11-23T12:00:00Z".parse().unwrap()).await.unwrap();
    }
    let proofs = "SELECT COUNT(*) FROM audit WHERE action = 'purged' AND subject LIKE 'files%'";
    assert_eq!(postgres.as_clinic(Some(CLINIC), proofs).unwrap(), "2");
}

#[tokio::test]
async fn a_clinic_is_disabled_by_its_id_whatever_has_become_of_its_files() {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = postgres.settings();
    let store = Store::open(&settings, &folder.path().join("records"), clinic(CLINIC).tenant()).unwrap();
    store.migrate().await.unwrap();
    store.put_clinic(&clinic(CLINIC), "user jane").await.unwrap();
    // The configured one is being edited, and this release does not read what one before put into the store.
    std::fs::write(folder.path().join("clinic.toml"), "id = 7").unwrap();
    postgres.run("UPDATE clinics SET file = 'id = 7'");
    for (switch, state) in [("disable", "is disabled"), ("enable", "takes no calls until")] {
        let told = attendant(folder.path(), &settings, &["clinic", switch, CLINIC]);
        let text = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.status.success() && text.contains(state), "{text}{told:?}");
    }
    let listed = attendant(folder.path(), &settings, &["clinic", "list"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains(CLINIC), "{listed:?}");
    let unknown = attendant(folder.path(), &settings, &["clinic", "disable", "nowhere"]);
    assert_eq!(unknown.status.code(), Some(64), "{unknown:?}");
    assert_eq!(store.audited(9).await.unwrap().len(), 3, "added, disabled, enabled");
}

/// Everything in this folder, but for what stands under `without`.
fn copied(from: &Path, to: &Path, without: &Path) {
    std::fs::create_dir_all(to).expect("as the test has it");
    for file in std::fs::read_dir(from).expect("as the test has it") {
        let file = file.expect("as the test has it").path();
        let target = to.join(file.file_name().expect("it has a name"));
        if file.is_dir() && file != without {
            copied(&file, &target, without);
        } else if file.is_file() {
            std::fs::copy(&file, &target).expect("as the test has it");
        }
    }
}

/// What there is to be put back of a server: its calls, messages, steps of tools and rows of the audit.
async fn counted(settings: &StoreConfig, records: &Path) -> (Vec<String>, usize, usize, i64) {
    let store = Store::open(settings, records, clinic(CLINIC).tenant()).expect("as the test has it");
    store.make_ready().await.expect("as the test has it");
    let (_, failure) = Importer::new(store.clone(), Library::new(records.to_owned())).look().await;
    assert!(failure.is_none(), "{failure:?}");
    let past = history(&store, records);
    let mut calls = Vec::new();
    for call in past.newest(99).await.expect("as the test has it") {
        let whole = past.find(&call.call).await.expect("as the test has it").remove(0);
        assert!(whole.closed.is_empty(), "{:?}", whole.closed);
        calls.push(whole.call);
    }
    let (messages, closed) = past.messages(99).await.expect("as the test has it");
    let chains = store.verify_audit().await.expect("as the test has it");
    assert!(closed.is_empty() && chains.iter().all(|chain| chain.broken.is_empty()), "{closed:?} {chains:?}");
    let steps = store.tool_steps().await.expect("as the test has it").len();
    store.close().await;
    (calls, messages.len(), steps, chains.iter().map(|chain| chain.rows).sum())
}

#[tokio::test]
async fn a_copy_of_the_folder_and_then_of_the_database_brings_everything_back_once() {
    let folder = tempfile::tempdir().unwrap();
    let (records, copy, again) =
        (folder.path().join("records"), folder.path().join("copy"), folder.path().join("again"));
    let keys = folder.path().join("keys.toml");
    keys::create(&keys).unwrap();
    let settings = StoreConfig { keys: Some(keys), ..StoreConfig::default() };
    let day = records.join("2026-11-21");
    std::fs::create_dir_all(&day).unwrap();
    let messages = Arc::new(Messages::new(records.join(MESSAGES)));
    let notes = attendant::store::notes::Notes::open(&records).unwrap();
    // What happens at one time: a call that is over, a message in it, a booking, a recording that is refused.
    let happens = async |id: &str| {
        let call = CallId::new();
        std::fs::write(day.join(format!("{call}.jsonl")), journal(call)).unwrap();
        messages.keep(Message { id: id.to_owned(), ..message(call) }).await.unwrap();
        let step = step(&call.to_string());
        let mut ledger = std::fs::File::options().append(true).create(true).open(records.join("tools.jsonl")).unwrap();
        std::io::Write::write_all(&mut ledger, step.as_bytes()).unwrap();
        notes.write(&Note::new("attendant", Action::RecordingDeleted, &call.to_string(), "done"));
        call.to_string()
    };
    let first = happens("0b01").await;
    assert_eq!(counted(&settings, &records).await, (vec![first.clone()], 1, 1, 2));
    // This waits while the folder is copied, and is moved before the database is.
    let second = happens("0b02").await;
    copied(&records, &copy, &records.join("store"));
    let all = (vec![second, first], 2, 2, 4);
    assert_eq!(counted(&settings, &records).await, all);
    copied(&records.join("store"), &copy.join("store"), Path::new(""));
    copied(&copy, &again, Path::new(""));
    assert_eq!(counted(&settings, &again).await, all, "nothing is missing, and nothing is there twice");
    // A file that was shorter in between is read from its beginning.
    std::fs::write(again.join("audit.jsonl"), "").unwrap();
    assert_eq!(counted(&settings, &again).await, all);
    std::fs::copy(copy.join("audit.jsonl"), again.join("audit.jsonl")).unwrap();
    assert_eq!(counted(&settings, &again).await, all);
}
