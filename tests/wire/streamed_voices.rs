//! The clients of voices that speak one piece after the other against the simulated ones: the same for each vendor, whatever carries it.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::sim::{Fault, Moment, Trouble};
use attendant::tts::google::GoogleVoiceConfig;
use attendant::tts::openai::OpenAiVoiceConfig;
use attendant::tts::qwen::QwenConfig;
use attendant::tts::{Event, Input, Voice};
use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};

use super::cartesia::{Mouth, NAMES, comes_again, failure, goes_silent, id, vendor};
use super::deepgram::{accept, next_text};
use super::{azure, google, sarvam};
use crate::desk::in_time;

/// Who is tried, with the language that it speaks.
const VENDORS: [(&str, Language); 5] = [
    SOCKETS[0],
    SOCKETS[1],
    ("google_tts", Language::French),
    ("openai_tts", Language::English),
    ("azure", Language::French),
];

/// Those over a WebSocket.
const SOCKETS: [(&str, Language); 2] = [("sarvam", Language::Punjabi), ("qwen", Language::Cantonese)];

/// Where the simulated one of this name is, that answers after 50 ms.
pub async fn at(name: &str, trouble: Trouble) -> SocketAddr {
    if name == "google_tts" { google::speaking(trouble).await } else { vendor(trouble).await }
}

/// It speaks this language.
pub fn voice(name: &str, address: SocketAddr, language: Language, silence_ms: u64) -> Arc<dyn Voice> {
    match name {
        "sarvam" => {
            let more = format!("tts_silence_ms = {silence_ms}\nvoices = {{ {language} = \"simran\" }}");
            let config = sarvam::config(address, &more);
            let voice = attendant::tts::sarvam::voice(&config, "providers.sarvam").expect("the configuration is sound");
            std::fs::remove_file(config.account.key.file.expect("it is in a file")).expect("it was read");
            Arc::new(voice)
        }
        "qwen" => Arc::new(qwen(address, language, silence_ms)),
        "google_tts" => Arc::new(google_tts(address, language, silence_ms)),
        "openai_tts" => Arc::new(openai_tts(address, language, silence_ms)),
        "azure" => Arc::new(azure::azure_with(address, &format!("silence_ms = {silence_ms}"))),
        other => panic!("nobody is called {other}"),
    }
}

/// A file with a key that any simulated vendor takes, for as long as it is kept.
pub fn key() -> tempfile::NamedTempFile {
    let mut key = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(key, "a-key").expect("it is writable");
    key
}

fn openai_tts(address: SocketAddr, language: Language, silence_ms: u64) -> impl Voice {
    rustls::crypto::ring::default_provider().install_default().ok();
    let key = key();
    let file = key.path().display();
    let text = format!(
        "base_url = \"http://{address}/v1\"\nkey = {{ file = \"{file}\" }}\nsilence_ms = {silence_ms}\nvoices = {{ {language} = \"marin\" }}"
    );
    let config: OpenAiVoiceConfig = toml::from_str(&text).expect("the configuration is read");
    attendant::tts::openai::voice(&config, "providers.openai_tts").expect("the configuration is sound")
}

fn qwen(address: SocketAddr, language: Language, silence_ms: u64) -> impl Voice {
    let key = key();
    let file = key.path().display();
    let text = format!(
        "base_url = \"ws://{address}\"\nkey = {{ file = \"{file}\" }}\nsilence_ms = {silence_ms}\nvoices = {{ {language} = \"Kiki\" }}"
    );
    let config: QwenConfig = toml::from_str(&text).expect("the configuration is read");
    attendant::tts::qwen::voice(&config, "providers.qwen").expect("the configuration is sound")
}

fn google_tts(address: SocketAddr, language: Language, silence_ms: u64) -> impl Voice {
    google_voice(address, language, silence_ms, "fr-CA-Chirp3-HD-Kore")
}

/// Whatever language it is.
pub fn google_voice(address: SocketAddr, language: Language, silence_ms: u64, name: &str) -> impl Voice + use<> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let key = google::key();
    let file = key.path().display();
    let text = format!(
        "base_url = \"http://{address}\"\nkey = {{ file = \"{file}\" }}\nsilence_ms = {silence_ms}\nvoices = {{ {language} = \"{name}\" }}"
    );
    let config: GoogleVoiceConfig = toml::from_str(&text).expect("the configuration is read");
    attendant::tts::google::voice(&config, "providers.google_tts").expect("the configuration is sound")
}

#[tokio::test]
async fn an_utterance_in_pieces_is_spoken_with_its_words_at_their_bytes() {
    for (name, language) in VENDORS {
        let mut mouth = Mouth::open(voice(name, at(name, Trouble::default()).await, language, 1_000).as_ref());
        for round in 1..3 {
            let text = ["alfa bravo charlie, ", "delta echo. ", "… "];
            mouth.begin(id(round), language, &text).await;
            mouth.give(Input::End { id: id(round) }).await;
            let events = mouth.whole().await;
            let text = text.concat();
            let (mut heard, mut words, mut last) = (0, Vec::new(), 0);
            for event in &events {
                match event {
                    Event::Audio { audio, .. } => {
                        assert!(audio.len() <= 3_200, "at most 200 ms a piece");
                        heard += audio.len() as u64;
                    }
                    Event::Word { at, len, from, to, exact, .. } => {
                        assert!(!exact && from < to && *from >= last, "{name}: {event:?} after {last}");
                        last = *from;
                        words.push(&text[*at..*at + *len]);
                    }
                    Event::Done { samples, .. } => assert_eq!(*samples, heard, "{name}"),
                    Event::Failed { error, .. } => panic!("{name}: {error}"),
                }
            }
            assert_eq!(words, ["alfa", "bravo", "charlie,", "delta", "echo."], "{name}");
            // Five words of 100 ms each; what is silent of the last is less than a pause.
            assert!((7_000..=8_000).contains(&heard), "{name}: {heard}");
        }
    }
}

#[tokio::test]
async fn every_fault_has_its_name() {
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen.";
    let rows =
        VENDORS.into_iter().flat_map(|(name, language)| NAMES.map(|(fault, kind)| (name, language, fault, kind)));
    let mut made = Vec::new();
    for (name, language, fault, kind) in rows {
        // Before any deadline runs: some take time to be made.
        let patience = if kind == ErrorKind::Timeout { 300 } else { 1_000 };
        let voice = voice(name, at(name, Trouble::always(Some(fault))).await, language, patience);
        made.push((name, language, fault, kind, voice));
    }
    let all = made.into_iter().map(|(name, language, fault, kind, voice)| async move {
        let mut mouth = Mouth::open(voice.as_ref());
        mouth.begin(id(1), language, &[long]).await;
        mouth.give(Input::End { id: id(1) }).await;
        (name, fault, kind, mouth.whole().await)
    });
    for (name, fault, kind, events) in join_all(all).await {
        let Some(error) = failure(&events) else { panic!("{name} {fault:?}: {events:?}") };
        assert_eq!(
            (error.kind, error.retry_after, error.provider),
            (kind, comes_again(fault), name),
            "{fault:?}: {error}"
        );
        let silent = !matches!(fault, Fault::Stalls | Fault::Errors | Fault::Breaks);
        assert!(!silent || events.len() == 1, "{name} {fault:?}: a failure without a sound has no sound");
    }
}

#[tokio::test]
async fn a_voice_that_goes_silent_after_its_first_words_has_failed() {
    for ((name, language), words) in VENDORS.into_iter().flat_map(|vendor| [(vendor, 30), (vendor, 9)]) {
        let trouble = Trouble::always(Some(Fault::Silence)).at(Moment::Words(4));
        goes_silent(name, voice(name, at(name, trouble).await, language, 1_000).as_ref(), language, words).await;
    }
}

#[tokio::test]
async fn nothing_of_what_was_cancelled_is_heard_once_the_next_one_speaks() {
    for (name, language) in VENDORS {
        for by_begin in [false, true] {
            let address = at(name, Trouble::default()).await;
            let mut mouth = Mouth::open(voice(name, address, language, 1_000).as_ref());
            mouth.begin(id(1), language, &["one two three four five six seven eight nine ten"]).await;
            while !matches!(mouth.next().await, Event::Audio { .. }) {}
            if !by_begin {
                mouth.give(Input::Cancel { id: id(1) }).await;
            }
            mouth.begin(id(2), language, &["alfa bravo."]).await;
            mouth.give(Input::End { id: id(2) }).await;
            let mut second = 0;
            loop {
                match mouth.next().await {
                    Event::Audio { id: of, audio } if of == id(2) => second += audio.len() as u64,
                    Event::Audio { .. } => assert_eq!(second, 0, "{name}: the first is silent once the second speaks"),
                    Event::Done { id: of, samples } if of == id(2) => {
                        assert_eq!(samples, second, "{name}");
                        break;
                    }
                    Event::Word { .. } | Event::Done { .. } => {}
                    Event::Failed { error, .. } => panic!("{name}: {error}"),
                }
            }
            assert!((2_000..=3_520).contains(&second), "{name}: {second}");
        }
    }
}

#[tokio::test]
async fn what_is_cancelled_leaves_no_connection_and_the_next_one_is_there_before_it_is_needed() {
    for (name, language) in SOCKETS {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mouth = Mouth::open(voice(name, listener.local_addr().expect("bound"), language, 1_000).as_ref());
        // Warm before anything is to be said.
        let (mut first, _) = accept(&listener).await;
        mouth.begin(id(1), language, &["alfa bravo."]).await;
        while !next_text(&mut first).await.expect("open").contains("alfa") {}
        mouth.give(Input::Cancel { id: id(1) }).await;
        let (mut second, _) = accept(&listener).await;
        while next_text(&mut first).await.is_some() {}
        // Nothing was said on this one: it stays.
        mouth.begin(id(2), language, &[]).await;
        mouth.give(Input::Cancel { id: id(2) }).await;
        mouth.begin(id(3), language, &["charlie."]).await;
        while !next_text(&mut second).await.expect("open").contains("charlie") {}
        drop(mouth);
        while in_time(second.next()).await.is_some_and(|frame| frame.is_ok_and(|frame| !frame.is_close())) {}
    }
}

/// Passes connections on to this address, and counts those that are open.
async fn counted(to: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (address, open) = (listener.local_addr().expect("bound"), Arc::new(AtomicUsize::new(0)));
    let count = open.clone();
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut ours, _)) = listener.accept().await {
            let count = count.clone();
            count.fetch_add(1, Ordering::Relaxed);
            connections.spawn(async move {
                let mut theirs = TcpStream::connect(to).await.expect("the vendor listens");
                // Whoever leaves first ends it.
                let (mut from_us, mut to_us) = ours.split();
                let (mut from_them, mut to_them) = theirs.split();
                tokio::select! {
                    _ = tokio::io::copy(&mut from_us, &mut to_them) => {}
                    _ = tokio::io::copy(&mut from_them, &mut to_us) => {}
                }
                count.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    (address, open)
}

#[tokio::test]
async fn an_answer_cancelled_at_any_50_ms_of_it_leaves_nothing_audible_and_no_connection_behind() {
    const SLICE: u64 = 800;
    let long = "one two three four five six seven eight nine ten eleven twelve.";
    let mut made = Vec::new();
    for (name, language) in VENDORS {
        for after in (0..24).map(|n| n * SLICE) {
            let (address, open) = counted(at(name, Trouble::default()).await).await;
            made.push((name, language, after, voice(name, address, language, 1_000), open));
        }
    }
    let all = made.into_iter().map(|(name, language, after, voice, open)| async move {
        let mut mouth = Mouth::open(voice.as_ref());
        drop(voice);
        mouth.begin(id(1), language, &[long]).await;
        let mut heard = 0;
        while heard < after {
            if let Event::Audio { audio, .. } = mouth.next().await {
                heard += audio.len() as u64;
            }
        }
        mouth.give(Input::Cancel { id: id(1) }).await;
        mouth.begin(id(2), language, &["alfa."]).await;
        mouth.give(Input::End { id: id(2) }).await;
        let (mut second, mut is_over) = (0, false);
        while !is_over {
            match mouth.next().await {
                Event::Audio { id: of, audio } if of == id(2) => second += audio.len() as u64,
                // What was on its way when it was cancelled is stamped as the first's, and comes before the second.
                Event::Audio { .. } => assert_eq!(second, 0, "{name} at {after}"),
                Event::Done { id: of, samples } => {
                    assert_eq!((of, samples), (id(2), second), "{name} at {after}");
                    is_over = true;
                }
                Event::Word { .. } => {}
                Event::Failed { error, .. } => panic!("{name} at {after}: {error}"),
            }
        }
        drop(mouth);
        in_time(async {
            while open.load(Ordering::Relaxed) > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    });
    join_all(all).await;
}

#[tokio::test]
async fn a_connection_that_broke_is_made_again_for_the_next_utterance() {
    for (name, language) in VENDORS {
        let mut mouth =
            Mouth::open(voice(name, at(name, Trouble::first(1, Fault::Breaks)).await, language, 1_000).as_ref());
        let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen.";
        mouth.begin(id(1), language, &[long]).await;
        assert!(failure(&mouth.whole().await).is_some(), "{name}");
        mouth.begin(id(2), language, &["Come in."]).await;
        mouth.give(Input::End { id: id(2) }).await;
        assert_eq!(failure(&mouth.whole().await), None, "{name}");
    }
}

async fn refusal(address: SocketAddr, said: &[&str]) -> Value {
    let path = "/api-ws/v1/realtime?model=qwen3-tts-flash-realtime";
    last_words(&format!("ws://{address}{path}"), ("authorization", "Bearer k"), said).await
}

/// What a vendor says before it closes.
pub async fn last_words(url: &str, (name, key): (&'static str, &str), said: &[&str]) -> Value {
    let mut request = url.into_client_request().expect("an address");
    request.headers_mut().insert(name, key.parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("it takes it");
    for text in said {
        socket.send(Frame::text(*text)).await.expect("open");
    }
    let mut last = Value::Null;
    loop {
        match in_time(socket.next()).await.expect("it closes").expect("it closes well") {
            Frame::Text(text) => last = serde_json::from_str(&text).expect("JSON"),
            Frame::Close(_) => return last,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_simulated_qwen_refuses_what_model_studio_would() {
    let address = vendor(Trouble::default()).await;
    let update = r#"{"event_id":"1","type":"session.update","session":{"voice":"Kiki","mode":"commit",
        "response_format":"pcm","sample_rate":16000,"language_type":"Chinese"}}"#;
    let append = r#"{"event_id":"2","type":"input_text_buffer.append","text":"hello"}"#;
    let commit = r#"{"event_id":"3","type":"input_text_buffer.commit"}"#;
    for said in [
        &[r#"{"type":"session.update","session":{}}"#][..],
        &[&update.replace("Chinese", "Punjabi")],
        &[&update.replace("\"voice\"", "\"speaker\"")],
        &[append, commit],
        &[update, commit],
        &[update, append, &commit.replace('3', "2")],
        &[r#"{"event_id":"1","type":"speak"}"#],
    ] {
        let told = refusal(address, said).await;
        assert_eq!(
            (told["type"].as_str(), told["error"]["code"].as_str()),
            (Some("error"), Some("invalid_value")),
            "{said:?}"
        );
    }
    let status = |path: &'static str, key: &'static str| async move {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
        request.headers_mut().insert("authorization", key.parse().expect("a header"));
        match connect_async(request).await {
            Err(WsError::Http(response)) => response.status().as_u16(),
            other => panic!("refused: {other:?}"),
        }
    };
    assert_eq!(status("/api-ws/v1/realtime?model=qwen3-tts-flash-realtime", "Bearer ").await, 401);
    assert_eq!(status("/api-ws/v1/realtime?model=qwen3-tts-flash", "Bearer k").await, 404);
}
