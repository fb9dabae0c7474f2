//! From a clinic's file to its first call: a server that passes calls on until the gates have passed, and the commands that people run.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use attendant::clinic::Clinic;
use attendant::config::Config;
use attendant::onboarding::{Finding, Gate, Seen};
use attendant::server::Server;
use attendant::softphone::dial::{Dialling, Telephone};
use attendant::store::clinics::{Put, State, fingerprint};
use attendant::store::{Store, StoreConfig};
use attendant::transport::sip::CodecName;

use super::postgres::Postgres;
use super::sip_raw_peer::{RawPeer, header};
use crate::program;

const SAMPLE: &str = include_str!("../../agents/sample-clinic.toml");
const OFFICER: &str = "[privacy_officer]\nname = \"Maria Santos\"\nemail = \"privacy@harbour-street.example\"\n";

/// Longest wait until a server has heard of what a command did.
const PATIENCE: Duration = Duration::from_secs(60);

/// Scripted providers, and the clinic of this file.
fn config(folder: &Path, file: &str) -> Config {
    std::fs::write(folder.join("clinic.toml"), file).expect("it is writable");
    let mut config = super::server::config(&folder.join("records"));
    config.clinic.file = Some(folder.join("clinic.toml"));
    config
}

/// What the program says of clinics in the same store.
fn attendant(folder: &Path, kind: &str, arguments: &[&str]) -> (Output, String) {
    let file = folder.join("attendant.toml");
    let records = folder.join("records").display().to_string();
    std::fs::write(&file, format!("[providers]\nkind = \"{kind}\"\n[records]\npath = {records:?}\n"))
        .expect("it is writable");
    let mut attendant = Command::new(env!("CARGO_BIN_EXE_attendant"));
    let output = attendant.args(["clinic", "--config"]).arg(file).args(arguments).output().expect("it is built");
    let said = program::said(&output);
    (output, said)
}

/// What comes of a call: `Ok` once it is answered, and it is hung up then.
async fn ring(server: &Server) -> Result<(), String> {
    let dialling = Dialling {
        target: format!("sip:clinic@{}", server.listening()[0].address),
        from: "0042".into(),
        codecs: vec![CodecName::Pcmu],
        credentials: None,
        patience: Duration::from_secs(10),
    };
    let telephone = Telephone::for_target(&dialling).await.expect("a free port");
    telephone.dial(&dialling).await.map(drop).map_err(|error| error.to_string())
}

/// Rings until it is answered, or passed on: the server hears of a command within seconds.
async fn rings_until(server: &Server, is_so: fn(&Result<(), String>) -> bool) {
    let ringing = async { while !is_so(&ring(server).await) {} };
    tokio::time::timeout(PATIENCE, ringing).await.expect("the server hears of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clinic_that_has_not_passed_takes_no_calls_and_its_callers_reach_its_own_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path(), &SAMPLE.replace(OFFICER, ""))).await.unwrap();
    let mut raw = RawPeer::bind(server.listening()[0].address, "waiting").await;
    let offer = raw.description(1);
    let invite = raw.request("INVITE", 1, None, "", &offer);
    raw.send(&invite).await;
    let answer = raw.expect("SIP/2.0 302").await;
    assert_eq!(header(&answer, "Contact"), Some("<tel:+16045550142>"), "{answer}");
    assert_eq!(server.active(), 0);
    // The gates are looked at while calls are passed on.
    let looked_at = async {
        loop {
            let (shown, said) = attendant(folder.path(), "scripted", &["show", "harbour-street"]);
            assert_eq!(shown.status.code(), Some(0), "{said}");
            if !said.contains("Nobody has looked") {
                return said;
            }
            tokio::task::yield_now().await;
        }
    };
    let said = tokio::time::timeout(PATIENCE, looked_at).await.expect("they are looked at");
    for part in ["waiting", "privacy_officer", "FAILED", "mend: write [privacy_officer]"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(server.drain(Duration::from_secs(10)).await);

    // Mended, and started again.
    let server = Server::start(config(folder.path(), SAMPLE)).await.unwrap();
    rings_until(&server, Result::is_ok).await;
    let (disabled, said) = attendant(folder.path(), "scripted", &["disable", "harbour-street"]);
    assert!(disabled.status.success() && said.contains("enable harbour-street"), "{said}");
    rings_until(&server, |told| told.as_ref().is_err_and(|error| error.contains("302"))).await;
    assert!(server.drain(Duration::from_secs(10)).await);

    // It stays so at the next start, until it is enabled.
    let server = Server::start(config(folder.path(), SAMPLE)).await.unwrap();
    assert!(ring(&server).await.unwrap_err().contains("302"));
    assert!(attendant(folder.path(), "scripted", &["enable", "harbour-street"]).0.status.success());
    rings_until(&server, Result::is_ok).await;
    assert!(server.drain(Duration::from_secs(20)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_mended_while_its_clinic_waits_is_taken_up_by_the_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path(), &SAMPLE.replace(OFFICER, ""))).await.unwrap();
    assert!(ring(&server).await.unwrap_err().contains("302"));
    std::fs::write(folder.path().join("clinic.toml"), SAMPLE).unwrap();
    rings_until(&server, Result::is_ok).await;
    assert!(server.drain(Duration::from_secs(20)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clinic_without_a_store_is_looked_at_at_every_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &SAMPLE.replace("transfer_to = \"+16045550142\"", ""));
    config.store.enabled = false;
    let server = Server::start(config.clone()).await.unwrap();
    assert!(ring(&server).await.unwrap_err().contains("503"), "there is nobody to pass it on to");
    assert!(server.drain(Duration::from_secs(10)).await);
    std::fs::write(folder.path().join("clinic.toml"), SAMPLE).unwrap();
    let server = Server::start(config).await.unwrap();
    rings_until(&server, Result::is_ok).await;
    assert!(server.drain(Duration::from_secs(20)).await);
}

#[test]
fn a_clinic_is_added_checked_in_its_own_languages_listed_and_imported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clinic.toml");
    let spoken = "languages = [\"en-CA\", \"pa-IN\"]\n\n";
    let sample = SAMPLE.replace("languages = [\"en-CA\", \"zh-CN\", \"zh-HK\", \"pa-IN\", \"fr-CA\"]\n\n", spoken);
    std::fs::write(&file, &sample).unwrap();
    let file = file.display().to_string();
    let run = |arguments: &[&str]| attendant(folder.path(), "embedded", arguments);

    let (unknown, said) = run(&["check", "harbour-street"]);
    assert_eq!(unknown.status.code(), Some(64), "{said}");
    assert!(said.contains("attendant clinic add FILE"), "{said}");
    let (added, said) = run(&["add", &file]);
    assert!(added.status.success() && said.contains("attendant clinic check harbour-street"), "{said}");
    let (again, said) = run(&["add", &file]);
    assert_eq!(again.status.code(), Some(64), "{said}");
    assert!(said.contains("attendant clinic import"), "{said}");

    let (checked, said) = run(&["check", "harbour-street", "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{said}");
    let told: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(told["state"], "active");
    let gates = told["gates"].as_array().unwrap();
    assert_eq!(gates.len(), Gate::ALL.len());
    let spoken = gates.iter().find(|gate| gate["gate"] == "languages").unwrap()["evidence"].to_string();
    for language in ["en-CA", "pa-IN"] {
        assert!(spoken.contains(&format!("{language}: embedded said three words")), "{spoken}");
        assert!(spoken.contains(&format!("{language}: whisper listened, answered after")), "{spoken}");
    }
    assert!(spoken.contains("and heard words in them"), "{spoken}");

    let changed = sample.replace(OFFICER, "");
    std::fs::write(folder.path().join("clinic.toml"), changed).unwrap();
    assert!(run(&["import", &file]).0.status.success());
    let (listed, said) = run(&["list"]);
    assert!(listed.status.success(), "{said}");
    let line = said.lines().find(|line| line.starts_with("harbour-street")).unwrap();
    assert!(line.contains("waiting") && line.contains("+16045550100"), "{line}");
    let (failed, said) = attendant(folder.path(), "scripted", &["check", "harbour-street"]);
    assert_eq!(failed.status.code(), Some(1), "{said}");
    assert!(said.contains("1 gate failed: harbour-street takes no calls"), "{said}");
    std::fs::write(folder.path().join("clinic.toml"), "id = 7").unwrap();
    let (refused, said) = run(&["import", &file]);
    assert_eq!(refused.status.code(), Some(64), "{said}");
    assert!(said.contains("clinic.toml"), "{said}");
}

/// A clinic's way through a store.
async fn way(settings: &StoreConfig, records: &Path) {
    let store = Store::open(settings, records, Clinic::sample().tenant()).expect("its keys are there");
    store.migrate().await.expect("the database is empty");
    let clinic = Clinic::of(SAMPLE, "clinic.toml").expect("it is in order");
    // Two servers that start at once.
    let (one, other) = tokio::join!(store.put_clinic(&clinic, "attendant"), store.put_clinic(&clinic, "attendant"));
    assert!([one.expect("it is kept"), other.expect("it is kept")].contains(&Put::Added));
    let facts = fingerprint(SAMPLE);
    let finding =
        |gate| Finding { gate, at: "2026-11-21T00:00:00Z".parse().expect("a time"), evidence: vec![Seen::good("x")] };
    let findings: Vec<Finding> = Gate::ALL.into_iter().map(finding).collect();
    assert_eq!(store.clinic_state(&facts).await.expect("it answers"), Some(State::Waiting));
    assert_eq!(store.record_gates(&facts, &findings, "attendant").await.expect("it is kept"), State::Active);
    assert_eq!(store.gates(&facts).await.expect("it answers"), findings);
    assert!(store.disable_clinic("user jane").await.expect("it is kept"));
    let all = store.roster().all().await.expect("it answers");
    assert_eq!((all.len(), all[0].state, all[0].numbers.len()), (1, State::Disabled, 1));
    assert_eq!(all[0].disabled.as_ref().map(|(_, by)| by.as_str()), Some("user jane"));
    assert!(store.enable_clinic("user jane").await.expect("it is kept"));
    assert_eq!(store.clinic_state(&facts).await.expect("it answers"), Some(State::Active));
    assert_eq!(store.verify_audit().await.expect("it answers")[0].broken, Vec::<String>::new());
    store.close().await;
}

#[tokio::test]
async fn a_clinic_s_way_is_the_same_on_sqlite_and_on_postgresql() {
    let records = tempfile::tempdir().unwrap();
    way(&StoreConfig::default(), records.path()).await;
    let postgres = Postgres::start();
    way(&postgres.settings(), records.path()).await;
}
