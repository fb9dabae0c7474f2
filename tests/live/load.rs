//! A load run over media streams, small: every caller is answered, each with its own marker, and nothing is missing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use attendant::config::SecretSource;
use attendant::load::{self, Plan, Progress};
use attendant::records::Recording;
use attendant::server::Server;
use attendant::sim::ScriptedConfig;
use attendant::sim::vendors::{self, Troubles};
use attendant::softphone::dial::Dialling;
use attendant::transport::sip::{CodecName, Credentials};
use attendant::transport::stream::{PcmConfig, TwilioConfig};

use super::server::config;

const KEY: &str = "5b1f0c9d7e3a4826b1f0c9d7e3a48265";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

/// Loads a server with two callers for twelve seconds over the stream at `path`.
async fn run(path: &str, user: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key");
    std::fs::write(&file, KEY).expect("the folder is writable");
    let secret = SecretSource { env: None, file: Some(file) };
    // The port must be known before the server is told its own address.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let mut config = config(folder.path());
    config.records.recording = Recording::Off;
    config.scripted.parts = 2;
    config.api.listen = vec![([127, 0, 0, 1], port).into()];
    config.api.public_url = Some(format!("http://127.0.0.1:{port}"));
    config.stream.pcm = Some(PcmConfig { key: secret.clone() });
    config.stream.twilio = Some(TwilioConfig {
        account_sid: ACCOUNT.into(),
        auth_token: secret,
        api_url: format!("http://127.0.0.1:{port}/nowhere"),
    });
    let server = Server::start(config).await.expect("scripted providers need nothing");
    let plan = Plan {
        calls: 2,
        ramp: Duration::from_secs(1),
        duration: Duration::from_secs(15),
        say: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/trial/question.wav")],
        less: None,
        server: None,
        records: None,
        dialling: Dialling {
            target: format!("ws://127.0.0.1:{port}{path}"),
            from: String::new(),
            codecs: Vec::new(),
            credentials: Some(Credentials { name: user.into(), secret: KEY.into() }),
            patience: Duration::from_secs(10),
        },
    };
    let running = tokio::task::spawn_blocking(move || load::run(&plan, &Arc::new(Progress::default())));
    let report = running.await.expect("no panic").expect("the run begins");
    println!("{}", report.text());
    assert_eq!((report.calls.answered, report.calls.good), (2, 2), "{}", report.text());
    assert!(report.answers_whole >= 2, "{}", report.text());
    assert!(server.drain(Duration::from_secs(10)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_streams_are_loaded_and_every_answer_is_its_own() {
    run("/stream/pcm", "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_as_twilio_opens_them_are_loaded_too() {
    run("/stream/twilio", ACCOUNT).await;
}

/// The server's providers are simulated vendors in one process of their own, over HTTP and WebSockets, for all calls together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_share_simulated_vendors_get_no_answer_of_another_call() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let vendors_at = listener.local_addr().expect("bound");
    let scripted = ScriptedConfig { parts: 2, ..ScriptedConfig::default() };
    tokio::spawn(vendors::serve(listener, scripted, Troubles::default(), std::future::pending()));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = folder.path().join("key");
    std::fs::write(&key, KEY).expect("the folder is writable");
    let key = key.display();
    let mut config = config(folder.path());
    config.records.recording = Recording::Off;
    config.providers = toml::from_str(&format!(
        r#"
        [openai]
        base_url = "http://{vendors_at}/v1"
        model = "scripted"
        key = {{ file = "{key}" }}
        [deepgram]
        base_url = "ws://{vendors_at}"
        key = {{ file = "{key}" }}
        [cartesia]
        base_url = "ws://{vendors_at}"
        key = {{ file = "{key}" }}
        voices = {{ en-CA = "v-en" }}
        "#
    ))
    .expect("the defaults do");
    config.server.phrase_cache = Some(folder.path().join("phrases"));
    let server = Server::start(config).await.expect("make models has run");
    let plan = Plan {
        calls: 5,
        ramp: Duration::from_secs(1),
        duration: Duration::from_secs(20),
        say: vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/provider/trial/question.wav")],
        less: None,
        server: None,
        records: None,
        dialling: Dialling {
            target: format!("sip:clinic@{}", server.listening()[0].address),
            from: String::new(),
            codecs: vec![CodecName::Pcmu],
            credentials: None,
            patience: Duration::from_secs(10),
        },
    };
    let running = tokio::task::spawn_blocking(move || load::run(&plan, &Arc::new(Progress::default())));
    let report = running.await.expect("no panic").expect("the run begins");
    println!("{}", report.text());
    assert_eq!((report.calls.answered, report.calls.good), (5, 5), "{}", report.text());
    assert!(report.answers_whole >= 5, "{}", report.text());
    assert!(server.drain(Duration::from_secs(10)).await);
}
