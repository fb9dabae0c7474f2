//! A PostgreSQL that is gone without a word in the middle of a statement, as behind a cable that was pulled: others do not wait for what was lost with it.

use std::sync::Arc;

use attendant::agent::tools::Message;
use attendant::call::CallId;
use attendant::store::{Kept, Store, StoreConfig, StoreError};
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{CLINIC, clinic, message};
use crate::desk::{comes, in_time};
use crate::live::postgres::{HELD, Postgres, WAITED_FOR};
use crate::wire::path::Path;

/// A store with one connection, on which nothing comes any more while a message is being written.
struct Lost {
    postgres: Arc<Postgres>,
    store: Store,
    left: Message,
    writing: JoinHandle<Result<Kept, StoreError>>,
    _way: Path,
    _folder: TempDir,
}

impl Lost {
    async fn open() -> Self {
        let (postgres, folder) = (Arc::new(Postgres::start()), tempfile::tempdir().expect("a temporary folder"));
        let socket = postgres.socket();
        let way = Path::through(move || UnixStream::connect(socket.clone())).await;
        let settings = StoreConfig { connections: 1, ..postgres.settings_by(way.address) };
        let store = Store::open(&settings, folder.path(), clinic(CLINIC).tenant()).expect("its keys are there");
        store.migrate().await.expect("the database is empty");
        // Whoever writes waits for this until it is ended, and whoever reads does not.
        let holder = postgres.clone();
        let hold = "BEGIN; LOCK TABLE messages IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(60); COMMIT";
        let holding = spawn_blocking(move || holder.as_clinic(Some(CLINIC), hold));
        comes(|| (postgres.locks("messages", HELD) == 1).then_some(())).await;
        let left = message(CallId::new());
        let (writer, written) = (store.clone(), left.clone());
        let writing = tokio::spawn(async move { writer.keep_message(&written).await });
        comes(|| (postgres.locks("messages", WAITED_FOR) == 1).then_some(())).await;
        way.freeze();
        postgres.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {HELD}"));
        holding.await.expect("it is over").expect_err("it was ended");
        Self { postgres, store, left, writing, _way: way, _folder: folder }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_lost_without_a_word_is_replaced_by_one_that_answers() {
    let lost = Lost::open().await;
    // As of whoever had a deadline of its own.
    lost.writing.abort();
    let again = async {
        loop {
            // It fails as long as the one connection is not given up, and then only after seconds.
            if let Ok(kept) = lost.store.keep_message(&lost.left).await {
                return kept;
            }
        }
    };
    assert_eq!(in_time(again).await, Kept::Now, "what was lost with it was not written");
    assert_eq!(lost.postgres.as_clinic(Some(CLINIC), "SELECT COUNT(*) FROM messages").unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_does_not_wait_for_what_was_lost() {
    let lost = Lost::open().await;
    in_time(lost.store.close()).await;
    assert!(!lost.writing.is_finished(), "what is under way has a deadline of its own, which is later");
    lost.writing.abort();
}
