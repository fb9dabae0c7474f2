//! The clients of voices that speak each utterance in a context, Cartesia's and ElevenLabs', against the simulated ones: words at their times,
//! nothing of what was cancelled, and a name for every fault.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::call::event::{self, Mailbox};
use attendant::language::Language;
use attendant::privacy::Pii;
use attendant::provider::{ErrorKind, ProviderError};
use attendant::sim::vendors::{self, Troubles};
use attendant::sim::{Delay, Fault, Moment, ScriptedConfig, Trouble};
use attendant::tts::cartesia::{self, CartesiaConfig};
use attendant::tts::{Event, Input, Reports, Voice};
use attendant_media::speech::SpeechId;
use futures_util::{SinkExt, Stream, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};

use super::elevenlabs::elevenlabs;
use crate::desk::in_time;

/// A simulated vendor that answers after 50 ms.
pub async fn vendor(speaking: Trouble) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let scripted = ScriptedConfig { tts_ms: Delay::Fixed(50), ..ScriptedConfig::default() };
    let troubles = Troubles { speaking, ..Troubles::default() };
    tokio::spawn(vendors::serve(listener, scripted, troubles, std::future::pending()));
    address
}

pub fn cartesia(address: SocketAddr) -> impl Voice {
    let mut key = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(key, "a-key").expect("it is writable");
    let file = key.path().display();
    let voices = "{ en-CA = \"v-en\", zh-CN = \"v-zh\" }";
    let text = format!("base_url = \"ws://{address}\"\nkey = {{ file = \"{file}\" }}\nvoices = {voices}");
    let config: CartesiaConfig = toml::from_str(&text).expect("the configuration is read");
    cartesia::voice(&config, "providers.cartesia").expect("the configuration is sound")
}

/// Whose contexts are tried.
pub const VENDORS: [&str; 2] = ["cartesia", "elevenlabs"];

pub fn voice(name: &str, address: SocketAddr) -> Arc<dyn Voice> {
    match name {
        "cartesia" => Arc::new(cartesia(address)),
        _ => Arc::new(elevenlabs(address, "")),
    }
}

/// One call's session at a voice.
pub struct Mouth {
    inputs: mpsc::Sender<Input>,
    events: mpsc::Receiver<event::Event>,
}

pub const fn id(utterance: u16) -> SpeechId {
    SpeechId { generation: 1, utterance, attempt: 0 }
}

impl Mouth {
    pub fn open(voice: &dyn Voice) -> Self {
        let (mailbox, events) = Mailbox::new();
        Self { inputs: voice.open(Reports { mailbox }), events }
    }

    pub async fn give(&self, input: Input) {
        self.inputs.send(input).await.expect("the session goes on");
    }

    pub async fn begin(&self, id: SpeechId, language: Language, texts: &[&str]) {
        self.give(Input::Begin { id, language }).await;
        for text in texts {
            self.give(Input::Text { id, text: Pii::new((*text).to_owned()) }).await;
        }
    }

    pub async fn next(&mut self) -> Event {
        match in_time(self.events.recv()).await.expect("the session keeps it") {
            event::Event::Tts(event) => event,
            other => panic!("a voice speaks, and nothing else: {other:?}"),
        }
    }

    /// Everything of one utterance, to its end.
    pub async fn whole(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        loop {
            let event = self.next().await;
            let over = matches!(event, Event::Done { .. } | Event::Failed { .. });
            all.push(event);
            if over {
                return all;
            }
        }
    }
}

/// The samples of an utterance, and its words with their times.
fn heard(events: &[Event], text: &str) -> (u64, Vec<(String, u64, u64)>) {
    let (mut samples, mut words) = (0, Vec::new());
    for event in events {
        match event {
            Event::Audio { audio, .. } => {
                assert!(audio.len() <= 3_200, "at most 200 ms a piece");
                samples += audio.len() as u64;
            }
            Event::Word { at, len, from, to, exact, .. } => {
                assert!(exact);
                words.push((text.get(*at..*at + *len).unwrap_or_default().to_owned(), *from, *to));
            }
            Event::Done { .. } | Event::Failed { .. } => {}
        }
    }
    (samples, words)
}

pub fn failure(events: &[Event]) -> Option<ProviderError> {
    events.iter().find_map(|event| match event {
        Event::Failed { error, .. } => Some(error.clone()),
        _ => None,
    })
}

async fn utterance(name: &str, trouble: Trouble) -> Vec<Event> {
    let mut mouth = Mouth::open(voice(name, vendor(trouble).await).as_ref());
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen.";
    mouth.begin(id(1), Language::English, &[long]).await;
    mouth.give(Input::End { id: id(1) }).await;
    mouth.whole().await
}

#[tokio::test]
async fn an_utterance_in_pieces_is_spoken_with_its_words_at_their_bytes_and_times() {
    for name in VENDORS {
        let mut mouth = Mouth::open(voice(name, vendor(Trouble::default()).await).as_ref());
        let text = ["Hello, Dr. Wong. ", "We are open."];
        mouth.begin(id(1), Language::English, &text).await;
        mouth.give(Input::End { id: id(1) }).await;
        let events = mouth.whole().await;
        let (samples, words) = heard(&events, &text.concat());
        let spoken: Vec<&str> = words.iter().map(|(word, ..)| word.as_str()).collect();
        assert_eq!(spoken, ["Hello,", "Dr.", "Wong.", "We", "are", "open."], "{name}");
        // A blank belongs to no word, and ElevenLabs times it too: the last of three letters ends at three quarters.
        let to = if name == "cartesia" { 6_400 } else { 4_800 + 1_600 / 3 * 2 };
        let (from, ends) = (words[3].1, words[3].2);
        assert!(from == 4_800 && ends.abs_diff(to) <= 16, "{name}: {from} to {ends}, not {to}");
        assert_eq!(events.last(), Some(&Event::Done { id: id(1), samples }), "{name}");
        assert_eq!(samples, 6 * 1_600, "{name}");

        // The same session speaks the next one; each character is a word.
        mouth.begin(id(2), Language::Mandarin, &["你好。"]).await;
        mouth.give(Input::End { id: id(2) }).await;
        assert_eq!(mouth.whole().await.last(), Some(&Event::Done { id: id(2), samples: 2 * 1_600 }), "{name}");
    }
}

#[tokio::test]
async fn nothing_of_what_was_cancelled_is_heard_although_it_goes_on() {
    for (name, by_begin) in VENDORS.into_iter().flat_map(|name| [(name, false), (name, true)]) {
        let mut mouth = Mouth::open(voice(name, vendor(Trouble::always(Some(Fault::Late))).await).as_ref());
        mouth.begin(id(1), Language::English, &["one two three four five six seven eight nine ten"]).await;
        while !matches!(mouth.next().await, Event::Audio { .. }) {}
        if !by_begin {
            mouth.give(Input::Cancel { id: id(1) }).await;
        }
        mouth.begin(id(2), Language::English, &["alfa bravo."]).await;
        mouth.give(Input::End { id: id(2) }).await;
        // What was on its way to us is stamped with the id that it had.
        let mut of_two = Vec::new();
        while !matches!(of_two.last(), Some(Event::Done { .. })) {
            let event = mouth.next().await;
            match event {
                Event::Audio { id: of, .. } | Event::Word { id: of, .. } | Event::Done { id: of, .. }
                    if of == id(1) =>
                {
                    assert!(of_two.is_empty(), "{event:?} after {of_two:?}");
                }
                event => of_two.push(event),
            }
        }
        assert_eq!(heard(&of_two, "alfa bravo.").0, 2 * 1_600);
    }
}

/// What a voice calls each fault of its vendor that keeps it from speaking.
pub const NAMES: [(Fault, ErrorKind); 10] = [
    (Fault::Deaf, ErrorKind::Timeout),
    (Fault::Slow, ErrorKind::Timeout),
    (Fault::Stalls, ErrorKind::Timeout),
    (Fault::Errors, ErrorKind::Server),
    (Fault::Breaks, ErrorKind::Connection),
    (Fault::Empty, ErrorKind::Empty),
    (Fault::Silence, ErrorKind::Empty),
    (Fault::Unauthorised, ErrorKind::Unauthorised),
    (Fault::Limits, ErrorKind::Limited),
    (Fault::Fails, ErrorKind::Server),
];

/// When its vendor says to come again.
pub fn comes_again(fault: Fault) -> Option<Duration> {
    matches!(fault, Fault::Limits | Fault::Fails).then_some(Duration::from_secs(20))
}

#[tokio::test]
async fn every_fault_has_its_name() {
    for (name, (fault, kind)) in VENDORS.into_iter().flat_map(|name| NAMES.map(|row| (name, row))) {
        let events = utterance(name, Trouble::always(Some(fault))).await;
        let Some(error) = failure(&events) else { panic!("{name} {fault:?}: {events:?}") };
        let wait = comes_again(fault);
        assert_eq!((error.kind, error.retry_after, error.provider), (kind, wait, name), "{fault:?}: {error}");
        let silent = matches!(fault, Fault::Deaf | Fault::Slow | Fault::Empty | Fault::Silence);
        assert!(!silent || heard(&events, "").0 == 0, "{name} {fault:?}: a failure without a sound has no sound");
    }
}

/// So many words, of which four have a sound: it fails, while it goes on or when it is done, and gives no noughts.
pub async fn goes_silent(name: &str, voice: &dyn Voice, language: Language, words: usize) {
    let long = format!("{}.", vec!["alfa"; words].join(" "));
    let mut mouth = Mouth::open(voice);
    mouth.begin(id(1), language, &[long.as_str()]).await;
    mouth.give(Input::End { id: id(1) }).await;
    let events = mouth.whole().await;
    assert_eq!(failure(&events).map(|error| error.kind), Some(ErrorKind::Empty), "{name}");
    let audio = |event: &Event| if let Event::Audio { audio, .. } = event { audio.len() } else { 0 };
    let heard: usize = events.iter().map(audio).sum();
    // 100 ms a word.
    assert!((4_000..=6_500).contains(&heard), "{name}: {heard}");
}

#[tokio::test]
async fn a_voice_that_goes_silent_after_its_first_words_has_failed() {
    for (name, words) in VENDORS.into_iter().flat_map(|name| [(name, 30), (name, 9)]) {
        let trouble = Trouble::always(Some(Fault::Silence)).at(Moment::Words(4));
        goes_silent(name, voice(name, vendor(trouble).await).as_ref(), Language::English, words).await;
    }
}

#[tokio::test]
async fn a_connection_that_broke_is_made_again_for_the_next_utterance() {
    for name in VENDORS {
        let mut mouth = Mouth::open(voice(name, vendor(Trouble::first(1, Fault::Breaks)).await).as_ref());
        let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen.";
        mouth.begin(id(1), Language::English, &[long]).await;
        assert!(failure(&mouth.whole().await).is_some(), "{name}");
        mouth.begin(id(2), Language::English, &["Come in."]).await;
        mouth.give(Input::End { id: id(2) }).await;
        assert_eq!(failure(&mouth.whole().await), None, "{name}");
    }
}

#[test]
fn it_speaks_what_it_has_a_voice_for() {
    for name in VENDORS {
        let voice = voice(name, "127.0.0.1:1".parse().expect("an address"));
        let known = Language::ALL.map(|language| voice.speaks(language));
        assert_eq!(known, [true, true, false, false, false], "{name}");
        assert_ne!(voice.timbre(Language::English), voice.timbre(Language::Mandarin), "{name}");
    }
}

/// Speaks for so long, is cancelled, and speaks again at once. How much of the first was heard, and of the second.
async fn cancelled_after(name: &str, after: Duration) -> (u64, u64) {
    let mut mouth = Mouth::open(voice(name, vendor(Trouble::always(Some(Fault::Late))).await).as_ref());
    let text = ["one two three four five six seven eight nine ten "; 8];
    mouth.begin(id(1), Language::English, &text).await;
    let (mut first, mut second) = (0, 0);
    let speaking = async {
        loop {
            match mouth.next().await {
                Event::Audio { audio, .. } => first += audio.len() as u64,
                Event::Word { .. } => {}
                event @ (Event::Done { .. } | Event::Failed { .. }) => panic!("{name}: {event:?}"),
            }
        }
    };
    drop(tokio::time::timeout(after, speaking).await);
    mouth.give(Input::Cancel { id: id(1) }).await;
    mouth.begin(id(2), Language::English, &["alfa bravo."]).await;
    mouth.give(Input::End { id: id(2) }).await;
    loop {
        match mouth.next().await {
            Event::Audio { id: of, audio } if of == id(2) => second += audio.len() as u64,
            Event::Done { id: of, samples } if of == id(2) => {
                assert_eq!(samples, second, "{name}");
                return (first, second);
            }
            // What was on its way to the call already has the id that it had.
            Event::Audio { .. } => {
                assert_eq!(second, 0, "{name} {after:?}: the first is silent once the second speaks");
            }
            Event::Word { .. } => {}
            event @ (Event::Done { .. } | Event::Failed { .. }) => panic!("{name} {after:?}: {event:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_utterance_cancelled_at_any_50_ms_says_no_more() {
    for name in VENDORS {
        let runs = (0..12).map(|n| tokio::spawn(cancelled_after(name, Duration::from_millis(50 * n))));
        let mut most = 0;
        for run in runs.collect::<Vec<_>>() {
            let (first, second) = run.await.expect("it goes well");
            assert_eq!(second, 3_200, "{name}");
            most = most.max(first);
        }
        assert!(most > 0, "{name}: utterances were under way");
    }
}

#[tokio::test]
async fn the_simulated_vendor_refuses_what_cartesia_would() {
    let address = vendor(Trouble::default()).await;
    let request = |headers: &[(&'static str, &'static str)]| {
        let mut request = format!("ws://{address}/tts/websocket").into_client_request().expect("an address");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        request
    };
    for (headers, status) in [(&[][..], 401), (&[("x-api-key", "k")], 400)] {
        let Err(WsError::Http(response)) = connect_async(request(headers)).await else { panic!("refused") };
        assert_eq!(response.status().as_u16(), status);
    }
    let good = [("authorization", "Bearer k"), ("cartesia-version", "2026-08-14")];
    let (mut socket, _) = connect_async(request(&good)).await.expect("it takes it");
    let hello = json!({"model_id": "sonic-3", "transcript": "hello", "voice": {"mode": "id", "id": "v"}, "language": "en",
        "context_id": "c", "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000},
        "continue": false});
    let with = |key: &str, value: Value| {
        let mut request = hello.clone();
        request[key] = value;
        request.to_string()
    };
    let wrong = [
        "hello".to_owned(),
        "[]".to_owned(),
        r#""hello""#.to_owned(),
        r#"{"context_id":"c","transcript":"hello"}"#.to_owned(),
        with("language", "yue".into()),
        with("context_id", "".into()),
        with("transcript", 1.into()),
        with("speed", 1.into()),
        with("max_buffer_delay_ms", 6_000.into()),
        with("output_format", json!({"container": "raw", "encoding": "pcm_s16le", "sample_rate": 8_000})),
        // Of a context that never was, or that is not to be cancelled, or with a request in it.
        json!({"context_id": "c", "cancel": true}).to_string(),
        json!({"context_id": "c", "cancel": false}).to_string(),
        with("cancel", true.into()),
    ];
    for wrong in wrong {
        socket.send(Frame::text(wrong.as_str())).await.expect("open");
        let told = said(&mut socket).await;
        let how = (told["type"].as_str(), told["status_code"].as_u64(), told["error_code"].as_str());
        assert_eq!(how, (Some("error"), Some(400), Some("invalid_request")), "{wrong}");
    }
    // And then speaks. What is over may be cancelled, and that is not answered.
    for text in
        [with("continue", true.into()), json!({"context_id": "c", "cancel": true}).to_string(), hello.to_string()]
    {
        socket.send(Frame::text(text)).await.expect("open");
    }
    socket
        .send(Frame::text(json!({"context_id": "c", "cancel": true, "flush": true}).to_string()))
        .await
        .expect("open");
    assert_eq!(said(&mut socket).await["message"], "unknown field flush");
    for kind in ["timestamps", "chunk", "done"] {
        assert_eq!(said(&mut socket).await["type"], kind);
    }
}

/// What a socket says next.
async fn said(socket: &mut (impl Stream<Item = Result<Frame, WsError>> + Unpin)) -> Value {
    let Some(Ok(Frame::Text(text))) = in_time(socket.next()).await else { panic!("it answers") };
    serde_json::from_str(&text).expect("JSON")
}
