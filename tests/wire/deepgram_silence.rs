//! What Deepgram is not sent, and so not paid for: silence and sounds too short for a word (V6). No word may be lost by it.

use attendant::language::Language;
use attendant::sim::{Fault, Trouble};
use attendant::stt::{Event, Hints, Input};
use attendant_media::frame::{SLOT_SAMPLES, Samples};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::deepgram::{BOTH, Ears, accept, code, deepgram, finals, is_flushed, vendor};
use crate::desk::in_time;

/// 20 ms of noise of a line that nobody speaks on.
const HUSH: [i16; SLOT_SAMPLES] = [8; SLOT_SAMPLES];

/// A sound of 20 slots with the 500 ms that led up to it, and the 3 s after it.
const SENT: usize = 18 + 20 + 150;

/// The next connection, taken as Deepgram would.
async fn taken(listener: &TcpListener, model: &str) -> WebSocketStream<TcpStream> {
    let (mut socket, _) = accept(listener).await;
    if model == "flux" {
        let hello = r#"{"type":"Connected","request_id":"r","sequence_id":0}"#;
        socket.send(Frame::text(hello)).await.expect("open");
    }
    socket
}

/// Slots of audio that come before the connection is closed.
async fn slots_until_closed(socket: &mut WebSocketStream<TcpStream>) -> usize {
    let mut bytes = 0;
    loop {
        match in_time(socket.next()).await {
            Some(Ok(Frame::Binary(audio))) => bytes += audio.len(),
            Some(Ok(Frame::Close(_)) | Err(_)) | None => return bytes / (2 * SLOT_SAMPLES),
            Some(Ok(_)) => {}
        }
    }
}

#[tokio::test]
async fn neither_silence_nor_a_sound_under_125_ms_is_sent_and_a_word_goes_with_what_led_up_to_it() {
    for model in BOTH {
        for (sound, sent) in [(0, 0), (6, 0), (7, 18 + 7 + 150), (20, SENT)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let recogniser =
                deepgram(listener.local_addr().expect("bound"), &format!("model = \"{model}\"\nsilence_ms = 2000"));
            let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
            let mut socket = taken(&listener, model).await;
            ears.hear(&HUSH.repeat(300)).await;
            ears.hear(&[3_000; SLOT_SAMPLES].repeat(sound)).await;
            ears.hear(&HUSH.repeat(301)).await;
            drop(ears);
            assert_eq!(slots_until_closed(&mut socket).await, sent, "{model}: for a sound of {sound} slots");
        }
    }
}

#[tokio::test]
async fn a_flush_after_nothing_worth_sending_is_over_at_once() {
    for model in BOTH {
        let deaf = vendor(Trouble::always(Some(Fault::Deaf))).await;
        let recogniser = deepgram(deaf, &format!("model = \"{model}\""));
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        ears.hear(&HUSH.repeat(100)).await;
        let up_to = Samples(ears.at);
        ears.inputs.send(Input::Flush { up_to }).await.expect("open");
        let events = ears.until(is_flushed).await;
        assert_eq!(
            events,
            [Event::Ready, Event::Flushed { up_to }],
            "{model}: a vendor who says nothing was not needed"
        );
    }
}

#[tokio::test]
async fn words_between_silences_that_were_not_sent_are_heard_whole_where_they_were() {
    // The simulated ear is right to 80 ms of nova's words; Flux gives no times of words, and ends a turn when it has been silent.
    for (model, before, after) in [("nova-3", 1_280, 1_280), ("flux", 9_600, 9_600)] {
        let recogniser = deepgram(vendor(Trouble::default()).await, &format!("model = \"{model}\""));
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        for _ in 0..3 {
            ears.hear(&HUSH.repeat(400)).await;
            let from = ears.at;
            ears.say(code()).await;
            let to = ears.at;
            ears.flush().await;
            let events = ears.until(is_flushed).await;
            assert_eq!(finals(&events), code().sentence(), "{model}");
            let places: Vec<(u64, u64)> = events
                .iter()
                .filter_map(|event| if let Event::Final { from, to, .. } = event { Some((from.0, to.0)) } else { None })
                .collect();
            let (first, last) = (places[0].0, places[places.len() - 1].1);
            let is_there = first.abs_diff(from) <= before && last.abs_diff(to) <= after;
            assert!(is_there, "{model}: {places:?} of {from}..{to}");
        }
        // The silence after the last words: a flush long after it needs nobody.
        ears.hear(&HUSH.repeat(300)).await;
        let up_to = Samples(ears.at);
        ears.inputs.send(Input::Flush { up_to }).await.expect("open");
        let is_answered = |event: &Event| *event == Event::Flushed { up_to };
        assert_eq!(finals(&ears.until(is_answered).await), "", "{model}");
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_in_silence_is_opened_again_with_the_next_sound() {
    for model in BOTH {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let recogniser =
            deepgram(listener.local_addr().expect("bound"), &format!("model = \"{model}\"\nsilence_ms = 2000"));
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        let mut first = taken(&listener, model).await;
        assert_eq!(ears.next().await, Event::Ready);
        ears.hear(&HUSH.repeat(100)).await;
        let close = CloseFrame { code: 1011_u16.into(), reason: "NET-0001".into() };
        first.close(Some(close)).await.expect("open");
        assert_eq!(slots_until_closed(&mut first).await, 0, "{model}");
        let up_to = Samples(ears.at);
        ears.inputs.send(Input::Flush { up_to }).await.expect("a session that goes on");
        assert_eq!(ears.next().await, Event::Flushed { up_to }, "{model}: no failure is told");
        ears.hear(&[3_000; SLOT_SAMPLES].repeat(20)).await;
        ears.hear(&HUSH.repeat(301)).await;
        let mut second = taken(&listener, model).await;
        let mut came = 0;
        while came < SENT {
            match in_time(second.next()).await {
                Some(Ok(Frame::Binary(audio))) => came += audio.len() / (2 * SLOT_SAMPLES),
                Some(Ok(_)) => {}
                other => panic!("{model}: {came} slots, and then {other:?}"),
            }
        }
        drop(ears);
        assert_eq!((came, slots_until_closed(&mut second).await), (SENT, 0), "{model}: the sound whole, and no more");
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_while_words_are_owed_has_failed() {
    for model in BOTH {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let recogniser = deepgram(listener.local_addr().expect("bound"), &format!("model = \"{model}\""));
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        let mut socket = taken(&listener, model).await;
        assert_eq!(ears.next().await, Event::Ready);
        ears.hear(&[3_000; SLOT_SAMPLES].repeat(20)).await;
        let Some(Ok(Frame::Binary(_))) = in_time(socket.next()).await else { panic!("audio comes") };
        socket.close(None).await.expect("open");
        let Event::Failed(error) = ears.next().await else { panic!("{model}: it is told") };
        assert_eq!(error.what.split(' ').next(), Some("closed"), "{model}: {error:?}");
    }
}
