//! An instance as the race has it: started, told to go on, stopped, killed, and heard out.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc;

use super::instance::{ITSELF, PLAN, Plan, Said, Told};
use crate::live::itself;

/// A slow machine that has other work.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Started {
    child: Child,
    stdin: ChildStdin,
    said: mpsc::Receiver<Said>,
    heard: Heard,
}

/// What callers heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// First.
    pub asked: Vec<Told>,
    /// Last.
    pub told: Vec<Told>,
}

impl Heard {
    pub fn and(mut self, other: Self) -> Self {
        self.asked.extend(other.asked);
        self.told.extend(other.told);
        self
    }
}

impl Started {
    pub fn of(plan: &Plan, folder: &Path) -> Self {
        let file = folder.join(format!("{:08x}.json", rand::random::<u32>()));
        std::fs::write(&file, serde_json::to_string(plan).expect("it has a JSON form")).expect("it is writable");
        let mut child = itself::command(ITSELF).env(PLAN, file).spawn().expect("this program runs");
        let (stdin, stdout) = (child.stdin.take().expect("it is piped"), child.stdout.take().expect("it is piped"));
        let (says, said) = mpsc::channel(plan.callers.len() * 2 + 2);
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                // The last line of one that was killed may be half.
                let Some(said) = itself::said(&line) else { continue };
                says.send(said).await.ok();
            }
        });
        Self { child, stdin, said, heard: Heard::default() }
    }

    /// How many callers wait for the word to say yes.
    pub async fn ready(&mut self) -> usize {
        loop {
            match self.next().await {
                Some(Said::Asked(asked)) => self.heard.asked.push(asked),
                Some(Said::Ready(count)) => return count,
                other => panic!("it is not ready: {other:?}"),
            }
        }
    }

    /// The word.
    pub async fn go(&mut self) {
        self.stdin.write_all(b"\n").await.expect("it listens");
    }

    /// Until so many callers have heard their last.
    pub async fn answered(&mut self, count: usize) {
        while self.heard.told.len() < count {
            assert!(self.hears().await, "it ended before that");
        }
    }

    /// As a machine that loses its power; what callers had heard by then.
    pub async fn kill(mut self) -> Heard {
        self.child.kill().await.expect("it can be killed");
        while self.hears().await {}
        self.heard
    }

    pub fn stand_still(&self) {
        self.signal(Signal::STOP);
    }

    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Until all of its callers were answered, and its records are in the store.
    pub async fn over(mut self) -> Heard {
        while self.hears().await {}
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("in time").expect("it ends");
        assert!(ended.success(), "{ended}");
        self.heard
    }

    /// `false`: that was all.
    async fn hears(&mut self) -> bool {
        match self.next().await {
            Some(Said::Asked(asked)) => self.heard.asked.push(asked),
            Some(Said::Told(told)) => self.heard.told.push(told),
            Some(Said::Ready(_)) => {}
            Some(Said::Over) | None => return false,
        }
        true
    }

    async fn next(&mut self) -> Option<Said> {
        tokio::time::timeout(PATIENCE, self.said.recv()).await.expect("in time")
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("it runs");
        kill_process(id, signal).expect("it is ours");
    }
}
