//! Takes TCP connections for the SIP stack: whose, how many (see [`super::streams`]), and with which limits on the socket.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{HostWithPort, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transport::tcp::TcpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::counters::Dropped;
use super::gate::Gate;
use super::streams::Standing;

/// A peer that has acknowledged nothing for so long, or taken nothing, is gone: the kernel closes its stream. Shorter than SIP's own patience
/// (32 s), longer than a telephone is without its wireless network when it changes the access point.
const UNREAD: Duration = Duration::from_secs(20);

/// Kernel buffer for what a peer has not read: some hundred answers. The kernel may allow less.
const SEND_BUFFER: usize = 256 << 10;

/// Takes connections until told to stop; strangers' are closed at once where nobody could ring from there.
pub(super) async fn accept(
    listener: TcpListener,
    endpoint: EndpointInnerRef,
    gate: Arc<Gate>,
    stop: CancellationToken,
) {
    let Ok(local) = listener.local_addr() else { return };
    let local = SipAddr { r#type: Some(Transport::Tcp), addr: HostWithPort::from(local) };
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // An error here is the peer's (reset before accept) or a lack of descriptors, which passes.
        let Ok((stream, peer)) = accepted else {
            tokio::task::yield_now().await;
            continue;
        };
        if !gate.hears(peer.ip()) {
            gate.count(Dropped::Stranger);
            continue;
        }
        let Some(place) = gate.streams.admit(peer, gate.standing(peer.ip())) else {
            gate.count(Dropped::Flood);
            continue;
        };
        let handle = match place.standing() {
            Standing::Listed => None,
            Standing::Stranger => match SockRef::from(&stream).try_clone() {
                Ok(handle) => Some(handle),
                // Out of descriptors: who could not be closed is not taken.
                Err(_) => continue,
            },
        };
        limit(&stream);
        let closed = stop.child_token();
        let Ok(connection) = TcpConnection::from_stream(stream, local.clone(), Some(closed.clone())) else { continue };
        // The stack cancels the token of a connection that has ended.
        tokio::spawn(place.keep(handle, closed, gate.counters()));
        endpoint.transport_layer.add_connection(SipConnection::Tcp(connection));
    }
}

/// Best effort: a connection without these limits still works.
fn limit(stream: &TcpStream) {
    stream.set_nodelay(true).ok();
    let socket = SockRef::from(stream);
    socket.set_tcp_user_timeout(Some(UNREAD)).ok();
    socket.set_send_buffer_size(SEND_BUFFER).ok();
}
