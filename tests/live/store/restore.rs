//! A PostgreSQL that was copied with its own programs and put back, by the commands of docs/store.md: the chain of the audit, what is sealed, and one clinic's
//! rows for that clinic alone are as they were.

use attendant::call::CallId;
use attendant::store::audit::{Action, Note};
use attendant::store::keys;
use attendant::store::tail::Lines;
use attendant::store::{Kept, Record, Store};

use super::{CLINIC, attendant, clinic, history, journal, journal_of, message, step};
use crate::live::postgres::{Login, Postgres};

/// Of this person are a call, a message, and what was done about them.
const WHO: &str = "+16045550137\n";

/// What no copy may show.
const SECRETS: [&str; 4] = ["ਦਵਾਈ", "ਅਮਨ", "please call me", "5550123"];

/// Copied and put back as this user, everything is there and nothing is open.
async fn comes_back(login: Login) {
    let postgres = Postgres::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (records, settings) = (folder.path().join("records"), postgres.settings());
    let store = Store::open(&settings, &records, clinic(CLINIC).tenant()).expect("its keys are there");
    store.migrate().await.expect("it is empty");
    let call = CallId::new();
    let keep = async |store: &Store, text: &str, call: CallId| {
        let kept = store.keep(&Record::of(&call.to_string(), text)).await;
        assert_eq!(kept.expect("it is up"), Kept::Now);
    };
    keep(&store, &journal(call), call).await;
    store.keep_message(&message(call)).await.expect("it is up");
    store.note(&Note::new("user jane", Action::CallRead, &call.to_string(), "done")).await.expect("it is up");
    std::fs::write(records.join("tools.jsonl"), step(&call.to_string())).expect("it is writable");
    assert_eq!(store.follow(&records.join("tools.jsonl"), Lines::Tools).await.expect("it is up"), 1);
    // Sealed by two keys, and of two clinics.
    keys::add(&settings.keys_file(&records)).expect("it is writable");
    let theirs = Store::open(&settings, &records, clinic("another-clinic").tenant()).expect("its keys are there");
    let other = CallId::new();
    keep(&theirs, &journal_of("another-clinic", other), other).await;
    let heads = store.verify_audit().await.expect("it is up");
    assert_eq!((heads.len(), heads[0].rows), (1, 2));
    let tables = "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1";
    let rules = postgres.as_clinic(None, tables).expect("everybody may look");
    assert!(rules.contains("messages|t|t"), "{rules}");
    store.close().await;
    theirs.close().await;

    let copy = folder.path().join("attendant.dump").display().to_string();
    let dumped = ["--format=custom", "--file", &copy, "attendant"];
    let dump = match login {
        Login::Administrator => dumped.to_vec(),
        // Rows that the rules keep from this connection would be missing: PostgreSQL says so rather than leave them out.
        Login::Owner => {
            let refused = postgres.program("pg_dump", Login::Owner, None, &dumped).expect_err("not without the rules");
            assert!(refused.contains("row-level security"), "{refused}");
            [&["--enable-row-security"], &dumped[..]].concat()
        }
    };
    let everybody = match login {
        Login::Administrator => None,
        Login::Owner => Some("*"),
    };
    postgres.program("pg_dump", login, everybody, &dump).expect("it is copied");
    let copied = std::fs::read(&copy).expect("it is there");
    for secret in SECRETS {
        assert!(!copied.windows(secret.len()).any(|part| part == secret.as_bytes()), "the copy shows {secret}");
    }

    postgres.program("dropdb", Login::Administrator, None, &["attendant"]).expect("nobody uses it");
    postgres.program("createdb", Login::Administrator, None, &["--owner=attendant", "attendant"]).expect("it is gone");
    let restore = ["--exit-on-error", "--single-transaction", "--dbname=attendant", &copy];
    postgres.program("pg_restore", login, everybody, &restore).expect("it is put back");

    assert_eq!(postgres.as_clinic(None, tables).expect("everybody may look"), rules);
    let calls = |of: Option<&str>| postgres.as_clinic(of, "SELECT call FROM calls").expect("it may ask");
    assert_eq!(calls(Some(CLINIC)), call.to_string());
    assert_eq!((calls(Some("another-clinic")), calls(None)), (other.to_string(), String::new()));
    let run = |arguments: &[&str]| {
        let done = attendant(folder.path(), &settings, arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let verified = run(&["audit", "verify"]);
    assert!(!verified.contains("BROKEN"), "{verified}");
    run(&["keys", "show"]);
    assert!(run(&["calls", "show", &call.to_string()]).contains("ਦਵਾਈ"));
    let (who, out) = (folder.path().join("who"), folder.path().join("export"));
    std::fs::write(&who, WHO).expect("it is writable");
    let paths = [&who, &out].map(|path| path.display().to_string());
    run(&["patient", "export", "--clinic", CLINIC, "--who", &paths[0], "--out", &paths[1]]);
    let exported = std::fs::read_to_string(out.join("export.json")).expect("it is there");
    let exported: serde_json::Value = serde_json::from_str(&exported).expect("JSON");
    assert_eq!(exported["calls"][0]["call"], call.to_string());
    assert_eq!(exported["calls"][0]["entries"][3]["text"], "ਮੇਰੀ ਦਵਾਈ");
    assert_eq!(exported["messages"].as_array().map(Vec::len), Some(1));
    assert!(run(&["keys", "rotate"]).contains("version 3"));
    let store = Store::open(&settings, &records, clinic(CLINIC).tenant()).expect("its keys are there");
    store.make_ready().await.expect("the tables are this release's");
    assert_eq!(store.is_held_to_its_clinic().await.expect("it is up"), Some(true));
    assert_eq!(history(&store, &records).find(&call.to_string()).await.expect("it is up").len(), 1);
    // What was moved before the copy is not moved again.
    assert_eq!(store.follow(&records.join("tools.jsonl"), Lines::Tools).await.expect("it is up"), 0);
    let chains = store.verify_audit().await.expect("it is up");
    assert!(chains[0].rows > 2 && chains.iter().all(|chain| chain.broken.is_empty()), "{chains:?}");
    store.close().await;
}

#[tokio::test]
async fn a_copy_by_the_administrator_brings_everything_back_and_opens_nothing() {
    comes_back(Login::Administrator).await;
}

#[tokio::test]
async fn a_copy_by_the_database_s_own_user_brings_everything_back_and_opens_nothing() {
    comes_back(Login::Owner).await;
}
