use jiff::SignedDuration;

use super::*;
use crate::call::CallId;
use crate::clinic::Clinic;
use crate::clock;
use crate::records::bucket::fake::{Fake, Mood};
use crate::records::sealed::{self, Ending};
use crate::store::audit::Action;
use crate::store::person::Person;
use crate::store::retention::{Retention, What};
use crate::store::tests::{count, entries, folder, journal};
use crate::store::{Kept, Record, StoreConfig, keys};

const CLINIC: &str = "clinic-of-the-journal";

/// A clinic whose recordings go to a bucket.
struct House {
    folder: tempfile::TempDir,
    fake: Fake,
    store: Store,
}

impl House {
    async fn new() -> Self {
        let (folder, fake) = (folder(), Fake::new().await);
        let store = Self::store(folder.path(), &fake).await;
        Self { folder, fake, store }
    }

    async fn store(folder: &Path, fake: &Fake) -> Store {
        crate::store::tests::store(folder, CLINIC).await.with_bucket(Some(fake.bucket(CLINIC)))
    }

    fn shipping(&self) -> Shipping {
        Shipping::of(&self.store).unwrap()
    }

    /// The recording of a call of so many days ago.
    fn recorded(&self, days: i64) -> (String, PathBuf) {
        let began = clock::now() - SignedDuration::from_hours(24 * days);
        let at = uuid::Timestamp::from_unix(uuid::NoContext, began.as_second().unsigned_abs(), 0);
        let call = CallId(uuid::Uuid::new_v7(at));
        let path = self.folder.path().join(&clock::stamp_of(began)[..10]).join(format!("{call}.rec"));
        sealed::recorded(&path, &self.store.recording_keys(), 20_000).unwrap();
        (call.to_string(), path)
    }

    /// The same, of a call that is in the store.
    async fn call(&self, days: i64) -> (String, PathBuf) {
        let (id, path) = self.recorded(days);
        let call = CallId(uuid::Uuid::try_parse(&id).unwrap());
        let began = clock::now() - SignedDuration::from_hours(24 * days);
        let text = journal(&entries(call)).replace("2026-11-21T23:59:59.123Z", &clock::stamp_of(began));
        assert_eq!(self.store.keep(&Record::of(&id, &text)).await.unwrap(), Kept::Now);
        (id, path)
    }

    async fn look(&self) -> (usize, usize, bool) {
        let (Shipped { moved, waiting }, failure) = self.shipping().look().await;
        (moved, waiting, failure.is_none())
    }

    async fn purge(&self) -> Result<u64, crate::store::retention::PurgeError> {
        let purge = Retention::by_hand(self.store.clone(), &Clinic::sample(), "user jane");
        purge.purge_now(clock::now()).await.map(|counts| counts.of(What::Recordings))
    }

    async fn purged(&self) -> Vec<String> {
        let notes = self.store.audited(99).await.unwrap().into_iter().map(|(_, _, note)| note);
        let purged = notes.filter(|note| note.action == Action::Purged);
        purged.map(|note| format!("{}: {}", note.subject.split(' ').next().unwrap(), note.outcome)).collect()
    }
}

fn jane() -> Person {
    Person { phones: vec!["+16045550137".parse().unwrap()], ..Person::default() }
}

#[tokio::test]
async fn a_recording_that_is_over_is_moved_as_it_is_and_one_being_written_stays() {
    let house = House::new().await;
    let (call, path) = house.recorded(0);
    let (_, open) = house.recorded(0);
    let sealed = std::fs::read(&path).unwrap();
    let writer = File::open(&open).unwrap();
    writer.lock().unwrap();
    let part = path.with_extension("rec.part");
    std::fs::write(&part, "not to be kept yet").unwrap();
    assert_eq!(house.look().await, (1, 0, true));
    assert_eq!((path.exists(), open.exists(), part.exists()), (false, true, true));
    assert_eq!(house.fake.bytes(&format!("{CLINIC}/{call}.rec")), Some(sealed));
    drop(writer);
    assert_eq!(house.look().await, (1, 0, true));
    assert_eq!((house.fake.names().len(), house.fake.puts()), (2, 2));
}

#[tokio::test]
async fn the_folder_of_a_day_that_is_past_goes_with_its_last_recording() {
    let house = House::new().await;
    let (_, old) = house.recorded(5);
    assert_eq!(house.look().await, (1, 0, true));
    assert!(!old.parent().unwrap().exists());
}

#[tokio::test]
async fn while_the_bucket_is_away_recordings_wait_and_each_is_there_once_when_it_is_back() {
    let house = House::new().await;
    let files: Vec<PathBuf> = (0..3).map(|_| house.recorded(0).1).collect();
    house.fake.feels(Mood::Down);
    assert_eq!(house.look().await, (0, 3, false));
    assert!(files.iter().all(|path| path.exists()));
    // The first is there, and the answer lost.
    house.fake.feels(Mood::Loses);
    assert_eq!((house.look().await, house.fake.puts()), ((0, 3, false), 1));
    house.fake.feels(Mood::Well);
    assert_eq!(house.look().await, (3, 0, true));
    assert!(files.iter().all(|path| !path.exists()));
    assert_eq!((house.fake.names().len(), house.fake.puts()), (3, 3), "none is lost, and none was sent twice");
}

#[tokio::test]
async fn the_server_moves_what_is_there_until_it_stops() {
    let house = House::new().await;
    let (call, _) = house.recorded(0);
    let stop = CancellationToken::new();
    let running = tokio::spawn(house.shipping().run(stop.clone()));
    house.fake.put().await;
    stop.cancel();
    running.await.unwrap();
    assert!(house.fake.bytes(&format!("{call}.rec")).is_some());
}

#[tokio::test]
async fn what_is_erased_or_sealed_anew_while_it_is_sent_is_not_what_stays() {
    let house = House::new().await;
    let (call, path) = house.recorded(0);
    house.fake.feels(Mood::Waits);
    let shipping = house.shipping();
    let looking = tokio::spawn(async move { shipping.look().await });
    house.fake.put().await;
    std::fs::remove_file(&path).unwrap();
    house.fake.go();
    let (shipped, failure) = looking.await.unwrap();
    assert!(failure.is_none() && shipped == Shipped::default() && house.fake.names().is_empty(), "{failure:?}");

    let (again, path) = house.recorded(0);
    assert_ne!(call, again);
    let shipping = house.shipping();
    let looking = tokio::spawn(async move { shipping.look().await });
    house.fake.put().await;
    let beside = path.with_extension("new");
    std::fs::write(&beside, "sealed anew").unwrap();
    std::fs::rename(&beside, &path).unwrap();
    house.fake.go();
    let (shipped, _) = looking.await.unwrap();
    assert_eq!((shipped, path.exists()), (Shipped { moved: 0, waiting: 1 }, true));
    house.fake.feels(Mood::Well);
    assert_eq!(house.look().await, (1, 0, true));
    assert_eq!(house.fake.bytes(&format!("{again}.rec")).unwrap(), b"sealed anew");
}

#[tokio::test]
async fn retention_takes_what_is_past_its_time_out_of_the_bucket_and_proves_it_only_then() {
    let house = House::new().await;
    let (old, young) = (house.recorded(100).0, house.recorded(1).0);
    assert_eq!(house.look().await, (2, 0, true));
    house.fake.feels(Mood::Down);
    let away = house.purge().await.unwrap_err().to_string();
    assert!(away.contains("HTTP 503"), "{away}");
    assert_eq!(house.purged().await, ["files: nothing"], "what is not gone is not proved");
    house.fake.feels(Mood::Well);
    assert_eq!(house.purge().await.unwrap(), 1);
    assert_eq!(house.fake.bytes(&format!("{old}.rec")), None);
    assert!(house.fake.bytes(&format!("{young}.rec")).is_some());
    assert_eq!(house.purged().await[1..], ["files: nothing", "database: recordings 1"]);
}

#[tokio::test]
async fn a_recording_that_cannot_be_taken_away_keeps_no_other_in_the_bucket() {
    let house = House::new().await;
    let locked = house.recorded(102).0;
    house.recorded(101);
    house.recorded(100);
    assert_eq!(house.look().await, (3, 0, true));
    house.fake.locks(Some(&format!("{locked}.rec")));
    let kept = house.purge().await.unwrap_err().to_string();
    assert!(kept.contains("HTTP 403 AccessDenied"), "{kept}");
    assert_eq!(house.fake.names().len(), 1);
    assert_eq!(house.purged().await, ["files: nothing"], "what is not gone is not proved");
    house.fake.locks(None);
    assert_eq!((house.purge().await.unwrap(), house.fake.names().len()), (1, 0));
}

#[tokio::test]
async fn who_asks_for_it_is_erased_from_the_bucket_too_and_nothing_is_while_it_is_away() {
    let house = House::new().await;
    let (call, _) = house.call(0).await;
    assert_eq!(house.look().await, (1, 0, true));
    house.fake.feels(Mood::Down);
    let held = house.store.held_about(&jane()).await.unwrap();
    assert!(
        held.closed.iter().any(|what| what.starts_with("recordings that are not on the disk: ")),
        "{:?}",
        held.closed
    );
    assert!(house.store.erase(&held, "request-1", "user jane").await.is_err());
    assert_eq!(count(&house.store, "calls").await, 1, "it is found again");
    house.fake.feels(Mood::Well);
    let held = house.store.held_about(&jane()).await.unwrap();
    assert!(held.closed.is_empty() && held.calls[0].is_recorded() && held.calls[0].past.recording.is_none());
    assert_eq!(house.store.unclaimed_recordings().await.unwrap(), 0);
    let counts = house.store.erase(&held, "request-1", "user jane").await.unwrap();
    assert_eq!((counts.of(What::Recordings), house.fake.names().len()), (1, 0));
    // As one that was on its way from another server, which ended there.
    let at = house.folder.path().join("2026-11-21").join(format!("{call}.rec"));
    sealed::recorded(&at, &house.store.recording_keys(), 100).unwrap();
    house.store.bucket().unwrap().put(&call, &File::open(&at).unwrap()).await.unwrap();
    std::fs::remove_file(&at).unwrap();
    assert_eq!((house.purge().await.unwrap(), house.fake.names().len()), (1, 0));
}

#[tokio::test]
async fn a_recording_that_the_bucket_keeps_keeps_nothing_else_of_whom_is_erased_and_goes_once_it_can() {
    let house = House::new().await;
    let (locked, other) = (house.call(1).await.0, house.call(0).await.0);
    assert_eq!(house.look().await, (2, 0, true));
    house.fake.locks(Some(&format!("{locked}.rec")));
    let held = house.store.held_about(&jane()).await.unwrap();
    let counts = house.store.erase(&held, "request-1", "user jane").await.unwrap();
    assert_eq!((counts.of(What::Calls), counts.of(What::Recordings)), (2, 1));
    assert_eq!((count(&house.store, "calls").await, count(&house.store, "transcript").await), (0, 0));
    assert!(house.fake.bytes(&format!("{other}.rec")).is_none());
    assert_eq!(house.store.kept_in_bucket(&held).await.unwrap(), [locked]);
    let notes = house.store.audited(99).await.unwrap();
    let (_, _, proof) = notes.iter().find(|(_, _, note)| note.action == Action::PersonErased).unwrap();
    assert!(proof.outcome.ends_with("recordings 1, kept by the bucket 1"), "{}", proof.outcome);
    assert!(house.purge().await.is_err(), "it is not forgotten");
    house.fake.locks(None);
    assert_eq!((house.purge().await.unwrap(), house.fake.names().len()), (1, 0));
    assert_eq!(house.store.kept_in_bucket(&held).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_erased_at_another_server_is_not_left_in_the_bucket_by_the_one_that_has_the_file() {
    let house = House::new().await;
    let (_, path) = house.call(0).await;
    let elsewhere = path.with_extension("elsewhere");
    std::fs::rename(&path, &elsewhere).unwrap();
    let held = house.store.held_about(&jane()).await.unwrap();
    house.store.erase(&held, "request-1", "user jane").await.unwrap();
    std::fs::rename(&elsewhere, &path).unwrap();
    assert_eq!(house.look().await, (0, 0, true));
    assert_eq!((house.fake.names().len(), path.exists()), (0, false));
}

#[tokio::test]
async fn a_recording_whose_call_is_in_no_store_is_counted() {
    let house = House::new().await;
    house.recorded(0);
    assert_eq!(house.look().await, (1, 0, true));
    assert_eq!(house.store.unclaimed_recordings().await.unwrap(), 1);
}

#[tokio::test]
async fn a_recording_of_which_a_power_cut_left_nothing_keeps_no_other_by_its_old_key() {
    let mut house = House::new().await;
    let (empty, path) = house.recorded(1);
    std::fs::write(&path, "").unwrap();
    house.recorded(0);
    assert_eq!(house.look().await, (2, 0, true));
    keys::add(&StoreConfig::default().keys_file(house.folder.path())).unwrap();
    house.store = House::store(house.folder.path(), &house.fake).await;
    let (done, left) = house.store.reseal_recordings().await.unwrap();
    assert_eq!((done, left), (1, vec![format!("the recording of call {empty} in the bucket")]));
}

#[tokio::test]
async fn a_recording_that_the_bucket_does_not_let_be_replaced_keeps_no_other_by_its_old_key() {
    let mut house = House::new().await;
    let (locked, other) = (house.recorded(1).0, house.recorded(0).0);
    assert_eq!(house.look().await, (2, 0, true));
    let bytes = |house: &House, call: &str| house.fake.bytes(&format!("{call}.rec")).unwrap();
    let before = (bytes(&house, &locked), bytes(&house, &other));
    house.fake.locks(Some(&format!("{locked}.rec")));
    keys::add(&StoreConfig::default().keys_file(house.folder.path())).unwrap();
    house.store = House::store(house.folder.path(), &house.fake).await;
    let (done, left) = house.store.reseal_recordings().await.unwrap();
    assert!(done == 1 && left.len() == 1 && left[0].contains(&locked) && left[0].contains("HTTP 403"), "{left:?}");
    assert!(bytes(&house, &locked) == before.0 && bytes(&house, &other) != before.1);
    house.fake.locks(None);
    assert_eq!(house.store.reseal_recordings().await.unwrap(), (1, vec![]));
}

#[tokio::test]
async fn a_new_key_seals_what_is_in_the_bucket_anew() {
    let mut house = House::new().await;
    let (call, path) = house.recorded(0);
    sealed::recorded(&path.with_file_name(format!("{}.rec", CallId::new())), &house.store.recording_keys(), 9).unwrap();
    assert_eq!(house.look().await, (2, 0, true));
    let (before, old) = (house.fake.bytes(&format!("{call}.rec")).unwrap(), house.store.recording_keys());
    assert_eq!(house.store.reseal_recordings().await.unwrap(), (0, vec![]));
    keys::add(&StoreConfig::default().keys_file(house.folder.path())).unwrap();
    house.store = House::store(house.folder.path(), &house.fake).await;
    assert_eq!(house.store.reseal_recordings().await.unwrap(), (2, vec![]));
    assert_eq!(house.store.reseal_recordings().await.unwrap(), (0, vec![]));
    assert_ne!(house.fake.bytes(&format!("{call}.rec")).unwrap(), before);
    let wav = house.folder.path().join("heard.wav");
    let bucket = house.store.bucket().unwrap();
    let heard = bucket.get(&call, house.folder.path()).await.unwrap().unwrap();
    let again = heard.try_clone().unwrap();
    assert_eq!(sealed::unseal_of(&call, heard, &house.store.recording_keys(), &wav).unwrap(), Ending::Whole);
    assert_eq!(hound::WavReader::open(&wav).unwrap().duration(), 20_000);
    std::io::Seek::rewind(&mut &again).unwrap();
    let wav = house.folder.path().join("old.wav");
    assert!(sealed::unseal_of(&call, again, &old, &wav).is_err(), "the key before does not open it");
}
