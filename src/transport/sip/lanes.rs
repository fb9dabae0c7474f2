//! A lane for each stream (SIP over TCP): what came on it is given to the stack by a task of its own, so that a peer that stops reading is
//! waited for by nobody else.
//!
//! The stack answers some messages where it reads them (a CANCEL of no call, a repeated request), and an answer to a stream whose buffers are
//! full waits. UDP has no lanes: nothing waits there. Bounded: [`WAITING`] messages and [`ANSWERS`] answers a stream; what is over is dropped.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use rsipstack::sip::SipMessage;
use rsipstack::transaction::endpoint::{EndpointInner, EndpointInnerRef};
use rsipstack::transport::{SipAddr, SipConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// Messages of a stream that wait for the stack: 0.4 s of a gateway that brings a hundred calls a second on one stream.
const WAITING: usize = 256;

/// Answers to a stream, outside of calls, that wait to be sent at once: a peer reads each before it needs more.
const ANSWERS: usize = 32;

/// A message and the stream that it came on.
struct Arrived {
    message: SipMessage,
    connection: SipConnection,
    from: SipAddr,
}

struct Lane {
    waiting: mpsc::Sender<Arrived>,
    answers: Arc<Semaphore>,
}

/// See the module header.
#[derive(Clone)]
pub(crate) struct Lanes(Arc<Shared>);

struct Shared {
    open: Mutex<HashMap<SocketAddr, Lane>>,
    /// Set once the stack is built: it is built with the gate that holds this.
    stack: OnceLock<Weak<EndpointInner>>,
    closed: CancellationToken,
}

/// The stream's lane is full, or closed.
#[derive(Debug)]
pub(crate) struct Full;

impl Lanes {
    /// Lanes that end when `closed` is cancelled.
    pub(crate) fn new(closed: CancellationToken) -> Self {
        Self(Arc::new(Shared { open: Mutex::default(), stack: OnceLock::new(), closed }))
    }

    /// Names the stack that messages are for; the first is kept.
    pub(crate) fn lead_to(&self, stack: &EndpointInnerRef) {
        self.0.stack.get_or_init(|| Arc::downgrade(stack));
    }

    /// Puts a message into the lane of its stream.
    pub(crate) fn take(
        &self,
        peer: SocketAddr,
        message: SipMessage,
        connection: SipConnection,
        from: SipAddr,
    ) -> Result<(), Full> {
        let mut open = self.0.open.lock();
        let lane = open.entry(peer).or_insert_with(|| self.lane());
        if lane.waiting.is_closed() {
            // Its task had a fault.
            *lane = self.lane();
        }
        lane.waiting.try_send(Arrived { message, connection, from }).map_err(|_| Full)
    }

    /// A place among the answers to this stream that wait to be sent; none when the peer does not read them.
    pub(crate) fn answer(&self, peer: SocketAddr) -> Option<OwnedSemaphorePermit> {
        let answers = self.0.open.lock().get(&peer)?.answers.clone();
        answers.try_acquire_owned().ok()
    }

    /// The same where the stream is read and is therefore open, whether or not anything of it went to the stack.
    pub(crate) fn answer_unseen(&self, peer: SocketAddr) -> Option<OwnedSemaphorePermit> {
        self.0.open.lock().entry(peer).or_insert_with(|| self.lane());
        self.answer(peer)
    }

    /// The stream is closed: what waits is still given to the stack.
    pub(crate) fn close(&self, peer: SocketAddr) {
        self.0.open.lock().remove(&peer);
    }

    fn lane(&self) -> Lane {
        let (waiting, arrived) = mpsc::channel(WAITING);
        let stack = self.0.stack.get().cloned().unwrap_or_default();
        let closed = self.0.closed.clone();
        tokio::spawn(async move { closed.run_until_cancelled(carry(arrived, stack)).await });
        Lane { waiting, answers: Arc::new(Semaphore::new(ANSWERS)) }
    }
}

async fn carry(mut arrived: mpsc::Receiver<Arrived>, stack: Weak<EndpointInner>) {
    while let Some(Arrived { message, connection, from }) = arrived.recv().await {
        let Some(stack) = stack.upgrade() else { return };
        // Fails when the stream is closed before its answer, or the message belongs to nothing: as where the stack itself reads.
        stack.on_received_message(message, connection, &from).await.ok();
    }
}
