//! One WebSocket, bounded: frames of at most 64 KiB, 16 KiB buffers, writes with a deadline, and signs of life.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bytes::Bytes;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::message::{Malformed, Message};
use super::wire::{Wire, Written};

/// What the kernel keeps for a client that does not read: about a second of a call (it counts small frames at several times their
/// size). More would be speech that is heard long after it was said, and a slow reader noticed late.
const KERNEL_BUFFER: usize = 64 * 1024;

/// Makes a connection fit for speech: frames leave as they are written, and few wait.
pub fn tune(connection: &TcpStream) {
    let nodelay = connection.set_nodelay(true);
    if let Err(error) = nodelay.and_then(|()| SockRef::from(connection).set_send_buffer_size(KERNEL_BUFFER)) {
        tracing::debug!(%error, "a connection keeps its buffers");
    }
}

/// Idle streams are many: what tungstenite reads and writes at once.
const BUFFER: usize = 16 * 1024;

/// A carrier's chunk is under 1 KiB; a second of plain audio is 32 KiB.
const MOST_FRAME: usize = 64 * 1024;

/// Who takes nothing for so long does not hear the call any more.
const WRITE_DEADLINE: Duration = Duration::from_secs(2);

/// We ask for a sign of life so often, and believe in death after three missing ones.
pub const PING_EVERY: Duration = Duration::from_secs(15);
const DEAD_AFTER: Duration = Duration::from_secs(45);

/// Close codes of RFC 6455 section 7.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    Normal = 1000,
    GoingAway = 1001,
    ProtocolError = 1002,
    PolicyViolation = 1008,
    TryAgainLater = 1013,
}

/// What came.
#[derive(Debug)]
pub enum Incoming {
    Message(Message),
    Malformed(Malformed),
    /// Ping, pong.
    Alive,
    Closed,
}

/// The other side does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTaken;

/// Accepts an upgrade within these bounds.
pub fn upgrade<F>(request: WebSocketUpgrade, serve: impl FnOnce(WebSocket) -> F + Send + 'static) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    request
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MOST_FRAME + BUFFER)
        .max_message_size(MOST_FRAME)
        .max_frame_size(MOST_FRAME)
        .on_failed_upgrade(|_| metrics::counter!("stream_upgrades_failed_total").increment(1))
        .on_upgrade(serve)
}

/// See the module header.
#[derive(Debug)]
pub struct Link {
    socket: WebSocket,
    wire: Wire,
    heard: Instant,
}

impl Link {
    pub fn new(socket: WebSocket, wire: Wire) -> Self {
        Self { socket, wire, heard: Instant::now() }
    }

    /// The next frame. Cancel safe.
    pub async fn read(&mut self) -> Incoming {
        let Some(Ok(frame)) = self.socket.recv().await else { return Incoming::Closed };
        self.heard = Instant::now();
        let message = match frame {
            Frame::Text(text) => self.wire.text(text.as_str()),
            Frame::Binary(payload) => self.wire.binary(payload),
            Frame::Ping(_) | Frame::Pong(_) => return Incoming::Alive,
            Frame::Close(_) => return Incoming::Closed,
        };
        message.map_or_else(Incoming::Malformed, Incoming::Message)
    }

    pub async fn write(&mut self, written: Written) -> Result<(), NotTaken> {
        self.send(match written {
            Written::Text(text) => Frame::Text(text.into()),
            Written::Binary(payload) => Frame::Binary(payload),
        })
        .await
    }

    pub async fn ping(&mut self) -> Result<(), NotTaken> {
        self.send(Frame::Ping(Bytes::new())).await
    }

    async fn send(&mut self, frame: Frame) -> Result<(), NotTaken> {
        match timeout(WRITE_DEADLINE, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(NotTaken),
            Err(_) => {
                metrics::counter!("stream_slow_readers_total", "carrier" => self.wire.label()).increment(1);
                Err(NotTaken)
            }
        }
    }

    pub fn is_alive(&self, now: Instant) -> bool {
        now.duration_since(self.heard) < DEAD_AFTER
    }

    /// Says goodbye as far as the other side listens.
    pub async fn close(mut self, code: Closing) {
        if code == Closing::Normal
            && let Some(stop) = self.wire.stop()
            && self.write(stop).await.is_err()
        {
            return;
        }
        let frame = Frame::Close(Some(CloseFrame { code: code as u16, reason: "".into() }));
        if self.send(frame).await.is_ok() {
            // The other side's own close frame; whatever else it still sends is not for us any more.
            let silence = async { while let Some(Ok(_)) = self.socket.recv().await {} };
            if timeout(WRITE_DEADLINE, silence).await.is_err() {
                metrics::counter!("stream_unclean_closes_total", "carrier" => self.wire.label()).increment(1);
            }
        }
    }
}
