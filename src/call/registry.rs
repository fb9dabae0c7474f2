//! The front desk: admits calls while there is room, starts them on a media worker, and knows which ones are going on.

mod chunk;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use attendant_media::leg::LegConfig;
use tokio::sync::mpsc;

use super::CallId;
use super::event::{Command, Mailbox, RtcpTo};
use crate::privacy::Pii;

pub use chunk::{StreamMedia, StreamOut};

/// A call that a transport wants to bring in.
#[derive(Clone, Debug)]
pub struct Arriving {
    /// The number dialled: it decides the clinic.
    pub dialled: String,
    pub caller: Pii<String>,
    pub transport: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    Sip,
    Twilio,
    Telnyx,
    Pcm,
}

/// A call may not come in.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// No room, or not healthy: 503 with Retry-After.
    Busy { retry_after: Duration },
    /// Send the caller to the clinic's own line instead (302, or a carrier transfer).
    Divert { to: Pii<String> },
}

/// Room for one call, given back when dropped or when its call ends.
#[derive(Debug)]
pub struct Ticket {
    pub call: CallId,
    room: Option<tokio::sync::OwnedSemaphorePermit>,
}

impl Ticket {
    /// A ticket of a front desk without a limit.
    pub const fn unlimited(call: CallId) -> Self {
        Self { call, room: None }
    }

    pub(super) const fn of(call: CallId, room: tokio::sync::OwnedSemaphorePermit) -> Self {
        Self { call, room: Some(room) }
    }

    pub(super) fn into_room(self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        self.room
    }
}

/// Everything a call needs to begin. Created when the phone rings, so that providers warm up before [`super::event::Signal::Answered`].
#[derive(Debug)]
pub struct NewCall {
    pub arriving: Arriving,
    pub leg: LegConfig,
    pub media: MediaPath,
    /// Commands to the transport; 8 are enough: they are rare.
    pub commands: mpsc::Sender<Command>,
}

/// How media reaches a call.
#[derive(Debug)]
pub enum MediaPath {
    /// A bound UDP socket; RTCP on `rtcp`, on the same port without it or when it was agreed so. `remote`: where signalling says that
    /// media goes. `peer`: the host that signalling comes from, whose media is the caller's whatever it says.
    Rtp { socket: UdpSocket, rtcp: Option<UdpSocket>, remote: SocketAddr, peer: Option<IpAddr>, rtcp_to: RtcpTo },
    /// A transport with its own framing.
    Stream { inbound: mpsc::Receiver<StreamMedia>, outbound: mpsc::Sender<StreamOut> },
}

/// A call that has begun, seen from its transport.
#[derive(Clone, Debug)]
pub struct CallHandle {
    pub call: CallId,
    pub mailbox: Mailbox,
}

/// The front desk, shared by every transport.
pub trait FrontDesk: Send + Sync + 'static {
    /// Takes room for a call, or says why not.
    fn admit(&self, arriving: &Arriving) -> Result<Ticket, Refusal>;

    /// Starts the call on a media worker. It ends when the call says so with [`Command::HangUp`] or hears [`super::event::Signal::Gone`].
    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle;
}
