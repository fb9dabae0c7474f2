//! `attendant check --emr` and `attendant clinic check` as a clinic runs them, against the simulator.

use std::path::Path;
use std::time::Duration;

use attendant::sim::Clock;
use attendant::sim::fhir::{Conduct, Fhir, Settings};
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::house::text;
use crate::program;

const PATIENCE: Duration = Duration::from_secs(60);

async fn attendant(folder: &Path, token: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let (command, rest) = arguments.split_first().expect("a command");
    let run = Command::new(env!("CARGO_BIN_EXE_attendant"))
        .args([command, "--config"])
        .arg(folder.join("attendant.toml"))
        .args(rest)
        .env("TEST_FHIR_TOKEN", token)
        .env("NO_PROXY", "127.0.0.1")
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run).await.expect("in time").expect("it starts");
    let said = program::said(&output);
    (output.status.code(), said)
}

fn write(folder: &Path, base_url: &str, providers: &str) {
    let file = folder.join("clinic.toml");
    let account = "token = { env = \"TEST_FHIR_TOKEN\" }";
    std::fs::write(&file, text(base_url, account, providers, [2_000, 4_000, 8_000])).expect("written");
    let config = format!(
        "[providers]\nkind = \"scripted\"\n[clinic]\nfile = {:?}\n[records]\npath = {:?}\n",
        file.display().to_string(),
        folder.join("records").display().to_string()
    );
    std::fs::write(folder.join("attendant.toml"), config).expect("written");
}

#[tokio::test]
async fn a_clinic_learns_whether_its_server_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let zone = TimeZone::get("America/Vancouver").unwrap();
    let fhir = Fhir::new(Settings { conduct: Conduct::Strict, zone, clock: Clock::wall() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (base_url, token) = (fhir.base_url(listener.local_addr().unwrap()), fhir.token());
    tokio::spawn(async move { fhir.serve(listener, std::future::pending()).await });
    let check = ["check", "--emr"];
    write(folder.path(), &base_url, "101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"");
    let (status, said) = attendant(folder.path(), &token, &check).await;
    assert_eq!(status, Some(0), "{said}");
    for part in ["book     FHIR R4 at http://127.0.0.1", "emr      the token is taken", "have the staff confirm it"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (status, said) = attendant(folder.path(), "pQ7-not-it-x81", &check).await;
    assert!(status == Some(69) && said.contains("emr.fhir.token") && !said.contains("pQ7"), "{said}");
    // One that anybody could guess starts nothing.
    let (status, said) = attendant(folder.path(), "wrong", &check).await;
    assert!(status == Some(64) && said.contains("clinic.toml: emr.fhir.token: shorter than 12"), "{said}");

    write(folder.path(), &base_url, "101 = \"Dr. Priya Singh\"\n103 = \"Dr. Martin Tremblay\"");
    let (status, said) = attendant(folder.path(), &token, &check).await;
    assert!(
        status == Some(1) && said.contains("WRONG: provider 103 (Dr. Martin Tremblay) has no active Schedule"),
        "{said}"
    );

    write(folder.path(), "http://127.0.0.1:1/fhir", "101 = \"Dr. Priya Singh\"");
    let (status, said) = attendant(folder.path(), &token, &check).await;
    assert!(status == Some(69) && said.contains("emr.fhir.base_url right"), "{said}");

    let file = folder.path().join("clinic.toml").display().to_string();
    write(folder.path(), &base_url, "101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"");
    let (status, said) = attendant(folder.path(), &token, &["clinic", "add", &file]).await;
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = attendant(folder.path(), &token, &["clinic", "check", "harbour-street"]).await;
    assert_eq!(status, Some(0), "{said}");
    for part in ["the token is taken", "Dr. Wei Chen is 102 in the EMR", "emr.fhir.token was read from", "takes calls"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}
