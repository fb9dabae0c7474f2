//! The SIP stack with its sockets, shared by the server and the softphone: binds, gates what comes in, writes addresses
//! that the other side can reach, and makes responses. The only file that knows how rsipstack is put together.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rsipstack::EndpointBuilder;
use rsipstack::sip::{Header, HeadersExt, Request, Response, Transport};
use rsipstack::transaction::endpoint::EndpointInnerRef;
use rsipstack::transaction::{Endpoint, TransactionReceiver};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipConnection, TransportLayer};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::accept::accept;
use super::allow::{Network, is_private};
use super::challenge::Challenger;
use super::clock::Clock;
use super::counters::{Counters, Dropped};
use super::dialog::{Dialogs, Path};
use super::gate::{Gate, Strangers};
use super::gated::{GatedSocket, StreamGate};
use super::hearing::{self, Reader};
use super::lanes::Lanes;
use super::message::{self, make};

/// Add this to the log filter: the stack logs whole messages, patients' numbers included. [`super::Error::LogsWouldLeak`]
/// keeps a process without it from starting.
pub const LOG_DIRECTIVE: &str = "rsipstack=off";

/// A silent stream is closed after this: longer than any session timer's half, so that calls keep theirs.
const STREAM_IDLE: Duration = Duration::from_secs(7_200);

/// How long the goodbyes of a stopping process may take.
const FAREWELL: Duration = Duration::from_secs(3);

/// How many tasks may have last words: the trunk is the only one.
const PARTING: u32 = 4;

/// Kernel buffer of a UDP socket: a second of a very busy carrier.
const UDP_BUFFER: usize = 1 << 20;

/// What a stack is made of.
#[derive(Debug)]
pub(crate) struct StackOptions {
    pub(crate) udp: Vec<SocketAddr>,
    pub(crate) tcp: Vec<SocketAddr>,
    pub(crate) external: Option<IpAddr>,
    pub(crate) allow: Vec<Network>,
    /// Who may ring without being on the list has to prove it to this; `None`: nobody.
    pub(crate) challenger: Option<Arc<Challenger>>,
    pub(crate) user_agent: &'static str,
    pub(crate) clock: Clock,
}

/// Where the stack listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    pub transport: Wire,
    pub address: SocketAddr,
}

/// The transports of SIP that we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wire {
    Udp,
    Tcp,
}

impl Wire {
    pub(crate) const fn transport(self) -> Transport {
        match self {
            Self::Udp => Transport::Udp,
            Self::Tcp => Transport::Tcp,
        }
    }

    pub(crate) fn of(connection: &SipConnection) -> Self {
        if connection.is_reliable() { Self::Tcp } else { Self::Udp }
    }
}

pub(crate) struct Stack {
    endpoint: Endpoint,
    pub(crate) dialogs: Dialogs,
    pub(crate) counters: Arc<Counters>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) lanes: Lanes,
    pub(crate) clock: Clock,
    pub(crate) listening: Vec<Listening>,
    external: Option<IpAddr>,
    pub(crate) user_agent: &'static str,
    /// Cancelled: every session says BYE; the sockets close once they have, or after [`FAREWELL`].
    pub(crate) stop: CancellationToken,
    /// Cancelled: the sockets are closed, nothing can be sent or will come.
    pub(crate) closed: CancellationToken,
    /// Cancelled: what comes is not heard any more, by a fault or because serving is over.
    pub(crate) deaf: CancellationToken,
    #[cfg(test)]
    pub(crate) running: tokio::task::AbortHandle,
    incoming: Mutex<Option<TransactionReceiver>>,
    /// Held by those who have last words of their own; all are back before the sockets close.
    parting: Arc<Semaphore>,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack")
            .field("listening", &self.listening)
            .field("dialogs", &self.dialogs)
            .finish_non_exhaustive()
    }
}

impl Stack {
    /// Binds the sockets and starts serving them; `stop` ends all of it.
    pub(crate) async fn bind(options: StackOptions, stop: CancellationToken) -> io::Result<Arc<Self>> {
        let clock = options.clock;
        let counters = Arc::new(Counters::default());
        let dialogs = Dialogs::default();
        let (challenger, strangers) = match options.challenger {
            Some(challenger) => (Some(challenger), Strangers::Challenged),
            None => (None, Strangers::Ignored),
        };
        let gate = Arc::new(Gate::new(options.allow, strangers, counters.clone(), dialogs.clone(), clock));
        let closing = CancellationToken::new();
        let lanes = Lanes::new(closing.child_token());
        let layer = TransportLayer::new(closing.child_token());
        layer.set_stream_idle_timeout(STREAM_IDLE);
        let (mut listening, mut readers) = (Vec::new(), Vec::new());
        for address in options.udp {
            let socket =
                tokio::net::UdpSocket::bind(address).await.map_err(|error| cannot_bind("udp", address, &error))?;
            // Best effort: the kernel may allow less.
            socket2::SockRef::from(&socket).set_recv_buffer_size(UDP_BUFFER).ok();
            listening.push(Listening { transport: Wire::Udp, address: socket.local_addr()? });
            let reader = Arc::<Reader>::default();
            readers.push(reader.clone());
            let gated = Arc::new(GatedSocket { socket, gate: gate.clone(), challenger: challenger.clone(), reader });
            let connection =
                UdpConnection::from_socket(gated, None, Some(closing.child_token())).await.map_err(io::Error::other)?;
            layer.add_transport(connection.into());
        }
        let mut listeners = Vec::new();
        for address in options.tcp {
            let listener = TcpListener::bind(address).await.map_err(|error| cannot_bind("tcp", address, &error))?;
            listening.push(Listening { transport: Wire::Tcp, address: listener.local_addr()? });
            listeners.push(listener);
        }
        let endpoint = EndpointBuilder::new()
            .with_user_agent(options.user_agent)
            .with_transport_layer(layer)
            .with_cancel_token(closing.clone())
            .with_transport_inspector(Box::new(StreamGate { gate: gate.clone(), challenger, lanes: lanes.clone() }))
            .build();
        lanes.lead_to(&endpoint.inner);
        let incoming = endpoint.incoming_transactions().map_err(io::Error::other)?;
        let parting = Arc::new(Semaphore::new(PARTING as usize));
        tokio::spawn(farewell(stop.clone(), dialogs.clone(), parting.clone(), closing.clone()));
        let serving = endpoint.inner.clone();
        let served = tokio::spawn(async move { serving.serve().await });
        #[cfg(test)]
        let running = served.abort_handle();
        let deaf = CancellationToken::new();
        tokio::spawn(hearing::watch(served, readers, closing.clone(), deaf.clone()));
        for listener in listeners {
            tokio::spawn(accept(listener, endpoint.inner.clone(), gate.clone(), stop.clone()));
        }
        Ok(Arc::new(Self {
            endpoint,
            dialogs,
            counters,
            gate,
            lanes,
            clock,
            listening,
            external: options.external,
            user_agent: options.user_agent,
            stop,
            closed: closing,
            deaf,
            #[cfg(test)]
            running,
            incoming: Mutex::new(Some(incoming)),
            parting,
        }))
    }

    /// The requests that begin transactions; taken once.
    pub(crate) fn incoming(&self) -> Option<TransactionReceiver> {
        self.incoming.lock().take()
    }

    pub(crate) fn inner(&self) -> &EndpointInnerRef {
        &self.endpoint.inner
    }

    /// The address of ours that a peer reaches us at over this transport: the external one, unless the peer is nearer.
    pub(crate) fn reachable(&self, wire: Wire, peer: SocketAddr) -> SocketAddr {
        let of = |wire: Wire| {
            self.listening
                .iter()
                .filter(move |listening| listening.transport == wire)
                .map(|listening| listening.address)
                .find(|address| address.is_ipv4() == peer.is_ipv4() || address.ip().is_unspecified())
        };
        let bound = of(wire).or_else(|| of(Wire::Udp)).or_else(|| of(Wire::Tcp));
        let port = bound.map_or(5_060, |address| address.port());
        let bound = bound.map(|address| address.ip()).filter(|ip| !ip.is_unspecified());
        let ip = match seen_from(peer.ip(), self.external) {
            Some(external) => external,
            None => bound.unwrap_or_else(|| route_to(peer.ip())),
        };
        SocketAddr::new(ip, port)
    }

    /// The IP address of ours for media with this peer.
    pub(crate) fn media_address(&self, peer: IpAddr) -> IpAddr {
        self.reachable(Wire::Udp, SocketAddr::new(peer, 9)).ip()
    }

    /// A Via for a request to this peer (RFC 3581: answers come back to where it left).
    pub(crate) fn via(&self, wire: Wire, peer: SocketAddr) -> String {
        let branch = format!("z9hG4bK{}", token());
        format!("SIP/2.0/{} {};rport;branch={branch}", wire.transport(), self.reachable(wire, peer))
    }

    /// Our Contact for this peer. The user part is the same for all: a dialled number would leak into logs on the way.
    pub(crate) fn contact(&self, wire: Wire, peer: SocketAddr) -> String {
        let at = self.reachable(wire, peer);
        match wire {
            Wire::Udp => format!("<sip:attendant@{at}>"),
            Wire::Tcp => format!("<sip:attendant@{at};transport=tcp>"),
        }
    }

    /// A response with our tag. Record-Route goes back with everything that can begin a dialog (RFC 3261 section 12.1.1).
    pub(crate) fn response(&self, request: &Request, status: u16, tag: &str, headers: Vec<Header>) -> Response {
        let mut response = self.inner().make_response(request, status.into(), None);
        if status > 100 {
            let to = message::header(&request.headers, "To").unwrap_or_default();
            if message::tag(to).is_none() {
                let tagged = make("To", format!("{to};tag={tag}"));
                for header in response.headers.iter_mut() {
                    if matches!(header, Header::To(_)) {
                        *header = tagged.clone();
                    }
                }
            }
            if request.method == rsipstack::sip::Method::Invite && status < 300 {
                let routes = request.headers.iter().filter(|header| matches!(header, Header::RecordRoute(_)));
                response.headers.extend(routes.cloned().collect());
            }
        }
        response.headers.extend(headers);
        response
    }

    /// Keeps the sockets open, once everyone is to stop, until it is dropped or [`FAREWELL`] is over.
    pub(crate) fn parting(&self) -> Option<OwnedSemaphorePermit> {
        self.parting.clone().try_acquire_owned().ok()
    }

    pub(crate) fn count(&self, reason: Dropped) {
        self.counters.count(reason);
    }
}

/// Closes the sockets once everyone has said goodbye.
async fn farewell(stop: CancellationToken, dialogs: Dialogs, parting: Arc<Semaphore>, closing: CancellationToken) {
    stop.cancelled().await;
    let goodbyes = async {
        dialogs.emptied().await;
        // The semaphore is never closed.
        parting.acquire_many(PARTING).await.ok();
    };
    // Calls that take longer are cut; their far sides' session timers clean up.
    tokio::time::timeout(FAREWELL, goodbyes).await.ok();
    closing.cancel();
}

/// A random token for tags and branches: 96 bits.
pub(crate) fn token() -> String {
    let bytes: [u8; 12] = rand::random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The peer a connection belongs to.
pub(crate) fn peer_of(connection: &SipConnection) -> Option<SocketAddr> {
    connection.get_remote_addr()?.get_socketaddr().ok()
}

/// The address a path leads to, as far as it is known before sending.
pub(crate) fn peer_on(path: &Path) -> Option<SocketAddr> {
    path.destination
        .as_ref()
        .and_then(|address| address.get_socketaddr().ok())
        .or_else(|| path.connection.as_ref().and_then(peer_of))
}

/// The external address, for peers on the other side of the NAT that it belongs to.
fn seen_from(peer: IpAddr, external: Option<IpAddr>) -> Option<IpAddr> {
    let near = |external: IpAddr| peer.to_canonical().is_loopback() || (is_private(peer) && !is_private(external));
    external.filter(|external| !near(*external))
}

/// The local address that packets to this peer leave from. No packet is sent.
fn route_to(peer: IpAddr) -> IpAddr {
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    UdpSocket::bind((any, 0))
        .and_then(|socket| socket.connect((peer, 9)).and_then(|()| socket.local_addr()))
        .map_or(any, |address| address.ip())
}

fn cannot_bind(wire: &str, address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot listen on {wire} {address}: {error}; free the port or change sip.{wire}"),
    )
}

/// The tag in a request's To header: it belongs to a dialog.
pub(crate) fn to_tag(request: &Request) -> Option<String> {
    request.to_header().ok().and_then(|to| message::tag(to.value())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_external_address_is_for_those_outside() {
        let seen = |peer: &str, external: &str| {
            seen_from(peer.parse().unwrap(), Some(external.parse().unwrap())).map(|ip| ip.to_string())
        };
        let public = "203.0.113.9";
        assert_eq!(seen("192.76.120.31", public).as_deref(), Some(public));
        assert_eq!(seen("192.168.1.20", public), None);
        assert_eq!(seen("127.0.0.1", public), None);
        // A container whose host has a private address: the phones of the house need the host's.
        assert_eq!(seen("192.168.1.20", "192.168.1.5").as_deref(), Some("192.168.1.5"));
        assert_eq!(seen("127.0.0.1", "192.168.1.5"), None);
        assert_eq!(seen_from("192.76.120.31".parse().unwrap(), None), None);
    }

    #[test]
    fn the_address_of_the_way_to_a_peer_is_found() {
        assert_eq!(route_to("127.0.0.1".parse().unwrap()).to_string(), "127.0.0.1");
    }
}
