//! The client of Sarvam's recogniser against the simulated one: what is said is heard, at its time, and every fault has its name.

use std::io::Write;
use std::net::SocketAddr;

use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::provider::sarvam::SarvamConfig;
use attendant::sim::{Fault, Trouble};
use attendant::stt::{Answer, Event, Hints, Input, Recognizer, sarvam};
use attendant_media::frame::Samples;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::cartesia::comes_again;
use super::deepgram::{BEGIN, Ears, accept, code, finals, is_flushed, next_text, vendor};
use crate::desk::in_time;

/// Its configuration at a simulated vendor; `more` are further lines.
pub fn config(address: SocketAddr, more: &str) -> SarvamConfig {
    let mut key = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(key, "a-key").expect("it is writable");
    let (_, path) = key.keep().expect("the test's folder is writable");
    let file = path.display();
    let text = format!("base_url = \"ws://{address}\"\nkey = {{ file = \"{file}\" }}\n{more}");
    toml::from_str(&text).expect("the configuration is read")
}

pub fn ears(address: SocketAddr, more: &str) -> impl Recognizer + use<> {
    let config = config(address, more);
    let made = sarvam::ears(&config, "providers.sarvam").expect("the configuration is sound");
    std::fs::remove_file(config.account.key.file.expect("it is in a file")).expect("it was read");
    made
}

/// One utterance with this fault, up to its last words or its failure.
async fn utterance(trouble: Trouble, more: &str) -> Vec<Event> {
    let recogniser = ears(vendor(trouble).await, more);
    let mut ears = Ears::open(&recogniser, Language::Punjabi, Hints::default());
    ears.hear(&[0; 4_800]).await;
    ears.say(code()).await;
    ears.flush().await;
    ears.until(is_flushed).await
}

#[tokio::test]
async fn what_is_said_is_heard_whole_and_at_its_time() {
    let recogniser = ears(vendor(Trouble::default()).await, "");
    let mut ears = Ears::open(&recogniser, Language::Punjabi, Hints::default());
    assert_eq!(ears.next().await, Event::Ready);
    for round in 0..2 {
        ears.hear(&[0; 4_800]).await;
        let spoken = ears.at;
        ears.say(code()).await;
        ears.flush().await;
        let events = ears.until(is_flushed).await;
        assert_eq!(finals(&events), code().sentence(), "{round}: {events:?}");
        assert!(events.iter().any(|event| matches!(event, Event::Partial { .. })), "{round}: {events:?}");
        for event in &events {
            if let Event::Final { from, to, .. } = event {
                assert!(
                    from.0 == spoken && to.0 >= spoken + 9 * 1_600 && to.0 <= spoken + 9 * 1_600 + 3_200,
                    "{event:?}"
                );
            }
        }
    }
    // Nothing was said since: nothing is waited for.
    let up_to = Samples(ears.at);
    ears.inputs.send(Input::Flush { up_to }).await.expect("open");
    assert_eq!(ears.until(is_flushed).await, [Event::Flushed { up_to }]);
}

#[tokio::test]
async fn every_fault_has_its_name_or_costs_no_word() {
    let rows = [
        (Fault::Unauthorised, Some(ErrorKind::Unauthorised)),
        (Fault::Limits, Some(ErrorKind::Limited)),
        (Fault::Fails, Some(ErrorKind::Server)),
        (Fault::Deaf, Some(ErrorKind::Timeout)),
        (Fault::Slow, Some(ErrorKind::Timeout)),
        (Fault::Errors, Some(ErrorKind::Server)),
        (Fault::Breaks, Some(ErrorKind::Connection)),
        (Fault::Stalls, Some(ErrorKind::Timeout)),
        (Fault::Disorder, None),
        (Fault::Unanswered, None),
    ];
    let all = rows.map(|(fault, kind)| async move {
        let patience = if kind == Some(ErrorKind::Timeout) { "stt_silence_ms = 400" } else { "stt_silence_ms = 2500" };
        (fault, kind, utterance(Trouble::always(Some(fault)), patience).await)
    });
    for (fault, kind, events) in futures_util::future::join_all(all).await {
        let failed = events.iter().find_map(|event| match event {
            Event::Failed(error) => Some(error.clone()),
            _ => None,
        });
        assert_eq!(failed.as_ref().map(|error| error.kind), kind, "{fault:?}: {events:?}");
        if let Some(error) = failed {
            assert_eq!((error.provider, error.retry_after), ("sarvam", comes_again(fault)), "{fault:?}");
        } else {
            assert_eq!(finals(&events), code().sentence(), "{fault:?}: {events:?}");
        }
    }
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let events = utterance(Trouble::always(Some(Fault::Slow)), "stt_silence_ms = 2500").await;
    assert_eq!(finals(&events), code().sentence());
}

#[test]
fn it_hears_what_it_is_to_hear() {
    let address: SocketAddr = "127.0.0.1:1".parse().expect("an address");
    let known = |more| Language::ALL.map(|language| ears(address, more).capabilities(language).is_some());
    assert_eq!(known(""), [false, false, false, true, false]);
    assert_eq!(known("hears = [\"pa-IN\", \"en-CA\"]"), [true, false, false, true, false]);
}

/// The events that were sent on a connection, audio left out but for the first of each row.
async fn events(socket: &mut WebSocketStream<tokio::net::TcpStream>, until: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    while let Some(text) = next_text(socket).await {
        let said: Value = serde_json::from_str(&text).expect("JSON");
        let event = said["event"].as_str().expect("an event").to_owned();
        let is_over = event == until;
        if event != "ping" && all.last() != Some(&event) {
            all.push(event);
        }
        if is_over {
            return all;
        }
    }
    all
}

#[tokio::test]
async fn a_voice_is_begun_and_ended_a_click_is_not_and_the_session_takes_its_leave() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let recogniser = ears(listener.local_addr().expect("bound"), "hears = [\"pa-IN\", \"en-CA\"]");
    let mut ears =
        Ears::open(&recogniser, Language::Punjabi, Hints { phrases: vec!["Wong".into()], ..Hints::default() });
    let (mut socket, asked) = accept(&listener).await;
    let path = "/speech-to-text-realtime/ws?language_code=pa-IN&model=saaras%3Av4&";
    assert!(asked.starts_with(path) && asked.contains("keyterms=%5B%22Wong%22%5D"), "{asked}");
    socket.send(Frame::text(r#"{"event":"session.begin","request_id":"r","config":null}"#)).await.expect("open");
    assert_eq!(ears.next().await, Event::Ready);

    let click = [Input::SpeechStart { at: Samples(BEGIN) }, Input::SpeechEnd { at: Samples(BEGIN + 1_600) }];
    ears.hear(&[5_000; 1_600]).await;
    for input in click {
        ears.inputs.send(input).await.expect("open");
    }
    ears.say(code()).await;
    assert_eq!(events(&mut socket, "speech_end").await, ["speech_start", "audio_input", "speech_end"]);
    // What was heard before it was known to be a voice.
    let from = ears.at;
    ears.hear(&[5_000; 16_000]).await;
    for input in [Input::SpeechStart { at: Samples(from) }, Input::SpeechEnd { at: Samples(ears.at) }] {
        ears.inputs.send(input).await.expect("open");
    }
    assert_eq!(events(&mut socket, "speech_end").await, ["speech_start", "audio_input", "speech_end"]);
    ears.inputs
        .send(Input::Hints(Hints { phrases: vec!["Kaur".into()], answer: Answer::InPieces }))
        .await
        .expect("open");
    ears.inputs.send(Input::Language(Language::English)).await.expect("open");
    let (mut hinted, mut spoken) = (None, None);
    while spoken.is_none() {
        let text = next_text(&mut socket).await.expect("open");
        let said: Value = serde_json::from_str(&text).expect("JSON");
        hinted = hinted.or_else(|| said["prompt"].as_str().map(str::to_owned));
        spoken = said["language_code"].as_str().map(str::to_owned);
    }
    assert_eq!((hinted.as_deref(), spoken.as_deref()), (Some("Kaur"), Some("en-IN")));
    drop(ears);
    assert_eq!(events(&mut socket, "end").await.last().map(String::as_str), Some("end"));
    assert_eq!(next_text(&mut socket).await, None);
}

#[tokio::test]
async fn a_language_that_it_does_not_know_fails_with_its_name() {
    let recogniser = ears(vendor(Trouble::default()).await, "");
    let mut ears = Ears::open(&recogniser, Language::Punjabi, Hints::default());
    assert_eq!(ears.next().await, Event::Ready);
    ears.inputs.send(Input::Language(Language::Cantonese)).await.expect("open");
    let Event::Failed(error) = ears.next().await else { panic!("it cannot") };
    assert_eq!((error.kind, error.what.contains("zh-HK")), (ErrorKind::Request, true));
}

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// A connection as Sarvam's SDK makes it, or the status of its refusal.
async fn connect(address: SocketAddr, path: &str, key: &str) -> Result<Socket, u16> {
    let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
    request.headers_mut().insert("api-subscription-key", key.parse().expect("a header"));
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(WsError::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// What it says before it closes, and the close code.
async fn refusal(mut socket: Socket, said: &[&str]) -> (Value, u16) {
    for text in said {
        socket.send(Frame::text(*text)).await.expect("open");
    }
    let mut last = Value::Null;
    loop {
        match in_time(socket.next()).await.expect("it closes").expect("it closes well") {
            Frame::Text(text) => last = serde_json::from_str(&text).expect("JSON"),
            Frame::Close(Some(close)) => return (last, close.code.into()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_simulated_vendor_refuses_what_sarvam_would() {
    let address = vendor(Trouble::default()).await;
    let hears = "/speech-to-text-realtime/ws?language_code=pa-IN&endpointing=manual";
    let speaks = "/text-to-speech/ws?model=bulbul:v3&send_completion_event=true";
    assert_eq!(connect(address, hears, "").await.err(), Some(403));
    assert_eq!(connect(address, "/text-to-speech/ws?model=sonic-3", "k").await.err(), Some(400));
    for path in ["/speech-to-text-realtime/ws?endpointing=manual", "/speech-to-text-realtime/ws?language_code=fr-FR"] {
        let (said, close) = refusal(connect(address, path, "k").await.expect("it says so later"), &[]).await;
        assert_eq!((said["event"].as_str(), said["is_fatal"].as_bool(), close), (Some("error"), Some(true), 4_000));
    }
    let config = r#"{"type":"config","data":{"language_code":"pa-IN","speaker":"simran","speech_sample_rate":16000,
        "output_audio_codec":"linear16"}}"#;
    for (path, said, close) in [
        (hears, &[r#"{"event":"listen"}"#][..], 4_000),
        (hears, &[r#"{"event":"audio_input","audio":"AA=="}"#], 4_000),
        (speaks, &[r#"{"type":"text","data":{"text":"hello"}}"#], 1_003),
        (speaks, &[&config.replace("pa-IN", "yue")], 1_003),
        (speaks, &[config, r#"{"type":"text","data":{"text":""}}"#], 1_003),
    ] {
        let (told, code) = refusal(connect(address, path, "k").await.expect("it takes it"), said).await;
        assert!(code == close && (told["event"] == "error" || told["type"] == "error"), "{said:?}: {told} {code}");
    }
}
