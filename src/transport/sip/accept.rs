//! Takes TCP connections for the SIP stack: whose, how many (see [`super::streams`]), and with which limits on the socket.
//!
//! Without a free descriptor every accept fails at once, for as long as the lack lasts: each failure is followed by a rest.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{HostWithPort, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::counters::{Counters, Dropped};
use super::gate::Gate;
use super::streams::Standing;
use crate::clock;

/// A peer that has acknowledged nothing for so long, or taken nothing, is gone: the kernel closes its stream. Shorter than SIP's own patience
/// (32 s), longer than a telephone is without its wireless network when it changes the access point.
const UNREAD: Duration = Duration::from_secs(20);

/// Kernel buffer for what a peer has not read: some hundred answers. The kernel may allow less.
const SEND_BUFFER: usize = 256 << 10;

/// After a failed accept, the next: ten a second cost nothing, and calls that end give descriptors back.
const REST: Duration = Duration::from_millis(100);

/// Where connections come from.
trait Listening {
    fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send;
}

impl Listening for TcpListener {
    fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send {
        Self::accept(self)
    }
}

/// Takes connections until told to stop; strangers' are closed at once where nobody could ring from there.
pub(super) async fn accept(
    listener: TcpListener,
    endpoint: EndpointInnerRef,
    gate: Arc<Gate>,
    stop: CancellationToken,
) {
    let Ok(local) = listener.local_addr() else { return };
    let local = SipAddr { r#type: Some(Transport::Tcp), addr: HostWithPort::from(local) };
    let counters = gate.counters();
    while let Some((stream, peer)) = stop.run_until_cancelled(next(&listener, &counters)).await {
        if !gate.hears(peer.ip()) {
            gate.count(Dropped::Stranger);
            continue;
        }
        let Some(place) = gate.streams.admit(peer, gate.standing(peer.ip())) else {
            gate.count(Dropped::Flood);
            continue;
        };
        let handle = SockRef::from(&stream).try_clone().ok();
        // A stranger who could not be closed is not taken.
        if handle.is_none() && place.standing() == Standing::Stranger {
            gate.count(Dropped::Exhausted);
            continue;
        }
        limit(&stream);
        let closed = stop.child_token();
        let Ok(connection) = TcpConnection::from_stream(stream, local.clone(), Some(closed.clone())) else { continue };
        // The stack cancels the token of a connection that has ended.
        tokio::spawn(stop.clone().run_until_cancelled_owned(place.keep(handle, closed, gate.counters())));
        endpoint.transport_layer.add_connection(SipConnection::Tcp(connection));
    }
}

/// The next connection.
async fn next(listener: &impl Listening, counters: &Counters) -> (TcpStream, SocketAddr) {
    let mut rests = 0_u32;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_peers(&error) => {}
            Err(error) => {
                counters.count(Dropped::Exhausted);
                if rests == 0 {
                    tracing::error!(%error, "SIP connections cannot be taken; if too many files are open, raise the limit (LimitNOFILE of a systemd unit)");
                }
                rests += 1;
                clock::elapse(REST).await;
            }
        }
    }
}

/// The peer gave up before it was accepted.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Best effort: a connection without these limits still works.
fn limit(stream: &TcpStream) {
    stream.set_nodelay(true).ok();
    let socket = SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(UNREAD)).ok();
    socket.set_send_buffer_size(SEND_BUFFER).ok();
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::io::Errno;

    use super::*;

    /// A process that may open no more.
    #[derive(Default)]
    struct Exhausted(AtomicU32);

    impl Listening for Exhausted {
        async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(Errno::MFILE.into())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn accepting_rests_while_no_descriptor_is_free() {
        let (listener, counters) = (Exhausted::default(), Counters::default());
        tokio::time::timeout(Duration::from_secs(1), next(&listener, &counters)).await.expect_err("there is none");
        let tried = listener.0.load(Ordering::Relaxed);
        assert!((2..=11).contains(&tried), "{tried} times in a second");
        assert_eq!(counters.dropped(Dropped::Exhausted), u64::from(tried));
    }
}
