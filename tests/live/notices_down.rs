//! Notices for the staff while PostgreSQL stands still, is gone, and is back: none is lost, and none is sent twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use attendant::agent::tools::{MESSAGES, Messages};
use attendant::clinic::Clinic;
use attendant::clock::{self, elapse};
use attendant::notices::{Deadlines, Notices};
use attendant::records::Library;
use attendant::store::Store;
use attendant::store::import::Importer;
use attendant::store::notices::Waiting;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::notices::{answered, file, message};
use super::postgres::Postgres;
use crate::desk::in_time;

/// After the database is back everybody is told within this.
const A_MINUTE: Duration = Duration::from_secs(60);

struct House {
    postgres: Postgres,
    records: tempfile::TempDir,
    hook: TcpListener,
    store: Store,
    notices: Notices,
}

impl House {
    async fn open() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let (postgres, records) = (Postgres::start(), tempfile::tempdir().expect("a temporary folder"));
        let hook = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let text = file(records.path(), hook.local_addr().expect("bound").port());
        let clinic = Clinic::of(&text, "clinic.toml").expect("it is in order");
        let store = Store::open(&postgres.settings(), records.path(), clinic.tenant()).expect("its keys are there");
        store.migrate().await.expect("the database is empty");
        let notices = Notices::open(&clinic, &store, Some("http://localhost"), Deadlines::default());
        let notices = notices.expect("it is in order").expect("the clinic has them");
        Self { postgres, records, hook, store, notices }
    }

    async fn tries(&self, message: &str) -> u32 {
        let sent = self.store.notices_of(message).await.expect("it is up");
        let [sent] = &sent[..] else { panic!("one address is told: {sent:?}") };
        assert!(sent.sent_ms.is_some(), "{sent:?}");
        sent.tries
    }
}

#[tokio::test]
async fn a_notice_that_was_taken_while_the_database_went_down_is_not_sent_again() {
    let mut house = House::open().await;
    let left = message("0a1b");
    house.store.keep_message(&left).await.unwrap();
    let now: jiff::Timestamp = left.at.parse().unwrap();
    // It is under way when the database goes, and is taken all the same.
    let House { postgres, hook, notices, .. } = &mut house;
    let taking = async {
        let (stream, _) = in_time(hook.accept()).await.unwrap();
        postgres.stop();
        answered(stream, 200).await
    };
    let (told, failed) = tokio::join!(taking, notices.round(now));
    assert_eq!(told["message"], "0a1b");
    failed.unwrap_err();
    house.notices.round(now).await.unwrap_err();
    house.postgres.again();
    // Long after it would have been tried again.
    house.notices.round(now + jiff::SignedDuration::from_mins(2)).await.unwrap();
    assert_eq!(house.store.waiting().await.unwrap(), Waiting { notices: 0, oldest_ms: None, unacknowledged: 1 });
    assert_eq!(house.tries("0a1b").await, 1);
}

/// Leaves messages as calls do, on the disk, and says that a call is over.
async fn leave(records: &Path, ids: &[&str], ended: &mpsc::Sender<PathBuf>) {
    let messages = Arc::new(Messages::new(records.join(MESSAGES)));
    for id in ids {
        messages.keep(message(id)).await.expect("it is writable");
    }
    ended.send(records.join("no-journal")).await.expect("somebody looks");
}

/// How often each of these messages was told of, until each was.
async fn told_of(hook: &TcpListener, ids: &[&str]) -> BTreeMap<String, usize> {
    let until = Instant::now() + A_MINUTE;
    let mut told = BTreeMap::new();
    while ids.iter().any(|id| !told.contains_key(*id)) {
        let (stream, _) = timeout_at(until, hook.accept()).await.expect("within a minute").expect("it is bound");
        let notice = answered(stream, 200).await;
        *told.entry(notice["message"].as_str().expect("it says of which").to_owned()).or_insert(0) += 1;
    }
    told
}

#[tokio::test]
async fn messages_left_while_the_database_stands_still_or_is_gone_are_told_of_once_within_a_minute() {
    let mut house = House::open().await;
    let records = house.records.path().to_owned();
    let stop = CancellationToken::new();
    let (ended, ends) = mpsc::channel(1);
    let importer = Importer::new(house.store.clone(), Library::new(records.clone()));
    let working = [
        tokio::spawn(importer.run(ends, stop.clone())),
        tokio::spawn(house.notices.clone().run(clock::now, stop.clone())),
    ];
    leave(&records, &["0a01"], &ended).await;
    let first = told_of(&house.hook, &["0a01"]).await;
    house.postgres.freeze();
    leave(&records, &["0b01", "0b02"], &ended).await;
    elapse(Duration::from_secs(3)).await;
    house.postgres.thaw();
    let frozen = told_of(&house.hook, &["0b01", "0b02"]).await;
    house.postgres.stop();
    leave(&records, &["0c01", "0c02"], &ended).await;
    elapse(Duration::from_secs(3)).await;
    house.postgres.again();
    let gone = told_of(&house.hook, &["0c01", "0c02"]).await;
    // Whatever was taken is noted, and then nothing of it is ever sent again.
    let noted = async {
        while house.store.waiting().await.expect("it is up").notices > 0 {
            elapse(Duration::from_millis(50)).await;
        }
    };
    timeout_at(Instant::now() + A_MINUTE, noted).await.unwrap();
    for told in [first, frozen, gone] {
        for (id, times) in told {
            assert_eq!((times, house.tries(&id).await), (1, 1), "{id}");
        }
    }
    stop.cancel();
    for work in working {
        work.await.unwrap();
    }
}
