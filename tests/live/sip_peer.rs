//! What the SIP tests share: a server on free ports and a front desk that records what it is told and echoes audio.

use std::net::SocketAddr;
use std::sync::Arc;

use attendant::call::event::Mailbox;
use attendant::call::registry::{MediaPath, Refusal};
use attendant::transport::sip::{Counters, Server, SipConfig, Wire};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::desk::Desk;
pub use crate::desk::PATIENCE;

/// A call that the desk has started; its media is where the caller wants to be sent to.
pub type Started = crate::desk::Started<SocketAddr>;

/// Sends every packet back to where it came from.
fn echo(media: MediaPath, call: &Mailbox) -> SocketAddr {
    let MediaPath::Rtp { socket, remote, .. } = media else { panic!("SIP brings RTP") };
    let echo = tokio::net::UdpSocket::from_std(socket).expect("the socket is non-blocking");
    let gone = call.clone();
    tokio::spawn(async move {
        let mut packet = [0; 1_500];
        loop {
            tokio::select! {
                () = gone.closed() => return,
                received = echo.recv_from(&mut packet) => {
                    let Ok((length, from)) = received else { return };
                    echo.send_to(&packet[..length], from).await.ok();
                }
            }
        }
    });
    remote
}

/// A running server.
pub struct Peer {
    pub udp: SocketAddr,
    pub tcp: SocketAddr,
    pub started: mpsc::Receiver<Started>,
    pub counters: Arc<Counters>,
    pub shutdown: CancellationToken,
    pub server: tokio::task::JoinHandle<()>,
    _stop: DropGuard,
}

impl Peer {
    pub async fn with(change: impl FnOnce(&mut SipConfig), refusal: Option<Refusal>) -> Self {
        let any: SocketAddr = "127.0.0.1:0".parse().expect("it is an address");
        let mut config = SipConfig {
            udp: vec![any],
            tcp: vec![any],
            ring_ms: 50,
            rtp_ports: "10000-19999".parse().expect("it is a range"),
            ..SipConfig::default()
        };
        change(&mut config);
        let shutdown = CancellationToken::new();
        let (desk, calls) = Desk::new(refusal, echo);
        let server = Server::bind(config, Arc::new(desk), shutdown.clone()).await.expect("loopback has free ports");
        let at = |wire: Wire| {
            let listening = server.addresses().iter().find(|listening| listening.transport == wire);
            listening.expect("both are configured").address
        };
        Self {
            udp: at(Wire::Udp),
            tcp: at(Wire::Tcp),
            started: calls,
            counters: server.counters(),
            server: tokio::spawn(server.run()),
            _stop: shutdown.clone().drop_guard(),
            shutdown,
        }
    }

    pub async fn start() -> Self {
        Self::with(|_| {}, None).await
    }

    pub async fn call(&mut self) -> Started {
        tokio::time::timeout(PATIENCE, self.started.recv()).await.expect("a call in time").expect("the desk lives")
    }

    /// Stops the server and waits until it has: every call has left its dialog table.
    pub async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.server)
            .await
            .expect("no dialog is left")
            .expect("the server does not panic");
    }
}
