//! What every EMR across a network keeps to, whatever is behind it: asked of OSCAR and of FHIR alike, over their simulators. Of charts that are made,
//! the same is asked of the embedded book.

use std::sync::Arc;

use attendant::agent::tools::ToolName;
use attendant::emr::{
    AppointmentRef, Emr, EmrError, Held, NewAppointment, NewCard, NewPatient, Number, PatientRef, ProviderRef, Refusal,
    Sex, Sought,
};
use attendant::privacy::Pii;
use jiff::civil::{Date, DateTime, date};
use tempfile::TempDir;

use super::oscar::by_voice::Talk;
use super::oscar::house::{CHEN, Caller, JANE, MONDAY, SINGH, code, held, left, place, quarters, wanted};

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

/// `desk_books`: the front desk books Jane Roe a quarter of an hour with that provider; 103 is on no list. Nobody hears of her appointment with them by
/// telephone, cancels it, or moves it to somebody who is listed.
pub async fn keeps_to_the_providers_of_the_list(
    emr: &dyn Emr,
    desk_books: impl Fn(&str, DateTime) -> AppointmentRef,
    active: impl Fn(&str, DateTime, &str) -> usize,
) {
    let (start, listed) = (MONDAY.at(16, 0, 0, 0), quarters()[0]);
    let stranger = desk_books("103", start);
    desk_books(CHEN, listed);
    let jane = || PatientRef(Pii::new(JANE.to_owned()));
    let told = emr.appointments_for_patient(&jane(), MONDAY.at(0, 0, 0, 0)).await.expect("as the test has it");
    let told: Vec<_> = told.iter().map(|told| (told.provider.0.as_str(), told.start)).collect();
    assert_eq!(told, [(CHEN, listed), (SINGH, MONDAY.at(10, 0, 0, 0))]);
    // As it stands, and as if it were with somebody of the list.
    for (provider, why) in [("103", Refusal::NotFound), (CHEN, Refusal::Changed)] {
        let provider = ProviderRef(provider.to_owned());
        let held = Held { id: stranger.clone(), patient: jane(), provider, start };
        assert_eq!(emr.cancel(held.clone()).await, refused(why));
        assert_eq!(emr.reschedule(held, place(CHEN, quarters()[2], 15)).await, refused(why));
    }
    assert_eq!(active("103", start, JANE), 1, "untouched");
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

/// Birth dates, and the live charts that each finds. Jane Roe's chart, found, tells what makes sure of her.
pub async fn finds_live_charts(emr: &dyn Emr, born: &[(Date, &[&str])]) {
    let find = async |day: Date| {
        let [first_name, last_name] = ["x", "y"].map(|name| Pii::new(name.to_owned()));
        let sought = Sought { birth_date: Pii::new(day), first_name, last_name, calling_from: None };
        emr.find_patients(&sought).await.expect("as the test has it")
    };
    for (day, charts) in born {
        let found: Vec<_> = find(*day).await.into_iter().map(|chart| chart.id.0.into_inner()).collect();
        assert_eq!(found, *charts, "{day}");
    }
    let jane = find(date(1984, 3, 9)).await.remove(0);
    assert_eq!(jane.phones[0], Pii::new("6045550177".to_owned()));
    assert_eq!(
        (jane.card_last4, jane.postal_code),
        (Some(Pii::new("8215".to_owned())), Some(Pii::new("V6B2K3".to_owned())))
    );
}

/// Telephone numbers and numbers of health cards, and the live charts that have each: once, however they are written there, and whether or not the
/// EMR lists what was merged into them as well.
pub async fn finds_charts_by_number(emr: &dyn Emr, phones: &[(&str, &[&str])], cards: &[(&str, &[&str])]) {
    let pii = |number: &str| Pii::new(number.to_owned());
    let phones = phones.iter().map(|(number, charts)| (Number::Telephone(pii(number)), charts));
    let cards = cards.iter().map(|(number, charts)| (Number::HealthCard(pii(number)), charts));
    for (number, charts) in phones.chain(cards) {
        let found = emr.find_by(&number).await.expect("as the test has it");
        let mut found: Vec<_> = found.into_iter().map(|chart| chart.id.0.into_inner()).collect();
        found.sort();
        let sought = match &number {
            Number::Telephone(number) | Number::HealthCard(number) => number.reveal(),
        };
        assert_eq!(found, **charts, "{sought}");
    }
}

/// An EMR that lists the chart of Anne Test and her one appointment twice each: nobody is asked which of two they are, or hears of two.
pub async fn takes_what_is_listed_twice_for_one(emr: &dyn Emr) {
    let pii = |text: &str| Pii::new(text.to_owned());
    let anne = Sought {
        birth_date: Pii::new(date(1984, 3, 9)),
        first_name: pii("Anne"),
        last_name: pii("Test"),
        calling_from: None,
    };
    let found = emr.find_patients(&anne).await.expect("as the test has it");
    assert_eq!(found.len(), 1, "by birth date");
    for number in [Number::Telephone(pii("9055551234")), Number::HealthCard(pii("1234567897"))] {
        let by_number = emr.find_by(&number).await.expect("as the test has it");
        assert_eq!(by_number, found, "by number");
    }
    let from = date(2026, 3, 2).at(9, 0, 0, 0);
    let standing = emr.appointments_for_patient(&found[0].id, from).await.expect("as the test has it");
    assert_eq!(standing.len(), 1, "{standing:?}");
}

/// `about`: what the staff read of an appointment.
pub async fn writes_what_a_visit_is_about(emr: &dyn Emr, about: impl Fn(&AppointmentRef) -> String) {
    for (start, reason, read) in
        [(quarters()[0], None, "Follow-up"), (quarters()[1], Some("his knee & hip"), "Follow-up: his knee & hip")]
    {
        let reason = reason.map(|reason| Pii::new(reason.to_owned()));
        let wish = NewAppointment { reason, ..wanted(CHEN, start, JANE) };
        let booked = emr.book(wish).await.expect("as the test has it");
        assert_eq!(about(&booked.id), read);
    }
}

/// A rival stands where an appointment was moved to: it is moved back. `active`: how many of a patient hold a provider's time.
pub async fn moves_back_from_a_rival(
    emr: &dyn Emr,
    rival: impl FnOnce(),
    active: impl Fn(&str, DateTime, &str) -> usize,
) {
    let (start, to) = (quarters()[0], MONDAY.at(14, 30, 0, 0));
    let booked = emr.book(wanted(CHEN, start, "1001")).await.expect("as the test has it");
    rival();
    let moved = emr.reschedule(held(&booked), place(SINGH, to, 15)).await;
    assert_eq!(moved.expect_err("the time is taken"), EmrError::Refused(Refusal::SlotTaken));
    assert_eq!(active(CHEN, start, "1001"), 1, "where it was");
    assert_eq!(active(SINGH, to, "1001"), 0);
}

/// A rival stands where an appointment was moved to, at the same time with another provider, and the move back is lost: nobody is told that
/// nothing has changed.
pub async fn knows_no_move_back_that_was_lost(emr: &dyn Emr, rival_then_lose: impl FnOnce()) {
    let start = MONDAY.at(14, 30, 0, 0);
    let booked = emr.book(wanted(CHEN, start, "1001")).await.expect("as the test has it");
    rival_then_lose();
    let moved = emr.reschedule(held(&booked), place(SINGH, start, 15)).await;
    assert_eq!(code(&moved), "unknown", "{moved:?}");
    let other = emr.book(wanted(CHEN, MONDAY.at(9, 0, 0, 0), "1004")).await;
    assert_eq!(code(&other), "ok", "others are booked on: {other:?}");
}

/// `lose`: the next new appointment is never answered.
pub async fn tells_the_staff_of_an_unknown_outcome(mut caller: Caller, lose: impl FnOnce()) {
    let wish = caller.janes_wish().await;
    lose();
    let told = caller.agree(ToolName::CreateAppointment, &wish).await;
    assert_eq!(told["code"], "outcome_unknown", "{told}");
    assert_eq!(caller.call(ToolName::CreateAppointment, wish).await, told);
    let left = left(caller.folder.path());
    assert_eq!(left.lines().count(), 1, "{left}");
    for part in ["Not certain: a booking for 2026-11-2", " with Dr. Wei Chen, chart 1001. Look in the book"] {
        assert!(left.contains(part), "{part}: {left}");
    }
}

/// The words with which Jane Roe asks for a time of Dr. Singh's Monday, up to the question whether to book it. `time`: the one she takes.
pub fn asks_for(time: &'static str) -> [&'static str; 5] {
    [
        "i'd like to book a follow up with doctor singh on monday after quarter to eleven",
        "jane roe r o e",
        "march ninth nineteen eighty four",
        "yes",
        time,
    ]
}

/// A whole conversation with the rule-based brain. `time`: a free one of Dr. Singh's Monday, as said and as told; `standing`: how many
/// appointments Jane Roe has that day; `written`: new ones and changes so far.
pub async fn books_moves_and_cancels_by_voice(
    mut talk: Talk,
    (words, time): (&'static str, &str),
    standing: impl Fn(Date) -> usize,
    written: impl Fn() -> [usize; 2],
) {
    let wednesday = date(2026, 11, 25);
    let answer = talk.say_all(&asks_for(words)).await;
    // She has another, at ten.
    assert!(answer.starts_with("You already have an appointment on Monday, November 23 at 10 AM."), "{answer}");
    let question = format!("That's Monday, November 23 at {time} with Dr. Priya Singh. Shall I book it?");
    assert!(answer.ends_with(&question), "{answer}");
    assert_eq!((written(), standing(MONDAY)), ([0, 0], 1), "written before the yes");
    let answer = talk.say("yes please").await;
    assert!(answer.starts_with(&format!("You're booked for Monday, November 23 at {time}")), "{answer}");
    assert_eq!(standing(MONDAY), 2);

    let answer = talk.say("can i move my appointment to wednesday with any doctor").await;
    assert!(answer.contains("Monday, November 23 at 10 AM") && answer.contains("Which one"), "{answer}");
    let answer = talk.say(&format!("the {words}")).await;
    assert!(answer.contains("Wednesday, November 25"), "{answer}");
    let answer = talk.say_all(&["the first", "yes"]).await;
    assert!(answer.starts_with("It's moved. Your appointment is now Wednesday, November 25"), "{answer}");
    assert_eq!((standing(MONDAY), standing(wednesday)), (1, 1));

    let answer = talk.say_all(&["i want to cancel my appointment on wednesday", "yes"]).await;
    assert!(answer.contains("is cancelled"), "{answer}");
    assert_eq!((standing(MONDAY), standing(wednesday), written()), (1, 0, [1, 2]));
}

/// `lose`: the next new appointment is never answered; `sent`: how many were sent.
pub async fn sends_nothing_twice_by_voice(
    (mut talk, folder): (Talk, TempDir),
    words: &'static str,
    lose: impl FnOnce(),
    sent: impl Fn() -> usize,
) {
    talk.say_all(&asks_for(words)).await;
    lose();
    let answer = talk.say("yes").await;
    assert!(answer.starts_with("I can't tell whether that went through."), "{answer}");
    talk.say("yes").await;
    assert_eq!((sent(), left(folder.path()).lines().count()), (1, 1));
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

/// Of nobody in any sample.
pub fn nova() -> NewPatient {
    NewPatient {
        first_name: Pii::new("Nova".into()),
        last_name: Pii::new("Sample".into()),
        birth_date: Pii::new(date(1999, 2, 28)),
        sex: Sex::Female,
        phone: Pii::new("6045550187".into()),
        card: Some(NewCard { province: "BC".into(), number: Pii::new("9812345687".into()) }),
        address: Some(Pii::new("1 Harbour Street, Vancouver".into())),
        postal_code: Some(Pii::new("V6B1A1".into())),
        email: Some(Pii::new("nova@example.org".into())),
    }
}

/// The same but for name and birth date, and without a card.
pub fn named(first: &str, last: &str, born: Date) -> NewPatient {
    let (first_name, last_name) = (Pii::new(first.to_owned()), Pii::new(last.to_owned()));
    NewPatient { first_name, last_name, birth_date: Pii::new(born), card: None, ..nova() }
}

pub fn sought(new: &NewPatient) -> Sought {
    let NewPatient { first_name, last_name, birth_date, .. } = new.clone();
    Sought { birth_date, first_name, last_name, calling_from: None }
}

/// One chart, whoever asks how often and however the name is written; it is found, and may be booked. `other`: another process's, or the same.
pub async fn makes_one_chart_of_a_person(emr: &dyn Emr, other: &dyn Emr) -> PatientRef {
    assert!(emr.capabilities().creates_patients);
    let both = tokio::join!(emr.create_patient(nova()), other.create_patient(nova()));
    let made = both.0.expect("as the test has it");
    assert_eq!(both.1.expect("as the test has it"), made);
    let written = NewPatient { first_name: Pii::new("NOVA".into()), card: None, ..nova() };
    assert_eq!(emr.create_patient(written).await.expect("as the test has it"), made, "however the name is written");
    let found = emr.find_patients(&sought(&nova())).await.expect("as the test has it");
    assert_eq!(found.iter().map(|chart| &chart.id).collect::<Vec<_>>(), [&made]);
    assert_eq!(found[0].phones, [Pii::new("6045550187".to_owned())]);
    assert_eq!(found[0].card_last4, Some(Pii::new("5687".into())));
    for number in [Number::Telephone(Pii::new("6045550187".into())), Number::HealthCard(Pii::new("9812345687".into()))]
    {
        assert_eq!(emr.find_by(&number).await.expect("as the test has it").len(), 1, "{number:?}");
    }
    let booked =
        emr.book(NewAppointment { patient: made.clone(), ..wanted(SINGH, MONDAY.at(14, 30, 0, 0), JANE) }).await;
    assert_eq!(code(&booked), "ok", "{booked:?}");
    made
}

/// Jane Roe, born on 9 March 1984, has the number 604 555 0177 and the card 9698658215: nobody who may be her gets a chart.
pub async fn makes_none_where_somebody_may_be_them(emr: &dyn Emr) {
    let born = date(1984, 3, 9);
    let card = NewCard { province: "BC".into(), number: Pii::new("9698658215".into()) };
    for (new, why) in [
        (named("Jane", "Roe", born), "herself"),
        (named("Roe", "Jane", born), "the other way round"),
        (named("Janet", "Roe", born), "a twin, or misheard"),
        (named("Jane", "Rowe", born), "misheard"),
        (NewPatient { phone: Pii::new("6045550177".into()), ..named("Ann", "Other", born) }, "by the number"),
        (NewPatient { card: Some(card), ..named("Ann", "Other", date(1950, 1, 1)) }, "by the card"),
    ] {
        assert_eq!(emr.create_patient(new).await, refused(Refusal::Known), "{why}");
    }
    let another = emr.create_patient(named("Ann", "Other", born)).await;
    assert_eq!(code(&another), "ok", "of whom nothing but the day is the same: {another:?}");
}
