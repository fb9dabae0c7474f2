//! The client of Google's voices and its one connection: one that Google is leaving costs no word, one without room is not waited for, and
//! what is cancelled there is cancelled at once.

use std::net::SocketAddr;
use std::time::Duration;

use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::sim::Trouble;
use attendant::tts::{Event, Input, Voice};
use axum::body::Bytes;
use axum::http::Request;
use h2::server::{Builder, SendResponse};
use h2::{Ping, RecvStream};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::cartesia::{Mouth, failure, id};
use super::clock::{at_once, turn_on};
use super::google;
use super::path::Path;
use super::streamed_voices::google_voice;
use crate::desk::in_time;

const FRENCH: Language = Language::French;

/// From a clause to its first audio.
const SILENCE: Duration = Duration::from_secs(1);

/// The clock is turned on step by step.
const LATE: Duration = Duration::from_millis(100);

fn voice(address: SocketAddr, name: &str) -> impl Voice + use<> {
    google_voice(address, FRENCH, SILENCE.as_millis() as u64, &format!("fr-CA-Chirp3-HD-{name}"))
}

/// The words of this text that were told of, in their order.
fn words<'a>(events: &[Event], text: &'a str) -> Vec<&'a str> {
    let word = |event: &Event| match event {
        Event::Word { at, len, .. } => Some(&text[*at..*at + *len]),
        _ => None,
    };
    events.iter().filter_map(word).collect()
}

#[tokio::test]
async fn a_connection_that_google_leaves_between_clauses_is_made_again_and_costs_no_word() {
    let mut path = Path::to(google::speaking(Trouble::default()).await).await;
    let mut mouth = Mouth::open(&voice(path.address, "SimulatedLeaves"));
    let text = ["alfa bravo, ", "charlie delta. ", "echo foxtrot. ", "golf hotel."];
    mouth.begin(id(1), FRENCH, &text[..1]).await;
    in_time(path.ended.recv()).await.expect("it is left after its first clause");
    assert_eq!(path.opened(), 1, "nobody needs another yet");
    for clause in &text[1..] {
        mouth.give(Input::Text { id: id(1), text: (*clause).to_owned().into() }).await;
    }
    mouth.give(Input::End { id: id(1) }).await;
    let events = mouth.whole().await;
    assert_eq!(failure(&events), None);
    let text = text.concat();
    assert_eq!(words(&events, &text), text.split_whitespace().collect::<Vec<_>>());
    assert!(path.opened() > 1, "it was left");
}

type Asked = (Request<RecvStream>, SendResponse<Bytes>);

/// A connection whose client has heard on which terms it is taken, and what is asked on it.
async fn taken(stream: TcpStream, terms: Builder) -> mpsc::Receiver<Asked> {
    let mut connection = terms.handshake::<_, Bytes>(stream).await.expect("it speaks HTTP/2");
    let mut pings = connection.ping_pong().expect("once");
    let (asks, asked) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Some(Ok(request)) = connection.accept().await {
            if asks.send(request).await.is_err() {
                return;
            }
        }
    });
    // It is answered after the terms.
    pings.ping(Ping::opaque()).await.expect("it answers");
    asked
}

#[tokio::test]
async fn a_connection_without_room_for_another_call_is_replaced_at_once() {
    let well = google::speaking(Trouble::default()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mut mouth = Mouth::open(&voice(listener.local_addr().expect("bound"), "Kore"));
    let (is_full, full) = oneshot::channel();
    tokio::spawn(async move {
        let (first, _) = listener.accept().await.expect("it connects");
        let mut no_room = Builder::new();
        no_room.max_concurrent_streams(0);
        is_full.send(taken(first, no_room).await).expect("the test waits");
        while let Ok((mut client, _)) = listener.accept().await {
            let mut vendor = TcpStream::connect(well).await.expect("the vendor listens");
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut vendor).await });
        }
    });
    let _full = in_time(full).await.expect("it is told");
    // It is left with a call that was never taken.
    mouth.begin(id(1), FRENCH, &["alfa bravo."]).await;
    mouth.give(Input::Cancel { id: id(1) }).await;
    mouth.begin(id(2), FRENCH, &["charlie delta."]).await;
    mouth.give(Input::End { id: id(2) }).await;
    let events = mouth.whole().await;
    assert_eq!(failure(&events), None);
    assert_eq!(words(&events, "charlie delta."), ["charlie", "delta."]);
}

#[tokio::test]
async fn a_vendor_that_takes_no_text_keeps_nobody_from_cancelling_and_is_given_up_when_it_has_been_silent_for_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mut mouth = Mouth::open(&voice(listener.local_addr().expect("bound"), "Kore"));
    let (stream, _) = in_time(listener.accept()).await.expect("it connects");
    let mut no_room = Builder::new();
    no_room.initial_window_size(0);
    let mut asked = in_time(taken(stream, no_room)).await;
    mouth.begin(id(1), FRENCH, &["alfa bravo."]).await;
    let (mut first, _answer) = in_time(asked.recv()).await.expect("it asks");
    at_once(async {
        mouth.give(Input::Cancel { id: id(1) }).await;
        let ends = first.body_mut().data().await;
        assert!(matches!(&ends, Some(Err(error)) if error.is_reset()), "{ends:?}");
    })
    .await;
    mouth.begin(id(2), FRENCH, &["charlie delta."]).await;
    let (_second, _answer) = in_time(asked.recv()).await.expect("it asks on the same connection");
    turn_on(SILENCE + LATE).await;
    let events = at_once(mouth.whole()).await;
    assert_eq!(failure(&events).map(|error| error.kind), Some(ErrorKind::Timeout), "{events:?}");
}
