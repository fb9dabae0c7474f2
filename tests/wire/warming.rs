//! Connections that are made before they are needed: to whoever will speak the call's language and to nobody else, and so that the first
//! answer and the first clause of a call go over them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::agent::graph::Graph;
use attendant::call::event::Mailbox;
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::chain::{self, Order};
use attendant::tts::spoken::{Lexicon, voice::in_front_of};
use attendant::tts::{Input, Reports, Voice};
use attendant_media::speech::SpeechId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::accept_async;

use super::azure::azure;
use super::cartesia::cartesia;
use super::model_cancel::{agent_in, agent_of, ask};
use super::models::{APIS, Api};
use super::streamed_voices::voice;
use crate::desk::in_time;

/// Who can be connected to, and says nothing by themselves.
struct Vendor {
    address: SocketAddr,
    listener: TcpListener,
    /// The same once more, that does not wait.
    door: std::net::TcpListener,
}

impl Vendor {
    fn open() -> Self {
        let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        door.set_nonblocking(true).expect("a socket");
        let listener = TcpListener::from_std(door.try_clone().expect("a socket")).expect("it waits for nobody");
        Self { address: door.local_addr().expect("bound"), listener, door }
    }

    async fn connected(&self) -> TcpStream {
        in_time(self.listener.accept()).await.expect("a socket").0
    }

    /// Whether somebody else stands at the door.
    fn is_called(&self) -> bool {
        self.door.accept().is_ok()
    }
}

/// The next request's first line.
async fn request(line: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(in_time(line.read_u8()).await.expect("it goes on"));
    }
    String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned()
}

/// Answers a request that asks for nothing, and lets whoever asked read it.
async fn answer(line: &mut TcpStream) {
    line.write_all(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n").await.expect("it listens");
    // It has arrived when the write returns, and this runtime looks at its sockets every 61 turns.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn only_the_voice_of_the_calls_language_connects_and_another_once_the_language_changes() {
    let [punjabi, cantonese, english] = [Vendor::open(), Vendor::open(), Vendor::open()];
    let voices: Vec<Arc<dyn Voice>> = vec![
        voice("sarvam", punjabi.address, Language::Punjabi, 1_000),
        voice("qwen", cantonese.address, Language::Cantonese, 1_000),
        Arc::new(cartesia(english.address)),
    ];
    let places = in_front_of(chain::voices(voices, Order::new()), Lexicon::default());
    let (mailbox, _events) = Mailbox::new();
    let (language, spoken) = watch::channel(Language::English);
    let _session = places[0].open_ahead(spoken, Reports { mailbox });
    let _english = english.connected().await;
    assert_eq!([&punjabi, &cantonese, &english].map(Vendor::is_called), [false; 3]);
    language.send_replace(Language::Punjabi);
    let _punjabi = punjabi.connected().await;
    assert_eq!([&punjabi, &cantonese, &english].map(Vendor::is_called), [false; 3]);
}

#[tokio::test]
async fn a_model_is_connected_to_when_a_call_comes_in_and_the_first_answer_goes_over_that_connection() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let [first, second, third] = [Vendor::open(), Vendor::open(), Vendor::open()];
    let models =
        [(&first, "first", Api::OpenAi), (&second, "anthropic", Api::Anthropic), (&third, "third", Api::OpenAi)]
            .map(|(vendor, name, api)| api.model(vendor.address, name, 2_500, 450));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut agent = agent_of(models.to_vec(), folder.path());
    // Whom a late one is raced against is connected to as well, and stays there.
    let mut rival = second.connected().await;
    assert_eq!(request(&mut rival).await, "HEAD /v1/models HTTP/1.1");
    let mut line = first.connected().await;
    assert_eq!(request(&mut line).await, "HEAD /v1/models HTTP/1.1");
    answer(&mut rival).await;
    answer(&mut line).await;
    let (mailbox, _events) = Mailbox::new();
    ask(agent.as_mut(), mailbox);
    assert_eq!(request(&mut line).await, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!([&first, &second, &third].map(Vendor::is_called), [false; 3]);
}

#[tokio::test]
async fn the_model_of_an_agent_to_whom_a_call_may_be_handed_is_connected_to_as_well() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let vendors = [(); 4].map(|()| Vendor::open());
    let names = ["first", "second", "third", "small"];
    let models = vendors.iter().zip(names).map(|(vendor, name)| Api::OpenAi.model(vendor.address, name, 2_500, 450));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let graph = Graph::built_in().with_directions(&["small".to_owned()]);
    let _agent = agent_in(graph, models.collect(), folder.path());
    for place in [0, 1, 3] {
        assert_eq!(request(&mut vendors[place].connected().await).await, "HEAD /v1/models HTTP/1.1");
    }
    assert!(!vendors.iter().any(Vendor::is_called));
}

#[tokio::test]
async fn a_connection_to_a_model_that_says_nothing_ends_with_the_call_for_which_it_is_made() {
    rustls::crypto::ring::default_provider().install_default().ok();
    for api in APIS {
        let vendor = Vendor::open();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let agent = agent_of(vec![api.model(vendor.address, "first", 2_500, 450)], folder.path());
        let mut line = vendor.connected().await;
        assert_eq!(request(&mut line).await, "HEAD /v1/models HTTP/1.1");
        drop(agent);
        // Left alone, it would be given up after 5 s.
        let closed = tokio::time::timeout(Duration::from_secs(4), line.read_u8()).await;
        assert!(matches!(closed, Ok(Err(_))), "{api:?}: {closed:?}");
    }
}

#[tokio::test]
async fn a_line_that_is_closed_while_nothing_is_said_is_made_again_once_before_there_is_a_clause() {
    let vendor = Vendor::open();
    let (mailbox, _events) = Mailbox::new();
    let (_language, spoken) = watch::channel(Language::English);
    let session = cartesia(vendor.address).open_ahead(spoken, Reports { mailbox });
    for _ in 0..2 {
        let line = in_time(accept_async(vendor.connected().await)).await.expect("a WebSocket");
        drop(line);
    }
    // Who closes everything is not asked for ever.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!vendor.is_called());
    drop(session);
}

#[tokio::test]
async fn who_is_not_there_while_the_phone_rings_is_passed_over_and_the_next_one_is_connected_to() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound");
    for first in [Arc::new(cartesia(nobody)) as Arc<dyn Voice>, voice("sarvam", nobody, Language::English, 1_000)] {
        let vendor = Vendor::open();
        let voices = chain::voices(vec![first, Arc::new(azure(vendor.address))], chain::Order::new());
        let (mailbox, mut events) = Mailbox::new();
        let (_language, spoken) = watch::channel(Language::English);
        let session = voices[0].open_ahead(spoken, Reports { mailbox });
        let mut line = vendor.connected().await;
        assert_eq!(request(&mut line).await, "HEAD /cognitiveservices/v1 HTTP/1.1");
        answer(&mut line).await;
        let id = SpeechId { generation: 1, utterance: 1, attempt: 0 };
        session.send(Input::Begin { id, language: Language::English }).await.expect("open");
        session.send(Input::Text { id, text: Pii::new("Hello.".to_owned()) }).await.expect("open");
        assert_eq!(request(&mut line).await, "POST /cognitiveservices/v1 HTTP/1.1");
        assert!(events.try_recv().is_err(), "the call has lost nothing");
    }
}

#[tokio::test]
async fn azure_is_connected_to_before_there_is_a_clause_and_the_first_one_goes_over_that_connection() {
    let vendor = Vendor::open();
    let (mailbox, _events) = Mailbox::new();
    let (_language, spoken) = watch::channel(Language::Cantonese);
    let session = azure(vendor.address).open_ahead(spoken, Reports { mailbox });
    let mut line = vendor.connected().await;
    assert_eq!(request(&mut line).await, "HEAD /cognitiveservices/v1 HTTP/1.1");
    answer(&mut line).await;
    let id = SpeechId { generation: 1, utterance: 1, attempt: 0 };
    session.send(Input::Begin { id, language: Language::Cantonese }).await.expect("open");
    session.send(Input::Text { id, text: Pii::new("早晨。".to_owned()) }).await.expect("open");
    assert_eq!(request(&mut line).await, "POST /cognitiveservices/v1 HTTP/1.1");
    assert!(!vendor.is_called());
}
