//! The client of ElevenLabs where it differs from Cartesia's: few contexts, a connection for each language, and mu-law. What is the same:
//! [`super::cartesia`].

use std::io::Write;
use std::net::SocketAddr;

use attendant::language::Language;
use attendant::sim::Trouble;
use attendant::tts::elevenlabs::{self, ElevenLabsConfig};
use attendant::tts::{Event, Input, Voice};
use futures_util::SinkExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};

use super::cartesia::{Mouth, failure, id, vendor};
use super::deepgram::{accept, next_text};
use super::streamed_voices::last_words;

/// It speaks English and Mandarin.
pub fn elevenlabs(address: SocketAddr, more: &str) -> impl Voice + use<> {
    of_voices(address, "{ en-CA = \"english\", zh-CN = \"chinese\" }", more)
}

/// Its letters run ahead of their audio, and do not come with all of it.
pub fn ahead(address: SocketAddr) -> impl Voice + use<> {
    of_voices(address, "{ en-CA = \"lettersAhead\" }", "")
}

fn of_voices(address: SocketAddr, voices: &str, more: &str) -> impl Voice + use<> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut key = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(key, "a-key").expect("it is writable");
    let file = key.path().display();
    let text = format!("base_url = \"ws://{address}\"\nkey = {{ file = \"{file}\" }}\nvoices = {voices}\n{more}");
    let config: ElevenLabsConfig = toml::from_str(&text).expect("the configuration is read");
    elevenlabs::voice(&config, "providers.elevenlabs").expect("the configuration is sound")
}

#[tokio::test]
async fn mu_law_sounds_as_long_as_what_it_was_made_of() {
    let voice = elevenlabs(vendor(Trouble::default()).await, "format = \"ulaw_8000\"");
    let mut mouth = Mouth::open(&voice);
    mouth.begin(id(1), Language::English, &["Hello, Amy."]).await;
    mouth.give(Input::End { id: id(1) }).await;
    let events = mouth.whole().await;
    assert_eq!(events.last(), Some(&Event::Done { id: id(1), samples: 3_200 }), "{:?}", failure(&events));
}

#[tokio::test]
async fn words_whose_letters_run_ahead_of_their_audio_stand_where_they_are_heard() {
    let mut mouth = Mouth::open(&ahead(vendor(Trouble::default()).await));
    let text = ["One two three four five, ", "six. ", "Seven eight nine ten eleven twelve thirteen."];
    mouth.begin(id(1), Language::English, &text).await;
    mouth.give(Input::End { id: id(1) }).await;
    let events = mouth.whole().await;
    assert_eq!(events.last(), Some(&Event::Done { id: id(1), samples: 13 * 1_600 }), "{:?}", failure(&events));
    let text = text.concat();
    let words: Vec<(&str, u64, u64)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Word { at, len, from, to, exact: true, .. } => Some((&text[*at..*at + *len], *from, *to)),
            _ => None,
        })
        .collect();
    assert_eq!(words.iter().map(|(word, ..)| *word).collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
    for ((word, from, to), begins) in words.into_iter().zip((0..).step_by(1_600)) {
        assert!(from.abs_diff(begins) <= 16 && (from..=begins + 1_600).contains(&to), "{word}: {from} to {to}");
    }
}

#[tokio::test]
async fn another_language_is_another_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mouth = Mouth::open(&elevenlabs(listener.local_addr().expect("bound"), ""));
    let (mut first, wanted) = accept(&listener).await;
    assert!(wanted.contains("/english/") && wanted.contains("language_code=en"), "{wanted}");
    mouth.begin(id(1), Language::Mandarin, &["你好。"]).await;
    let (mut second, wanted) = accept(&listener).await;
    assert!(wanted.contains("/chinese/") && wanted.contains("language_code=zh"), "{wanted}");
    while !next_text(&mut second).await.expect("open").contains("你好。 ") {}
    while next_text(&mut first).await.is_some() {}
    drop(mouth);
}

#[tokio::test]
async fn contexts_that_do_not_end_are_left_with_their_connection_before_there_are_too_many() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mouth = Mouth::open(&elevenlabs(listener.local_addr().expect("bound"), ""));
    let (mut first, _) = accept(&listener).await;
    for round in 1..=4 {
        mouth.begin(id(round), Language::English, &["Hello. "]).await;
        while !next_text(&mut first).await.expect("open").contains("Hello. ") {}
        mouth.give(Input::Cancel { id: id(round) }).await;
        if round < 4 {
            assert!(next_text(&mut first).await.expect("open").contains("close_context"), "{round}");
        }
    }
    while next_text(&mut first).await.is_some() {}
    mouth.begin(id(5), Language::English, &["Amy. "]).await;
    let (mut second, _) = accept(&listener).await;
    while !next_text(&mut second).await.expect("open").contains("Amy. ") {}
    drop(mouth);
}

#[tokio::test]
async fn a_context_that_has_ended_leaves_its_place_to_another() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let mouth = Mouth::open(&elevenlabs(listener.local_addr().expect("bound"), ""));
    let (mut socket, _) = accept(&listener).await;
    for round in 1..=8 {
        mouth.begin(id(round), Language::English, &["Hello. "]).await;
        while !next_text(&mut socket).await.expect("open").contains("Hello. ") {}
        mouth.give(Input::Cancel { id: id(round) }).await;
        let closed: Value = serde_json::from_str(&next_text(&mut socket).await.expect("open")).expect("JSON");
        let last = serde_json::json!({"isFinal": true, "contextId": closed["context_id"]}).to_string();
        socket.send(Frame::text(last)).await.expect("open");
        mouth.begin(id(100 + round), Language::English, &["Amy. "]).await;
        while !next_text(&mut socket).await.expect("open").contains("Amy. ") {}
        mouth.give(Input::End { id: id(100 + round) }).await;
        let ended: Value = serde_json::from_str(&next_text(&mut socket).await.expect("open")).expect("JSON");
        let last = serde_json::json!({"isFinal": true, "contextId": ended["context_id"]}).to_string();
        socket.send(Frame::text(last)).await.expect("open");
    }
}

/// What it calls the mistake.
async fn refusal(address: SocketAddr, said: &[&str]) -> Value {
    let path = "/v1/text-to-speech/v/multi-stream-input?model_id=eleven_flash_v2_5&output_format=pcm_16000";
    last_words(&format!("ws://{address}{path}"), ("xi-api-key", "k"), said).await["error"].clone()
}

#[tokio::test]
async fn the_simulated_vendor_refuses_what_elevenlabs_would() {
    let address = vendor(Trouble::default()).await;
    let status = |path: &'static str, key: &'static str| async move {
        let mut request = format!("ws://{address}/v1/text-to-speech/{path}").into_client_request().expect("an address");
        request.headers_mut().insert("xi-api-key", key.parse().expect("a header"));
        match connect_async(request).await {
            Err(WsError::Http(response)) => response.status().as_u16(),
            other => panic!("refused: {other:?}"),
        }
    };
    let good = "v/multi-stream-input?model_id=eleven_flash_v2_5&output_format=pcm_16000";
    assert_eq!(status(good, "").await, 401);
    for wrong in [
        "v/multi-stream-input?model_id=eleven_v3&output_format=pcm_16000",
        "v/multi-stream-input?model_id=eleven_flash_v2_5&output_format=wav",
        "v/multi-stream-input?model_id=eleven_flash_v2&language_code=en&output_format=pcm_16000",
        "v/multi-stream-input?model_id=eleven_flash_v2_5&output_format=pcm_16000&inactivity_timeout=200",
        "v/multi-stream-input?model_id=eleven_flash_v2_5&output_format=pcm_16000&speed=2",
    ] {
        assert_eq!(status(wrong, "k").await, 400, "{wrong}");
    }
    let opens = |n: usize| format!("{{\"text\": \" \", \"context_id\": \"c{n}\"}}");
    let six: Vec<String> = (0..6).map(opens).collect();
    let six: Vec<&str> = six.iter().map(String::as_str).collect();
    for (said, error) in [
        (&six[..], "max_active_conversations"),
        (&[r#"{"text": "Hello. ", "context_id": "c", "flush": true}"#], "context_not_initialized"),
        (&[r#"{"context_id": "c", "close_context": true}"#], "context_not_found"),
        (&[six[0], r#"{"text": "Hi. ", "context_id": "c0", "voice_settings": {}}"#], "voice_settings_not_first"),
        (&[r#"{"text": " ", "context_id": "c", "voice": "v"}"#], "invalid_message"),
    ] {
        assert_eq!(refusal(address, said).await, error, "{said:?}");
    }
}
