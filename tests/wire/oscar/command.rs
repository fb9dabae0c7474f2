//! `attendant check --emr` and `attendant clinic check` as a clinic runs them, against the simulator.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use attendant::sim::oscar::{self as sim, Clock, Dialect};
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::program;

const PATIENCE: Duration = Duration::from_secs(60);

/// The server's address. It runs until the test ends.
async fn simulator() -> String {
    let settings =
        sim::Settings::new(Dialect::Mcmaster, TimeZone::get("America/Vancouver").expect("a zone"), Clock::wall());
    let oscar = sim::Oscar::new(settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = oscar.base_url(listener.local_addr().expect("bound"));
    tokio::spawn(async move { oscar.serve(listener, std::future::pending()).await });
    base_url
}

fn write(folder: &Path, base_url: &str, providers: &str) {
    let clinic = include_str!("../../../agents/sample-clinic.toml").replace("kind = \"book\"", "kind = \"oscar\"");
    let oscar = format!(
        "\n[emr.oscar]\nbase_url = \"{base_url}\"\nuser = {{ env = \"TEST_OSCAR_USER\" }}\n\
         password = {{ env = \"TEST_OSCAR_PASSWORD\" }}\n[emr.oscar.providers]\n{providers}\n"
    );
    std::fs::write(folder.join("clinic.toml"), clinic + &oscar).expect("written");
    let file = folder.join("clinic.toml");
    let config = format!(
        "[providers]\nkind = \"scripted\"\n[clinic]\nfile = {:?}\n[records]\npath = {:?}\n",
        file.display().to_string(),
        folder.join("records").display().to_string()
    );
    std::fs::write(folder.join("attendant.toml"), config).expect("written");
}

async fn check(folder: &Path, password: &str) -> (Output, String) {
    attendant(folder, password, &["check", "--emr"]).await
}

async fn attendant(folder: &Path, password: &str, arguments: &[&str]) -> (Output, String) {
    let (command, rest) = arguments.split_first().expect("a command");
    let run = Command::new(env!("CARGO_BIN_EXE_attendant"))
        .args([command, "--config"])
        .arg(folder.join("attendant.toml"))
        .args(rest)
        .env("TEST_OSCAR_USER", "attendant")
        .env("TEST_OSCAR_PASSWORD", password)
        .env("NO_PROXY", "127.0.0.1")
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run).await.expect("in time").expect("it starts");
    let said = program::said(&output);
    (output, said)
}

#[tokio::test]
async fn a_clinic_learns_whether_its_oscar_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let base_url = simulator().await;
    write(folder.path(), &base_url, "101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"");
    let (output, said) = check(folder.path(), "voice-agent-2026").await;
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in
        ["book     OSCAR (mcmaster) at http://127.0.0.1", "emr      the account is taken", "have the staff confirm it"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }

    let (output, said) = check(folder.path(), "pQ7-not-it-x81").await;
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("emr.oscar.password") && !said.contains("pQ7"), "{said}");
    // One that anybody could guess starts nothing.
    let (output, said) = check(folder.path(), "wrong").await;
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains("clinic.toml: emr.oscar.password: shorter than 12") && !said.contains("wrong"), "{said}");

    write(folder.path(), &base_url, "101 = \"Dr. Priya Singh\"\n105 = \"Dr. Harold Beck\"");
    let (output, said) = check(folder.path(), "voice-agent-2026").await;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("WRONG: provider 105 (Dr. Harold Beck) is not among the active ones"), "{said}");

    write(folder.path(), "http://oscar.example.ca/oscar/ws", "101 = \"Dr. Priya Singh\"");
    let (output, said) = check(folder.path(), "voice-agent-2026").await;
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains("clinic.toml: emr.oscar.base_url:") && said.contains("write https"), "{said}");

    write(folder.path(), "http://127.0.0.1:1/oscar/ws", "101 = \"Dr. Priya Singh\"");
    let (output, said) = check(folder.path(), "voice-agent-2026").await;
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("cannot be connected to"), "{said}");
}

#[tokio::test]
async fn a_clinic_passes_the_gates_of_its_book_once_its_oscar_has_answered() {
    let folder = tempfile::tempdir().unwrap();
    let base_url = simulator().await;
    let file = folder.path().join("clinic.toml").display().to_string();
    let (clinic, right) = (["clinic", "check", "harbour-street"], "voice-agent-2026");
    write(folder.path(), &base_url, "101 = \"Dr. Priya Singh\"\n102 = \"Doctor Chen\"");
    let (output, said) = attendant(folder.path(), right, &["clinic", "add", &file]).await;
    assert_eq!(output.status.code(), Some(0), "{said}");
    let (output, said) = attendant(folder.path(), right, &clinic).await;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("WRONG: Doctor Chen is 102 in the EMR, and not in [[providers]]"), "{said}");

    write(folder.path(), &base_url, "101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"");
    let (output, said) = attendant(folder.path(), right, &["clinic", "import", &file]).await;
    assert_eq!(output.status.code(), Some(0), "{said}");
    let (output, said) = attendant(folder.path(), "pQ7-not-it-x81", &clinic).await;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("WRONG: the EMR refuses to be logged in to") && !said.contains("pQ7"), "{said}");
    assert!(said.contains("harbour-street takes no calls"), "{said}");

    let (output, said) = attendant(folder.path(), right, &clinic).await;
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        "the account is taken",
        "Dr. Wei Chen is 102 in the EMR",
        "emr.oscar.password was read from",
        "harbour-street takes calls",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // An OSCAR that is away afterwards takes no clinic off the telephone.
    let (output, said) = attendant(folder.path(), "pQ7-not-it-x81", &clinic).await;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("goes on taking calls, since this file has passed before"), "{said}");
}

#[tokio::test]
async fn an_account_is_kept_sealed_in_the_store_and_a_new_key_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let base_url = simulator().await;
    let path = |name: &str| folder.path().join(name);
    let file = path("clinic.toml").display().to_string();
    write(folder.path(), &base_url, "101 = \"Dr. Priya Singh\"\n102 = \"Dr. Wei Chen\"");
    let named = "user = { env = \"TEST_OSCAR_USER\" }\npassword = { env = \"TEST_OSCAR_PASSWORD\" }\n";
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(named));
    std::fs::write(&file, text.replace(named, "")).unwrap();
    let right = "voice-agent-2026";
    let run = async |password: &str, arguments: &[&str]| {
        let (output, said) = attendant(folder.path(), password, arguments).await;
        assert!(!said.contains(right) && !said.contains("pQ7"), "{said}");
        (output.status.code(), said)
    };
    let (status, said) = run(right, &["clinic", "add", &file]).await;
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = run(right, &["check", "--emr"]).await;
    assert!(status == Some(64) && said.contains("attendant clinic credentials set harbour-street"), "{said}");

    let set = ["clinic", "credentials", "set", "harbour-street", "--user", "env:TEST_OSCAR_USER", "--password"];
    let (status, said) = run(right, &[&set[..], &[right]].concat()).await;
    assert!(status == Some(64) && said.contains("is no argument"), "{said}");
    let (status, said) = run("guess-me", &[&set[..], &["env:TEST_OSCAR_PASSWORD"]].concat()).await;
    assert!(status == Some(64) && said.contains("shorter than 12"), "{said}");
    std::fs::write(path("secret"), right).unwrap();
    let source = format!("file:{}", path("secret").display());
    let (status, said) = run("unused", &[&set[..], &[&source]].concat()).await;
    assert!(status == Some(0) && said.contains("in the store, sealed by key 1"), "{said}");
    std::fs::remove_file(path("secret")).unwrap();
    for sealed_by in ["sealed by key 1", "sealed by key 2"] {
        let (status, said) = run("unused", &["check", "--emr"]).await;
        assert!(status == Some(0) && said.contains("emr      the account is taken"), "{said}");
        assert!(said.contains("login    in the store") && said.contains(sealed_by), "{said}");
        let (status, said) = run("unused", &["keys", "rotate"]).await;
        assert_eq!(status, Some(0), "{said}");
    }
    let (status, said) = run("unused", &["clinic", "check", "harbour-street"]).await;
    assert!(status == Some(0) && said.contains("the account at the EMR is in the store, sealed by key 3"), "{said}");
    let (_, said) = run("unused", &["audit", "show"]).await;
    assert!(said.contains("credentials_set"), "{said}");
    for entry in std::fs::read_dir(path("records").join("store")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(right.len()).any(|part| part == right.as_bytes()), "sealed");
    }

    let (status, said) = run("unused", &["clinic", "credentials", "remove", "harbour-street"]).await;
    assert_eq!(status, Some(0), "{said}");
    let (status, said) = run("unused", &["clinic", "credentials", "show", "harbour-street"]).await;
    assert!(status == Some(64) && said.contains("neither the clinic's file nor the store"), "{said}");
}
