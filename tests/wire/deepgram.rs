//! The client of Deepgram against the simulated one: what is said is heard, at its time, and every fault has its name.

use std::io::Write;
use std::net::SocketAddr;

use attendant::call::event::{self, Mailbox};
use attendant::costs::{Kind, Line, Meter};
use attendant::language::Language;
use attendant::provider::ErrorKind;
use attendant::sim::code::{Code, speak};
use attendant::sim::vendors::{self, Troubles};
use attendant::sim::{Delay, Fault, ScriptedConfig, Trouble};
use attendant::stt::deepgram::{Deepgram, DeepgramConfig};
use attendant::stt::{Answer, Event, Hints, Input, Recognizer, Reports, Setup};
use attendant_media::frame::{SLOT_SAMPLES, Samples};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::server as handshake;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async, connect_async};

use super::cartesia::comes_again;
use crate::desk::in_time;

pub const BOTH: [&str; 2] = ["nova-3", "flux"];

/// Where the audio of every test begins on the call's clock: a session opens late.
pub const BEGIN: u64 = 48_000;

/// A simulated vendor that answers after 50 ms.
pub async fn vendor(hearing: Trouble) -> SocketAddr {
    simulated(Troubles { hearing, ..Troubles::default() }).await
}

pub async fn simulated(troubles: Troubles) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let scripted = ScriptedConfig { stt_ms: Delay::Fixed(50), ..ScriptedConfig::default() };
    tokio::spawn(vendors::serve(listener, scripted, troubles, std::future::pending()));
    address
}

/// Short deadlines; `more` are further lines of its configuration.
pub fn deepgram(address: SocketAddr, more: &str) -> Deepgram {
    let mut key = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(key, "a-key").expect("it is writable");
    let file = key.path().display();
    let silence = if more.contains("silence_ms") { "" } else { "silence_ms = 500" };
    let text = format!("base_url = \"ws://{address}\"\nkey = {{ file = \"{file}\" }}\n{silence}\n{more}");
    let config: DeepgramConfig = toml::from_str(&text).expect("the configuration is read");
    Deepgram::new(&config, "providers.deepgram").expect("the configuration is sound")
}

/// One call's session at a recogniser.
pub struct Ears {
    pub inputs: mpsc::Sender<Input>,
    mailbox: mpsc::Receiver<event::Event>,
    meter: Meter,
    pub at: u64,
}

impl Ears {
    pub fn open(recogniser: &dyn Recognizer, language: Language, hints: Hints) -> Self {
        let (sender, mailbox) = Mailbox::new();
        let meter = sender.meter().clone();
        let inputs = recogniser.open(Setup { language, hints }, Reports { session: 1, mailbox: sender });
        Self { inputs, mailbox, meter, at: BEGIN }
    }

    /// The call is over; what its session is given says whether that is over too.
    pub fn hang_up(self) -> mpsc::Sender<Input> {
        self.inputs
    }

    pub async fn hear(&mut self, audio: &[i16]) {
        for chunk in audio.chunks(SLOT_SAMPLES) {
            let mut frame = [0; SLOT_SAMPLES];
            frame[..chunk.len()].copy_from_slice(chunk);
            // A session that failed takes no more.
            self.inputs.send(Input::Audio { at: Samples(self.at), frame }).await.ok();
            self.at += SLOT_SAMPLES as u64;
        }
    }

    pub async fn say(&mut self, code: Code) {
        self.inputs.send(Input::SpeechStart { at: Samples(self.at) }).await.ok();
        let audio: Vec<i16> = code.sentence().split(' ').flat_map(speak).collect();
        self.hear(&audio).await;
        self.inputs.send(Input::SpeechEnd { at: Samples(self.at) }).await.ok();
    }

    pub async fn flush(&mut self) {
        let up_to = Samples(self.at);
        // Audio goes on while the end of the turn is waited for.
        self.hear(&[0; 3_200]).await;
        self.inputs.send(Input::Flush { up_to }).await.ok();
        self.hear(&[0; 9_600]).await;
    }

    /// What was paid for so far.
    pub fn bill(&self) -> Vec<Line> {
        self.meter.lines()
    }

    pub async fn next(&mut self) -> Event {
        match in_time(self.mailbox.recv()).await.expect("the session keeps it") {
            event::Event::Stt { event, .. } => event,
            other => panic!("a session speaks of words, not {other:?}"),
        }
    }

    /// Everything up to and including the first such event, but for signs of life.
    pub async fn until(&mut self, last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut all = Vec::new();
        loop {
            let event = self.next().await;
            let is_last = last(&event) || matches!(event, Event::Failed(_));
            if !matches!(event, Event::Listening { .. }) {
                all.push(event);
            }
            if is_last {
                return all;
            }
        }
    }
}

pub const fn code() -> Code {
    Code { call: 42, turn: 200, part: 0, parts: 1 }
}

pub const fn is_flushed(event: &Event) -> bool {
    matches!(event, Event::Flushed { .. })
}

/// The words of the finals in the order of their places.
pub fn finals(events: &[Event]) -> String {
    let mut pieces: Vec<(u64, &str)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Final { text, from, .. } => Some((from.0, text.reveal().as_str())),
            _ => None,
        })
        .collect();
    pieces.sort_unstable();
    pieces.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

/// Of each partial the words that will not change.
pub fn stable(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Partial { text, stable, .. } => Some(&text.reveal()[..*stable]),
            _ => None,
        })
        .collect()
}

/// One utterance with this fault, up to its last words or its failure.
async fn utterance(model: &str, trouble: Trouble) -> Vec<Event> {
    let recogniser = deepgram(vendor(trouble).await, &format!("model = \"{model}\""));
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    ears.hear(&[0; 4_800]).await;
    ears.say(code()).await;
    ears.flush().await;
    ears.until(is_flushed).await
}

#[tokio::test]
async fn what_is_said_is_heard_whole_and_at_its_time() {
    for model in BOTH {
        let events = utterance(model, Trouble::default()).await;
        assert_eq!(events[0], Event::Ready, "{model}");
        assert_eq!(finals(&events), code().sentence(), "{model}: {events:?}");
        assert!(events.iter().any(|event| matches!(event, Event::Partial { .. })), "{model}: {events:?}");
        let spoken = BEGIN + 4_800..BEGIN + 4_800 + 9 * 1_600;
        for event in &events {
            if let Event::Final { from, to, .. } = event {
                assert!(
                    from < to && from.0 + 8_000 >= spoken.start && to.0 <= spoken.end + 3_200,
                    "{model}: {event:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_fault_has_its_name_or_costs_no_word() {
    for model in BOTH {
        for (fault, kind) in [
            (Fault::Unauthorised, Some(ErrorKind::Unauthorised)),
            (Fault::Limits, Some(ErrorKind::Limited)),
            (Fault::Fails, Some(ErrorKind::Server)),
            (Fault::Deaf, Some(ErrorKind::Timeout)),
            (Fault::Errors, Some(ErrorKind::Server)),
            (Fault::Breaks, Some(ErrorKind::Connection)),
            // Flux cannot have it.
            (if model == "flux" { Fault::Unanswered } else { Fault::Disorder }, None),
        ] {
            let events = utterance(model, Trouble::always(Some(fault))).await;
            let failed = events.iter().find_map(|event| match event {
                Event::Failed(error) => Some(error.clone()),
                _ => None,
            });
            assert_eq!(failed.as_ref().map(|error| error.kind), kind, "{model} {fault:?}: {events:?}");
            if let Some(error) = failed {
                assert_eq!((error.provider, error.retry_after), ("deepgram", comes_again(fault)), "{model} {fault:?}");
            } else {
                assert_eq!(finals(&events), code().sentence(), "{model} {fault:?}: {events:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_stalls_is_given_up_when_last_words_are_owed() {
    for model in BOTH {
        let recogniser = deepgram(vendor(Trouble::always(Some(Fault::Stalls))).await, &format!("model = \"{model}\""));
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        // Two voices: the first has an interim result, and then nothing comes.
        ears.say(code()).await;
        ears.hear(&[0; 3_200]).await;
        ears.say(code()).await;
        ears.flush().await;
        let events = ears.until(is_flushed).await;
        let Some(Event::Failed(error)) = events.last() else { panic!("{model}: {events:?}") };
        assert_eq!((error.kind, error.what.as_str()), (ErrorKind::Timeout, "says nothing although a voice is heard"));
    }
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    for model in BOTH {
        let slow = vendor(Trouble::always(Some(Fault::Slow))).await;
        let recogniser = deepgram(slow, &format!("silence_ms = 2500\nmodel = \"{model}\""));
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        ears.say(code()).await;
        ears.flush().await;
        assert_eq!(finals(&ears.until(is_flushed).await), code().sentence(), "{model}");
    }
}

#[tokio::test]
async fn finalize_without_an_answer_costs_no_word() {
    let events = utterance("nova-3\"\nsilence_ms = 2500 #\"", Trouble::always(Some(Fault::Unanswered))).await;
    assert!(is_flushed(events.last().expect("some")), "{events:?}");
    assert_eq!(finals(&events), code().sentence(), "{events:?}");
}

#[tokio::test]
async fn flux_ends_a_turn_by_itself_but_not_while_digits_are_read() {
    let address = vendor(Trouble::default()).await;
    let recogniser = deepgram(address, "model = \"flux\"\neager_eot_threshold = 0.4");
    let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
    ears.say(code()).await;
    ears.hear(&[0; 16_000]).await;
    let events = ears.until(|event| matches!(event, Event::EndOfTurn { .. })).await;
    assert_eq!(finals(&events), code().sentence());
    assert!(events.iter().any(|event| matches!(event, Event::EagerEnd { .. })), "{events:?}");
    // What has ended is flushed without asking.
    ears.inputs.send(Input::Flush { up_to: Samples(BEGIN + 9 * 1_600) }).await.expect("open");
    assert_eq!(ears.until(is_flushed).await, [Event::Flushed { up_to: Samples(BEGIN + 9 * 1_600) }]);

    ears.inputs.send(Input::Hints(Hints { phrases: vec![], answer: Answer::InPieces })).await.expect("open");
    ears.say(code()).await;
    ears.hear(&[0; 16_000]).await;
    ears.say(code()).await;
    ears.flush().await;
    let events = ears.until(is_flushed).await;
    assert!(!events.iter().any(|event| matches!(event, Event::EndOfTurn { .. })), "{events:?}");
    let twice = format!("{0} {0}", code().sentence());
    assert_eq!(finals(&events), twice, "one turn with both groups");
}

#[tokio::test]
async fn words_that_flux_revises_once_they_were_taken_are_heard_once() {
    let recogniser =
        deepgram(vendor(Trouble::always(Some(Fault::Unanswered))).await, "silence_ms = 2500\nmodel = \"flux\"");
    let hints = |answer| Hints { phrases: vec![], answer };
    let mut ears = Ears::open(&recogniser, Language::English, hints(Answer::InPieces));
    ears.say(code()).await;
    ears.flush().await;
    assert_eq!(finals(&ears.until(is_flushed).await), code().sentence());
    // The same turn goes on, and ends by itself.
    ears.inputs.send(Input::Hints(hints(Answer::Free))).await.expect("open");
    let second = Code { turn: 201, ..code() };
    ears.say(second).await;
    ears.hear(&[0; 16_000]).await;
    let events = ears.until(|event| matches!(event, Event::EndOfTurn { .. })).await;
    assert_eq!(finals(&events), second.sentence(), "{events:?}");
}

#[test]
fn each_model_says_which_languages_it_hears() {
    let address: SocketAddr = "127.0.0.1:1".parse().expect("an address");
    let known = |model: &str| {
        let recogniser = deepgram(address, &format!("model = \"{model}\""));
        Language::ALL.map(|language| recogniser.capabilities(language).map(|known| known.end_of_turn))
    };
    assert_eq!(known("nova-3"), [Some(false); 5]);
    assert_eq!(known("flux"), [Some(true), None, None, None, Some(true)]);
    assert_eq!(known("auto"), [Some(true), Some(false), Some(false), Some(false), Some(true)]);
}

#[tokio::test]
async fn flux_in_a_language_that_it_does_not_know_fails_with_the_mend() {
    let recogniser = deepgram(vendor(Trouble::default()).await, "model = \"flux\"");
    let Event::Failed(error) = Ears::open(&recogniser, Language::Cantonese, Hints::default()).next().await else {
        panic!("it cannot")
    };
    assert_eq!((error.kind, error.what.contains("nova-3")), (ErrorKind::Request, true));
}

#[tokio::test]
async fn nobody_there_and_nobody_who_answers_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let silent = deepgram(address, "connect_ms = 200");
    let Event::Failed(error) = Ears::open(&silent, Language::English, Hints::default()).next().await else { panic!() };
    assert_eq!(error.kind, ErrorKind::Timeout);
    drop(listener);
    let nobody = deepgram(address, "");
    let Event::Failed(error) = Ears::open(&nobody, Language::English, Hints::default()).next().await else { panic!() };
    assert_eq!(error.kind, ErrorKind::Connection);
}

/// The next connection, and the path and query that it asks for.
pub async fn accept(listener: &TcpListener) -> (WebSocketStream<TcpStream>, String) {
    let (stream, _) = in_time(listener.accept()).await.expect("a connection");
    let mut asked = String::new();
    #[expect(clippy::result_large_err, reason = "the shape is tungstenite's")]
    let socket = accept_hdr_async(stream, |request: &handshake::Request, response: handshake::Response| {
        asked = request.uri().to_string();
        Ok(response)
    })
    .await
    .expect("a handshake");
    (socket, asked)
}

pub async fn next_text(socket: &mut WebSocketStream<TcpStream>) -> Option<String> {
    loop {
        match in_time(socket.next()).await? {
            Ok(Frame::Text(text)) => return Some(text.to_string()),
            Ok(Frame::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

#[tokio::test]
async fn a_session_keeps_its_connection_alive_follows_the_language_and_takes_its_leave() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let recogniser = deepgram(listener.local_addr().expect("bound"), "");
    let mut ears = Ears::open(&recogniser, Language::Mandarin, Hints::default());
    let (mut first, asked) = accept(&listener).await;
    assert!(asked.starts_with("/v1/listen?") && asked.contains("language=zh-CN"), "{asked}");
    assert_eq!(ears.next().await, Event::Ready);
    assert_eq!(next_text(&mut first).await.as_deref(), Some(r#"{"type":"KeepAlive"}"#), "while no audio comes");
    ears.inputs.send(Input::Language(Language::English)).await.expect("open");
    let (mut second, asked) = accept(&listener).await;
    assert!(asked.starts_with("/v2/listen?model=flux-general-en"), "{asked}");
    assert_eq!(next_text(&mut first).await.as_deref(), Some(r#"{"type":"CloseStream"}"#));
    assert_eq!(next_text(&mut first).await, None);
    second.send(Frame::text(r#"{"type":"Connected","request_id":"r","sequence_id":0}"#)).await.expect("open");
    ears.inputs
        .send(Input::Hints(Hints { phrases: vec!["Wong".into()], answer: Answer::InPieces }))
        .await
        .expect("open");
    let configured =
        r#"{"keyterms":["Wong"],"thresholds":{"eot_threshold":1.0,"eot_timeout_ms":30000},"type":"Configure"}"#;
    assert_eq!(next_text(&mut second).await.as_deref(), Some(configured));
    drop(ears);
    assert_eq!(next_text(&mut second).await.as_deref(), Some(r#"{"type":"CloseStream"}"#));
    assert_eq!(next_text(&mut second).await, None);
}

/// What the simulated vendor says to this address, with or without a key.
async fn asked(address: SocketAddr, path: &str, key: bool) -> Result<(), u16> {
    let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
    if key {
        request.headers_mut().insert("authorization", "Token k".parse().expect("a header"));
    }
    match connect_async(request).await {
        Ok(_) => Ok(()),
        Err(WsError::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_simulated_vendor_refuses_what_deepgram_would() {
    let address = vendor(Trouble::default()).await;
    let good = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000";
    assert_eq!(asked(address, good, true).await, Ok(()));
    assert_eq!(asked(address, good, false).await, Err(401));
    assert_eq!(asked(address, "/v1/listen?model=nova-3", true).await, Err(400));
    assert_eq!(asked(address, "/v2/listen?model=nova-3&encoding=linear16&sample_rate=16000", true).await, Err(400));
    for message in [Frame::text("hello"), Frame::text(r#"{"type":"ForceEndTurn"}"#), Frame::binary(vec![1])] {
        let mut request = format!("ws://{address}{good}").into_client_request().expect("an address");
        request.headers_mut().insert("authorization", "Token k".parse().expect("a header"));
        let (mut socket, _) = connect_async(request).await.expect("it takes it");
        socket.send(message).await.expect("open");
        let Some(Ok(Frame::Close(Some(close)))) = in_time(socket.next()).await else { panic!("it closes") };
        assert_eq!(u16::from(close.code), 1008);
    }
}

#[tokio::test]
async fn the_simulated_nova_takes_other_likely_words_in_mid_stream_and_falls_silent_over_its_limit() {
    let address = vendor(Trouble::default()).await;
    let path = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000";
    let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
    request.headers_mut().insert("authorization", "Token k".parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("it takes it");
    for (told, answer) in [
        (r#""keyterms":["Wong"]"#, r#"{"keyterms":["Wong"],"request_id":"simulated","type":"ConfigureSuccess"}"#),
        (r#""features":{"numerals":true}"#, r#"{"request_id":"simulated","type":"ConfigureSuccess"}"#),
        (r#""keyterms":"Wong""#, r#"{"request_id":"simulated","type":"ConfigureFailure"}"#),
    ] {
        socket.send(Frame::text(format!(r#"{{"type":"Configure",{told}}}"#))).await.expect("open");
        let said = in_time(socket.next()).await.expect("open").expect("open");
        assert_eq!(said, Frame::text(answer), "{told}");
    }
    let many = format!(r#"{{"type":"Configure","keyterms":["{}"]}}"#, "Wong ".repeat(201));
    for told in [many.as_str(), r#"{"type":"Finalize"}"#] {
        socket.send(Frame::text(told)).await.expect("open");
    }
    let silence = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(silence, socket.next()).await.is_err(), "it says nothing any more");
}

#[tokio::test]
async fn the_audio_that_is_sent_is_counted_for_its_model_and_no_other() {
    for (model, name) in [("flux", "flux-general-en"), ("nova-3", "nova-3")] {
        let recogniser = deepgram(vendor(Trouble::default()).await, &format!("model = \"{model}\""));
        let mut ears = Ears::open(&recogniser, Language::English, Hints::default());
        // 2 s of silence, which is not sent.
        ears.hear(&[0; 32_000]).await;
        ears.say(code()).await;
        ears.flush().await;
        ears.until(is_flushed).await;
        let given = (ears.at - BEGIN) / 16;
        let lines = ears.bill();
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((line.kind, line.provider, line.model.as_str()), (Kind::Hearing, "deepgram", name));
        let sent = line.usage.audio_ms;
        assert!((500..=given - 1_400).contains(&sent), "{model}: {sent} of {given} ms");
    }
}
