//! One gRPC call as the simulated Google has it: messages in, messages out, and how it ends.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use h2::{RecvStream, SendStream};
use prost::Message;
use tokio::time::timeout;

use super::trailers;

/// ABORTED, as Google calls a stream that goes on for too long, or says nothing for too long.
pub(super) const ABORTED: u16 = 10;
/// INVALID_ARGUMENT.
pub(super) const INVALID: u16 = 3;
/// CANCELLED, by the client: there is nobody to answer.
const CANCELLED: u16 = 1;
/// UNIMPLEMENTED.
const UNIMPLEMENTED: u16 = 12;
/// INTERNAL.
pub(super) const INTERNAL: u16 = 13;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    Well,
    /// It takes the connection with it.
    Broke,
    /// It was the last that the connection takes.
    WellAndLast,
}

/// Why a call is over before its end.
pub(super) enum Stop {
    Status(u16),
    /// Nothing is said any more.
    Silent,
    /// The connection breaks.
    Broke,
}

pub(super) struct Stream {
    body: RecvStream,
    bytes: BytesMut,
    out: SendStream<Bytes>,
    /// A client that says nothing for so long is left.
    idle: Duration,
}

impl Stream {
    pub(super) fn new(body: RecvStream, out: SendStream<Bytes>, idle: Duration) -> Self {
        Self { body, bytes: BytesMut::new(), out, idle }
    }

    /// The next message; `None` when the client has ended its side.
    pub(super) async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, Stop> {
        timeout(self.idle, self.read()).await.map_err(|_| Stop::Status(ABORTED))?
    }

    async fn read<M: Message + Default>(&mut self) -> Result<Option<M>, Stop> {
        loop {
            if let Some([compressed, a, b, c, d]) = self.bytes.first_chunk::<5>().copied() {
                if compressed != 0 {
                    return Err(Stop::Status(UNIMPLEMENTED));
                }
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                if self.bytes.len() >= 5 + length {
                    self.bytes.advance(5);
                    let message = self.bytes.split_to(length);
                    return M::decode(message).map(Some).map_err(|_| Stop::Status(INVALID));
                }
            }
            match self.body.data().await {
                Some(Ok(data)) => {
                    self.body.flow_control().release_capacity(data.len()).map_err(|_| Stop::Broke)?;
                    self.bytes.extend_from_slice(&data);
                }
                Some(Err(_)) => return Err(Stop::Status(CANCELLED)),
                None if self.bytes.is_empty() => return Ok(None),
                None => return Err(Stop::Status(INVALID)),
            }
        }
    }

    pub(super) fn say(&mut self, message: &impl Message) -> Result<(), Stop> {
        self.send(framed(message))
    }

    /// In the middle of a message, and nothing after it.
    pub(super) fn stall(&mut self, message: &impl Message) -> Stop {
        let mut bytes = framed(message);
        bytes.truncate(bytes.len() / 2);
        self.send(bytes).err().unwrap_or(Stop::Silent)
    }

    fn send(&mut self, bytes: BytesMut) -> Result<(), Stop> {
        self.out.send_data(bytes.freeze(), false).map_err(|_| Stop::Status(CANCELLED))
    }

    /// Tells the client how it ended, if there is anything to tell.
    pub(super) async fn end(mut self, how: Result<(), Stop>) -> Went {
        // Whoever has left does not need to be told how it ended.
        match how {
            Ok(()) => self.out.send_trailers(trailers(0)).ok(),
            Err(Stop::Status(status)) => self.out.send_trailers(trailers(status)).ok(),
            Err(Stop::Silent) => std::future::pending().await,
            Err(Stop::Broke) => return Went::Broke,
        };
        Went::Well
    }
}

fn framed(message: &impl Message) -> BytesMut {
    let message = message.encode_to_vec();
    let mut bytes = BytesMut::with_capacity(5 + message.len());
    bytes.put_u8(0);
    bytes.put_u32(message.len() as u32);
    bytes.extend_from_slice(&message);
    bytes
}
