//! Where the gate stands: in the sockets and streams that the SIP stack reads, so that what is dropped never reaches it.
//!
//! It decides nothing about messages ([`super::gate`] does), and lets no fault of a parser end the reading.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rsipstack::platform::net::UdpSocket as StackSocket;
use rsipstack::transport::TransportEvent;

use super::counters::Dropped;
use super::gate::Gate;
use super::hearing::Reader;
use super::lanes::Lanes;
use super::stack::peer_of;
use super::unknown_method;

/// A datagram that the parser has a fault over is malformed; what passes, the stack parses once more, with the same outcome.
fn surviving(judge: impl FnOnce() -> Result<(), Dropped>) -> Result<(), Dropped> {
    // The gate's own state is behind locks that do not poison, and counts only.
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or(Err(Dropped::Malformed))
}

/// A UDP socket whose reader sees only what the gate lets through.
pub(crate) struct GatedSocket {
    pub(crate) socket: tokio::net::UdpSocket,
    pub(crate) gate: Arc<Gate>,
    pub(crate) reader: Arc<Reader>,
}

#[async_trait::async_trait]
impl StackSocket for GatedSocket {
    async fn recv_from(&self, buf: &mut [u8]) -> rsipstack::Result<(usize, SocketAddr)> {
        let _waiting = self.reader.waits();
        loop {
            let (length, from) = self.socket.recv_from(buf).await?;
            match surviving(|| self.gate.datagram(&buf[..length], from.ip())) {
                Ok(()) => return Ok((length, from)),
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
    pub(crate) lanes: Lanes,
}

#[async_trait::async_trait]
impl rsipstack::transaction::endpoint::TransportEventInspector for StreamGate {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        match event {
            TransportEvent::Incoming(message, connection, from) if connection.is_reliable() => {
                let peer = from.get_socketaddr().ok()?;
                if let Err(reason) = self.gate.streamed(&message, peer) {
                    self.gate.count(reason);
                    return None;
                }
                if self.lanes.take(peer, message, connection, from).is_err() {
                    self.gate.count(Dropped::Overflow);
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
        assert_eq!(surviving(|| panic!("planted")), Err(Dropped::Malformed));
        assert_eq!(surviving(|| Ok(())), Ok(()));
    }
}
