//! The requests as they go over the wire: the first of each kind, of a booking, a move and a cancellation.

use std::collections::BTreeMap;
use std::fmt::Write;

use attendant::sim::fhir::Conduct;

use super::house::House;
use crate::wire::oscar::house::{CHEN, JANE, MONDAY, SINGH, held, place, wanted};

async fn requests(conduct: Conduct) -> String {
    let house = House::open(conduct).await;
    let emr = house.waiting([2_000, 4_000, 4_000]).1;
    let booked = emr.book(wanted(CHEN, MONDAY.at(9, 0, 0, 0), JANE)).await.expect("as the test has it");
    let moved =
        emr.reschedule(held(&booked), place(SINGH, MONDAY.at(14, 0, 0, 0), 30)).await.expect("as the test has it");
    emr.cancel(held(&moved)).await.expect("as the test has it");
    let mut first = BTreeMap::new();
    for exchange in house.sim.exchanges() {
        // What is asked at the same time comes in any order.
        let sought = if exchange.body.contains("identifier=") { " by identifier" } else { "" };
        let write = matches!(exchange.operation.as_str(), "Appointment.update");
        let key = format!("{}{sought}", exchange.operation);
        let count = first.len();
        let key = if write { format!("{key} {count:02}") } else { key };
        first.entry(key).or_insert(exchange);
    }
    let mut text = String::new();
    for exchange in
        first.into_values().filter(|exchange| exchange.operation != "Slot.search" || exchange.line.contains("week-102"))
    {
        writeln!(text, "{}\n{}\n\n{}\n", exchange.line, exchange.headers.join("\n"), exchange.body)
            .expect("as the test has it");
    }
    text
}

#[tokio::test]
async fn requests_to_a_server_that_creates_are_as_written() {
    insta::assert_snapshot!(requests(Conduct::Strict).await);
}

#[tokio::test]
async fn requests_to_a_server_with_hold_and_book_are_as_written() {
    insta::assert_snapshot!(requests(Conduct::Argonaut).await);
}
