//! What attendant adds to the EMR's own time, and how many bookings a second it writes (`make bench-book`, benches/README.md).
//!
//! A hundred callers book by voice at once, each at an OSCAR of their own. What lies between an EMR's first request and its answer is the EMR's, as a
//! proxy in front of it sees it; all else of a tool is attendant's: journal, locks, reading XML, sentences. Nothing here is asserted but that it happened.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::clock::elapse;
use attendant::emr::book::Book;
use attendant::emr::{Emr, ProviderRef};
use attendant::language::Language;
use attendant::softphone::report::percentile;
use attendant::state::Shared;
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use jiff::ToSpan;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::by_voice::Talk;
use super::house::{CHEN, House, MONDAY, SINGH, wanted};
use crate::live::redis::Redis;
use crate::wire::emr_contract::asks_for;

const CALLS: u32 = 100;

/// Between two sentences of a caller.
const BREATH: Duration = Duration::from_secs(3);

/// Writers at once, as many callers who say yes in the same moment.
const WRITERS: usize = 16;

/// When the EMR owed an answer to one caller: spans that do not overlap.
#[derive(Default)]
struct Owed {
    waiting: u32,
    since: Option<Instant>,
    spans: Vec<(Instant, Instant)>,
}

impl Owed {
    fn asked(&mut self) {
        self.waiting += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    fn answered(&mut self) {
        self.waiting -= 1;
        if self.waiting == 0 {
            self.spans.extend(self.since.take().map(|since| (since, Instant::now())));
        }
    }

    /// Of this span.
    fn within(&self, (from, to): (Instant, Instant)) -> Duration {
        self.spans.iter().map(|span| span.1.min(to).saturating_duration_since(span.0.max(from))).sum()
    }
}

/// Passes requests on, one at a time a connection, and notes when they were under way.
async fn noted(emr: SocketAddr, owed: Arc<Mutex<Owed>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((ours, _)) = listener.accept().await {
            let owed = owed.clone();
            tokio::spawn(async move { passed(ours, emr, &owed).await });
        }
    });
    address
}

/// The first bytes after an answer are a request, the first after that its answer.
async fn passed(mut ours: TcpStream, emr: SocketAddr, owed: &Mutex<Owed>) -> std::io::Result<()> {
    ours.set_nodelay(true)?;
    let mut theirs = TcpStream::connect(emr).await?;
    theirs.set_nodelay(true)?;
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut is_owed = false;
    loop {
        tokio::select! {
            read = ours.read(&mut up) => match read? {
                0 => return Ok(()),
                n => {
                    if !std::mem::replace(&mut is_owed, true) {
                        owed.lock().asked();
                    }
                    theirs.write_all(&up[..n]).await?;
                }
            },
            read = theirs.read(&mut down) => match read? {
                0 => return Ok(()),
                n => {
                    if std::mem::replace(&mut is_owed, false) {
                        owed.lock().answered();
                    }
                    ours.write_all(&down[..n]).await?;
                }
            },
        }
    }
}

/// One caller books; what attendant added to each tool, and whether it is booked.
async fn caller(number: u32, shared: Shared) -> (Vec<Duration>, bool) {
    let mut house = House::open().await;
    let owed = Arc::new(Mutex::new(Owed::default()));
    house.through(noted(house.address(), owed.clone()).await);
    let (clinic, oscar) = house.sharing(&shared);
    let (mut talk, _folder) = Talk::at(clinic, Arc::new(oscar), &shared, Language::English);
    elapse(BREATH * number / (CALLS / 6)).await;
    let mut answer = String::new();
    for line in asks_for("one fifteen").iter().chain(&["yes please"]) {
        answer = talk.say(line).await;
        elapse(BREATH).await;
    }
    let added = talk.tools.iter().map(|span| (span.1 - span.0).saturating_sub(owed.lock().within(*span)));
    (added.collect(), answer.starts_with("You're booked"))
}

async fn added_by(name: &str, shared: &Shared) {
    let callers = (0..CALLS).map(|number| tokio::spawn(caller(number, shared.clone())));
    let (mut added, mut booked) = (Vec::new(), 0);
    for caller in join_all(callers).await {
        let (steps, is_booked) = caller.expect("the call goes on to its end");
        added.extend(steps);
        booked += u32::from(is_booked);
    }
    added.sort_unstable();
    assert!(booked > 0, "somebody books");
    let at = |percent| percentile(&added, percent).expect("there is one").as_secs_f64() * 1_000.0;
    println!(
        "added to the EMR's own time, {name}: p50 {:.1} ms, p99 {:.1} ms of {} tools; {booked} of {CALLS} callers booked",
        at(50),
        at(99),
        added.len()
    );
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

#[ignore = "a measurement of a minute: make bench-book"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_added_to_the_emrs_own_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = Shared::open(&attendant::state::StateConfig::default(), folder.path()).expect("it can be opened");
    added_by("in process", &here).await;
    let redis = Redis::start().await;
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    added_by("with Redis", &redis.shared(elsewhere.path())).await;

    let clinic = attendant::clinic::Clinic::sample();
    let book = Book::open(&folder.path().join("book"), &clinic, MONDAY).expect("a new book");
    written_by("embedded book", Arc::new(book)).await;
    for (name, shared) in [("OSCAR, in process", here), ("OSCAR, with Redis", redis.shared(elsewhere.path()))] {
        let house = House::open().await;
        written_by(name, Arc::new(house.sharing(&shared).1)).await;
    }
}
