//! Somebody else's SOAP client, zeep, against the simulated OSCAR: it knows only what the WSDLs say.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use attendant::sim::oscar::{Clock, Dialect, Oscar, Settings};
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/oscar_zeep.py");

/// Python starts slowly on a machine that builds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where `.ci/deps --tools` puts it.
fn zeep() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()).map_or_else(home, PathBuf::from);
    let folder = cache.join("attendant/zeep");
    assert!(folder.join("zeep").is_dir(), "zeep is not in {}: run `make tools`", folder.display());
    folder
}

async fn all_services_answer(dialect: Dialect) {
    let now = "2026-11-22T18:00:00Z".parse().expect("a time");
    let zone = TimeZone::get("America/Toronto").expect("a zone");
    let oscar = Oscar::new(Settings::new(dialect, zone, Clock::new(move || now)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = oscar.base_url(listener.local_addr().expect("bound"));
    let serving = oscar.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let login = oscar.login();
    let ran = Command::new("python3")
        .arg(SCRIPT)
        .args([&base_url, &login.user, &login.password, dialect.name(), "101", "2026-11-23", "1001"])
        .env("PYTHONPATH", zeep())
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = tokio::time::timeout(PATIENCE, ran).await.expect("in time").expect("python3 starts");
    let said = [String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr)].concat();
    assert!(ran.status.success(), "{dialect}: {said}");
    assert_eq!(oscar.active_overlaps(), []);
}

#[tokio::test]
async fn zeep_works_against_every_service_of_oscar_19() {
    all_services_answer(Dialect::Mcmaster).await;
}

#[tokio::test]
async fn zeep_works_against_every_service_of_open_o() {
    all_services_answer(Dialect::Openo).await;
}

#[tokio::test]
async fn zeep_works_against_every_service_of_juno() {
    all_services_answer(Dialect::Juno).await;
}
