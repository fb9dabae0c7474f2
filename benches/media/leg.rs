//! What one slot of a leg costs: 20 ms both ways, speech in both directions, over an echo of our own 100 ms later at -6 dB.
//!
//! `cargo bench -p attendant-media --bench leg`; the figures are in ../README.md.

use std::hint::black_box;

use attendant_media::frame::SLOT_SAMPLES;
use attendant_media::leg::{Codec, Format, Input, Leg, LegConfig, Output};
use attendant_media::resample::Resampler;
use attendant_media::speech::SpeechId;
use attendant_media::time::Time;
use criterion::{Criterion, criterion_group, criterion_main};

/// Two seconds of what has the spectrum and the rhythm of speech, the same each time.
fn babble(seed: u32) -> Vec<i16> {
    let (mut state, mut low) = (seed, 0.0_f32);
    (0..32_000)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            low = 0.7 * low + ((state >> 16) as f32 / 65_536.0 - 0.5);
            let pitch = (n as f32 * 0.05).sin().abs();
            (low * pitch * (n as f32 / 3_200.0).sin().abs() * 9_000.0) as i16
        })
        .collect()
}

fn config(denoise: bool, gain: bool, echo_control: bool) -> LegConfig {
    let format = Format { codec: Codec::Pcmu, payload_type: 0 };
    LegConfig { dtmf: Some(101), denoise, gain, echo_control, ..LegConfig::plain(format, 1) }
}

/// The packets of a caller who says `audio`.
fn packets(audio: &[i16]) -> Vec<Vec<u8>> {
    let mut caller = Leg::new(config(false, false, false), Time::ZERO);
    let id = SpeechId::default();
    caller.handle(Time::ZERO, Input::Audible(id));
    let mut packets = Vec::new();
    for (slot, frame) in audio.chunks_exact(SLOT_SAMPLES).enumerate() {
        caller.handle(Time::from_millis(20 * slot as u64), Input::Speech { id, audio: frame });
        while let Some(output) = caller.poll_output() {
            if let Output::Rtp { packet, .. } = output {
                packets.push(packet.to_vec());
            }
        }
    }
    packets
}

fn slots(criterion: &mut Criterion) {
    let said = babble(1);
    // The echo alone for a second, so that echo control has its filter to run and to adapt, then a caller over it.
    let caller = babble(2);
    let heard: Vec<i16> = (0..said.len())
        .map(|n| {
            let echo = said[(n + said.len() - 1_600) % said.len()] / 2;
            if n < said.len() / 2 { echo } else { echo.saturating_add(caller[n]) }
        })
        .collect();
    let mut packets = packets(&heard);
    let mut group = criterion.benchmark_group("leg, one slot of 20 ms, G.711 both ways");
    for (name, config) in [
        ("resampling, voice detection, echo likelihood", config(false, false, false)),
        ("the same with noise suppression", config(true, false, false)),
        ("the same with gain", config(false, true, false)),
        ("the same with echo control", config(false, false, true)),
        ("the same with all three", config(true, true, true)),
        ("the first with keys as tones", LegConfig { dtmf: None, ..config(false, false, false) }),
    ] {
        group.bench_function(name, |bencher| {
            let mut leg = Leg::new(config.clone(), Time::ZERO);
            let id = SpeechId::default();
            leg.handle(Time::ZERO, Input::Audible(id));
            let mut slot = 0_u64;
            bencher.iter(|| {
                let now = Time::from_millis(20 * slot);
                let place = slot as usize % packets.len();
                leg.handle(now, Input::Speech { id, audio: &said[place * SLOT_SAMPLES..][..SLOT_SAMPLES] });
                // The recorded packets again and again, as one stream.
                let packet = &mut packets[place];
                packet[2..4].copy_from_slice(&(slot as u16).to_be_bytes());
                packet[4..8].copy_from_slice(&((slot * 160) as u32).to_be_bytes());
                leg.handle(now, Input::Rtp(packet));
                while let Some(output) = leg.poll_output() {
                    black_box(&output);
                }
                slot += 1;
            });
        });
    }
    group.finish();
}

fn resampling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resampling, 20 ms");
    let audio = babble(3);
    for (from, to) in [(8_000, 16_000), (16_000, 8_000), (48_000, 16_000), (16_000, 48_000), (24_000, 16_000)] {
        group.bench_function(format!("{from} to {to} Hz"), |bencher| {
            let mut resampler = Resampler::new(from, to).expect("a ratio in use");
            let input = &audio[..from as usize / 50];
            let mut output = vec![0; resampler.most(input.len())];
            bencher.iter(|| black_box(resampler.process(black_box(input), &mut output)));
        });
    }
    group.finish();
}

criterion_group!(benches, slots, resampling);
criterion_main!(benches);
