use super::*;
use crate::frame::{SILENCE, SLOT_SAMPLES};

/// Noise shaped into syllables of 200 ms: broadband like speech, and independent for another seed.
fn babble(seed: u32, samples: usize) -> Vec<i16> {
    let (mut state, mut low) = (seed, 0.0_f32);
    (0..samples)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            low = 0.7 * low + ((state >> 16) as f32 / 65_536.0 - 0.5);
            let syllable = (std::f32::consts::PI * n as f32 / 3_200.0 + seed as f32).sin().abs();
            (low * syllable * 6_000.0) as i16
        })
        .collect()
}

fn frame(audio: &[i16], slot: usize) -> Frame {
    audio[slot * SLOT_SAMPLES..(slot + 1) * SLOT_SAMPLES].try_into().unwrap()
}

fn delayed(audio: &[i16], samples: usize, gain: f32) -> Vec<i16> {
    (0..audio.len()).map(|n| if n < samples { 0 } else { (f32::from(audio[n - samples]) * gain) as i16 }).collect()
}

#[test]
fn an_echo_is_known_within_100_ms_of_its_beginning_at_its_delay() {
    for (delay_ms, gain) in [(40, 0.5), (133, 0.25), (265, 0.1), (400, 0.1)] {
        let said = babble(1, 32_000);
        let heard = delayed(&said, delay_ms * 16, gain);
        let mut echo = Echo::new();
        for slot in 0..100 {
            echo.said(&frame(&said, slot));
            let judged = echo.heard(&frame(&heard, slot), false);
            if slot * 20 > delay_ms + 100 {
                assert!(judged.likelihood > 0.6, "{delay_ms} ms, slot {slot}: {judged:?}");
                assert!(judged.delay_ms.is_some_and(|found| found.abs_diff(delay_ms as u32) <= 10), "{judged:?}");
            }
        }
    }
}

#[test]
fn another_voice_is_no_echo_however_loud() {
    let said = babble(1, 64_000);
    for gain in [0.1, 1.0, 3.0] {
        let other = delayed(&babble(99, 64_000), 8_000, gain);
        let mut echo = Echo::new();
        for slot in 0..200 {
            echo.said(&frame(&said, slot));
            let judged = echo.heard(&frame(&other, slot), false);
            assert!(judged.likelihood < OWN, "gain {gain}, slot {slot}: {judged:?}");
        }
    }
}

#[test]
fn while_we_are_silent_nothing_is_an_echo_and_that_is_certain() {
    let other = babble(5, 32_000);
    let mut echo = Echo::new();
    for slot in 0..100 {
        echo.said(&SILENCE);
        assert_eq!(echo.heard(&frame(&other, slot), false), Judgement::NO_ECHO);
    }
}

#[test]
fn frames_heard_before_their_slot_or_behind_it_are_judged_alike() {
    let said = babble(1, 48_000);
    let heard = delayed(&said, 200 * 16, 0.3);
    for lead in [-3_i32, 2] {
        let mut echo = Echo::new();
        let mut last = 0.0;
        for slot in 0..140_i32 {
            echo.said(&frame(&said, slot as usize));
            // The first frames come in a burst, or not at all yet.
            let range = if slot == 3 { 0..=(3 + lead) } else { (slot + lead)..=(slot + lead) };
            if slot >= 3 {
                for number in range {
                    last = echo.heard(&frame(&heard, number as usize), false).likelihood;
                }
            }
        }
        assert!(last > 0.8, "lead {lead}: {last}");
    }
}
