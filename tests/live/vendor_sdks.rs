//! The vendors' own Python packages against the simulated vendors, as `attendant sim providers` serves them: what the packages send is
//! taken, and what they are sent they can read.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::wire::google::key as google_key;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/vendor_sdks.py");

/// Python starts slowly on a machine that builds.
const PATIENCE: Duration = Duration::from_secs(60);

const VENDORS: [&str; 15] = [
    "openai",
    "anthropic",
    "openai_stt",
    "openai_tts",
    "deepgram_nova",
    "deepgram_flux",
    "cartesia",
    "elevenlabs",
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
        let address = line.split_once("http://").map(|(_, rest)| rest.split(['/', ' ']).next().unwrap_or_default());
        match (line.split(' ').next(), address) {
            (Some("Azure"), Some(address)) => all = Some(address.to_owned()),
            (Some("Google"), Some(address)) => google = Some(address.to_owned()),
            _ => {}
        }
    }
    (program, all.expect("it was told"), google.expect("it was told"))
}

#[tokio::test]
#[ignore = "the packages are 190 MB: `make test-long` installs them"]
async fn every_vendors_own_package_completes_a_session() {
    let packages = packages();
    let key = google_key();
    let (_program, all, google) = vendors().await;
    let mut wrong = Vec::new();
    for vendor in VENDORS {
        let mut command = Command::new("python3");
        let is_google = vendor.starts_with("google");
        command.args([SCRIPT, vendor, if is_google { &google } else { &all }]);
        if is_google {
            command.arg(key.path());
        }
        let ran = command
            .env("PYTHONPATH", &packages)
            .env("NO_PROXY", "127.0.0.1")
            .env("no_grpc_proxy", "127.0.0.1")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let ran = timeout(PATIENCE, ran).await.expect("in time").expect("python3 starts");
        let said = [String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr)].concat();
        println!("{said}");
        if !ran.status.success() {
            wrong.push(format!("{vendor}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
