mod bursts;
mod drift;
mod network;
mod opus;
mod packets;

use std::f64::consts::TAU;
use std::time::Duration;

use super::*;
use crate::speech::SpeechId;

const ID: SpeechId = SpeechId { generation: 1, utterance: 1, attempt: 0 };

const fn is_send<T: Send>() {}

/// A leg may move between threads.
const _: () = is_send::<Leg>();

fn config() -> LegConfig {
    let format = Format { codec: Codec::Pcmu, payload_type: 0 };
    LegConfig {
        inbound: format,
        outbound: format,
        framing: Framing::Rtp,
        dtmf: Some(101),
        ssrc: 0x1234_5678,
        first_sequence: u16::MAX,
        first_timestamp: u32::MAX - 100,
        rtcp_interval: RTCP_INTERVAL,
        ears: true,
        denoise: false,
        gain: false,
        echo_control: false,
    }
}

/// The outputs that matter here, owned.
fn drain(leg: &mut Leg) -> Vec<Ready> {
    let mut all = Vec::new();
    while let Some(ready) = leg.advance() {
        all.push(ready);
    }
    all
}

#[test]
fn a_quiet_leg_sends_one_packet_a_slot_and_hears_silence_60_ms_behind() {
    let mut leg = Leg::new(config(), Time::ZERO);
    let (mut packets, mut said, mut heard) = (0, 0, 0);
    for n in 0..100_u64 {
        leg.handle(Time::from_millis(20 * n), Input::Timeout);
        for ready in drain(&mut leg) {
            match ready {
                Ready::Packet { slot, .. } => {
                    assert_eq!(slot, packets);
                    packets += 1;
                }
                Ready::Said { at } => {
                    assert_eq!(at, Samples::from_slots(said));
                    said += 1;
                }
                Ready::Heard { at } => {
                    assert_eq!(at, Samples::from_slots(heard));
                    heard += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(leg.poll_timeout(), Time::from_millis(20 * n + 20));
    }
    assert_eq!((packets, said, heard), (100, 100, 97));
}

#[test]
fn speech_comes_out_as_mu_law_and_is_heard_by_a_second_leg() {
    let mut ours = Leg::new(config(), Time::ZERO);
    let mut theirs = Leg::new(config(), Time::ZERO);
    let tone: Vec<i16> = (0..16_000).map(|n| (8_000.0 * (f64::from(n) * 0.3).sin()) as i16).collect();
    ours.handle(Time::ZERO, Input::Audible(ID));
    let mut rest = &tone[..];
    let (mut heard, mut finished) = (Vec::new(), None);
    for n in 0..70_u64 {
        let now = Time::from_millis(20 * n);
        let taken = ours.room().min(rest.len());
        ours.handle(now, Input::Speech { id: ID, audio: &rest[..taken] });
        rest = &rest[taken..];
        if rest.is_empty() {
            ours.handle(now, Input::SpeechEnd { id: ID });
        }
        while let Some(output) = ours.poll_output() {
            match output {
                Output::Rtp { packet, .. } => {
                    theirs.handle(now + Duration::from_millis(3), Input::Rtp(packet));
                    while let Some(output) = theirs.poll_output() {
                        if let Output::Heard { audio, .. } = output {
                            heard.extend_from_slice(audio);
                        }
                    }
                }
                Output::Finished { samples, .. } => finished = Some((n, samples)),
                _ => {}
            }
        }
    }
    assert_eq!(finished, Some((49, 16_000)));
    // Through two filters of 1.4 ms and mu-law, the tone is still 30 dB above everything else.
    let delay = (0..100).min_by_key(|&delay| error(&tone, &heard, delay)).unwrap();
    let (power, error) =
        (tone[..15_000].iter().map(|&s| i64::from(s).pow(2)).sum::<i64>(), error(&tone, &heard, delay));
    assert!(delay < 64, "delay {delay} samples");
    assert!(error * 300 < power, "error {error} of {power}");
}

#[test]
fn a_leg_without_ears_hears_the_same_and_judges_nothing() {
    let tone: Vec<i16> =
        (0..64_000).map(|n| (8_000.0 * (f64::from(n) * 1_100.0 * TAU / 16_000.0).sin()) as i16).collect();
    let hear = |ears: bool| {
        let mut far = Leg::new(config(), Time::ZERO);
        let mut leg = Leg::new(LegConfig { ears, ..config() }, Time::ZERO);
        far.handle(Time::ZERO, Input::Audible(ID));
        let (mut rest, mut heard, mut judged) = (&tone[..], Vec::new(), 0);
        for n in 0..200_u64 {
            let now = Time::from_millis(20 * n);
            let taken = far.room().min(rest.len());
            far.handle(now, Input::Speech { id: ID, audio: &rest[..taken] });
            rest = &rest[taken..];
            while let Some(output) = far.poll_output() {
                let Output::Rtp { packet, .. } = output else { continue };
                leg.handle(now, Input::Rtp(packet));
                while let Some(output) = leg.poll_output() {
                    match output {
                        Output::Heard { audio, .. } => heard.extend_from_slice(audio),
                        Output::FaxTone { .. } | Output::SpeechStart { .. } | Output::Speaking { .. } => judged += 1,
                        _ => {}
                    }
                }
            }
        }
        (heard, judged)
    };
    let ((with, judged), (without, not_judged)) = (hear(true), hear(false));
    assert!(with == without && !with.is_empty());
    assert!(judged > 0);
    assert_eq!(not_judged, 0);
}

fn error(tone: &[i16], heard: &[i16], delay: usize) -> i64 {
    (1_000..15_000).map(|n| (i64::from(tone[n]) - i64::from(heard[n + delay])).pow(2)).sum()
}

#[test]
fn on_hold_nothing_is_sent_and_the_clock_goes_on() {
    let mut leg = Leg::new(config(), Time::ZERO);
    leg.handle(Time::ZERO, Input::Hold);
    for n in 0..10_u64 {
        leg.handle(Time::from_millis(20 * n), Input::Timeout);
        assert!(drain(&mut leg).iter().all(|ready| !matches!(ready, Ready::Packet { .. })));
    }
    leg.handle(Time::from_millis(200), Input::Unhold);
    let first = drain(&mut leg);
    assert_eq!(first[0], Ready::Packet { slot: 10, framing: Framing::Rtp });
}

#[test]
fn what_was_paused_for_a_hold_is_not_heard_after_it() {
    let mut leg = Leg::new(config(), Time::ZERO);
    leg.handle(Time::ZERO, Input::Audible(ID));
    leg.handle(Time::ZERO, Input::Speech { id: ID, audio: &[9_000; 6_400] });
    let silent = |leg: &mut Leg, slots: std::ops::Range<u64>| {
        let mut sound = false;
        for n in slots {
            leg.handle(Time::from_millis(20 * n), Input::Timeout);
            while let Some(output) = leg.poll_output() {
                if let Output::Rtp { packet, .. } = output {
                    // 0xff is silence in mu-law.
                    sound |= packet[12..].iter().any(|byte| *byte != 0xff);
                }
            }
        }
        !sound
    };
    assert!(!silent(&mut leg, 0..5));
    leg.handle(Time::from_millis(90), Input::Pause);
    leg.handle(Time::from_millis(90), Input::Hold);
    assert!(silent(&mut leg, 5..10));
    leg.handle(Time::from_millis(190), Input::Unhold);
    assert!(silent(&mut leg, 10..15));
    leg.handle(Time::from_millis(290), Input::Resume { back: 0 });
    assert!(!silent(&mut leg, 15..20));
}

#[test]
fn a_packet_too_large_to_hold_is_lost_once() {
    let mut leg = Leg::new(config(), Time::ZERO);
    for n in 0..50_u64 {
        let length = if n == 10 { Codec::Pcmu.most_payload() + 1 } else { 160 };
        let mut packet = vec![0x80, 0, 0, n as u8];
        packet.extend((160 * n as u32).to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        packet.resize(12 + length, 0xff);
        leg.handle(Time::from_millis(20 * n), Input::Rtp(&packet));
        leg.handle(Time::from_millis(20 * n), Input::Timeout);
        drain(&mut leg);
    }
    assert_eq!(leg.stats().lost, 1);
}

/// A stream's numbers are 32 bits wide and its frames at most 64 KiB: chunk 0, then the last there can be.
#[test]
fn the_furthest_place_that_a_chunk_can_have_ends_no_call() {
    let mut leg = Leg::new(LegConfig { framing: Framing::Transport, ..config() }, Time::ZERO);
    for (n, sequence) in [0, u64::from(u32::MAX), 1].into_iter().enumerate() {
        let now = Time::from_millis(20 * n as u64);
        let input = Input::Payload { sequence, timestamp: sequence * 65_536, payload: &[0xff; 160] };
        leg.handle(now, input);
        leg.handle(now, Input::Timeout);
        drain(&mut leg);
    }
    assert_eq!(leg.stats().received, 3);
}
