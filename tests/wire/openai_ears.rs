//! The client of OpenAI's realtime transcription against the simulated one: what is its own. The rest is tried with others ([`super::told_ears`]).

use std::net::SocketAddr;

use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::sim::code::Code;
use attendant::sim::{Fault, Habit, Trouble};
use attendant::stt::openai::{self, OpenAiEarsConfig};
use attendant::stt::{Answer, Event, Hints, Input, Recognizer};
use attendant_media::frame::Samples;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};
use tokio_tungstenite::{WebSocketStream, connect_async};

use super::deepgram::{Ears, accept, code, finals, is_flushed, next_text, vendor};
use super::streamed_voices::key;
use super::told_ears;
use crate::desk::in_time;

/// `more` are further lines of its configuration.
pub fn ears(address: SocketAddr, more: &str) -> impl Recognizer + use<> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let key = key();
    let text = format!("base_url = \"ws://{address}/v1\"\nkey = {{ file = \"{}\" }}\n{more}", key.path().display());
    let config: OpenAiEarsConfig = toml::from_str(&text).expect("the configuration is read");
    openai::ears(&config, "providers.openai_stt").expect("the configuration is sound")
}

#[tokio::test]
async fn last_words_that_are_overtaken_stand_where_they_were_said() {
    let recogniser = ears(vendor(Trouble::always(Some(Fault::Disorder))).await, "");
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    let said = [1, 2].map(|turn| Code { turn, ..code() });
    for code in said {
        ears.hear(&[0; 8_000]).await;
        ears.say(code).await;
    }
    ears.flush().await;
    let events = ears.until(is_flushed).await;
    assert_eq!(finals(&events), said.map(Code::sentence).join(" "), "{events:?}");
    let places = told_ears::places(&events);
    assert!(places.len() == 2 && places[1].1 < places[0].0, "the second is there first: {places:?}");
}

#[tokio::test]
async fn hints_and_language_hold_from_then_on_and_a_language_without_a_code_fails_with_its_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let recogniser = ears(listener.local_addr().expect("bound"), "hears = [\"en-CA\", \"pa-IN\"]");
    assert!(
        recogniser.capabilities(Language::French).is_none() && recogniser.capabilities(Language::Punjabi).is_some()
    );
    let mut ears =
        Ears::open(&recogniser, Language::English, Hints { phrases: vec!["Wong".into()], ..Hints::default() });
    let (mut socket, asked) = accept(&listener).await;
    assert_eq!(asked, "/v1/realtime?intent=transcription");
    let transcription = |text: String| -> Value {
        let said: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(said["type"], "session.update");
        said["session"]["audio"]["input"]["transcription"].clone()
    };
    let first = transcription(next_text(&mut socket).await.expect("open"));
    assert_eq!(first, json!({"model": "gpt-live-transcribe", "languages": ["en"], "keywords": ["Wong"]}));
    socket.send(Frame::text(r#"{"type":"session.updated","event_id":"e","session":{}}"#)).await.expect("open");
    assert_eq!(ears.next().await, Event::Ready);
    ears.inputs
        .send(Input::Hints(Hints { phrases: vec!["Kaur".into()], answer: Answer::InPieces }))
        .await
        .expect("open");
    assert_eq!(transcription(next_text(&mut socket).await.expect("open"))["keywords"], json!(["Kaur"]));
    ears.inputs.send(Input::Language(Language::Punjabi)).await.expect("open");
    assert_eq!(transcription(next_text(&mut socket).await.expect("open"))["languages"], json!(["pa"]));
    ears.inputs.send(Input::Language(Language::Cantonese)).await.expect("open");
    let Event::Failed(error) = ears.next().await else { panic!("it cannot") };
    assert_eq!((error.kind, error.what.contains("zh-HK")), (ErrorKind::Request, true));
}

/// What is heard of two codes, one after the other, and what was reported.
async fn heard_twice(ears: &mut Ears) -> Vec<Event> {
    let mut events = Vec::new();
    for turn in [1, 2] {
        ears.hear(&[0; 8_000]).await;
        ears.say(Code { turn, ..code() }).await;
        ears.flush().await;
        events.extend(ears.until(is_flushed).await);
    }
    events
}

fn twice() -> String {
    [1, 2].map(|turn| Code { turn, ..code() }.sentence()).join(" ")
}

#[tokio::test]
async fn what_openai_cannot_finish_objects_to_or_says_too_late_costs_neither_the_session_nor_a_word() {
    for habit in [Habit::FailsItems, Habit::Objects, Habit::LateDeltas, Habit::RefusesLikelyWords] {
        let recogniser = ears(told_ears::habitual(habit).await, "");
        let mut ears =
            Ears::open(&recogniser, Language::English, Hints { phrases: vec!["Wong".into()], answer: Answer::Free });
        let events = heard_twice(&mut ears).await;
        assert!(!events.iter().any(|event| matches!(event, Event::Failed(_))), "{habit:?}: {events:?}");
        assert_eq!(finals(&events), twice(), "{habit:?}: {events:?}");
        let sure = |event: &Event| matches!(event, Event::Final { confidence, .. } if *confidence == 1.0);
        assert_eq!(events.iter().any(sure), habit != Habit::FailsItems, "{habit:?}: {events:?}");
    }
}

/// The next message that describes the session: its likely words.
async fn likely(socket: &mut WebSocketStream<TcpStream>) -> Value {
    let said: Value = serde_json::from_str(&next_text(socket).await.expect("open")).expect("JSON");
    assert_eq!(said["type"], "session.update", "{said}");
    said["session"]["audio"]["input"]["transcription"]["keywords"].clone()
}

async fn tell(socket: &mut WebSocketStream<TcpStream>, message: Value) {
    socket.send(Frame::text(message.to_string())).await.expect("open");
}

fn error(kind: &str, code: &str) -> Value {
    json!({"type": "error", "event_id": "e", "error": {"type": kind, "code": code, "message": "simulated"}})
}

#[tokio::test]
async fn likely_words_that_are_refused_are_left_out_once_and_then_never_told_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let recogniser = ears(listener.local_addr().expect("bound"), "");
    let refusal = || error("invalid_request_error", "invalid_value");
    let updated = || json!({"type": "session.updated", "event_id": "e", "session": {}});
    let hints = |word: &str| Hints { phrases: vec![word.into()], answer: Answer::Free };
    // At the beginning.
    let mut ears = Ears::open(&recogniser, Language::English, hints("Wong"));
    let (mut socket, _) = accept(&listener).await;
    assert_eq!(likely(&mut socket).await, json!(["Wong"]));
    tell(&mut socket, refusal()).await;
    assert_eq!(likely(&mut socket).await, json!([]));
    tell(&mut socket, updated()).await;
    assert_eq!(ears.next().await, Event::Ready);
    ears.inputs.send(Input::Hints(hints("Kaur"))).await.expect("open");
    ears.inputs.send(Input::Language(Language::French)).await.expect("open");
    assert_eq!(likely(&mut socket).await, json!([]), "the language alone is told");
    // In the middle of a session that took others.
    let mut ears = Ears::open(&recogniser, Language::English, hints("Wong"));
    let (mut socket, _) = accept(&listener).await;
    assert_eq!(likely(&mut socket).await, json!(["Wong"]));
    tell(&mut socket, updated()).await;
    assert_eq!(ears.next().await, Event::Ready);
    ears.inputs.send(Input::Hints(hints("Kaur"))).await.expect("open");
    assert_eq!(likely(&mut socket).await, json!(["Kaur"]));
    tell(&mut socket, refusal()).await;
    assert_eq!(likely(&mut socket).await, json!([]));
    // Without likely words there is nothing to leave out.
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    let (mut socket, _) = accept(&listener).await;
    assert_eq!(likely(&mut socket).await, json!([]));
    tell(&mut socket, refusal()).await;
    let Event::Failed(error) = ears.next().await else { panic!("it is refused") };
    assert_eq!(error.kind, ErrorKind::Request);
}

/// A session at a vendor played by hand that was sent a voice of 200 ms and its commit.
async fn committed(listener: &TcpListener, recogniser: &impl Recognizer) -> (Ears, WebSocketStream<TcpStream>) {
    let mut ears = Ears::open(recogniser, Language::English, Hints::default());
    let (mut socket, _) = accept(listener).await;
    likely(&mut socket).await;
    tell(&mut socket, json!({"type": "session.updated", "event_id": "e", "session": {}})).await;
    assert_eq!(ears.next().await, Event::Ready);
    ears.inputs.send(Input::SpeechStart { at: Samples(ears.at) }).await.expect("open");
    ears.hear(&[9_000; 3_200]).await;
    ears.inputs.send(Input::SpeechEnd { at: Samples(ears.at) }).await.expect("open");
    while !next_text(&mut socket).await.expect("open").contains("input_audio_buffer.commit") {}
    (ears, socket)
}

#[tokio::test]
async fn an_error_ends_a_session_that_can_hear_nothing_more_and_no_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let recogniser = ears(listener.local_addr().expect("bound"), "");
    let failed = |kind: &str, code: &str| {
        let error = json!({"type": kind, "code": code, "message": "simulated"});
        json!({"type": "conversation.item.input_audio_transcription.failed", "item_id": "i", "content_index": 0, "error": error})
    };
    for (said, ends) in [
        (error("server_error", "server_error"), Some(ErrorKind::Server)),
        (error("invalid_request_error", "session_expired"), Some(ErrorKind::Connection)),
        (error("invalid_request_error", "invalid_api_key"), Some(ErrorKind::Unauthorised)),
        // A commit of which no item comes, and an item in which nothing was said: nothing is owed of either.
        (error("invalid_request_error", "input_audio_buffer_commit_empty"), None),
        (failed("transcription_error", "audio_unintelligible"), None),
        // Somebody else is to hear it.
        (failed("server_error", "server_error"), Some(ErrorKind::Server)),
    ] {
        let (mut ears, mut socket) = committed(&listener, &recogniser).await;
        tell(&mut socket, said.clone()).await;
        ears.inputs.send(Input::Flush { up_to: Samples(ears.at) }).await.expect("open");
        let events = ears.until(is_flushed).await;
        match (events.last(), ends) {
            (Some(Event::Failed(error)), Some(kind)) => assert_eq!(error.kind, kind, "{said}"),
            (Some(Event::Flushed { .. }), None) => assert_eq!(finals(&events), "", "{said}"),
            other => panic!("{said}: {other:?}"),
        }
    }
}

/// What the simulated one says of the last of these messages.
async fn told(address: SocketAddr, said: &[Value]) -> Value {
    let mut request =
        format!("ws://{address}/v1/realtime?intent=transcription").into_client_request().expect("an address");
    request.headers_mut().insert("authorization", "Bearer k".parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("it takes it");
    for message in said {
        socket.send(Frame::text(message.to_string())).await.expect("open");
    }
    loop {
        let Frame::Text(text) = in_time(socket.next()).await.expect("open").expect("open") else { continue };
        let told: Value = serde_json::from_str(&text).expect("JSON");
        if told["type"] == "error" {
            return told["error"].clone();
        }
    }
}

#[tokio::test]
async fn the_simulated_vendor_refuses_what_openai_would() {
    let address = vendor(Trouble::default()).await;
    let session = |model: &str, more: Value, rate: u32, turns: Value| {
        let mut transcription = json!({"model": model});
        for (key, value) in more.as_object().expect("fields") {
            transcription[key] = value.clone();
        }
        let input = json!({"format": {"type": "audio/pcm", "rate": rate}, "transcription": transcription, "turn_detection": turns});
        json!({"type": "session.update", "session": {"type": "transcription", "audio": {"input": input}}})
    };
    let (none, good) = (Value::Null, session("gpt-live-transcribe", json!({}), 24_000, Value::Null));
    let audio = |bytes: usize| {
        use base64::Engine as _;
        let audio = base64::engine::general_purpose::STANDARD.encode(vec![0; bytes]);
        json!({"type": "input_audio_buffer.append", "audio": audio})
    };
    let commit = json!({"type": "input_audio_buffer.commit"});
    for (said, code) in [
        (vec![audio(4_800)], "invalid_value"),
        (vec![session("whisper", json!({}), 24_000, none.clone())], "invalid_value"),
        (vec![session("gpt-live-transcribe", json!({}), 16_000, none.clone())], "invalid_value"),
        (vec![session("gpt-live-transcribe", json!({}), 24_000, json!({"type": "server_vad"}))], "invalid_value"),
        (vec![session("gpt-realtime-whisper", json!({"keywords": ["Wong"]}), 24_000, none)], "invalid_value"),
        (vec![good.clone(), audio(3)], "invalid_value"),
        (vec![good.clone(), audio(4_000), commit], "input_audio_buffer_commit_empty"),
        (vec![good, json!({"type": "listen"})], "invalid_value"),
    ] {
        let error = told(address, &said).await;
        assert_eq!(
            (error["type"].as_str(), error["code"].as_str()),
            (Some("invalid_request_error"), Some(code)),
            "{said:?}"
        );
    }
    for (path, key, status) in
        [("/v1/realtime?intent=transcription", "Bearer ", 401), ("/v1/realtime?model=gpt-realtime", "Bearer k", 400)]
    {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
        request.headers_mut().insert("authorization", key.parse().expect("a header"));
        match connect_async(request).await {
            Err(WsError::Http(response)) => assert_eq!(response.status().as_u16(), status, "{path}"),
            other => panic!("refused: {other:?}"),
        }
    }
}
