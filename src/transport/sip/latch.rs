//! Decides where a call's RTP comes from and goes to: symmetric RTP (RFC 4961) that a stranger cannot steer.
//!
//! It starts at the address in the SDP, learns the true source from the first valid packets (callers behind NAT announce
//! addresses that do not work), and then stays: another source takes over only when the old one has been silent for
//! [`SILENT`] or signalling says so. Pure: it never opens a socket, never looks into a payload, never allocates.

use std::net::SocketAddr;
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

/// The address decision of one leg.
#[derive(Clone, Debug)]
pub struct Latch {
    signalled: SocketAddr,
    payload_types: [Option<u8>; PAYLOAD_TYPES],
    latched: Option<Stream>,
    candidate: Option<Candidate>,
}

impl Latch {
    /// `signalled`: the address in the SDP. `codec` and `dtmf`: the payload types agreed for receiving.
    pub const fn new(signalled: SocketAddr, codec: u8, dtmf: Option<u8>) -> Self {
        Self {
            signalled,
            payload_types: [Some(codec), dtmf, Some(COMFORT_NOISE), None],
            latched: None,
            candidate: None,
        }
    }

    /// Where packets go: the latched source, else the signalled address.
    pub const fn remote(&self) -> SocketAddr {
        match &self.latched {
            Some(stream) => stream.source,
            None => self.signalled,
        }
    }

    /// A re-INVITE or UPDATE changed what was agreed. A new address means that signalling itself moved the media:
    /// the latch opens again. The old codec's packets may still be under way and stay valid.
    pub fn signalled(&mut self, remote: SocketAddr, codec: u8, dtmf: Option<u8>) {
        let before = self.payload_types[0].filter(|old| *old != codec);
        self.payload_types = [Some(codec), dtmf, Some(COMFORT_NOISE), before];
        if remote != self.signalled {
            self.signalled = remote;
            self.latched = None;
            self.candidate = None;
        }
    }

    /// Judges one RTP packet by its header fields; `now` is the time of its arrival.
    pub fn packet(&mut self, from: SocketAddr, ssrc: u32, payload_type: u8, sequence: u16, now: Time) -> Verdict {
        if !self.payload_types.contains(&Some(payload_type)) {
            return Verdict::Drop;
        }
        let stream = Stream { source: from, ssrc, sequence, heard: now };
        match self.latched {
            None => {
                if from.ip() == self.signalled.ip() || self.believed(stream) {
                    self.latch(stream)
                } else {
                    Verdict::Drop
                }
            }
            Some(latched) if latched.source == from => {
                self.latched = Some(stream);
                self.candidate = None;
                Verdict::Accept
            }
            Some(latched) => {
                if now.since(latched.heard) < SILENT {
                    return Verdict::Drop;
                }
                let known = from.ip() == latched.source.ip() || from.ip() == self.signalled.ip();
                let continues = ssrc == latched.ssrc && follows(latched.sequence, sequence);
                if known || continues || self.believed(stream) { self.latch(stream) } else { Verdict::Drop }
            }
        }
    }

    const fn latch(&mut self, stream: Stream) -> Verdict {
        self.latched = Some(stream);
        self.candidate = None;
        Verdict::Moved(stream.source)
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PCMU: u8 = 0;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn ms(value: u64) -> Time {
        Time::from_millis(value)
    }

    #[test]
    fn the_first_packet_from_the_signalled_ip_latches_even_from_another_port() {
        let mut latch = Latch::new(at("192.0.2.1:4000"), PCMU, Some(101));
        assert_eq!(latch.remote(), at("192.0.2.1:4000"));
        assert_eq!(latch.packet(at("192.0.2.1:61000"), 7, PCMU, 1, ms(0)), Verdict::Moved(at("192.0.2.1:61000")));
        assert_eq!(latch.remote(), at("192.0.2.1:61000"));
        assert_eq!(latch.packet(at("192.0.2.1:61000"), 7, 101, 2, ms(20)), Verdict::Accept);
    }

    #[test]
    fn a_caller_behind_nat_is_believed_after_three_packets_of_one_stream() {
        let mut latch = Latch::new(at("10.0.0.9:4000"), PCMU, None);
        let caller = at("203.0.113.5:9000");
        assert_eq!(latch.packet(caller, 7, PCMU, 65_535, ms(0)), Verdict::Drop);
        assert_eq!(latch.packet(caller, 7, PCMU, 0, ms(20)), Verdict::Drop);
        assert_eq!(latch.packet(caller, 7, PCMU, 1, ms(40)), Verdict::Moved(caller));
    }

    #[test]
    fn the_signalled_ip_wins_over_a_stranger_under_probation() {
        let mut latch = Latch::new(at("192.0.2.1:4000"), PCMU, None);
        let stranger = at("198.51.100.1:1");
        latch.packet(stranger, 1, PCMU, 1, ms(0));
        latch.packet(stranger, 1, PCMU, 2, ms(20));
        let caller = at("192.0.2.1:4000");
        assert_eq!(latch.packet(caller, 7, PCMU, 900, ms(30)), Verdict::Moved(caller));
        assert_eq!(latch.packet(stranger, 1, PCMU, 3, ms(40)), Verdict::Drop);
        assert_eq!(latch.remote(), caller);
    }

    #[test]
    fn another_payload_type_is_no_part_of_the_call() {
        let mut latch = Latch::new(at("192.0.2.1:4000"), PCMU, None);
        assert_eq!(latch.packet(at("192.0.2.1:4000"), 7, 96, 1, ms(0)), Verdict::Drop);
        assert_eq!(
            latch.packet(at("192.0.2.1:4000"), 7, COMFORT_NOISE, 1, ms(0)),
            Verdict::Moved(at("192.0.2.1:4000"))
        );
    }

    #[test]
    fn the_same_stream_from_a_new_port_takes_over_only_after_silence() {
        let mut latch = Latch::new(at("192.0.2.1:4000"), PCMU, None);
        latch.packet(at("192.0.2.1:4000"), 7, PCMU, 10, ms(0));
        let moved = at("192.0.2.77:5000");
        assert_eq!(latch.packet(moved, 7, PCMU, 11, ms(1_999)), Verdict::Drop);
        assert_eq!(latch.packet(moved, 7, PCMU, 12, ms(2_000)), Verdict::Moved(moved));
    }

    #[test]
    fn a_stranger_needs_probation_even_after_silence() {
        let mut latch = Latch::new(at("192.0.2.1:4000"), PCMU, None);
        latch.packet(at("192.0.2.1:4000"), 7, PCMU, 10, ms(0));
        let other = at("198.51.100.1:5000");
        assert_eq!(latch.packet(other, 9, PCMU, 11, ms(2_000)), Verdict::Drop);
        assert_eq!(latch.packet(at("192.0.2.1:4000"), 7, PCMU, 11, ms(2_010)), Verdict::Accept);
        assert_eq!(latch.packet(other, 9, PCMU, 12, ms(2_020)), Verdict::Drop);
        assert_eq!(latch.remote(), at("192.0.2.1:4000"));
    }

    #[test]
    fn a_new_address_in_signalling_opens_the_latch_at_once() {
        let mut latch = Latch::new(at("192.0.2.1:4000"), PCMU, None);
        latch.packet(at("192.0.2.1:4000"), 7, PCMU, 10, ms(0));
        latch.signalled(at("192.0.2.200:6000"), 8, None);
        assert_eq!(latch.remote(), at("192.0.2.200:6000"));
        assert_eq!(latch.packet(at("192.0.2.200:6001"), 8, 8, 1, ms(10)), Verdict::Moved(at("192.0.2.200:6001")));
    }

    #[test]
    fn a_refresh_with_the_same_address_keeps_the_latch() {
        let mut latch = Latch::new(at("10.0.0.9:4000"), PCMU, None);
        let caller = at("203.0.113.5:9000");
        for sequence in 0..3 {
            latch.packet(caller, 7, PCMU, sequence, ms(u64::from(sequence) * 20));
        }
        latch.signalled(at("10.0.0.9:4000"), PCMU, None);
        assert_eq!(latch.remote(), caller);
    }

    proptest! {
        /// While the caller is heard at least every two seconds, nothing a stranger sends changes where packets go.
        #[test]
        fn a_stranger_never_redirects_a_live_flow(
            strangers in prop::collection::vec((0_u8..4, 1_u16.., any::<u32>(), 0_u8..128, any::<u16>(), 0_u64..1_900), 0..200),
        ) {
            let caller = at("192.0.2.1:4000");
            let mut latch = Latch::new(caller, PCMU, Some(101));
            prop_assert_eq!(latch.packet(caller, 7, PCMU, 0, ms(0)), Verdict::Moved(caller));
            let mut sequence = 0_u16;
            for (round, (host, port, ssrc, payload_type, forged, offset)) in strangers.into_iter().enumerate() {
                let now = round as u64 * 1_950;
                sequence = sequence.wrapping_add(97);
                prop_assert_eq!(latch.packet(caller, 7, PCMU, sequence, ms(now)), Verdict::Accept);
                let stranger = SocketAddr::new([198, 51, 100, host].into(), port);
                prop_assert_eq!(latch.packet(stranger, ssrc, payload_type, forged, ms(now + offset)), Verdict::Drop);
                // Knowing the stream's own SSRC and sequence number does not help either.
                prop_assert_eq!(latch.packet(stranger, 7, PCMU, sequence.wrapping_add(1), ms(now + offset)), Verdict::Drop);
                prop_assert_eq!(latch.remote(), caller);
            }
        }

        /// Whatever arrives, the destination is the signalled address or one a packet really came from.
        #[test]
        fn the_destination_is_always_a_known_address(
            packets in prop::collection::vec((0_u8..3, 1_u16..5, 0_u32..3, 0_u8..3, any::<u16>(), 0_u64..3_000), 0..100),
        ) {
            let signalled = at("192.0.2.0:4000");
            let mut latch = Latch::new(signalled, PCMU, None);
            let mut seen = vec![signalled];
            let mut now = 0;
            for (host, port, ssrc, payload_type, sequence, wait) in packets {
                now += wait;
                let from = SocketAddr::new([192, 0, 2, host].into(), port);
                seen.push(from);
                if let Verdict::Moved(to) = latch.packet(from, ssrc, payload_type, sequence, ms(now)) {
                    prop_assert_eq!(to, from);
                }
                prop_assert!(seen.contains(&latch.remote()));
            }
        }
    }
}
