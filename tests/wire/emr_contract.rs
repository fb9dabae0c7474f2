//! What every EMR across a network keeps to, whatever is behind it: asked of OSCAR and of FHIR alike, over their simulators.

use std::sync::Arc;

use attendant::emr::{AppointmentRef, Emr, EmrError, Held, PatientRef, Refusal};
use attendant::privacy::Pii;

use super::oscar::house::{CHEN, JANE, MONDAY, SINGH, code, held, place, quarters, wanted};

const fn refused<T>(why: Refusal) -> Result<T, EmrError> {
    Err(EmrError::Refused(why))
}

/// Times of Dr. Singh's Monday that are nobody's to give, each with what stands there; and one that the desk has cancelled at two.
pub async fn gives_no_time_that_is_taken(emr: &dyn Emr, times: &[(i8, i8, &str)]) {
    for (hour, minute, what) in times {
        let booked = emr.book(wanted(SINGH, MONDAY.at(*hour, *minute, 0, 0), JANE)).await;
        assert_eq!(booked, refused(Refusal::SlotTaken), "{what}");
    }
    assert_eq!(code(&emr.book(wanted(SINGH, MONDAY.at(14, 0, 0, 0), JANE)).await), "ok", "cancelled by the desk: free");
}

/// Provider 103 is on no list; these charts are nobody's, or no longer anybody's.
pub async fn books_nobody_who_is_not_there(emr: &dyn Emr, charts: &[&str]) {
    let stranger = emr.book(wanted("103", MONDAY.at(9, 0, 0, 0), JANE)).await;
    assert_eq!(stranger, refused(Refusal::NotFound));
    for chart in charts {
        let booked = emr.book(wanted(SINGH, MONDAY.at(14, 30, 0, 0), chart)).await;
        assert_eq!(booked, refused(Refusal::NotFound), "{chart}");
    }
}

/// `other`: another process, which knows no key of this one.
pub async fn books_one_wish_once(emr: &dyn Emr, other: &dyn Emr) {
    let wish = || wanted(CHEN, quarters()[0], JANE);
    let first = emr.book(wish()).await.expect("as the test has it");
    assert_eq!(emr.book(wish()).await.expect("as the test has it"), first);
    assert_eq!(other.book(wish()).await.expect("as the test has it"), first);
}

/// `set`: the front desk gives the appointment this status. `begun`: those in which it is no longer the telephone's.
pub async fn lets_only_its_owner_change_an_appointment(
    emr: &dyn Emr,
    begun: &[&str],
    cancelled: &str,
    set: impl Fn(&AppointmentRef, &str),
) {
    let booked = emr.book(wanted(CHEN, quarters()[0], JANE)).await.expect("as the test has it");
    let held = held(&booked);
    let to = || place(CHEN, quarters()[2], 15);
    let other = Held { patient: PatientRef(Pii::new("1002".into())), ..held.clone() };
    assert_eq!(emr.cancel(other.clone()).await, refused(Refusal::NotFound));
    assert_eq!(emr.reschedule(other, to()).await, refused(Refusal::NotFound));
    let elsewhere = Held { start: quarters()[1], ..held.clone() };
    assert_eq!(emr.cancel(elsewhere).await, refused(Refusal::Changed));
    // Onto half past ten somebody else is booked, until eleven.
    let taken = place(CHEN, MONDAY.at(10, 45, 0, 0), 15);
    assert_eq!(emr.reschedule(held.clone(), taken).await, refused(Refusal::SlotTaken));
    for status in begun {
        set(&booked.id, status);
        assert_eq!(emr.cancel(held.clone()).await, refused(Refusal::Changed), "{status}");
        assert_eq!(emr.reschedule(held.clone(), to()).await, refused(Refusal::Changed), "{status}");
    }
    // Cancelled already: nothing to do, and nothing to move.
    set(&booked.id, cancelled);
    assert_eq!(emr.cancel(held.clone()).await, Ok(()));
    assert_eq!(emr.reschedule(held, to()).await, refused(Refusal::Changed));
}

/// Two processes move two patients to one time: at most one is told yes.
pub async fn moves_one_of_two_to_a_time(one: Arc<dyn Emr>, other: Arc<dyn Emr>) {
    let a = one.book(wanted(CHEN, quarters()[0], "1001")).await.expect("as the test has it");
    let b = other.book(wanted(CHEN, quarters()[1], "1002")).await.expect("as the test has it");
    let to = || place(SINGH, MONDAY.at(14, 30, 0, 0), 15);
    let (first, second) = tokio::join!(one.reschedule(held(&a), to()), other.reschedule(held(&b), to()));
    let codes = [code(&first), code(&second)];
    assert!(codes.iter().filter(|code| **code == "ok").count() <= 1, "{codes:?}");
}

/// Told yes means one appointment, told no means none, unknown means at most one; and no word of it names anybody.
pub fn is_told_as_it_is<T: std::fmt::Debug>(booked: &Result<T, EmrError>, standing: usize, what: &str) {
    match code(booked) {
        "ok" => assert_eq!(standing, 1, "{what}"),
        "unknown" => assert!(standing <= 1, "{what}"),
        _ => assert_eq!(standing, 0, "{what}: {booked:?}"),
    }
    let words = format!("{booked:?}");
    assert!(!["Jane", "Roe", "ROE", "1984", JANE].iter().any(|name| words.contains(name)), "{words}");
}
