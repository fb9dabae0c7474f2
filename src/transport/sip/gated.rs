//! Where the gate stands: in the sockets and streams that the SIP stack reads, so that what is dropped never reaches it.
//!
//! It decides nothing about messages ([`super::gate`] does), and lets no fault of a parser end the reading.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::sip::SipMessage;
use rsipstack::transport::{SipConnection, TransportEvent};

use super::challenge::{Challenger, Verdict};
use super::counters::Dropped;
use super::gate::Gate;
use super::hearing::Reader;
use super::lanes::Lanes;
use super::stack::peer_of;
use super::unknown_method;

/// A datagram that the parser has a fault over is malformed; what passes, the stack parses once more, with the same outcome.
fn surviving<T>(judge: impl FnOnce() -> Result<T, Dropped>) -> Result<T, Dropped> {
    // The gate's own state is behind locks that do not poison, and counts only.
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or(Err(Dropped::Malformed))
}

/// What becomes of what the gate let through: an answer of ours, or none, and the stack has it.
fn challenged(verdict: Verdict) -> Result<Option<String>, Dropped> {
    match verdict {
        Verdict::Passes => Ok(None),
        Verdict::Challenged(answer) => Ok(Some(answer)),
        Verdict::Malformed => Err(Dropped::Malformed),
    }
}

/// A UDP socket whose reader sees only what the gate lets through.
pub(crate) struct GatedSocket {
    pub(crate) socket: tokio::net::UdpSocket,
    pub(crate) gate: Arc<Gate>,
    /// For who is not on the list.
    pub(crate) challenger: Option<Arc<Challenger>>,
    pub(crate) reader: Arc<Reader>,
}

#[async_trait::async_trait]
impl StackSocket for GatedSocket {
    async fn recv_from(&self, buf: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let _waiting = self.reader.waits();
        loop {
            let (length, from) = self.socket.recv_from(buf).await?;
            match surviving(|| self.judge(&buf[..length], from)) {
                Ok(None) => return Ok((length, from)),
                // The asker repeats its request if this is lost.
                Ok(Some(answer)) => drop(self.socket.send_to(answer.as_bytes(), from).await),
                Err(reason) => {
                    self.gate.count(reason);
                    self.say_if_unknown(reason, &buf[..length], from).await;
                }
            }
        }
    }

    async fn send_to(&self, buf: &[u8], addr: SocketAddr) -> rsipstack::Result<usize> {
        Ok(self.socket.send_to(buf, addr).await?)
    }

    fn local_addr(&self) -> rsipstack::Result<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }
}

impl GatedSocket {
    /// Whether the stack has it, or we answer it ourselves, or neither.
    fn judge(&self, datagram: &[u8], from: SocketAddr) -> Result<Option<String>, Dropped> {
        self.gate.datagram(datagram, from.ip())?;
        match self.challenger.as_ref().filter(|_| !self.gate.knows(from.ip())) {
            Some(challenger) => challenged(challenger.datagram(datagram, from)),
            None => Ok(None),
        }
    }

    /// What the stack cannot parse may be a whole request of a method it has never heard of: someone on the list gets 501.
    async fn say_if_unknown(&self, reason: Dropped, datagram: &[u8], from: SocketAddr) {
        if reason != Dropped::Malformed || !self.gate.knows(from.ip()) {
            return;
        }
        if let Some(answer) = unknown_method::answer(datagram, from) {
            // The asker repeats its request if this is lost.
            self.socket.send_to(answer.as_bytes(), from).await.ok();
        }
    }
}

/// The same gate for what arrives on streams, where the stack itself does the reading; what passes goes on by the stream's own lane.
pub(crate) struct StreamGate {
    pub(crate) gate: Arc<Gate>,
    /// For who is not on the list.
    pub(crate) challenger: Option<Arc<Challenger>>,
    pub(crate) lanes: Lanes,
}

impl StreamGate {
    fn judge(&self, message: &SipMessage, peer: SocketAddr) -> Result<Option<String>, Dropped> {
        self.gate.streamed(message, peer)?;
        match self.challenger.as_ref().filter(|_| !self.gate.knows(peer.ip())) {
            Some(challenger) => challenged(challenger.message(message, peer)),
            None => Ok(None),
        }
    }

    /// A stream may be full, and nobody else waits for its peer to read.
    fn answer(&self, answer: &str, connection: SipConnection, peer: SocketAddr) -> Result<(), Dropped> {
        let answer = SipMessage::try_from(answer.as_bytes()).map_err(|_| Dropped::Malformed)?;
        let place = self.lanes.answer_unseen(peer).ok_or(Dropped::Overflow)?;
        tokio::spawn(async move {
            // Fails when the peer has closed the stream, and then it wants no answer.
            connection.send(answer, None).await.ok();
            drop(place);
        });
        Ok(())
    }
}

#[async_trait::async_trait]
impl rsipstack::transaction::endpoint::TransportEventInspector for StreamGate {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        match event {
            TransportEvent::Incoming(message, connection, from) if connection.is_reliable() => {
                let peer = from.get_socketaddr().ok()?;
                let taken = match self.judge(&message, peer) {
                    Ok(None) => self.lanes.take(peer, message, connection, from).map_err(|_| Dropped::Overflow),
                    Ok(Some(answer)) => self.answer(&answer, connection, peer),
                    Err(reason) => Err(reason),
                };
                if let Err(reason) = taken {
                    self.gate.count(reason);
                }
                None
            }
            TransportEvent::Closed(connection) => {
                if let Some(peer) = peer_of(&connection) {
                    self.lanes.close(peer);
                }
                Some(TransportEvent::Closed(connection))
            }
            TransportEvent::Incoming(..) | TransportEvent::New(_) => Some(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_over_one_datagram_costs_that_datagram() {
        assert_eq!(surviving::<()>(|| panic!("planted")), Err(Dropped::Malformed));
        assert_eq!(surviving(|| Ok(())), Ok(()));
    }
}
