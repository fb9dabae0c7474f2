//! Records of calls with keys, from the first line of a call to the store: nothing of the caller is in any file, and what is damaged costs itself alone.

use attendant_media::frame::Samples;
use time::macros::datetime;

use super::*;
use crate::call::timeline::Entry;
use crate::records::{Past, Recording, Records, RecordsConfig};
use crate::store::{History, keys};

const CLINIC: &str = "clinic-of-the-journal";
const BEGAN: time::OffsetDateTime = datetime!(2026-11-21 23:59:59 UTC);

/// Of the caller's number and words, and two samples of each side.
const SECRETS: [&[u8]; 5] =
    [b"6045550137", b"insulin", "处方".as_bytes(), b"of course", &[100, 0, 251, 255, 100, 0, 251, 255]];

fn records(folder: &Path, store: &Store) -> Records {
    let settings =
        RecordsConfig { path: Some(folder.to_owned()), transcripts: true, recording: Recording::Announced, s3: None };
    Records::telling(&settings, None, None, Some(store.seal())).unwrap()
}

/// The journal of a call that is over.
fn over(folder: &Path, store: &Store, call: CallId) -> PathBuf {
    let records = records(folder, store);
    let journal = records.journal(call, BEGAN);
    entries(call).iter().for_each(|entry| journal.append(entry));
    drop(journal);
    records.close();
    library(folder).journals().unwrap().remove(0)
}

fn nothing_of_the_caller_is_in(folder: &Path) {
    for path in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if path.is_dir() {
            nothing_of_the_caller_is_in(&path);
        // The database's own files come and go.
        } else if let Ok(bytes) = std::fs::read(&path) {
            for secret in SECRETS {
                assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{secret:?} is in {}", path.display());
            }
        }
    }
}

async fn found(folder: &Path, store: &Store, call: CallId) -> Past {
    let history = History::new(library(folder), Some(store.clone()));
    history.find(&call.to_string()).await.unwrap().remove(0)
}

#[tokio::test]
async fn nothing_of_a_caller_is_on_the_disk_while_they_speak_nor_after_a_kill_and_everything_is_in_the_store_then() {
    let folder = folder();
    let store = store(folder.path(), CLINIC).await;
    let records = records(folder.path(), &store);
    let call = CallId::new();
    let (journal, recorder) = (records.journal(call, BEGAN), records.recorder(call, BEGAN).unwrap());
    recorder.keep();
    let told = &entries(call)[..12];
    told.iter().for_each(|entry| journal.append(entry));
    for slot in 0..120 {
        assert!(recorder.try_send(Samples::from_slots(slot), &[100; 320], &[-5; 320]));
    }
    records.flush(Duration::from_secs(10));
    let sound = folder.path().join(format!("2026-11-21/{call}.rec"));
    // Two whole seconds of sound.
    while std::fs::metadata(&sound).map_or(0, |file| file.len()) < 128_000 {
        tokio::task::yield_now().await;
    }
    nothing_of_the_caller_is_in(folder.path());
    let now = found(folder.path(), &store, call).await;
    assert_eq!((now.entries, now.closed), (told.to_vec(), vec![]), "it is told of while the call goes on");
    let importer = Importer::new(store.clone(), library(folder.path()));
    assert_eq!(importer.look().await.0, Found::default());
    // The process ends, and the call has not.
    records.close();
    nothing_of_the_caller_is_in(folder.path());
    let (moved, failure) = importer.look().await;
    assert!(failure.is_none() && moved == Found { kept: 1, waiting: 0 }, "{failure:?} {moved:?}");
    let then = store.find(&call.to_string()).await.unwrap().remove(0);
    assert_eq!((then.entries, then.closed, then.recording), (told.to_vec(), vec![], Some(sound)));
    drop((journal, recorder));
}

#[tokio::test]
async fn a_line_of_a_journal_that_was_changed_is_named_before_and_in_the_store_and_hides_no_other() {
    let folder = folder();
    let store = store(folder.path(), CLINIC).await;
    let call = CallId::new();
    let path = over(folder.path(), &store, call);
    let text = std::fs::read_to_string(&path).unwrap();
    // The fourth is what the caller said.
    std::fs::write(&path, text.replace("\"line\":4,", "\"line\":40,")).unwrap();
    let rest: Vec<Entry> = (1..).zip(entries(call)).filter(|(line, _)| *line != 4).map(|(_, entry)| entry).collect();
    let before = found(folder.path(), &store, call).await;
    assert_eq!(before.entries, rest);
    assert!(before.closed.iter().any(|what| what.contains(&format!("journal/{call}/40"))), "{:?}", before.closed);
    assert!(before.closed.iter().any(|what| what.contains("lines 4 to 4")), "{:?}", before.closed);
    let importer = Importer::new(store.clone(), library(folder.path()));
    assert_eq!(importer.look().await.0, Found { kept: 1, waiting: 0 });
    let mut then = found(folder.path(), &store, call).await;
    let mut named = before.closed;
    named.sort();
    then.closed.sort();
    assert_eq!((then.entries, then.closed, path.exists()), (rest, named, false));
}

#[tokio::test]
async fn a_journal_that_lost_its_first_line_is_still_the_clinic_s_by_whose_keys_it_is_sealed() {
    let folder = folder();
    let (ours, theirs) = (store(folder.path(), CLINIC).await, store(folder.path(), "another").await);
    let call = CallId::new();
    // As of a server that was another clinic's before.
    let path = over(folder.path(), &theirs, call);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.split_once('\n').unwrap().1).unwrap();
    let importer = Importer::new(ours.clone(), library(folder.path()));
    assert_eq!(importer.look().await.0, Found { kept: 1, waiting: 0 });
    assert_eq!(ours.find(&call.to_string()).await.unwrap(), []);
    assert_eq!(theirs.find(&call.to_string()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_journal_whose_key_is_not_there_or_of_which_nothing_opens_waits_and_holds_up_no_other() {
    let folder = folder();
    let before = store(folder.path(), CLINIC).await;
    keys::add(&folder.path().join("store/keys.toml")).unwrap();
    let after = store(folder.path(), CLINIC).await;
    let (newer, moved, clear) = (CallId::new(), CallId::new(), CallId::new());
    let waits = over(folder.path(), &after, newer);
    // Under another call's name nothing of it opens.
    let odd = waits.with_file_name(format!("{moved}.jsonl"));
    std::fs::copy(&waits, &odd).unwrap();
    write(folder.path(), clear);
    let importer = Importer::new(before.clone(), library(folder.path()));
    let (looked, failure) = importer.look().await;
    assert!(failure.is_none() && looked == Found { kept: 1, waiting: 2 }, "{failure:?} {looked:?}");
    let told = importer.import(&waits).await.unwrap_err().to_string();
    assert!(told.contains("version 2") && told.contains(&waits.display().to_string()), "{told}");
    let importer = Importer::new(after.clone(), library(folder.path()));
    let (looked, failure) = importer.look().await;
    assert!(failure.is_none() && looked == Found { kept: 1, waiting: 1 }, "{failure:?} {looked:?}");
    assert_eq!(found(folder.path(), &after, newer).await.entries, entries(newer));
    let told = importer.import(&odd).await.unwrap_err().to_string();
    assert!(told.contains(&format!("journal/{moved}/1")) && odd.exists() && !waits.exists(), "{told}");
}
