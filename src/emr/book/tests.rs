use jiff::ToSpan;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::emr::VisitKind;
use crate::privacy::Pii;
use crate::store::StoreConfig;

const TODAY: Date = date(2026, 11, 21);

fn open(folder: &Path) -> Book {
    Book::open(folder, &Clinic::sample(), TODAY).unwrap()
}

fn patient(chart: usize) -> PatientRef {
    PatientRef(Pii::new((1001 + chart % 6).to_string()))
}

/// A slot of Monday, 2026-11-30.
fn place(at: i64, slots: u16) -> Place {
    let start = date(2026, 11, 30).at(9, 0, 0, 0).saturating_add((at * 15).minutes());
    Place { provider: ProviderRef("101".into()), start, end: slot::end_of(start, slots * 15) }
}

fn wanted(who: usize, place: Place) -> NewAppointment {
    let key = format!("{who}-{}", place.start);
    NewAppointment { patient: patient(who), place, kind: VisitKind::FollowUp, reason: None, key }
}

pub(super) fn held(booked: &Appointment) -> Held {
    Held {
        id: booked.id.clone(),
        patient: booked.patient.clone().unwrap(),
        provider: booked.provider.clone(),
        start: booked.start,
    }
}

fn never_two_at_once(book: &Book) {
    let rows = book.0.rows.read();
    let active: Vec<_> = rows.active().collect();
    for (at, one) in active.iter().enumerate() {
        for other in &active[..at] {
            let both = one.provider == other.provider && slot::overlap((one.start, one.end), (other.start, other.end));
            assert!(!both, "{} and {} overlap", one.id, other.id);
        }
    }
}

#[test]
fn the_sample_book_is_in_order_and_begins_with_appointments_on_working_days() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    assert!(book.0.rows.read().all.len() >= 6);
    never_two_at_once(&book);
    // The clinic is closed on Christmas Day and closes at noon on Christmas Eve.
    let doctor = ProviderRef("101".into());
    assert!(book.0.schedule(&doctor, date(2026, 12, 25)).unwrap().holiday);
    let eve = book.0.schedule(&doctor, date(2026, 12, 24)).unwrap();
    assert!(!eve.holiday && eve.slots.iter().all(|slot| slot.start.hour() < 12), "{eve:?}");
}

#[tokio::test]
async fn a_repeated_wish_is_one_appointment_and_a_rival_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let first = book.book(wanted(0, place(8, 1))).await.unwrap();
    assert_eq!(book.book(wanted(0, place(8, 1))).await.unwrap(), first);
    let rival = book.book(wanted(1, place(8, 2))).await;
    assert_eq!(rival, Err(EmrError::Refused(Refusal::SlotTaken)));
    book.cancel(held(&first)).await.unwrap();
    book.cancel(held(&first)).await.unwrap();
    assert!(book.book(wanted(1, place(8, 2))).await.is_ok());
    assert_eq!(book.book(wanted(0, place(8, 1))).await, Err(EmrError::Refused(Refusal::SlotTaken)));
}

#[tokio::test]
async fn only_the_owner_of_an_unchanged_appointment_moves_or_cancels_it() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let booked = book.book(wanted(0, place(8, 1))).await.unwrap();
    let stranger = Held { patient: patient(1), ..held(&booked) };
    assert_eq!(book.cancel(stranger.clone()).await, Err(EmrError::Refused(Refusal::NotFound)));
    assert_eq!(book.reschedule(stranger, place(9, 1)).await, Err(EmrError::Refused(Refusal::NotFound)));
    let moved = book.reschedule(held(&booked), place(9, 1)).await.unwrap();
    assert_eq!(moved.start, place(9, 1).start);
    assert_eq!(book.cancel(held(&booked)).await, Err(EmrError::Refused(Refusal::Changed)));
    // Sent again, as after a reply that was lost.
    assert_eq!(book.reschedule(held(&booked), place(9, 1)).await.unwrap(), moved);
}

#[tokio::test]
async fn who_left_the_data_file_is_told_of_to_nobody_by_telephone() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let booked = book.book(wanted(0, place(8, 1))).await.unwrap();
    drop(book);
    let file = folder.path().join("without.toml");
    let without = include_str!("../../../agents/sample-book.toml").replace("\"101\"", "\"109\"");
    std::fs::write(&file, without).unwrap();
    let mut clinic = Clinic::sample();
    clinic.config.emr.as_mut().unwrap().file = Some(file);
    let book = Book::open(folder.path(), &clinic, TODAY).unwrap();
    let told = book.appointments_for_patient(&patient(0), TODAY.at(0, 0, 0, 0)).await.unwrap();
    assert!(told.iter().all(|told| told.id != booked.id), "{told:?}");
    assert_eq!(book.cancel(held(&booked)).await, Err(EmrError::Refused(Refusal::NotFound)));
    let elsewhere = Place { provider: ProviderRef("102".into()), ..place(9, 1) };
    assert_eq!(book.reschedule(held(&booked), elsewhere).await, Err(EmrError::Refused(Refusal::NotFound)));
}

#[tokio::test]
async fn what_was_booked_moved_and_cancelled_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let kept = book.book(wanted(0, place(8, 1))).await.unwrap();
    let gone = book.book(wanted(1, place(9, 1))).await.unwrap();
    book.reschedule(held(&kept), place(10, 2)).await.unwrap();
    book.cancel(held(&gone)).await.unwrap();
    let before = book.0.rows.read().all.clone();
    drop(book);
    let book = Book::open(folder.path(), &Clinic::sample(), date(2026, 12, 1)).unwrap();
    assert_eq!(book.0.rows.read().all, before);
}

#[tokio::test]
async fn times_outside_the_template_holidays_and_strangers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let night =
        Place { start: date(2026, 11, 30).at(3, 0, 0, 0), end: date(2026, 11, 30).at(3, 15, 0, 0), ..place(0, 1) };
    let christmas = date(2026, 12, 25).at(9, 0, 0, 0);
    let holiday = Place { start: christmas, end: slot::end_of(christmas, 15), ..place(0, 1) };
    for wrong in [night, holiday] {
        assert_eq!(book.book(wanted(0, wrong)).await, Err(EmrError::Refused(Refusal::SlotTaken)));
    }
    let nobody = NewAppointment { patient: PatientRef(Pii::new("9".into())), ..wanted(0, place(8, 1)) };
    assert_eq!(book.book(nobody).await, Err(EmrError::Refused(Refusal::NotFound)));
}

/// 200 callers at once for 12 slots, some for two of them, some moving or cancelling what they got.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_racing_callers_never_share_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..200_usize {
        let book = book.clone();
        callers.spawn(async move {
            let at = (caller % 12) as i64;
            let Ok(booked) = book.book(wanted(caller, place(at, 1 + (caller % 2) as u16))).await else { return 0 };
            never_two_at_once(&book);
            match caller % 4 {
                0 => book.cancel(held(&booked)).await.map_or(1, |()| 0),
                1 => book.reschedule(held(&booked), place((at + 3) % 12, 1)).await.map_or(1, |_| 1),
                _ => 1,
            }
        });
    }
    let told_yes: usize = callers.join_all().await.into_iter().sum();
    never_two_at_once(&book);
    let on = book.appointments_for_provider(&ProviderRef("101".into()), date(2026, 11, 30)).await.unwrap();
    let standing = on.iter().filter(|a| a.patient.is_some()).count();
    // A wish asked for twice by the same patient is one appointment, told yes twice.
    assert!((1..=12).contains(&standing) && told_yes >= standing, "{standing} stand, {told_yes} were told yes");
}

/// A database for books; SQLite does for what is decided here.
pub(super) async fn database(folder: &Path) -> Store {
    let store = Store::open(&StoreConfig::default(), folder, Clinic::sample().tenant()).unwrap();
    store.make_ready().await.unwrap();
    store
}

fn shared(store: &Store, folder: &Path) -> Book {
    Book::shared(store.clone(), folder, &Clinic::sample(), TODAY).unwrap()
}

/// As two processes: neither knows what the other writes until it looks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_of_two_processes_on_one_database_never_share_a_moment() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(folder.path()).await;
    let books = [0, 1].map(|_| shared(&store, &folder.path().join("book")));
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..60_usize {
        let book = books[caller % 2].clone();
        callers.spawn(async move {
            let at = (caller / 2 % 6) as i64;
            match book.book(wanted(caller, place(at, 1 + (caller % 2) as u16))).await {
                Ok(booked) if caller % 4 == 0 => {
                    book.reschedule(held(&booked), place(at + 6, 1)).await.ok();
                    1
                }
                Ok(_) => 1,
                Err(error) => {
                    assert_eq!(error, EmrError::Refused(Refusal::SlotTaken));
                    0
                }
            }
        });
    }
    let told_yes: usize = callers.join_all().await.into_iter().sum();
    assert!(told_yes > 0);
    for book in &books {
        book.health(TODAY.at(9, 0, 0, 0)).await.unwrap();
        never_two_at_once(book);
    }
    assert_eq!(books[0].0.rows.read().all, books[1].0.rows.read().all, "and both tell the same story");
}

#[tokio::test]
async fn a_book_of_a_file_goes_to_the_database_once_and_another_file_s_is_not_mixed_in() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    let alone = open(&one);
    alone.book(wanted(0, place(8, 1))).await.unwrap();
    let before = alone.0.rows.read().all.clone();
    drop(alone);
    open(&other).book(wanted(2, place(10, 1))).await.unwrap();
    let store = database(folder.path()).await;
    for _ in 0..2 {
        let book = shared(&store, &one);
        assert_eq!(book.book(wanted(1, place(8, 1))).await, Err(EmrError::Refused(Refusal::SlotTaken)));
        assert_eq!(book.0.rows.read().all, before);
        assert_eq!(std::fs::metadata(one.join("harbour-street.jsonl.moved")).unwrap().len(), 0);
        assert!(!one.join("harbour-street.jsonl").exists());
    }
    let alone = Book::open(&one, &Clinic::sample(), TODAY).unwrap_err();
    assert!(matches!(alone, BookError::Moved { .. }), "{alone}");
    let refused = shared(&store, &other).book(wanted(1, place(9, 1))).await.unwrap_err();
    assert!(
        matches!(&refused, EmrError::Unavailable(why) if why.contains("another book than the database")),
        "{refused}"
    );
    assert!(other.join("harbour-street.jsonl").exists());
}

#[tokio::test]
async fn a_file_that_strays_from_the_database_after_pages_of_the_same_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(folder.path()).await;
    let line = |id: usize| serde_json::to_vec(&Entry::Cancelled { id: id as u64 }).unwrap();
    let all: Vec<Vec<u8>> = (1..=PAGE + 100).map(line).collect();
    store.add_to_book(0, &all).await.unwrap();
    let file = |name: &str, lines: &[Vec<u8>]| {
        let book = folder.path().join(name);
        std::fs::create_dir(&book).unwrap();
        std::fs::write(book.join("harbour-street.jsonl"), [lines.join(&b'\n'), b"\n".to_vec()].concat()).unwrap();
        book
    };
    let mut other = all.clone();
    other[PAGE + 50] = line(9_999);
    let longer = [all.clone(), vec![line(9_999)]].concat();
    for (name, lines) in [("other", other), ("longer", longer)] {
        let book = file(name, &lines);
        let refused = shared(&store, &book).health(TODAY.at(9, 0, 0, 0)).await.unwrap_err();
        assert!(refused.to_string().contains("another book than the database"), "{name}: {refused}");
        assert!(book.join("harbour-street.jsonl").exists());
    }
    let same = file("same", &all);
    shared(&store, &same).health(TODAY.at(9, 0, 0, 0)).await.unwrap();
    assert!(!same.join("harbour-street.jsonl").exists());
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_too_long_behind_another_s_change_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(folder.path());
    let before = book.0.rows.read().all.clone();
    let another = book.0.writing.lock().await;
    assert!(matches!(book.book(wanted(0, place(8, 1))).await, Err(EmrError::Timeout(_))));
    drop(another);
    assert_eq!(book.0.rows.read().all, before);
}

#[derive(Clone, Debug)]
enum Do {
    Book(usize, i64, u16),
    Move(usize, i64),
    Cancel(usize),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is asked in whatever order, nothing overlaps, and the journal tells the same story.
    #[test]
    fn any_history_is_free_of_overlaps_and_survives_a_restart(
        history in prop::collection::vec(
            prop_oneof![
                (0_usize..6, 0_i64..12, 1_u16..4).prop_map(|(who, at, slots)| Do::Book(who, at, slots)),
                (0_usize..20, 0_i64..12).prop_map(|(which, at)| Do::Move(which, at)),
                (0_usize..20).prop_map(Do::Cancel),
            ],
            1..30,
        ),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let book = open(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut booked: Vec<Appointment> = Vec::new();
        for step in history {
            match step {
                Do::Book(who, at, slots) => booked.extend(runtime.block_on(book.book(wanted(who, place(at, slots))))),
                Do::Move(which, at) if !booked.is_empty() => {
                    let which = which % booked.len();
                    if let Ok(moved) = runtime.block_on(book.reschedule(held(&booked[which]), place(at, 1))) {
                        booked[which] = moved;
                    }
                }
                Do::Cancel(which) if !booked.is_empty() => {
                    runtime.block_on(book.cancel(held(&booked[which % booked.len()]))).ok();
                }
                Do::Move(..) | Do::Cancel(_) => {}
            }
            never_two_at_once(&book);
        }
        let before = book.0.rows.read().all.clone();
        drop(book);
        let again = open(folder.path()).0.rows.read().all.clone();
        prop_assert_eq!(again, before);
    }
}
