//! Packets as long as a carrier may send them, and shorter ones: every sample of them is heard.

use super::network::{MILLI, sounding, speech};
use super::*;
use crate::codec::Encoder;
use crate::netem::{Conditions, Netem};

/// What a leg hears of two seconds of syllables that come in packets of so many milliseconds.
fn heard(codec: Codec, millis: usize, conditions: Conditions) -> (Vec<i16>, LegStats) {
    let format = Format { codec, payload_type: 0 };
    let mut leg = Leg::new(LegConfig { inbound: format, outbound: format, ..config() }, Time::ZERO);
    let mut netem = Netem::new(conditions, 1);
    let mut encoder = Encoder::new(codec);
    let wide = speech(4 * 16_000);
    let audio: Vec<i16> = if codec.rate() == 8_000 { wide.iter().step_by(2).copied().collect() } else { wide };
    let mut heard = Vec::new();
    let mut packets = audio.chunks_exact(codec.rate() as usize * millis / 1_000).enumerate().peekable();
    while netem.next() != Time::NEVER || packets.peek().is_some() {
        let sends = packets.peek().map_or(Time::NEVER, |(n, _)| Time::from_millis((n * millis + 7) as u64));
        let now = sends.min(netem.next()).min(leg.poll_timeout());
        if sends == now
            && let Some((n, frame)) = packets.next()
        {
            let header = crate::rtp::Header {
                marker: false,
                payload_type: 0,
                sequence: 65_530_u16.wrapping_add(n as u16),
                timestamp: (n * millis) as u32 * (codec.clock() / 1_000),
                ssrc: 5,
            };
            let mut payload = vec![0; 4_000];
            let length = encoder.encode(frame, &mut payload);
            assert!(length > 0, "{codec:?} of {millis} ms");
            netem.send(now, &[&crate::rtp::write(&header)[..], &payload[..length]].concat());
        }
        if let Some((at, packet)) = netem.receive(now) {
            leg.handle(at, Input::Rtp(&packet));
        }
        leg.handle(now, Input::Timeout);
        while let Some(output) = leg.poll_output() {
            if let Output::Heard { audio, .. } = output {
                heard.extend_from_slice(audio);
            }
        }
    }
    (heard, leg.stats())
}

#[test]
fn packets_of_10_to_60_ms_are_heard_whole_in_every_codec() {
    let linear = |rate| Codec::L16 { rate, little_endian: false };
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus, linear(8_000), linear(16_000)] {
        for millis in [10, 20, 30, 40, 60] {
            // An encoder of Opus takes no 30 ms at once.
            if codec == Codec::Opus && millis == 30 {
                continue;
            }
            let (audio, stats) = heard(codec, millis, Conditions::default());
            let whole = 4_000 / millis as u64;
            assert_eq!(stats.received, whole, "{codec:?} in {millis} ms");
            assert_eq!((stats.lost, stats.malformed, stats.late), (0, 0, 0), "{codec:?} in {millis} ms: {stats:?}");
            assert_eq!((stats.drift_dropped, stats.drift_inserted), (0, 0), "{codec:?} in {millis} ms: {stats:?}");
            assert!(stats.concealed_slots == 0, "{codec:?} in {millis} ms: {stats:?}");
            assert!(audio.len() >= 197 * 320 && audio.len() <= 204 * 320, "{} samples", audio.len());
            assert!(sounding(&audio) > 0.95, "{codec:?} in {millis} ms: {}", sounding(&audio));
        }
    }
}

#[test]
fn long_packets_survive_jitter_and_loss_as_short_ones_do() {
    for (codec, millis) in
        [(Codec::Pcmu, 60), (Codec::G722, 40), (Codec::L16 { rate: 16_000, little_endian: false }, 60)]
    {
        let (audio, stats) = heard(codec, millis, Conditions { jitter: 30 * MILLI, ..Conditions::default() });
        assert_eq!((stats.lost, stats.malformed), (0, 0), "{codec:?}: {stats:?}");
        assert!(sounding(&audio) > 0.93, "{codec:?} in {millis} ms: {}", sounding(&audio));
        let (audio, stats) = heard(codec, millis, Conditions { loss: 0.05, ..Conditions::default() });
        assert!(stats.lost > 0 && stats.malformed == 0, "{codec:?}: {stats:?}");
        assert!(sounding(&audio) > 0.80, "{codec:?} in {millis} ms: {}", sounding(&audio));
    }
}

#[test]
fn keys_that_come_as_tones_are_heard_unless_telephone_events_were_agreed() {
    let pairs = [(697.0, 1_336.0), (852.0, 1_477.0), (941.0, 1_209.0)];
    let audio: Vec<i16> = (0..12_000)
        .map(|n| {
            // 100 ms of each key, 100 ms of nothing.
            let (low, high): (f64, f64) = pairs[n as usize / 3_200 % 3];
            let sine = |hz: f64| 6_000.0 * (hz * f64::from(n) / 16_000.0 * std::f64::consts::TAU).sin();
            if n % 3_200 < 1_600 && n < 9_600 { (sine(low) + sine(high)) as i16 } else { 0 }
        })
        .collect();
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        for (framing, dtmf, wanted) in
            [(Framing::Rtp, None, "29*"), (Framing::Rtp, Some(101), ""), (Framing::Transport, None, "")]
        {
            let format = Format { codec, payload_type: 0 };
            let config = LegConfig { inbound: format, outbound: format, framing, dtmf, ..config() };
            let mut leg = Leg::new(config, Time::ZERO);
            let mut encoder = Encoder::new(codec);
            let mut keys = String::new();
            for (n, frame) in audio.chunks_exact(320).enumerate() {
                let now = Time::from_millis(20 * n as u64);
                let narrow: Vec<i16> = frame.iter().step_by(16_000 / codec.rate() as usize).copied().collect();
                let mut payload = [0; 160];
                encoder.encode(&narrow, &mut payload);
                let header = crate::rtp::Header {
                    marker: false,
                    payload_type: 0,
                    sequence: n as u16,
                    timestamp: 160 * n as u32,
                    ssrc: 5,
                };
                let packet = [&crate::rtp::write(&header)[..], &payload].concat();
                leg.handle(
                    now,
                    match framing {
                        Framing::Rtp => Input::Rtp(&packet),
                        Framing::Transport => {
                            Input::Payload { sequence: n as u64, timestamp: 160 * n as u64, payload: &payload }
                        }
                    },
                );
                while let Some(output) = leg.poll_output() {
                    if let Output::Dtmf { digit, .. } = output {
                        keys.push(digit);
                    }
                }
            }
            assert_eq!(keys, wanted, "{codec:?}, {framing:?}, telephone-event {dtmf:?}");
        }
    }
}

#[test]
fn a_key_of_another_stream_is_heard_whatever_its_clock_says() {
    let mut leg = Leg::new(config(), Time::ZERO);
    let mut keys = String::new();
    // A transfer at the other side: a new stream, whose clock is a little behind the last one's.
    for (n, (ssrc, clock, key)) in (0_u32..).zip([(5, 1_000_000, 1_u8), (6, 900_000, 2)]) {
        for packet in 0..60_u32 {
            let pressed = packet >= 55;
            let header = crate::rtp::Header {
                marker: packet == 55,
                payload_type: if pressed { 101 } else { 0 },
                sequence: packet as u16,
                timestamp: clock + 160 * packet.min(55),
                ssrc,
            };
            let payload: &[u8] = if pressed { &[key, 10, 3, 32] } else { &[0xff; 160] };
            let now = Time::from_millis(u64::from(20 * (60 * n + packet)));
            leg.handle(now, Input::Rtp(&[&crate::rtp::write(&header)[..], payload].concat()));
            leg.handle(now, Input::Timeout);
            while let Some(output) = leg.poll_output() {
                if let Output::Dtmf { digit, .. } = output {
                    keys.push(digit);
                }
            }
        }
    }
    assert_eq!(keys, "12");
}
