//! PostgreSQL stands still, goes down and comes back while callers are answered and their records are moved: nobody waits for it, and each record is in it once.

use attendant::agent::tools::LEDGER;
use attendant::clinic::Clinic;
use attendant::emr::book::Book as EmbeddedBook;
use attendant::records::Library;
use attendant::store::import::{Found, Importer};

use super::instance::{Book, Wish};
use super::shared_book::standing;
use super::{Grounds, clinic_with_book, judge, times, wishes};
use crate::wire::oscar::house::MONDAY;

/// Four for each time.
const CALLERS: usize = 80;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_answered_while_postgresql_stands_still_or_is_down_and_each_record_is_moved_once() {
    let mut grounds = Grounds::open().await;
    let wishes: Vec<Wish> = wishes().into_iter().take(CALLERS).collect();
    let file = clinic_with_book(grounds.folder.path(), &wishes);
    let book = || Book::Embedded { clinic: file.clone() };
    let (early, late): (Vec<Wish>, Vec<Wish>) = wishes.iter().cloned().partition(|wish| wish.start.date() == MONDAY);

    // It stands still as soon as there is something to move, and until everybody was answered.
    let (mut server, _) = grounds.start("one", book(), early.clone());
    assert_eq!(server.ready().await, early.len());
    server.go().await;
    server.answered(1).await;
    grounds.postgres.freeze();
    server.answered(early.len()).await;
    grounds.postgres.thaw();
    let heard = server.over().await;

    // It is down before the first yes, and also when the server stops: the next start moves what is left.
    let (mut server, _) = grounds.start("one", book(), late.clone());
    assert_eq!(server.ready().await, late.len());
    grounds.postgres.stop();
    server.go().await;
    let heard = heard.and(server.over().await);
    grounds.postgres.again();
    let records = grounds.records("one");
    let store = grounds.store("one");
    let (found, failure) = Importer::new(store.clone(), Library::new(records.clone())).look().await;
    assert!(failure.is_none(), "{failure:?}");
    assert_eq!(found, Found { kept: late.len(), waiting: 0 });
    store.close().await;

    let count = |table: &str| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        grounds.postgres.as_clinic(Some("harbour-street"), &sql).unwrap().parse::<usize>().unwrap()
    };
    let steps = std::fs::read_to_string(records.join(LEDGER)).unwrap().lines().count();
    let moved = ["calls", "turns", "transcript", "tools"].map(count);
    assert_eq!(moved, [CALLERS, CALLERS, CALLERS, steps], "nothing is lost, and nothing is there twice");
    let clinic = Clinic::load(&file).unwrap();
    let book = EmbeddedBook::open(&records.join("book"), &clinic, MONDAY).unwrap();
    let standing = standing(&book).await;
    assert_eq!(standing.len(), times().len(), "and each time goes to somebody");
    judge(&grounds, &heard, &standing, &wishes).await;
}
