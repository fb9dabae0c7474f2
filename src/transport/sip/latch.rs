//! Decides where a call's RTP comes from and goes to: symmetric RTP (RFC 4961) that a stranger cannot steer.
//!
//! It starts at the address in the SDP, learns the true source from the first valid packets (callers behind NAT announce addresses that do
//! not work), and then stays. The host that signalling names, then the one it comes from, then the first that was believed take media
//! back at once from whoever is known less; others only when the old source has been silent for [`SILENT`], is not on hold, and was
//! named by nobody, or is continued to the number. Pure: it never opens a socket, never looks into a payload, never allocates.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use attendant_media::time::Time;

/// Silence of the latched source after which another may take over: 100 packets, longer than any DTX or Wi-Fi gap of a live stream.
pub const SILENT: Duration = Duration::from_secs(2);

/// Consecutive packets a source at another IP than the signalled one must send before it is believed: 60 ms, so that one
/// forged or misrouted datagram moves nothing.
const PROBATION: u8 = 3;

/// How far a sequence number may run ahead and still continue the same stream: 30 s of 20 ms packets.
const CONTINUITY: u16 = 1_500;

/// Payload types one leg may receive: codec, telephone-event, comfort noise.
const PAYLOAD_TYPES: usize = 4;

/// RTP comfort noise (RFC 3389), sent by gateways whether or not it was agreed.
const COMFORT_NOISE: u8 = 13;

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Part of the call.
    Accept,
    /// Part of the call, and from now on packets go to this address.
    Moved(SocketAddr),
    /// Not part of the call: count it and forget it.
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stream {
    source: SocketAddr,
    ssrc: u32,
    sequence: u16,
    heard: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    stream: Stream,
    packets: u8,
}

/// How well a host is known to be the caller's; the better known takes media back from the less at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Stranger,
    /// The first to be believed without anyone's word, for whom media has moved: behind a NAT and a proxy nothing else names the caller.
    First,
    /// Signalling comes from there.
    Peer,
    /// Signalling names it.
    Named,
}

/// What a silence of the latched source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// After [`SILENT`] it may have moved.
    Live,
    /// Nothing: the caller is on hold, and what comes meanwhile is somebody else's music, or a stranger.
    Held,
    /// The caller is back and was not heard yet: it may have moved.
    Resumed,
}

/// The address decision of one leg.
#[derive(Clone, Debug)]
pub struct Latch {
    signalled: SocketAddr,
    peer: Option<IpAddr>,
    payload_types: [Option<u8>; PAYLOAD_TYPES],
    latched: Option<Stream>,
    candidate: Option<Candidate>,
    first: Option<IpAddr>,
    flow: Flow,
}

impl Latch {
    /// `signalled`: the address in the SDP. `peer`: the host that signalling comes from, if that is the caller's own or its carrier's.
    /// `codec` and `dtmf`: the payload types agreed for receiving.
    pub const fn new(signalled: SocketAddr, peer: Option<IpAddr>, codec: u8, dtmf: Option<u8>) -> Self {
        Self {
            signalled,
            peer,
            payload_types: [Some(codec), dtmf, Some(COMFORT_NOISE), None],
            latched: None,
            candidate: None,
            first: None,
            flow: Flow::Live,
        }
    }

    /// Where packets go: the latched source, else the signalled address.
    pub const fn remote(&self) -> SocketAddr {
        match &self.latched {
            Some(stream) => stream.source,
            None => self.signalled,
        }
    }

    /// A re-INVITE or UPDATE changed what was agreed. A new address (`None`: the old one) means that signalling itself moved the
    /// media: the latch opens again. The old codec's packets may still be under way and stay valid.
    pub fn signalled(&mut self, remote: Option<SocketAddr>, codec: u8, dtmf: Option<u8>) {
        let before = self.payload_types[0].filter(|old| *old != codec);
        self.payload_types = [Some(codec), dtmf, Some(COMFORT_NOISE), before];
        if let Some(remote) = remote.filter(|remote| *remote != self.signalled) {
            self.signalled = remote;
            self.first = None;
            self.open();
        }
    }

    /// The caller is on hold.
    pub const fn held(&mut self) {
        self.flow = Flow::Held;
    }

    /// The caller is off hold, at the address that signalling names. Who is known only by packets loses the media to it until heard.
    pub fn resumed(&mut self) {
        self.flow = Flow::Resumed;
        self.candidate = None;
        if self.latched.is_some_and(|latched| self.standing(latched.source.ip()) == Standing::Stranger) {
            self.open();
        }
    }

    /// Judges one RTP packet by its header fields; `now` is the time of its arrival.
    pub fn packet(&mut self, from: SocketAddr, ssrc: u32, payload_type: u8, sequence: u16, now: Time) -> Verdict {
        if !self.payload_types.contains(&Some(payload_type)) {
            return Verdict::Drop;
        }
        let stream = Stream { source: from, ssrc, sequence, heard: now };
        let new = self.standing(from.ip());
        let Some(latched) = self.latched else {
            let held = self.flow == Flow::Held;
            let known = new >= if held { Standing::Peer } else { Standing::First };
            return if known || (!held && self.believed(stream)) { self.latch(stream) } else { Verdict::Drop };
        };
        if latched.source == from {
            self.latched = Some(stream);
            self.candidate = None;
            self.heard();
            return Verdict::Accept;
        }
        let old = self.standing(latched.source.ip());
        if new > old && (new >= Standing::Peer || self.flow != Flow::Held) {
            return self.latch(stream);
        }
        let silent = match self.flow {
            Flow::Live => now.since(latched.heard) >= SILENT,
            Flow::Held => false,
            Flow::Resumed => true,
        };
        if !silent {
            return Verdict::Drop;
        }
        let same_host = from.ip() == latched.source.ip();
        let continues = ssrc == latched.ssrc && follows(latched.sequence, sequence);
        if continues && !same_host {
            // The caller's own stream, from another host: a telephone that changed networks.
            self.first = Some(from.ip());
        }
        // Whoever was named by signalling is replaced by signalling, or by the stream's own continuation.
        let known = same_host || continues || new >= Standing::Peer;
        if known || (old < Standing::Peer && self.believed(stream)) { self.latch(stream) } else { Verdict::Drop }
    }

    fn standing(&self, ip: IpAddr) -> Standing {
        if ip == self.signalled.ip() {
            Standing::Named
        } else if self.peer == Some(ip) {
            Standing::Peer
        } else if self.first == Some(ip) {
            Standing::First
        } else {
            Standing::Stranger
        }
    }

    fn latch(&mut self, stream: Stream) -> Verdict {
        self.first.get_or_insert_with(|| stream.source.ip());
        self.latched = Some(stream);
        self.candidate = None;
        self.heard();
        Verdict::Moved(stream.source)
    }

    const fn heard(&mut self) {
        self.flow = match self.flow {
            Flow::Live | Flow::Resumed => Flow::Live,
            Flow::Held => Flow::Held,
        };
    }

    const fn open(&mut self) {
        self.latched = None;
        self.candidate = None;
    }

    /// Counts a source's packets while they form one stream; true once there are enough.
    fn believed(&mut self, stream: Stream) -> bool {
        let packets = match self.candidate {
            Some(Candidate { stream: before, packets })
                if before.source == stream.source
                    && before.ssrc == stream.ssrc
                    && follows(before.sequence, stream.sequence) =>
            {
                packets.saturating_add(1)
            }
            Some(_) | None => 1,
        };
        self.candidate = Some(Candidate { stream, packets });
        packets >= PROBATION
    }
}

/// Whether `next` continues a stream that was at `before`, the 16-bit wrap included.
const fn follows(before: u16, next: u16) -> bool {
    let ahead = next.wrapping_sub(before);
    ahead >= 1 && ahead <= CONTINUITY
}

#[cfg(test)]
mod tests;
