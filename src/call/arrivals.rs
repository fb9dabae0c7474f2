//! What has come to a call's socket, with the time at which the kernel took it.
//!
//! No packet wakes anybody: the driver fetches what has come, so that calls on one thread are woken together, by its timer. A packet's own
//! time of arrival goes with it, or jitter would be measured in wake-ups. It must never wait.

use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use nix::time::ClockId;

/// Older than this no datagram is taken for: it has waited through a stall, or the wall clock was set.
const OLDEST_US: i64 = 1_000_000;

/// A socket of a call's media.
#[derive(Debug)]
pub(super) struct Arrivals {
    socket: UdpSocket,
    control: Vec<u8>,
}

/// A datagram, in the buffer it was read into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Datagram {
    pub(super) len: usize,
    pub(super) from: SocketAddr,
    /// So many microseconds ago it came.
    pub(super) age_us: u64,
}

impl Arrivals {
    pub(super) fn of(socket: UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        Ok(Self { socket, control: nix::cmsg_space!(TimeSpec) })
    }

    /// The oldest datagram not fetched yet; what is longer than the buffer is cut.
    pub(super) fn next(&mut self, buffer: &mut [u8]) -> Option<Datagram> {
        loop {
            let mut parts = [IoSliceMut::new(buffer)];
            let read = recvmsg::<SockaddrStorage>(
                self.socket.as_raw_fd(),
                &mut parts,
                Some(&mut self.control),
                MsgFlags::MSG_DONTWAIT,
            );
            let message = match read {
                Ok(message) => message,
                Err(nix::errno::Errno::EAGAIN) => return None,
                // An ICMP error of an earlier send shows up here: the other side may not listen yet. Each is reported once.
                Err(nix::errno::Errno::ECONNREFUSED | nix::errno::Errno::EINTR) => continue,
                Err(_) => return None,
            };
            let Some(from) = message.address.and_then(address) else { continue };
            let arrival = message.cmsgs().ok().and_then(|mut all| {
                all.find_map(|one| if let ControlMessageOwned::ScmTimestampns(at) = one { Some(at) } else { None })
            });
            return Some(Datagram { len: message.bytes, from, age_us: arrival.map_or(0, age_us) });
        }
    }

    pub(super) fn send(&self, datagram: &[u8], to: SocketAddr) -> io::Result<()> {
        self.socket.send_to(datagram, to).map(|_| ())
    }
}

/// Microseconds since then, as the kernel counts them.
fn age_us(arrival: TimeSpec) -> u64 {
    let Ok(now) = ClockId::CLOCK_REALTIME.now() else { return 0 };
    let us = |at: TimeSpec| at.tv_sec() * 1_000_000 + at.tv_nsec() / 1_000;
    let age = us(now) - us(arrival);
    age.clamp(0, OLDEST_US).unsigned_abs()
}

fn address(from: SockaddrStorage) -> Option<SocketAddr> {
    let v4 = from.as_sockaddr_in().map(|at| SocketAddr::V4((*at).into()));
    v4.or_else(|| from.as_sockaddr_in6().map(|at| SocketAddr::V6((*at).into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(host: &str) -> (Arrivals, SocketAddr, UdpSocket) {
        let socket = UdpSocket::bind((host, 0)).unwrap();
        let here = socket.local_addr().unwrap();
        (Arrivals::of(socket).unwrap(), here, UdpSocket::bind((host, 0)).unwrap())
    }

    #[test]
    fn datagrams_are_fetched_in_order_with_their_sender_until_none_is_left() {
        for host in ["127.0.0.1", "::1"] {
            let (mut arrivals, here, sender) = pair(host);
            for text in [&b"one"[..], b"two", b""] {
                sender.send_to(text, here).unwrap();
            }
            let mut buffer = [0; 8];
            for text in [&b"one"[..], b"two", b""] {
                let datagram = arrivals.next(&mut buffer).unwrap();
                assert_eq!((&buffer[..datagram.len], datagram.from), (text, sender.local_addr().unwrap()));
            }
            assert_eq!(arrivals.next(&mut buffer), None);
        }
    }

    /// The time since then, as soon as it is more than this.
    fn after(began: TimeSpec, wanted: TimeSpec) -> TimeSpec {
        loop {
            let apart = ClockId::CLOCK_MONOTONIC.now().unwrap() - began;
            if apart > wanted {
                return apart;
            }
        }
    }

    /// Returns when the kernel stamps datagrams: it begins a little after the first socket of the machine asks for it, and gives those before
    /// then the time at which they are read.
    fn stamped(arrivals: &mut Arrivals, here: SocketAddr, sender: &UdpSocket) {
        for _ in 0..5_000 {
            sender.send_to(b"stamp", here).unwrap();
            after(ClockId::CLOCK_MONOTONIC.now().unwrap(), TimeSpec::new(0, 1_000_000));
            if arrivals.next(&mut [0; 8]).unwrap().age_us >= 1_000 {
                return;
            }
        }
        panic!("the kernel stamps nothing");
    }

    #[test]
    fn a_datagram_is_as_old_as_it_is_whenever_it_is_fetched() {
        let (mut arrivals, here, sender) = pair("127.0.0.1");
        let mut buffer = [0; 8];
        stamped(&mut arrivals, here, &sender);
        let wall = || ClockId::CLOCK_REALTIME.now().unwrap();
        // When each was sent at the earliest and at the latest.
        let sent = [&b"early"[..], b"late"].map(|text| {
            let before = wall();
            sender.send_to(text, here).unwrap();
            let after_it = wall();
            after(ClockId::CLOCK_MONOTONIC.now().unwrap(), TimeSpec::new(0, 5_000_000));
            [before, after_it]
        });
        let us = |time: TimeSpec| u64::try_from(time.tv_sec() * 1_000_000 + time.tv_nsec() / 1_000).unwrap();
        for [earliest, latest] in sent {
            let asked = wall();
            let age = arrivals.next(&mut buffer).unwrap().age_us;
            // To the microsecond that rounding takes, however busy the machine is; a stall of a second is cut.
            let (least, most) = (us(asked - latest).saturating_sub(1), us(wall() - earliest) + 1);
            assert!(least >= 4_999, "the datagram has waited");
            assert!((least.min(OLDEST_US as u64)..=most).contains(&age), "{age} of {least} to {most}");
        }
    }

    #[test]
    fn an_error_of_an_earlier_send_hides_no_datagram() {
        let (mut arrivals, here, sender) = pair("127.0.0.1");
        let closed = {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.local_addr().unwrap()
        };
        arrivals.send(b"to nobody", closed).unwrap();
        sender.send_to(b"heard", here).unwrap();
        assert_eq!(arrivals.next(&mut [0; 8]).map(|datagram| datagram.len), Some(5));
    }

    #[test]
    fn a_clock_that_was_set_makes_no_datagram_of_the_future_and_none_of_an_hour_ago() {
        let now = ClockId::CLOCK_REALTIME.now().unwrap();
        assert_eq!(age_us(now + TimeSpec::new(3_600, 0)), 0);
        assert_eq!(age_us(now - TimeSpec::new(3_600, 0)), OLDEST_US as u64);
    }
}
