//! Who takes over whose media, and when.

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
    let mut latch = Latch::new(at("192.0.2.1:4000"), None, PCMU, Some(101));
    assert_eq!(latch.remote(), at("192.0.2.1:4000"));
    assert_eq!(latch.packet(at("192.0.2.1:61000"), 7, PCMU, 1, ms(0)), Verdict::Moved(at("192.0.2.1:61000")));
    assert_eq!(latch.remote(), at("192.0.2.1:61000"));
    assert_eq!(latch.packet(at("192.0.2.1:61000"), 7, 101, 2, ms(20)), Verdict::Accept);
}

#[test]
fn a_caller_behind_nat_is_believed_after_three_packets_of_one_stream() {
    let mut latch = Latch::new(at("10.0.0.9:4000"), None, PCMU, None);
    let caller = at("203.0.113.5:9000");
    assert_eq!(latch.packet(caller, 7, PCMU, 65_535, ms(0)), Verdict::Drop);
    assert_eq!(latch.packet(caller, 7, PCMU, 0, ms(20)), Verdict::Drop);
    assert_eq!(latch.packet(caller, 7, PCMU, 1, ms(40)), Verdict::Moved(caller));
}

#[test]
fn the_signalled_ip_wins_over_a_stranger_under_probation() {
    let mut latch = Latch::new(at("192.0.2.1:4000"), None, PCMU, None);
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
    let mut latch = Latch::new(at("192.0.2.1:4000"), None, PCMU, None);
    assert_eq!(latch.packet(at("192.0.2.1:4000"), 7, 96, 1, ms(0)), Verdict::Drop);
    assert_eq!(latch.packet(at("192.0.2.1:4000"), 7, COMFORT_NOISE, 1, ms(0)), Verdict::Moved(at("192.0.2.1:4000")));
}

#[test]
fn the_same_stream_from_a_new_port_takes_over_only_after_silence() {
    let mut latch = Latch::new(at("192.0.2.1:4000"), None, PCMU, None);
    latch.packet(at("192.0.2.1:4000"), 7, PCMU, 10, ms(0));
    let moved = at("192.0.2.77:5000");
    assert_eq!(latch.packet(moved, 7, PCMU, 11, ms(1_999)), Verdict::Drop);
    assert_eq!(latch.packet(moved, 7, PCMU, 12, ms(2_000)), Verdict::Moved(moved));
}

#[test]
fn a_stranger_is_not_believed_after_silence_either() {
    let mut latch = Latch::new(at("192.0.2.1:4000"), None, PCMU, None);
    latch.packet(at("192.0.2.1:4000"), 7, PCMU, 10, ms(0));
    let other = at("198.51.100.1:5000");
    assert_eq!(latch.packet(other, 9, PCMU, 11, ms(2_000)), Verdict::Drop);
    assert_eq!(latch.packet(at("192.0.2.1:4000"), 7, PCMU, 11, ms(2_010)), Verdict::Accept);
    assert_eq!(latch.packet(other, 9, PCMU, 12, ms(2_020)), Verdict::Drop);
    assert_eq!(latch.remote(), at("192.0.2.1:4000"));
}

#[test]
fn a_stranger_never_takes_what_the_signalled_host_has_had_however_long_it_is_silent() {
    let (caller, stranger) = (at("192.0.2.1:4000"), at("198.51.100.1:1"));
    let mut latch = Latch::new(caller, None, PCMU, None);
    latch.packet(caller, 7, PCMU, 10, ms(0));
    assert_eq!(send(&mut latch, stranger, 1, 500, 3_000), Verdict::Drop);
    assert_eq!(latch.remote(), caller);
}

#[test]
fn a_new_address_in_signalling_opens_the_latch_at_once() {
    let mut latch = Latch::new(at("192.0.2.1:4000"), None, PCMU, None);
    latch.packet(at("192.0.2.1:4000"), 7, PCMU, 10, ms(0));
    latch.signalled(Some(at("192.0.2.200:6000")), 8, None);
    assert_eq!(latch.remote(), at("192.0.2.200:6000"));
    assert_eq!(latch.packet(at("192.0.2.200:6001"), 8, 8, 1, ms(10)), Verdict::Moved(at("192.0.2.200:6001")));
}

#[test]
fn a_refresh_with_the_same_address_keeps_the_latch() {
    let mut latch = Latch::new(at("10.0.0.9:4000"), None, PCMU, None);
    let caller = at("203.0.113.5:9000");
    for sequence in 0..3 {
        latch.packet(caller, 7, PCMU, sequence, ms(u64::from(sequence) * 20));
    }
    latch.signalled(Some(at("10.0.0.9:4000")), PCMU, None);
    assert_eq!(latch.remote(), caller);
}

#[test]
fn another_codec_makes_no_stranger_the_signalled_host() {
    let (caller, stranger) = (at("192.0.2.1:4000"), at("198.51.100.1:1"));
    let mut latch = Latch::new(caller, None, PCMU, None);
    assert_eq!(send(&mut latch, stranger, 1, 3, 0), Verdict::Moved(stranger));
    latch.signalled(None, 8, None);
    assert_eq!(latch.packet(caller, 7, 8, 1, ms(70)), Verdict::Moved(caller));
    assert_eq!(latch.packet(stranger, 1, 8, 3, ms(80)), Verdict::Drop);
}

/// Sends so many packets of one stream, 20 ms apart; what became of the last.
fn send(latch: &mut Latch, from: SocketAddr, ssrc: u32, count: u16, begins: u64) -> Verdict {
    let mut last = Verdict::Drop;
    for sequence in 0..count {
        last = latch.packet(from, ssrc, PCMU, sequence, ms(begins + u64::from(sequence) * 20));
    }
    last
}

#[test]
fn the_signalled_ip_takes_back_at_once_what_a_stranger_took_first() {
    let (caller, stranger) = (at("192.0.2.1:4000"), at("198.51.100.1:1"));
    let mut latch = Latch::new(caller, None, PCMU, None);
    assert_eq!(send(&mut latch, stranger, 1, 3, 0), Verdict::Moved(stranger));
    assert_eq!(latch.packet(caller, 7, PCMU, 900, ms(50)), Verdict::Moved(caller));
    assert_eq!(latch.packet(stranger, 1, PCMU, 3, ms(60)), Verdict::Drop);
    assert_eq!(latch.packet(caller, 7, PCMU, 901, ms(70)), Verdict::Accept);
}

#[test]
fn so_does_the_host_that_signalling_comes_from_when_the_signalled_ip_is_one_behind_a_nat() {
    let (caller, stranger) = (at("203.0.113.5:9000"), at("198.51.100.1:1"));
    let mut latch = Latch::new(at("10.0.0.9:4000"), Some(caller.ip()), PCMU, None);
    assert_eq!(send(&mut latch, stranger, 1, 3, 0), Verdict::Moved(stranger));
    assert_eq!(latch.packet(caller, 7, PCMU, 900, ms(50)), Verdict::Moved(caller));
    assert_eq!(send(&mut latch, stranger, 1, 200, 60), Verdict::Drop);
    assert_eq!(latch.remote(), caller);
}

#[test]
fn nobody_takes_over_while_the_caller_is_on_hold_and_the_caller_resumes_at_once() {
    for (signalled, named) in [("192.0.2.1:4000", true), ("10.0.0.9:4000", false)] {
        let (caller, stranger) = (at("192.0.2.1:4000"), at("198.51.100.1:1"));
        let mut latch = Latch::new(at(signalled), None, PCMU, None);
        assert_eq!(send(&mut latch, caller, 7, 3, 0), if named { Verdict::Accept } else { Verdict::Moved(caller) });
        latch.held();
        assert_eq!(send(&mut latch, stranger, 1, 400, 3_000), Verdict::Drop, "{signalled}");
        // Not even with the stream's own numbers.
        assert_eq!(latch.packet(stranger, 7, PCMU, 3, ms(11_000)), Verdict::Drop);
        assert_eq!(latch.remote(), caller);
        latch.resumed();
        assert_eq!(latch.remote(), caller);
        // The next port of the same host, after a telephone's own hold: its old one need not have been silent for long.
        let resumed = at("192.0.2.1:4002");
        assert_eq!(latch.packet(resumed, 9, PCMU, 0, ms(11_100)), Verdict::Moved(resumed), "{signalled}");
        assert_eq!(latch.packet(stranger, 1, PCMU, 400, ms(11_110)), Verdict::Drop);
    }
}

#[test]
fn a_resume_takes_media_away_from_who_was_believed_meanwhile() {
    let (caller, stranger) = (at("192.0.2.1:4000"), at("198.51.100.1:1"));
    let mut latch = Latch::new(at("10.0.0.9:4000"), None, PCMU, None);
    send(&mut latch, caller, 7, 3, 0);
    // Behind a NAT nothing names the caller: long silence, not on hold, lets another in.
    assert_eq!(send(&mut latch, stranger, 1, 3, 3_000), Verdict::Moved(stranger));
    latch.held();
    latch.resumed();
    assert_eq!(latch.remote(), at("10.0.0.9:4000"));
    assert_eq!(latch.packet(caller, 7, PCMU, 3, ms(5_000)), Verdict::Moved(caller));
}

#[test]
fn who_was_believed_first_comes_back_at_once_from_a_long_silence() {
    let (caller, stranger) = (at("192.0.2.1:4000"), at("198.51.100.1:1"));
    let mut latch = Latch::new(at("10.0.0.9:4000"), None, PCMU, None);
    assert_eq!(send(&mut latch, caller, 7, 3, 0), Verdict::Moved(caller));
    assert_eq!(send(&mut latch, stranger, 1, 3, 3_000), Verdict::Moved(stranger));
    assert_eq!(latch.packet(caller, 7, PCMU, 200, ms(3_050)), Verdict::Moved(caller));
    assert_eq!(latch.packet(stranger, 1, PCMU, 3, ms(3_060)), Verdict::Drop);
}

#[test]
fn a_call_that_begins_on_hold_believes_only_the_signalled_host() {
    let (caller, stranger) = (at("192.0.2.1:4000"), at("198.51.100.1:1"));
    let mut latch = Latch::new(caller, None, PCMU, None);
    latch.held();
    assert_eq!(send(&mut latch, stranger, 1, 50, 0), Verdict::Drop);
    assert_eq!(latch.packet(caller, 7, PCMU, 1, ms(2_000)), Verdict::Moved(caller));
}

proptest! {
    /// While the caller is heard at least every two seconds, nothing a stranger sends changes where packets go.
    #[test]
    fn a_stranger_never_redirects_a_live_flow(
        strangers in prop::collection::vec((0_u8..4, 1_u16.., any::<u32>(), 0_u8..128, any::<u16>(), 0_u64..1_900), 0..200),
    ) {
        let caller = at("192.0.2.1:4000");
        let mut latch = Latch::new(caller, None, PCMU, Some(101));
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

    /// Whoever came first, however long the caller was silent or held: the caller's next packet is heard, and answered there.
    #[test]
    fn the_signalled_host_is_always_heard(
        strangers in prop::collection::vec((0_u8..3, 1_u16..4, 0_u32..3, any::<u16>(), 0_u64..3_000, 0_u8..8), 1..100),
        natted in any::<bool>(),
    ) {
        let caller = at("192.0.2.1:4000");
        let (signalled, peer) = if natted { (at("10.0.0.9:4000"), Some(caller.ip())) } else { (caller, None) };
        let mut latch = Latch::new(signalled, peer, PCMU, None);
        let mut now = 0;
        for (host, port, ssrc, sequence, wait, change) in strangers {
            now += wait;
            match change {
                0 => latch.held(),
                1 => latch.resumed(),
                _ => {}
            }
            latch.packet(SocketAddr::new([198, 51, 100, host].into(), port), ssrc, PCMU, sequence, ms(now));
        }
        prop_assert_ne!(latch.packet(caller, 7, PCMU, 0, ms(now)), Verdict::Drop);
        prop_assert_eq!(latch.remote(), caller);
    }

    /// Whatever arrives, the destination is the signalled address or one a packet really came from.
    #[test]
    fn the_destination_is_always_a_known_address(
        packets in prop::collection::vec((0_u8..3, 1_u16..5, 0_u32..3, 0_u8..3, any::<u16>(), 0_u64..3_000), 0..100),
    ) {
        let signalled = at("192.0.2.0:4000");
        let mut latch = Latch::new(signalled, None, PCMU, None);
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
