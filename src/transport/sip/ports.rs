//! Gives each call its RTP port, and the RTCP port above it where the two are not multiplexed.
//!
//! A socket that binds is free: the kernel is the only record, so nothing leaks when a call ends. Ports are handed out
//! round the range, so that late packets of the last call on a port have died before the port is used again.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

/// Pairs tried before giving up: more in a row are never taken by chance, and the range may simply be full.
const ATTEMPTS: u32 = 512;

/// An inclusive range of UDP ports, written `40000-59999`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// `None` unless the range holds an even port and the odd one above it.
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        let even = first as u32 + first as u32 % 2;
        if first >= 1 && even < last as u32 { Some(Self { first, last }) } else { None }
    }

    /// Even ports with their odd neighbour in the range.
    const fn pairs(self) -> u32 {
        (self.last as u32 + 1 - self.lowest()) / 2
    }

    const fn lowest(self) -> u32 {
        self.first as u32 + self.first as u32 % 2
    }

    /// The even port of pair `index`, counted round the range.
    const fn pair(self, index: u32) -> u16 {
        (self.lowest() + 2 * (index % self.pairs())) as u16
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once('-')
            .and_then(|(first, last)| Self::new(first.trim().parse().ok()?, last.trim().parse().ok()?))
            .ok_or_else(|| format!("`{text}` is no range of UDP ports; write for example 40000-59999"))
    }
}

impl TryFrom<String> for PortRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// The sockets of one call.
#[derive(Debug)]
pub struct Pair {
    pub rtp: UdpSocket,
    pub rtcp: UdpSocket,
    pub port: u16,
}

/// Hands out port pairs of one range.
#[derive(Debug)]
pub struct Ports {
    range: PortRange,
    next: AtomicU32,
}

impl Ports {
    /// `start`: where in the range to begin; random, so that a restart does not meet the calls of before.
    pub const fn new(range: PortRange, start: u32) -> Self {
        Self { range, next: AtomicU32::new(start) }
    }

    /// Binds the next free pair on `ip`, non-blocking.
    pub fn bind(&self, ip: IpAddr) -> io::Result<Pair> {
        for _ in 0..self.range.pairs().min(ATTEMPTS) {
            let port = self.range.pair(self.next.fetch_add(1, Ordering::Relaxed));
            let Ok(rtp) = UdpSocket::bind(SocketAddr::new(ip, port)) else { continue };
            let Ok(rtcp) = UdpSocket::bind(SocketAddr::new(ip, port + 1)) else { continue };
            rtp.set_nonblocking(true)?;
            rtcp.set_nonblocking(true)?;
            return Ok(Pair { rtp, rtcp, port });
        }
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("no free RTP port pair in {}; widen sip.rtp_ports or lower call.max_calls", self.range),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_range_is_read_and_written_the_same_way() {
        let range: PortRange = "40000-59999".parse().unwrap();
        assert_eq!(range.to_string(), "40000-59999");
        assert_eq!(range.pairs(), 10_000);
        for wrong in ["", "5000", "59999-40000", "0-10", "40001-40002", "x-y", "1-70000"] {
            assert!(wrong.parse::<PortRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn pairs_start_even_and_stay_inside_the_range() {
        let range = PortRange::new(40_001, 40_006).unwrap();
        assert_eq!(range.pairs(), 2);
        let ports: Vec<_> = (0..4).map(|index| range.pair(index)).collect();
        assert_eq!(ports, [40_002, 40_004, 40_002, 40_004]);
    }

    #[test]
    fn a_taken_port_is_passed_over_and_a_full_range_says_so() {
        let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
        // A range of two pairs, at whatever place of the machine is free now.
        let (ports, low) = (20_000_u16..30_000)
            .step_by(4)
            .find_map(|low| {
                let free = (low..low + 4).all(|port| UdpSocket::bind(SocketAddr::new(ip, port)).is_ok());
                free.then(|| (Ports::new(PortRange::new(low, low + 3).unwrap(), 0), low))
            })
            .unwrap();
        let first = ports.bind(ip).unwrap();
        assert_eq!(first.port, low);
        let _second = ports.bind(ip).unwrap();
        let full = ports.bind(ip).unwrap_err();
        assert!(full.to_string().contains("widen sip.rtp_ports"), "{full}");
        drop(first);
        assert_eq!(ports.bind(ip).unwrap().port, low);
    }
}
