//! A vendor that keeps the connection open and reads nothing any more: nobody waits for it for ever.

use std::time::Duration;

use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::provider::socket::Connector;
use attendant::stt::{Event, Hints};
use attendant_media::frame::SLOT_SAMPLES;
use tokio::net::TcpListener;
use url::Url;

use super::deepgram::{Ears, accept, deepgram};
use crate::desk::in_time;

/// More than two sockets of Linux hold for each other.
const MOST: usize = 64 * 1024 * 1024;

const WHY: &str = "takes nothing any more";

#[tokio::test]
async fn what_is_written_to_a_vendor_that_reads_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("ws://{}", listener.local_addr().expect("bound"));
    let url = Url::parse(&address).expect("an address");
    let connector = Connector::new("x", &url, None).expect("no certificate is needed");
    let connecting = connector.connect(&url, [], Duration::from_secs(5));
    let (link, (_held, _)) = tokio::join!(connecting, accept(&listener));
    let mut link = link.expect("it takes us");
    let mut written = 0;
    let error = loop {
        let piece = vec![0; 256 * 1024];
        written += piece.len();
        assert!(written < MOST, "nobody read it");
        if let Err(error) = in_time(link.binary(piece)).await {
            break error;
        }
    };
    assert_eq!((error.kind, error.what.as_str()), (ErrorKind::Timeout, WHY));
}

#[tokio::test]
async fn a_recogniser_that_takes_no_more_audio_has_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let recogniser = deepgram(address, "model = \"nova-3\"\nsilence_ms = 2500");
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    let (_held, _) = accept(&listener).await;
    assert_eq!(ears.next().await, Event::Ready);
    let voice = [3_000; SLOT_SAMPLES].repeat(100);
    let mut heard = 0;
    while !ears.inputs.is_closed() {
        heard += 2 * voice.len();
        assert!(heard < MOST, "it goes on");
        in_time(ears.hear(&voice)).await;
    }
    let Event::Failed(error) = ears.next().await else { panic!("it is told") };
    assert_eq!((error.kind, error.what.as_str()), (ErrorKind::Timeout, WHY));
}
