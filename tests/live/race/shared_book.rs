//! One embedded book in PostgreSQL, and two processes that write it.

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

use super::instance::Book;
use super::{Grounds, PATIENCE, clinic_with_book, judge, not_told, of, times, wishes};
use crate::desk::comes_within;
use crate::live::postgres::Postgres;
use crate::wire::oscar::house::{CHEN, JANE, MONDAY, code, wanted};

/// Who stands in a book in these tests' days.
pub(super) async fn standing(book: &EmbeddedBook) -> Vec<(DateTime, String)> {
    let mut standing = Vec::new();
    for day in [MONDAY, date(2026, 11, 25)] {
        let rows = book.appointments_for_provider(&ProviderRef(CHEN.to_owned()), day).await.expect("it is up");
        standing.extend(rows.into_iter().map(|row| (row.start, row.patient.expect("a caller's").0.reveal().clone())));
    }
    standing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_of_two_processes_with_one_embedded_book_never_share_a_time_though_one_is_killed_and_one_stands_still()
{
    let grounds = Grounds::open().await;
    let wishes = wishes();
    let file = clinic_with_book(grounds.folder.path(), &wishes);
    let book = || Book::Shared { clinic: file.clone() };
    let (mut one, _) = grounds.start("one", book(), of(&wishes, 0));
    let (mut other, plan) = grounds.start("other", book(), of(&wishes, 1));
    assert_eq!((one.ready().await, other.ready().await), (100, 100));
    let changes = || grounds.postgres.as_clinic(Some("harbour-street"), "SELECT COUNT(*) FROM book_changes").unwrap();
    let written =
        |count: usize| comes_within(PATIENCE, move || (changes().parse::<usize>().unwrap() >= count).then_some(()));
    one.go().await;
    other.go().await;
    written(1).await;
    one.stand_still();
    written(2).await;
    let killed = other.kill().await;
    let (mut other, _) = grounds.start("other", book(), not_told(&plan.callers, &killed));
    other.ready().await;
    other.go().await;
    one.go_on();
    let heard = killed.and(one.over().await).and(other.over().await);
    let clinic = Clinic::load(&file).unwrap();
    let book = EmbeddedBook::shared(grounds.store("nobody"), &grounds.records("nobody"), &clinic, MONDAY).unwrap();
    let standing = standing(&book).await;
    assert_eq!(standing.len(), times().len(), "and each time goes to somebody");
    assert_eq!(changes(), standing.len().to_string(), "nothing was written that was taken back");
    judge(&grounds, &heard, &standing, &wishes).await;
}

const CLINIC: &str = "harbour-street";

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

/// Until so many wait for, or have, such a lock on the changes.
async fn locks(postgres: &Postgres, which: &str, count: usize) {
    let sql = format!("SELECT COUNT(*) FROM pg_locks WHERE relation = 'book_changes'::regclass AND {which}");
    let there = || postgres.as_clinic(Some(CLINIC), &sql).expect("it answers").parse() == Ok(count);
    comes_within(PATIENCE, || there().then_some(())).await;
}

/// Whoever writes waits for so long; whoever reads does not.
async fn held(postgres: &Arc<Postgres>, seconds: u32) -> JoinHandle<()> {
    let holder = postgres.clone();
    let sql = format!("BEGIN; LOCK TABLE book_changes IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT");
    let holding = spawn_blocking(move || holder.run(&sql));
    locks(postgres, "mode = 'ShareRowExclusiveLock' AND granted", 1).await;
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
        locks(&postgres, "NOT granted", 2).await;
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
