//! Two legs that report to each other, and reports nobody should believe.

use proptest::prelude::*;

use super::super::contract::{Codec, Format, Input, Output, RTCP_INTERVAL};
use super::super::{Leg, Talk};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn config(ssrc: u32) -> LegConfig {
    let format = Format { codec: Codec::Pcmu, payload_type: 0 };
    LegConfig {
        inbound: format,
        outbound: format,
        framing: Framing::Rtp,
        dtmf: None,
        ssrc,
        first_sequence: 65_000,
        first_timestamp: u32::MAX - 1_000,
        rtcp_interval: RTCP_INTERVAL,
        ears: true,
        denoise: false,
        gain: false,
        echo_control: false,
    }
}

/// Two legs, `delay` apart each way, of which the second loses every tenth packet of the first; all that was sent as RTCP.
struct Pair {
    legs: [Leg; 2],
    delay: Duration,
    flying: Vec<(Time, usize, Vec<u8>)>,
    reports: [Vec<(Time, Vec<u8>)>; 2],
    sent: u64,
}

impl Pair {
    fn new(interval: Duration, delay: Duration) -> Self {
        let leg = |ssrc| Leg::new(LegConfig { rtcp_interval: interval, ..config(ssrc) }, Time::ZERO);
        Self { legs: [leg(1), leg(2)], delay, flying: Vec::new(), reports: [Vec::new(), Vec::new()], sent: 0 }
    }

    fn run(&mut self, to: Time) {
        loop {
            let arrives = self.flying.iter().map(|(at, ..)| *at).min().unwrap_or(Time::NEVER);
            let now = self.legs.iter().map(Leg::poll_timeout).fold(arrives, Time::min);
            if now > to {
                return;
            }
            let (arrived, flying): (Vec<_>, Vec<_>) = self.flying.drain(..).partition(|(at, ..)| *at <= now);
            self.flying = flying;
            for n in 0..2 {
                self.legs[n].handle(now, Input::Timeout);
                self.poll(n, now);
                for (_, _, packet) in arrived.iter().filter(|(_, to, _)| *to == n) {
                    let rtcp = (192..=223).contains(&packet[1]);
                    self.legs[n].handle(now, if rtcp { Input::Rtcp(packet) } else { Input::Rtp(packet) });
                    self.poll(n, now);
                }
            }
        }
    }

    fn poll(&mut self, n: usize, now: Time) {
        while let Some(output) = self.legs[n].poll_output() {
            let packet = match output {
                Output::Rtp { packet, .. } => {
                    self.sent += u64::from(n == 0);
                    if n == 0 && self.sent.is_multiple_of(10) {
                        continue;
                    }
                    packet
                }
                Output::Rtcp { packet } => {
                    self.reports[n].push((now, packet.to_vec()));
                    packet
                }
                _ => continue,
            };
            self.flying.push((now + self.delay, 1 - n, packet.to_vec()));
        }
    }
}

fn blocks(datagram: &[u8]) -> Vec<Block> {
    rtcp::read(datagram)
        .flatten()
        .flat_map(|part| match part {
            Part::SenderReport { blocks, .. } | Part::ReceiverReport { blocks, .. } => blocks.collect(),
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn two_legs_tell_each_other_loss_and_the_time_there_and_back() {
    let mut pair = Pair::new(RTCP_INTERVAL, Duration::from_millis(30));
    pair.run(Time::from_millis(60_000));
    let [ours, theirs] = [0, 1].map(|n: usize| pair.legs[n].stats());
    // 60 ms and what is lost to rounding: 1/65,536 s three times.
    for stats in [ours, theirs] {
        let rtt = stats.rtt_us.unwrap();
        assert!((59_950..=60_050).contains(&rtt), "{rtt}");
        assert_eq!(stats.rtcp_refused, 0);
    }
    let told = blocks(&pair.reports[1].last().unwrap().1)[0];
    assert_eq!(ours.remote_lost, Some(told.lost as u64));
    assert!((260..=300).contains(&told.lost), "{}", told.lost);
    assert!((24..=28).contains(&told.fraction_lost), "a tenth of 256: {}", told.fraction_lost);
    assert_eq!((theirs.remote_lost, theirs.remote_jitter_us), (Some(0), Some(0)));
}

#[test]
fn reports_come_about_every_five_seconds_and_never_at_once() {
    let mut pair = Pair::new(RTCP_INTERVAL, Duration::from_millis(1));
    pair.run(Time::ZERO + 600 * SECOND);
    for reports in &pair.reports {
        let times: Vec<Time> = std::iter::once(Time::ZERO).chain(reports.iter().map(|(at, _)| *at)).collect();
        let waits: Vec<Duration> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
        assert!(waits.iter().all(|wait| (2_500..7_501).contains(&wait.as_millis())), "{waits:?}");
        assert!((105..=135).contains(&waits.len()), "{}", waits.len());
    }
    assert_ne!(pair.reports[0][0].0, pair.reports[1][0].0);
}

#[test]
fn a_sender_report_says_what_was_sent_under_a_name_of_96_bits() {
    let mut pair = Pair::new(SECOND, Duration::from_millis(1));
    pair.run(Time::from_millis(2_000));
    let (at, report) = &pair.reports[0][0];
    let parts: Vec<_> = rtcp::read(report).map(Result::unwrap).collect();
    let [Part::SenderReport { ssrc: 1, sent, .. }, Part::Description { ssrc: 1, cname }] = parts[..] else {
        panic!("{parts:?}");
    };
    let slots = at.as_millis() / 20 + 1;
    assert_eq!(u64::from(sent.packets), slots);
    assert_eq!(u64::from(sent.bytes), 160 * slots);
    assert_eq!(sent.ntp, rtcp::ntp(*at));
    let ticks = at.as_micros() * 8 / 1_000;
    assert!(sent.timestamp.wrapping_sub(u32::MAX - 1_000).abs_diff(ticks as u32) <= 1);
    assert_eq!(cname.len(), NAME);
    assert!(cname.iter().all(u8::is_ascii_hexdigit));
}

#[test]
fn who_has_sent_nothing_for_two_reports_is_a_receiver() {
    let mut reports = Reports::new(&config(1), Time::ZERO);
    let mut reception = Reception::new(8_000);
    reports.sent(Time::from_millis(20), 0, 160);
    let mut kinds = Vec::new();
    for n in 1..5_u16 {
        let now = Time::ZERO + 10 * SECOND * u32::from(n);
        reception.packet(now, 9, n, None);
        assert!(reports.take(now, 8_000, &mut reception));
        assert!(!reports.take(now, 8_000, &mut reception));
        kinds.push(reports.packet()[1]);
        assert_eq!(blocks(reports.packet()).len(), 1);
    }
    assert_eq!(kinds, [200, 200, 201, 201]);
}

#[test]
fn on_hold_and_on_streams_nothing_is_reported() {
    let mut pair = Pair::new(SECOND, Duration::from_millis(1));
    pair.legs[0].handle(Time::ZERO, Input::Hold);
    pair.run(Time::from_millis(20_000));
    assert_eq!(pair.reports[0].len(), 0);
    assert!(pair.reports[1].len() > 10);
    pair.legs[0].handle(Time::from_millis(20_000), Input::Unhold);
    assert_eq!(pair.legs[0].talk, Talk::Open);
    pair.run(Time::from_millis(30_000));
    assert!(pair.reports[0][0].0 >= Time::from_millis(20_500));
    // What came meanwhile was not heard and is not lost.
    assert_eq!(blocks(&pair.reports[0][0].1)[0].lost, 0);

    let mut stream = Leg::new(LegConfig { framing: Framing::Transport, ..config(1) }, Time::ZERO);
    for n in 0..1_000 {
        stream.handle(Time::from_millis(20 * n), Input::Timeout);
        while let Some(output) = stream.poll_output() {
            assert!(!matches!(output, Output::Rtcp { .. }));
        }
    }
}

#[test]
fn a_goodbye_and_reports_of_others_change_nothing() {
    let mut pair = Pair::new(SECOND, Duration::from_millis(20));
    pair.run(Time::from_millis(10_000));
    let before = pair.legs[0].stats();
    let now = Time::from_millis(10_001);
    let mut out = [0; 128];
    let name = b"x";
    // About another stream, from ourselves, and about ours but naming a report that we never sent.
    let other = Block { ssrc: 77, lost: 1_000, ..Block::default() };
    let length = rtcp::write_report(2, None, Some(&other), name, &mut out).unwrap();
    pair.legs[0].handle(now, Input::Rtcp(&out[..length]));
    let looped = Block { ssrc: 1, lost: 1_000, ..Block::default() };
    let length = rtcp::write_report(1, None, Some(&looped), name, &mut out).unwrap();
    pair.legs[0].handle(now, Input::Rtcp(&out[..length]));
    let length = rtcp::write_report(2, None, None, name, &mut out).unwrap();
    let goodbye = rtcp::write_goodbye(2, &mut out[length..]).unwrap();
    pair.legs[0].handle(now, Input::Rtcp(&out[..length + goodbye]));
    assert_eq!(pair.legs[0].stats(), before);
    let invented = Block {
        ssrc: 1,
        lost: -5,
        last_report: rtcp::middle(rtcp::ntp(Time::from_millis(9_000))).wrapping_add(3),
        ..Block::default()
    };
    let length = rtcp::write_report(2, None, Some(&invented), name, &mut out).unwrap();
    pair.legs[0].handle(now, Input::Rtcp(&out[..length]));
    assert_eq!(pair.legs[0].stats().rtt_us, before.rtt_us);
    assert_eq!(pair.legs[0].stats().remote_lost, Some(0));
    // The call goes on.
    pair.run(Time::from_millis(20_000));
    assert_eq!(pair.legs[0].stats().slots, 1_001);
}

#[test]
fn what_begins_with_no_report_or_ends_in_the_middle_is_refused_whole() {
    let mut leg = Leg::new(config(1), Time::ZERO);
    let block = Block { ssrc: 1, lost: 9, ..Block::default() };
    let mut out = [0; 128];
    let length = rtcp::write_report(2, None, Some(&block), b"x", &mut out).unwrap();
    let goodbye = [0x81, 203, 0, 1, 0, 0, 0, 2];
    for datagram in [&out[..length - 1], &goodbye, &[], &[0x80, 201]] {
        leg.handle(Time::from_millis(10), Input::Rtcp(datagram));
    }
    assert_eq!((leg.stats().rtcp_refused, leg.stats().remote_lost), (4, None));
}

proptest! {
    #[test]
    fn no_rtcp_makes_a_leg_panic_or_stop(
        datagrams in prop::collection::vec(
            (0..4_u8, 200..205_u8, prop::collection::vec(prop_oneof![Just(0), Just(1), Just(255), any::<u8>()], 0..120)),
            1..20,
        ),
    ) {
        let mut leg = Leg::new(LegConfig { rtcp_interval: SLOT, ..config(1) }, Time::ZERO);
        let mut packets = 0;
        for (n, (count, kind, body)) in datagrams.iter().enumerate() {
            let mut datagram = vec![0x80 | count, *kind, 0, (body.len() / 4) as u8];
            datagram.extend(&body[..body.len() / 4 * 4]);
            let now = Time::from_millis(20 * n as u64);
            leg.handle(now, Input::Rtcp(&datagram));
            while let Some(output) = leg.poll_output() {
                packets += u64::from(matches!(output, Output::Rtp { .. }));
            }
            prop_assert!(leg.poll_timeout() > now);
        }
        prop_assert_eq!(packets, datagrams.len() as u64);
    }
}
