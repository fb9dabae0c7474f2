//! A transaction that is given up while PostgreSQL is only beginning it: what others write by the same connection afterwards is not lost in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use attendant::call::CallId;
use attendant::store::{Store, StoreConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::net::UnixStream;
use tokio::sync::{Notify, watch};

use super::{CLINIC, clinic, message};
use crate::desk::in_time;
use crate::live::postgres::Postgres;
use crate::wire::path::Path;

/// As the protocol has it.
const BEGIN: &[u8] = b"BEGIN";

const PIECE: usize = 16 * 1024;

/// What is held back of a connection's answers.
struct Late {
    /// Answers are held back from the next BEGIN on.
    catches: AtomicBool,
    holds: watch::Sender<bool>,
    begun: Notify,
}

impl Late {
    /// A connection to this database.
    async fn connect(self: Arc<Self>, socket: std::path::PathBuf) -> std::io::Result<DuplexStream> {
        let (mut answers, mut questions) = UnixStream::connect(socket).await?.into_split();
        let (ours, theirs) = duplex(PIECE);
        let (mut asked, mut told) = split(theirs);
        let mut held = self.holds.subscribe();
        tokio::spawn(async move {
            let mut piece = vec![0; PIECE];
            while let Ok(length @ 1..) = asked.read(&mut piece).await {
                let begins = piece[..length].windows(BEGIN.len()).any(|part| part == BEGIN);
                if begins && self.catches.swap(false, Ordering::SeqCst) {
                    self.holds.send_replace(true);
                    self.begun.notify_one();
                }
                if questions.write_all(&piece[..length]).await.is_err() {
                    return;
                }
            }
        });
        tokio::spawn(async move {
            let mut piece = vec![0; PIECE];
            while let Ok(length @ 1..) = answers.read(&mut piece).await {
                let is_let_go = held.wait_for(|holds| !holds).await.is_ok();
                if !is_let_go || told.write_all(&piece[..length]).await.is_err() {
                    return;
                }
            }
        });
        Ok(ours)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_after_a_transaction_whose_beginning_was_given_up_is_in_the_database() {
    let (postgres, folder) = (Postgres::start(), tempfile::tempdir().unwrap());
    let late =
        Arc::new(Late { catches: AtomicBool::new(false), holds: watch::Sender::new(false), begun: Notify::new() });
    let (socket, connecting) = (postgres.socket(), late.clone());
    let way = Path::through(move || connecting.clone().connect(socket.clone())).await;
    let settings = StoreConfig { connections: 1, ..postgres.settings_by(way.address) };
    let store = Store::open(&settings, folder.path(), clinic(CLINIC).tenant()).unwrap();
    store.migrate().await.unwrap();

    late.catches.store(true, Ordering::SeqCst);
    let (writer, left) = (store.clone(), message(CallId::new()));
    let writing = tokio::spawn(async move { writer.keep_message(&left).await });
    in_time(late.begun.notified()).await;
    // As by whoever has a deadline of its own.
    writing.abort();
    assert!(writing.await.unwrap_err().is_cancelled());
    late.holds.send_replace(false);

    // One statement, which is a transaction by itself.
    assert_eq!(in_time(store.check_keys()).await.unwrap(), Vec::<u32>::new());
    let count = |table: &str| postgres.as_clinic(Some(CLINIC), &format!("SELECT COUNT(*) FROM {table}")).unwrap();
    assert_eq!((count("known_keys"), count("messages")), ("1".to_owned(), "0".to_owned()));
}
