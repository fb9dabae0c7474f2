//! The server as a program, told to log everything there is: no number, name, description or secret of a call is in it.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::sip_raw_peer::RawPeer;

const PATIENCE: Duration = Duration::from_secs(20);

const CONFIG: &str = "[sip]\nudp = [\"127.0.0.1:0\"]\ntcp = [\"127.0.0.1:0\"]\nrtp_ports = \"10000-19999\"\n\
    [api]\nlisten = []\n[providers]\nkind = \"scripted\"\n";

/// Whoever debugs a server asks for the stack's own lines by name.
const EVERYTHING: &str =
    "trace,rsipstack=trace,rsipstack::transport::udp=trace,rsipstack::transaction::transaction=trace";

#[tokio::test]
async fn a_server_that_logs_everything_names_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("attendant.toml");
    std::fs::write(&config, CONFIG).expect("the folder is writable");
    let mut server = Command::new(env!("CARGO_BIN_EXE_attendant"))
        .current_dir(&folder)
        .args(["serve", "--config"])
        .arg(&config)
        .env("XDG_DATA_HOME", folder.path())
        .env("RUST_LOG", EVERYTHING)
        .env("NO_COLOR", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program is built");
    let mut lines = BufReader::new(server.stderr.take().expect("it is piped")).lines();
    let log = Arc::new(Mutex::new(String::new()));
    let (port, found) = tokio::sync::oneshot::channel();
    let (kept, mut port) = (log.clone(), Some(port));
    let (over, ended) = tokio::sync::oneshot::channel();
    let mut over = Some(over);
    let reading = tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(address) = line.split("listening for SIP address=").nth(1).filter(|_| line.contains("Udp"))
                && let Some(port) = port.take()
            {
                let address = address.split(' ').next().unwrap_or_default().parse();
                assert!(port.send(address.expect("an address")).is_ok(), "the test waits for it");
            }
            if line.contains("a call ended")
                && let Some(over) = over.take()
            {
                assert!(over.send(()).is_ok(), "the test waits for it");
            }
            kept.lock().push_str(&line);
            kept.lock().push('\n');
        }
    });
    let address = tokio::time::timeout(PATIENCE, found).await.expect("it listens in time").expect("it says where");

    let mut raw = RawPeer::bind(address, "shy").await;
    let named = |text: String| {
        text.replace("From: <sip:", "From: \"Jane Roe\" <sip:").replace("sip:clinic@", "sip:+16045559876@")
    };
    let offer = raw.description(1).replace("s=-", "s=Roe family");
    let invite = named(raw.request("INVITE", 1, None, "P-Asserted-Identity: <tel:+16045557654>\r\n", &offer));
    raw.send(&invite).await;
    let answer = raw.expect("SIP/2.0 200").await;
    let tag = super::sip_raw_peer::to_tag(&answer);
    let ack = named(raw.request("ACK", 1, Some(&tag), "", ""));
    raw.send(&ack).await;
    let key = named(raw.request("INFO", 2, Some(&tag), "Content-Type: application/dtmf\r\n", "7"));
    raw.send(&key).await;
    raw.expect("SIP/2.0 200").await;
    let hold = offer.replace(" 1 IN", " 2 IN") + "a=sendonly\r\n";
    let hold = named(raw.request("INVITE", 3, Some(&tag), "", &hold));
    raw.send(&hold).await;
    raw.expect("SIP/2.0 200").await;
    let ack = named(raw.request("ACK", 3, Some(&tag), "", ""));
    raw.send(&ack).await;
    // A stranger's method, a broken message and a broken description are no reason to quote them.
    for text in [raw.request("DANCE", 4, None, "", ""), "INVITE sip:+16045559876@x SIP/2.0\r\nJunk".to_owned()] {
        raw.send(&named(text)).await;
    }
    let bye = named(raw.request("BYE", 5, Some(&tag), "", ""));
    raw.send(&bye).await;
    raw.expect("SIP/2.0 200").await;
    tokio::time::timeout(PATIENCE, ended).await.expect("the call ends in time").expect("it says so");
    server.kill().await.expect("it is ours to end");
    tokio::time::timeout(PATIENCE, reading).await.expect("its log ends").expect("it is text");

    let log = log.lock();
    assert!(log.contains("a SIP call rings"), "{log}");
    assert!(log.contains(" TRACE ") || log.contains(" DEBUG "), "everything is logged: {log}");
    for secret in
        ["6045550123", "6045559876", "6045557654", "Jane", "Roe", "m=audio", "IN IP4", "INVITE sip:", "rsipstack"]
    {
        assert!(
            !log.contains(secret),
            "{secret}: {}",
            log.lines().find(|line| line.contains(secret)).unwrap_or_default()
        );
    }
}
