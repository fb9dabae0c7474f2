//! Voices that are asked for each clause by a request of its own: the next clause is asked for while one comes, one at most, and is heard after
//! it; both end when the utterance does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::language::Language;
use attendant::tts::{Event, Input, Voice};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::azure::azure;
use super::cartesia::{Mouth, failure, id};
use super::streamed_voices::voice;
use crate::desk::in_time;

const VENDORS: [&str; 2] = ["openai_tts", "azure"];

/// A silence is one after so long.
const SILENCE: Duration = Duration::from_millis(300);

/// A clause that was asked for. Its answer ends when this is dropped.
struct Asked {
    body: String,
    audio: mpsc::Sender<Bytes>,
}

impl Asked {
    /// A tenth of a second and more, to this side of nought.
    async fn sounds(&self, level: i16) {
        let audio = level.to_le_bytes().repeat(3_200);
        self.audio.send(audio.into()).await.expect("it is listened to");
    }
}

/// Takes requests as they come, and answers them as the test does.
async fn vendor() -> (SocketAddr, mpsc::Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let (asks, asked) = mpsc::channel::<Asked>(8);
    let answer = move |method: Method, body: String| async move {
        if method == Method::HEAD {
            return ().into_response();
        }
        let (audio, pieces) = mpsc::channel(8);
        asks.send(Asked { body, audio }).await.expect("the test goes on");
        let pieces = stream::unfold(pieces, |mut pieces| async move {
            let piece: Bytes = pieces.recv().await?;
            Some((Ok::<_, std::io::Error>(piece), pieces))
        });
        Response::new(Body::from_stream(pieces))
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (address, asked)
}

fn speaks(name: &str, address: SocketAddr) -> Arc<dyn Voice> {
    rustls::crypto::ring::default_provider().install_default().ok();
    if name == "azure" { Arc::new(azure(address)) } else { voice(name, address, Language::English, 1_000) }
}

async fn next(asked: &mut mpsc::Receiver<Asked>, words: &str) -> Asked {
    let next = in_time(asked.recv()).await.expect("the vendor goes on");
    assert!(next.body.contains(words), "{words}: {}", next.body);
    next
}

/// On which sides of nought it sounded, one after the other.
fn sides(events: &[Event]) -> Vec<i16> {
    let loud = |event: &Event| match event {
        Event::Audio { audio, .. } => audio.iter().filter(|sample| sample.unsigned_abs() > 8_000).copied().collect(),
        _ => Vec::new(),
    };
    let mut sides: Vec<i16> = events.iter().flat_map(loud).map(i16::signum).collect();
    sides.dedup();
    sides
}

#[tokio::test]
async fn the_next_clause_is_asked_for_while_one_comes_and_is_heard_after_it() {
    for name in VENDORS {
        let (address, mut asked) = vendor().await;
        let mut mouth = Mouth::open(speaks(name, address).as_ref());
        mouth.begin(id(1), Language::English, &["alfa bravo, ", "charlie delta, ", "echo foxtrot. "]).await;
        mouth.give(Input::End { id: id(1) }).await;
        let first = next(&mut asked, "alfa").await;
        let second = next(&mut asked, "charlie").await;
        first.sounds(16_000).await;
        second.sounds(-16_000).await;
        drop(second);
        let early = tokio::time::timeout(SILENCE, asked.recv()).await;
        assert!(early.is_err(), "{name}: two ahead");
        drop(first);
        let third = next(&mut asked, "echo").await;
        third.sounds(16_000).await;
        drop(third);
        let events = mouth.whole().await;
        assert_eq!(failure(&events), None, "{name}");
        assert_eq!(sides(&events), [1, -1, 1], "{name}: each after the one before");
    }
}

#[tokio::test]
async fn a_clause_is_heard_while_it_comes() {
    for name in VENDORS {
        let (address, mut asked) = vendor().await;
        let mut mouth = Mouth::open(speaks(name, address).as_ref());
        mouth.begin(id(1), Language::English, &["alfa bravo charlie delta. "]).await;
        mouth.give(Input::End { id: id(1) }).await;
        let clause = next(&mut asked, "alfa").await;
        for _ in 0..3 {
            clause.sounds(16_000).await;
            while !matches!(mouth.next().await, Event::Audio { .. }) {}
        }
        drop(clause);
        let events = mouth.whole().await;
        assert_eq!(failure(&events), None, "{name}");
    }
}

#[tokio::test]
async fn who_is_cancelled_is_left_with_the_clause_ahead() {
    for name in VENDORS {
        let (address, mut asked) = vendor().await;
        let mouth = Mouth::open(speaks(name, address).as_ref());
        mouth.begin(id(1), Language::English, &["alfa bravo, ", "charlie delta, "]).await;
        let (first, second) = (next(&mut asked, "alfa").await, next(&mut asked, "charlie").await);
        mouth.give(Input::Cancel { id: id(1) }).await;
        in_time(async { tokio::join!(first.audio.closed(), second.audio.closed()) }).await;
    }
}

#[tokio::test]
async fn a_clause_ahead_that_fails_does_so_in_its_turn() {
    for name in VENDORS {
        let (address, mut asked) = vendor().await;
        let mut mouth = Mouth::open(speaks(name, address).as_ref());
        mouth.begin(id(1), Language::English, &["alfa bravo, ", "charlie delta, "]).await;
        mouth.give(Input::End { id: id(1) }).await;
        let first = next(&mut asked, "alfa").await;
        // Without a sound.
        drop(next(&mut asked, "charlie").await);
        first.sounds(16_000).await;
        drop(first);
        let events = mouth.whole().await;
        assert_eq!(sides(&events), [1], "{name}: what came before is heard");
        assert!(failure(&events).is_some(), "{name}: {events:?}");
    }
}
