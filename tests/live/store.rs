//! The store on both databases: the same test over everything that it does, and a PostgreSQL that goes down and comes back.

use std::path::Path;
use std::process::{Command, Output};

use attendant::agent::Who;
use attendant::call::CallId;
use attendant::call::timeline::Entry;
use attendant::privacy::Pii;
use attendant::records::{Library, Past};
use attendant::store::audit::{Action, Note};
use attendant::store::import::{Found, Importer};
use attendant::store::keys;
use attendant::store::migrate::Standing;
use attendant::store::tail::Lines;
use attendant::store::{History, Kept, Record, Store, StoreConfig};

use super::postgres::Postgres;

const CLINIC: &str = "harbour-street";

/// The journal of a call, in the words of its file.
fn journal(call: CallId) -> String {
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

fn history(store: &Store, records: &Path) -> History {
    History::new(Library::new(records.to_owned()), Some(store.clone()))
}

fn ids(past: &[Past]) -> Vec<&str> {
    past.iter().map(|past| past.call.as_str()).collect()
}

/// Everything that a store does, on an empty database.
async fn everything(settings: &StoreConfig, records: &Path) {
    let store = Store::open(settings, records, CLINIC).expect("as the test has it");
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
    let step = format!(
        "{{\"at\":\"2026-11-21T18:00:00.250Z\",\"call\":\"{first}\",\"id\":\"1\",\"turn\":1,\"tool\":\"update_appointment\",\"state\":\"done\"}}\n"
    );
    std::fs::create_dir_all(records).expect("as the test has it");
    std::fs::write(&ledger, step).expect("as the test has it");
    assert_eq!(store.follow(&ledger, Lines::Tools).await.expect("as the test has it"), 1);
    assert_eq!(store.follow(&ledger, Lines::Tools).await.expect("as the test has it"), 0);
    assert_eq!(store.tool_steps().await.expect("as the test has it").len(), 1);
    let chains = store.verify_audit().await.expect("as the test has it");
    assert_eq!((chains.len(), chains[0].rows, chains[0].broken.clone()), (1, 3, vec![]));
    assert_eq!(store.audited(9).await.expect("as the test has it").len(), 3);

    let keys = settings.keys_file(records);
    assert_eq!(keys::add(&keys).expect("as the test has it"), 2);
    let again = Store::open(settings, records, CLINIC).expect("as the test has it");
    let sealed = again.sealed_by().await.expect("as the test has it");
    assert_eq!(again.reseal().await.expect("as the test has it") as i64, sealed[&1]);
    assert_eq!(again.sealed_by().await.expect("as the test has it"), [(2, sealed[&1])].into());
    assert_eq!(history(&again, records).find(&first).await.expect("as the test has it")[0].entries, written);
    again.note(&note).await.expect("as the test has it");
    assert_eq!(
        again.verify_audit().await.expect("as the test has it")[0].broken,
        Vec::<String>::new(),
        "keys of before are still known"
    );

    let other = Store::open(settings, records, "another-clinic").expect("as the test has it");
    let theirs = history(&other, records);
    assert_eq!(
        (theirs.find(&first).await.expect("as the test has it"), theirs.newest(9).await.expect("as the test has it")),
        (vec![], vec![])
    );
    assert!(theirs.bills("2026-01-01").await.expect("as the test has it").is_empty());
    assert!(
        other.verify_audit().await.expect("as the test has it").is_empty()
            && other.tool_steps().await.expect("as the test has it").is_empty()
    );
    store.close().await;
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
    let store = Store::open(&settings, &records, CLINIC).unwrap();
    assert!(store.make_ready().await.unwrap_err().to_string().contains("attendant migrate"));
    let shown = attendant(folder.path(), &settings, &["migrate", "--dry-run"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("CREATE TABLE \"calls\"") && text.contains("bytea"), "{text}{shown:?}");
    assert!(matches!(store.standing().await.unwrap(), Standing::Behind(_)), "nothing was changed");
    everything(&settings, &records).await;

    // It goes down with a call in the folder, and the call is written when it is back.
    let call = CallId::new();
    let day = records.join("2026-11-21");
    std::fs::create_dir_all(&day).unwrap();
    let path = day.join(format!("{call}.jsonl"));
    std::fs::write(&path, journal(call)).unwrap();
    let importer = Importer::new(store.clone(), Library::new(records.clone()));
    postgres.stop();
    let (found, failure) = importer.look().await;
    assert_eq!((found, failure.is_some(), path.exists()), (Found { kept: 0, waiting: 1 }, true, true));
    let told = attendant(folder.path(), &settings, &["calls"]);
    assert_eq!(told.status.code(), Some(69), "{told:?}");
    postgres.again();
    let (found, failure) = importer.look().await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!((found, path.exists()), (Found { kept: 1, waiting: 0 }, false));
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
    postgres.run("DELETE FROM audit WHERE seq = 2");
    let told = attendant(folder.path(), &settings, &["audit", "verify"]);
    assert!(String::from_utf8_lossy(&told.stdout).contains("BROKEN: row 2 is gone"), "{told:?}");
    assert_eq!(told.status.code(), Some(1));
    let rotated = attendant(folder.path(), &settings, &["keys", "rotate"]);
    assert!(String::from_utf8_lossy(&rotated.stdout).contains("version 3"), "{rotated:?}");
}
