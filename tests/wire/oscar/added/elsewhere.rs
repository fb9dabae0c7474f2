//! Simulated OSCARs in a process of their own, each behind a proxy that notes when it owed an answer: what they compute is not the measured
//! process's, and waits while that one computes. This program of tests, started again.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::timeout;

use super::owed::{Span, Spans, noted};
use crate::live::itself;
use crate::wire::oscar::clinic::Settings;
use crate::wire::oscar::house::{House, PROVIDERS};

const ITSELF: &str = "wire::oscar::added::elsewhere::oscars_that_a_measurement_starts";

/// It gets only what others leave of the cores.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many to start.
const COUNT: &str = "ATTENDANT_OSCARS";

/// One of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    /// By way of the proxy.
    base_url: String,
    direct: String,
    user: String,
    password: String,
}

impl Place {
    /// A clinic of this name whose appointments it keeps, asked by way of the proxy.
    pub fn clinic<'a>(&'a self, id: &'a str) -> Settings<'a> {
        Settings { base_url: &self.base_url, ..self.unmeasured(id) }
    }

    /// The same without the proxy.
    pub fn unmeasured<'a>(&'a self, id: &'a str) -> Settings<'a> {
        Settings {
            id,
            base_url: &self.direct,
            user: &self.user,
            password: &self.password,
            providers: PROVIDERS,
            timezone: "America/Vancouver",
            ..Settings::default()
        }
    }
}

/// Ended with this.
pub struct Oscars {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    pub places: Vec<Place>,
}

impl Oscars {
    pub async fn start(count: usize) -> Self {
        let mut child =
            itself::elsewhere(ITSELF).env(COUNT, count.to_string()).spawn().expect("this program can be started");
        let (stdin, stdout) = (child.stdin.take().expect("it is piped"), child.stdout.take().expect("it is piped"));
        let lines = BufReader::new(stdout).lines();
        let mut oscars = Self { child, stdin, lines, places: Vec::new() };
        oscars.places = oscars.hear().await;
        oscars
    }

    /// When each owed an answer so far, in the order of the places.
    pub async fn owed(mut self) -> Vec<Vec<Span>> {
        self.stdin.write_all(b"\n").await.expect("it listens");
        let owed = self.hear().await;
        drop(self.stdin);
        let ended = timeout(PATIENCE, self.child.wait()).await.expect("in time").expect("it ends");
        assert!(ended.success(), "{ended}");
        owed
    }

    async fn hear<T: DeserializeOwned>(&mut self) -> T {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await.expect("in time").expect("readable");
            let line = line.expect("it goes on until it was heard");
            if let Some(said) = itself::said(&line) {
                return said;
            }
        }
    }
}

#[ignore = "what a measurement starts"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oscars_that_a_measurement_starts() {
    let Some(count) = std::env::var(COUNT).ok().and_then(|count| count.parse::<usize>().ok()) else { return };
    let (mut houses, mut all, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let (house, spans) = (House::open().await, Spans::default());
        let proxy = noted(house.address(), spans.clone()).await;
        let (login, direct) = (house.sim.login(), house.base_url().to_owned());
        let base_url = house.sim.base_url(proxy);
        places.push(Place { base_url, direct, user: login.user, password: login.password });
        all.push(spans);
        houses.push(house);
    }
    itself::say(&places);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await.is_ok_and(|line| line.is_some()) {
        itself::say(&all.iter().map(|spans| spans.lock().clone()).collect::<Vec<_>>());
    }
}
