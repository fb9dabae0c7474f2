//! An instance that is lost for good in the middle of a booking, and two others of the clinic: one of them tells the staff, and the lost one, if it returns
//! after all, tells nothing twice.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use attendant::agent::tools::{self, LeftBehind, MESSAGES, Message, Messages, messages};
use attendant::call::CallId;
use attendant::records::instance;
use attendant::sim::oscar::Fault;
use attendant::state::{Key, Shared, State};
use attendant::store::at_rest::Sealing;

use super::{Grounds, PATIENCE, READ_AND_SETTLE_MS, admitted, times, wish};
use crate::desk::comes_within;
use crate::live::redis::Redis;

const CLINIC: &str = "harbour-street";

/// Another instance of the clinic.
struct Other {
    folder: tempfile::TempDir,
    looking: LeftBehind,
}

impl Other {
    fn of(grounds: &Grounds) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let messages = Arc::new(Messages::new(folder.path().join(MESSAGES)));
        let looking = LeftBehind::new(grounds.redis.shared(folder.path()), CLINIC, messages);
        Self { folder, looking }
    }

    async fn looks(&mut self) -> usize {
        self.looking.look().await.expect("Redis answers")
    }
}

fn kept(records: &Path) -> Vec<Message> {
    let files = messages::waiting(records).expect("it is readable");
    files.iter().filter_map(|file| messages::read(file, &Sealing::default()).expect("it is a message")).collect()
}

fn message() -> Message {
    serde_json::from_value(serde_json::json!({
        "id": "a1", "at": "2026-11-21T18:00:00Z", "call": CallId::new(), "clinic": CLINIC, "caller": "+16045550177",
        "name": "Jane Roe", "number": "+16045550123", "text": "please call me"
    }))
    .expect("it is a message")
}

async fn owed(shared: &Shared) -> usize {
    shared.all().table(&Key::left_behind(CLINIC)).await.expect("Redis answers").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_staff_hear_once_of_a_booking_in_whose_middle_the_machine_was_lost() {
    let grounds = Grounds::open().await;
    let wishes = [admitted(&grounds.house, wish(0, times()[0])).await];
    let (mut one, _) = grounds.start("one", grounds.oscar(READ_AND_SETTLE_MS), wishes.to_vec());
    assert_eq!(one.ready().await, 1);
    grounds.house.turn("addAppointment", Fault::Latency(Duration::from_secs(10)), 1);
    one.go().await;
    comes_within(PATIENCE, || (grounds.house.asked("addAppointment") > 0).then_some(())).await;
    let [mut first, mut second] = [Other::of(&grounds), Other::of(&grounds)];
    // For as long as it lives, nobody tells for it, however often they look.
    assert_eq!((first.looks().await, first.looks().await, second.looks().await), (0, 0, 0));
    let raw = grounds.redis.say("HVALS attendant:left:harbour-street").await;
    let lost = grounds.records("one");
    let name = instance(&lost).expect("it has a name");
    one.kill().await;
    assert!(raw.contains('$') && !raw.contains("604556") && !raw.contains("Chen"), "it is there, sealed: {raw}");
    assert!(
        grounds.redis.say(&format!("ZADD attendant:instances XX CH 1 {name}")).await.contains(":1"),
        "a minute ago"
    );
    assert_eq!((first.looks().await, second.looks().await), (0, 0), "at two looks");
    let (by_first, by_second) = tokio::join!(first.looks(), second.looks());
    assert_eq!(by_first + by_second, 1, "one of them tells, once");
    assert_eq!((first.looks().await, second.looks().await), (0, 0));
    let told = [kept(first.folder.path()), kept(second.folder.path())].concat();
    let [message] = &told[..] else { panic!("one message: {}", told.len()) };
    let text = message.text.reveal();
    let start = wishes[0].start.to_string();
    for part in ["Not certain: a booking for", &start, "Dr. Wei Chen", &wishes[0].chart] {
        assert!(text.contains(part), "{part} is not in it: {text}");
    }
    assert!(message.number.reveal().ends_with(&wishes[0].phone));

    // It returns.
    let shared = grounds.redis.shared(&lost);
    let own = Key::interrupted(CLINIC);
    assert_eq!(shared.here().table(&own).await.expect("it is there").len(), 1);
    let messages = Arc::new(Messages::new(lost.join(MESSAGES)));
    tools::deliver(&shared, CLINIC, &messages).await;
    assert_eq!((kept(&lost).len(), shared.here().table(&own).await.expect("it is there").len()), (0, 0));

    // A message that its store has not taken is told in its stead too, if it is lost again.
    let waiting = Message { id: "a1".to_owned(), ..message.clone() };
    messages.keep(waiting.clone()).await.expect("it is writable");
    let mut returned = LeftBehind::new(shared.clone(), CLINIC, messages).with_files(true);
    returned.look().await.expect("Redis answers");
    assert_eq!(owed(&shared).await, 1);
    assert!(grounds.redis.say(&format!("ZREM attendant:instances {name}")).await.contains(":1"));
    assert_eq!((first.looks().await, first.looks().await), (0, 1));
    assert!(kept(first.folder.path()).contains(&waiting) && owed(&shared).await == 0);
}

#[tokio::test]
async fn the_others_know_of_a_message_when_it_is_taken_and_not_only_at_the_next_look() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shared = redis.shared(folder.path());
    let messages = Arc::new(Messages::new(folder.path().join(MESSAGES)).telling(shared.clone()));
    messages.keep(message()).await.expect("it is writable");
    let told = async {
        while owed(&shared).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("nobody has looked yet");
    let mut looking = LeftBehind::new(shared.clone(), CLINIC, messages).with_files(true);
    looking.look().await.expect("Redis answers");
    assert_eq!(owed(&shared).await, 1, "the store has not taken it");
    std::fs::remove_file(folder.path().join(MESSAGES).join("a1.json")).expect("the store takes it");
    looking.look().await.expect("Redis answers");
    assert_eq!(owed(&shared).await, 0);
}

#[tokio::test]
async fn what_the_store_has_taken_and_what_a_write_came_to_is_owed_no_longer() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shared = redis.shared(folder.path());
    let messages = Arc::new(Messages::new(folder.path().join(MESSAGES)));
    messages.keep(message()).await.expect("it is writable");
    let text = std::fs::read_to_string(folder.path().join(MESSAGES).join("a1.json")).expect("it is there");
    shared.here().put(&Key::interrupted(CLINIC), "a2", &text.replace("a1", "a2")).await.expect("it is writable");
    let mut looking = LeftBehind::new(shared.clone(), CLINIC, messages).with_files(true);
    looking.look().await.expect("Redis answers");
    assert_eq!(owed(&shared).await, 2);
    let raw = redis.say("HVALS attendant:left:harbour-street").await;
    assert!(raw.contains('$') && !raw.contains("Roe") && !raw.contains("5550123"), "{raw}");
    assert!(!redis.say("PTTL attendant:left:harbour-street").await.starts_with(":-1"), "it ends");
    std::fs::remove_file(folder.path().join(MESSAGES).join("a1.json")).expect("the store takes it");
    shared.here().remove(&Key::interrupted(CLINIC), "a2").await.expect("it is writable");
    looking.look().await.expect("Redis answers");
    assert_eq!(owed(&shared).await, 0);
}
