//! What a leg may cost: no allocation in any slot once it is made, and at most 100 KiB of memory.
//!
//! A test binary of its own, since it counts in the process's allocator. Counters are per thread: tests run beside it.

mod counting;

use std::time::Duration;

use attendant_media::frame::SLOT_SAMPLES;
use attendant_media::leg::{Codec, Format, Framing, Input, Leg, LegConfig, Output};
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;

fn config(codec: Codec, cleaning: bool) -> LegConfig {
    let format = Format { codec, payload_type: 0 };
    LegConfig {
        inbound: format,
        outbound: format,
        framing: Framing::Rtp,
        dtmf: Some(101),
        ssrc: 1,
        first_sequence: 1,
        first_timestamp: 1,
        rtcp_interval: Duration::from_millis(100),
        ears: true,
        denoise: cleaning,
        gain: cleaning,
        echo_control: cleaning,
    }
}

/// Allocations within `slots` slots of a leg that speaks and hears itself, with pauses and changes of speech.
fn allocations(config: LegConfig, slots: u64) -> usize {
    let mut leg = Leg::new(config, Time::ZERO);
    let speech: [i16; SLOT_SAMPLES] = std::array::from_fn(|n| (6_000.0 * (n as f32 * 0.2).sin()) as i16);
    let mut packet = [0; 1_500];
    let mut length = 0;
    let mut report = [0; 256];
    let (mut reports, mut reported) = (0, 0);
    let before = counting::allocations();
    for slot in 0..slots {
        let now = Time::from_millis(20 * slot);
        let id = SpeechId { generation: (slot / 100) as u32, ..SpeechId::default() };
        leg.handle(now, Input::Audible(id));
        leg.handle(now, Input::Speech { id, audio: &speech });
        match slot % 100 {
            50 => leg.handle(now, Input::Pause),
            60 => leg.handle(now, Input::Resume { back: 3_000 }),
            90 => leg.handle(now, Input::SpeechEnd { id }),
            // Every tenth packet is lost and every seventh comes twice.
            n if n % 10 == 0 => {}
            n => {
                leg.handle(now, Input::Rtp(&packet[..length]));
                if n % 7 == 0 {
                    leg.handle(now, Input::Rtp(&packet[..length]));
                }
            }
        }
        while let Some(output) = leg.poll_output() {
            match output {
                Output::Rtp { packet: sent, .. } => {
                    packet[..sent.len()].copy_from_slice(sent);
                    length = sent.len();
                }
                Output::Rtcp { packet } => {
                    report[..packet.len()].copy_from_slice(packet);
                    (reports, reported) = (reports + 1, packet.len());
                }
                _ => {}
            }
        }
        if reported > 0 {
            // As another source would write it, so that its block is believed to be about us.
            report[4..8].copy_from_slice(&2_u32.to_be_bytes());
            leg.handle(now, Input::Rtcp(&report[..reported]));
            reported = 0;
        }
    }
    let made = counting::allocations() - before;
    assert!(reports > slots / 10, "{reports} reports");
    assert!(leg.stats().remote_lost.is_some());
    made
}

#[test]
fn no_slot_allocates() {
    let linear = Codec::L16 { rate: 16_000, little_endian: true };
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722, Codec::Opus, linear] {
        for cleaning in [false, true] {
            assert_eq!(allocations(config(codec, cleaning), 500), 0, "{codec:?}, cleaning {cleaning}");
        }
    }
}

#[test]
fn a_leg_takes_at_most_100_kib() {
    // The first leg of a process also makes what all share: the transform's plan.
    drop(Leg::new(config(Codec::Pcmu, false), Time::ZERO));
    let before = counting::bytes();
    let leg = Box::new(Leg::new(config(Codec::Pcmu, false), Time::ZERO));
    let bytes = counting::bytes() - before;
    drop(leg);
    println!("{bytes} bytes");
    assert!(bytes <= 100 * 1_024, "{bytes} bytes");
}
