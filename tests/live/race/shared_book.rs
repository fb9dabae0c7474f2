//! One embedded book in PostgreSQL, and two processes that write it, also while the database is stopped and started again.

use std::time::Duration;

use attendant::clinic::Clinic;
use attendant::clock::elapse;
use attendant::emr::book::Book as EmbeddedBook;
use attendant::emr::{Emr, ProviderRef};
use jiff::civil::{DateTime, date};

use super::instance::Book;
use super::{Grounds, PATIENCE, clinic_with_book, judge, not_told, of, times, wishes};
use crate::desk::comes_within;
use crate::live::postgres::Postgres;
use crate::wire::oscar::house::{CHEN, MONDAY};

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

fn changes(postgres: &Postgres) -> usize {
    let count = postgres.as_clinic(Some("harbour-street"), "SELECT COUNT(*) FROM book_changes");
    count.expect("it answers").parse().expect("a number")
}

/// Twenty changes take 4 s then: the race goes on when the database is stopped.
fn make_slow(postgres: &Postgres) {
    postgres.run(
        "CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END'",
    );
    postgres.run("CREATE TRIGGER slowly BEFORE INSERT ON book_changes FOR EACH ROW EXECUTE FUNCTION slowly()");
}

/// Callers who hear that appointments cannot be reached ask again, so that both processes are at it before, meanwhile and afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_go_on_while_postgresql_is_stopped_and_started_again_never_share_a_time() {
    let mut grounds = Grounds::open().await;
    let wishes = wishes();
    let file = clinic_with_book(grounds.folder.path(), &wishes);
    let book = || Book::Shared { clinic: file.clone() };
    let (mut one, _) = grounds.start("one", book(), of(&wishes, 0));
    let (mut other, _) = grounds.start("other", book(), of(&wishes, 1));
    assert_eq!((one.ready().await, other.ready().await), (100, 100));
    make_slow(&grounds.postgres);
    one.go().await;
    other.go().await;
    comes_within(PATIENCE, || (changes(&grounds.postgres) >= 2).then_some(())).await;
    grounds.postgres.stop();
    elapse(Duration::from_secs(1)).await;
    grounds.postgres.again();
    let before = changes(&grounds.postgres);
    let heard = one.over().await.and(other.over().await);
    assert_eq!(heard.told.len(), wishes.len(), "everybody was answered");
    let clinic = Clinic::load(&file).unwrap();
    let book = EmbeddedBook::shared(grounds.store("nobody"), &grounds.records("nobody"), &clinic, MONDAY).unwrap();
    let standing = standing(&book).await;
    assert!(before < times().len() && standing.len() > before, "{before} before, {} afterwards", standing.len());
    assert_eq!(changes(&grounds.postgres), standing.len(), "nothing was written that was taken back");
    judge(&grounds, &heard, &standing, &wishes).await;
}
