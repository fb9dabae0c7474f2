//! One of the processes of a race: this program of tests, started again with its plan in a file. What is behind the model is `attendant serve`'s own:
//! the desk and its tools, their ledger, messages, the state that instances share, the store and what moves records there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use attendant::agent::CallFacts;
use attendant::agent::conversation::{Books, Desk};
use attendant::agent::graph::Graph;
use attendant::agent::tools::{self, Ledger, MESSAGES, Messages};
use attendant::call::CallId;
use attendant::clinic::Clinic;
use attendant::clock::elapse;
use attendant::emr::{Emr, book, identity, look_after};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain::{Order, Thinkers};
use attendant::records::{Library, instance};
use attendant::state::{Emrs, Key, Shared, State, StateConfig, Tended, tend};
use attendant::store::import::Importer;
use attendant::store::{Store, StoreConfig};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::model::Literal;
use crate::live::itself::say;
use crate::live::store::journal;
use crate::wire::oscar::by_voice::Talk;
use crate::wire::oscar::clinic::Settings;
use crate::wire::oscar::house::{MONDAY, NOW};

/// Names the file of the plan.
pub const PLAN: &str = "ATTENDANT_RACE_PLAN";

/// What a race starts.
pub const ITSELF: &str = "live::race::instance::an_instance_that_a_race_starts";

/// Callers at once, until all of them have been asked whether it shall be booked.
const AT_ONCE: usize = 12;

/// What a caller hears of a book that cannot be reached.
const UNAVAILABLE: &str = "emr_unavailable";

/// Who hears it says yes again so soon, and so often.
const AGAIN: Duration = Duration::from_millis(500);
const TRIES: usize = 120;

/// What OSCAR has not done by then, after everybody was answered, it never does.
const COMES_LATE: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub book: Book,
    pub state: StateConfig,
    pub store: StoreConfig,
    pub records: PathBuf,
    pub callers: Vec<Wish>,
}

/// What keeps the appointments.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Book {
    Oscar {
        base_url: String,
        user: String,
        password: String,
        read_ms: u64,
        settle_ms: u64,
    },
    /// In the folder of records; of the clinic that has this file.
    Embedded {
        clinic: PathBuf,
    },
    /// In the store, where other instances have it too; of the clinic that has this file.
    Shared {
        clinic: PathBuf,
    },
}

/// Who calls, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Its number.
    pub chart: String,
    pub born: Date,
    /// Ten digits.
    pub phone: String,
    pub start: DateTime,
}

/// What a caller heard last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub wish: Wish,
    pub call: String,
    pub answer: String,
}

/// What an instance says, a line each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Said {
    /// A caller was answered the first time.
    Asked(Told),
    /// So many callers were asked whether it shall be booked, and wait for the word to answer.
    Ready(usize),
    Told(Told),
    /// Everybody was answered, and everything is in the store.
    Over,
}

impl Book {
    fn open(&self, shared: &Shared, store: &StoreConfig, records: &Path) -> (Clinic, Arc<dyn Emr>) {
        match self {
            Self::Oscar { base_url, user, password, read_ms, settle_ms } => {
                let settings = Settings {
                    base_url,
                    dialect: "juno",
                    user,
                    password,
                    providers: "102 = \"Dr. Wei Chen\"",
                    timezone: "America/Vancouver",
                    read_ms: *read_ms,
                    settle_ms: *settle_ms,
                    ..Settings::default()
                };
                let (clinic, oscar) = settings.sharing(shared);
                (clinic, Arc::new(oscar))
            }
            Self::Embedded { clinic } => {
                let clinic = Clinic::load(clinic).expect("it is in order");
                let book = book::Book::open(&records.join("book"), &clinic, MONDAY).expect("nobody else has it");
                (clinic, Arc::new(book))
            }
            Self::Shared { clinic } => {
                let clinic = Clinic::load(clinic).expect("it is in order");
                let store = Store::open(store, records, clinic.tenant()).expect("its keys are there");
                let book = book::Book::shared(store, &records.join("book"), &clinic, MONDAY).expect("it is in order");
                (clinic, Arc::new(book))
            }
        }
    }
}

/// A caller who was asked whether it shall be booked, or who heard something else.
struct Asked {
    talk: Talk,
    wish: Wish,
    call: CallId,
    heard: String,
}

impl Asked {
    async fn begin(desk: &Desk, wish: Wish) -> Self {
        let call = CallId::new();
        let caller = Pii::new(format!("+1{}", wish.phone));
        let facts = CallFacts { call, clinic: "harbour-street".to_owned(), caller, language: Language::English };
        let talk = Talk::on(desk, &facts);
        let words = format!("Robin Caller {} {}", wish.born, wish.start.strftime("%Y-%m-%dT%H:%M"));
        let mut asked = Self { talk, wish, call, heard: String::new() };
        for _ in 0..TRIES {
            asked.heard = asked.talk.hear_out(&words).await;
            if asked.heard != UNAVAILABLE {
                break;
            }
            elapse(AGAIN).await;
        }
        asked
    }

    fn is_asked(&self) -> bool {
        self.heard.ends_with("Shall I book it?")
    }

    /// Says yes until it is booked or refused.
    async fn agree(mut self) -> Told {
        for _ in 0..TRIES {
            if !self.is_asked() && self.heard != UNAVAILABLE {
                break;
            }
            if !self.is_asked() {
                elapse(AGAIN).await;
            }
            self.heard = self.talk.hear_out("yes please").await;
        }
        self.told()
    }

    fn told(&self) -> Told {
        Told { wish: self.wish.clone(), call: self.call.to_string(), answer: self.heard.clone() }
    }
}

/// The journal of a call that is over, as its writer leaves it.
pub fn write_down(records: &Path, call: CallId) -> PathBuf {
    let day = records.join("2026-11-22");
    std::fs::create_dir_all(&day).expect("it is writable");
    let path = day.join(format!("{call}.jsonl"));
    std::fs::write(&path, journal(call)).expect("it is writable");
    path
}

#[ignore = "an instance that a race starts"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_a_race_starts() {
    let Ok(plan) = std::env::var(PLAN) else { return };
    let plan = std::fs::read_to_string(plan).expect("the race wrote it");
    let Plan { book, state, store, records, callers } = serde_json::from_str(&plan).expect("the race wrote it");
    let shared = Shared::open(&state, &records).expect("nobody else has the folder");
    let (clinic, emr) = book.open(&shared, &store, &records);
    let id = clinic.config.id.clone();
    let store = Store::open(&store, &records, clinic.tenant()).expect("its keys are there");
    let messages = Arc::new(Messages::new(records.join(MESSAGES)));
    tools::deliver(&shared, &id, &messages).await;
    let (stop, name) = (CancellationToken::new(), instance(&records).expect("it is writable"));
    let unsettled = Key::unsettled(&identity(&clinic));
    let tended = Tended { clinics: vec![id.clone()], emrs: Emrs::from_iter([identity(&clinic)]) };
    let tending = tokio::spawn(tend(shared.clone(), tended, name, stop.clone()));
    let looking = tokio::spawn(look_after(emr.clone(), stop.clone()));
    let (closed, ends) = mpsc::channel(callers.len().max(1));
    let importing = tokio::spawn(Importer::new(store.clone(), Library::new(records.clone())).run(ends, stop.clone()));
    let desk = Desk::new(
        Thinkers::new(vec![Arc::new(Literal)], Order::new()),
        Graph::built_in(),
        vec![clinic],
        Books::from([(id, emr)]),
        messages,
        Ledger::open(records.clone()).expect("it is writable"),
        || NOW.parse().expect("a time"),
    );
    let desk = desk.expect("there is a clinic").sharing(shared.clone());

    let asking = stream::iter(callers).map(|wish| Asked::begin(&desk, wish)).buffer_unordered(AT_ONCE);
    let asked: Vec<Asked> = asking.collect().await;
    for asked in &asked {
        say(&Said::Asked(asked.told()));
    }
    say(&Said::Ready(asked.iter().filter(|asked| asked.is_asked()).count()));
    BufReader::new(tokio::io::stdin()).lines().next_line().await.expect("the race gives the word");
    let answers = asked.into_iter().map(|asked| {
        let (records, closed, call) = (records.clone(), closed.clone(), asked.call);
        tokio::spawn(async move {
            let told = asked.agree().await;
            closed.try_send(write_down(&records, call)).expect("there is room for every call");
            say(&Said::Told(told));
        })
    });
    for answered in join_all(answers).await {
        answered.expect("no caller breaks down");
    }
    // A server goes on, and looks what came late to OSCAR.
    let in_doubt = async {
        while !shared.here().table(&unsettled).await.expect("it is readable").is_empty() {
            elapse(AGAIN).await;
        }
    };
    tokio::time::timeout(COMES_LATE, in_doubt).await.ok();
    stop.cancel();
    importing.await.expect("records are moved");
    tending.await.expect("it stops");
    looking.await.expect("it stops");
    store.close().await;
    say(&Said::Over);
}
