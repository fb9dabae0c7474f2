//! The telephone that rings others: the softphone and the load tester, and outbound calls later.
//!
//! One [`Phone`] owns one SIP port and makes any number of calls over it. [`Phone::dial`] returns when the other side has
//! answered; until then, giving up cancels. Early media is ignored, redirections are reported and not followed.

mod invite;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use attendant_media::leg::LegConfig;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::clock::Clock;
use super::digest::Credentials;
use super::negotiate::{CodecName, PREFERENCE};
use super::ports::{PortRange, Ports};
use super::server;
use super::stack::{Stack, StackOptions, Wire};
use crate::call::event::{Command, RtcpTo, Signal};
use crate::privacy::Pii;

/// What a phone is made with.
#[derive(Clone, Debug)]
pub struct PhoneConfig {
    /// Its SIP address, UDP and TCP; port 0 takes a free one (the same for both).
    pub bind: SocketAddr,
    /// How calls are signalled.
    pub wire: Wire,
    /// The address others reach it at, behind NAT.
    pub external_address: Option<std::net::IpAddr>,
    pub rtp_ports: PortRange,
    /// Answers 401 and 407.
    pub credentials: Option<Credentials>,
    /// Session-Expires of its calls, seconds; at least 90.
    pub session_expires_s: u32,
}

impl Default for PhoneConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            wire: Wire::Udp,
            external_address: None,
            rtp_ports: PortRange::new(20_000, 39_999).expect("the range holds pairs"),
            credentials: None,
            session_expires_s: 1_800,
        }
    }
}

/// One call's wishes.
#[derive(Clone, Debug)]
pub struct DialOptions {
    /// The number that calls, as the other side shall see it.
    pub from: Pii<String>,
    /// Offered, the best first.
    pub codecs: Vec<CodecName>,
    /// More headers of the INVITE.
    pub headers: Vec<(String, String)>,
    /// No answer for this long: CANCEL.
    pub patience: Duration,
    /// Gives up at once when cancelled.
    pub give_up: CancellationToken,
}

impl Default for DialOptions {
    fn default() -> Self {
        Self {
            from: Pii::new("attendant".into()),
            codecs: PREFERENCE.to_vec(),
            headers: Vec::new(),
            patience: Duration::from_secs(60),
            give_up: CancellationToken::new(),
        }
    }
}

/// When what happened while dialling, on tokio's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialTimes {
    /// The first INVITE left.
    pub invited: Instant,
    /// The first answer of any kind came.
    pub trying: Option<Instant>,
    /// 180 or 183 came.
    pub ringing: Option<Instant>,
    /// 200 came.
    pub answered: Instant,
}

/// A call that the other side has answered.
#[derive(Debug)]
pub struct Answered {
    /// Bound and non-blocking.
    pub socket: UdpSocket,
    pub rtcp: UdpSocket,
    /// Where they want RTCP.
    pub rtcp_to: RtcpTo,
    /// Where to send.
    pub remote: SocketAddr,
    pub leg: LegConfig,
    pub times: DialTimes,
    /// Hold, Unhold, Media, Transferred and at last Gone. Keep reading: 64 wait, then the call stalls.
    pub signals: mpsc::Receiver<Signal>,
    /// HangUp sends BYE; dropping it and `signals` does the same.
    pub commands: mpsc::Sender<Command>,
}

/// Why there is no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    #[error("that is no address to ring; write for example sip:clinic@192.0.2.1:5060")]
    BadTarget,
    #[error("no RTP port: {0}")]
    NoPort(String),
    #[error("the other side cannot be reached; check the address, and that it listens on this transport")]
    Unreachable,
    #[error("the other side refused with SIP status {status}")]
    Refused {
        status: u16,
        /// Retry-After, seconds.
        retry_after: Option<u32>,
    },
    #[error("nobody answered in time")]
    NoAnswer,
    #[error("the call was given up")]
    GivenUp,
    #[error("the other side answered with no audio that was offered")]
    BadAnswer,
}

/// See the module header. Cheap to clone; the port closes when `stop` is cancelled.
#[derive(Clone, Debug)]
pub struct Phone {
    pub(crate) stack: Arc<Stack>,
    ports: Arc<Ports>,
    config: Arc<PhoneConfig>,
}

impl Phone {
    /// Binds the phone's port. Cancelling `stop` hangs up all its calls and closes it.
    pub async fn bind(config: PhoneConfig, stop: CancellationToken) -> Result<Self, Error> {
        Self::bind_on(Clock::start(), config, stop).await
    }

    pub(crate) async fn bind_on(clock: Clock, config: PhoneConfig, stop: CancellationToken) -> Result<Self, Error> {
        super::refuse_leaking_logs()?;
        let mut last = None;
        // Port 0: the UDP port that comes up may be taken for TCP; then another does.
        for _ in 0..16 {
            let udp = if config.bind.port() == 0 { free_port(config.bind)? } else { config.bind };
            let options = StackOptions {
                udp: vec![udp],
                tcp: vec![udp],
                external: config.external_address,
                allow: ["0.0.0.0/0", "::/0"].iter().map(|all| all.parse().expect("it is a network")).collect(),
                challenger: None,
                user_agent: super::USER_AGENT,
                clock,
            };
            match Stack::bind(options, stop.clone()).await {
                Ok(stack) => {
                    let phone = Self::over(stack, config);
                    tokio::spawn(server::refuse_calls(phone.stack.clone()));
                    return Ok(phone);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(Error::Bind(last.unwrap_or_else(|| std::io::Error::other("no free SIP port"))))
    }

    /// A phone over a stack that someone else serves.
    pub(crate) fn over(stack: Arc<Stack>, config: PhoneConfig) -> Self {
        let ports = Arc::new(Ports::new(config.rtp_ports, rand::random::<u16>().into()));
        Self { stack, ports, config: Arc::new(config) }
    }

    /// Its own SIP address.
    pub fn address(&self) -> Option<SocketAddr> {
        self.stack.listening.first().map(|listening| listening.address)
    }

    /// Calls going on.
    pub fn calls(&self) -> usize {
        self.stack.dialogs.len()
    }

    /// Rings `target`, a SIP URI such as `sip:clinic@192.0.2.1:5060`, until it answers, refuses or patience ends.
    pub async fn dial(&self, target: &str, options: DialOptions) -> Result<Answered, DialError> {
        invite::dial(self, target, options).await
    }
}

fn free_port(bind: SocketAddr) -> Result<SocketAddr, Error> {
    UdpSocket::bind(bind).and_then(|socket| socket.local_addr()).map_err(Error::Bind)
}
