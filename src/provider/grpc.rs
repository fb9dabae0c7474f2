//! A streaming gRPC call over HTTP/2, with what this program has of both already (h2, rustls with ring): no generated code, no channel layers.
//!
//! One connection carries many calls. Everything has a deadline and a bound: connecting, writing, messages of 1 MiB. It never retries, and
//! what it says of a failure never holds a token or a text. Facts: gRPC over HTTP/2 ("PROTOCOL-HTTP2.md" of grpc/grpc).

mod status;

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, TE};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use prost::Message;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::either::Either;
use url::Url;

use self::status::{STATUS, ended, refused};
use super::tls::{self, Authority};
use super::{ErrorKind, ProviderError, dial};

/// A result with its words is a few kilobytes.
const MOST_MESSAGE: usize = 1024 * 1024;

/// Before each message: not compressed, and its length (PROTOCOL-HTTP2.md).
const PREFIX: usize = 5;

/// Who takes nothing for so long does not hear us any more.
const WRITE_DEADLINE: Duration = Duration::from_secs(2);

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Span {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(crate) nanos: i32,
}

impl Span {
    /// `None`: it is none of a time that passed.
    pub(crate) fn as_duration(&self) -> Option<Duration> {
        let nanos = u32::try_from(self.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
        Some(Duration::new(self.seconds.try_into().ok()?, nanos))
    }
}

/// How a vendor is connected to: made once, for all its connections.
#[derive(Clone)]
pub struct Channel {
    provider: &'static str,
    base: Url,
    /// `None`: the address needs no TLS.
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// Whether this is the address of a gRPC server: `https`, or `http` for servers on this machine.
pub fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

impl Channel {
    /// The error says what is wrong with this machine's certificates, or with those of `ca`.
    pub fn new(provider: &'static str, base: &Url, ca: Option<&Authority>) -> Result<Self, String> {
        let tls = if base.scheme() == "https" {
            let mut config = tls::client(ca)?;
            config.alpn_protocols = vec![b"h2".to_vec()];
            Some(TlsConnector::from(Arc::new(config)))
        } else {
            None
        };
        Ok(Self { provider, base: base.clone(), tls })
    }

    pub async fn connect(&self, deadline: Duration) -> Result<Line, ProviderError> {
        match timeout(deadline, self.open()).await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(_)) => Err(failed(self.provider, ErrorKind::Connection, "cannot be connected to")),
            Err(_) => Err(failed(self.provider, ErrorKind::Timeout, "no connection in time")),
        }
    }

    async fn open(&self) -> std::io::Result<Line> {
        let host = self.base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let tcp = dial::connect(&self.base).await?;
        let stream = match &self.tls {
            Some(tls) => {
                let name = rustls::pki_types::ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
                Either::Right(tls.connect(name, tcp).await?)
            }
            None => Either::Left(tcp),
        };
        let (requests, connection) = h2::client::handshake(stream).await.map_err(std::io::Error::other)?;
        let requests = requests.ready().await.map_err(std::io::Error::other)?;
        let driver = tokio::spawn(async move { connection.await.is_ok() });
        let driver = Arc::new(Driver(driver.abort_handle()));
        Ok(Line { provider: self.provider, base: self.base.clone(), requests, driver })
    }
}

/// Reads and writes a connection, until nobody has a call on it any more.
#[derive(Debug)]
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A connection. Dropping it leaves the calls on it that are still to be answered.
#[derive(Debug)]
pub struct Line {
    provider: &'static str,
    base: Url,
    requests: SendRequest<Bytes>,
    driver: Arc<Driver>,
}

impl Line {
    /// Begins a call; its first message may be sent at once.
    pub fn call(
        &mut self,
        path: &str,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Result<(Asking, Answer), ProviderError> {
        let broken = |_| failed(self.provider, ErrorKind::Connection, "the connection broke");
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        let mut request = Request::post(url.as_str()).body(()).map_err(|_| {
            failed(self.provider, ErrorKind::Request, "its address is no address of a server; see base_url")
        })?;
        let fields = request.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        fields.insert(TE, HeaderValue::from_static("trailers"));
        fields.extend(headers);
        let (response, body) = self.requests.send_request(request, false).map_err(broken)?;
        let (state, driver) = (State::Awaited(response), self.driver.clone());
        let answer = Answer { provider: self.provider, state, bytes: BytesMut::new(), _driver: driver };
        Ok((Asking { provider: self.provider, body }, answer))
    }

    /// The same, and whether one may be made without waiting for room.
    pub fn is_ready(&mut self) -> bool {
        let ready = poll_fn(|context| self.requests.poll_ready(context)).now_or_never();
        !self.driver.0.is_finished() && matches!(ready, Some(Ok(())))
    }

    /// Whether further calls may be made on it: the vendor has neither closed it nor announced that it will (GOAWAY).
    pub async fn is_up(&mut self) -> bool {
        let ready = timeout(WRITE_DEADLINE, poll_fn(|context| self.requests.poll_ready(context)));
        !self.driver.0.is_finished() && matches!(ready.await, Ok(Ok(())))
    }
}

/// Our side of a call. Dropping it without [`Asking::end`] cancels the call.
#[derive(Debug)]
pub struct Asking {
    provider: &'static str,
    body: SendStream<Bytes>,
}

impl Asking {
    /// Sends a message as fast as the vendor takes it.
    pub async fn send(&mut self, message: &impl Message) -> Result<(), ProviderError> {
        let length = message.encoded_len();
        let mut bytes = BytesMut::with_capacity(PREFIX + length);
        bytes.put_u8(0);
        bytes.put_u32(length as u32);
        bytes.extend_from_slice(&message.encode_to_vec());
        match timeout(WRITE_DEADLINE, self.write(bytes.freeze())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(())) => Err(failed(self.provider, ErrorKind::Connection, "the connection broke")),
            Err(_) => Err(failed(self.provider, ErrorKind::Timeout, "takes nothing any more")),
        }
    }

    async fn write(&mut self, mut bytes: Bytes) -> Result<(), ()> {
        while bytes.has_remaining() {
            self.body.reserve_capacity(bytes.len());
            let room = poll_fn(|context| self.body.poll_capacity(context)).await.and_then(Result::ok).ok_or(())?;
            let piece = bytes.split_to(room.min(bytes.len()));
            self.body.send_data(piece, false).map_err(drop)?;
        }
        Ok(())
    }

    /// No more messages.
    pub fn end(mut self) {
        // A call that is over already needs no end.
        self.body.send_data(Bytes::new(), true).ok();
    }
}

#[derive(Debug)]
enum State {
    Awaited(ResponseFuture),
    Coming(RecvStream),
    Over,
}

/// The vendor's side of a call.
#[derive(Debug)]
pub struct Answer {
    provider: &'static str,
    state: State,
    bytes: BytesMut,
    _driver: Arc<Driver>,
}

impl Answer {
    /// The next message; `None` once the call has ended well. Cancel safe.
    pub async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, ProviderError> {
        let provider = self.provider;
        let broken = || failed(provider, ErrorKind::Connection, "the connection broke");
        loop {
            if let Some(message) = self.message()? {
                let unread = |_| failed(provider, ErrorKind::Server, "sent a message that cannot be read");
                return M::decode(message).map(Some).map_err(unread);
            }
            match &mut self.state {
                State::Awaited(response) => {
                    let (head, body) = response.await.map_err(|_| broken())?.into_parts();
                    if !head.status.is_success() {
                        return Err(refused(provider, head.status.as_u16(), &head.headers));
                    }
                    // A call may be refused in its first and only headers.
                    if head.headers.contains_key(STATUS) {
                        self.state = State::Over;
                        return ended(provider, &head.headers).map(|()| None);
                    }
                    self.state = State::Coming(body);
                }
                State::Coming(body) => match body.data().await {
                    Some(data) => {
                        let data = data.map_err(|_| broken())?;
                        // What is kept is bounded by the length of a message.
                        body.flow_control().release_capacity(data.len()).map_err(|_| broken())?;
                        self.bytes.extend_from_slice(&data);
                    }
                    None => {
                        let trailers = body.trailers().await.map_err(|_| broken())?.ok_or_else(broken)?;
                        self.state = State::Over;
                        return ended(provider, &trailers).map(|()| None);
                    }
                },
                State::Over => return Ok(None),
            }
        }
    }

    fn message(&mut self) -> Result<Option<Bytes>, ProviderError> {
        let Some(prefix) = self.bytes.first_chunk::<PREFIX>() else { return Ok(None) };
        let [compressed, a, b, c, d] = *prefix;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if compressed != 0 || length > MOST_MESSAGE {
            return Err(failed(self.provider, ErrorKind::Server, "sent a message that cannot be read"));
        }
        if self.bytes.len() < PREFIX + length {
            return Ok(None);
        }
        self.bytes.advance(PREFIX);
        Ok(Some(self.bytes.split_to(length).freeze()))
    }
}

fn failed(provider: &'static str, kind: ErrorKind, what: &str) -> ProviderError {
    ProviderError { provider, kind, what: what.to_owned(), retry_after: None }
}
