//! Over HTTP/2 the requests of all calls share one connection. Where its path dies without a word, while TCP stays open, what is on it fails in
//! time and is answered by others; it is ended within seconds, and the next request goes over another. Real sockets; the clock is turned on by hand.

use std::sync::Arc;
use std::time::Duration;

use attendant::agent::llm::Delta;
use attendant::agent::llm::anthropic;
use attendant::costs::Meter;
use attendant::language::Language;
use attendant::provider::chain::{News, Order, Thinkers};
use attendant::provider::{ErrorKind, trial};
use attendant::tts::azure;
use axum::body::Bytes;
use axum::http::{Method, Response};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::clock::{at_once, turn_on};
use super::models::{Api, events, request};
use super::path::Path;
use super::tls::{NAME, acceptor, authority, certificate, read};
use crate::desk::in_time;

/// From a request to its first word, unless a section says otherwise.
const FIRST_PIECE: Duration = Duration::from_millis(2_800);

/// As docs/providers.md has it: asked after 5 s, ended after 2 s more.
const ENDED_AFTER: Duration = Duration::from_secs(7);

/// The clock is turned on step by step.
const LATE: Duration = Duration::from_millis(100);

/// Answers over TLS to whoever speaks HTTP/2: words of Claude's, or a tenth of a second of sound.
async fn vendor(listener: TcpListener, tls: TlsAcceptor) {
    while let Ok((client, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            let client = tls.accept(client).await.expect("it is believed");
            let mut requests = h2::server::handshake(client).await.expect("it speaks HTTP/2");
            // A connection that is given up ends in the middle.
            while let Some(Ok((request, mut respond))) = requests.accept().await {
                let is_empty = request.method() == Method::HEAD;
                let mut out = respond.send_response(Response::new(()), is_empty).expect("it waits for it");
                if !is_empty {
                    let is_model = request.uri().path() == "/v1/messages";
                    let api = Api::Anthropic;
                    let body = if is_model { [api.says("Yes."), api.ends()].concat() } else { [1, 64].repeat(1_600) };
                    out.send_data(Bytes::from(body), true).expect("it waits for it");
                }
            }
        });
    }
}

/// What is said, and how many models failed before it was.
async fn asked(thinkers: Arc<Thinkers>) -> (String, usize) {
    let mut asking = thinkers.ask(request(), &[], false, &Meter::default());
    let (mut said, mut failed) = (String::new(), 0);
    loop {
        match in_time(asking.next()).await {
            News::Piece(Delta::Text(words)) => said.push_str(words.reveal()),
            News::Piece(Delta::Finish(_)) | News::Ended => {
                asking.accept();
                return (said, failed);
            }
            News::Piece(_) | News::Hedged => {}
            News::Failed(error) => {
                assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
                failed += 1;
                assert!(asking.next_model(None), "somebody is left");
            }
        }
    }
}

#[tokio::test]
async fn a_connection_whose_path_died_costs_what_was_on_it_and_is_ended_in_seconds() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ours = authority("ours");
    let (key, ca) = (folder.path().join("key"), folder.path().join("ca.pem"));
    std::fs::write(&key, "a-key").expect("it is writable");
    std::fs::write(&ca, ours.pem()).expect("it is writable");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let there = listener.local_addr().expect("bound");
    tokio::spawn(vendor(listener, acceptor(&certificate(NAME), &ours, &["h2"])));
    // Both kinds of client: of a model, and of a voice that is asked for each clause.
    let (mut to_claude, mut to_azure) = (Path::to(there).await, Path::to(there).await);
    let at = |path: &Path| format!("https://{NAME}:{}", path.address.port());
    let claude = anthropic::model(&read(&at(&to_claude), &key, Some(&ca), "model = \"m\""), "providers.anthropic");
    let spare = Api::OpenAi;
    let answers = move || events([spare.says("Spare."), spare.ends()].into_iter().map(Ok));
    let spare = spare.model(spare.server(answers).await, "spare", 3_000, 0);
    let models = vec![Arc::new(claude.expect("the configuration is sound")) as _, spare];
    let thinkers = Arc::new(Thinkers::new(models, Order::new()));
    let azure = read(&at(&to_azure), &key, Some(&ca), "region = \"canadacentral\"");
    let azure = azure::voice(&azure, "providers.azure_speech").expect("the configuration is sound");
    let speaks = || {
        let azure = azure.clone();
        async move { trial::speak(&azure, Language::English).await.map(drop).map_err(|error| error.kind) }
    };
    let opened = |claude: &Path, azure: &Path| [claude, azure].map(Path::opened);

    let well = tokio::join!(asked(thinkers.clone()), speaks());
    assert_eq!(well, (("Yes.".to_owned(), 0), Ok(())));
    assert_eq!(opened(&to_claude, &to_azure), [1, 1], "all is asked over one connection");

    to_claude.freeze();
    to_azure.freeze();
    let asking = tokio::spawn(asked(thinkers.clone()));
    let speaking = tokio::spawn(speaks());
    in_time(async { tokio::join!(to_claude.lost.recv(), to_azure.lost.recv()) }).await;
    turn_on(FIRST_PIECE).await;
    assert_eq!(in_time(asking).await.expect("it ends"), ("Spare.".to_owned(), 1), "another model answers in time");
    assert_eq!(in_time(speaking).await.expect("it ends"), Err(ErrorKind::Timeout), "the next voice has the clause");

    turn_on(ENDED_AFTER - FIRST_PIECE + LATE).await;
    at_once(async { tokio::join!(to_claude.ended.recv(), to_azure.ended.recv()) }).await;
    assert_eq!(opened(&to_claude, &to_azure), [1, 1], "nobody was put on another before");
    let again = tokio::join!(asked(thinkers), speaks());
    assert_eq!(again, (("Yes.".to_owned(), 0), Ok(())));
    assert_eq!(opened(&to_claude, &to_azure), [2, 2], "over another connection each");
}
