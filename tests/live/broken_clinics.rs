//! One of several clinics that cannot be started: its calls reach its own line, what it left behind is still told of and purged, and the others notice nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use attendant::agent::tools::{MESSAGES, Message, MessageKind, Messages};
use attendant::call::CallId;
use attendant::clock;
use attendant::config::{Config, SecretSource};
use attendant::onboarding::{Finding, Gate, Seen};
use attendant::privacy::Pii;
use attendant::server::{self, Server};
use attendant::softphone::dial::{Answered, Telephone};
use attendant::store::Store;
use attendant::store::audit::Action;
use attendant::store::clinics::fingerprint;
use attendant::store::keys;
use jiff::SignedDuration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Duration, interval, timeout};

use super::numbers::dial;
use crate::desk::in_time;

const SAMPLE: &str = include_str!("../../agents/sample-clinic.toml");

/// Longest wait until a clinic has been started and has passed its gates.
const OPENING: Duration = Duration::from_secs(60);

/// Harbour Street at +1 604 555 0100, with a book of its own.
fn harbour() -> String {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/sample-book.toml");
    SAMPLE.replace("kind = \"book\" ", &format!("file = {:?}\nkind = \"book\" ", book.display().to_string()))
}

/// Hilltop at +1 604 555 0120, with this `[emr]` and these sections.
fn hilltop(kind: &str, sections: &str) -> String {
    let emr = format!("kind = \"{kind}\" ");
    SAMPLE
        .replace("harbour-street", "hilltop")
        .replace("numbers = [\"+16045550100\"]", "numbers = [\"+16045550120\"]")
        .replace("kind = \"book\" ", &emr)
        + sections
}

/// Scripted providers and these two.
fn config(folder: &Path, hilltop: &str) -> Config {
    let mut config = super::server::config(&folder.join("records"));
    config.api.listen = vec!["127.0.0.1:0".parse().expect("an address")];
    for (name, text) in [("harbour.toml", harbour().as_str()), ("hilltop.toml", hilltop)] {
        std::fs::write(folder.join(name), text).expect("it is writable");
        config.clinic.files.push(folder.join(name));
    }
    config
}

fn records(folder: &Path, clinic: &str) -> PathBuf {
    folder.join("records/clinics").join(clinic)
}

/// Harbour Street has passed its gates with its file, as far as its folder of records tells.
fn passed(folder: &Path) {
    let (text, own) = (harbour(), records(folder, "harbour-street"));
    std::fs::create_dir_all(&own).expect("it is writable");
    let remembered =
        format!("{{\"clinic\":\"harbour-street\",\"facts\":\"{}\",\"state\":\"active\"}}", fingerprint(&text));
    std::fs::write(own.join("clinic.json"), remembered).expect("it is writable");
}

/// Left at hilltop so many days ago.
async fn left(folder: &Path, id: &str, days: i64) {
    let pii = |text: &str| Pii::new(text.to_owned());
    let message = Message {
        id: id.to_owned(),
        kind: MessageKind::Message,
        at: clock::stamp_of(clock::now() - SignedDuration::from_hours(24 * days)),
        call: CallId::new(),
        clinic: "hilltop".to_owned(),
        caller: pii("+16045550177"),
        name: pii("Jane Roe"),
        number: pii("+16045550123"),
        text: pii("please call me"),
    };
    let messages = Arc::new(Messages::new(records(folder, "hilltop").join(MESSAGES)));
    messages.keep(message).await.expect("it is writable");
}

async fn metrics(server: &Server) -> String {
    reqwest::get(format!("http://{}/metrics", server.http()[0]))
        .await
        .expect("it answers")
        .text()
        .await
        .expect("it is text")
}

async fn is_passed_on(server: &Server) {
    let refused = dial(server, "+16045550120").await.map(drop).expect_err("it takes no calls");
    assert!(refused.contains("302"), "{refused}");
    let metrics = metrics(server).await;
    assert!(metrics.contains("\ncalls_refused_total{clinic=\"hilltop\",why=\"broken\"} 1\n"), "{metrics}");
}

/// Rings until the clinic takes its calls: its gates may be looked at first.
async fn opens(server: &Server, number: &str) -> (Telephone, Answered) {
    let mut due = interval(Duration::from_millis(100));
    let ringing = async {
        loop {
            due.tick().await;
            if let Ok(answered) = dial(server, number).await {
                return answered;
            }
        }
    };
    timeout(OPENING, ringing).await.expect("it takes its calls")
}

/// The first request that comes, answered with 200.
async fn told(webhook: TcpListener) -> String {
    let (mut stream, _) = webhook.accept().await.expect("it listens");
    let mut request = Vec::new();
    while !String::from_utf8_lossy(&request).contains("\"kind\"") {
        assert_ne!(stream.read_buf(&mut request).await.expect("it sends"), 0, "it breaks off");
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.expect("it reads");
    String::from_utf8_lossy(&request).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_file_that_is_missing_costs_one_clinic_its_calls_and_neither_its_notices_nor_its_purges() {
    let folder = tempfile::tempdir().unwrap();
    let webhook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "q7Vx-20mm-T4ps-w9Lk-3Zhd-88Rn-aE").unwrap();
    let (top, fhir) = (
        format!(
            "\n[notices]\nto = [\"http://127.0.0.1:{}/hook\"]\nsecret = {{ file = {:?} }}\n",
            webhook.local_addr().unwrap().port(),
            secret.display().to_string()
        ),
        "\n[emr.fhir]\nbase_url = \"http://127.0.0.1:1/r4\"\ntoken = { file = \"/not/mounted\" }\n[emr.fhir.providers]\n101 = \"Dr. Wei Chen\"\n\
         [emr.fhir.slots]\n1 = [\"*\"]\nP = [\"phone\"]\ns = [\"same-day\"]\n",
    );
    let config = config(folder.path(), &hilltop("fhir", &format!("{fhir}{top}")));
    passed(folder.path());
    left(folder.path(), "new", 2).await;
    left(folder.path(), "old", 100).await;

    // What a command says of it, and what a server does with it.
    let wrong = server::check(&config).unwrap_err().to_string();
    assert!(wrong.contains("hilltop.toml: emr.fhir.token: cannot read") && !wrong.contains("harbour.toml"), "{wrong}");
    let server = Server::start(config.clone()).await.expect("one clinic is in order");
    is_passed_on(&server).await;
    let request = in_time(told(webhook)).await;
    assert!(request.starts_with("POST /hook ") && request.contains("\"new\""), "{request}");
    let own = server::one(&config, Some("hilltop")).unwrap();
    let store = Store::open(&own.config.store, &own.config.records.folder(), own.clinic.tenant()).unwrap();
    let purged = async {
        let mut due = interval(Duration::from_millis(100));
        loop {
            due.tick().await;
            let notes = store.audited(50).await.unwrap();
            if let Some((_, _, note)) = notes.into_iter().find(|(_, _, note)| note.outcome.contains("messages 1")) {
                return note;
            }
        }
    };
    assert_eq!(in_time(purged).await.action, Action::Purged);
    store.close().await;
    assert!(server.drain(Duration::from_secs(1)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_down_at_the_start_closes_only_the_clinic_whose_account_is_in_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let oscar =
        "\n[emr.oscar]\nbase_url = \"http://127.0.0.1:1/oscar/ws\"\n[emr.oscar.providers]\n101 = \"Dr. Wei Chen\"\n";
    let mut config = config(folder.path(), &hilltop("oscar", oscar));
    let (sealing, password) = (folder.path().join("keys.toml"), folder.path().join("password"));
    keys::create(&sealing).unwrap();
    std::fs::write(&password, "pG7-wx20-T4ps-w9Lk").unwrap();
    // Nobody listens there.
    config.store.url = Some("postgres://attendant@127.0.0.1:1/attendant".to_owned());
    config.store.password = Some(SecretSource { env: None, file: Some(password) });
    config.store.keys = Some(sealing);
    passed(folder.path());
    let server = Server::start(config).await.expect("the other clinic needs no database");
    is_passed_on(&server).await;
    let (_telephone, answered) = dial(&server, "+16045550100").await.expect("it takes its calls");
    drop(answered);
    assert!(server.drain(Duration::from_secs(20)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clinic_that_is_mended_and_checked_takes_its_calls_and_a_call_of_another_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let fhir = format!(
        "\n[emr.fhir]\nbase_url = \"http://127.0.0.1:1/r4\"\ntoken = {{ file = {:?} }}\n[emr.fhir.providers]\n101 = \"Dr. Wei Chen\"\n\
         [emr.fhir.slots]\n1 = [\"*\"]\nP = [\"phone\"]\ns = [\"same-day\"]\n",
        token.display().to_string()
    );
    let mut config = config(folder.path(), &hilltop("fhir", &fhir));
    // Its caller says nothing.
    (config.call.media_timeout_s, config.call.silence_prompt_s) = (300, 300);
    let server = Server::start(config.clone()).await.expect("one clinic is in order");
    is_passed_on(&server).await;
    let going_on = opens(&server, "+16045550100").await;

    // As `attendant clinic add` and `check` do when all is well.
    std::fs::write(&token, "q7Vx-20mm-T4ps-w9Lk-3Zhd-88Rn-aE").unwrap();
    let own = server::one(&config, Some("hilltop")).unwrap();
    let store = Store::open(&own.config.store, &own.config.records.folder(), own.clinic.tenant()).unwrap();
    store.put_clinic(&own.clinic, "user jane").await.unwrap();
    let findings = Gate::ALL.map(|gate| Finding { gate, at: clock::now(), evidence: vec![Seen::good("x")] });
    store.record_gates(&fingerprint(own.clinic.text()), &findings, "user jane").await.unwrap();
    store.close().await;
    let answered = opens(&server, "+16045550120").await;
    let metrics = metrics(&server).await;
    assert!(metrics.contains("\nclinic_takes_calls{clinic=\"hilltop\"} 1\n"), "{metrics}");
    assert!(!metrics.contains("\ncalls_ended_total{clinic=\"harbour-street\""), "{metrics}");
    drop((answered, going_on));
    server.drain(Duration::from_secs(1)).await;
}
