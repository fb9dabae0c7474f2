use super::fake::{Fake, Mood};
use super::*;
use crate::call::CallId;

/// A file with such bytes, as a recording that is to be sent.
fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn bytes(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

fn call() -> String {
    CallId::new().to_string()
}

#[tokio::test]
async fn a_recording_comes_back_as_it_was_sent_and_is_gone_when_it_was_taken_away() {
    let (fake, folder, call) = (Fake::new().await, tempfile::tempdir().unwrap(), call());
    let bucket = fake.bucket("harbour");
    let sound: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    assert_eq!(bucket.get(&call, folder.path()).await.unwrap().map(bytes), None);
    bucket.put(&call, &file(&sound)).await.unwrap();
    assert_eq!(fake.names(), [format!("calls/2026/harbour/{call}.rec")]);
    assert!(bucket.holds(&call).await.unwrap());
    assert_eq!(bucket.get(&call, folder.path()).await.unwrap().map(bytes), Some(sound.clone()));
    assert_eq!(bucket.begin(&call, 31).await.unwrap(), Some(sound[..31].to_vec()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "what was fetched has no name");
    // Another one in its place.
    bucket.put(&call, &file(b"anew")).await.unwrap();
    assert_eq!(fake.bytes(".rec").unwrap(), b"anew");
    bucket.remove(&call).await.unwrap();
    assert_eq!((fake.names(), bucket.holds(&call).await.unwrap()), (vec![], false));
    bucket.remove(&call).await.unwrap();
}

#[tokio::test]
async fn a_clinic_s_calls_are_listed_over_many_pages_and_another_s_never() {
    let fake = Fake::new().await;
    let (ours, theirs) = (fake.bucket("c"), fake.bucket("c-2"));
    let mut calls: Vec<String> = (0..5).map(|_| call()).collect();
    calls.sort();
    for call in &calls {
        ours.put(call, &file(b"ours")).await.unwrap();
    }
    theirs.put(&call(), &file(b"theirs")).await.unwrap();
    assert_eq!(ours.calls(None).await.unwrap(), calls);
    assert_eq!(ours.calls(Some(&calls[3])).await.unwrap(), calls[3..]);
    assert_eq!(theirs.calls(None).await.unwrap().len(), 1);
    assert!(!theirs.holds(&calls[0]).await.unwrap());
    ours.answers().await.unwrap();
}

#[tokio::test]
async fn what_was_done_although_the_answer_was_lost_is_not_done_again() {
    let (fake, call) = (Fake::new().await, call());
    let bucket = fake.bucket("harbour");
    fake.feels(Mood::Loses);
    let lost = bucket.put(&call, &file(b"sound")).await.unwrap_err();
    assert!(matches!(lost, BucketError::Away(_)), "{lost}");
    fake.feels(Mood::Well);
    bucket.put(&call, &file(b"sound")).await.unwrap();
    assert_eq!((fake.puts(), fake.names().len()), (1, 1));
    fake.feels(Mood::Loses);
    bucket.remove(&call).await.unwrap();
    assert_eq!(fake.names().len(), 0);
}

#[tokio::test]
async fn what_is_gone_already_is_gone_also_where_that_is_a_404() {
    let (fake, call) = (Fake::new().await, call());
    fake.feels(Mood::Exact);
    fake.bucket("harbour").remove(&call).await.unwrap();
}

#[tokio::test]
async fn an_object_without_a_byte_is_there_and_begins_with_none() {
    let (fake, call) = (Fake::new().await, call());
    let bucket = fake.bucket("harbour");
    bucket.put(&call, &file(b"")).await.unwrap();
    assert_eq!(bucket.begin(&call, 31).await.unwrap(), Some(vec![]));
    assert!(bucket.holds(&call).await.unwrap());
    bucket.remove(&call).await.unwrap();
    assert!(!bucket.holds(&call).await.unwrap());
}

#[tokio::test]
async fn a_bucket_that_keeps_versions_is_refused_and_nothing_is_left_in_it() {
    let (fake, call) = (Fake::new().await, call());
    let bucket = fake.bucket("harbour");
    fake.feels(Mood::Versions);
    let told = bucket.put(&call, &file(b"sound")).await.unwrap_err();
    assert!(matches!(told, BucketError::Versions) && fake.names().is_empty(), "{told}");
    fake.feels(Mood::Well);
    bucket.put(&call, &file(b"sound")).await.unwrap();
    fake.feels(Mood::Versions);
    assert!(matches!(bucket.remove(&call).await, Err(BucketError::Versions)), "it is not gone");
}

#[tokio::test]
async fn a_bucket_that_is_away_or_not_ours_is_told_from_one_that_does_not_have_it() {
    let (fake, folder, call) = (Fake::new().await, tempfile::tempdir().unwrap(), call());
    let mut bucket = fake.bucket("harbour");
    fake.feels(Mood::Down);
    let told = bucket.holds(&call).await.unwrap_err();
    assert!(matches!(told, BucketError::Refused { status: 503, .. }) && told.is_of_all(), "{told}");
    let told = bucket.calls(None).await.unwrap_err().to_string();
    assert!(told.contains("HTTP 503 SlowDown"), "{told}");
    fake.feels(Mood::Silent);
    bucket.patience = Duration::from_millis(300);
    let told = bucket.get(&call, folder.path()).await.unwrap_err().to_string();
    assert!(told.contains("nothing was heard for 0.3 s"), "{told}");
    fake.feels(Mood::Well);
    // The bucket's name, and then the key, are others'.
    let config = S3Config { bucket: "another".to_owned(), ..fake.config() };
    let other = Bucket::open(&config, &Tenant::made_up("harbour")).unwrap();
    let holds = other.holds(&call).await.map(drop);
    for told in [holds, other.get(&call, folder.path()).await.map(drop), other.remove(&call).await] {
        let told = told.unwrap_err().to_string();
        assert!(told.contains("HTTP 404 NoSuchBucket"), "{told}");
    }
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "Zq8rT6yU2iO4pA1sD3fG").unwrap();
    let mut config = fake.config();
    config.secret_key.file = Some(secret);
    let other = Bucket::open(&config, &Tenant::made_up("harbour")).unwrap();
    let told = other.answers().await.unwrap_err().to_string();
    assert!(told.contains("HTTP 403 SignatureDoesNotMatch") && !told.contains("Zq8r"), "{told}");
    let config = S3Config { endpoint: "http://127.0.0.1:1".to_owned(), ..config };
    let nobody = Bucket::open(&config, &Tenant::made_up("harbour")).unwrap();
    let told = nobody.put(&call, &file(b"sound")).await.unwrap_err().to_string();
    assert!(told.contains("it cannot be connected to"), "{told}");
}
