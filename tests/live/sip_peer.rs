//! What the SIP tests share: a server on free ports and a front desk that records what it is told and echoes audio.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use attendant::call::CallId;
use attendant::call::event::{Command, Event, Mailbox, Signal};
use attendant::call::registry::{Arriving, CallHandle, FrontDesk, MediaPath, NewCall, Refusal, Ticket};
use attendant::transport::sip::{Counters, Server, SipConfig, Wire};
use attendant_media::leg::LegConfig;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Longest wait for anything but the 32 s timers of SIP.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A call that the desk has started.
pub struct Started {
    pub arriving: Arriving,
    pub leg: LegConfig,
    pub remote: SocketAddr,
    pub events: mpsc::Receiver<Event>,
    pub commands: mpsc::Sender<Command>,
}

impl Started {
    pub async fn signal(&mut self) -> Signal {
        let event = tokio::time::timeout(PATIENCE, self.events.recv()).await.expect("a signal in time");
        match event.expect("the transport keeps the mailbox until the end") {
            Event::Signal(signal) => signal,
            other => panic!("a transport sends signals only, not {other:?}"),
        }
    }

    /// Every signal up to and including the call's end.
    pub async fn signals(&mut self) -> Vec<Signal> {
        let mut signals = Vec::new();
        loop {
            let signal = self.signal().await;
            let over = matches!(signal, Signal::Gone(_));
            signals.push(signal);
            if over {
                return signals;
            }
        }
    }
}

/// A desk that admits everyone, or refuses everyone in one way.
struct Desk {
    refusal: Option<Refusal>,
    started: mpsc::Sender<Started>,
}

impl FrontDesk for Desk {
    fn admit(&self, _arriving: &Arriving) -> Result<Ticket, Refusal> {
        match &self.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(Ticket::unlimited(CallId::new())),
        }
    }

    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle {
        let (mailbox, events) = Mailbox::new();
        let MediaPath::Rtp { socket, remote, .. } = call.media else { panic!("SIP brings RTP") };
        let echo = tokio::net::UdpSocket::from_std(socket).expect("the socket is non-blocking");
        let gone = mailbox.clone();
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
        let started = Started { arriving: call.arriving, leg: call.leg, remote, events, commands: call.commands };
        assert!(self.started.try_send(started).is_ok(), "a test takes each call that starts");
        CallHandle { call: ticket.call, mailbox }
    }
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
        let (started, calls) = mpsc::channel(256);
        let shutdown = CancellationToken::new();
        let desk = Arc::new(Desk { refusal, started });
        let server = Server::bind(config, desk, shutdown.clone()).await.expect("loopback has free ports");
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
