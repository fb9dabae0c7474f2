//! What attendant adds to the EMR's own time, and how many bookings a second it writes (`make bench-book`, benches/README.md).
//!
//! A hundred callers book by voice at once, each at a simulated OSCAR of their own in another process, and what they say is made out as if on another machine. What lies between an EMR's first request and
//! its answer is the EMR's, as a proxy in front of it sees it; all else of a tool is attendant's: ledger, journal, locks, reading XML, sentences.
//! Nothing here is asserted but that it happened.

mod clock;
mod elsewhere;
mod model;
mod owed;
mod parts;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use attendant::agent::CallFacts;
use attendant::agent::brain::RuleBrain;
use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::tools::{Ledger, MESSAGES, Messages};
use attendant::call::CallId;
use attendant::clinic::Clinic;
use attendant::clock::elapse;
use attendant::emr::book::Book;
use attendant::emr::{Emr, ProviderRef};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain::{Order, Thinkers};
use attendant::records::Library;
use attendant::state::Shared;
use attendant::store::Store;
use attendant::store::import::Importer;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use jiff::{Timestamp, ToSpan};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::by_voice::{Ran, Talk};
use super::clinic::Settings;
use super::house::{CHEN, MONDAY, NOW, SINGH, wanted};
use crate::desk::comes_within;
use crate::live::postgres::Postgres;
use crate::live::race::instance::write_down;
use crate::live::redis::Redis;
use crate::wire::emr_contract::asks_for;
use elsewhere::Oscars;
use model::Elsewhere;

const CALLS: u32 = 100;

/// Between two sentences of a caller.
const BREATH: Duration = Duration::from_secs(3);

/// Writers at once, as many callers who say yes in the same moment.
const WRITERS: usize = 16;

/// Learning what sentences mean takes so long, where it was not learnt before.
const LEARNING: Duration = Duration::from_secs(300);

/// What a server has beside its EMRs.
struct Server {
    shared: Shared,
    folder: TempDir,
    keeping: Option<Keeping>,
}

/// Records are moved to a database while calls go on.
struct Keeping {
    store: Store,
    closed: mpsc::Sender<PathBuf>,
    stop: CancellationToken,
    moving: JoinHandle<()>,
}

impl Server {
    fn new(shared: impl FnOnce(&TempDir) -> Shared) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { shared: shared(&folder), folder, keeping: None }
    }

    async fn keeping_in(mut self, postgres: &Postgres) -> Self {
        let store = stored_in(postgres, &self.folder).await;
        let (closed, ends) = mpsc::channel(CALLS as usize);
        let stop = CancellationToken::new();
        let library = Library::new(self.folder.path().to_owned());
        let moving = tokio::spawn(Importer::new(store.clone(), library).run(ends, stop.clone()));
        self.keeping = Some(Keeping { store, closed, stop, moving });
        self
    }

    /// With these clinics' EMRs, warmed as `attendant serve` does it.
    async fn desk(&self, oscars: &Oscars) -> Desk {
        let (mut clinics, mut books) = (Vec::new(), Books::new());
        for (number, place) in oscars.places.iter().enumerate() {
            let id = clinic_id(number);
            let (clinic, oscar) = place.clinic(&id).sharing(&self.shared);
            oscar.health(clinic.local(now()).datetime()).await.expect("it answers");
            books.insert(id, Arc::new(oscar) as Arc<dyn Emr>);
            clinics.push(clinic);
        }
        let records = self.folder.path();
        let keys = self.keeping.as_ref().map(|keeping| keeping.store.recording_keys());
        let desk = Desk::new(
            Thinkers::new(vec![Arc::new(Elsewhere::start().await)], Order::new()),
            Graph::built_in(),
            clinics,
            books,
            Messages::new(records.join(MESSAGES)),
            Ledger::open(records.to_owned()).expect("it is writable").sealing(keys),
            now,
        );
        desk.expect("there is a clinic").sharing(self.shared.clone())
    }

    /// A call is over, and its record waits to be moved.
    fn over(&self, call: CallId) {
        if let Some(keeping) = &self.keeping {
            keeping.closed.try_send(write_down(self.folder.path(), call)).expect("there is room for every call");
        }
    }

    /// All records are where they are kept.
    async fn close(self) {
        let Some(keeping) = self.keeping else { return };
        keeping.stop.cancel();
        keeping.moving.await.expect("records are moved");
        assert!(!keeping.store.tool_steps().await.expect("it answers").is_empty(), "the ledger is in the database");
        keeping.store.close().await;
    }
}

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

fn clinic_id(number: usize) -> String {
    format!("clinic-{number}")
}

async fn stored_in(postgres: &Postgres, folder: &TempDir) -> Store {
    let clinic = Settings { timezone: "America/Vancouver", ..Settings::default() }.clinic();
    let store = Store::open(&postgres.settings(), folder.path(), clinic.tenant()).expect("its keys are there");
    store.migrate().await.expect("it is ready");
    store
}

/// What the brain does once for all starts is no part of a call.
async fn has_learnt() {
    RuleBrain::new();
    let is_learning = || {
        let threads = std::fs::read_dir("/proc/self/task").expect("every Linux has it").flatten();
        threads
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok())
            .any(|name| name == "brain\n")
    };
    comes_within(LEARNING, || (!is_learning()).then_some(())).await;
}

/// One caller books; the tools that ran, and whether it is booked.
async fn caller(number: u32, desk: Desk, server: Arc<Server>) -> (Vec<Ran>, bool) {
    elapse(BREATH * number / (CALLS / 6)).await;
    let call = CallId::new();
    let caller = Pii::new("+16045550177".to_owned());
    let clinic = clinic_id(number as usize);
    let mut talk = Talk::on(&desk, &CallFacts { call, clinic, caller, language: Language::English });
    let mut answer = String::new();
    for line in asks_for("one fifteen").iter().chain(&["yes please"]) {
        answer = talk.say(line).await;
        elapse(BREATH).await;
    }
    server.over(call);
    (talk.tools, answer.starts_with("You're booked"))
}

async fn added_by(name: &str, server: Server) {
    let oscars = Oscars::start(CALLS as usize).await;
    let (desk, server) = (server.desk(&oscars).await, Arc::new(server));
    let clocks = clock::Both::now();
    let callers = (0..CALLS).map(|number| tokio::spawn(caller(number, desk.clone(), server.clone())));
    let (mut ran, mut booked) = (Vec::new(), 0);
    for caller in join_all(callers).await {
        let (tools, is_booked) = caller.expect("the call goes on to its end");
        ran.push(tools);
        booked += u32::from(is_booked);
    }
    assert!(booked > 0, "somebody books");
    println!("added to the EMR's own time, {name}; {booked} of {CALLS} callers booked:");
    parts::tell(&ran, oscars.owed().await, clocks);
    Arc::into_inner(server).expect("every call is over").close().await;
}

/// Free times are booked by many at once until they are all taken.
async fn written_by(name: &str, emr: Arc<dyn Emr>) {
    let mut places = Vec::new();
    for provider in [SINGH, CHEN] {
        for day in 0..28 {
            let day = MONDAY.saturating_add(day.days());
            let Ok(Some(schedule)) = emr.day_schedule(&ProviderRef(provider.to_owned()), day).await else { continue };
            places.extend(schedule.slots.into_iter().map(|slot| (provider, slot.start)));
        }
    }
    let began = Instant::now();
    let written = stream::iter(places.into_iter().enumerate().map(|(n, (provider, start))| {
        let (emr, chart) = (emr.clone(), (1_001 + n % 5).to_string());
        tokio::spawn(async move { emr.book(wanted(provider, start, &chart)).await.is_ok() })
    }));
    let written = written.buffer_unordered(WRITERS).filter(|told| std::future::ready(matches!(told, Ok(true))));
    let written = written.count().await;
    assert!(written > 0, "some are free");
    println!("bookings a second, {name}: {:.0} of {written}", written as f64 / began.elapsed().as_secs_f64());
}

#[ignore = "a measurement of some minutes: make bench-book"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_added_to_the_emrs_own_time() {
    has_learnt().await;
    let redis = Redis::start().await;
    let postgres = Postgres::start_durable();
    let alone = || {
        Server::new(|folder| Shared::open(&attendant::state::StateConfig::default(), folder.path()).expect("it opens"))
    };
    let sharing = || Server::new(|folder| redis.shared(folder.path()));
    added_by("in process", alone()).await;
    added_by("with Redis", sharing()).await;
    added_by("with Redis and PostgreSQL", sharing().keeping_in(&postgres).await).await;

    let (clinic, folder) = (Clinic::sample(), tempfile::tempdir().expect("a temporary folder"));
    let book = Book::open(&folder.path().join("book"), &clinic, MONDAY).expect("a new book");
    written_by("embedded book", Arc::new(book)).await;
    let store = stored_in(&postgres, &folder).await;
    let book = Book::shared(store, &folder.path().join("none"), &clinic, MONDAY).expect("a new book");
    book.health(MONDAY.at(8, 0, 0, 0)).await.expect("it answers");
    written_by("embedded book, in PostgreSQL", Arc::new(book)).await;
    for (name, server) in [("OSCAR, in process", alone()), ("OSCAR, with Redis", sharing())] {
        let oscars = Oscars::start(1).await;
        written_by(name, Arc::new(oscars.places[0].unmeasured("harbour-street").sharing(&server.shared).1)).await;
    }
}
