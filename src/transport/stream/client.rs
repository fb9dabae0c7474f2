//! The other end of a stream, for load runs and tests: rings the server as a carrier or a plain client would.
//!
//! It connects without TLS (`ws:`), paces nothing (the leg does), echoes the server's marks, and gives the same channels as any
//! telephone: [`crate::call::registry::MediaPath`], signals, commands.

use attendant_media::leg::{Codec, Format, Framing, LegConfig};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;

use super::message::{Media, payload};
use super::signature::twilio::sign;
use super::timeline::Timeline;
use super::{pcm, twilio};
use crate::call::event::{Command, Gone, Signal};
use crate::call::registry::{MediaPath, StreamMedia, StreamOut};
use crate::config::Secret;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Chunks on their way, each direction: 1 s.
const CHUNKS: usize = 50;
const SIGNALS: usize = 64;
const COMMANDS: usize = 8;

/// Whom to ring, and as what.
#[derive(Clone, Debug)]
pub enum Target {
    /// `url` is the whole `ws://host/stream/pcm`.
    Pcm { url: String, key: Secret },
    /// As Twilio: a signed webhook, then the stream it is answered with. `server` is where the server listens (`http://host:port`),
    /// `public_url` what it believes to be its public address.
    Twilio { server: String, public_url: String, account_sid: String, auth_token: Secret },
}

/// A call that was answered.
#[derive(Debug)]
pub struct Answered {
    pub media: MediaPath,
    pub leg: LegConfig,
    /// Gone at last.
    pub signals: mpsc::Receiver<Signal>,
    /// HangUp, or dropping it, ends the call.
    pub commands: mpsc::Sender<Command>,
}

/// Why there is no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    #[error("`{0}` is no address to ring; write for example ws://127.0.0.1:8080/stream/pcm")]
    BadTarget(String),
    #[error("the server cannot be reached: {0}; check the address, and that it listens there")]
    Unreachable(String),
    #[error("the server refused with HTTP status {0}")]
    Refused(u16),
    #[error("the server did not connect the call; it is full, or has no such carrier")]
    Declined,
}

/// Rings and begins the stream.
pub async fn dial(target: &Target, caller: &str, dialled: &str) -> Result<Answered, DialError> {
    match target {
        Target::Pcm { url, key } => {
            let mut request = request(url)?;
            let bearer = format!("Bearer {}", key.expose()).parse().map_err(|_| DialError::Refused(401))?;
            request.headers_mut().insert(AUTHORIZATION, bearer);
            let mut socket = connect(request).await?;
            let start = json!({"type": "start", "caller": caller, "dialled": dialled});
            say(&mut socket, &start).await?;
            Ok(answered(socket, Kind::Pcm))
        }
        Target::Twilio { server, public_url, account_sid, auth_token } => {
            let call = format!("CA{}", uuid::Uuid::new_v4().simple());
            let form = [
                ("AccountSid", account_sid.as_str()),
                ("CallSid", &call),
                ("Direction", "inbound"),
                ("From", caller),
                ("To", dialled),
            ];
            let twiml = announce(server, public_url, &form, auth_token).await?;
            let url = attribute(&twiml, "url").ok_or(DialError::Declined)?;
            let mut socket = connect(request(&at(server, public_url, &url)?)?).await?;
            let stream = format!("MZ{}", uuid::Uuid::new_v4().simple());
            say(&mut socket, &json!({"event": "connected", "protocol": "Call", "version": "1.0.0"})).await?;
            let start = json!({
                "event": "start", "sequenceNumber": "1", "streamSid": stream,
                "start": {
                    "streamSid": stream, "accountSid": account_sid, "callSid": call, "tracks": ["inbound"],
                    "customParameters": {"caller": caller, "dialled": dialled},
                    "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                },
            });
            say(&mut socket, &start).await?;
            Ok(answered(socket, Kind::Twilio { stream }))
        }
    }
}

async fn announce(server: &str, public_url: &str, form: &[(&str, &str)], token: &Secret) -> Result<String, DialError> {
    const PATH: &str = "/webhooks/twilio/voice";
    let owned: Vec<(String, String)> = form.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let unreachable = |error: reqwest::Error| DialError::Unreachable(error.to_string());
    let response = reqwest::Client::new()
        .post(format!("{}{PATH}", server.trim_end_matches('/')))
        .header("x-twilio-signature", sign(token, &format!("{}{PATH}", public_url.trim_end_matches('/')), &owned))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .map_err(unreachable)?;
    if !response.status().is_success() {
        return Err(DialError::Refused(response.status().as_u16()));
    }
    response.text().await.map_err(unreachable)
}

/// The first attribute of this name in our own, well-known TwiML.
fn attribute(twiml: &str, name: &str) -> Option<String> {
    let (_, rest) = twiml.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&amp;", "&"))
}

/// The stream's path on the address where the server really listens: without what a proxy would take off.
fn at(server: &str, public_url: &str, stream: &str) -> Result<String, DialError> {
    let parse = |text: &str| Url::parse(text).map_err(|_| DialError::BadTarget(text.to_owned()));
    let (mut url, public, stream) = (parse(server)?, parse(public_url)?, parse(stream)?);
    let path = stream.path().strip_prefix(public.path().trim_end_matches('/')).unwrap_or_else(|| stream.path());
    url.set_path(path);
    url.set_scheme("ws").map_err(|()| DialError::BadTarget(server.to_owned()))?;
    Ok(url.into())
}

fn request(url: &str) -> Result<tokio_tungstenite::tungstenite::handshake::client::Request, DialError> {
    url.into_client_request().map_err(|_| DialError::BadTarget(url.to_owned()))
}

async fn connect(request: tokio_tungstenite::tungstenite::handshake::client::Request) -> Result<Socket, DialError> {
    match connect_async(request).await {
        Ok((socket, _)) => Ok(socket),
        Err(WsError::Http(response)) => Err(DialError::Refused(response.status().as_u16())),
        Err(error) => Err(DialError::Unreachable(error.to_string())),
    }
}

async fn say(socket: &mut Socket, message: &Value) -> Result<(), DialError> {
    socket.send(Frame::text(message.to_string())).await.map_err(|error| DialError::Unreachable(error.to_string()))
}

enum Kind {
    Pcm,
    Twilio { stream: String },
}

impl Kind {
    const fn codec(&self) -> Codec {
        match self {
            Self::Pcm => pcm::CODEC,
            Self::Twilio { .. } => Codec::Pcmu,
        }
    }
}

fn answered(socket: Socket, kind: Kind) -> Answered {
    let format = Format { codec: kind.codec(), payload_type: 0 };
    let leg = LegConfig { framing: Framing::Transport, ..LegConfig::plain(format, 0) };
    let (heard, inbound) = mpsc::channel(CHUNKS);
    let (outbound, said) = mpsc::channel(CHUNKS);
    let (signals_in, signals) = mpsc::channel(SIGNALS);
    let (commands, commands_out) = mpsc::channel(COMMANDS);
    tokio::spawn(carry(socket, kind, heard, said, signals_in, commands_out));
    Answered { media: MediaPath::Stream { inbound, outbound }, leg, signals, commands }
}

/// Carries frames until one side ends the call.
async fn carry(
    mut socket: Socket,
    kind: Kind,
    heard: mpsc::Sender<StreamMedia>,
    mut said: mpsc::Receiver<StreamOut>,
    signals: mpsc::Sender<Signal>,
    mut commands: mpsc::Receiver<Command>,
) {
    let mut timeline = Timeline::new(kind.codec());
    let mut chunks = 0_u64;
    let gone = loop {
        let sent = tokio::select! {
            Some(out) = said.recv() => match out {
                StreamOut::Media(payload) => {
                    chunks += 1;
                    socket.send(media(&kind, chunks, payload)).await
                }
                // Only servers ask for these.
                StreamOut::Mark { .. } | StreamOut::Clear => Ok(()),
            },
            frame = socket.next() => match frame {
                Some(Ok(Frame::Binary(payload))) => {
                    hear(&mut timeline, &heard, payload);
                    Ok(())
                }
                Some(Ok(Frame::Text(text))) => match told(&kind, text.as_str()) {
                    Told::Audio(payload) => {
                        hear(&mut timeline, &heard, payload);
                        Ok(())
                    }
                    // What came before it is in the leg's hands: as good as played.
                    Told::Mark(name) => socket.send(played(&kind, &name)).await,
                    Told::Stop => break Gone::HungUp,
                    Told::Nothing => Ok(()),
                },
                Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => Ok(()),
                Some(Ok(Frame::Close(_))) => break Gone::HungUp,
                Some(Err(_)) | None => break Gone::Lost,
            },
            command = commands.recv() => match command {
                Some(Command::HangUp) | None => {
                    // The server may be gone already; then there is nobody to tell.
                    if socket.send(stop(&kind)).await.is_ok() && socket.close(None).await.is_ok() {
                        while let Some(Ok(_)) = socket.next().await {}
                    }
                    return;
                }
                Some(Command::Transfer { .. }) => {
                    tell(&signals, Signal::Transferred(Err(501)));
                    Ok(())
                }
            },
        };
        if sent.is_err() {
            break Gone::Lost;
        }
    };
    tell(&signals, Signal::Gone(gone));
}

fn tell(signals: &mpsc::Sender<Signal>, signal: Signal) {
    if signals.try_send(signal).is_err() {
        metrics::counter!("stream_client_signals_dropped_total").increment(1);
    }
}

fn hear(timeline: &mut Timeline, heard: &mpsc::Sender<StreamMedia>, payload: Bytes) {
    timeline.place(Media { chunk: None, at_ms: None, payload }, |chunk| {
        if heard.try_send(chunk).is_err() {
            metrics::counter!("stream_client_receive_dropped_total").increment(1);
        }
    });
}

enum Told {
    Audio(Bytes),
    Mark(String),
    Stop,
    Nothing,
}

fn told(kind: &Kind, text: &str) -> Told {
    let Ok(message) = serde_json::from_str::<Value>(text) else { return Told::Nothing };
    let (tag, name) = match kind {
        Kind::Pcm => ("type", &message["name"]),
        Kind::Twilio { .. } => ("event", &message["mark"]["name"]),
    };
    match (message[tag].as_str(), name.as_str()) {
        (Some("media"), _) => {
            message["media"]["payload"].as_str().and_then(|text| payload(text).ok()).map_or(Told::Nothing, Told::Audio)
        }
        (Some("mark"), Some(name)) => Told::Mark(name.to_owned()),
        (Some("stop"), _) => Told::Stop,
        (Some(_) | None, _) => Told::Nothing,
    }
}

fn media(kind: &Kind, chunk: u64, audio: Bytes) -> Frame {
    match kind {
        Kind::Pcm => Frame::Binary(audio),
        Kind::Twilio { stream } => {
            let mut message: Value = serde_json::from_str(&twilio::media(stream, &audio)).expect("we wrote JSON");
            message["sequenceNumber"] = (chunk + 1).to_string().into();
            message["media"]["track"] = "inbound".into();
            message["media"]["chunk"] = chunk.to_string().into();
            message["media"]["timestamp"] = (chunk * 20).to_string().into();
            Frame::text(message.to_string())
        }
    }
}

fn played(kind: &Kind, name: &str) -> Frame {
    Frame::text(match kind {
        Kind::Pcm => pcm::mark(name),
        Kind::Twilio { stream } => twilio::mark(stream, name),
    })
}

fn stop(kind: &Kind) -> Frame {
    Frame::text(match kind {
        Kind::Pcm => pcm::stop(),
        Kind::Twilio { stream } => json!({"event": "stop", "streamSid": stream}).to_string(),
    })
}
