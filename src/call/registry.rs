//! The front desk: admits calls while there is room, starts them on a media worker, and knows which ones are going on.

mod chunk;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use attendant_media::leg::LegConfig;
use tokio::sync::mpsc;

use super::CallId;
use super::desk::Room;
use super::event::{Command, Mailbox, RtcpTo};
use crate::clinic::Tenant;
use crate::privacy::Pii;

pub use chunk::{StreamMedia, StreamOut};

/// A call that a transport wants to bring in.
#[derive(Clone, Debug)]
pub struct Arriving {
    /// The number dialled: it decides the clinic.
    pub dialled: String,
    /// Where the call was sent before a trunk put a user of its own in the place of the number: of SIP, the user of To.
    pub addressed: Option<String>,
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
    /// The number dialled is no clinic's: 404, or the carrier's own words for a number that is not in service.
    Nobody,
}

/// Room for one call, given back when dropped or when its call ends.
#[derive(Debug)]
pub struct Ticket {
    pub call: CallId,
    /// Whose number was dialled, where several clinics are answered for.
    clinic: Option<Tenant>,
    room: Option<Room>,
}

impl Ticket {
    /// A ticket of a front desk without a limit.
    pub const fn unlimited(call: CallId) -> Self {
        Self { call, clinic: None, room: None }
    }

    pub(super) const fn of(call: CallId, room: Room) -> Self {
        Self { call, clinic: None, room: Some(room) }
    }

    pub(super) fn into_room(self) -> Option<Room> {
        self.room
    }

    /// The same for a call of this clinic.
    #[must_use]
    pub(crate) fn of_clinic(self, clinic: &Tenant) -> Self {
        Self { clinic: Some(clinic.clone()), ..self }
    }

    pub(crate) const fn clinic(&self) -> Option<&Tenant> {
        self.clinic.as_ref()
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

impl CallHandle {
    /// Of a call that nobody takes up: its transport finds it over.
    pub(crate) fn unanswered(call: CallId) -> Self {
        Self { call, mailbox: Mailbox::new().0 }
    }
}

/// The front desk, shared by every transport.
pub trait FrontDesk: Send + Sync + 'static {
    /// Takes room for a call, or says why not.
    fn admit(&self, arriving: &Arriving) -> Result<Ticket, Refusal>;

    /// Starts the call on a media worker. It ends when the call says so with [`Command::HangUp`] or hears [`super::event::Signal::Gone`].
    fn start(&self, ticket: Ticket, call: NewCall) -> CallHandle;
}
