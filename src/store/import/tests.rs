use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::sync::Notify;

use super::*;
use crate::call::CallId;
use crate::store::tests::{count, entries, folder, journal, store};

mod sealed_journals;

/// What becomes of one try to write.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The database is away.
    Refused,
    /// It is written, and the answer is lost.
    AnswerLost,
    /// The process ends before it is written.
    KilledBefore,
    /// The process ends when it is written, and the journal is still there.
    KilledAfter,
    None,
}

/// A store that fails as it is told, then works.
#[derive(Clone)]
struct Faulty {
    store: Store,
    plan: Arc<Mutex<VecDeque<Fault>>>,
    killed: Arc<Notify>,
}

impl Faulty {
    fn new(store: &Store, plan: impl IntoIterator<Item = Fault>) -> Self {
        Self { store: store.clone(), plan: Arc::new(Mutex::new(plan.into_iter().collect())), killed: Arc::default() }
    }

    async fn die(&self) -> Result<Kept, StoreError> {
        self.killed.notify_one();
        std::future::pending().await
    }
}

fn away() -> StoreError {
    StoreError::Database(sea_orm::DbErr::Custom("away".to_owned()))
}

#[async_trait]
impl Keeper for Faulty {
    async fn keep(&self, record: &Record) -> Result<Kept, StoreError> {
        let fault = self.plan.lock().pop_front().unwrap_or(Fault::None);
        match fault {
            Fault::Refused => Err(away()),
            Fault::KilledBefore => self.die().await,
            Fault::AnswerLost => self.store.keep(record).await.and(Err(away())),
            Fault::KilledAfter => {
                self.store.keep(record).await?;
                self.die().await
            }
            Fault::None => self.store.keep(record).await,
        }
    }
}

fn write(folder: &Path, call: CallId) -> PathBuf {
    let day = folder.join("2026-11-21");
    std::fs::create_dir_all(&day).unwrap();
    let path = day.join(format!("{call}.jsonl"));
    std::fs::write(&path, journal(&entries(call))).unwrap();
    path
}

fn library(folder: &Path) -> Library {
    Library::new(folder.to_owned())
}

/// Starts and ends processes until one lives through a look at the folder without a failure.
async fn until_all_is_well(keeper: &Faulty, folder: &Path) {
    loop {
        let importer = Importer::new(keeper.clone(), library(folder));
        tokio::select! {
            (_, failure) = importer.look() => if failure.is_none() { return },
            () = keeper.killed.notified() => {}
        }
    }
}

#[test]
fn whatever_fails_and_whenever_the_process_ends_each_record_is_there_exactly_once() {
    let fault = prop_oneof![
        Just(Fault::Refused),
        Just(Fault::AnswerLost),
        Just(Fault::KilledBefore),
        Just(Fault::KilledAfter),
        Just(Fault::None)
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = folder();
    let store = runtime.block_on(store(folder.path(), "clinic-of-the-journal"));
    let before = Cell::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(20));
    runner
        .run(&(proptest::collection::vec(fault, 0..10), 1..4_usize), |(plan, calls)| {
            let calls: Vec<CallId> = (0..calls).map(|_| CallId::new()).collect();
            let paths: Vec<PathBuf> = calls.iter().map(|call| write(folder.path(), *call)).collect();
            runtime.block_on(async {
                until_all_is_well(&Faulty::new(&store, plan), folder.path()).await;
                prop_assert!(paths.iter().all(|path| !path.exists()), "no journal is left");
                before.set(before.get() + calls.len() as i64);
                prop_assert_eq!(count(&store, "calls").await, before.get());
                prop_assert_eq!(count(&store, "transcript").await, 2 * before.get());
                for call in &calls {
                    let found = store.find(&call.to_string()).await.unwrap();
                    prop_assert_eq!(&found[0].entries, &entries(*call));
                }
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn a_journal_that_is_being_written_is_left_alone_until_its_writer_is_gone() {
    let folder = folder();
    let store = store(folder.path(), "clinic-of-the-journal").await;
    let path = write(folder.path(), CallId::new());
    let writer = File::options().append(true).open(&path).unwrap();
    writer.lock().unwrap();
    let empty = path.with_file_name(format!("{}.jsonl", CallId::new()));
    File::create(&empty).unwrap();
    let importer = Importer::new(store.clone(), library(folder.path()));
    let (found, failure) = importer.look().await;
    assert!(failure.is_none());
    assert_eq!((found, path.exists(), empty.exists()), (Found::default(), true, true));
    drop(writer);
    assert_eq!(importer.look().await.0, Found { kept: 1, waiting: 0 });
    assert!(!path.exists());
}

#[tokio::test(start_paused = true)]
async fn while_the_database_is_away_records_wait_and_then_are_written() {
    let folder = folder();
    // Connections of a real database do not go with a clock that is paused: this one fails only.
    let waiting = write(folder.path(), CallId::new());
    let (tried, tries) = mpsc::channel(64);
    struct Away(mpsc::Sender<()>);
    #[async_trait]
    impl Keeper for Away {
        async fn keep(&self, _: &Record) -> Result<Kept, StoreError> {
            // The fifth try works.
            self.0.try_send(()).expect("far fewer tries");
            if self.0.max_capacity() - self.0.capacity() < 5 { Err(away()) } else { Ok(Kept::Now) }
        }
    }
    let (closed, ends) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let began = Instant::now();
    let running = tokio::spawn(Importer::new(Away(tried), library(folder.path())).run(ends, stop.clone()));
    while waiting.exists() {
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(500)).await;
    }
    // After 1, 2, 4 and 8 s.
    assert_eq!((tries.len(), began.elapsed().as_secs()), (5, 15));
    let next = write(folder.path(), CallId::new());
    closed.send(next.clone()).await.unwrap();
    stop.cancel();
    running.await.unwrap();
    assert!(!next.exists());
}

#[tokio::test(start_paused = true)]
async fn what_a_caller_left_goes_to_the_store_at_the_end_of_a_call_whose_record_does_not_fit() {
    struct Odd(mpsc::Sender<String>);
    #[async_trait]
    impl Keeper for Odd {
        async fn keep(&self, _: &Record) -> Result<Kept, StoreError> {
            Err(StoreError::Record("of a kind that nobody knows".to_owned()))
        }

        async fn keep_message(&self, message: &Message) -> Result<Kept, StoreError> {
            self.0.try_send(message.id.clone()).expect("one message");
            Ok(Kept::Now)
        }
    }
    let folder = folder();
    let (taken, mut takes) = mpsc::channel(1);
    let (closed, ends) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let running = tokio::spawn(Importer::new(Odd(taken), library(folder.path())).run(ends, stop.clone()));
    // After the look with which it begins.
    tokio::time::sleep_until(Instant::now() + Duration::from_secs(1)).await;
    let call = CallId::new();
    let path = write(folder.path(), call);
    let left = serde_json::json!({
        "id": "a1", "at": "2026-11-21T18:00:00Z", "call": call, "clinic": "c", "caller": "+16045550177",
        "name": "Jane Roe", "number": "+16045550123", "text": "please call me"
    });
    let messages = folder.path().join(messages::MESSAGES);
    std::fs::create_dir(&messages).unwrap();
    std::fs::write(messages.join("a1.json"), left.to_string()).unwrap();
    let ended = Instant::now();
    closed.send(path.clone()).await.unwrap();
    assert_eq!(takes.recv().await.as_deref(), Some("a1"));
    assert_eq!((ended.elapsed(), path.exists()), (Duration::ZERO, true));
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_read_stays_and_holds_up_no_other() {
    let folder = folder();
    let store = store(folder.path(), "clinic-of-the-journal").await;
    let call = CallId::new();
    let path = write(folder.path(), call);
    // One that leads nowhere but to itself, and one that is no file: nobody can read them, whoever asks.
    let odd = [CallId::new(), CallId::new()].map(|id| path.with_file_name(format!("{id}.jsonl")));
    std::os::unix::fs::symlink(&odd[0], &odd[0]).unwrap();
    std::fs::create_dir(&odd[1]).unwrap();
    let last = write(folder.path(), CallId::new());
    let importer = Importer::new(store.clone(), library(folder.path()));
    let (found, failure) = importer.look().await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!((found, path.exists(), last.exists()), (Found { kept: 2, waiting: 2 }, false, false));
    let told = importer.import(&odd[0]).await.unwrap_err().to_string();
    assert!(told.contains(&odd[0].display().to_string()), "{told}");
}
