//! The client of Azure's recogniser against the simulated one: what is its own. The rest is tried with others ([`super::told_ears`]).

use std::net::SocketAddr;
use std::sync::Arc;

use attendant::language::Language;
use attendant::provider::chain;
use attendant::sim::code::{Code, speak};
use attendant::sim::{Habit, Trouble};
use attendant::stt::azure::{self, AzureEarsConfig};
use attendant::stt::{Answer, Event, Hints, Input, Recognizer};
use attendant_media::frame::Samples;
use futures_util::{SinkExt, StreamExt};
use metrics_exporter_prometheus::PrometheusBuilder;
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
    let file = key.path().display();
    let text =
        format!("region = \"canadacentral\"\nbase_url = \"ws://{address}\"\nkey = {{ file = \"{file}\" }}\n{more}");
    let config: AzureEarsConfig = toml::from_str(&text).expect("the configuration is read");
    azure::ears(&config, "providers.azure_stt").expect("the configuration is sound")
}

#[tokio::test]
async fn a_voice_that_begins_before_the_turn_of_the_one_before_it_is_over_waits_and_loses_no_word() {
    let recogniser = ears(vendor(Trouble::default()).await, "");
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    let said = [1, 2, 3].map(|turn| Code { turn, ..code() });
    for code in said {
        ears.hear(&[0; 8_000]).await;
        ears.say(code).await;
    }
    ears.flush().await;
    let events = ears.until(is_flushed).await;
    assert_eq!(finals(&events), said.map(Code::sentence).join(" "), "{events:?}");
    assert_eq!(told_ears::places(&events).len(), 3, "{events:?}");
}

#[tokio::test]
async fn another_language_has_another_connection_and_hints_hold_from_the_next_voice_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let recogniser = ears(listener.local_addr().expect("bound"), "");
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    let (mut first, asked) = accept(&listener).await;
    assert_eq!(asked, "/speech/recognition/conversation/cognitiveservices/v1?language=en-CA&profanity=raw");
    assert!(next_text(&mut first).await.expect("open").contains("Path:speech.config\r\n"));
    assert_eq!(ears.next().await, Event::Ready);
    ears.inputs
        .send(Input::Hints(Hints { phrases: vec!["Kaur".into()], answer: Answer::InPieces }))
        .await
        .expect("open");
    ears.inputs.send(Input::Language(Language::Punjabi)).await.expect("open");
    let (mut second, asked) = accept(&listener).await;
    assert_eq!(asked, "/speech/recognition/conversation/cognitiveservices/v1?language=pa-IN&profanity=raw");
    assert!(next_text(&mut second).await.expect("open").contains("Path:speech.config\r\n"));
    ears.say(code()).await;
    let context = next_text(&mut second).await.expect("open");
    assert!(context.contains("Path:speech.context\r\n"), "{context}");
    assert!(context.contains("pa-IN") && context.contains("Kaur"), "{context}");
    drop(ears);
    while next_text(&mut second).await.is_some() {}
}

#[tokio::test]
async fn what_is_made_final_in_mid_voice_and_a_turn_that_azure_ends_by_itself_cost_no_word() {
    for (habit, paid) in [(Habit::Phrases, 2..=2), (Habit::EndsTurns, 3..=4)] {
        let recogniser = ears(told_ears::habitual(habit).await, "");
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        ears.hear(&[0; 8_000]).await;
        // One voice: a code, whose words are a phrase, and four words of which the first two are another.
        let spoken = ears.at;
        ears.inputs.send(Input::SpeechStart { at: Samples(spoken) }).await.expect("open");
        let voice: Vec<i16> = code().sentence().split(' ').flat_map(speak).chain([5_000; 24_000]).collect();
        ears.hear(&voice).await;
        let settled = |event: &Event| matches!(event, Event::Final { .. });
        let mut events = ears.until(settled).await;
        events.extend(ears.until(settled).await);
        ears.inputs.send(Input::SpeechEnd { at: Samples(ears.at) }).await.expect("open");
        ears.flush().await;
        events.extend(ears.until(is_flushed).await);
        let whole = format!("{} The caller has spoken.", code().sentence());
        assert_eq!(finals(&events), whole, "{habit:?}: {events:?}");
        let places = told_ears::places(&events);
        assert!(places.is_sorted_by(|one, next| one.1 <= next.0), "{habit:?}: none is heard twice: {places:?}");
        assert_eq!(places[0].0, spoken, "{habit:?}: {places:?}");
        let seconds = ears.bill()[0].usage.audio_ms / 1_000;
        assert!(paid.contains(&seconds), "{habit:?}: {seconds} s");
    }
}

/// The turn whose audio has ended.
async fn ended_turn(socket: &mut WebSocketStream<TcpStream>) -> String {
    let mut turn = String::new();
    loop {
        match in_time(socket.next()).await.expect("open").expect("open") {
            Frame::Text(text) if text.contains("Path:speech.context") => {
                let id = text.lines().find_map(|line| line.strip_prefix("X-RequestId:"));
                turn = id.expect("it has one").to_owned();
            }
            // Its headers, and nothing after them.
            Frame::Binary(frame) if frame.len() == 2 + usize::from(u16::from_be_bytes([frame[0], frame[1]])) => {
                return turn;
            }
            Frame::Text(_) | Frame::Binary(_) | Frame::Ping(_) | Frame::Pong(_) => {}
            Frame::Close(_) | Frame::Frame(_) => panic!("it stays"),
        }
    }
}

#[tokio::test]
async fn who_has_taken_all_audio_of_a_wordless_sound_is_there_before_it_says_what_it_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let recogniser = ears(listener.local_addr().expect("bound"), "silence_ms = 1500");
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    let (mut socket, _) = accept(&listener).await;
    assert_eq!(ears.next().await, Event::Ready);
    ears.inputs.send(Input::SpeechStart { at: Samples(ears.at) }).await.expect("open");
    ears.hear(&[0; 16_000]).await;
    let turn = ended_turn(&mut socket).await;
    let said = format!("X-RequestId:{turn}\r\nPath:speech.endDetected\r\n\r\n{{}}");
    socket.send(Frame::text(said)).await.expect("open");
    assert_eq!(ears.next().await, Event::Listening { up_to: Samples(ears.at) });
}

#[tokio::test]
async fn another_language_in_mid_voice_is_no_failure_and_costs_no_word() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _counted = metrics::set_default_local_recorder(&recorder);
    let trouble = [Trouble::default(), Trouble::default()];
    let [first, second] = [vendor(trouble[0].clone()).await, vendor(trouble[1].clone()).await];
    let both = [first, second].map(|address| Arc::new(ears(address, "")) as Arc<dyn Recognizer>);
    let places = chain::recognisers(both.into(), chain::Order::new());
    // As many as failures would keep everybody from asking.
    for _ in 0..5 {
        let mut ears = Ears::open(places[0].as_ref(), Language::English, Hints::default());
        assert_eq!(ears.next().await, Event::Ready);
        ears.inputs.send(Input::SpeechStart { at: Samples(ears.at) }).await.expect("open");
        ears.hear(&[9_000; 6_400]).await;
        ears.inputs.send(Input::Language(Language::Cantonese)).await.expect("open");
        let events = ears.until(|event| *event == Event::Left).await;
        assert_eq!(events.last(), Some(&Event::Left), "{events:?}");
    }
    // The call's next session hears the voice again, of the same recogniser.
    let mut ears = Ears::open(places[0].as_ref(), Language::Cantonese, Hints::default());
    ears.say(code()).await;
    ears.flush().await;
    let events = ears.until(is_flushed).await;
    assert_eq!(finals(&events), code().sentence(), "{events:?}");
    assert_eq!(trouble.map(|of| of.asked().len()), [1, 0], "the second is not asked");
    let counted = recorder.handle().render();
    assert!(!counted.contains("provider_failures_total") && !counted.contains("breaker_opened"), "{counted}");
}

/// The code with which the simulated one closes, told this.
async fn closed(address: SocketAddr, said: Vec<Frame>) -> u16 {
    let mut request =
        format!("ws://{address}/stt/speech/universal/v2?language=en-CA").into_client_request().expect("an address");
    request.headers_mut().insert("ocp-apim-subscription-key", "k".parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("it takes it");
    for frame in said {
        socket.send(frame).await.expect("open");
    }
    loop {
        if let Frame::Close(Some(close)) = in_time(socket.next()).await.expect("open").expect("open") {
            return close.code.into();
        }
    }
}

#[tokio::test]
async fn the_simulated_vendor_refuses_what_azure_would() {
    let address = vendor(Trouble::default()).await;
    let id = "0123456789abcdef0123456789abcdef";
    let text = |path: &str, body: &str| Frame::text(format!("Path: {path}\r\nX-RequestId: {id}\r\n\r\n{body}"));
    let audio = |body: &[u8]| {
        let headers = format!("Path: audio\r\nX-RequestId: {id}\r\n");
        Frame::binary([&(headers.len() as u16).to_be_bytes()[..], headers.as_bytes(), body].concat())
    };
    let config = || text("speech.config", r#"{"context":{"system":{"name":"x"}}}"#);
    for said in [
        vec![Frame::text("hello")],
        vec![text("speech.context", "{}")],
        vec![config(), text("speech.context", "no JSON")],
        vec![config(), audio(&[0; 640])],
        vec![config(), text("speech.context", "{}"), audio(&[0; 640])],
        vec![config(), text("speech.context", "{}"), text("speech.context", "{}")],
    ] {
        assert_eq!(closed(address, said.clone()).await, 1002, "{said:?}");
    }
    for (language, key, status) in [("en-CA", "", 401), ("xx-XX", "k", 400)] {
        let path = format!("ws://{address}/stt/speech/universal/v2?language={language}");
        let mut request = path.into_client_request().expect("an address");
        request.headers_mut().insert("ocp-apim-subscription-key", key.parse().expect("a header"));
        match connect_async(request).await {
            Err(WsError::Http(response)) => assert_eq!(response.status().as_u16(), status, "{language}"),
            other => panic!("refused: {other:?}"),
        }
    }
}
