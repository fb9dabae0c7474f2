//! Voices that speak in contexts while their connection is being made again: what is given and taken back meanwhile is never sent, and what
//! is begun then is said as soon as there is a connection.

use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::tts::{Event, Input};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async;

use super::cartesia::{Mouth, VENDORS, failure, id, voice};
use super::deepgram::{accept, next_text};
use crate::desk::in_time;

/// Utterances that are given and taken back: more than wait for a session.
const TAKEN_BACK: u16 = 100;

async fn called(listener: &TcpListener) -> TcpStream {
    in_time(listener.accept()).await.expect("a socket").0
}

/// A session whose connection was closed while it said nothing, and the next one, which waits for an answer.
async fn reconnecting(name: &str) -> (Mouth, TcpListener, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mouth = Mouth::open(voice(name, listener.local_addr().expect("bound")).as_ref());
    drop(accept(&listener).await);
    let next = called(&listener).await;
    (mouth, listener, next)
}

/// What is sent up to this.
async fn sent_up_to(words: &str, line: TcpStream) -> Vec<String> {
    let mut socket = in_time(accept_async(line)).await.expect("a WebSocket");
    let mut sent = Vec::new();
    while !sent.last().is_some_and(|text: &String| text.contains(words)) {
        sent.push(next_text(&mut socket).await.expect("it stays open"));
    }
    sent
}

#[tokio::test]
async fn what_is_cancelled_while_a_connection_is_made_again_is_never_sent_and_what_is_begun_then_is() {
    for name in VENDORS {
        let (mouth, _listener, line) = reconnecting(name).await;
        for n in 1..=TAKEN_BACK {
            in_time(mouth.begin(id(n), Language::English, &["Hello, Jane. "])).await;
            // The next one takes its place, or it is cancelled.
            if n % 2 == 0 {
                in_time(mouth.give(Input::End { id: id(n) })).await;
                in_time(mouth.give(Input::Cancel { id: id(n) })).await;
            }
        }
        mouth.begin(id(TAKEN_BACK + 1), Language::English, &["Amy. "]).await;
        let sent = sent_up_to("Amy.", line).await;
        // ElevenLabs' contexts are opened with a blank.
        assert_eq!(sent.len(), if name == "elevenlabs" { 2 } else { 1 }, "{name}: {sent:?}");
        drop(mouth);
    }
}

#[tokio::test]
async fn an_utterance_of_nothing_fails_although_a_connection_is_being_made() {
    for name in VENDORS {
        let (mut mouth, _listener, line) = reconnecting(name).await;
        mouth.begin(id(1), Language::English, &[]).await;
        mouth.give(Input::End { id: id(1) }).await;
        let failed = failure(&[mouth.next().await]);
        assert_eq!(failed.map(|error| error.kind), Some(ErrorKind::Empty), "{name}");
        drop(line);
    }
}

#[tokio::test]
async fn another_language_is_not_kept_waiting_by_the_connection_of_the_one_before() {
    let (mouth, listener, _line) = reconnecting("elevenlabs").await;
    mouth.begin(id(1), Language::English, &["Hello, Jane. "]).await;
    mouth.begin(id(2), Language::Mandarin, &["你好。"]).await;
    let (mut socket, wanted) = accept(&listener).await;
    assert!(wanted.contains("/chinese/"), "{wanted}");
    while !next_text(&mut socket).await.expect("it stays open").contains("你好。") {}
}

#[tokio::test]
async fn what_waits_for_a_connection_that_cannot_be_made_is_tried_with_one_of_its_own() {
    for name in VENDORS {
        for is_cancelled in [false, true] {
            let (mut mouth, listener, line) = reconnecting(name).await;
            mouth.begin(id(1), Language::English, &["Hello, Jane. "]).await;
            drop(line);
            // The first was made for nobody, the second for the first utterance.
            let line = called(&listener).await;
            if is_cancelled {
                mouth.give(Input::Cancel { id: id(1) }).await;
                mouth.begin(id(2), Language::English, &["Amy. "]).await;
                drop(line);
                let sent = sent_up_to("Amy.", called(&listener).await).await;
                assert!(!sent.concat().contains("Jane"), "{name}: {sent:?}");
            } else {
                drop(line);
                let Event::Failed { id: failed, error } = mouth.next().await else { panic!("{name}: it fails") };
                assert_eq!((failed, error.kind), (id(1), ErrorKind::Connection), "{name}");
            }
        }
    }
}
