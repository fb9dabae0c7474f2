//! Two clinics at one server, and one person who is a patient of both, by one name, birth date and number: who dialled the one sees, books, moves and cancels
//! nothing of the other, whatever is said and whatever handles are brought.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use attendant::agent::CallFacts;
use attendant::agent::brain::RuleBrain;
use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::tools::{Ledger, Messages, ToolName};
use attendant::call::CallId;
use attendant::clinic::number::Directory;
use attendant::clinic::{Clinic, Tenant};
use attendant::emr::book::Book;
use attendant::emr::{Appointment, Emr, PatientRef};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain::{Order, Thinkers};
use attendant::state::Shared;
use attendant::store::Store;
use jiff::civil::{Date, date};
use serde_json::json;

use super::postgres::Postgres;
use crate::wire::oscar::by_voice::Talk;
use crate::wire::oscar::house::{Caller, JANE};

const SAMPLE: &str = include_str!("../../agents/sample-clinic.toml");

/// A Saturday morning in Vancouver.
const NOW: &str = "2026-11-21T18:05:00Z";
const TODAY: Date = date(2026, 11, 21);

/// Harbour Street and Lakeside, with the same people in their books.
const OURS: &str = "+16045550100";
const THEIRS: &str = "+16045550110";

/// What a caller says who books Tuesday at a quarter past nine.
const BOOKS: [&str; 7] = [
    "i'd like to book a follow up",
    "jane roe r o e",
    "march ninth nineteen eighty four",
    "yes",
    "next tuesday morning with doctor singh",
    "the second one please",
    "yes please",
];

struct Town {
    directory: Directory,
    clinics: HashMap<Tenant, At>,
}

/// What a clinic has for itself.
struct At {
    clinic: Clinic,
    book: Arc<dyn Emr>,
    desk: Desk,
}

fn clinic(id: &str, number: &str) -> Clinic {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/sample-book.toml");
    let text = SAMPLE
        .replace("harbour-street", id)
        .replace(OURS, number)
        .replace("kind = \"book\" ", &format!("file = {:?}\nkind = \"book\" ", book.display().to_string()));
    Clinic::of(&text, &format!("{id}.toml")).expect("it is in order")
}

impl Town {
    /// The models and the state are the server's.
    async fn open(folder: &Path, book: impl AsyncFn(&Clinic, &Path) -> Book) -> Self {
        let all = [clinic("harbour-street", OURS), clinic("lakeside", THEIRS)];
        let named = all.iter().map(|clinic| (clinic.config.id.as_str(), clinic));
        let directory = Directory::of(named).expect("their numbers are two");
        let thinkers = Arc::new(Thinkers::new(vec![Arc::new(RuleBrain::new())], Order::new()));
        let shared = Shared::default();
        let mut clinics = HashMap::new();
        for clinic in all {
            let (id, own) = (clinic.config.id.clone(), folder.join(&clinic.config.id));
            std::fs::create_dir_all(&own).expect("it is writable");
            let book: Arc<dyn Emr> = Arc::new(book(&clinic, &own).await);
            let desk = Desk::new(
                thinkers.clone(),
                Graph::built_in(),
                vec![clinic.clone()],
                Books::from([(id, book.clone())]),
                Messages::new(own.join("messages")),
                Ledger::open(own).expect("it is writable"),
                || NOW.parse().expect("a moment"),
            );
            let desk = desk.expect("there is a clinic").sharing(shared.clone());
            clinics.insert(clinic.tenant().clone(), At { clinic, book, desk });
        }
        Self { directory, clinics }
    }

    fn at(&self, dialled: &str) -> &At {
        let clinic = self.directory.clinic(dialled, None).expect("it is a clinic's number");
        &self.clinics[clinic]
    }

    /// Jane Roe dials this number from the one in her charts.
    fn ring(&self, dialled: &str) -> Talk {
        let At { clinic, desk, .. } = self.at(dialled);
        let (call, clinic, caller) = (CallId::new(), clinic.config.id.clone(), Pii::new("+16045550177".to_owned()));
        Talk::on(desk, &CallFacts { call, clinic, caller, language: Language::English })
    }

    /// A caller there whose agent passes on what the tools say.
    fn caller(&self, dialled: &str) -> Caller {
        let At { clinic, book, .. } = self.at(dialled);
        Caller::at(clinic.clone(), book.clone(), NOW)
    }

    /// Jane Roe's appointments there.
    async fn standing(&self, dialled: &str) -> Vec<Appointment> {
        let jane = PatientRef(Pii::new(JANE.to_owned()));
        let from = TODAY.at(0, 0, 0, 0);
        self.at(dialled).book.appointments_for_patient(&jane, from).await.expect("the book is there")
    }
}

async fn starts(town: &Town, dialled: &str) -> Vec<String> {
    town.standing(dialled).await.iter().map(|appointment| appointment.start.to_string()).collect()
}

/// She books at the one, and calls the other.
async fn by_voice(town: &Town) {
    let booked = town.ring(OURS).say_all(&BOOKS).await;
    assert!(booked.starts_with("You're booked for Tuesday, November 24 at 9:15 AM"), "{booked}");
    let kept = town.standing(OURS).await;
    assert_eq!(starts(town, OURS).await, ["2026-11-24T09:15:00"]);

    let mut talk = town.ring(THEIRS);
    let asks = ["when is my appointment", BOOKS[1], BOOKS[2], BOOKS[3]];
    let answer = talk.say_all(&asks).await;
    assert!(answer.contains("found your file") && !answer.contains("Singh") && !answer.contains("9:15"), "{answer}");
    for line in ["can i move my appointment to wednesday with any doctor", "i need to cancel my appointment", "yes"] {
        talk.say(line).await;
        assert_eq!((town.standing(OURS).await, town.standing(THEIRS).await), (kept.clone(), Vec::new()), "{line}");
    }

    // The very time is free there, and what she does with it is done there alone.
    let mut talk = town.ring(THEIRS);
    let answer = talk.say_all(&BOOKS).await;
    assert!(answer.starts_with("You're booked for Tuesday, November 24 at 9:15 AM"), "{answer}");
    assert_eq!(starts(town, THEIRS).await, ["2026-11-24T09:15:00"]);
    let moves = ["actually can i move my appointment to wednesday after two", "with any doctor", "two o'clock", "yes"];
    let answer = talk.say_all(&moves).await;
    assert!(answer.starts_with("It's moved."), "{answer}");
    assert_eq!(starts(town, THEIRS).await, ["2026-11-25T14:00:00"]);
    assert_eq!(town.standing(OURS).await, kept);
    let answer = talk.say_all(&["i need to cancel my appointment", "yes cancel it"]).await;
    assert!(answer.contains("is cancelled"), "{answer}");
    assert_eq!((town.standing(OURS).await, town.standing(THEIRS).await), (kept, Vec::new()));
}

/// Handles of a call to the one, and made-up ones, in a call to the other.
async fn by_handles(town: &Town) {
    let mut ours = town.caller(OURS);
    let wish = ours.janes_wish().await;
    assert_eq!(ours.agree(ToolName::CreateAppointment, &wish).await["ok"], true);
    let told = ours.call(ToolName::CheckAppointments, json!({ "patient": wish["patient"] })).await;
    let appointment = &told["appointments"][0]["appointment"];
    assert!(appointment.is_string(), "{told}");
    let kept = town.standing(OURS).await;

    let theirs = town.caller(THEIRS);
    let own = theirs.janes_wish().await;
    let told = theirs.call(ToolName::CheckAppointments, json!({ "patient": own["patient"] })).await;
    assert_eq!((&told["ok"], &told["appointments"]), (&json!(true), &json!([])), "{told}");
    let id = kept.first().map(|appointment| appointment.id.0.clone()).unwrap_or_default();
    let (create, change, cancel) =
        (ToolName::CreateAppointment, ToolName::UpdateAppointment, ToolName::CancelAppointment);
    for (tool, arguments, code) in [
        (ToolName::CheckAppointments, json!({ "patient": wish["patient"] }), "unknown_patient"),
        (create, wish.clone(), "unknown_patient"),
        (create, json!({ "patient": wish["patient"], "slot": own["slot"] }), "unknown_patient"),
        (create, json!({ "patient": own["patient"], "slot": wish["slot"] }), "slot_expired"),
        (change, json!({ "appointment": appointment, "slot": own["slot"] }), "unknown_appointment"),
        (cancel, json!({ "appointment": appointment }), "unknown_appointment"),
        // As they are in the book, and as they are written.
        (create, json!({ "patient": JANE, "slot": own["slot"] }), "unknown_patient"),
        (cancel, json!({ "appointment": id }), "unknown_appointment"),
        (ToolName::CheckAppointments, json!({ "patient": "patient_000000000000" }), "unknown_patient"),
        (change, json!({ "appointment": "appointment_000000000000", "slot": own["slot"] }), "unknown_appointment"),
        (create, json!({ "patient": own["patient"], "slot": "slot_000000000000" }), "slot_expired"),
    ] {
        let told = theirs.call(tool, arguments.clone()).await;
        assert_eq!((&told["ok"], &told["code"]), (&json!(false), &json!(code)), "{tool:?} {arguments}: {told}");
    }
    assert_eq!((town.standing(OURS).await, town.standing(THEIRS).await), (kept, Vec::new()));
}

/// Each book in its clinic's folder of records.
async fn in_files(folder: &Path) -> Town {
    Town::open(folder, async |clinic, own| Book::open(&own.join("book"), clinic, TODAY).expect("it is writable")).await
}

/// Both books in one PostgreSQL.
async fn in_one_database(folder: &Path, postgres: &Postgres) -> Town {
    let shared = async |clinic: &Clinic, own: &Path| {
        let store = Store::open(&postgres.settings(), own, clinic.tenant()).expect("its keys are there");
        store.migrate().await.expect("it is up");
        let book = Book::shared(store, &own.join("book"), clinic, TODAY).expect("a new book");
        book.health(TODAY.at(10, 0, 0, 0)).await.expect("it answers");
        book
    };
    Town::open(folder, shared).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_says_to_one_clinic_touches_nothing_of_the_other() {
    let folder = tempfile::tempdir().unwrap();
    by_voice(&in_files(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handles_of_a_call_to_one_clinic_and_made_up_ones_are_nothing_at_the_other() {
    let folder = tempfile::tempdir().unwrap();
    by_handles(&in_files(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clinics_whose_books_are_in_one_database_are_kept_apart_all_the_same() {
    let (folder, postgres) = (tempfile::tempdir().unwrap(), Postgres::start());
    by_voice(&in_one_database(folder.path(), &postgres).await).await;
    let (folder, postgres) = (tempfile::tempdir().unwrap(), Postgres::start());
    by_handles(&in_one_database(folder.path(), &postgres).await).await;
}
