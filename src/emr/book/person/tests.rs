use jiff::civil::date;

use super::super::Book;
use super::super::tests::{database, held};
use super::*;
use crate::emr::{Appointment, Emr, NewAppointment, NewPatient, Place, Sex};
use crate::privacy::Pii;

const TODAY: jiff::civil::Date = date(2026, 11, 21);

/// Charts of the sample book: hers, and another's.
const JANE: &str = "1001";
const OTHER: &str = "1002";

fn place(hour: i8) -> Place {
    let start = date(2026, 11, 30).at(hour, 0, 0, 0);
    Place { provider: ProviderRef("101".into()), start, end: date(2026, 11, 30).at(hour, 15, 0, 0) }
}

async fn booked(book: &Book, chart: &str, hour: i8) -> Appointment {
    let patient = PatientRef(Pii::new(chart.to_owned()));
    let key = format!("{chart}-{hour}");
    book.book(NewAppointment { patient, place: place(hour), kind: VisitKind::FollowUp, reason: None, key })
        .await
        .unwrap()
}

/// [`JANE`]'s patient, by the telephone that the data file has.
fn jane(except: &[&str]) -> Person {
    let except = except.iter().map(|id| (*id).to_owned()).collect();
    Person { phones: vec!["+1 604-555-0177".parse().unwrap()], names: Vec::new(), except }
}

/// Ids of what stands, and of what is cancelled.
fn ids<'a>(theirs: &'a Theirs) -> (Vec<&'a str>, Vec<&'a str>) {
    let (off, on): (Vec<_>, Vec<_>) = theirs.appointments.iter().partition(|booked| booked.cancelled);
    let id = |booked: &'a Booked| booked.id.as_str();
    (on.into_iter().map(id).collect(), off.into_iter().map(id).collect())
}

/// She books three times, moves one and cancels one; somebody else books as well.
async fn lived_in(book: &Book) {
    let (moved, cancelled) = (booked(book, JANE, 9).await, booked(book, JANE, 10).await);
    booked(book, OTHER, 11).await;
    book.reschedule(held(&moved), place(12)).await.unwrap();
    book.cancel(held(&cancelled)).await.unwrap();
}

async fn times(book: &Book) -> Vec<(DateTime, Option<String>)> {
    let rows = book.appointments_for_provider(&place(9).provider, date(2026, 11, 30)).await.unwrap();
    rows.into_iter().map(|row| (row.start, row.patient.map(|patient| patient.0.reveal().clone()))).collect()
}

#[tokio::test]
async fn appointments_of_a_shared_book_are_told_and_erased_and_every_process_still_has_the_same_book() {
    let folder = tempfile::tempdir().unwrap();
    let (store, clinic, at) = (database(folder.path()).await, Clinic::sample(), folder.path().join("book"));
    let open = || Book::shared(store.clone(), &at, &clinic, TODAY).unwrap();
    let running = open();
    lived_in(&running).await;
    let theirs = held_about(&jane(&[]), &clinic, &at, &store).await.unwrap();
    assert_eq!(ids(&theirs), (vec!["appointment-7"], vec!["appointment-8"]));
    assert_eq!((theirs.appointments[0].start, theirs.closed.len()), (place(12).start, 0), "as it was moved");
    let kept = held_about(&jane(&["appointment-7"]), &clinic, &at, &store).await.unwrap();
    assert_eq!(ids(&kept), (vec![], vec!["appointment-8"]));

    let number = running.0.rows.read().number();
    let held = crate::store::person::Held {
        appointments: theirs.appointments.clone(),
        changes: theirs.changes.clone(),
        ..Default::default()
    };
    let counts = store.erase(&held, "request-1", "user jane").await.unwrap();
    assert_eq!(counts.to_string(), "appointments 2");
    let left = held_about(&jane(&[]), &clinic, &at, &store).await.unwrap();
    assert_eq!((ids(&left), left.changes.len()), ((vec![], vec![]), 0));
    let (changes, _) = store.whole_book().await.unwrap();
    let text: String = changes.values().map(|change| String::from_utf8_lossy(change).into_owned()).collect();
    assert!(!text.contains("1001"), "{text}");

    // Whoever begins now replays all changes; whoever ran through it goes on, and both mean the same times.
    let later = open();
    let wanted = vec![(place(11).start, Some(OTHER.to_owned())), (place(12).start, None)];
    let mut seen = times(&later).await;
    seen.sort();
    assert_eq!((seen, later.0.rows.read().number()), (wanted, number));
    let taken = NewAppointment {
        patient: PatientRef(Pii::new(OTHER.to_owned())),
        place: place(12),
        kind: VisitKind::FollowUp,
        reason: None,
        key: "again".to_owned(),
    };
    assert!(later.book(taken).await.is_err(), "its time is nobody's to give away");
    booked(&later, OTHER, 9).await;
    booked(&running, OTHER, 10).await;
    let mut both = (times(&later).await, times(&running).await);
    both.0.sort();
    both.1.sort();
    let starts = |times: &[(DateTime, Option<String>)]| times.iter().map(|(start, _)| *start).collect::<Vec<_>>();
    assert_eq!(starts(&both.0), starts(&both.1));
    assert_eq!(starts(&both.0), [9, 10, 11, 12].map(|hour| place(hour).start));
}

#[tokio::test]
async fn appointments_of_a_book_in_its_folder_are_erased_once_no_server_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, clinic, at) = (database(folder.path()).await, Clinic::sample(), folder.path().join("book"));
    let book = Book::open(&at, &clinic, TODAY).unwrap();
    lived_in(&book).await;
    let theirs = held_about(&jane(&[]), &clinic, &at, &store).await.unwrap();
    assert_eq!(ids(&theirs), (vec!["appointment-7"], vec!["appointment-8"]), "also while a server has it");
    let busy = theirs.leave_file(&at, &clinic.config.id).unwrap_err().to_string();
    assert!(busy.contains("another process"), "{busy}");
    drop(book);
    assert_eq!(theirs.leave_file(&at, &clinic.config.id).unwrap().of(What::Appointments), 2);
    let left = held_about(&jane(&[]), &clinic, &at, &store).await.unwrap();
    assert_eq!((ids(&left), left.leave_file(&at, &clinic.config.id).unwrap()), ((vec![], vec![]), Counts::default()));
    // What was erased was sealed with the rest.
    let book = Book::sealed(&at, &clinic, TODAY, &store.sealing().of_clinic(&clinic.config.id)).unwrap();
    let mut seen = times(&book).await;
    seen.sort();
    assert_eq!(seen, [(place(11).start, Some(OTHER.to_owned())), (place(12).start, None)]);
    booked(&book, OTHER, 9).await;
}

#[tokio::test]
async fn a_chart_that_was_made_is_told_and_erased_with_its_bookings() {
    for is_shared in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (store, clinic, at) = (database(folder.path()).await, Clinic::sample(), folder.path().join("book"));
        let open = || {
            if is_shared {
                Book::shared(store.clone(), &at, &clinic, TODAY).unwrap()
            } else {
                Book::sealed(&at, &clinic, TODAY, &store.sealing().of_clinic(&clinic.config.id)).unwrap()
            }
        };
        let book = open();
        let new = NewPatient {
            first_name: Pii::new("Nova".into()),
            last_name: Pii::new("Sample".into()),
            birth_date: Pii::new(date(1999, 2, 28)),
            sex: Sex::Female,
            phone: Pii::new("6045550187".into()),
            card: None,
            address: None,
            postal_code: None,
            email: None,
        };
        let made = book.create_patient(new.clone()).await.unwrap();
        booked(&book, made.0.reveal(), 9).await;
        booked(&book, OTHER, 11).await;
        drop(book);
        let nova = Person { phones: vec!["+1 604-555-0187".parse().unwrap()], ..Person::default() };
        let theirs = held_about(&nova, &clinic, &at, &store).await.unwrap();
        let charts: Vec<&str> = theirs.charts.iter().map(|chart| chart.id.as_str()).collect();
        assert_eq!((charts, ids(&theirs).0), (vec!["chart-T1"], vec!["appointment-7"]));
        let told = serde_json::to_string(&theirs.charts).unwrap();
        assert!(told.contains("Nova") && told.contains("1999-02-28"), "{told}");
        let except = Person { except: vec!["chart-T1".to_owned()], ..nova.clone() };
        assert!(held_about(&except, &clinic, &at, &store).await.unwrap().charts.is_empty());
        let counts = if is_shared {
            let held = crate::store::person::Held { changes: theirs.changes.clone(), ..Default::default() };
            store.erase(&held, "request-1", "user jane").await.unwrap()
        } else {
            theirs.leave_file(&at, &clinic.config.id).unwrap()
        };
        assert_eq!(counts.to_string(), "appointments 1, charts 1");
        let left = held_about(&nova, &clinic, &at, &store).await.unwrap();
        assert!(left.charts.is_empty() && left.appointments.is_empty());
        // Its time stays taken, its number is nobody's, and the same person may have a chart again.
        let book = open();
        assert_eq!(book.create_patient(new).await.unwrap().0.reveal(), "T2");
        assert_eq!(times(&book).await.len(), 2);
    }
}

#[tokio::test]
async fn a_book_that_cannot_be_read_is_told_and_another_emr_s_clinic_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut clinic, at) = (database(folder.path()).await, Clinic::sample(), folder.path().join("book"));
    std::fs::create_dir(&at).unwrap();
    std::fs::write(at.join("harbour-street.jsonl"), "Jane Roe\n").unwrap();
    let theirs = held_about(&jane(&[]), &clinic, &at, &store).await.unwrap();
    assert!(theirs.closed[0].contains("line 1") && !theirs.closed[0].contains("Jane"), "{:?}", theirs.closed);
    clinic.config.emr = None;
    assert!(held_about(&jane(&[]), &clinic, &at, &store).await.unwrap().closed.is_empty());
}
