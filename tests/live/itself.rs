//! This program of tests, started again as another process that runs one of its tests. What that one says are lines of JSON behind a mark: the
//! harness says something too.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::process::Command;

const MARK: char = '@';

/// Ended when it is dropped.
pub fn command(test: &str) -> Command {
    of(test, Command::new(program()))
}

/// The same that has only what every other program leaves of the cores, as if it were on another machine (Linux's idle policy).
pub fn elsewhere(test: &str) -> Command {
    let mut idle = Command::new("chrt");
    idle.args(["--idle", "0"]).arg(program());
    of(test, idle)
}

fn program() -> PathBuf {
    std::env::current_exe().expect("this program")
}

fn of(test: &str, mut command: Command) -> Command {
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

pub fn say(said: &impl Serialize) {
    let line = format!("\n{MARK}{}\n", serde_json::to_string(said).expect("it has a JSON form"));
    std::io::stdout().write_all(line.as_bytes()).expect("somebody listens");
}

/// What a line says; `None`: it is the harness's, or the half of one.
pub fn said<T: DeserializeOwned>(line: &str) -> Option<T> {
    serde_json::from_str(line.strip_prefix(MARK)?).ok()
}
