//! A clinic's book that several servers have in PostgreSQL, when the database answers late or stands still.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use attendant::clinic::Clinic;
use attendant::emr::book::Book as EmbeddedBook;
use attendant::emr::{Emr, EmrError, ProviderRef, Refusal};
use attendant::store::Store;
use futures_util::future::join_all;
use jiff::civil::{DateTime, date};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::CLINIC;
use crate::desk::comes;
use crate::live::postgres::{HELD, Postgres, WAITED_FOR};
use crate::wire::oscar::house::{CHEN, JANE, MONDAY, code, wanted};

/// One book of the sample clinic in this database, as a server with this folder has it.
async fn opened(postgres: &Postgres, folder: &Path) -> EmbeddedBook {
    let clinic = Clinic::sample();
    let store = Store::open(&postgres.settings(), folder, clinic.tenant()).expect("its keys are there");
    store.migrate().await.expect("it answers");
    let book = EmbeddedBook::shared(store, &folder.join("book"), &clinic, MONDAY).expect("it is in order");
    book.health(MONDAY.at(8, 0, 0, 0)).await.expect("it answers");
    book
}

fn changes(postgres: &Postgres) -> usize {
    postgres
        .as_clinic(Some(CLINIC), "SELECT COUNT(*) FROM book_changes")
        .expect("it answers")
        .parse()
        .expect("a number")
}

/// What is locked.
const TABLE: &str = "book_changes";

/// Whoever writes waits for so long; whoever reads does not.
async fn held(postgres: &Arc<Postgres>, seconds: u32) -> JoinHandle<()> {
    let holder = postgres.clone();
    let sql = format!("BEGIN; LOCK TABLE {TABLE} IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT");
    let holding = spawn_blocking(move || holder.run(&sql));
    comes(|| (postgres.locks(TABLE, HELD) == 1).then_some(())).await;
    holding
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_the_database_answers_late_is_found_and_stands_once() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Arc::new(Postgres::start());
    let book = opened(&postgres, folder.path()).await;
    let begun = changes(&postgres);
    // For longer than a caller waits.
    let holding = held(&postgres, 5).await;
    let start = date(2026, 11, 30).at(9, 0, 0, 0);
    let booked = book.book(wanted(CHEN, start, JANE)).await.unwrap();
    assert_eq!(booked.start, start);
    holding.await.unwrap();
    let again = book.book(wanted(CHEN, start, JANE)).await.unwrap();
    assert_eq!((again, changes(&postgres)), (booked, begun + 1));
}

/// A caller of one of two servers: which, and who wants what.
#[derive(Clone, Copy, Debug)]
struct Caller {
    server: usize,
    start: DateTime,
    chart: &'static str,
}

/// Six charts want three times, each of two servers.
fn callers() -> Vec<Caller> {
    let quarter = |n: usize| date(2026, 11, 30).at(9, [0, 15, 30][n % 3], 0, 0);
    let caller = |(n, chart)| Caller { server: n / 3, start: quarter(n), chart };
    ["1001", "1002", "1003", "1004", "1005", "1006"].into_iter().enumerate().map(caller).collect()
}

/// Longest that a tool may take for a write, of the 20 s that a call waits for it.
const A_WRITE: Duration = Duration::from_secs(18);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_whose_book_stands_still_with_its_database_hear_so_in_time_and_later_one_of_them_has_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = Arc::new(Postgres::start());
    let servers = ["one", "other"].map(|name| folder.path().join(name));
    let books = [opened(&postgres, &servers[0]).await, opened(&postgres, &servers[1]).await];
    let begun = changes(&postgres);
    let ask = |caller: Caller| {
        let Caller { server, start, chart } = caller;
        let book = &books[server];
        async move { (caller, timeout(A_WRITE, book.book(wanted(CHEN, start, chart))).await.expect("in time")) }
    };
    let standing = async || {
        let rows = books[0].appointments_for_provider(&ProviderRef(CHEN.to_owned()), date(2026, 11, 30)).await.unwrap();
        let theirs = rows.into_iter().filter(|row| callers().iter().any(|caller| caller.start == row.start));
        let mut all: Vec<_> =
            theirs.map(|row| (row.start, row.patient.expect("a caller's").0.reveal().clone())).collect();
        all.sort();
        all
    };

    // A change of each server is sent, and done by nobody, when the database stands still; the other callers wait behind these.
    // It is held for longer than it takes to see that both are sent.
    let holding = held(&postgres, 8).await;
    let freezing = async {
        comes(|| (postgres.locks(TABLE, WAITED_FOR) == 2).then_some(())).await;
        postgres.freeze();
    };
    let (told, ()) = tokio::join!(join_all(callers().into_iter().map(ask)), freezing);
    let codes: Vec<&str> = told.iter().map(|(_, outcome)| code(outcome)).collect();
    let is_clear = |code: &&str| matches!(*code, "unavailable" | "timeout" | "unknown");
    assert!(codes.iter().all(is_clear), "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == "unknown").count(), 2, "only what was sent is in doubt: {codes:?}");
    postgres.thaw();
    holding.await.unwrap();

    // Of what was sent the database does one, or none: both were to be the next change.
    for (start, chart) in standing().await {
        let is_in_doubt = |(caller, outcome): &(Caller, _)| {
            (caller.start, caller.chart) == (start, chart.as_str()) && matches!(outcome, Err(EmrError::Unknown(_)))
        };
        assert!(told.iter().any(is_in_doubt), "{chart} heard that nothing was written, and stands at {start}");
    }
    let mut owners = BTreeMap::new();
    for caller in callers() {
        match ask(caller).await.1 {
            Ok(_) => assert_eq!(owners.insert(caller.start, caller.chart.to_owned()), None, "two were told yes"),
            Err(EmrError::Refused(Refusal::SlotTaken)) => {}
            Err(error) => panic!("it is back: {error}"),
        }
    }
    assert_eq!(standing().await, owners.into_iter().collect::<Vec<_>>(), "each time is somebody's, who was told so");
    assert_eq!(changes(&postgres), begun + 3);
}
