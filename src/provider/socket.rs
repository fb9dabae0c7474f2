//! One WebSocket to a vendor, over TLS ([`tls`]) or, to this machine, without.
//!
//! Everything has a deadline and a bound: connecting, writing, messages of 1 MiB, buffers of 16 KiB. It never retries, and what it
//! says of a failure never holds a key, a text or an address's query.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message as Frame, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::either::Either;
use url::Url;

use super::tls::{self, Authority};
use super::{ErrorKind, ProviderError, code, comes_again, dial, kind_of_status};

type Stream = Either<TcpStream, TlsStream<TcpStream>>;

const BUFFER: usize = 16 * 1024;

/// A second of speech in base64 is 43 KiB; vendors send less at once.
const MOST_MESSAGE: usize = 1024 * 1024;

/// Who takes nothing for so long does not hear us any more.
const WRITE_DEADLINE: Duration = Duration::from_secs(2);

/// A goodbye is not waited for longer.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

/// How a vendor is connected to: made once, for all its connections.
#[derive(Clone)]
pub struct Connector {
    provider: &'static str,
    /// `None`: the address needs no TLS.
    tls: Option<TlsConnector>,
    closes: fn(u16) -> ErrorKind,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Whether this is the address of a WebSocket: `wss`, or `ws` for servers on this machine.
pub fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "ws" | "wss") && url.has_host())
}

impl Connector {
    /// The error says what is wrong with this machine's certificates, or with those of `ca`.
    pub fn new(provider: &'static str, base: &Url, ca: Option<&Authority>) -> Result<Self, String> {
        let tls = if base.scheme() == "wss" { Some(TlsConnector::from(Arc::new(tls::client(ca)?))) } else { None };
        Ok(Self { provider, tls, closes: usual })
    }

    /// For a vendor whose close codes mean something else than [`usual`].
    pub fn closing(self, closes: fn(u16) -> ErrorKind) -> Self {
        Self { closes, ..self }
    }

    /// Connects within the deadline. A refusal keeps the status, the vendor's code and its Retry-After.
    pub async fn connect(
        &self,
        url: &Url,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
        deadline: Duration,
    ) -> Result<Link, ProviderError> {
        let provider = self.provider;
        let failed = |kind, what: &str| failed(provider, kind, what);
        let mut request = url
            .as_str()
            .into_client_request()
            .map_err(|_| failed(ErrorKind::Request, "its address is no WebSocket address; see base_url"))?;
        request.headers_mut().extend(headers);
        match timeout(deadline, self.open(url, request)).await {
            Ok(Ok(socket)) => Ok(Link { socket, provider, closes: self.closes }),
            Ok(Err(error)) => Err(self.refused(error)),
            Err(_) => Err(failed(ErrorKind::Timeout, "no connection in time")),
        }
    }

    async fn open(&self, url: &Url, request: Request) -> Result<WebSocketStream<Stream>, WsError> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let tcp = dial::connect(url).await?;
        let stream = match &self.tls {
            Some(tls) => {
                let name = rustls::pki_types::ServerName::try_from(host.to_owned())
                    .map_err(|_| WsError::Io(std::io::Error::other("no name that a certificate can have")))?;
                Either::Right(tls.connect(name, tcp).await?)
            }
            None => Either::Left(tcp),
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(MOST_MESSAGE + BUFFER)
            .max_message_size(Some(MOST_MESSAGE))
            .max_frame_size(Some(MOST_MESSAGE));
        client_async_with_config(request, stream, Some(config)).await.map(|(socket, _)| socket)
    }

    fn refused(&self, error: WsError) -> ProviderError {
        let WsError::Http(response) = error else {
            let why = tls::refusal(&error).unwrap_or("cannot be connected to");
            return failed(self.provider, ErrorKind::Connection, why);
        };
        let status = response.status().as_u16();
        let told = response.body().as_deref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let told = told.as_ref().and_then(|body| {
            let told = ["err_code", "error_code", "code"].iter().find_map(|key| body.get(key));
            code(told.or_else(|| body.get("detail")?.get("status"))?.as_str()?)
        });
        let told = told.map(|told| format!(", {told}")).unwrap_or_default();
        ProviderError {
            provider: self.provider,
            kind: kind_of_status(status),
            what: format!("HTTP status {status}{told}"),
            retry_after: comes_again(response.headers()),
        }
    }
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// Ping, pong.
    Alive,
}

/// See the module header.
#[derive(Debug)]
pub struct Link {
    socket: WebSocketStream<Stream>,
    provider: &'static str,
    closes: fn(u16) -> ErrorKind,
}

impl Link {
    /// The next message. A connection that closes is an error, with the vendor's close code. Cancel safe.
    pub async fn next(&mut self) -> Result<Incoming, ProviderError> {
        match self.socket.next().await {
            Some(Ok(Frame::Text(text))) => Ok(Incoming::Text(text)),
            Some(Ok(Frame::Binary(bytes))) => Ok(Incoming::Binary(bytes)),
            Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => Ok(Incoming::Alive),
            Some(Ok(Frame::Close(frame))) => Err(self.closed(frame)),
            Some(Err(_)) | None => Err(failed(self.provider, ErrorKind::Connection, "the connection broke")),
        }
    }

    pub async fn text(&mut self, text: String) -> Result<(), ProviderError> {
        self.send(Frame::text(text)).await
    }

    pub async fn binary(&mut self, bytes: Vec<u8>) -> Result<(), ProviderError> {
        self.send(Frame::binary(bytes)).await
    }

    pub async fn ping(&mut self) -> Result<(), ProviderError> {
        self.send(Frame::Ping(Bytes::new())).await
    }

    async fn send(&mut self, frame: Frame) -> Result<(), ProviderError> {
        match timeout(WRITE_DEADLINE, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(failed(self.provider, ErrorKind::Connection, "the connection broke")),
            Err(_) => Err(failed(self.provider, ErrorKind::Timeout, "takes nothing any more")),
        }
    }

    /// Says goodbye, as far as the vendor listens.
    pub async fn close(mut self) {
        // Whatever is still on its way is not wanted; a vendor that is gone needs no goodbye.
        timeout(CLOSE_DEADLINE, self.socket.close(None)).await.ok();
    }

    fn closed(&self, frame: Option<CloseFrame>) -> ProviderError {
        let close = frame.as_ref().map_or(1005, |frame| u16::from(frame.code));
        // "NET-0001", or "DATA-0000: ..." in words.
        let reason = frame.as_ref().and_then(|frame| code(frame.reason.split([':', ' ']).next()?)).unwrap_or_default();
        failed(self.provider, (self.closes)(close), format!("closed with {close} {reason}").trim_end())
    }
}

/// RFC 6455 section 7.4.1: 1008 is how a vendor calls what we sent wrong.
const fn usual(close: u16) -> ErrorKind {
    if close == 1008 { ErrorKind::Request } else { ErrorKind::Connection }
}

fn failed(provider: &'static str, kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider, kind, what: what.to_owned(), retry_after: None }
}
