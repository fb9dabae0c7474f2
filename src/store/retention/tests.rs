use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::civil::date;

use super::*;
use crate::agent::tools::{Message, MessageKind};
use crate::call::CallId;
use crate::clock;
use crate::privacy::Pii;
use crate::store::audit::{Action, Note};
use crate::store::person::Person;
use crate::store::requests::{Moved, State, Which};
use crate::store::tests::{count, entries, folder, journal, store};
use crate::store::{History, Kept, Record};

const CLINIC: &str = "clinic-of-the-journal";

/// 2026-11-22 at noon in Vancouver.
fn now() -> Timestamp {
    "2026-11-22T20:00:00Z".parse().unwrap()
}

fn clinic() -> Clinic {
    let mut clinic = Clinic::sample();
    clinic.config.retention = RetentionConfig {
        transcripts_days: 30,
        recordings_days: 7,
        messages_days: 60,
        calls_days: 365,
        audit_days: 730,
    };
    clinic
}

/// A call of so many days ago, with its rows, its recording, and a message that was left in it.
async fn call(store: &Store, days: i64) -> (CallId, PathBuf) {
    let began = now() - SignedDuration::from_hours(24 * days);
    let call =
        CallId(uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, began.as_second().unsigned_abs(), 0)));
    let at = clock::stamp_of(began);
    let text = journal(&entries(call)).replace("2026-11-21T23:59:59.123Z", &at);
    assert_eq!(store.keep(&Record::of(&call.to_string(), &text)).await.unwrap(), Kept::Now);
    let id = crate::state::key::digest(&[&call.to_string()]);
    store.keep_message(&left(&id, MessageKind::Message, call, &at)).await.unwrap();
    let day = store.records.join(&at[..10]);
    std::fs::create_dir_all(&day).unwrap();
    let recording = day.join(format!("{call}.wav"));
    std::fs::write(&recording, "RIFF").unwrap();
    (call, recording)
}

fn left(id: &str, kind: MessageKind, call: CallId, at: &str) -> Message {
    let pii = |text: &str| Pii::new(text.to_owned());
    Message {
        id: id.to_owned(),
        kind,
        at: at.to_owned(),
        call,
        clinic: CLINIC.to_owned(),
        caller: pii("+16045550137"),
        name: pii("Jane Roe"),
        number: pii("+16045550137"),
        text: pii("insulin"),
    }
}

async fn purging(folder: &Path) -> (Store, Retention) {
    let store = store(folder, CLINIC).await;
    let purge = Retention::nightly(store.clone(), &clinic(), Shared::default());
    (store, purge)
}

async fn proofs(store: &Store) -> Vec<(String, String)> {
    assert!(store.verify_audit().await.unwrap().iter().all(|chain| chain.broken.is_empty()));
    let notes = store.audited(99).await.unwrap().into_iter().map(|(_, _, note)| note);
    notes.filter(|note| note.action == Action::Purged).map(|Note { subject, outcome, .. }| (subject, outcome)).collect()
}

#[tokio::test]
async fn each_kind_goes_when_its_time_is_over_and_the_audit_says_how_much_and_never_of_whom() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    let mut calls = Vec::new();
    for days in [1, 8, 31, 61, 366] {
        calls.push(call(&store, days).await);
    }
    let theirs = crate::store::tests::store(folder.path(), "another").await;
    let other = Retention::by_hand(theirs, &clinic(), "user jane");
    assert_eq!(other.due(now()).await.unwrap().of(What::Calls), 0, "nobody else's");
    let due = purge.due(now()).await.unwrap();
    let night = date(2026, 11, 22);
    let Purged::Done(counts) = purge.purge(night).await.unwrap() else { panic!("nobody else is at it") };
    assert_eq!(counts.to_string(), "calls 1, lines 6, events 21, messages 2, unfinished 2, recordings 4");
    assert_eq!(due, counts, "what was said to be due");
    let kept = (count(&store, "calls").await, count(&store, "turns").await, count(&store, "costs").await);
    assert_eq!(kept, (4, 4, 8));
    assert_eq!((count(&store, "transcript").await, count(&store, "messages").await), (4, 3));
    let there: Vec<bool> = calls.iter().map(|(_, recording)| recording.exists()).collect();
    assert_eq!(there, [true, false, false, false, false]);
    assert!(!calls[4].1.parent().unwrap().exists(), "an empty day goes too");
    // What is left of a call is its figures, what it came to, and who rang.
    let history = History::new(Library::new(folder.path().to_owned()), Some(store.clone()));
    let old = history.find(&calls[2].0.to_string()).await.unwrap().remove(0).entries;
    assert_eq!(old.len(), 6, "{old:?}");
    let files = (format!("files {night}"), "recordings 4".to_owned());
    let database = (format!("database {night}"), "calls 1, lines 6, events 21, messages 2, unfinished 2".to_owned());
    assert_eq!(proofs(&store).await, [files.clone(), database.clone()]);

    // The same night again: nothing is done, nothing is told.
    call(&store, 400).await;
    assert_eq!(purge.purge(night).await.unwrap(), Purged::Done(Counts::default()));
    assert_eq!((proofs(&store).await.len(), count(&store, "calls").await), (2, 5));
    // By hand at any time.
    let by_hand = Retention::by_hand(store.clone(), &clinic(), "user jane");
    let asked = by_hand.purge_now(now()).await.unwrap();
    assert_eq!(asked.of(What::Calls), 1);
    let proofs = proofs(&store).await;
    assert_eq!(proofs.len(), 4);
    assert!(proofs[3].0.starts_with("database 2026-11-22T20:00:00"), "{proofs:?}");
}

#[tokio::test]
async fn an_open_request_is_kept_for_twice_the_time_and_what_goes_unseen_is_counted() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    let (request, message) = (MessageKind::Registration, MessageKind::Message);
    for (id, kind, days) in [
        ("pending", request, 61),
        ("contacted", MessageKind::WaitingList, 61),
        ("forgotten", request, 121),
        ("registered", request, 61),
        ("acknowledged", message, 61),
        ("unread", message, 61),
        ("young", message, 59),
    ] {
        let at = clock::stamp_of(now() - SignedDuration::from_hours(24 * days));
        store.keep_message(&left(id, kind, CallId::new(), &at)).await.unwrap();
    }
    for (id, state) in [("contacted", State::Contacted), ("registered", State::Registered)] {
        assert_eq!(store.move_request(id, state, "user jane", now().as_millisecond()).await.unwrap(), Moved::Now);
    }
    store.acknowledge("acknowledged", "user jane", now().as_millisecond()).await.unwrap();
    let due = purge.due(now()).await.unwrap().to_string();
    purge.purge(date(2026, 11, 22)).await.unwrap();
    let of_database = &proofs(&store).await[1].1;
    assert_eq!((due.as_str(), of_database.as_str()), ("messages 4, unfinished 2", "messages 4, unfinished 2"));
    let (open, _) = store.requests(Which::Open, 9).await.unwrap();
    let open: Vec<&str> = open.iter().map(|request| request.message.id.as_str()).collect();
    assert_eq!((open, count(&store, "messages").await), (vec!["contacted", "pending"], 3), "and the young one");
}

#[tokio::test]
async fn the_audit_has_a_time_of_its_own_and_what_is_left_of_it_is_proved() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    for days in [800, 731, 729] {
        let at_ms = (now() - SignedDuration::from_hours(24 * days)).as_millisecond();
        store.note(&Note { at_ms, ..Note::new("user jane", Action::CallRead, "c1", "done") }).await.unwrap();
    }
    assert_eq!(purge.due(now()).await.unwrap().to_string(), "audit 2");
    let Purged::Done(counts) = purge.purge(date(2026, 11, 22)).await.unwrap() else { panic!("nobody else is at it") };
    assert_eq!(counts.to_string(), "audit 2");
    assert_eq!(purge.due(now()).await.unwrap().to_string(), "nothing");
    assert_eq!(proofs(&store).await[1].1, "audit 2", "in a chain that is whole");
    let chain = store.verify_audit().await.unwrap().remove(0);
    assert_eq!((chain.purged, chain.rows, count(&store, "audit").await), (2, 6, 4));
}

#[tokio::test]
async fn a_purge_that_broke_off_is_gone_on_with_and_its_proof_has_all_of_it() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    for days in [100, 200] {
        call(&store, days).await;
    }
    let night = date(2026, 11, 22);
    let cutoffs = clinic().config.retention.cutoffs(night, &clinic().zone);
    // As a process that ends before it has written the proof.
    Run::open(&store, Name::Night(night), "").await.unwrap().rows(&cutoffs).await.unwrap();
    assert_eq!(proofs(&store).await, []);
    call(&store, 50).await;
    // Nobody went on with it that night.
    purge.purge(night.tomorrow().unwrap()).await.unwrap();
    let told: Vec<String> =
        proofs(&store).await.into_iter().map(|(subject, outcome)| subject + ": " + &outcome).collect();
    let wanted = [
        "files 2026-11-23: recordings 3",
        "database 2026-11-22: lines 4, events 14, messages 2, unfinished 2",
        "database 2026-11-23: lines 2, events 7",
    ];
    assert_eq!(told, wanted);
}

#[tokio::test]
async fn of_several_servers_one_purges_the_database_and_each_its_own_files() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    call(&store, 100).await;
    let night = date(2026, 11, 22);
    let shared = purge.shared.clone().unwrap();
    let other = Lease::acquire(shared.all(), Key::retention(CLINIC), Instant::now()).await.unwrap();
    assert_eq!(purge.purge(night).await.unwrap(), Purged::Elsewhere);
    assert_eq!(proofs(&store).await, [(format!("files {night}"), "recordings 1".to_owned())]);
    other.release().await;
    let (one, two) = tokio::join!(purge.purge(night), purge.purge(night));
    let done = [one.unwrap(), two.unwrap()].iter().filter(|purged| **purged != Purged::Elsewhere).count();
    assert!(done >= 1);
    assert_eq!(proofs(&store).await.len(), 2, "one proof, whoever did it");
}

#[tokio::test]
async fn a_journal_that_waits_is_moved_and_one_that_never_fitted_goes_in_its_time() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    let (fitting, recording) = call(&store, 100).await;
    let (odd, beside) = call(&store, 101).await;
    for (id, path, text) in [
        (fitting, &recording, journal(&entries(fitting))),
        // As one whose only line breaks off.
        (odd, &beside, "not ours".to_owned()),
    ] {
        std::fs::write(path.with_extension("jsonl"), text).unwrap();
        assert!(path.exists(), "{id}");
    }
    let due = purge.due(now()).await.unwrap().to_string();
    assert_eq!(due, "lines 4, events 14, messages 2, unfinished 2, recordings 2, journals 1");
    purge.purge(date(2026, 11, 22)).await.unwrap();
    let [(_, outcome), _] = &proofs(&store).await[..] else { panic!("two proofs") };
    assert!(outcome == "recordings 2, journals 1", "{outcome}");
    assert!(!beside.with_extension("jsonl").exists() && !recording.with_extension("jsonl").exists());
}

#[tokio::test]
async fn a_recording_of_a_call_that_was_erased_elsewhere_goes_in_the_next_night() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    let (ours, recording) = call(&store, 0).await;
    let held = store.held_about(&Person { phones: vec!["+16045550137".parse().unwrap()], ..Person::default() }).await;
    let held = held.unwrap();
    assert_eq!(held.calls[0].past.call, ours.to_string());
    // As on a server that does not have it.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&recording, &elsewhere).unwrap();
    store.erase(&held, "request-1", "user jane").await.unwrap();
    std::fs::rename(&elsewhere, &recording).unwrap();
    purge.purge(date(2026, 11, 22)).await.unwrap();
    assert!(!recording.exists());
}

#[tokio::test]
async fn a_file_that_nobody_can_look_at_holds_up_no_purge() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    let (_, recording) = call(&store, 100).await;
    let odd = recording.with_extension("jsonl");
    std::os::unix::fs::symlink(&odd, &odd).unwrap();
    let Purged::Done(counts) = purge.purge(date(2026, 11, 22)).await.unwrap() else { panic!("nobody else is at it") };
    assert_eq!(counts.to_string(), "lines 2, events 7, messages 1, unfinished 1, recordings 1");
    assert!(odd.is_symlink() && !recording.exists());
}

#[tokio::test]
async fn a_file_that_cannot_be_deleted_keeps_no_other() {
    let folder = folder();
    let (store, _) = purging(folder.path()).await;
    // A folder is no file.
    let (odd, old) = (folder.path().join("odd"), folder.path().join("old.wav"));
    std::fs::create_dir(&odd).unwrap();
    std::fs::write(&old, "").unwrap();
    let (gone, all) = files::delete(&store, &[odd.clone(), old.clone(), folder.path().join("gone.wav")]).await;
    assert!(gone == 1 && all.is_err() && odd.exists() && !old.exists(), "{all:?}");
}

#[tokio::test]
async fn whatever_holds_a_call_s_sound_goes_in_its_time_and_with_an_erasure_but_not_while_it_is_written() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    let (_, old) = call(&store, 100).await;
    let (_, young) = call(&store, 0).await;
    let all_of =
        |recording: &Path| ["wav", "rec", "new", "rec.part", "wav.part"].map(|ending| recording.with_extension(ending));
    for file in [all_of(&old), all_of(&young)].concat() {
        std::fs::write(&file, "").unwrap();
    }
    let written = std::fs::File::open(old.with_extension("rec.part")).unwrap();
    written.lock().unwrap();
    let Purged::Done(counts) = purge.purge(date(2026, 11, 22)).await.unwrap() else { panic!("nobody else is at it") };
    assert_eq!(counts.of(What::Recordings), 4);
    let there = |recording: &Path| all_of(recording).map(|file| file.exists());
    assert_eq!((there(&old), there(&young)), ([false, false, false, true, false], [true; 5]));
    drop(written);
    let held = Person { phones: vec!["+16045550137".parse().unwrap()], ..Person::default() };
    let held = store.held_about(&held).await.unwrap();
    let counts = store.erase(&held, "request-1", "user jane").await.unwrap();
    assert_eq!((counts.of(What::Recordings), there(&old), there(&young)), (6, [false; 5], [false; 5]));
}

#[tokio::test]
async fn a_message_that_never_fitted_goes_when_its_file_is_past_its_time() {
    let folder = folder();
    let (store, purge) = purging(folder.path()).await;
    let at = folder.path().join(crate::agent::tools::MESSAGES);
    std::fs::create_dir(&at).unwrap();
    let odd = [("a0.json", 61), ("a1.json", 1)].map(|(name, days)| {
        let path = at.join(name);
        std::fs::write(&path, "Jane Roe\n").unwrap();
        let written = now() - SignedDuration::from_hours(24 * days);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(written.into()).unwrap();
        path
    });
    assert_eq!(purge.due(now()).await.unwrap().to_string(), "messages 1");
    purge.purge(date(2026, 11, 22)).await.unwrap();
    assert_eq!(odd.map(|path| path.exists()), [false, true]);
    assert_eq!(proofs(&store).await[0], ("files 2026-11-22".to_owned(), "messages 1".to_owned()));
}
