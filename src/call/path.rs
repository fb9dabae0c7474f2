//! How a call's media travels: a UDP socket of its own, or the channels of a stream. Sends never wait; what cannot be sent now is
//! counted and lost, as on any network. Datagrams are fetched, a stream's chunks are waited for.

use std::io;
use std::net::SocketAddr;

use attendant_media::leg::LegConfig;
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::arrivals::{Arrivals, Datagram};
use super::event::RtcpTo;
use super::marking::Marking;
use super::registry::{MediaPath, StreamMedia, StreamOut};
use crate::transport::sip::latch::{Latch, Verdict};

/// Larger than any datagram of the codecs we offer; what is larger is cut and refused as malformed.
pub(super) const DATAGRAM: usize = 2_048;

/// Places of a stream's queue that only a clear may take: it matters most when the other side reads slowly and the queue is full.
const KEPT: usize = 4;

pub(super) enum Path {
    Rtp { socket: Arrivals, rtcp: Option<Arrivals>, rtcp_to: RtcpTo, latch: Box<Latch> },
    Stream { inbound: mpsc::Receiver<StreamMedia>, outbound: mpsc::Sender<StreamOut> },
}

/// A datagram of a call's sockets, by what it holds.
#[derive(Debug)]
pub(super) enum Fetched {
    Rtp(Datagram),
    Rtcp(Datagram),
}

impl Path {
    /// Takes over the sockets.
    pub(super) fn new(media: MediaPath, leg: &LegConfig) -> io::Result<Self> {
        Ok(match media {
            MediaPath::Rtp { socket, rtcp, remote, peer, rtcp_to } => Self::Rtp {
                socket: Arrivals::of(socket)?,
                rtcp: rtcp.map(Arrivals::of).transpose()?,
                rtcp_to,
                latch: Box::new(Latch::new(remote, peer, leg.inbound.payload_type, leg.dtmf)),
            },
            MediaPath::Stream { inbound, outbound } => Self::Stream { inbound, outbound },
        })
    }

    /// The oldest datagram that has come to the media's port and was not fetched yet.
    pub(super) fn fetch(&mut self, buffer: &mut [u8; DATAGRAM]) -> Option<Fetched> {
        let Self::Rtp { socket, .. } = self else { return None };
        let datagram = socket.next(buffer)?;
        Some(if is_rtcp(&buffer[..datagram.len]) { Fetched::Rtcp(datagram) } else { Fetched::Rtp(datagram) })
    }

    /// The oldest one that has come to a port that is the reports' own.
    pub(super) fn fetch_report(&mut self, buffer: &mut [u8; DATAGRAM]) -> Option<Fetched> {
        let Self::Rtp { rtcp: Some(rtcp), .. } = self else { return None };
        rtcp.next(buffer).map(Fetched::Rtcp)
    }

    /// The next chunk of a stream, `None` when it is closed; datagrams are not waited for. Cancel safe.
    pub(super) async fn receive(&mut self) -> Option<StreamMedia> {
        match self {
            Self::Rtp { .. } => std::future::pending().await,
            Self::Stream { inbound, .. } => inbound.recv().await,
        }
    }

    /// Whether media from there is the caller's (RTP only).
    pub(super) fn is_caller(&mut self, now: Time, from: SocketAddr, packet: &[u8]) -> bool {
        match self {
            Self::Rtp { latch, .. } => {
                let Some(header) = packet.first_chunk::<12>() else { return false };
                let [_, kind, s0, s1, _, _, _, _, c0, c1, c2, c3] = *header;
                let (sequence, ssrc) = (u16::from_be_bytes([s0, s1]), u32::from_be_bytes([c0, c1, c2, c3]));
                match latch.packet(from, ssrc, kind & 0x7f, sequence, now) {
                    Verdict::Accept | Verdict::Moved(_) => true,
                    Verdict::Drop => false,
                }
            }
            Self::Stream { .. } => true,
        }
    }

    /// Whether reports from there are the caller's: they come from the host that media goes to, from whatever port. They never
    /// move media, for nothing in them proves who sent them.
    pub(super) fn is_callers_host(&self, from: SocketAddr) -> bool {
        match self {
            Self::Rtp { latch, .. } => latch.remote().ip() == from.ip(),
            Self::Stream { .. } => false,
        }
    }

    /// Signalling agreed on another address, another way of RTCP or other payload types.
    pub(super) fn signalled(&mut self, remote: Option<SocketAddr>, rtcp: RtcpTo, codec: u8, dtmf: Option<u8>) {
        match self {
            Self::Rtp { latch, rtcp_to, .. } => {
                *rtcp_to = rtcp;
                latch.signalled(remote, codec, dtmf);
            }
            Self::Stream { .. } => {}
        }
    }

    /// The caller is on hold: only signalling's own host may send from elsewhere meanwhile.
    pub(super) fn held(&mut self) {
        match self {
            Self::Rtp { latch, .. } => latch.held(),
            Self::Stream { .. } => {}
        }
    }

    /// The caller is off hold.
    pub(super) fn resumed(&mut self) {
        match self {
            Self::Rtp { latch, .. } => latch.resumed(),
            Self::Stream { .. } => {}
        }
    }

    pub(super) fn send(&self, packet: &[u8]) {
        let Self::Rtp { socket, latch, .. } = self else { return };
        if socket.send(packet, latch.remote()).is_err() {
            metrics::counter!("rtp_send_failed_total").increment(1);
        }
    }

    pub(super) fn send_rtcp(&self, packet: &[u8]) {
        let Self::Rtp { socket, rtcp, rtcp_to, latch } = self else { return };
        let from = rtcp_socket(socket, rtcp.as_ref(), *rtcp_to);
        let sent = from.send(packet, rtcp_address(latch.remote(), *rtcp_to));
        if sent.is_err() {
            metrics::counter!("rtcp_send_failed_total").increment(1);
        }
    }

    pub(super) fn stream(&self, payload: &[u8]) {
        self.stream_out(KEPT, || StreamOut::Media(Bytes::copy_from_slice(payload)));
    }

    pub(super) fn mark(&self, id: SpeechId, samples: u64) {
        self.stream_out(KEPT, || StreamOut::Mark { id, samples });
    }

    /// Nothing more of the audible speech leaves for now: what has left is marked.
    pub(super) fn rests(&self, marking: &mut Marking) {
        if let Some((id, samples)) = marking.rests() {
            self.mark(id, samples);
        }
    }

    pub(super) fn clear(&self) {
        self.stream_out(0, || StreamOut::Clear);
    }

    /// Sends unless fewer than `kept` places would be left.
    fn stream_out(&self, kept: usize, message: impl FnOnce() -> StreamOut) {
        let Self::Stream { outbound, .. } = self else { return };
        if outbound.capacity() <= kept || outbound.try_send(message()).is_err() {
            metrics::counter!("stream_send_dropped_total").increment(1);
        }
    }
}

/// RTCP on the RTP port (RFC 5761 section 4): the packet types 192 to 223 cannot be RTP's.
pub(crate) fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// Where RTCP goes if RTP goes there.
pub(crate) const fn rtcp_address(rtp: SocketAddr, to: RtcpTo) -> SocketAddr {
    let mut address = rtp;
    address.set_port(match to {
        RtcpTo::Above => rtp.port().saturating_add(1),
        RtcpTo::Port(port) => port,
        RtcpTo::Muxed => rtp.port(),
    });
    address
}

/// The socket that RTCP leaves by: its own, unless both share a port.
pub(crate) const fn rtcp_socket<'a, S>(rtp: &'a S, rtcp: Option<&'a S>, to: RtcpTo) -> &'a S {
    match (to, rtcp) {
        (RtcpTo::Above | RtcpTo::Port(_), Some(rtcp)) => rtcp,
        (RtcpTo::Muxed, _) | (RtcpTo::Above | RtcpTo::Port(_), None) => rtp,
    }
}

#[cfg(test)]
mod tests {
    use attendant_media::leg::{Codec, Format};

    use super::*;

    fn leg() -> LegConfig {
        let format = Format { codec: Codec::Pcmu, payload_type: 0 };
        LegConfig::plain(format, 1)
    }

    type Read = fn(&mut Path, &mut [u8; DATAGRAM]) -> Option<Fetched>;

    fn bound(address: &str) -> std::net::UdpSocket {
        std::net::UdpSocket::bind(address).unwrap()
    }

    #[test]
    fn reports_are_the_callers_only_from_its_host_and_move_nothing() {
        let (socket, rtcp) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        let (muxed, own) = (socket.local_addr().unwrap(), rtcp.local_addr().unwrap());
        let remote = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut path =
            Path::new(MediaPath::Rtp { socket, rtcp: Some(rtcp), remote, peer: None, rtcp_to: RtcpTo::Above }, &leg())
                .unwrap();
        let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
        let mut buffer = [0; DATAGRAM];
        for (host, callers) in [("127.0.0.1:0", true), ("127.0.0.2:0", false)] {
            let sender = bound(host);
            for (to, read) in [(muxed, Path::fetch as Read), (own, Path::fetch_report)] {
                sender.send_to(&report, to).unwrap();
                let Some(Fetched::Rtcp(Datagram { len, from, .. })) = read(&mut path, &mut buffer) else {
                    panic!("it is RTCP")
                };
                assert_eq!(buffer[..len], report);
                assert_eq!(from, sender.local_addr().unwrap());
                assert_eq!(path.is_callers_host(from), callers, "{from}");
                let Path::Rtp { latch, .. } = &path else { unreachable!("made so above") };
                assert_eq!(latch.remote(), remote);
            }
        }
    }

    /// Sends a report, and says from which port of ours it comes to `goal`.
    fn report(path: &Path, goal: &std::net::UdpSocket) -> u16 {
        path.send_rtcp(b"report");
        goal.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        let mut buffer = [0; 16];
        let (length, from) = goal.recv_from(&mut buffer).unwrap();
        assert_eq!(length, 6);
        from.port()
    }

    #[test]
    fn reports_go_where_signalling_says_at_first_and_after_each_change() {
        let (above, named, rtp) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        let address = |socket: &std::net::UdpSocket| socket.local_addr().unwrap();
        let (socket, rtcp) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        let (ours, our_rtcp) = (address(&socket).port(), address(&rtcp).port());
        let mut below = address(&above);
        below.set_port(below.port() - 1);
        let rtcp_to = RtcpTo::Port(address(&named).port());
        let mut path =
            Path::new(MediaPath::Rtp { socket, rtcp: Some(rtcp), remote: below, peer: None, rtcp_to }, &leg()).unwrap();
        assert_eq!(report(&path, &named), our_rtcp);
        // A re-INVITE from the same address, which no longer names a port.
        path.signalled(None, RtcpTo::Above, 0, None);
        assert_eq!(report(&path, &above), our_rtcp);
        // One that moves the call and shares a port, then one that moves it back and names one.
        path.signalled(Some(address(&rtp)), RtcpTo::Muxed, 0, None);
        assert_eq!(report(&path, &rtp), ours);
        path.signalled(Some(below), rtcp_to, 0, None);
        assert_eq!(report(&path, &named), our_rtcp);
    }

    #[test]
    fn without_a_socket_of_their_own_reports_leave_by_that_of_rtp() {
        let (above, socket) = (bound("127.0.0.1:0"), bound("127.0.0.1:0"));
        let (ours, mut remote) = (socket.local_addr().unwrap().port(), above.local_addr().unwrap());
        remote.set_port(remote.port() - 1);
        let path = Path::new(MediaPath::Rtp { socket, rtcp: None, remote, peer: None, rtcp_to: RtcpTo::Above }, &leg())
            .unwrap();
        assert_eq!(report(&path, &above), ours);
    }

    #[tokio::test]
    async fn a_slow_reader_loses_audio_and_never_the_order_to_drop_it() {
        let (outbound, mut said) = mpsc::channel(16);
        let (_caller, inbound) = mpsc::channel(1);
        let path = Path::Stream { inbound, outbound };
        (0..100).for_each(|_| path.stream(&[0; 160]));
        path.clear();
        let mut waiting = Vec::new();
        while let Ok(out) = said.try_recv() {
            waiting.push(out);
        }
        assert_eq!((waiting.len(), waiting.last()), (16 - KEPT + 1, Some(&StreamOut::Clear)));
    }
}
