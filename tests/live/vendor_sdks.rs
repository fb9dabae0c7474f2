//! The vendors' own Python packages, or LiveKit's and Pipecat's where a vendor has none, against the simulated vendors, as `attendant sim providers`
//! serves them: what the packages send is taken, and what they are sent they can read. What they send when they are asked for what we ask is written down in `tests/golden/vendors`,
//! with which the tests of each client compare what we send.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::wire::google::key as google_key;

/// Completes a session.
const SESSION: &str = "vendor_sdks.py";
/// Prints what is sent.
const RECORD: &str = "vendor_record.py";

/// Python starts slowly on a machine that builds.
const PATIENCE: Duration = Duration::from_secs(60);

const VENDORS: [&str; 16] = [
    "openai",
    "anthropic",
    "openai_stt",
    "openai_tts",
    "deepgram_nova",
    "deepgram_flux",
    "cartesia",
    "elevenlabs",
    "elevenlabs_types",
    "sarvam_ears",
    "sarvam_voice",
    "qwen",
    "azure",
    "azure_stt",
    "google",
    "google_tts",
];

/// Where `.ci/deps --sdks` puts them.
fn packages() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map_or_else(home, PathBuf::from);
    let folder = cache.join("attendant/vendor_sdks");
    assert!(
        folder.join("installed.txt").is_file(),
        "the packages are not in {}: run `.ci/deps --sdks`",
        folder.display()
    );
    folder
}

/// The program, the address of all vendors but Google, and Google's.
async fn vendors() -> (Child, String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_attendant"));
    program.args(["sim", "providers", "--bind", "127.0.0.1:0", "--bind-google", "127.0.0.1:0", "--llm", "20"]);
    program.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut program = program.spawn().expect("the program is built");
    let mut lines = BufReader::new(program.stdout.take().expect("it is piped")).lines();
    let (mut all, mut google) = (None, None);
    while all.is_none() || google.is_none() {
        let line = timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("readable").expect("a line");
        let address =
            line.split_once("http://").map(|(_, rest)| rest.split(['/', ',', ' ']).next().unwrap_or_default());
        match (line.split(' ').next(), address) {
            (Some("Azure"), Some(address)) => all = Some(address.to_owned()),
            (Some("Google"), Some(address)) => google = Some(address.to_owned()),
            _ => {}
        }
    }
    (program, all.expect("it was told"), google.expect("it was told"))
}

/// The packages, and the vendors that they are tried with.
struct Trial {
    packages: PathBuf,
    key: tempfile::NamedTempFile,
    _program: Child,
    all: String,
    google: String,
}

impl Trial {
    async fn begin() -> Self {
        let packages = packages();
        let (_program, all, google) = vendors().await;
        Self { packages, key: google_key(), _program, all, google }
    }

    /// What a script of this folder prints, or what went wrong.
    async fn run(&self, script: &str, vendor: &str) -> Result<String, String> {
        let mut command = Command::new("python3");
        let is_google = vendor.starts_with("google");
        command.arg(format!("{}/tests/live/{script}", env!("CARGO_MANIFEST_DIR")));
        command.args([vendor, if is_google { &self.google } else { &self.all }]);
        if is_google {
            command.arg(self.key.path());
        }
        let ran = command
            .env("PYTHONPATH", &self.packages)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_PROXY", "127.0.0.1")
            .env("no_grpc_proxy", "127.0.0.1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let ran = timeout(PATIENCE, ran).await.expect("in time").expect("python3 starts");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let more = String::from_utf8_lossy(&ran.stderr);
        if ran.status.success() { Ok(said) } else { Err(format!("{vendor}: {said}{more}")) }
    }
}

#[tokio::test]
#[ignore = "the packages are 600 MB: `make test-long` installs them"]
async fn every_vendors_own_package_completes_a_session() {
    let trial = Trial::begin().await;
    let mut wrong = Vec::new();
    for vendor in VENDORS {
        match trial.run(SESSION, vendor).await {
            Ok(said) => println!("{said}"),
            Err(what) => wrong.push(what),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
#[ignore = "the packages are 600 MB: `make test-long` installs them, and `make record-vendors` writes down what they send"]
async fn what_each_package_sends_is_what_was_written_down() {
    let trial = Trial::begin().await;
    let is_to_write = std::env::var_os("RECORD").is_some_and(|record| record == "1");
    let mut wrong = Vec::new();
    for vendor in VENDORS {
        let golden = format!("{}/tests/golden/vendors/{vendor}.jsonl", env!("CARGO_MANIFEST_DIR"));
        match trial.run(RECORD, vendor).await {
            Ok(said) if is_to_write => std::fs::write(golden, said).expect("the folder is writable"),
            Ok(said) if std::fs::read_to_string(&golden).is_ok_and(|written| written == said) => {}
            Ok(said) => wrong.push(format!("{vendor}: {golden} is not what is sent (`make record-vendors`):\n{said}")),
            Err(what) => wrong.push(what),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
