//! Copies of the folder of records and of the embedded database, put back: everything is there, and once.

use std::path::Path;
use std::sync::Arc;

use attendant::agent::tools::{MESSAGES, Message, Messages};
use attendant::call::CallId;
use attendant::records::Library;
use attendant::store::audit::{Action, Note};
use attendant::store::import::Importer;
use attendant::store::{Store, StoreConfig, keys};

use super::{CLINIC, clinic, history, journal, message, step};

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
