//! A running server tells a webhook of a message that a caller left, before and after a restart; whoever has the link says that they see to it, and the commands know.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use attendant::agent::tools::{MESSAGES, Message, MessageKind, Messages};
use attendant::call::CallId;
use attendant::clinic::Clinic;
use attendant::clock;
use attendant::config::Config;
use attendant::notices::{Deadlines, Notices};
use attendant::privacy::Pii;
use attendant::server::Server;
use attendant::store::acknowledged::Acknowledging;
use attendant::store::notices::Waiting;
use attendant::store::{Store, StoreConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::postgres::Postgres;
use crate::desk::in_time;
use crate::program;

const SAMPLE: &str = include_str!("../../agents/sample-clinic.toml");

pub(super) fn message(id: &str) -> Message {
    let pii = |text: &str| Pii::new(text.to_owned());
    Message {
        id: id.to_owned(),
        kind: MessageKind::Message,
        at: clock::stamp_of(clock::now()),
        call: CallId::new(),
        clinic: "harbour-street".to_owned(),
        caller: pii("+16045550177"),
        name: pii("Jane Roe"),
        number: pii("+16045550123"),
        text: pii("please call me"),
    }
}

/// The sample clinic, whose staff are told through this port.
pub(super) fn file(folder: &Path, port: u16) -> String {
    let secret = folder.join("secret");
    std::fs::write(&secret, "q7Vx-20mm-T4ps-w9Lk-3Zhd-88Rn-aE").expect("it is writable");
    let (top, tables) = SAMPLE.split_once("\n[").expect("the sample has tables");
    format!(
        "{top}\n[notices]\nto = [\"http://127.0.0.1:{port}/hook\"]\nsecret = {{ file = {:?} }}\n[{tables}",
        secret.display().to_string()
    )
}

fn config(folder: &Path, port: u16) -> Config {
    std::fs::write(folder.join("clinic.toml"), file(folder, port)).expect("it is writable");
    let mut config = super::server::config(&folder.join("records"));
    config.clinic.file = Some(folder.join("clinic.toml"));
    config.api.listen = vec!["127.0.0.1:0".parse().expect("an address")];
    config.api.public_url = Some("http://localhost".to_owned());
    config
}

/// What the next webhook holds; it is answered so.
async fn hooked(listener: &TcpListener, status: u16) -> serde_json::Value {
    let (stream, _) = in_time(listener.accept()).await.expect("it is bound");
    answered(stream, status).await
}

/// What a webhook holds; it is answered so.
pub(super) async fn answered(mut stream: TcpStream, status: u16) -> serde_json::Value {
    let mut request = String::new();
    let body = loop {
        let mut some = [0; 4_096];
        let count = stream.read(&mut some).await.expect("it is open");
        assert!(count > 0, "a request ends with its body");
        request.push_str(std::str::from_utf8(&some[..count]).expect("ASCII"));
        let body = request.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
        if let Some(body) = body {
            break body;
        }
    };
    for secret in ["Jane", "5550123", "5550177", "please"] {
        assert!(!request.contains(secret), "{request}");
    }
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.expect("it is open");
    body
}

fn attendant(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (clinic, records) = (folder.join("clinic.toml"), folder.join("records"));
    let file = folder.join("attendant.toml");
    let text = format!(
        "[clinic]\nfile = {:?}\n[records]\npath = {:?}\n",
        clinic.display().to_string(),
        records.display().to_string()
    );
    std::fs::write(&file, text).expect("it is writable");
    let (command, rest) = arguments.split_first().expect("a command");
    let mut attendant = Command::new(env!("CARGO_BIN_EXE_attendant"));
    let output = attendant.args([command, "--config"]).arg(file).args(rest).output().expect("it is built");
    let said = program::said(&output);
    (output.status.code(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_told_of_acknowledged_by_its_link_once_and_known_to_the_commands() {
    let folder = tempfile::tempdir().unwrap();
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(folder.path(), hook.local_addr().unwrap().port());
    // Left before this process: nothing of it was told.
    let messages = std::sync::Arc::new(Messages::new(folder.path().join("records").join(MESSAGES)));
    messages.keep(message("0a1b")).await.unwrap();
    let server = Server::start(config.clone()).await.unwrap();
    let first = hooked(&hook, 503).await;
    assert_eq!((first["message"].as_str(), first["event"].as_str()), (Some("0a1b"), Some("message.waiting")));

    let link = first["acknowledge"].as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
    let url = format!("http://{}{link}", server.http()[0]);
    let client = reqwest::Client::new();
    let asked = client.get(&url).send().await.unwrap();
    assert!(asked.headers()["content-security-policy"].to_str().unwrap().contains("form-action 'self'"));
    assert_eq!((asked.headers()["cache-control"].as_bytes(), asked.status().as_u16()), (&b"no-store"[..], 200));
    let page = asked.text().await.unwrap();
    assert!(page.contains("0a1b") && page.contains("<form method=\"post\">") && !page.contains("Jane"), "{page}");
    let (status, said) = attendant(folder.path(), &["messages"]);
    assert!(status == Some(0) && said.contains("0a1b waits"), "looking changes nothing: {said}");
    assert_eq!(client.post(format!("{url}x")).send().await.unwrap().status().as_u16(), 404);
    assert_eq!(client.post(&url).send().await.unwrap().status().as_u16(), 200);
    assert_eq!(client.post(&url).send().await.unwrap().status().as_u16(), 410);
    assert!(!client.get(&url).send().await.unwrap().text().await.unwrap().contains("<form"));

    let (status, said) = attendant(folder.path(), &["messages", "show", "0a"]);
    let by = "by the notice to http://127.0.0.1";
    assert!(status == Some(0) && said.contains(by) && said.contains("HTTP 503") && !said.contains("/hook"), "{said}");
    let (status, said) = attendant(folder.path(), &["messages", "ack", "0a1b"]);
    assert!(status == Some(0) && said.contains("was acknowledged before"), "{said}");
    let (status, said) = attendant(folder.path(), &["messages", "ack", "0c"]);
    assert!(status == Some(64) && said.contains("no message begins with `0c`"), "{said}");
    let (_, said) = attendant(folder.path(), &["audit", "show"]);
    assert!(said.contains("message_acknowledged") && !said.contains("Jane"), "{said}");
    let (status, said) = attendant(folder.path(), &["check"]);
    assert!(said.contains("notices  http://127.0.0.1:") && said.contains("nothing of a patient"), "{status:?} {said}");
    assert!(server.drain(Duration::from_secs(10)).await);

    // A message that comes while no server runs is told of by the next one, and by it alone.
    messages.keep(message("0a2b")).await.unwrap();
    let server = Server::start(config).await.unwrap();
    let second = hooked(&hook, 204).await;
    assert_eq!(second["message"], "0a2b", "what was acknowledged is not told of again");
    let (status, said) = attendant(folder.path(), &["messages", "ack", "0a2b", "--json"]);
    assert!(status == Some(0) && said.contains("\"now\":true"), "{said}");
    let (_, said) = attendant(folder.path(), &["messages", "list", "--json"]);
    assert_eq!(said.matches("\"acknowledged\"").count(), 2, "{said}");
    assert!(server.drain(Duration::from_secs(10)).await);
}

/// A message's way through a store, whatever the database.
async fn way(settings: &StoreConfig, records: &Path) {
    let hook = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let text = file(records, hook.local_addr().expect("bound").port());
    let clinic = Clinic::of(&text, "clinic.toml").expect("it is in order");
    let store = Store::open(settings, records, clinic.tenant()).expect("its keys are there");
    store.migrate().await.expect("the database is empty");
    let left = message("0a1b");
    store.keep_message(&left).await.expect("it is kept");
    let notices = Notices::open(&clinic, &store, Some("http://localhost"), Deadlines::default());
    let notices = notices.expect("it is in order").expect("the clinic has them");
    let now: jiff::Timestamp = left.at.parse().expect("a time");
    let (told, done) = tokio::join!(hooked(&hook, 503), notices.round(now));
    done.expect("the store answers");
    let waiting = store.waiting().await.expect("the store answers");
    assert_eq!(waiting, Waiting { notices: 1, oldest_ms: Some(now.as_millisecond()), unacknowledged: 1 });
    let later = now + jiff::SignedDuration::from_secs(30);
    let (again, done) = tokio::join!(hooked(&hook, 200), notices.round(later));
    done.expect("the store answers");
    assert_eq!(told, again, "the same notice");
    let token = told["acknowledge"].as_str().and_then(|link| link.rsplit('/').next()).expect("a link");
    assert_eq!(notices.acknowledge(token, later).await.expect("it is good"), Acknowledging::Now);
    assert!(matches!(notices.acknowledge(token, later).await, Ok(Acknowledging::Before(_))));
    assert_eq!(store.waiting().await.expect("the store answers"), Waiting::default());
    assert_eq!(store.verify_audit().await.expect("it answers")[0].broken, Vec::<String>::new());
    store.close().await;
}

#[tokio::test]
async fn a_message_s_way_is_the_same_on_sqlite_and_on_postgresql() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let records = tempfile::tempdir().unwrap();
    way(&StoreConfig::default(), records.path()).await;
    let postgres = Postgres::start();
    way(&postgres.settings(), records.path()).await;
}
