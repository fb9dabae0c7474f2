//! A carrier's end of a stream: announces the call, connects where it is told, and plays what it is sent in real time, with marks and clears
//! as the carriers document them. What it has not played when the stream closes, nobody hears.

use std::collections::VecDeque;

use attendant_media::leg::Codec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use wiremock::matchers::method;
use wiremock::{Mock, ResponseTemplate};

use super::clinic::Clinic;
use crate::wire::accounts::{
    ACCOUNT, SECRET, telnyx_commanded, telnyx_initiated, telnyx_webhook, twilio_form, twilio_signature, twilio_stream,
    twilio_webhook, unix_now,
};

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub const DIALLED: &str = "+16045550111";

/// Slots that it waits from the first audio until it plays: 600 ms, far more than any carrier's jitter buffer.
const DELAY: u32 = 30;

/// Whose frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Twilio,
    Telnyx,
    Pcm,
}

/// What a frame from the server comes to.
pub enum Told {
    Nothing,
    Cleared,
    Closed(Option<u16>),
}

enum Item {
    Audio(Bytes),
    Mark(String),
}

pub struct Carrier {
    kind: Kind,
    socket: Socket,
    stream: String,
    chunks: u64,
    waiting: VecDeque<Item>,
    /// Slots since there has been something to play.
    held: u32,
    played: u64,
}

/// Connects to a path of the server.
pub async fn connect(clinic: &Clinic, path: &str) -> Socket {
    let mut request = format!("ws://{}{path}", clinic.http).into_client_request().expect("a URL");
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {SECRET}").parse().expect("a header"));
    connect_async(request).await.expect("the upgrade is granted").0
}

pub async fn say(socket: &mut Socket, message: Value) {
    socket.send(Frame::text(message.to_string())).await.expect("open");
}

/// Announces a call of Twilio's and connects; nothing has been said.
pub async fn twilio(clinic: &Clinic, call: &str, caller: &str) -> Socket {
    let form = twilio_form(call, caller, DIALLED);
    let (status, twiml) = twilio_webhook(clinic.http, &form, &twilio_signature(&form)).await;
    assert_eq!(status, 200);
    connect(clinic, &twilio_stream(&twiml)).await
}

pub fn twilio_start(stream: &str, call: &str, caller: &str) -> Value {
    json!({"event": "start", "sequenceNumber": "1", "streamSid": stream, "start": {
        "streamSid": stream, "accountSid": ACCOUNT, "callSid": call, "tracks": ["inbound"],
        "customParameters": {"caller": caller, "dialled": DIALLED},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}})
}

/// Announces a call of Telnyx's, waits until it is answered, connects; nothing has been said. With it, what our answer holds.
pub async fn telnyx(clinic: &Clinic, call: &str, caller: &str) -> (Socket, Value) {
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&clinic.carrier).await;
    let event = telnyx_initiated(&format!("e-{call}"), call, caller, DIALLED);
    assert_eq!(telnyx_webhook(clinic.http, &clinic.secrets.key, &event, unix_now()).await, 200);
    let answer = telnyx_commanded(&clinic.carrier, call, "answer").await;
    let url = answer["stream_url"].as_str().expect("a URL");
    let path = url.strip_prefix("wss://calls.clinic.example/attendant").expect("our public address");
    (connect(clinic, path).await, answer)
}

pub fn telnyx_start(call: &str, answer: &Value, rate: u32) -> Value {
    json!({"event": "start", "sequence_number": "1", "stream_id": "s1", "start": {
        "user_id": "u", "call_control_id": call, "call_session_id": "cs", "from": "anonymous", "to": "x",
        "client_state": answer["client_state"],
        "media_format": {"encoding": answer["stream_codec"], "sample_rate": rate, "channels": 1}}})
}

impl Carrier {
    /// Rings as this caller and begins the stream.
    pub async fn ring(clinic: &Clinic, kind: Kind, codec: Codec, caller: &str) -> Self {
        let (socket, stream) = match kind {
            Kind::Twilio => {
                Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).mount(&clinic.carrier).await;
                let mut socket = twilio(clinic, "CA1", caller).await;
                say(&mut socket, json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})).await;
                say(&mut socket, twilio_start("MZ1", "CA1", caller)).await;
                (socket, "MZ1".to_owned())
            }
            Kind::Telnyx => {
                let (mut socket, answer) = telnyx(clinic, "v3:abc", caller).await;
                let rate = match codec {
                    Codec::Pcmu | Codec::Pcma | Codec::G722 => 8_000,
                    Codec::Opus | Codec::L16 { .. } => 16_000,
                };
                say(&mut socket, json!({"event": "connected", "version": "1.0.0"})).await;
                say(&mut socket, telnyx_start("v3:abc", &answer, rate)).await;
                (socket, "s1".to_owned())
            }
            Kind::Pcm => {
                let mut socket = connect(clinic, "/stream/pcm").await;
                say(&mut socket, json!({"type": "start", "caller": caller, "dialled": DIALLED})).await;
                (socket, String::new())
            }
        };
        Self { kind, socket, stream, chunks: 0, waiting: VecDeque::new(), held: 0, played: 0 }
    }

    /// Slots played so far.
    pub const fn played(&self) -> u64 {
        self.played
    }

    /// 20 ms of the caller, encoded. The server may have closed already.
    pub async fn speak(&mut self, audio: &[u8]) {
        self.chunks += 1;
        let chunk = self.chunks.to_string();
        let payload = STANDARD.encode(audio);
        let frame = match self.kind {
            Kind::Twilio => Frame::text(
                json!({"event": "media", "sequenceNumber": (self.chunks + 1).to_string(), "streamSid": self.stream,
                    "media": {"track": "inbound", "chunk": chunk, "timestamp": (self.chunks * 20).to_string(), "payload": payload}})
                .to_string(),
            ),
            Kind::Telnyx => Frame::text(
                json!({"event": "media", "sequence_number": (self.chunks + 1).to_string(), "stream_id": self.stream,
                    "media": {"track": "inbound", "chunk": chunk, "timestamp": (self.chunks * 20).to_string(), "payload": payload}})
                .to_string(),
            ),
            Kind::Pcm => Frame::binary(audio.to_vec()),
        };
        self.socket.send(frame).await.ok();
    }

    pub async fn press(&mut self, key: char) {
        let message = match self.kind {
            Kind::Twilio => {
                json!({"event": "dtmf", "streamSid": self.stream, "dtmf": {"track": "inbound_track", "digit": key.to_string()}})
            }
            Kind::Telnyx => json!({"event": "dtmf", "stream_id": self.stream, "dtmf": {"digit": key.to_string()}}),
            Kind::Pcm => json!({"type": "dtmf", "digit": key.to_string()}),
        };
        say(&mut self.socket, message).await;
    }

    /// The next frame of the server's. Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Frame, tokio_tungstenite::tungstenite::Error>> {
        self.socket.next().await
    }

    /// Does what a frame says.
    pub async fn take(&mut self, frame: Option<Result<Frame, tokio_tungstenite::tungstenite::Error>>) -> Told {
        match frame {
            Some(Ok(Frame::Binary(audio))) => {
                assert_eq!(self.kind, Kind::Pcm, "carriers take no binary frames");
                self.waiting.push_back(Item::Audio(audio));
                Told::Nothing
            }
            Some(Ok(Frame::Text(text))) => self.told(text.as_str()).await,
            Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => Told::Nothing,
            Some(Ok(Frame::Close(close))) => Told::Closed(close.map(|close| close.code.into())),
            Some(Err(_)) | None => Told::Closed(None),
        }
    }

    async fn told(&mut self, text: &str) -> Told {
        let message: Value = serde_json::from_str(text).expect("the server writes JSON");
        let (tag, name) = match self.kind {
            Kind::Pcm => ("type", &message["name"]),
            Kind::Twilio | Kind::Telnyx => ("event", &message["mark"]["name"]),
        };
        if self.kind == Kind::Twilio {
            assert_eq!(message["streamSid"], self.stream, "Twilio wants its stream named");
        }
        match message[tag].as_str() {
            Some("media") => {
                let payload = message["media"]["payload"].as_str().expect("a payload");
                self.waiting.push_back(Item::Audio(STANDARD.decode(payload).expect("base64").into()));
                Told::Nothing
            }
            Some("mark") => {
                self.waiting.push_back(Item::Mark(name.as_str().expect("a name").to_owned()));
                Told::Nothing
            }
            Some("clear") => {
                // Marks outstanding come back, audio does not; what comes next is buffered again before it plays.
                self.held = 0;
                for item in std::mem::take(&mut self.waiting) {
                    if let Item::Mark(name) = item {
                        self.echo(&name).await;
                    }
                }
                Told::Cleared
            }
            Some("stop") if self.kind == Kind::Pcm => Told::Nothing,
            other => panic!("no frame of the protocol: {other:?}"),
        }
    }

    /// 20 ms have passed: what is played now, and the marks that it reaches.
    pub async fn play(&mut self) -> Option<Bytes> {
        self.marks_reached().await;
        if self.waiting.is_empty() {
            self.held = 0;
            return None;
        }
        self.held += 1;
        if self.held <= DELAY {
            return None;
        }
        let Some(Item::Audio(audio)) = self.waiting.pop_front() else { panic!("marks have been taken out") };
        self.played += 1;
        self.marks_reached().await;
        Some(audio)
    }

    async fn marks_reached(&mut self) {
        while let Some(Item::Mark(name)) = self.waiting.pop_front_if(|item| matches!(item, Item::Mark(_))) {
            self.echo(&name).await;
        }
    }

    async fn echo(&mut self, name: &str) {
        let message = match self.kind {
            Kind::Twilio => json!({"event": "mark", "streamSid": self.stream, "mark": {"name": name}}),
            Kind::Telnyx => json!({"event": "mark", "stream_id": self.stream, "mark": {"name": name}}),
            Kind::Pcm => json!({"type": "mark", "name": name}),
        };
        self.socket.send(Frame::text(message.to_string())).await.ok();
    }
}
