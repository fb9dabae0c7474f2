use super::*;
use crate::call::CallId;
use crate::clinic::Tenant;
use crate::records::bucket::fake::{Fake, Mood};
use crate::records::sealed;
use crate::store::StoreConfig;
use crate::store::shipping::Shipping;

#[tokio::test]
async fn a_recording_is_given_out_wherever_it_is_and_also_if_it_is_moved_that_moment() {
    let (folder, fake, call) = (tempfile::tempdir().unwrap(), Fake::new().await, CallId::new().to_string());
    let store = Store::open(&StoreConfig::default(), folder.path(), &Tenant::made_up("c")).unwrap();
    store.make_ready().await.unwrap();
    let store = store.with_bucket(Some(fake.bucket("c")));
    let path = folder.path().join("2026-11-21").join(format!("{call}.rec"));
    sealed::recorded(&path, &store.recording_keys(), 16_000).unwrap();
    let mut past = Past { call: call.clone(), entries: vec![], recording: Some(path.clone()), closed: vec![] };
    let on_disk = Sound::of(Some(&store), &past).await.unwrap().unwrap();
    assert_eq!(on_disk, Sound::Disk(path.clone()));
    let out = |name: &str| folder.path().join("out").join(name);
    assert_eq!(on_disk.give_out(Some(&store), &call, &out("1.wav")).await.unwrap(), Ending::Whole);
    let (_, failure) = Shipping::of(&store).unwrap().look().await;
    assert!(failure.is_none() && !path.exists(), "{failure:?}");
    // It was found on the disk, and is not there any more.
    assert_eq!(on_disk.give_out(Some(&store), &call, &out("2.wav")).await.unwrap(), Ending::Whole);
    past.recording = None;
    let moved = Sound::of(Some(&store), &past).await.unwrap().unwrap();
    assert_eq!((&moved, &moved.place()[..]), (&Sound::Bucket, "in the bucket"));
    assert_eq!(moved.give_out(Some(&store), &call, &out("3.wav")).await.unwrap(), Ending::Whole);
    let heard = |name: &str| std::fs::read(out(name)).unwrap();
    assert!(heard("1.wav") == heard("2.wav") && heard("2.wav") == heard("3.wav"));
    fake.feels(Mood::Down);
    assert!(Sound::of(Some(&store), &past).await.is_err(), "nobody knows whether there is one");
    assert!(moved.give_out(Some(&store), &call, &out("4.wav")).await.is_err());
    fake.feels(Mood::Well);
    store.bucket().unwrap().remove(&call).await.unwrap();
    assert_eq!(Sound::of(Some(&store), &past).await.unwrap(), None);
    assert!(moved.give_out(Some(&store), &call, &out("5.wav")).await.is_err());
    assert!(!out("4.wav").exists() && !out("5.wav").exists());
}
