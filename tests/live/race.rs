//! Two processes on one Redis and one PostgreSQL, and two hundred callers for twenty times: one process is killed in the middle of it and comes again, the
//! other stands still for longer than its locks live. Never two appointments in a time, nobody is told yes of what is another's, and the record says which.

pub mod instance;
mod lost;
mod model;
mod shared_book;
mod started;
mod without_postgres;
mod without_redis;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use attendant::clinic::Clinic;
use attendant::emr::book::Book as EmbeddedBook;
use attendant::records::Library;
use attendant::sim::oscar::{Dialect, Fault};
use attendant::store::{History, Store, StoreConfig};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, date};
use tokio::time::{Instant, sleep_until};

use super::postgres::Postgres;
use super::redis::Redis;
use crate::desk::comes_within;
use crate::wire::oscar::clinic::Settings;
use crate::wire::oscar::house::{CHEN, House, MONDAY};
use crate::wire::oscar_sim::token;
use instance::{Book, Plan, Told, Wish};
use started::{Heard, Started};

/// Callers for each time at each of two processes.
const EACH: usize = 5;

/// A slow machine that has other work, and locks that end by themselves.
const PATIENCE: Duration = Duration::from_secs(60);

/// A lock lives 10 s.
const LONGER_THAN_A_LOCK: Duration = Duration::from_secs(11);

/// Twenty free quarters of Dr. Chen's Monday and Wednesday.
fn times() -> Vec<DateTime> {
    let quarters = |from: DateTime, count: i64| (0..count).map(move |n| from.saturating_add((15 * n).minutes()));
    quarters(MONDAY.at(8, 30, 0, 0), 8).chain(quarters(date(2026, 11, 25).at(10, 0, 0, 0), 12)).collect()
}

/// A caller, whose chart is to be made yet.
fn wish(number: usize, start: DateTime) -> Wish {
    let born = date(1950, 1, 1).saturating_add(i64::try_from(number).expect("few").days());
    Wish { chart: (5_000 + number).to_string(), born, phone: format!("604556{number:04}"), start }
}

/// Callers who want these times in turn.
fn wishes() -> Vec<Wish> {
    let times = times();
    (0..times.len() * EACH * 2).map(|number| wish(number, times[number % times.len()])).collect()
}

/// The same with a chart of the simulated clinic.
async fn admitted(house: &House, wish: Wish) -> Wish {
    let Wish { born, phone, .. } = &wish;
    let login = house.sim.login();
    let part = |name: &str, text: &str| format!("<{name}>{text}</{name}>");
    let texts = [
        ("activeCount", "0"),
        ("dateOfBirth", &born.strftime("%d").to_string()),
        ("firstName", "Robin"),
        ("hsAlertCount", "0"),
        ("lastName", "Caller"),
        ("monthOfBirth", &born.strftime("%m").to_string()),
        ("patientStatus", "AC"),
        ("phone", phone),
        ("sex", "F"),
        ("yearOfBirth", &born.strftime("%Y").to_string()),
    ];
    let texts: String = texts.iter().map(|(name, text)| part(name, text)).collect();
    let body = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:w=\"{}\">{}<s:Body><w:addDemographic>\
         <arg0>{texts}</arg0></w:addDemographic></s:Body></s:Envelope>",
        Dialect::Juno.namespace(),
        token(&login.security_id.to_string(), &login.password)
    );
    let url = format!("{}/DemographicService", house.base_url());
    let asked = reqwest::Client::new().post(url).header("content-type", "text/xml").body(body).send();
    let reply = asked.await.expect("an answer").text().await.expect("a text");
    let chart = reply.split("<return>").nth(1).and_then(|rest| rest.split('<').next());
    Wish { chart: chart.unwrap_or_else(|| panic!("no chart: {reply}")).to_owned(), ..wish }
}

async fn all_admitted(house: &House, wishes: Vec<Wish>) -> Vec<Wish> {
    let mut all = Vec::with_capacity(wishes.len());
    for wish in wishes {
        all.push(admitted(house, wish).await);
    }
    all
}

/// For how long an answer of OSCAR's is waited for, and a lost write looked for.
const READ_AND_SETTLE_MS: (u64, u64) = (4_000, 2_000);

/// What both processes share, and where each keeps what is its own.
struct Grounds {
    house: House,
    redis: Redis,
    postgres: Postgres,
    folder: tempfile::TempDir,
}

impl Grounds {
    async fn open() -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let house = House::with(Dialect::Juno, None).await;
        let (redis, postgres) = (Redis::start().await, Postgres::start());
        let grounds = Self { house, redis, postgres, folder: tempfile::tempdir().expect("a temporary folder") };
        grounds.store("nobody").migrate().await.expect("the database is empty");
        grounds
    }

    fn records(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self) -> StoreConfig {
        self.postgres.settings()
    }

    fn store(&self, name: &str) -> Store {
        let clinic = Settings { timezone: "America/Vancouver", ..Settings::default() }.clinic();
        Store::open(&self.settings(), &self.records(name), clinic.tenant()).expect("its keys are there")
    }

    fn oscar(&self, (read_ms, settle_ms): (u64, u64)) -> Book {
        let login = self.house.sim.login();
        Book::Oscar {
            base_url: self.house.base_url().to_owned(),
            user: login.user,
            password: login.password,
            read_ms,
            settle_ms,
        }
    }

    fn start(&self, name: &str, book: Book, callers: Vec<Wish>) -> (Started, Plan) {
        let records = self.records(name);
        let plan = Plan { book, state: self.redis.config(), store: self.settings(), records, callers };
        (Started::of(&plan, self.folder.path()), plan)
    }

    /// Both processes on OSCAR, and the plan of the other, when everybody was asked whether it shall be booked.
    async fn both_asked(&self, wishes: &[Wish]) -> (Started, Started, Plan) {
        let oscar = || self.oscar(READ_AND_SETTLE_MS);
        let (mut one, first) = self.start("one", oscar(), of(wishes, 0));
        let (mut other, second) = self.start("other", oscar(), of(wishes, 1));
        let all = (first.callers.len(), second.callers.len());
        assert_eq!((one.ready().await, other.ready().await), all, "everybody was asked");
        (one, other, second)
    }

    /// Who stands in the simulated book in these times.
    fn standing(&self, wishes: &[Wish]) -> Vec<(DateTime, String)> {
        let days: BTreeSet<Date> = wishes.iter().map(|wish| wish.start.date()).collect();
        let starts: BTreeSet<DateTime> = wishes.iter().map(|wish| wish.start).collect();
        let rows = days.iter().flat_map(|day| {
            let rows = self.house.sim.appointments(CHEN, *day).into_iter().filter(|row| row.is_active());
            rows.map(|row| (day.to_datetime(row.start), row.patient.to_string()))
        });
        rows.filter(|(start, _)| starts.contains(start)).collect()
    }
}

/// Nobody shares a time, each yes stands, and what stands is somebody's who was told so, or the staff's to look at.
async fn judge(grounds: &Grounds, heard: &Heard, standing: &[(DateTime, String)], wishes: &[Wish]) {
    let mut by_time: BTreeMap<DateTime, &str> = BTreeMap::new();
    for (start, chart) in standing {
        assert_eq!(by_time.insert(*start, chart), None, "two stand at {start}");
    }
    let mut yes = BTreeSet::new();
    for told in heard.told.iter().filter(|told| is_yes(told)) {
        let Wish { chart, start, .. } = &told.wish;
        assert_eq!(by_time.get(start), Some(&chart.as_str()), "told yes, and it is another's: {told:?}");
        yes.insert(*start);
    }
    // The record says which, once, whatever became of the processes.
    let rows = |sql: &str| grounds.postgres.as_clinic(Some("harbour-street"), sql).expect("it is the clinic's");
    let booked = rows("SELECT call FROM tools WHERE tool = 'create_appointment' AND state = 'done'");
    let booked: Vec<&str> = booked.lines().collect();
    let calls = rows("SELECT call FROM calls");
    let calls: BTreeSet<&str> = calls.lines().collect();
    for told in &heard.told {
        let times = booked.iter().filter(|call| **call == told.call).count();
        assert_eq!(times, usize::from(is_yes(told)), "{told:?}");
        assert!(calls.contains(told.call.as_str()), "its record is missing: {told:?}");
    }
    let store = grounds.store("nobody");
    let past = History::new(Library::new(grounds.records("nobody")), Some(store.clone()));
    let (messages, closed) = past.messages(999).await.expect("the store answers");
    assert_eq!(closed, Vec::<String>::new());
    for (start, chart) in by_time.iter().filter(|(start, _)| !yes.contains(start)) {
        // Of a process that was killed before the caller heard it.
        let is_of = |asked: &&Told| asked.wish.chart == *chart && booked.contains(&asked.call.as_str());
        let phone = &wishes.iter().find(|wish| wish.chart == **chart).expect("it is a caller's").phone;
        let is_about = |text: &str, number: &str| text.contains(&start.to_string()) && number.ends_with(phone.as_str());
        let is_left = messages.iter().any(|left| is_about(left.text.reveal(), left.number.reveal()));
        let is_known = heard.asked.iter().any(|asked| is_of(&asked));
        assert!(is_left || is_known, "{chart} stands at {start}, and neither the ledger nor the staff know of it");
    }
    let chains = store.verify_audit().await.expect("the store answers");
    assert!(chains.iter().all(|chain| chain.broken.is_empty()), "{chains:?}");
    store.close().await;
}

/// Those who call again.
fn not_told(wishes: &[Wish], heard: &Heard) -> Vec<Wish> {
    wishes.iter().filter(|wish| !heard.told.iter().any(|told| told.wish == **wish)).cloned().collect()
}

fn is_yes(told: &Told) -> bool {
    told.answer.starts_with("You're booked")
}

/// Each time is wanted by as many callers of the one process as of the other.
fn of(wishes: &[Wish], process: usize) -> Vec<Wish> {
    let rounds = wishes.chunks(times().len()).skip(process).step_by(2);
    rounds.flatten().cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_of_two_processes_never_share_a_time_in_oscar_though_one_is_killed_and_one_stands_still() {
    let grounds = Grounds::open().await;
    let wishes = all_admitted(&grounds.house, wishes()).await;
    let (mut one, mut other, plan) = grounds.both_asked(&wishes).await;
    assert_eq!((wishes.len(), plan.callers.len()), (200, 100));

    // The first writes are under way in both days when one process stands still.
    grounds.house.turn("addAppointment", Fault::Latency(Duration::from_millis(300)), 2);
    one.go().await;
    other.go().await;
    let house = &grounds.house;
    let written = |count: usize| comes_within(PATIENCE, move || (house.asked("addAppointment") >= count).then_some(()));
    written(2).await;
    one.stand_still();
    let long_enough = Instant::now() + LONGER_THAN_A_LOCK;
    // The other goes on, is killed in a write, and comes again.
    written(6).await;
    let killed = other.kill().await;
    let (mut other, _) = grounds.start("other", plan.book, not_told(&plan.callers, &killed));
    other.ready().await;
    sleep_until(long_enough).await;
    one.go_on();
    other.go().await;
    let heard = killed.and(one.over().await).and(other.over().await);
    assert_eq!(grounds.house.sim.active_overlaps(), [], "once everybody was answered nobody stands on anybody");
    let standing = grounds.standing(&wishes);
    judge(&grounds, &heard, &standing, &wishes).await;
    // What was written in the middle of a kill keeps its time from others.
    assert!(standing.len() >= 16, "{} of 20 times are somebody's", standing.len());
}

/// The lock and the note are gone with the Redis that they were in, and whoever had them stands still.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stood_still_in_a_write_sees_what_came_of_it_and_takes_back_what_came_second() {
    let mut grounds = Grounds::open().await;
    let start = times()[0];
    let wishes = [admitted(&grounds.house, wish(0, start)).await, admitted(&grounds.house, wish(1, start)).await];
    let oscar = || grounds.oscar((2_000, 1_000));
    let (mut one, _) = grounds.start("one", oscar(), vec![wishes[0].clone()]);
    let (mut other, _) = grounds.start("other", oscar(), vec![wishes[1].clone()]);
    assert_eq!((one.ready().await, other.ready().await), (1, 1));
    grounds.house.turn("addAppointment", Fault::Latency(Duration::from_secs(12)), 1);
    one.go().await;
    comes_within(PATIENCE, || (grounds.house.asked("addAppointment") > 0).then_some(())).await;
    one.stand_still();
    grounds.redis.kill().await;
    grounds.redis.start_again().await;
    other.go().await;
    let heard = other.over().await;
    // OSCAR does what the one sent, on top of what the other was given meanwhile.
    let count = |wish: &Wish| grounds.house.active(CHEN, start, &wish.chart);
    comes_within(PATIENCE, || (count(&wishes[0]) == 1).then_some(())).await;
    one.go_on();
    let heard = heard.and(one.over().await);
    let answers: Vec<&str> = heard.told.iter().map(|told| told.answer.as_str()).collect();
    assert!(is_yes(&heard.told[0]) && answers[1] == "slot_taken", "{answers:?}");
    assert_eq!(grounds.house.sim.active_overlaps(), [], "what came second is taken back");
    judge(&grounds, &heard, &grounds.standing(&wishes), &wishes).await;
}

/// A clinic with an embedded book, in which each caller has a chart.
fn clinic_with_book(folder: &Path, wishes: &[Wish]) -> PathBuf {
    let mut text = "slot_minutes = 15\n[[providers]]\nid = \"102\"\nname = \"Dr. Wei Chen\"\n[providers.week]\n\
        monday = [{ hours = \"08:30-12:00\", code = \"1\" }]\nwednesday = [{ hours = \"10:00-13:00\", code = \"1\" }]\n"
        .to_owned();
    for Wish { chart, born, phone, .. } in wishes {
        text += &format!(
            "[[patients]]\nchart = \"{chart}\"\nfirst_name = \"Robin\"\nlast_name = \"Caller\"\nbirth_date = \"{born}\"\nphones = [\"{phone}\"]\n"
        );
    }
    let (clinic, book) = (folder.join("clinic.toml"), folder.join("book.toml"));
    std::fs::write(&book, text).expect("it is writable");
    let named = format!("[emr]\nfile = {:?}\n", book.display().to_string());
    let sample = include_str!("../../agents/sample-clinic.toml").replace("[emr]\n", &named);
    std::fs::write(&clinic, sample).expect("it is writable");
    clinic
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_book_is_one_process_s_and_no_time_is_shared_though_it_is_killed_stands_still_and_is_taken_over() {
    let grounds = Grounds::open().await;
    let wishes = wishes();
    let file = clinic_with_book(grounds.folder.path(), &wishes);
    let book = || Book::Embedded { clinic: file.clone() };
    let folder = grounds.records("one").join("book");
    let journal = folder.join("harbour-street.jsonl");
    let written = |count: usize| {
        let journal = &journal;
        comes_within(PATIENCE, move || {
            let text = std::fs::read_to_string(journal).unwrap_or_default();
            (text.lines().count() >= count).then_some(())
        })
    };
    let clinic = Clinic::load(&file).unwrap();
    let (mut first, _) = grounds.start("one", book(), wishes.clone());
    assert_eq!(first.ready().await, wishes.len());
    first.go().await;
    written(1).await;
    let killed = first.kill().await;
    // Another process on the same folder: it has whatever was written, and nobody else has the book while it stands still.
    let (mut next, _) = grounds.start("one", book(), not_told(&wishes, &killed));
    next.ready().await;
    next.go().await;
    written(1).await;
    next.stand_still();
    let refused = EmbeddedBook::open(&folder, &clinic, MONDAY).unwrap_err().to_string();
    assert!(refused.contains("another process") && refused.contains("let one process use it"), "{refused}");
    next.go_on();
    let heard = killed.and(next.over().await);
    let book = EmbeddedBook::open(&folder, &clinic, MONDAY).unwrap();
    let standing = shared_book::standing(&book).await;
    assert_eq!(standing.len(), times().len(), "and each time goes to somebody");
    judge(&grounds, &heard, &standing, &wishes).await;
}
