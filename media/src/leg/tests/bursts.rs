//! A leg behind a network that loses packets several at a time: slots stay exact, holes fade, and nobody is heard who is not there.

use super::network::{Heard, MILLI, carry, listen, sounding};
use super::*;
use crate::netem::{Bursts, Conditions};

/// `loss` of all packets in bursts of 100 ms on average, with 20 ms of jitter.
fn bursts(loss: f64) -> Conditions {
    Conditions { bursts: Some(Bursts::of(5.0, loss)), jitter: 20 * MILLI, ..Conditions::default() }
}

fn slots_are_exact(heard: &Heard, slots: u64) {
    assert_eq!(heard.stats.slots, slots);
    assert!(heard.audio.len() as u64 >= (slots - 3) * 320, "never more than 60 ms behind");
    assert!(heard.behind <= 3 && heard.ahead <= 6, "{} behind, {} ahead", heard.behind, heard.ahead);
}

#[test]
fn bursts_of_loss_keep_the_slots_and_the_words_between_them() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        for seed in 0..5 {
            let heard = listen(codec, bursts(0.10), seed, 0, 1_500);
            slots_are_exact(&heard, 1_500);
            let (stats, lost) = (heard.stats, heard.lost);
            assert!(lost > 60, "seed {seed} lost {lost}");
            assert!(
                stats.lost + stats.late + 12 >= lost && stats.lost <= lost + lost / 10 + 2,
                "{stats:?}, {lost} lost"
            );
            assert!(stats.concealed_slots <= lost + lost / 10 + 4, "{stats:?}, {lost} lost");
            assert!(sounding(&heard.audio) > 0.80, "{codec:?}, seed {seed}: {}", sounding(&heard.audio));
        }
    }
}

#[test]
fn a_noisy_line_with_bursts_of_loss_says_nothing() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        for amplitude in [30.0, 300.0] {
            let mut state = 7_u32;
            let noise: Vec<i16> = (0..16_000)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (((state >> 16) as f32 / 32_768.0 - 1.0) * amplitude) as i16
                })
                .collect();
            for seed in 0..5 {
                let heard = carry(&noise, codec, bursts(0.10), seed, 0, 1_500);
                slots_are_exact(&heard, 1_500);
                // The line coming up out of digital silence is another matter.
                let starts: Vec<_> = heard.starts.iter().filter(|at| at.as_millis() > 500).collect();
                assert!(starts.is_empty(), "{starts:?} {codec:?}, amplitude {amplitude}, seed {seed}");
            }
        }
    }
}

#[test]
fn a_hole_in_a_steady_sound_fades_within_60_ms_and_joins_without_a_step() {
    let tone: Vec<i16> = (0..16_000).map(|n| (8_000.0 * (f64::from(n) * 0.078_54).sin()) as i16).collect();
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let heard = carry(&tone, codec, bursts(0.05), 2, 0, 3_000);
        slots_are_exact(&heard, 3_000);
        let audio = &heard.audio[3_200..];
        let mut quiet = 0_usize;
        for (n, window) in audio.chunks_exact(160).enumerate() {
            let level = crate::vad::level_db(window);
            assert!(level < -12.0, "{codec:?}: {level} dB at {n} x 10 ms, where the tone has -15");
            quiet += usize::from(level < -60.0);
        }
        // 150 packets, 30 bursts: what goes beyond the 60 ms of each is silence.
        assert!((50..250).contains(&quiet), "{codec:?}: {quiet} x 10 ms of silence");
        // The tone itself moves by 628 a sample.
        let step = audio.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap();
        assert!(step < 1_400, "{codec:?}: a step of {step}");
    }
}
