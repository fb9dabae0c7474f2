//! How a caller's media travels: two UDP sockets, or the channels of a stream. Unlike the server's, a caller waits for its packets, since it
//! measures when they come.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use crate::call::event::RtcpTo;
use crate::call::path::{is_rtcp, rtcp_address, rtcp_socket};
use crate::call::registry::{MediaPath, StreamMedia, StreamOut};

/// Larger than any datagram of the codecs we offer.
pub(super) const DATAGRAM: usize = 2_048;

pub(super) enum Path {
    Rtp { socket: UdpSocket, rtcp: Option<UdpSocket>, rtcp_to: RtcpTo, remote: SocketAddr },
    Stream { inbound: mpsc::Receiver<StreamMedia>, outbound: mpsc::Sender<StreamOut> },
}

pub(super) enum Arrived {
    Datagram(usize),
    Rtcp(usize),
    Chunk(StreamMedia),
    Closed,
}

impl Path {
    pub(super) fn new(media: MediaPath) -> io::Result<Self> {
        Ok(match media {
            MediaPath::Rtp { socket, rtcp, remote, peer: _, rtcp_to } => {
                let adopt = |socket: std::net::UdpSocket| {
                    socket.set_nonblocking(true)?;
                    UdpSocket::from_std(socket)
                };
                Self::Rtp { socket: adopt(socket)?, rtcp: rtcp.map(adopt).transpose()?, rtcp_to, remote }
            }
            MediaPath::Stream { inbound, outbound } => Self::Stream { inbound, outbound },
        })
    }

    pub(super) fn redirect(&mut self, to: Option<SocketAddr>, reports: RtcpTo) {
        if let Self::Rtp { remote, rtcp_to, .. } = self {
            *remote = to.unwrap_or(*remote);
            *rtcp_to = reports;
        }
    }

    /// A report that is lost is followed by the next.
    pub(super) fn send_rtcp(&self, packet: &[u8]) {
        let Self::Rtp { socket, rtcp, rtcp_to, remote } = self else { return };
        let from = rtcp_socket(socket, rtcp.as_ref(), *rtcp_to);
        let sent = from.try_send_to(packet, rtcp_address(*remote, *rtcp_to));
        if let Err(error) = sent {
            tracing::debug!(%error, "a report did not leave");
        }
    }

    pub(super) fn send(&self, packet: &[u8]) -> bool {
        match self {
            Self::Rtp { socket, remote, .. } => socket.try_send_to(packet, *remote).is_ok(),
            Self::Stream { .. } => false,
        }
    }

    pub(super) fn send_payload(&self, payload: &[u8]) -> bool {
        match self {
            Self::Stream { outbound, .. } => {
                outbound.try_send(StreamOut::Media(Bytes::copy_from_slice(payload))).is_ok()
            }
            Self::Rtp { .. } => false,
        }
    }

    /// Cancel safe.
    pub(super) async fn receive(&mut self, buffer: &mut [u8; DATAGRAM]) -> Arrived {
        match self {
            Self::Rtp { socket, rtcp, .. } => loop {
                let rtcp_readable = async {
                    match rtcp {
                        Some(rtcp) => rtcp.readable().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    _ = socket.readable() => match socket.try_recv_from(buffer) {
                        Ok((len, _)) if is_rtcp(&buffer[..len]) => return Arrived::Rtcp(len),
                        Ok((len, _)) => return Arrived::Datagram(len),
                        // An ICMP error of an earlier packet: the other side may not listen yet.
                        Err(_) => {}
                    },
                    _ = rtcp_readable => {
                        if let Some(Ok((len, _))) = rtcp.as_ref().map(|rtcp| rtcp.try_recv_from(buffer)) {
                            return Arrived::Rtcp(len);
                        }
                    }
                }
            },
            Self::Stream { inbound, .. } => inbound.recv().await.map_or(Arrived::Closed, Arrived::Chunk),
        }
    }
}
