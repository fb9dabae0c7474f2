//! The embedded book keeps what every EMR keeps that makes charts.

use attendant::clinic::Clinic;
use attendant::emr::Emr;
use attendant::emr::book::Book;
use jiff::civil::date;

use super::emr_contract as contract;

#[tokio::test]
async fn one_chart_is_made_of_a_person_and_it_stays() {
    let folder = tempfile::tempdir().expect("as the test has it");
    let open = || Book::open(folder.path(), &Clinic::sample(), date(2026, 11, 21)).expect("as the test has it");
    let book = open();
    let made = contract::makes_one_chart_of_a_person(&book, &book).await;
    assert_eq!(made.0.reveal(), "T1");
    drop(book);
    let found = open().find_patients(&contract::sought(&contract::nova())).await.expect("as the test has it");
    assert_eq!(found.len(), 1, "after a restart");
}

#[tokio::test]
async fn none_is_made_where_somebody_may_be_them() {
    let folder = tempfile::tempdir().expect("as the test has it");
    let book = Book::open(folder.path(), &Clinic::sample(), date(2026, 11, 21)).expect("as the test has it");
    contract::makes_none_where_somebody_may_be_them(&book).await;
}
